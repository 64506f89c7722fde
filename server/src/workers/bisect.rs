//! Finding the one update that a document can't be built with.

use bytes::Bytes;

use super::{Answer, Job, JobError, Pool};

/// The first part that can't be applied after those before it, counted from 0; `None` if all can. Takes
/// O(log n) jobs: a worker names a part that merely fails, one that a worker dies of is closed in on.
///
/// An error says that no worker was to be had, and nothing about the parts.
pub async fn find_bad(pool: &Pool, parts: Vec<Bytes>) -> Result<Option<usize>, JobError> {
    let mut bad = match judge(pool, &parts).await? {
        Judgement::Good => return Ok(None),
        Judgement::Fault(part) => return Ok(Some(part)),
        Judgement::Deadly => parts.len(),
    };
    // The first `good` parts can be applied; of the first `bad` a worker dies.
    let mut good = 0;
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        match judge(pool, &parts[..middle]).await? {
            Judgement::Good => good = middle,
            Judgement::Fault(part) => return Ok(Some(part)),
            Judgement::Deadly => bad = middle,
        }
    }
    // A worker may have died of something else. Nothing is set aside on the word of one.
    match judge(pool, &parts[..bad]).await? {
        Judgement::Good => Ok(None),
        Judgement::Fault(part) => Ok(Some(part)),
        Judgement::Deadly => Ok(bad.checked_sub(1)),
    }
}

enum Judgement {
    Good,
    Fault(usize),
    Deadly,
}

async fn judge(pool: &Pool, parts: &[Bytes]) -> Result<Judgement, JobError> {
    match pool.run(Job::Check { parts: parts.to_vec() }).await {
        Ok(Answer::Fault(Some(part))) => Ok(Judgement::Fault(part)),
        Ok(_) => Ok(Judgement::Good),
        Err(error) if error.is_of_the_job() => Ok(Judgement::Deadly),
        Err(error) => Err(error),
    }
}
