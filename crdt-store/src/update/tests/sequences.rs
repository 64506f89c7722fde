//! Sequences of messages from clients that lie: what is taken of them never harms a document.

use bytes::Bytes;

use super::Rule;
#[cfg(test)]
use super::generate::Seeded;
use super::generate::{Choices, World};
use super::guarded::Guarded;

/// Draws well-formed messages.
pub fn well_formed(choices: &mut dyn Choices) -> Result<(), String> {
    run(choices, false)
}

/// Draws messages with some of their bytes changed.
pub fn mutated(choices: &mut dyn Choices) -> Result<(), String> {
    run(choices, true)
}

fn run(choices: &mut dyn Choices, mutated: bool) -> Result<(), String> {
    let messages = 2 + choices.below(40);
    let clients = 1 + choices.below(4);
    let honest = choices.chance(20);
    let mut world = World::new(clients);
    let mut guarded = Guarded::new();
    for _ in 0..messages {
        let mut bytes = world.message(choices, honest);
        if mutated && choices.chance(70) {
            for _ in 0..1 + choices.below(3) {
                mutate(&mut bytes, choices);
            }
        }
        let strip = choices.chance(50);
        let mut asides = u32::from(choices.chance(10));
        guarded.message(Bytes::from(bytes), strip, &mut |_| {
            if asides == 0 {
                return Rule::Take;
            }
            asides -= 1;
            Rule::Aside
        })?;
        // Clients whose messages were refused would never be heard again.
        if choices.chance(80) {
            world.learn(|client| guarded.next_clock(client));
        }
    }
    guarded.finish()
}

/// Changes, takes out, repeats or adds some bytes.
fn mutate(bytes: &mut Vec<u8>, choices: &mut dyn Choices) {
    let at = choices.below(bytes.len() as u64) as usize;
    let to = (at + 1 + choices.below(6) as usize).min(bytes.len());
    let telling = [0, 1, 2, 0x0a, 0x40, 0x7f, 0x80, 0xff];
    match choices.below(6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << choices.below(8),
        1 if at < bytes.len() => bytes[at] = telling[choices.below(8) as usize],
        2 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
        3 => drop(bytes.drain(at.min(to)..to)),
        4 => {
            let again = bytes[at.min(to)..to].to_vec();
            bytes.splice(at..at, again);
        }
        _ => bytes.insert(at, telling[choices.below(8) as usize]),
    }
}

/// Seeds FROM..UPTO, and a SEED_LOG in which the last one stands whatever becomes of the process.
#[cfg(test)]
fn seeds(count: u64, run: impl Fn(&mut Seeded) -> Result<(), String>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let from = number("FROM").unwrap_or(0);
    for seed in from..number("UPTO").unwrap_or(from + count) {
        if let Ok(path) = std::env::var("SEED_LOG") {
            std::fs::write(path, seed.to_string()).expect("written");
        }
        if let Err(error) = run(&mut Seeded(seed)) {
            panic!("FROM={seed}: {error}");
        }
    }
}

#[test]
fn lying_clients_never_harm_a_document() {
    seeds(600, |choices| well_formed(choices));
}

#[test]
fn changed_bytes_never_harm_a_document() {
    seeds(1200, |choices| mutated(choices));
}
