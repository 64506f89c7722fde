//! A document for readers: as words, as ProseMirror JSON, as a digest of its content.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map as JsonMap, Value, json};
use yrs::{
    Any, Array, ArrayRef, Doc, Map, MapRef, Out, ReadTxn, Text, TextRef, Transact, Transaction, Xml, XmlElementRef,
    XmlFragment, XmlOut, XmlTextRef, branch::BranchPtr, types::text::YChange,
};

use super::{DocError, Form, rich_text::ROOT, whole};

/// Reads the document in a form.
pub fn read(parts: &[Bytes], form: Form) -> Result<String, DocError> {
    let doc = whole::materialise(parts)?;
    Ok(match form {
        Form::Text => words(&doc),
        Form::Json => json(&doc).to_string(),
        Form::StateHash => digest(&doc),
    })
}

fn words(doc: &Doc) -> String {
    let root = doc.get_or_insert_xml_fragment(ROOT);
    let view = doc.transact();
    let mut out = String::new();
    for node in root.children(&view) {
        push_words(&view, &node, &mut out);
    }
    out
}

/// Each block that holds words ends its line; a line break inside a block ends one too.
fn push_words(view: &Transaction, node: &XmlOut, out: &mut String) {
    match node {
        XmlOut::Text(text) => {
            for chunk in text.diff(view, YChange::identity) {
                if let Out::Any(Any::String(words)) = chunk.insert {
                    out.push_str(&words);
                }
            }
        }
        XmlOut::Element(element) => {
            let mut has_words = false;
            for child in element.children(view) {
                has_words |= matches!(child, XmlOut::Text(_));
                push_words(view, &child, out);
            }
            if has_words || element.try_tag().is_some_and(|tag| &**tag == "hardBreak") {
                out.push('\n');
            }
        }
        XmlOut::Fragment(fragment) => {
            for child in fragment.children(view) {
                push_words(view, &child, out);
            }
        }
    }
}

fn json(doc: &Doc) -> Value {
    let root = doc.get_or_insert_xml_fragment(ROOT);
    let view = doc.transact();
    let mut content = Vec::new();
    for node in root.children(&view) {
        push_json(&view, &node, &mut content);
    }
    json!({ "type": "doc", "content": content })
}

fn push_json(view: &Transaction, node: &XmlOut, into: &mut Vec<Value>) {
    match node {
        XmlOut::Text(text) => push_text_json(view, text, into),
        XmlOut::Element(element) => into.push(element_json(view, element)),
        XmlOut::Fragment(fragment) => {
            for child in fragment.children(view) {
                push_json(view, &child, into);
            }
        }
    }
}

fn element_json(view: &Transaction, element: &XmlElementRef) -> Value {
    let mut node = JsonMap::new();
    let tag = element.try_tag().map_or("", |tag| tag);
    node.insert("type".to_owned(), tag.into());
    let mut attributes = BTreeMap::new();
    for (key, value) in element.attributes(view) {
        if let Out::Any(value) = value {
            attributes.insert(key.to_owned(), any_json(&value));
        }
    }
    if !attributes.is_empty() {
        node.insert("attrs".to_owned(), json!(attributes));
    }
    let mut content = Vec::new();
    for child in element.children(view) {
        push_json(view, &child, &mut content);
    }
    if !content.is_empty() {
        node.insert("content".to_owned(), content.into());
    }
    Value::Object(node)
}

fn push_text_json(view: &Transaction, text: &XmlTextRef, into: &mut Vec<Value>) {
    for chunk in text.diff(view, YChange::identity) {
        let Out::Any(Any::String(words)) = chunk.insert else { continue };
        let mut node = JsonMap::new();
        node.insert("type".to_owned(), "text".into());
        node.insert("text".to_owned(), (&*words).into());
        let attributes: BTreeMap<_, _> = chunk.attributes.iter().flat_map(|all| all.iter()).collect();
        if !attributes.is_empty() {
            let marks = attributes.into_iter().map(|(name, value)| mark_json(name, value)).collect();
            node.insert("marks".to_owned(), Value::Array(marks));
        }
        into.push(Value::Object(node));
    }
}

