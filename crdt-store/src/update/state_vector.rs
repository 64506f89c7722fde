//! State vectors: the next clock that is wanted of each client.
//!
//! `stateVector := varUint(n) (varUint(client) varUint(clock))*n`. Two of them are compared as maps, never as
//! bytes: every implementation writes its own order.

use std::collections::BTreeMap;

use super::{ClientId, Clock, Malformed, lib0};

/// Next clock by client; clients at clock 0 are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateVector(pub BTreeMap<ClientId, Clock>);

impl StateVector {
    pub fn new() -> StateVector {
        StateVector::default()
    }

    /// The next clock wanted of `client`: 0 for one never heard of.
    pub fn get(&self, client: ClientId) -> Clock {
        self.0.get(&client).copied().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn decode(bytes: &[u8]) -> Result<StateVector, Malformed> {
        let mut input = bytes;
        let count = lib0::read_count(&mut input, 2)?;
        let mut clocks = BTreeMap::new();
        for _ in 0..count {
            let client = lib0::read_var_uint(&mut input)?;
            let clock = lib0::read_var_uint(&mut input)?;
            if clock > u64::from(u32::MAX) {
                return Err(Malformed::ClockTooLarge);
            }
            if clocks.insert(client, clock).is_some() {
                return Err(Malformed::DuplicateClient);
            }
        }
        lib0::expect_end(input)?;
        clocks.retain(|_, clock| *clock > 0);
        Ok(StateVector(clocks))
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.0.len() * 8);
        lib0::write_var_uint(&mut out, self.0.len() as u64);
        for (client, clock) in self.0.iter().rev() {
            lib0::write_var_uint(&mut out, *client);
            lib0::write_var_uint(&mut out, *clock);
        }
        out
    }

    /// Whether everything the other has seen has been seen here.
    pub fn covers(&self, other: &StateVector) -> bool {
        other.0.iter().all(|(client, clock)| self.get(*client) >= *clock)
    }
}
