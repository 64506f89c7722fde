//! The documents of the large data set: short texts that people might have written, as real updates.

use bytes::Bytes;
use crdt_store::{
    bulk::{Document, Share},
    communities::Feature,
    doc::{Block, DocError, Span, Task, seed_rich_text},
    documents::{Shared, Sharing},
};
use time::{Duration, OffsetDateTime};

use super::{
    draw::Draw,
    lists::{MONTHS, SENTENCES, THEMES, TITLES},
    people::Crowd,
    places::Place,
};
use crate::seed::CLIENT;

/// Different texts; the documents share them, each with its own title.
const TEXTS: usize = 320;

pub(super) struct Papers<'a> {
    draw: Draw,
    now: OffsetDateTime,
    crowd: &'a Crowd,
    texts: Vec<Bytes>,
}

impl<'a> Papers<'a> {
    pub fn new(seed: u64, now: OffsetDateTime, crowd: &'a Crowd) -> Result<Self, DocError> {
        let mut draw = Draw::new(seed);
        let texts = (0..TEXTS).map(|_| seed_rich_text(CLIENT, &text(&mut draw))).collect::<Result<_, _>>()?;
        Ok(Self { draw, now, crowd, texts })
    }

    /// A document of a community, or of somebody's own where there is none, and who is named at it.
    pub fn next(&mut self, number: usize, place: Option<&Place>) -> Option<(Document, Vec<Share>)> {
        let draw = &mut self.draw;
        let id = draw.document(number);
        let writers = place.map_or(&self.crowd.agents, |place| &place.writers);
        let created_by = draw.pick(writers).copied()?;
        let updated_by = if place.is_some() { draw.pick(writers).copied()? } else { created_by };
        let begin = place.map_or(self.now - Duration::days(900), |place| place.created_at);
        let end = place.map_or(self.now, |place| place.active_at);
        let seconds = (end - begin).whole_seconds().max(1);
        let updated_at = end - Duration::seconds(draw.recent(seconds));
        let created_at = updated_at - Duration::seconds(draw.between(0, (updated_at - begin).whole_seconds().max(0)));
        let feature = match place {
            Some(place) if draw.percent(35) => draw.pick(&place.features).copied().unwrap_or(Feature::Documents),
            _ => Feature::Documents,
        };
        let theme = match place {
            Some(place) => place.theme,
            None => draw.pick(&THEMES).map_or("", |(theme, _)| theme),
        };
        let title = match draw.percent(50) {
            true => format!("{}, {} {}", draw.word(&TITLES), draw.word(&MONTHS), created_at.year()),
            false => format!("{}\u{202F}: {theme}", draw.word(&TITLES)),
        };
        let visibility = match draw.below(100) {
            0..7 => Sharing::Restricted,
            7..10 => Sharing::Link,
            _ => Sharing::Inherit,
        };
        let mut shares: Vec<Share> = Vec::new();
        if visibility == Sharing::Restricted {
            for _ in 0..1 + draw.below(4) {
                let guest = place.is_none() || draw.percent(20);
                let named = if guest { draw.pick(&self.crowd.agents) } else { draw.pick(writers) };
                let access = draw.pick(&[Shared::Read, Shared::Comment, Shared::Write]).copied();
                if let (Some(user), Some(access)) = (named.copied(), access)
                    && user != created_by
                    && shares.iter().all(|share| share.user != user)
                {
                    shares.push(Share { document: id, user, access, guest, created_at });
                }
            }
        }
        let document = Document {
            id,
            title,
            community: place.map(|place| place.id),
            feature,
            visibility,
            created_by,
            created_at,
            updated_by,
            updated_at,
            seed: draw.pick(&self.texts)?.clone(),
        };
        Some((document, shares))
    }
}

fn sentence(draw: &mut Draw) -> Vec<Span> {
    vec![Span::plain(draw.word(&SENTENCES))]
}

fn text(draw: &mut Draw) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(sentence(draw))];
    for _ in 0..1 + draw.below(3) {
        let about = draw.pick(&THEMES).map_or("", |(_, about)| about);
        blocks.push(Block::Heading { level: 2, text: vec![Span::plain(format!("Ce qui concerne {about}"))] });
        blocks.push(Block::Paragraph(sentence(draw)));
        let lines: Vec<Vec<Span>> = (0..2 + draw.below(3)).map(|_| sentence(draw)).collect();
        blocks.push(match draw.percent(30) {
            true => Block::TaskList(
                lines
                    .into_iter()
                    .map(|line| Task { checked: draw.percent(50), content: vec![Block::Paragraph(line)] })
                    .collect(),
            ),
            false => Block::BulletList(lines.into_iter().map(|line| vec![Block::Paragraph(line)]).collect()),
        });
    }
    blocks
}
