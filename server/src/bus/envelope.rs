//! The words of the bus, as bytes.
//!
//! An envelope is what one room said in one turn: `version, node (16 bytes), (kind, varBytes(body))*`. Kinds
//! that this release doesn't know are passed over, so that nodes of two releases can talk while one replaces
//! the other. Numbers are lib0 varints.

use std::sync::Arc;

use bytes::Bytes;
use crdt_store::{
    ClientId, Seq, UserId,
    update::{
        DeleteSet, Malformed, Ranges,
        awareness::{self, Entry},
        lib0,
    },
};
use uuid::Uuid;

use super::NodeId;

const VERSION: u8 = 1;
/// Presence entries in one envelope, and bytes of one: more than any node sends.
const ENTRIES_MAX: usize = 100_000;
const ENTRY_BYTES_MAX: usize = 1 << 20;

/// Everything that a room said in one turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub from: NodeId,
    pub news: Vec<News>,
}

/// Somebody who is here, at the node that speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub entry: Entry,
    pub user: Option<UserId>,
}

/// One thing that a node tells the others about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An update was taken, and is not in the database yet. `live`: it came from the client that made it.
    Accepted { person: Option<UserId>, session: Uuid, live: bool, update: Bytes },
    /// The log has a new row, of so many bytes, which holds these.
    Landed { seq: Seq, bytes: u64, ranges: Ranges },
    /// The rows up to this one are in a snapshot of so many bytes.
    Compacted { seq: Seq, bytes: u64 },
    /// People at this node whose state has changed; "null" for who has gone.
    Presence(Vec<Person>),
    /// Everybody at this node, and ids that its sessions write under without showing themselves. Who isn't listed is
    /// not here any more.
    Here { people: Vec<Person>, bound: Vec<(ClientId, Option<UserId>)> },
    /// The room was opened: say who is there.
    Hello,
    /// Whoever has this client's live session: ask it for its copy.
    Ask(ClientId),
    /// It has been asked, and what it brought was told before.
    Answered(ClientId),
    /// Words for the clients that know them.
    Notify(Arc<str>),
    /// The document is not what it was: everybody is to come again.
    Reset,
}

const ACCEPTED: u8 = 1;
const LANDED: u8 = 2;
const COMPACTED: u8 = 3;
const PRESENCE: u8 = 4;
const HERE: u8 = 5;
const HELLO: u8 = 6;
const ASK: u8 = 7;
const ANSWERED: u8 = 8;
const NOTIFY: u8 = 9;
const RESET: u8 = 10;

impl Envelope {
    pub fn encode(from: NodeId, news: &[News]) -> Bytes {
        let mut out = Vec::with_capacity(64 + news.iter().map(News::size_hint).sum::<usize>());
        out.push(VERSION);
        out.extend_from_slice(from.as_bytes());
        let mut body = Vec::new();
        for news in news {
            body.clear();
            out.push(news.write(&mut body));
            lib0::write_var_bytes(&mut out, &body);
        }
        out.into()
    }

    /// Who speaks, without reading on.
    pub fn sender(bytes: &[u8]) -> Option<NodeId> {
        bytes.get(1..17).and_then(|id| Uuid::from_slice(id).ok())
    }

    pub fn decode(bytes: &Bytes) -> Result<Envelope, Malformed> {
        let mut input = &bytes[..];
        if lib0::read_u8(&mut input)? != VERSION {
            return Err(Malformed::UnknownVersion);
        }
        let from = read_uuid(&mut input)?;
        let mut news = Vec::new();
        while !input.is_empty() {
            let kind = lib0::read_u8(&mut input)?;
            let body = bytes.slice_ref(lib0::read_var_bytes(&mut input)?);
            news.extend(News::read(kind, &body)?);
        }
        Ok(Envelope { from, news })
    }
}

impl News {
    fn size_hint(&self) -> usize {
        match self {
            News::Accepted { update, .. } => update.len() + 48,
            _ => 48,
        }
    }

