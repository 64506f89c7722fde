//! Sets of clock ranges by client: what an update deletes, what a document has deleted.
//!
//! `deleteSet := varUint(nClients) { varUint(client) varUint(n) (varUint(clock) varUint(len))*n }`.
//! In memory a client's ranges are sorted, disjoint, not adjoining and not empty.

use std::collections::BTreeMap;
use std::ops::Range;

use smallvec::SmallVec;

use super::{CLOCK_LIMIT, ClientId, Clock, Malformed, lib0};

/// Start and end of a range of clocks, the end not included.
pub(crate) type Span = (u32, u32);

/// Ranges of one client. Most messages delete one.
pub(crate) type Spans = SmallVec<[Span; 2]>;

/// Sorted, merged ranges of clocks by client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteSet {
    clients: BTreeMap<ClientId, Spans>,
}

/// Up to this many ranges are put in one by one; more are merged in one pass over both lists.
const FEW: usize = 8;

impl DeleteSet {
    pub fn new() -> DeleteSet {
        DeleteSet::default()
    }

    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// How many ranges there are, over all clients.
    pub fn ranges_count(&self) -> usize {
        self.clients.values().map(|spans| spans.len()).sum()
    }

    pub fn contains(&self, client: ClientId, clock: Clock) -> bool {
        let Ok(clock) = u32::try_from(clock) else {
            return false;
        };
        let spans = self.spans(client);
        let after = spans.partition_point(|span| span.1 <= clock);
        spans.get(after).is_some_and(|span| span.0 <= clock)
    }

    /// Adds a range; an empty one adds nothing.
    pub fn insert(&mut self, client: ClientId, range: Range<Clock>) {
        let start = u32::try_from(range.start).unwrap_or(u32::MAX);
        let end = u32::try_from(range.end).unwrap_or(u32::MAX);
        if start < end {
            insert_span(self.clients.entry(client).or_default(), (start, end));
        }
    }

    /// What of a client's ranges lies within one.
    pub(crate) fn within(&self, client: ClientId, range: Range<Clock>) -> Spans {
        let start = u32::try_from(range.start).unwrap_or(u32::MAX);
        let end = u32::try_from(range.end).unwrap_or(u32::MAX);
        let spans = self.spans(client);
        let from = spans.partition_point(|span| span.1 <= start);
        let to = spans.partition_point(|span| span.0 < end);
        let touched = spans.get(from..to).unwrap_or_default();
        touched.iter().map(|span| (span.0.max(start), span.1.min(end))).filter(|span| span.0 < span.1).collect()
    }

    /// Whether every range of the other is in this one.
    pub fn covers(&self, other: &DeleteSet) -> bool {
        other.clients.iter().all(|(client, spans)| {
            let mine = self.spans(*client);
            spans.iter().all(|span| {
                let at = mine.partition_point(|own| own.1 <= span.0);
                mine.get(at).is_some_and(|own| own.0 <= span.0 && own.1 >= span.1)
            })
        })
    }

    /// Whether a range of the other touches one of this.
    pub fn overlaps(&self, other: &DeleteSet) -> bool {
        other.clients.iter().any(|(client, spans)| {
            let mine = self.spans(*client);
            spans.iter().any(|span| {
                let at = mine.partition_point(|own| own.1 <= span.0);
                mine.get(at).is_some_and(|own| own.0 < span.1)
            })
        })
    }

    /// Adds all ranges of the other.
    pub fn merge(&mut self, other: &DeleteSet) {
        for (client, spans) in &other.clients {
            self.add_spans(*client, spans);
        }
    }

    /// What is here and not in the other.
    pub fn subtract(&self, other: &DeleteSet) -> DeleteSet {
        let mut left = DeleteSet::new();
        for (client, spans) in &self.clients {
            left.set_spans(*client, subtract_spans(spans, other.spans(*client)));
        }
        left
    }

