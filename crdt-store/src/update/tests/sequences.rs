//! Sequences of well-formed messages from clients that lie: what is taken of them never harms a document.

use bytes::Bytes;

use super::generate::{Choices, Seeded, World};
use super::replica::Replica;
use super::{Index, Rule, Update};

/// Draws a sequence, takes what can be taken of each message, and feeds a document with it.
pub fn run(choices: &mut dyn Choices, messages: u64) -> Result<(), String> {
    let clients = 1 + choices.below(4);
    let honest = choices.chance(20);
    let mut world = World::new(clients);
    let mut index = Index::new();
    let replica = Replica::new();
    let mut held: Vec<Update> = Vec::new();
    for _ in 0..messages {
        let bytes = Bytes::from(world.message(choices, honest));
        let Ok(update) = Update::parse(bytes) else { continue };
        let strip = choices.chance(50);
        let ruled = choices.chance(10);
        let mut waiting = vec![(update, ruled)];
        while let Some((update, ruled)) = waiting.pop() {
            let rule = if ruled { Rule::Aside } else { Rule::Take };
            let mut left = 1;
            let before = index.clone();
            let admitted = index.admit(&update, strip, &mut |_| {
                left -= 1;
                if left == 0 { rule } else { Rule::Take }
            });
            let Ok(admission) = admitted else {
                if before != index {
                    return Err("a refusal changed the index".to_owned());
                }
                continue;
            };
            for part in [&admission.held, &admission.aside, &admission.refused].into_iter().flatten() {
                let again =
                    Update::parse(part.bytes().clone()).map_err(|error| format!("held is malformed: {error}"))?;
                if format!("{again:?}").len() < 2
                    || again.deletes() != part.deletes()
                    || !again.clients().eq(part.clients())
                {
                    return Err("held differs from its own bytes".to_owned());
                }
            }
            if let Some(accepted) = admission.accepted {
                replica.apply(&accepted.bytes)?;
                replica.agrees_with(&index)?;
                if !index.covers_ranges(&accepted.ranges) || before.covers_ranges(&accepted.ranges) {
                    return Err("ranges are not what is new".to_owned());
                }
                // Whatever was held may be complete now.
                waiting.extend(held.drain(..).map(|update| (update, false)));
            }
            held.extend(admission.held);
            held.extend(admission.aside);
        }
        held.truncate(8);
    }
    let copy = replica.read()?;
    copy.agrees_with(&index)?;
    let again = Index::decode(&index.encode()).map_err(|error| error.to_string())?;
    if again != index {
        return Err("the index does not survive its encoding".to_owned());
    }
    Ok(())
}

/// Seeds FROM..UPTO, and a SEED_LOG in which the last one stands whatever becomes of the process.
#[test]
fn lying_clients_never_harm_a_document() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let from = number("FROM").unwrap_or(0);
    for seed in from..number("UPTO").unwrap_or(from + 400) {
        if let Ok(path) = std::env::var("SEED_LOG") {
            std::fs::write(path, seed.to_string()).expect("written");
        }
        let mut choices = Seeded(seed);
        let messages = 4 + choices.below(30);
        if let Err(error) = run(&mut choices, messages) {
            panic!("FROM={seed}: {error}");
        }
    }
}