    fn write(&self, out: &mut Vec<u8>) -> u8 {
        match self {
            News::Accepted { person, session, live, update } => {
                out.push(u8::from(*live));
                write_person(out, *person);
                out.extend_from_slice(session.as_bytes());
                out.extend_from_slice(update);
                ACCEPTED
            }
            News::Landed { seq, bytes, ranges } => {
                write_seq(out, *seq);
                lib0::write_var_uint(out, *bytes);
                lib0::write_var_uint(out, ranges.structs.len() as u64);
                for (client, range) in &ranges.structs {
                    lib0::write_var_uint(out, *client);
                    lib0::write_var_uint(out, range.start);
                    lib0::write_var_uint(out, range.end.saturating_sub(range.start));
                }
                ranges.deletes.encode(out);
                LANDED
            }
            News::Compacted { seq, bytes } => {
                write_seq(out, *seq);
                lib0::write_var_uint(out, *bytes);
                COMPACTED
            }
            News::Presence(people) => {
                write_people(out, people);
                PRESENCE
            }
            News::Here { people, bound } => {
                lib0::write_var_uint(out, bound.len() as u64);
                for (client, user) in bound {
                    lib0::write_var_uint(out, *client);
                    write_person(out, *user);
                }
                write_people(out, people);
                HERE
            }
            News::Hello => HELLO,
            News::Ask(client) => {
                lib0::write_var_uint(out, *client);
                ASK
            }
            News::Answered(client) => {
                lib0::write_var_uint(out, *client);
                ANSWERED
            }
            News::Notify(text) => {
                lib0::write_var_string(out, text);
                NOTIFY
            }
            News::Reset => RESET,
        }
    }

    /// `None` for a kind of a later release.
    fn read(kind: u8, body: &Bytes) -> Result<Option<News>, Malformed> {
        let mut input = &body[..];
        Ok(Some(match kind {
            ACCEPTED => {
                let live = lib0::read_u8(&mut input)? != 0;
                let person = read_person(&mut input)?;
                let session = read_uuid(&mut input)?;
                News::Accepted { person, session, live, update: body.slice_ref(input) }
            }
            LANDED => {
                let seq = read_seq(&mut input)?;
                let bytes = lib0::read_var_uint(&mut input)?;
                let mut structs = Vec::new();
                for _ in 0..lib0::read_count(&mut input, 3)? {
                    let client = lib0::read_var_uint(&mut input)?;
                    let start = lib0::read_var_uint(&mut input)?;
                    let len = lib0::read_var_uint(&mut input)?;
                    structs.push((client, start..start.saturating_add(len)));
                }
                let deletes = DeleteSet::decode(input)?;
                News::Landed { seq, bytes, ranges: Ranges { structs, deletes } }
            }
            COMPACTED => {
                let seq = read_seq(&mut input)?;
                News::Compacted { seq, bytes: lib0::read_var_uint(&mut input)? }
            }
            PRESENCE => News::Presence(read_people(&mut input)?),
            HERE => {
                let mut bound = Vec::new();
                for _ in 0..lib0::read_count(&mut input, 2)? {
                    let client = lib0::read_var_uint(&mut input)?;
                    bound.push((client, read_person(&mut input)?));
                }
                News::Here { people: read_people(&mut input)?, bound }
            }
            HELLO => News::Hello,
            ASK => News::Ask(lib0::read_var_uint(&mut input)?),
            ANSWERED => News::Answered(lib0::read_var_uint(&mut input)?),
            NOTIFY => News::Notify(lib0::read_var_string(&mut input)?.into()),
            RESET => News::Reset,
            _ => return Ok(None),
        }))
    }
}

fn write_seq(out: &mut Vec<u8>, seq: Seq) {
    lib0::write_var_uint(out, seq.unsigned_abs());
}

fn read_seq(input: &mut &[u8]) -> Result<Seq, Malformed> {
    Ok(lib0::read_var_uint(input)? as Seq)
}

