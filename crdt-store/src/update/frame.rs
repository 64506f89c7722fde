//! New frames around parts of an update: byte slices of it, with counts, start clocks and deletes written anew.

use std::ops::Range;

use bytes::Bytes;

use super::parse::{Ids, Record, Records, Section, Sections};
use super::{DeleteSet, Update, lib0};

/// Some structures of an update, section by section, and deletes.
pub(super) struct Frame<'a> {
    source: &'a Update,
    parts: Vec<Part<'a>>,
    deletes: DeleteSet,
}

/// A run of one section's structures.
struct Part<'a> {
    section: &'a Section,
    records: Range<usize>,
    ids_from: usize,
    head: Option<Head>,
}

/// What stands in the place of a part's first record: the rest of a structure that is known in part.
pub(super) struct Head {
    pub(super) clock: u32,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(source: &'a Update) -> Frame<'a> {
        Frame { source, parts: Vec::new(), deletes: DeleteSet::new() }
    }

    /// Adds a run of a section's records; `ids_from` is the place of the first id that they refer to, `head`
    /// stands for the first of them.
    pub(super) fn push(&mut self, section: &'a Section, records: Range<usize>, ids_from: usize, head: Option<Head>) {
        if !records.is_empty() {
            self.parts.push(Part { section, records, ids_from, head });
        }
    }

    pub(super) fn set_deletes(&mut self, deletes: DeleteSet) {
        self.deletes = deletes;
    }

    pub(super) fn deletes_mut(&mut self) -> &mut DeleteSet {
        &mut self.deletes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.deletes.is_empty()
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.write(|_, _| {})
    }

    /// The frame as an update of its own, without parsing it again; none if there is nothing in it. Its parts
    /// have no heads and go to the end of their sections.
    pub(super) fn into_update(self) -> Option<Update> {
        if self.is_empty() {
            return None;
        }
        let source = self.source;
        let mut sections = Sections::new();
        let mut records = Records::new();
        let mut ids = Ids::new();
        let bytes = self.write(|part, body| {
            let first = records.len();
            let ids_from = ids.len();
            let old = source.offset(part.section, part.records.start);
            let kept = source.records.get(part.records.clone()).unwrap_or_default();
            let count = kept.iter().map(|record| record.shape.ids()).sum::<usize>();
            ids.extend_from_slice(source.ids.get(part.ids_from..part.ids_from + count).unwrap_or_default());
            records.extend(
                kept.iter().map(|record| Record { at: (record.at as usize - old + body.start) as u32, ..*record }),
            );
            sections.push(Section {
                client: part.section.client,
                records: first..records.len(),
                ids_from,
                start: kept.first().map_or(0, |record| record.clock),
                structs_end: part.section.structs_end,
                end: part.section.end,
                bytes_end: body.end as u32,
            });
        });
        let clients = source.clients.clone();
        Some(Update { bytes, clients, sections, records, ids, deletes: self.deletes, canonical: true })
    }

    /// Writes the frame, telling for each part where its structures' bytes came to stand.
    fn write(&self, mut placed: impl FnMut(&Part<'_>, Range<usize>)) -> Bytes {
        let bodies = self
            .parts
            .iter()
            .map(|part| self.body(part).len() + part.head.as_ref().map_or(0, |head| head.bytes.len()) + 24)
            .sum::<usize>();
        let mut out = Vec::with_capacity(bodies + self.deletes.ranges_count() * 8 + 16);
        lib0::write_var_uint(&mut out, self.parts.len() as u64);
        for part in &self.parts {
            lib0::write_var_uint(&mut out, part.records.len() as u64);
            lib0::write_var_uint(&mut out, self.source.client(part.section.client));
            let first = self.source.records.get(part.records.start).map_or(0, |record| record.clock);
            let clock = part.head.as_ref().map_or(first, |head| head.clock);
            lib0::write_var_uint(&mut out, u64::from(clock));
            let start = out.len();
            if let Some(head) = &part.head {
                out.extend_from_slice(&head.bytes);
            }
            out.extend_from_slice(self.body(part));
            placed(part, start..out.len());
        }
        self.deletes.encode(&mut out);
        Bytes::from(out)
    }

    /// The bytes of a part's records, without the one that its head stands for.
    fn body(&self, part: &Part<'_>) -> &'a [u8] {
        let first = part.records.start + usize::from(part.head.is_some());
        let from = self.source.offset(part.section, first);
        let to = self.source.offset(part.section, part.records.end);
        self.source.bytes.get(from..to).unwrap_or_default()
    }
}
