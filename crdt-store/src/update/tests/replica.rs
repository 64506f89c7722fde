//! A yrs document that takes what the guard took, and says whether it agrees.

use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, Map, OffsetKind, Options, ReadTxn, Text, Transact, Xml, XmlFragment};

use super::{Index, StateVector};

/// A document fed with accepted updates.
pub struct Replica {
    pub doc: Doc,
}

impl Replica {
    pub fn new() -> Replica {
        // Offsets in UTF-16, as Yjs has them: in bytes, yrs miscounts a character that is cut in two.
        let options = Options { offset_kind: OffsetKind::Utf16, ..Options::default() };
        Replica { doc: Doc::with_options(options) }
    }

    /// Applies accepted bytes; an error says what went wrong.
    pub fn apply(&self, bytes: &[u8]) -> Result<(), String> {
        let update = yrs::Update::decode_v1(bytes).map_err(|error| format!("not decoded: {error}"))?;
        let mut txn = self.doc.transact_mut();
        txn.apply_update(update).map_err(|error| format!("not applied: {error}"))?;
        if txn.has_missing_updates() { Err("left something pending".to_owned()) } else { Ok(()) }
    }

    /// Whether the document holds what the index says: the same clocks, at least its deletes.
    pub fn agrees_with(&self, index: &Index) -> Result<(), String> {
        let txn = self.doc.transact();
        let theirs = StateVector::decode(&txn.state_vector().encode_v1()).map_err(|error| error.to_string())?;
        if theirs != index.state_vector() {
            return Err(format!("state {theirs:?} is not the index's {:?}", index.state_vector()));
        }
        let snapshot = txn.snapshot();
        for (client, range) in index.deletes().iter() {
            for clock in range {
                if !snapshot.delete_set.contains(&yrs::ID::new(yrs::block::ClientID::new(client), clock as u32)) {
                    return Err(format!("{client}:{clock} is not deleted"));
                }
            }
        }
        Ok(())
    }

    /// Reads the document in the ways that end whatever is in it (reading an array with formatting in it does not,
    /// nor what shows such an array), and makes a copy of it.
    pub fn read(&self) -> Result<Replica, String> {
        let names: Vec<String> = {
            let txn = self.doc.transact();
            txn.root_refs().map(|(name, _)| name.to_owned()).collect()
        };
        for name in &names {
            let text = self.doc.get_or_insert_text(name.as_str());
            let map = self.doc.get_or_insert_map(name.as_str());
            let fragment = self.doc.get_or_insert_xml_fragment(name.as_str());
            let txn = self.doc.transact();
            let _ = text.get_string(&txn);
            let _ = text.diff(&txn, yrs::types::text::YChange::identity);
            let _ = map.iter(&txn).count();
            let nodes = fragment.successors(&txn).take(1000);
            let _ = nodes
                .filter_map(|node| node.into_xml_element().map(|element| element.attributes(&txn).count()))
                .count();
        }
        let bytes = self.doc.transact().encode_state_as_update_v1(&yrs::StateVector::default());
        let copy = Replica::new();
        copy.apply(&bytes).map_err(|error| format!("as a whole {error}"))?;
        Ok(copy)
    }
}