fn mark_json(name: &str, value: &Any) -> Value {
    // Marks that may overlap with their own kind carry a digest after two hyphens.
    let name = name.split_once("--").map_or(name, |(name, _)| name);
    match any_json(value) {
        Value::Object(attributes) if !attributes.is_empty() => json!({ "type": name, "attrs": attributes }),
        _ => json!({ "type": name }),
    }
}

fn any_json(value: &Any) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// A digest of the visible content of all shared types of the document.
fn digest(doc: &Doc) -> String {
    let view = doc.transact();
    let roots: BTreeMap<&str, Out> = view.root_refs().collect();
    let mut digest = Digest::new();
    for (name, root) in roots {
        let mut of_root = Digest::new();
        of_root.out(&view, &root);
        // A shared type that was only looked at is no content.
        if of_root.anything {
            digest.write(name.as_bytes());
            digest.write(&of_root.state.to_be_bytes());
        }
    }
    format!("{:032x}", digest.state)
}

/// FNV-1a of 128 bits, each piece preceded by its length.
struct Digest {
    state: u128,
    anything: bool,
}

impl Digest {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    fn new() -> Self {
        Self { state: Self::OFFSET, anything: false }
    }

    fn write(&mut self, piece: &[u8]) {
        self.anything = true;
        for byte in (piece.len() as u64).to_be_bytes().iter().chain(piece) {
            self.state = (self.state ^ u128::from(*byte)).wrapping_mul(Self::PRIME);
        }
    }

    fn any(&mut self, value: &Any) {
        // JSON objects are written with their keys sorted.
        self.write(any_json(value).to_string().as_bytes());
    }

    fn out(&mut self, view: &Transaction, out: &Out) {
        match out {
            Out::Any(value) => self.any(value),
            Out::YText(text) => self.text(view, text),
            Out::YXmlText(text) => {
                self.text(view, text);
                self.entries(view, text.attributes(view).map(|(key, value)| (key.to_owned(), value)).collect());
            }
            Out::YArray(array) => self.array(view, array),
            Out::YMap(map) => self.map(view, map),
            Out::YXmlElement(element) => {
                self.write(element.try_tag().map_or(&[], |tag| tag.as_bytes()));
                self.entries(view, element.attributes(view).map(|(key, value)| (key.to_owned(), value)).collect());
                self.children(view, element.children(view));
            }
            Out::YXmlFragment(fragment) => self.children(view, fragment.children(view)),
            Out::YDoc(doc) => self.write(doc.guid().as_bytes()),
            Out::UndefinedRef(root) => self.undefined(view, *root),
        }
    }

    /// A shared type nobody has named yet: as text where it holds words, else as a list; and as a map.
    fn undefined(&mut self, view: &Transaction, root: BranchPtr) {
        let text = TextRef::from(root);
        let chunks = text.diff(view, YChange::identity);
        if chunks.iter().any(|chunk| matches!(chunk.insert, Out::Any(Any::String(_)))) {
            self.text(view, &text);
        } else {
            self.array(view, &ArrayRef::from(root));
        }
        self.map(view, &MapRef::from(root));
    }

    fn text(&mut self, view: &Transaction, text: &impl Text) {
        for chunk in text.diff(view, YChange::identity) {
            self.out(view, &chunk.insert);
            let attributes: BTreeMap<_, _> = chunk.attributes.iter().flat_map(|all| all.iter()).collect();
            for (name, value) in attributes {
                self.write(name.as_bytes());
                self.any(value);
            }
        }
    }

    fn array(&mut self, view: &Transaction, array: &ArrayRef) {
        for value in array.iter(view) {
            self.write(b"item");
            self.out(view, &value);
        }
    }

    fn map(&mut self, view: &Transaction, map: &MapRef) {
        self.entries(view, map.iter(view).map(|(key, value)| (key.to_owned(), value)).collect());
    }

    fn children(&mut self, view: &Transaction, children: impl Iterator<Item = XmlOut>) {
        for child in children {
            self.write(b"item");
            self.out(view, &child.into());
        }
    }

    fn entries(&mut self, view: &Transaction, entries: BTreeMap<String, Out>) {
        for (key, value) in entries {
            self.write(key.as_bytes());
            self.out(view, &value);
        }
    }
}
