//! Building the whole document, and what is asked of it as a whole.

use bytes::Bytes;
use yrs::{
    Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update,
    updates::decoder::Decode,
};

use super::DocError;

/// Builds the document, one transaction per part (merging the parts first is twenty times slower).
pub(super) fn materialise(parts: &[Bytes]) -> Result<Doc, DocError> {
    let options = Options { client_id: yrs::ClientID::new(0), offset_kind: OffsetKind::Utf16, ..Options::default() };
    let doc = Doc::with_options(options);
    for (part, bytes) in parts.iter().enumerate() {
        apply(&doc, part, bytes)?;
    }
    Ok(doc)
}

fn apply(doc: &Doc, part: usize, bytes: &[u8]) -> Result<(), DocError> {
    let update =
        Update::decode_v1(bytes).map_err(|e| DocError::Undecodable { part, reason: e.to_string() })?;
    let mut change = doc.transact_mut();
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
