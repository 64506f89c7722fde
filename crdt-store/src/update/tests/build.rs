//! Updates written by hand.

use bytes::Bytes;

use super::lib0::{write_var_string, write_var_uint};

/// Bytes in the making.
#[derive(Clone, Default)]
pub struct Build(pub Vec<u8>);

/// An id as it is written.
pub type Id = (u64, u64);

impl Build {
    pub fn new() -> Build {
        Build::default()
    }

    pub fn uint(mut self, value: u64) -> Build {
        write_var_uint(&mut self.0, value);
        self
    }

    pub fn text(mut self, text: &str) -> Build {
        write_var_string(&mut self.0, text);
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Build {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn id(self, id: Id) -> Build {
        self.uint(id.0).uint(id.1)
    }
}

/// A structure's head: what stands before its content of kind `reference`.
fn head(reference: u8, left: Option<Id>, right: Option<Id>) -> Build {
    let info = reference | if left.is_some() { 0x80 } else { 0 } | if right.is_some() { 0x40 } else { 0 };
    let mut head = Build::new().raw(&[info]);
    for id in [left, right].into_iter().flatten() {
        head = head.id(id);
    }
    head
}

/// Text in the root list `root`.
pub fn root_text(root: &str, text: &str) -> Vec<u8> {
    head(4, None, None).uint(1).text(root).text(text).0
}

/// Text between neighbours.
pub fn text(left: Option<Id>, right: Option<Id>, text: &str) -> Vec<u8> {
    head(4, left, right).text(text).0
}

/// Text at a key of a root.
pub fn key_text(root: &str, key: &str, text: &str) -> Vec<u8> {
    Build::new().raw(&[0x24]).uint(1).text(root).text(key).text(text).0
}

/// Text under a shared type.
pub fn child_text(parent: Id, text: &str) -> Vec<u8> {
    Build::new().raw(&[4]).uint(0).id(parent).text(text).0
}

/// A shared type of `kind` in the root list `r`.
pub fn root_type(kind: u8) -> Vec<u8> {
    Build::new().raw(&[7]).uint(1).text("r").raw(&[kind]).0
}

/// A map in a shared type.
pub fn child_map(parent: Id) -> Vec<u8> {
    Build::new().raw(&[7]).uint(0).id(parent).raw(&[1]).0
}

/// One value of lib0's `any`, in the root list `r`.
pub fn root_value(value: &[u8]) -> Vec<u8> {
    Build::new().raw(&[8]).uint(1).text("r").uint(1).raw(value).0
}

pub fn gc(len: u64) -> Vec<u8> {
    Build::new().raw(&[0]).uint(len).0
}

pub fn skip(len: u64) -> Vec<u8> {
    Build::new().raw(&[10]).uint(len).0
}

/// A client's section: client, first clock, structures.
pub type Part = (u64, u64, Vec<Vec<u8>>);

/// An update of sections and of deletes, each `(client, clock, len)`.
pub fn update(parts: &[Part], deletes: &[(u64, u64, u64)]) -> Bytes {
    let mut out = Build::new().uint(parts.len() as u64);
    for (client, clock, structs) in parts {
        out = out.uint(structs.len() as u64).uint(*client).uint(*clock).raw(&structs.concat());
    }
    out = out.uint(deletes.len() as u64);
    for (client, clock, len) in deletes {
        out = out.uint(*client).uint(1).uint(*clock).uint(*len);
    }
    Bytes::from(out.0)
}

/// An update of one structure of client 1 at clock 0.
pub fn only(structure: Vec<u8>) -> Bytes {
    update(&[(1, 0, vec![structure])], &[])
}
