//! Updates that look right, drawn from a stream of choices: several clients, some of them lying about what
//! they made before, refer to whatever exists, or nearly. The same choices give the same messages, so that a
//! seed (tests) or an input (fuzzing) is a reproduction.

use super::lib0;

/// Where choices come from. An exhausted source gives zeros.
pub trait Choices {
    fn byte(&mut self) -> u8;

    fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        let mut value = u64::from(self.byte());
        if limit > 256 {
            value = value << 8 | u64::from(self.byte());
        }
        value % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A small generator of choices (SplitMix64), enough for tests.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Choices for Seeded {
    fn byte(&mut self) -> u8 {
        (self.next() >> 32) as u8
    }
}

const TEXTS: [&str; 8] = ["a", "bc", "def", "é", "😀", "x😀y", "😀😀", "longer than eight bytes"];
const JSONS: [&str; 6] = ["null", "true", "{}", "\"x\"", "[1,{\"a\":null}]", "12.5"];
const KEYS: [&str; 3] = ["k", "bold", "l"];
const ROOTS: [&str; 3] = ["r", "s", "default"];

/// What the generator believes to exist: it draws ids from it.
pub struct World {
    /// Next clock by client, as far as messages went that were drawn.
    next: Vec<(u64, u64)>,
}

impl World {
    pub fn new(clients: u64) -> World {
        // Ids that are short, long, and of more than 32 bits.
        let ids = [1, 2, 300, 70_000, 1 << 31, (1 << 52) + 5];
        World { next: ids.into_iter().take(clients as usize).map(|client| (client, 0)).collect() }
    }

    /// What became of the messages so far: each client goes on from there.
    pub fn learn(&mut self, next_clock: impl Fn(u64) -> u64) {
        self.next.iter_mut().for_each(|(client, next)| *next = next_clock(*client));
    }

    /// One message. `honest` ones continue where their clients stopped; others start anywhere near. Some are as
    /// most messages are: one structure, and nothing deleted.
    pub fn message(&mut self, choices: &mut dyn Choices, honest: bool) -> Vec<u8> {
        let mut order: Vec<usize> = (0..self.next.len()).filter(|_| choices.chance(45)).collect();
        let short = order.is_empty();
        if short {
            order.push(choices.below(self.next.len() as u64) as usize);
        }
        let mut out = Vec::new();
        lib0::write_var_uint(&mut out, order.len() as u64);
        let planned: Vec<u64> = self.next.iter().map(|(_, next)| *next + 6).collect();
        for at in order {
            let (client, next) = self.next[at];
            let start = if honest || choices.chance(60) {
                next
            } else {
                (next + choices.below(5)).saturating_sub(choices.below(6))
            };
            let count = if short { 1 } else { 1 + choices.below(5) };
            lib0::write_var_uint(&mut out, count);
            lib0::write_var_uint(&mut out, client);
            lib0::write_var_uint(&mut out, start);
            let mut clock = start;
            for _ in 0..count {
                clock += self.structure(&mut out, choices, (at, clock), &planned, honest);
            }
            if clock > next {
                self.next[at].1 = clock;
            }
        }
        if short {
            out.push(0);
        } else {
            self.deletes(&mut out, choices);
        }
        out
    }

    fn structure(
        &self,
        out: &mut Vec<u8>,
        choices: &mut dyn Choices,
        own: (usize, u64),
        planned: &[u64],
        honest: bool,
    ) -> u64 {
        match choices.below(40) {
            0 => {
                let len = 1 + choices.below(4);
                out.push(0);
                lib0::write_var_uint(out, len);
                return len;
            }
            1 if !honest => {
                let len = 1 + choices.below(3);
                out.push(10);
                lib0::write_var_uint(out, len);
                return len;
            }
            _ => {}
        }
        let reference = [4, 4, 4, 7, 7, 8, 1, 3, 5, 6, 9][choices.below(11) as usize];
        let left = self.id(choices, own, planned, 75);
        let right = self.id(choices, own, planned, 25);
        let sub = choices.chance(20);
        let mut info = reference;
        info |= if left.is_some() { 0x80 } else { 0 };
        info |= if right.is_some() { 0x40 } else { 0 };
        info |= if sub { 0x20 } else { 0 };
        out.push(info);
        for id in [left, right].into_iter().flatten() {
            lib0::write_var_uint(out, id.0);
            lib0::write_var_uint(out, id.1);
        }
        if left.is_none() && right.is_none() {
            match self.id(choices, own, planned, 60) {
                Some(id) => {
                    out.push(0);
                    lib0::write_var_uint(out, id.0);
                    lib0::write_var_uint(out, id.1);
                }
                None => {
                    out.push(1);
                    lib0::write_var_string(out, ROOTS[choices.below(3) as usize]);
                }
            }
            if sub {
                lib0::write_var_string(out, KEYS[choices.below(3) as usize]);
            }
        }
        content(out, choices, reference)
    }

