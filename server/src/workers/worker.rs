//! The worker's side of the pipe.
//!
//! Two threads: this one reads the pipe all the time, so that the end of the server ends the worker at once,
//! even in the middle of an endless job; the other one works, on a stack large enough for the deepest
//! document the guard lets in. Nothing but places in the code goes to the standard error.

use std::{
    io::{self, Write},
    panic,
    process::{self, ExitCode},
    sync::mpsc,
    thread,
};

use bytes::Bytes;
use crdt_store::doc;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{
    Answer, Job,
    codec::{self, Reply},
};

const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Address space that is reserved and never touched.
const RESERVED_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The pipes, and a few to spare.
const OPEN_FILES: u64 = 16;

/// What a worker exits with when a job panicked. The document is at fault, and the state behind it unknown.
const PANICKED: i32 = 101;

/// What a worker exits with that has no room for what it is sent. (Where an allocation fails elsewhere, the
/// process aborts and says so.)
pub(super) const OUT_OF_MEMORY: u8 = 102;

/// What `unisson worker` does: answers requests on its standard input until that ends.
pub fn worker_main() -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            let _ = writeln!(io::stderr(), "panicked at {place}");
        }
    }));
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => ExitCode::from(OUT_OF_MEMORY),
        Err(error) => {
            let _ = writeln!(io::stderr(), "unisson worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let Some(hello) = codec::read_frame(&mut input)? else { return Ok(()) };
    let memory_bytes = codec::decode_hello(&hello).map_err(io::Error::other)?;
    confine(memory_bytes)?;
    let (jobs, inbox) = mpsc::sync_channel::<Bytes>(1);
    thread::Builder::new().name("job".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        // The reading thread may be blocked for good: where no more answers can come, the process ends here.
        match panic::catch_unwind(panic::AssertUnwindSafe(|| serve(&inbox))) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => process::exit(1),
            Err(_) => process::exit(PANICKED),
        }
    })?;
    // From here on nothing can be started, not even a thread.
    setrlimit(Resource::Nproc, limit(0))?;
    while let Some(frame) = codec::read_frame(&mut input)? {
        if jobs.send(frame).is_err() {
            break;
        }
    }
    Ok(())
}

/// Sets the limits of this process on itself, for good.
///
/// What counts is memory that can be written (`RLIMIT_DATA`; stacks are part of it): the allocator reserves
/// address space far beyond what it uses. The limit of address space stands behind it.
fn confine(memory_bytes: u64) -> io::Result<()> {
    setrlimit(Resource::Data, limit(memory_bytes))?;
    setrlimit(Resource::As, limit(memory_bytes.saturating_add(RESERVED_BYTES)))?;
    setrlimit(Resource::Core, limit(0))?;
    setrlimit(Resource::Nofile, limit(OPEN_FILES))?;
    Ok(())
}

fn limit(at: u64) -> Rlimit {
    Rlimit { current: Some(at), maximum: Some(at) }
}

/// Works off the inbox until it closes. An error says that an answer can't be delivered.
fn serve(inbox: &mpsc::Receiver<Bytes>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    codec::write_frame(&mut output, &codec::encode_ready())?;
    for frame in inbox {
        let reply = match codec::decode_job(frame) {
            Ok(job) => answer(&job),
            Err(garbled) => Err(garbled.to_string()),
        };
        codec::write_frame(&mut output, &codec::encode_reply(&reply))?;
    }
    Ok(())
}

fn answer(job: &Job) -> Reply {
    let answer = match job {
        Job::Diff { parts, state_vector } => doc::diff(parts, state_vector).map(Answer::Update),
        Job::Compact { parts } => doc::compact(parts).map(Answer::Compacted),
        Job::Verify { parts, index } => doc::verify(parts, index).map(Answer::Verdict),
        Job::Covers { parts, update } => doc::covers(parts, update).map(Answer::Verdict),
        Job::Read { parts, form } => doc::read(parts, *form).map(Answer::Text),
        Job::Edit { parts, edit } => doc::edit(parts, edit).map(Answer::Update),
        Job::Check { parts } => Ok(Answer::Fault(doc::check(parts))),
    };
    answer.map_err(|error| error.to_string())
}
