//! Disposable processes that do what needs a merged document.
//!
//! Merging is done by `yrs`, which hostile bytes can make crash, loop or swell: so it runs in `unisson
//! worker` processes that have nothing but their pipes, are limited in memory and time, and are killed and
//! replaced when they misbehave. [`Pool`] keeps them; whoever needs a diff, a compaction or the text of a
//! document hands it a [`Job`] and gets an [`Answer`]. [`find_bad`] names the update a document can't be
//! built with. The worker's side is [`worker_main`].

mod bisect;
mod codec;
mod job;
mod pool;
mod process;
mod worker;

pub use bisect::find_bad;
pub use job::{Answer, Job, JobError};
pub use pool::{Pool, WorkersConfig};
pub use worker::worker_main;
