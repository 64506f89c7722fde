//! Awareness messages: who is there and what they show.
//!
//! `awareness := varUint(n) (varUint(client) varUint(clock) varString(json))*n`; the state `null` says that the
//! client has gone. States are not looked into, but are JSON: a client that can't parse one drops its socket.

use super::content::check_json;
use super::{ClientId, Malformed, lib0};

/// One client's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub client: ClientId,
    pub clock: u64,
    /// JSON text.
    pub state: String,
}

impl Entry {
    /// Whether it says that the client has gone.
    pub fn is_gone(&self) -> bool {
        self.state == "null"
    }
}

/// Reads a message of at most `max_entries`, each with a state of at most `max_state_bytes`.
pub fn decode(bytes: &[u8], max_entries: usize, max_state_bytes: usize) -> Result<Vec<Entry>, Malformed> {
    let mut input = bytes;
    let count = lib0::read_count(&mut input, 3)?;
    if count > max_entries {
        return Err(Malformed::TooManyEntries);
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let client = lib0::read_var_uint(&mut input)?;
        let clock = lib0::read_var_uint(&mut input)?;
        let state = lib0::read_var_bytes(&mut input)?;
        if state.len() > max_state_bytes {
            return Err(Malformed::EntryTooLarge);
        }
        check_json(state)?;
        let state = std::str::from_utf8(state).map_err(|_| Malformed::InvalidUtf8)?.to_owned();
        entries.push(Entry { client, clock, state });
    }
    lib0::expect_end(input)?;
    Ok(entries)
}

pub fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + entries.iter().map(|entry| entry.state.len() + 16).sum::<usize>());
    lib0::write_var_uint(&mut out, entries.len() as u64);
    for entry in entries {
        lib0::write_var_uint(&mut out, entry.client);
        lib0::write_var_uint(&mut out, entry.clock);
        lib0::write_var_string(&mut out, &entry.state);
    }
    out
}