    /// An id that exists, or nearly.
    fn id(&self, choices: &mut dyn Choices, own: (usize, u64), planned: &[u64], percent: u64) -> Option<(u64, u64)> {
        if !choices.chance(percent) {
            return None;
        }
        // Most structures follow what their client made just before.
        if own.1 > 0 && choices.chance(40) {
            return Some((self.next[own.0].0, own.1 - 1));
        }
        let at = choices.below(self.next.len() as u64) as usize;
        let limit = if at == own.0 {
            own.1
        } else if choices.chance(95) {
            self.next[at].1
        } else {
            planned[at]
        };
        if limit == 0 { None } else { Some((self.next[at].0, choices.below(limit))) }
    }

    fn deletes(&self, out: &mut Vec<u8>, choices: &mut dyn Choices) {
        let clients: Vec<_> = self.next.iter().filter(|_| choices.chance(25)).collect();
        lib0::write_var_uint(out, clients.len() as u64);
        for (client, next) in clients {
            let count = choices.below(3);
            lib0::write_var_uint(out, *client);
            lib0::write_var_uint(out, count);
            for _ in 0..count {
                lib0::write_var_uint(out, choices.below(*next + 1));
                lib0::write_var_uint(out, choices.below(4));
            }
        }
    }
}

fn content(out: &mut Vec<u8>, choices: &mut dyn Choices, reference: u8) -> u64 {
    match reference {
        1 => {
            let len = 1 + choices.below(4);
            lib0::write_var_uint(out, len);
            len
        }
        3 => {
            lib0::write_var_bytes(out, &[1, 2, 3]);
            1
        }
        4 => {
            let text = TEXTS[choices.below(8) as usize];
            lib0::write_var_string(out, text);
            text.encode_utf16().count() as u64
        }
        5 => {
            lib0::write_var_string(out, JSONS[choices.below(6) as usize]);
            1
        }
        6 => {
            lib0::write_var_string(out, KEYS[choices.below(3) as usize]);
            lib0::write_var_string(out, JSONS[choices.below(6) as usize]);
            1
        }
        7 => {
            let kind = [0, 1, 2, 3, 4, 6][choices.below(6) as usize];
            out.push(kind);
            if kind == 3 {
                lib0::write_var_string(out, "p");
            }
            1
        }
        8 => {
            let count = 1 + choices.below(3);
            lib0::write_var_uint(out, count);
            for _ in 0..count {
                value(out, choices, 0);
            }
            count
        }
        _ => {
            lib0::write_var_string(out, "guid");
            out.extend_from_slice(&[0x76, 0]);
            1
        }
    }
}

fn value(out: &mut Vec<u8>, choices: &mut dyn Choices, depth: u32) {
    let kinds = if depth < 3 { 8 } else { 6 };
    match choices.below(kinds) {
        0 => out.push(0x7f),
        1 => out.push(0x7e),
        2 => out.extend_from_slice(&[0x7d, 0x41]),
        3 => out.extend_from_slice(&[0x7c, 0x40, 0x49, 0, 0]),
        4 => {
            out.push(0x77);
            lib0::write_var_string(out, TEXTS[choices.below(8) as usize]);
        }
        5 => out.extend_from_slice(&[0x74, 2, 7, 7]),
        6 => {
            let count = choices.below(3);
            out.push(0x75);
            lib0::write_var_uint(out, count);
            for _ in 0..count {
                value(out, choices, depth + 1);
            }
        }
        _ => {
            let count = choices.below(3);
            out.push(0x76);
            lib0::write_var_uint(out, count);
            for _ in 0..count {
                lib0::write_var_string(out, KEYS[choices.below(3) as usize]);
                value(out, choices, depth + 1);
            }
        }
    }
}
