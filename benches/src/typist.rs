//! A Yjs client that types into one text, without a document in memory: it knows which ids stand where, and
//! writes each edit as the V1 update that Yjs would write.
//!
//! Callers: [`crate::swarm`] (letters at the end), [`crate::cold`] (a whole editing session).

use crdt_store::update::lib0;

/// The shared text's name in its document.
const ROOT: &str = "text";

const STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;

/// The update of one inserted string that takes `clock` and follows `left`, both ids of the same client.
fn insertion(client: u64, clock: u64, left: Option<u64>, right: Option<u64>, text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    lib0::write_var_uint(&mut out, 1);
    lib0::write_var_uint(&mut out, 1);
    lib0::write_var_uint(&mut out, client);
    lib0::write_var_uint(&mut out, clock);
    let origin = if left.is_some() { HAS_ORIGIN } else { 0 };
    let right_origin = if right.is_some() { HAS_RIGHT_ORIGIN } else { 0 };
    out.push(STRING | origin | right_origin);
    for clock in [left, right].into_iter().flatten() {
        lib0::write_var_uint(&mut out, client);
        lib0::write_var_uint(&mut out, clock);
    }
    if left.is_none() && right.is_none() {
        lib0::write_var_uint(&mut out, 1);
        lib0::write_var_string(&mut out, ROOT);
    }
    lib0::write_var_string(&mut out, text);
    lib0::write_var_uint(&mut out, 0);
    out
}

fn deletion(client: u64, ranges: &[(u64, u64)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + ranges.len() * 6);
    lib0::write_var_uint(&mut out, 0);
    lib0::write_var_uint(&mut out, 1);
    lib0::write_var_uint(&mut out, client);
    lib0::write_var_uint(&mut out, ranges.len() as u64);
    for (clock, len) in ranges {
        lib0::write_var_uint(&mut out, *clock);
        lib0::write_var_uint(&mut out, *len);
    }
    out
}

/// Types letter after letter, each behind its last one.
#[derive(Debug)]
pub struct LetterWriter {
    client: u64,
    clock: u64,
}

impl LetterWriter {
    pub fn new(client: u64) -> Self {
        Self { client, clock: 0 }
    }

    /// The next letter: its clock, and its update.
    pub fn next(&mut self) -> (u64, Vec<u8>) {
        let clock = self.clock;
        self.clock += 1;
        (clock, insertion(self.client, clock, clock.checked_sub(1), None, "e"))
    }
}

/// Units that stand side by side with adjoining clocks, all there or all deleted.
#[derive(Clone, Copy, Debug)]
struct Run {
    clock: u64,
    len: usize,
    deleted: bool,
}

/// Types and deletes at any place. Positions count UTF-16 units, as in Yjs.
#[derive(Debug)]
pub struct Typist {
    client: u64,
    clock: u64,
    runs: Vec<Run>,
    /// Where the last edit was: a run, and the visible units before it. Edits are mostly near each other.
    hand: (usize, usize),
}

impl Typist {
    pub fn new(client: u64) -> Self {
        Self { client, clock: 0, runs: Vec::new(), hand: (0, 0) }
    }

    /// Puts `text` before the visible unit `at`.
    pub fn insert(&mut self, at: usize, text: &str) -> Vec<u8> {
        let len = text.encode_utf16().count();
        let index = self.cut(at);
        let left = index.checked_sub(1).map(|left| self.runs[left].clock + self.runs[left].len as u64 - 1);
        let right = self.runs.get(index).map(|run| run.clock);
        let clock = self.clock;
        self.clock += len as u64;
        let next = match index.checked_sub(1).map(|left| &mut self.runs[left]) {
            Some(run) if !run.deleted && run.clock + run.len as u64 == clock => {
                run.len += len;
                index
            }
            _ => {
                self.runs.insert(index, Run { clock, len, deleted: false });
                index + 1
            }
        };
        self.hand = (next, at + len);
        insertion(self.client, clock, left, right, text)
    }

    /// Deletes `count` visible units from `at` on. `None` if nothing is there.
    pub fn delete(&mut self, at: usize, count: usize) -> Option<Vec<u8>> {
        let from = self.cut(at);
        let to = self.cut(at + count).max(from);
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for run in self.runs[from..to].iter_mut().filter(|run| !run.deleted) {
            run.deleted = true;
            ranges.push((run.clock, run.len as u64));
        }
        self.hand = (from, at);
        ranges.sort_unstable();
        (!ranges.is_empty()).then(|| deletion(self.client, &ranges))
    }

    /// Makes a run begin behind `at` visible units, and gives its index. Deleted runs there come after it.
    fn cut(&mut self, at: usize) -> usize {
        let (index, inside) = self.seek(at);
        if inside == 0 {
            return index;
        }
        let run = &mut self.runs[index];
        let rest = Run { clock: run.clock + inside as u64, len: run.len - inside, deleted: false };
        run.len = inside;
        self.runs.insert(index + 1, rest);
        index + 1
    }

    /// The first place behind `at` visible units: a run, and how far into it.
    fn seek(&mut self, at: usize) -> (usize, usize) {
        let (mut index, mut before) = self.hand;
        if index > self.runs.len() {
            (index, before) = (0, 0);
        }
        while index > 0 && before >= at {
            index -= 1;
            before -= visible(&self.runs[index]);
        }
        while index < self.runs.len() && before < at {
            let len = visible(&self.runs[index]);
            if before + len > at {
                break;
            }
            before += len;
            index += 1;
        }
        self.hand = (index, before);
        (index, at.saturating_sub(before))
    }
}

fn visible(run: &Run) -> usize {
    if run.deleted { 0 } else { run.len }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use crdt_store::update::{Index, Rule, Update};

    use super::*;
    use crate::trace;

    #[test]
    fn the_guard_takes_each_edit_as_it_comes() {
        let session = trace::made_up(7, 5_000);
        let mut index = Index::new();
        for update in session.updates(42) {
            let update = Update::parse(update).unwrap();
            let admission = index.admit(&update, false, &mut |_| Rule::Take).unwrap();
            assert!(admission.held.is_none() && admission.accepted.is_some_and(|accepted| accepted.whole));
        }
    }

    #[test]
    fn letters_follow_one_another() {
        let mut writer = LetterWriter::new(9);
        let mut index = Index::new();
        for _ in 0..3 {
            let update = Update::parse(Bytes::from(writer.next().1)).unwrap();
            assert!(index.admit(&update, false, &mut |_| Rule::Take).unwrap().held.is_none());
        }
        assert_eq!(index.next_clock(9), 3);
    }

    #[test]
    fn ids_stand_where_the_letters_do() {
        let session = trace::made_up(3, 3_000);
        let mut typist = Typist::new(1);
        let mut letters: Vec<u16> = Vec::new();
        for edit in &session.edits {
            if edit.deleted > 0 {
                typist.delete(edit.at, edit.deleted);
            }
            if !edit.inserted.is_empty() {
                typist.insert(edit.at, &edit.inserted);
                letters.extend(edit.inserted.encode_utf16());
            }
        }
        let shown: Vec<u16> = typist
            .runs
            .iter()
            .filter(|run| !run.deleted)
            .flat_map(|run| letters[run.clock as usize..run.clock as usize + run.len].iter().copied())
            .collect();
        assert_eq!(String::from_utf16(&shown).unwrap(), session.end);
    }
}
