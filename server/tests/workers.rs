//! The pool and real worker processes, fed with what the guard would have kept out.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use crdt_store::{
    doc::{self, Block, Change, Edit, Form, Span},
    update::lib0,
};
use rustix::process::{Pid, Signal, kill_process};
use unisson::{
    shutdown::Shutdown,
    workers::{Answer, Job, JobError, Pool, WorkersConfig, find_bad},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn config() -> WorkersConfig {
    WorkersConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_unisson")),
        size: 1,
        memory_bytes: 2 << 30,
        job_timeout: PATIENCE,
        jobs_before_recycle: 1_000,
        queue: 100,
    }
}

/// The workers of pools in this process, told apart by the test that started them: each test looks at the
/// difference it makes. Tests run in one process, so they take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn workers() -> BTreeSet<i32> {
    let me = std::process::id().to_string();
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if line("PPid:") == Some(&me) && line("State:").is_some_and(|state| !state.starts_with('Z')) {
            found.insert(pid);
        }
    }
    found
}

fn resident_kilobytes(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited too long: {what}");
        tokio::task::yield_now().await;
    }
}

/// A pool whose one worker has started, and that worker.
async fn pool_and_worker(config: WorkersConfig) -> (Pool, i32, Shutdown) {
    let shutdown = Shutdown::new();
    let pool = Pool::start(config, shutdown.clone());
    works(&pool).await;
    let pids = workers();
    assert_eq!(pids.len(), 1, "one worker");
    (pool, *pids.first().unwrap(), shutdown)
}

async fn finish(shutdown: Shutdown) {
    assert!(shutdown.finish(PATIENCE).await);
    until("the workers are gone", || workers().is_empty()).await;
}

fn paragraph(text: &str) -> Vec<Block> {
    vec![Block::Paragraph(vec![Span::plain(text)])]
}

/// A healthy document in so many parts, each by a client of its own.
fn document(parts: usize) -> Vec<Bytes> {
    let mut log = vec![doc::seed_rich_text(1, &paragraph("line 0")).unwrap()];
    for number in 1..parts {
        let change = Change::Append(paragraph(&format!("line {number}")));
        let update = doc::edit(&log, &Edit { client: number as u64 + 1, change }).unwrap();
        log.push(update);
    }
    log
}

async fn works(pool: &Pool) {
    let answer = pool.run(Job::Read { parts: document(2), form: Form::Text }).await;
    assert_eq!(answer, Ok(Answer::Text("line 0\nline 1\n".to_owned())));
}

/// An update of one structure in the list `x`: `content` is what follows its parent.
fn update(client: u64, clock: u64, info: u8, content: &[u8]) -> Bytes {
    let mut out = vec![1, 1];
    lib0::write_var_uint(&mut out, client);
    lib0::write_var_uint(&mut out, clock);
    out.extend([info, 1, 1, b'x']);
    out.extend_from_slice(content);
    out.push(0);
    out.into()
}

fn deep_value(depth: usize) -> Bytes {
    let mut content = vec![1];
    content.extend([0x75, 1].repeat(depth));
    content.push(0x7e);
    update(7, 0, 8, &content)
}

/// Maps in maps that each claim to hold 2^28 entries.
fn boasting_maps(depth: usize) -> Bytes {
    let mut content = vec![1];
    for _ in 0..depth {
        content.extend([0x76, 0xff, 0xff, 0xff, 0x7f, 1, b'k']);
    }
    content.push(0x7e);
    update(7, 0, 8, &content)
}

