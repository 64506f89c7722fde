//! What a process and those it has started take: CPU time and memory, read from `/proc`.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Context, Result};

/// Linux counts in these towards user space, on every architecture that matters here.
const TICKS_PER_SECOND: u64 = 100;

/// A process and all below it.
#[derive(Clone, Copy, Debug)]
pub struct Tree(pub u32);

impl Tree {
    /// CPU time so far, of ended children too; in steps of 10 ms. For spans of seconds.
    pub fn cpu(self) -> Result<Duration> {
        let mut ticks = 0;
        for id in self.members()? {
            // One that has ended since is in its parent's count.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            let fields = fields(&stat);
            // utime, stime, cutime, cstime: the 14th to the 17th.
            ticks += fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
        }
        Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    }

    /// CPU time of this process alone so far, those it has started left out.
    pub fn own_cpu() -> Result<Duration> {
        let stat = fs::read_to_string("/proc/self/stat").context("can't read /proc")?;
        let ticks: u64 = fields(&stat).iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    }

    /// CPU time of the threads that run now, to the nanosecond; threads that have ended are missing. For spans of
    /// milliseconds.
    pub fn fine_cpu(self) -> Result<Duration> {
        let mut nanos = 0;
        for id in self.members()? {
            let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { continue };
            for thread in threads.flatten() {
                let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
                nanos += text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
            }
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Memory in bytes; pages that several processes share are divided among them.
    pub fn memory(self) -> Result<u64> {
        let mut kib = 0;
        for id in self.members()? {
            let Ok(text) = fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else { continue };
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
            kib += line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(kib * 1_024)
    }

    fn members(self) -> Result<Vec<u32>> {
        let mut below: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc").context("can't read /proc")?.flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            if let Some(parent) = fields(&stat).get(1).and_then(|field| field.parse().ok()) {
                below.entry(parent).or_default().push(id);
            }
        }
        let mut members = vec![self.0];
        let mut at = 0;
        while let Some(id) = members.get(at) {
            members.extend(below.remove(id).unwrap_or_default());
            at += 1;
        }
        Ok(members)
    }
}

/// The fields of a `stat` line from the third on: the name before them may hold anything.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_some() {
        let tree = Tree(std::process::id());
        let before = tree.fine_cpu().unwrap();
        let sum: u64 = (0..5_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n.wrapping_mul(sum | 1)));
        std::hint::black_box(sum);
        assert!(tree.fine_cpu().unwrap() > before);
        assert!(tree.cpu().is_ok() && tree.memory().unwrap() > 100_000);
    }
}