fn read_uuid(input: &mut &[u8]) -> Result<Uuid, Malformed> {
    let bytes = lib0::read_bytes(input, 16)?;
    Uuid::from_slice(bytes).map_err(|_| Malformed::UnexpectedEnd)
}

fn write_person(out: &mut Vec<u8>, person: Option<UserId>) {
    out.push(u8::from(person.is_some()));
    if let Some(UserId(id)) = person {
        out.extend_from_slice(id.as_bytes());
    }
}

fn read_person(input: &mut &[u8]) -> Result<Option<UserId>, Malformed> {
    Ok(match lib0::read_u8(input)? {
        0 => None,
        _ => Some(UserId(read_uuid(input)?)),
    })
}

/// The people's ids in order, then their states as one awareness message.
fn write_people(out: &mut Vec<u8>, people: &[Person]) {
    lib0::write_var_uint(out, people.len() as u64);
    for person in people {
        write_person(out, person.user);
    }
    let entries: Vec<Entry> = people.iter().map(|person| person.entry.clone()).collect();
    out.extend_from_slice(&awareness::encode(&entries));
}

fn read_people(input: &mut &[u8]) -> Result<Vec<Person>, Malformed> {
    let mut users = Vec::new();
    for _ in 0..lib0::read_count(input, 1)? {
        users.push(read_person(input)?);
    }
    let entries = awareness::decode(input, ENTRIES_MAX, ENTRY_BYTES_MAX)?;
    if entries.len() != users.len() {
        return Err(Malformed::Inconsistent);
    }
    Ok(entries.into_iter().zip(users).map(|(entry, user)| Person { entry, user }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Vec<News> {
        let mut deletes = DeleteSet::new();
        deletes.insert(7, 3..9);
        let user = Some(UserId(Uuid::from_u128(5)));
        let person = |client, state: &str| Person { entry: Entry { client, clock: 4, state: state.into() }, user };
        vec![
            News::Accepted {
                person: user,
                session: Uuid::from_u128(9),
                live: true,
                update: Bytes::from_static(&[0, 0]),
            },
            News::Accepted { person: None, session: Uuid::nil(), live: false, update: Bytes::new() },
            News::Landed { seq: 77, bytes: 1_234, ranges: Ranges { structs: vec![(1 << 40, 5..6)], deletes } },
            News::Compacted { seq: 12, bytes: 99 },
            News::Presence(vec![person(1, "{\"user\":{\"name\":\"Chloé\"}}"), person(2, "null")]),
            News::Here { people: vec![person(8, "{}")], bound: vec![(1 << 50, user), (3, None)] },
            News::Hello,
            News::Ask(3),
            News::Answered(3),
            News::Notify("{\"kind\":\"document\"}".into()),
            News::Reset,
        ]
    }

    #[test]
    fn an_envelope_is_read_as_it_was_written() {
        let from = Uuid::from_u128(1);
        let bytes = Envelope::encode(from, &everything());
        assert_eq!(Envelope::sender(&bytes), Some(from));
        assert_eq!(Envelope::decode(&bytes).unwrap(), Envelope { from, news: everything() });
    }

    #[test]
    fn news_of_a_later_release_are_passed_over() {
        let mut bytes = Envelope::encode(Uuid::nil(), &[News::Hello]).to_vec();
        bytes.push(200);
        lib0::write_var_bytes(&mut bytes, b"whatever");
        bytes.extend_from_slice(&[RESET, 0]);
        assert_eq!(Envelope::decode(&bytes.into()).unwrap().news, [News::Hello, News::Reset]);
    }

    #[test]
    fn bytes_that_are_no_envelope_are_refused_and_never_panic() {
        let whole = Envelope::encode(Uuid::from_u128(3), &everything());
        for len in 0..whole.len() {
            let _ = Envelope::decode(&whole.slice(..len));
        }
        for at in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0xff;
            let _ = Envelope::decode(&bytes.into());
        }
        assert!(Envelope::decode(&Bytes::from_static(b"hello")).is_err());
    }
}
