//! Composing what somebody lacks from stored updates, by cutting and joining bytes.
//!
//! Runs of one client that adjoin are written one behind the other; nothing of their content is read. So a
//! newcomer gets a handful of updates instead of one for each keystroke, and nobody needs a merged document.
//!
//! Deletes go with the structures that they delete. Values that were joined at one key are taken because their
//! deletion stands beside them (see `Refusal::LongKey`): in a part of their own they would live, outlive the
//! map that holds them, and crash yrs, or make Yjs throw, once that is collected.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

use super::{ClientId, DeleteSet, Malformed, StateVector, Update, content::Kind, lib0, parse::Section};

/// Structures of one client, adjoining.
struct Run {
    start: u64,
    next: u64,
    count: u64,
    body: Vec<u8>,
}

/// What gathers for the next update.
#[derive(Default)]
struct Gathering {
    runs: BTreeMap<ClientId, Run>,
    bytes: usize,
}

/// The structures of `parts` that `have` lacks, as updates of about `max` bytes each that apply one after the
/// other. Each brings those of the `deletes` that delete its structures, the last one also all others. At
/// least one update, which may bring nothing.
///
/// `parts` are updates in an order in which each applies after those before it. A structure that is known in
/// part is kept whole, and so is one larger than `max`; so is a part in which several clients have news, since
/// their structures may need one another in any order.
///
/// # Errors
/// If one of `parts` is no update.
pub fn compose(parts: &[Bytes], have: &StateVector, deletes: &DeleteSet, max: usize) -> Result<Vec<Bytes>, Malformed> {
    let mut out = Composed { deletes, sent: DeleteSet::new(), updates: Vec::new() };
    let mut gathering = Gathering::default();
    for part in parts {
        let update = Update::parse(part.clone())?;
        let news: Vec<News> = update.sections.iter().flat_map(|section| news(&update, section, have)).collect();
        // A part of one client may be cut anywhere, one of several nowhere.
        let alone = news.iter().all(|run| news.first().is_some_and(|first| first.client == run.client));
        if alone {
            for run in news.iter().flat_map(|run| run.pieces(&update, max)) {
                gathering.make_room(std::slice::from_ref(&run), max, &mut out);
                gathering.add(&update, &run);
            }
        } else {
            gathering.make_room(&news, max, &mut out);
            for run in &news {
                gathering.make_room(std::slice::from_ref(run), usize::MAX, &mut out);
                gathering.add(&update, run);
            }
        }
    }
    let rest = deletes.subtract(&out.sent);
    out.updates.push(gathering.frame(&rest));
    Ok(out.updates)
}

/// What was composed so far.
struct Composed<'a> {
    deletes: &'a DeleteSet,
    /// Those of them that went with an update.
    sent: DeleteSet,
    updates: Vec<Bytes>,
}

/// Structures of one section that follow one another and are not known.
struct News<'a> {
    client: ClientId,
    section: &'a Section,
    records: Range<usize>,
    clocks: Range<u64>,
    bytes: Range<usize>,
}

/// The runs of a section that `have` lacks, between its Skips.
fn news<'a>(update: &Update, section: &'a Section, have: &StateVector) -> Vec<News<'a>> {
    let client = update.client(section.client);
    let known = have.get(client);
    let mut runs = Vec::new();
    let mut at = section.records.start;
    while at < section.records.end {
        let first = at;
        while at < section.records.end && !is_skip(update, at) && u64::from(update.end_clock(section, at)) > known {
            at += 1;
        }
        if first < at {
            runs.push(News::new(update, section, first..at));
        } else {
            at += 1;
        }
    }
    runs
}

impl<'a> News<'a> {
    fn new(update: &Update, section: &'a Section, records: Range<usize>) -> News<'a> {
        let bytes = update.offset(section, records.start)..update.offset(section, records.end);
        let start = update.records.get(records.start).map_or(0, |record| u64::from(record.clock));
        let clocks = start..u64::from(update.end_clock(section, records.end - 1));
        News { client: update.client(section.client), section, records, clocks, bytes }
    }

    /// Cut so that each piece of more than one structure has `max` bytes at most.
    fn pieces(&self, update: &Update, max: usize) -> Vec<News<'a>> {
        let mut pieces = Vec::new();
        let mut first = self.records.start;
        for at in self.records.clone() {
            let len = update.offset(self.section, at + 1) - update.offset(self.section, first);
            if at > first && len > max {
                pieces.push(News::new(update, self.section, first..at));
                first = at;
            }
        }
        pieces.push(News::new(update, self.section, first..self.records.end));
        pieces
    }
}

/// An update that brings these deletes and nothing else.
pub fn deletes_only(deletes: &DeleteSet) -> Bytes {
    Gathering::default().frame(deletes)
}

fn is_skip(update: &Update, record: usize) -> bool {
    update.records.get(record).is_some_and(|record| matches!(record.shape.kind(), Kind::Skip))
}

impl Gathering {
    /// Sends off what has gathered where the next runs don't adjoin it, or don't fit.
    fn make_room(&mut self, news: &[News<'_>], max: usize, out: &mut Composed<'_>) {
        let bytes: usize = news.iter().map(|run| run.bytes.len()).sum();
        let adjoin =
            news.iter().all(|run| self.runs.get(&run.client).is_none_or(|known| known.next == run.clocks.start));
        if !adjoin || self.bytes + bytes > max {
            self.flush(out);
        }
    }

    fn add(&mut self, update: &Update, news: &News<'_>) {
        let clocks = news.clocks.clone();
        let body = update.bytes.get(news.bytes.clone()).unwrap_or_default();
        let run = self.runs.entry(news.client).or_insert(Run {
            start: clocks.start,
            next: clocks.start,
            count: 0,
            body: Vec::new(),
        });
        run.next = clocks.end;
        run.count += news.records.len() as u64;
        run.body.extend_from_slice(body);
        self.bytes += body.len();
    }

    fn flush(&mut self, out: &mut Composed<'_>) {
        if self.runs.is_empty() {
            return;
        }
        let mut deletes = DeleteSet::new();
        for (client, run) in &self.runs {
            deletes.set_spans(*client, out.deletes.within(*client, run.start..run.next));
        }
        out.updates.push(std::mem::take(self).frame(&deletes));
        out.sent.merge(&deletes);
    }

    fn frame(&self, deletes: &DeleteSet) -> Bytes {
        let mut out = Vec::with_capacity(self.bytes + self.runs.len() * 24 + deletes.ranges_count() * 8 + 8);
        lib0::write_var_uint(&mut out, self.runs.len() as u64);
        for (client, run) in &self.runs {
            lib0::write_var_uint(&mut out, run.count);
            lib0::write_var_uint(&mut out, *client);
            lib0::write_var_uint(&mut out, run.start);
            out.extend_from_slice(&run.body);
        }
        deletes.encode(&mut out);
        out.into()
    }
}
