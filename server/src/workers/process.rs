//! One worker process, as the pool sees it.

use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use super::{
    Answer, Job, JobError,
    codec::{self, Reply},
    worker::OUT_OF_MEMORY,
};

/// How long a fresh worker may take to say that it is ready.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a worker whose pipe has closed may take to die.
pub(super) const DYING_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for the last words of a worker that has died.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// What is kept of a worker's standard error.
const LAST_WORDS_BYTES: usize = 4 * 1024;

/// A running worker. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_words: JoinHandle<Vec<u8>>,
    jobs_done: u32,
}

impl Worker {
    /// Starts a worker and waits until it has set its limits. It gets nothing of what the server has but its
    /// three pipes.
    pub(super) async fn start(program: &Path, memory_bytes: u64) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("worker")
            .env_clear()
            // The allocator shall not claim a gigabyte at once: the limit counts what is claimed.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .current_dir("/")
            // A Ctrl-C at the terminal is for the server, which still needs its workers to drain.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("a worker has no pipes"));
        };
        let last_words = tokio::spawn(listen(errors));
        let mut worker = Self { child, input, output: BufReader::new(output), last_words, jobs_done: 0 };
        let ready = timeout(START_TIMEOUT, worker.greet(memory_bytes)).await;
        match ready.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(()) => Ok(worker),
            Err(error) => {
                let cause = worker.bury(DYING_TIMEOUT).await;
                Err(io::Error::new(error.kind(), format!("a worker does not get ready ({cause}): {error}")))
            }
        }
    }

    async fn greet(&mut self, memory_bytes: u64) -> io::Result<()> {
        codec::send(&mut self.input, &codec::encode_hello(memory_bytes)).await?;
        let frame = codec::receive(&mut self.output).await?;
        if codec::is_ready(&frame) { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Whether it is still there. One that was killed while idle is no fault of the next job.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(super) fn jobs_done(&self) -> u32 {
        self.jobs_done
    }

    /// Hands over a job and waits for the answer. On an error that is not a refusal the worker is of no
    /// further use, and has to be [buried](Self::bury).
    pub(super) async fn ask(&mut self, job: &Job, patience: Duration) -> Result<Answer, JobError> {
        let frame = codec::encode_job(job);
        let reply = timeout(patience, self.exchange(&frame)).await.map_err(|_| JobError::TimedOut)?;
        let reply = reply.map_err(|_| JobError::Crashed)?;
        self.jobs_done += 1;
        reply.map_err(JobError::Refused)
    }

    async fn exchange(&mut self, frame: &[u8]) -> io::Result<Reply> {
        codec::send(&mut self.input, frame).await?;
        let frame = codec::receive(&mut self.output).await?;
        codec::decode_reply(frame).map_err(io::Error::other)
    }

    /// The memory it holds, where the system tells.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Ends it, whatever it is doing, and says what it died of. One that seems to be dying by itself is given
    /// a moment to do so.
    pub(super) async fn bury(mut self, moment: Duration) -> Cause {
        let died = timeout(moment, self.child.wait()).await;
        let status = match died {
            Ok(status) => status.ok(),
            Err(_) => {
                let _ = self.child.kill().await;
                None
            }
        };
        let words = timeout(LAST_WORDS_TIMEOUT, &mut self.last_words).await;
        self.last_words.abort();
        Cause::read(status, &words.ok().and_then(Result::ok).unwrap_or_default())
    }
}

/// Reads the standard error to its end, and keeps the first of it.
async fn listen(mut errors: ChildStderr) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = errors.read(&mut buffer).await {
        let room = LAST_WORDS_BYTES - kept.len();
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
    kept
}

/// What a worker died of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    OutOfMemory,
    StackOverflow,
    Panic,
    Signal(i32),
    Exit(i32),
    /// It had to be killed.
    Killed,
}

impl Cause {
    fn read(status: Option<ExitStatus>, last_words: &[u8]) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let said = |words: &str| last_words.windows(words.len()).any(|window| window == words.as_bytes());
        let Some(status) = status else { return Self::Killed };
        let full = status.code() == Some(i32::from(OUT_OF_MEMORY));
        if full || said("memory allocation of") {
            Self::OutOfMemory
        } else if said("overflowed its stack") {
            Self::StackOverflow
        } else if said("panicked at") {
            Self::Panic
        } else if let Some(signal) = status.signal() {
            Self::Signal(signal)
        } else {
            Self::Exit(status.code().unwrap_or(-1))
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::StackOverflow => f.write_str("stack overflow"),
            Self::Panic => f.write_str("panic"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Exit(code) => write!(f, "exit {code}"),
            Self::Killed => f.write_str("killed"),
        }
    }
}