/// Shared types in shared types.
fn deep_types(depth: u64) -> Bytes {
    let mut out = vec![1];
    lib0::write_var_uint(&mut out, depth);
    out.extend([7, 0, 7, 1, 1, b'x', 0]);
    for clock in 0..depth - 1 {
        out.extend([7, 0, 7]);
        lib0::write_var_uint(&mut out, clock);
        out.push(0);
    }
    out.push(0);
    out.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_has_its_answer() {
    let _turn = TURN.lock().await;
    let (pool, _, shutdown) = pool_and_worker(config()).await;
    let parts = document(5);
    let Ok(Answer::Update(whole)) = pool.run(Job::Diff { parts: parts.clone(), state_vector: vec![0].into() }).await
    else {
        panic!("no diff")
    };
    let hash = |parts| pool.run(Job::Read { parts, form: Form::StateHash });
    assert_eq!(hash(vec![whole.clone()]).await, hash(parts.clone()).await);
    let Ok(Answer::Compacted(compacted)) = pool.run(Job::Compact { parts: parts.clone() }).await else {
        panic!("not compacted")
    };
    assert_eq!(hash(compacted.parts.clone()).await, hash(parts.clone()).await);
    let index = compacted.index;
    assert_eq!(pool.run(Job::Verify { parts: parts.clone(), index: index.clone() }).await, Ok(Answer::Verdict(true)));
    let fewer = Job::Verify { parts: parts[..4].to_vec(), index };
    assert_eq!(pool.run(fewer).await, Ok(Answer::Verdict(false)));
    let covers = |parts: &[Bytes], update: &Bytes| Job::Covers { parts: parts.to_vec(), update: update.clone() };
    assert_eq!(pool.run(covers(&parts, &whole)).await, Ok(Answer::Verdict(true)));
    assert_eq!(pool.run(covers(&parts[..4], &whole)).await, Ok(Answer::Verdict(false)));
    let edit = Edit { client: 99, change: Change::Replace(paragraph("new")) };
    let Ok(Answer::Update(update)) = pool.run(Job::Edit { parts: parts.clone(), edit }).await else {
        panic!("no edit")
    };
    let edited = [parts.clone(), vec![update]].concat();
    assert_eq!(pool.run(Job::Read { parts: edited, form: Form::Text }).await, Ok(Answer::Text("new\n".to_owned())));
    assert_eq!(pool.run(Job::Check { parts: parts.clone() }).await, Ok(Answer::Fault(None)));
    assert!(matches!(pool.run(Job::Compact { parts: vec![vec![9].into()] }).await, Err(JobError::Refused(_))));
    finish(shutdown).await;
    assert_eq!(pool.run(Job::Check { parts }).await, Err(JobError::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_nothing_but_its_pipes() {
    let _turn = TURN.lock().await;
    let (_pool, pid, shutdown) = pool_and_worker(config()).await;
    let proc = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
    assert_eq!(std::fs::read(proc("environ")).unwrap(), b"MIMALLOC_ARENA_EAGER_COMMIT=0\0");
    assert_eq!(std::fs::read_link(proc("cwd")).unwrap(), PathBuf::from("/"));
    // What this process was itself started with goes on to its children; what it has opened does not.
    let handed_on = |fd: &str| {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or("02000000").trim().to_owned();
        u32::from_str_radix(&flags, 8).unwrap() & 0o2_000_000 == 0
    };
    for entry in std::fs::read_dir(proc("fd")).unwrap().flatten() {
        let fd = entry.file_name().to_string_lossy().into_owned();
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        let is_pipe = target.to_string_lossy().starts_with("pipe:");
        assert!(if ["0", "1", "2"].contains(&fd.as_str()) { is_pipe } else { handed_on(&fd) }, "{fd}: {target:?}");
    }
    let limits = std::fs::read_to_string(proc("limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max data size"), (2u64 << 30).to_string());
    assert_eq!(limit("Max address space"), (4u64 << 30).to_string());
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max open files"), "16");
    assert_eq!(limit("Max processes"), "0");
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_a_busy_worker_loses_one_job() {
    let _turn = TURN.lock().await;
    let (pool, pid, shutdown) = pool_and_worker(config()).await;
    let parts = vec![update(7, 0, 8, &[1, 0x7e]); 1_000_000];
    let busy = tokio::spawn({
        let pool = pool.clone();
        async move { pool.run(Job::Check { parts }).await }
    });
    until("the job has arrived", || resident_kilobytes(pid) > 30_000).await;
    signal(pid, Signal::KILL);
    assert_eq!(busy.await.unwrap(), Err(JobError::Crashed));
    works(&pool).await;
    assert!(!workers().contains(&pid));
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_idle_costs_nothing() {
    let _turn = TURN.lock().await;
    let (pool, pid, shutdown) = pool_and_worker(config()).await;
    signal(pid, Signal::KILL);
    until("it is dead", || workers().is_empty()).await;
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_job_is_ended() {
    let _turn = TURN.lock().await;
    let (pool, pid, shutdown) =
        pool_and_worker(WorkersConfig { job_timeout: Duration::from_secs(2), ..config() }).await;
    signal(pid, Signal::STOP);
    assert_eq!(pool.run(Job::Check { parts: document(1) }).await, Err(JobError::TimedOut));
    assert!(!workers().contains(&pid));
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_has_an_end() {
    let _turn = TURN.lock().await;
    let (pool, pid, shutdown) = pool_and_worker(WorkersConfig { queue: 2, ..config() }).await;
    signal(pid, Signal::STOP);
    let jobs: Vec<_> = (0..10)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.run(Job::Check { parts: document(1) }).await })
        })
        .collect();
    until("the rest is turned away", || jobs.iter().filter(|job| job.is_finished()).count() >= 6).await;
    signal(pid, Signal::CONT);
    let mut turned_away = 0;
    for job in jobs {
        match job.await.unwrap() {
            Err(JobError::Busy) => turned_away += 1,
            answer => assert_eq!(answer, Ok(Answer::Fault(None))),
        }
    }
    // One at work, two waiting, and one that came between.
    assert!((6..=7).contains(&turned_away), "{turned_away}");
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_nobody_waits_for_is_finished() {
    let _turn = TURN.lock().await;
    let (pool, pid, shutdown) = pool_and_worker(config()).await;
    for _ in 0..20 {
        let _ = tokio::time::timeout(Duration::ZERO, pool.run(Job::Check { parts: document(3) })).await;
    }
    works(&pool).await;
    assert_eq!(workers(), BTreeSet::from([pid]));
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_recycled() {
    let _turn = TURN.lock().await;
    let (pool, first, shutdown) = pool_and_worker(WorkersConfig { jobs_before_recycle: 3, ..config() }).await;
    works(&pool).await;
    works(&pool).await;
    until("the first is gone", || !workers().contains(&first)).await;
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bytes_hurt_nobody_but_the_worker() {
    let _turn = TURN.lock().await;
    let (pool, _, shutdown) = pool_and_worker(WorkersConfig { memory_bytes: 512 << 20, ..config() }).await;
    let deep = pool.run(Job::Check { parts: vec![deep_value(3_000_000)] }).await;
    assert_eq!(deep, Err(JobError::Crashed));
    let nested = pool.run(Job::Compact { parts: vec![deep_types(10_000)] }).await;
    assert!(nested.is_err(), "deeper than the guard allows: {nested:?}");
    let hog = pool.run(Job::Check { parts: vec![boasting_maps(300)] }).await;
    assert!(matches!(hog, Err(JobError::OutOfMemory) | Ok(Answer::Fault(Some(0)))), "{hog:?}");
    let boast = Job::Diff { parts: document(1), state_vector: Bytes::from_static(&[0xff, 0xff, 0xff, 0x7f]) };
    assert!(pool.run(boast).await.is_err());
    // A gap, and two stories about the same clock.
    let gap = update(7, 5, 8, &[1, 0x7e]);
    assert_eq!(pool.run(Job::Check { parts: vec![gap] }).await, Ok(Answer::Fault(Some(0))));
    let stories = vec![update(7, 0, 8, &[1, 0x7e]), update(7, 0, 4, &[3, b'a', b'b', b'c'])];
    let _ = pool.run(Job::Compact { parts: stories }).await;
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_too_large_for_a_worker_is_refused_as_such() {
    let _turn = TURN.lock().await;
    let (pool, _, shutdown) = pool_and_worker(WorkersConfig { memory_bytes: 300 << 20, ..config() }).await;
    let parts = vec![Bytes::from(vec![b'x'; 60 << 20])];
    assert_eq!(pool.run(Job::Check { parts }).await, Err(JobError::OutOfMemory));
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mangled_logs_hurt_nobody_but_the_worker() {
    let _turn = TURN.lock().await;
    let config = WorkersConfig { memory_bytes: 512 << 20, job_timeout: Duration::from_secs(3), ..config() };
    let (pool, _, shutdown) = pool_and_worker(config).await;
    let seed = uuid::Uuid::now_v7().as_u128() as u64;
    println!("seed {seed}");
    let mut state = seed | 1;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let log = document(6);
    let mut outcomes = std::collections::BTreeMap::new();
    for _ in 0..200 {
        let mut parts = log.clone();
        for _ in 0..1 + draw(4) {
            let at = draw(parts.len());
            match draw(3) {
                0 => {
                    parts.remove(at);
                }
                1 => {
                    let last = parts.len() - 1;
                    parts.swap(at, last);
                }
                _ => {
                    let mut bytes = parts[at].to_vec();
                    let place = draw(bytes.len());
                    bytes[place] = draw(256) as u8;
                    parts[at] = bytes.into();
                }
            }
            if parts.is_empty() {
                break;
            }
        }
        let outcome = match pool.run(Job::Compact { parts }).await {
            Ok(_) => "done",
            Err(JobError::Refused(_)) => "refused",
            Err(error) if error.is_of_the_job() => "died",
            Err(error) => panic!("{error}"),
        };
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    println!("{outcomes:?}");
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_the_one_update_at_fault_is_found() {
    let _turn = TURN.lock().await;
    let (pool, _, shutdown) = pool_and_worker(config()).await;
    let log = document(40);
    assert_eq!(find_bad(&pool, log.clone()).await, Ok(None));
    assert_eq!(find_bad(&pool, vec![]).await, Ok(None));
    for (at, what) in [(0, "deadly"), (17, "deadly"), (39, "deadly"), (0, "wrong"), (23, "wrong")] {
        let mut parts = log.clone();
        parts[at] = if what == "deadly" { deep_value(3_000_000) } else { Bytes::from_static(&[1, 2, 3]) };
        assert_eq!(find_bad(&pool, parts).await, Ok(Some(at)), "a {what} update");
    }
    works(&pool).await;
    finish(shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_worker_is_not_the_jobs_fault() {
    let _turn = TURN.lock().await;
    for program in ["/bin/true", "/nowhere/unisson"] {
        let shutdown = Shutdown::new();
        let pool = Pool::start(WorkersConfig { program: program.into(), ..config() }, shutdown.clone());
        let parts = vec![Bytes::from_static(&[1, 2, 3])];
        assert_eq!(pool.run(Job::Check { parts: parts.clone() }).await, Err(JobError::Unavailable));
        assert_eq!(find_bad(&pool, parts).await, Err(JobError::Unavailable));
        finish(shutdown).await;
    }
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_le_bytes()[..], body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_with_its_server_in_the_middle_of_a_job() {
    let _turn = TURN.lock().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_unisson"))
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut hello = vec![1];
    lib0::write_var_uint(&mut hello, 4 << 30);
    input.write_all(&frame(&hello)).unwrap();
    let mut ready = [0; 5];
    output.read_exact(&mut ready).unwrap();
    // A job of a million updates.
    let small = update(7, 0, 8, &[1, 0x7e]);
    let mut job = vec![6];
    lib0::write_var_uint(&mut job, 1_000_000);
    for _ in 0..1_000_000 {
        lib0::write_var_bytes(&mut job, &small);
    }
    input.write_all(&frame(&job)).unwrap();
    drop(input);
    let status = child.wait().unwrap();
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(rest, b"", "it had not finished");
}
