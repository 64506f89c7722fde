//! A long editing session: a recorded one named by `UNISSON_TRACE` (the JSON of josephg/editing-traces, gzipped
//! or not), or one made up from a seed in the shape of the automerge-paper trace: 260,000 single letters typed and
//! deleted in runs, a jump of the cursor between runs, about 105,000 letters at the end.

use std::{fs, io::Read, path::Path};

use anyhow::{Context, Result};
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::typist::Typist;

/// As many as the automerge-paper trace has.
pub const EDITS: usize = 259_778;

#[derive(Debug)]
pub struct Edit {
    pub at: usize,
    pub deleted: usize,
    pub inserted: String,
}

#[derive(Debug)]
pub struct Session {
    pub name: String,
    pub edits: Vec<Edit>,
    /// The text at the end.
    pub end: String,
}

impl Session {
    /// The recorded session in `file`, or a made-up one.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        match file {
            None => Ok(made_up(1, EDITS)),
            Some(file) => recorded(file).with_context(|| format!("can't read the trace {}", file.display())),
        }
    }

    /// Each edit as the update of one client.
    pub fn updates(&self, client: u64) -> Vec<Bytes> {
        let mut typist = Typist::new(client);
        let mut updates = Vec::with_capacity(self.edits.len());
        for Edit { at, deleted, inserted } in &self.edits {
            if *deleted > 0 {
                updates.extend(typist.delete(*at, *deleted).map(Bytes::from));
            }
            if !inserted.is_empty() {
                updates.push(typist.insert(*at, inserted).into());
            }
        }
        updates
    }
}

fn recorded(file: &Path) -> Result<Session> {
    let raw = fs::read(file)?;
    let mut text = String::new();
    if raw.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(&raw[..]).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8(raw)?;
    }
    let trace: Value = serde_json::from_str(&text)?;
    let mut edits = Vec::with_capacity(EDITS);
    let start = trace["startContent"].as_str().unwrap_or_default();
    if !start.is_empty() {
        edits.push(Edit { at: 0, deleted: 0, inserted: start.to_owned() });
    }
    for transaction in trace["txns"].as_array().context("no txns in it")? {
        for patch in transaction["patches"].as_array().context("a transaction without patches")? {
            let place = |nth: usize| patch[nth].as_u64().and_then(|value| usize::try_from(value).ok());
            edits.push(Edit {
                at: place(0).context("a patch without a place")?,
                deleted: place(1).context("a patch without a length")?,
                inserted: patch[2].as_str().context("a patch without a text")?.to_owned(),
            });
        }
    }
    let end = trace["endContent"].as_str().unwrap_or_default().to_owned();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Session { name, edits, end })
}

const WORDS: &[&str] = &[
    "we",
    "present",
    "a",
    "replicated",
    "tree",
    "move",
    "operation",
    "\\cite{lamport78}",
    "où",
    "été",
    "causal",
    "order",
    "\n\n",
    "log,",
    "state.",
    "the",
];

/// `count` edits. The same seed makes the same session.
pub fn made_up(seed: u64, count: usize) -> Session {
    let mut dice = Dice(seed);
    let mut edits = Vec::with_capacity(count);
    let mut text: Vec<char> = Vec::new();
    while edits.len() < count {
        // Letters come in runs of about fifty at one place; some are taken back at once, backwards.
        let mut at = if dice.below(100) < 55 { text.len() } else { dice.below(text.len() + 1) };
        let mut run = String::new();
        for _ in 0..2 + dice.below(12) {
            run.push_str(WORDS[dice.below(WORDS.len())]);
            run.push(' ');
        }
        let run: Vec<char> = run.chars().take(count - edits.len()).collect();
        for (offset, letter) in run.iter().enumerate() {
            edits.push(Edit { at: at + offset, deleted: 0, inserted: letter.to_string() });
        }
        text.splice(at..at, run.iter().copied());
        at += run.len();
        let back = dice.below(36).min(at).min(count - edits.len());
        for offset in 1..=back {
            edits.push(Edit { at: at - offset, deleted: 1, inserted: String::new() });
        }
        text.drain(at - back..at);
    }
    Session { name: format!("made up, seed {seed}"), edits, end: text.into_iter().collect() }
}

/// splitmix64.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }
}
