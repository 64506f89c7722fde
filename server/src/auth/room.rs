//! Names of rooms: a document's plain name, and its lineage where that is not the first.
//!
//! Documents of the application are named by their UUID, and `UUID@N` is their lineage N. Any other name is a
//! name as it stands, whatever signs are in it, since it belongs to whoever made it up.

use crdt_store::Epoch;
use uuid::Uuid;

const FIRST: Epoch = 1;

/// The plain name and the lineage that a room's name asks for.
pub fn parse(name: &str) -> (&str, Epoch) {
    if let Some((plain, epoch)) = name.rsplit_once('@')
        && is_document_id(plain)
        && let Ok(number) = epoch.parse::<Epoch>()
        && number > FIRST
        && epoch == number.to_string()
    {
        return (plain, number);
    }
    (name, FIRST)
}

/// The name under which a document's present lineage is opened.
pub fn name(plain: &str, epoch: Epoch) -> String {
    if epoch == FIRST { plain.to_owned() } else { format!("{plain}@{epoch}") }
}

fn is_document_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190b6a8-1c1d-7c57-9c3a-0d2c7d1b2a3f";

    #[test]
    fn a_lineage_is_read_only_after_the_id_of_a_document() {
        assert_eq!(parse(ID), (ID, 1));
        assert_eq!(parse(&format!("{ID}@2")), (ID, 2));
        for odd in ["@1", "@02", "@0", "@-2", "@x", "@", "@99999999999"] {
            let text = format!("{ID}{odd}");
            assert_eq!(parse(&text), (text.as_str(), 1));
        }
        assert_eq!(parse("notes@2"), ("notes@2", 1));
    }

    #[test]
    fn a_name_reads_back() {
        for epoch in [1, 2, 40] {
            assert_eq!(parse(&name(ID, epoch)), (ID, epoch));
        }
    }
}
