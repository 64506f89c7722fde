//! What the guard costs: a letter from its bytes to the index, and a whole document read and taken.
//!
//! `guard [--rounds 15]`, with `UNISSON_TRACE` as for the other benches. Each figure is the least of all rounds:
//! what else the machine does only adds to it.

// Each of the two is used in part.
#![allow(dead_code)]

#[path = "../trace.rs"]
mod trace;
#[path = "../typist.rs"]
mod typist;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use clap::Parser;
use crdt_store::doc;
use crdt_store::update::{Index, Rule, Update};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Asked {
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    #[arg(long, env = "UNISSON_TRACE")]
    trace: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let asked = Asked::parse();
    let session = trace::Session::load(asked.trace.as_deref())?;
    let edits = session.updates(1_234_567_890);
    let mut writer = typist::LetterWriter::new(987_654_321);
    let letters: Vec<Bytes> = (0..100_000).map(|_| writer.next().1.into()).collect();
    let whole = doc::compact(&edits)?.parts;
    let size = whole.iter().map(Bytes::len).sum::<usize>();

    let mut least = [f64::MAX; 4];
    for _ in 0..asked.rounds {
        let figures = [
            micros(|| taken(&letters)) * 1000.0 / letters.len() as f64,
            micros(|| taken(&edits)) * 1000.0 / edits.len() as f64,
            micros(|| parsed(&whole).map(black_box).map(drop)),
            micros(|| taken(&whole)),
        ];
        least.iter_mut().zip(figures).for_each(|(least, figure)| *least = least.min(figure));
    }
    let [letter, edit, read, both] = least;
    println!("a letter behind the last one   {letter:7.0} ns");
    println!("an edit of {:<19} {edit:7.0} ns", session.name);
    println!("the document of it, {:4} KB: read {read:6.0} µs, read and taken {both:6.0} µs", size / 1000);
    Ok(())
}

fn micros(what: impl FnOnce() -> anyhow::Result<()>) -> f64 {
    let began = Instant::now();
    what().expect("the guard takes what honest clients write");
    began.elapsed().as_secs_f64() * 1e6
}

fn parsed(log: &[Bytes]) -> anyhow::Result<Vec<Update>> {
    log.iter().map(|bytes| Ok(Update::parse(bytes.clone())?)).collect()
}

fn taken(log: &[Bytes]) -> anyhow::Result<()> {
    let mut index = Index::new();
    for bytes in log {
        let update = Update::parse(bytes.clone())?;
        let admission = index.admit(&update, false, &mut |_| Rule::Take)?;
        anyhow::ensure!(admission.held.is_none(), "something is held");
        black_box(admission);
    }
    Ok(())
}