    /// All ranges, by client and clock.
    pub fn iter(&self) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        self.clients
            .iter()
            .flat_map(|(client, spans)| spans.iter().map(move |span| (*client, u64::from(span.0)..u64::from(span.1))))
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        lib0::write_var_uint(out, self.clients.len() as u64);
        for (client, spans) in self.clients.iter().rev() {
            lib0::write_var_uint(out, *client);
            lib0::write_var_uint(out, spans.len() as u64);
            for (start, end) in spans {
                lib0::write_var_uint(out, u64::from(*start));
                lib0::write_var_uint(out, u64::from(end - start));
            }
        }
    }

    /// Reads what [`DeleteSet::encode`] wrote, to the last byte.
    pub fn decode(bytes: &[u8]) -> Result<DeleteSet, Malformed> {
        let mut input = bytes;
        let (set, _) = DeleteSet::read(&mut input)?;
        lib0::expect_end(input)?;
        Ok(set)
    }

    /// Reads a delete set, and whether it was written as it would be here: sorted, disjoint, nothing empty.
    /// A client listed twice is refused: Yjs takes both of its lists, yrs the last.
    pub(crate) fn read(input: &mut &[u8]) -> Result<(DeleteSet, bool), Malformed> {
        let mut set = DeleteSet::new();
        let mut canonical = true;
        let mut empty_clients = Vec::new();
        let clients = lib0::read_count(input, 2)?;
        for _ in 0..clients {
            let client = lib0::read_var_uint(input)?;
            if set.clients.contains_key(&client) {
                return Err(Malformed::DuplicateClient);
            }
            let count = lib0::read_count(input, 2)?;
            let mut spans = Spans::new();
            let mut sorted = true;
            for _ in 0..count {
                let clock = lib0::read_var_uint(input)?;
                let len = lib0::read_var_uint(input)?;
                // Both have at most 53 bits: the sum fits.
                if clock + len >= CLOCK_LIMIT {
                    return Err(Malformed::ClockTooLarge);
                }
                let span = (clock as u32, (clock + len) as u32);
                if len == 0 {
                    canonical = false;
                    continue;
                }
                sorted &= spans.last().is_none_or(|last| last.1 < span.0);
                spans.push(span);
            }
            if !sorted {
                canonical = false;
                spans.sort_unstable();
                merge_sorted(&mut spans);
            }
            if spans.is_empty() {
                canonical = false;
                empty_clients.push(client);
            }
            set.clients.insert(client, spans);
        }
        for client in empty_clients {
            set.clients.remove(&client);
        }
        Ok((set, canonical))
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = (ClientId, &[Span])> {
        self.clients.iter().map(|(client, spans)| (*client, spans.as_slice()))
    }

    pub(crate) fn spans(&self, client: ClientId) -> &[Span] {
        self.clients.get(&client).map(|spans| spans.as_slice()).unwrap_or_default()
    }

    /// Adds sorted, disjoint spans.
    pub(crate) fn add_spans(&mut self, client: ClientId, spans: &[Span]) {
        if spans.is_empty() {
            return;
        }
        let own = self.clients.entry(client).or_default();
        if spans.len() <= FEW {
            for span in spans {
                insert_span(own, *span);
            }
            return;
        }
        let mut both = Spans::with_capacity(own.len() + spans.len());
        both.extend_from_slice(own);
        both.extend_from_slice(spans);
        // Two sorted runs: the stable sort finds and merges them in one pass.
        both.sort();
        merge_sorted(&mut both);
        *own = both;
    }

    /// Puts sorted, disjoint spans in the place of what there is; none removes the client.
    pub(crate) fn set_spans(&mut self, client: ClientId, spans: Spans) {
        if spans.is_empty() {
            self.clients.remove(&client);
        } else {
            self.clients.insert(client, spans);
        }
    }
}

/// Joins what overlaps or adjoins in a sorted list.
fn merge_sorted(spans: &mut Spans) {
    spans.dedup_by(|next, last| {
        let joined = next.0 <= last.1;
        if joined {
            last.1 = last.1.max(next.1);
        }
        joined
    });
}

fn insert_span(spans: &mut Spans, span: Span) {
    let from = spans.partition_point(|own| own.1 < span.0);
    let to = spans.partition_point(|own| own.0 <= span.1);
    if from >= to {
        spans.insert(from, span);
        return;
    }
    let joined = spans.drain(from + 1..to).fold(None, |_, last| Some(last.1));
    if let Some(first) = spans.get_mut(from) {
        first.0 = first.0.min(span.0);
        first.1 = first.1.max(joined.unwrap_or(0)).max(span.1);
    }
}

/// What of `spans` is not in `known`, both sorted and disjoint.
pub(crate) fn subtract_spans(spans: &[Span], known: &[Span]) -> Spans {
    let mut left = Spans::new();
    let mut known = known;
    for (start, end) in spans {
        let mut start = *start;
        known = known.get(known.partition_point(|own| own.1 <= start)..).unwrap_or_default();
        for own in known {
            if own.0 >= *end || start >= *end {
                break;
            }
            if own.0 > start {
                left.push((start, own.0));
            }
            start = own.1;
        }
        if start < *end {
            left.push((start, *end));
        }
    }
    left
}
