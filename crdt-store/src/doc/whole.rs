//! Building the whole document, and what is asked of it as a whole.

use bytes::Bytes;
use yrs::{
    ClientID, Doc, ID, IdSet, OffsetKind, Options, ReadTxn, StateVector, Transact, Update, updates::decoder::Decode,
};

use super::DocError;
use crate::update::Index;

/// An empty document that writes under `client`. It counts text as browsers do, and leaves dead formatting
/// alone: tidying up is an edit, and edits are people's.
pub(super) fn empty(client: u64) -> Doc {
    Doc::with_options(Options {
        client_id: ClientID::new(client),
        offset_kind: OffsetKind::Utf16,
        cleanup_formatting: false,
        ..Options::default()
    })
}

/// Builds the document, one transaction per part (merging the parts first is twenty times slower).
pub(super) fn materialise(parts: &[Bytes]) -> Result<Doc, DocError> {
    materialise_noting(parts, |_, _| {})
}

/// Like [`materialise`]; `note` is shown the document after each part.
pub(super) fn materialise_noting(parts: &[Bytes], note: impl FnMut(usize, &Doc)) -> Result<Doc, DocError> {
    let doc = empty(0);
    apply_all(&doc, parts, note)?;
    Ok(doc)
}

pub(super) fn apply_all(doc: &Doc, parts: &[Bytes], mut note: impl FnMut(usize, &Doc)) -> Result<(), DocError> {
    for (part, bytes) in parts.iter().enumerate() {
        apply(doc, part, bytes)?;
        note(part, doc);
    }
    Ok(())
}

fn apply(doc: &Doc, part: usize, bytes: &[u8]) -> Result<(), DocError> {
    let update = Update::decode_v1(bytes).map_err(|e| DocError::Undecodable { part, reason: e.to_string() })?;
    let mut change = doc.transact_mut();
    // A part that begins beyond what is known leaves a hole that `yrs` papers over.
    let known = change.state_vector();
    if update.state_vector_lower().iter().any(|(client, first)| *first > known.get(client)) {
        return Err(DocError::Pending { part });
    }
    change.apply_update(update).map_err(|e| DocError::Unfit { part, reason: e.to_string() })?;
    if change.store().pending_update().is_some() || change.store().pending_ds().is_some() {
        return Err(DocError::Pending { part });
    }
    Ok(())
}

/// What somebody who knows `state_vector` lacks of the document: one update, with the whole delete set.
pub fn diff(parts: &[Bytes], state_vector: &[u8]) -> Result<Bytes, DocError> {
    let known = StateVector::decode_v1(state_vector).map_err(|_| DocError::BadStateVector)?;
    let doc = materialise(parts)?;
    let view = doc.transact();
    Ok(view.encode_diff_v1(&known).into())
}

/// Whether the parts make a document of exactly the index's clocks, in which at least all is deleted that
/// the index says.
pub fn verify(parts: &[Bytes], index: &[u8]) -> Result<bool, DocError> {
    let index = Index::decode(index).map_err(|_| DocError::BadIndex)?;
    let clocks = StateVector::decode_v1(&index.state_vector().encode()).map_err(|_| DocError::BadIndex)?;
    let mut deletes = IdSet::new();
    for (client, range) in index.deletes().iter() {
        let bound = |clock: u64| u32::try_from(clock).map_err(|_| DocError::BadIndex);
        deletes.insert(ID::new(ClientID::new(client), bound(range.start)?), bound(range.end - range.start)?);
    }
    let doc = materialise(parts)?;
    let snapshot = doc.transact().snapshot();
    Ok(snapshot.state_map == clocks && within(&deletes, &snapshot.delete_set))
}

/// Whether the document would stay as it is if `update` were applied: its structures are all known, and what
/// it deletes is gone already. (The delete set of an index is only a lower bound of that: integrating can
/// delete without saying so.)
pub fn covers(parts: &[Bytes], update: &[u8]) -> Result<bool, DocError> {
    let update =
        Update::decode_v1(update).map_err(|e| DocError::Undecodable { part: parts.len(), reason: e.to_string() })?;
    let doc = materialise(parts)?;
    let snapshot = doc.transact().snapshot();
    let mut known = IdSet::new();
    for (client, clock) in snapshot.state_map.iter() {
        known.insert(ID::new(*client, 0), *clock);
    }
    Ok(within(&update.insertions(true), &known) && within(update.delete_set(), &snapshot.delete_set))
}

/// Whether every id of `inner` is in `outer`. Both keep their ranges in order, so one walk over both will do.
fn within(inner: &IdSet, outer: &IdSet) -> bool {
    inner.iter().all(|(client, ranges)| {
        let mut others = outer.get(client).into_iter().flat_map(|others| others.iter()).peekable();
        ranges.iter().all(|range| {
            let mut reached = range.start;
            while reached < range.end {
                match others.peek() {
                    Some((other, _)) if other.end <= reached => {
                        others.next();
                    }
                    Some((other, _)) if other.start <= reached => reached = other.end,
                    _ => return false,
                }
            }
            true
        })
    })
}

/// The first part that can't be applied after those before it, if there is one.
pub fn check(parts: &[Bytes]) -> Option<usize> {
    let doc = empty(0);
    (0..parts.len()).find(|part| apply(&doc, *part, &parts[*part]).is_err())
}
