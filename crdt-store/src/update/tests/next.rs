//! The short way through an admission and the long one.

use super::generate::{Choices, Seeded, World};
use super::{Index, Rule, Update};

#[test]
fn the_short_way_ends_where_the_long_way_does() {
    let mut short_ways = 0;
    for seed in 0..400 {
        let mut choices = Seeded(seed);
        let mut world = World::new(1 + choices.below(3));
        let mut index = Index::new();
        for _ in 0..60 {
            let bytes = world.message(&mut choices, true);
            let Ok(update) = Update::parse(bytes.into()) else { continue };
            let strip = choices.chance(50);
            let verdict = if choices.chance(90) { Rule::Take } else { Rule::Aside };
            short_ways += usize::from(index.next_of(&update).is_some());
            let mut other = index.clone();
            let (mut asked, mut other_asked) = (Vec::new(), Vec::new());
            let short = index.admit(&update, strip, &mut |client| {
                asked.push(client);
                verdict
            });
            let long = other.admit_any(&update, strip, &mut |client| {
                other_asked.push(client);
                verdict
            });
            assert_eq!(format!("{short:?}"), format!("{long:?}"), "seed {seed}");
            world.learn(|client| index.next_clock(client));
            assert_eq!((index == other, asked), (true, other_asked), "seed {seed}");
        }
    }
    assert!(short_ways > 1000, "{short_ways} short ways: nothing to speak of was tried");
}
