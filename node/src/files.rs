//! The limit of open files, and who gets how many of them.
//!
//! A process that runs out of files cannot write its store any more. So the limit is raised at the start as far as the
//! system lets it, the store, the other nodes and the operations listener have theirs first, and the public API gets what
//! is left.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The node does not start with fewer.
pub const FILES_MIN: usize = 1_024;
/// More are never of use.
const FILES_MAX: u64 = 65_536;
/// Table files of the store that stay open, where the limit allows it; a fourth of the limit where it does not.
const STORE_TABLES_MAX: usize = 512;
const STORE_TABLES_MIN: usize = 128;
/// The store's journals, blob files and manifest, and files being written.
const STORE_OTHERS: usize = 64;
/// Connections of other nodes, on both ports: the engine lets in 200, the mempool two for each validator and 64 that are
/// not known yet.
const PEERS: usize = 384;
/// Connections of the operations listener.
pub const OPERATIONS: usize = 64;
/// Consensus log, sign-state, log, event queues, callers that are being refused.
const PROCESS: usize = 96;

/// Who gets how many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePlan {
    /// Limit of the process.
    pub files: usize,
    /// Table files that the store keeps open.
    pub store_tables: usize,
    /// Connections of the public API at most.
    pub api: usize,
}

impl FilePlan {
    /// Of a process that may open `files` files.
    pub fn of(files: usize) -> Self {
        let store_tables = (files / 4).clamp(STORE_TABLES_MIN, STORE_TABLES_MAX);
        let reserve = store_tables + STORE_OTHERS + PEERS + OPERATIONS + PROCESS;
        Self { files, store_tables, api: files.saturating_sub(reserve) }
    }

    /// Of this process as it is now.
    pub fn now() -> Self {
        Self::of(limit())
    }
}

/// Files this process may open now.
pub fn limit() -> usize {
    let current = getrlimit(Resource::Nofile).current.unwrap_or(FILES_MAX);
    usize::try_from(current.min(FILES_MAX)).unwrap_or(usize::MAX)
}

/// Files this process has open; unknown where the system does not show them.
pub fn open_now() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Raises the limit as far as the system lets this process. Where it refuses, the limit stays.
pub fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(FILES_MAX, |maximum| maximum.min(FILES_MAX));
    if current.is_some_and(|current| current < wanted) {
        // What the limit is afterwards decides, not whether this was allowed.
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With systemd's usual 1,024 the store took 512 and connections the rest: the store could then open no file.
    #[test]
    fn store_and_peers_have_theirs_before_the_api() {
        for files in [1_024, 1_500, 2_048, 4_096, 65_536] {
            let plan = FilePlan::of(files);
            assert!(plan.store_tables + STORE_OTHERS + PEERS + OPERATIONS + PROCESS + plan.api <= files, "{plan:?}");
            assert!(plan.api >= 128, "{plan:?}");
        }
        let (least, usual) = (FilePlan::of(FILES_MIN), FilePlan::of(4_096));
        assert_eq!((least.store_tables, least.api), (256, 160));
        assert_eq!((usual.store_tables, usual.api), (512, 2_976));
    }

    #[test]
    fn the_limit_is_raised_and_never_lowered() {
        let before = limit();
        raise_limit();
        assert!(limit() >= before);
        assert!(open_now().is_none_or(|open| open > 2));
    }
}
