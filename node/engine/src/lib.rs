//! Glue to the Malachite consensus engine (Tendermint BFT), behind an interface of our own.
//!
//! The node implements [`Application`] and calls [`run`]. Nothing of Malachite appears in a public signature, so the
//! rest of the node is free of its types and of their compile time.
//!
//! ```text
//!            Application (node)                         peers
//!                 ^   |                                   ^
//!   propose, consider, commit ...                         | libp2p: TCP + noise + yamux
//!                 |   v                                   v
//!   host  <--->  consensus actor  <----------------> network actor
//!     |               |       \
//!   parts          WAL actor   sync actor           supervisor: first failure -> Exit
//! ```
//!
//! # Invariants
//!
//! * **The value agreed on is the header hash.** The block travels beside it as parts ([`PART_BYTES`] each), so every
//!   node judges a block before voting for it. The engine's other mode, in which a proposal is believed, is never used.
//! * **A block is on disk before the engine hears of it.** [`Application::propose`] and [`Application::consider`] sync
//!   it first, and only then is the engine answered; otherwise a site-wide power loss could leave a quorum of votes for
//!   bytes that nobody has. For the same (height, round) `propose` gives the same block again, also after a restart.
//! * **No answer delays another.** Every question of the engine carries its own reply port. The host task hands work
//!   to tasks of its own and never waits for one; the table in `host.rs` says what each missing answer means.
//! * **A height is never restarted.** The engine offers it, and it would reset the write-ahead log and might sign twice.
//!   If a commit fails the process stops with one sentence ([`Exit`]) and resumes when started again.
//! * **Nothing is signed before the sign-state holds it**, synced, and nothing that contradicts what it holds. `gate.rs` keeps
//!   back what it withholds; the log is looked through before the engine, which would cut it, opens it (`log_walk.rs`).
//! * **A failure of the write-ahead log ends the process.** Left alone the engine hangs on purpose; our supervisor takes
//!   the place of its own, so the reason arrives as [`Exit::WriteAheadLog`].
//!
//! # Why the engine's channel connector is not used
//!
//! `arc-malachitebft-app-channel` puts a connector between the engine and an application. Its handler (`connector.rs`)
//! sends a message on a channel and then awaits the reply before it looks at the next message; only `Decided` and
//! `Finalized` are waited for in a task. A block under validation (the reply to its last part) would hold back
//! `StartedRound`, for which the consensus actor itself waits, and all requests of syncing peers; a slow block would
//! stall voting. There is no other way in for a verdict: `ConsensusMsg::ReceivedProposedValue` exists as a type, but
//! its channels carry only state dumps. The engine's own actor protocol has no such limit: it asks with
//! `call_and_forward`, which awaits each reply in a task of its own. So this crate spawns the same six actors with the
//! same functions as `EngineBuilder::build`, but with its own host actor and its own supervisor. A reply port that is
//! dropped means "no answer": the round then times out, and a synced value is asked for again without blame.
//!
//! # A node that refuses a block that the others decide
//!
//! (For instance because its clock is off.) It votes nil; the quorum of precommits moves it to the next round, since
//! the engine decides only on values it was told are valid. Its peers' status then shows their higher tip, the sync
//! actor fetches the block with its certificate, the engine checks the certificate and hands the bytes to
//! [`Application::consider`] with [`Source::Sync`], where no clock is consulted. A valid verdict replaces the earlier
//! invalid one (never the reverse) and the height is decided. `tests/it` shows it.

mod actors;
mod application;
mod claims;
mod codec;
mod conduct;
mod config;
mod context;
mod decisions;
mod error;
mod evidence;
mod gate;
mod guard;
mod host;
mod log_walk;
mod part;
mod parts;
mod peers;
mod recent;
mod recover;
mod relay;
mod run;
mod scheme;
mod sign_state;
mod signing;
mod status;
mod types;
mod wire;

pub use application::{AppError, Application, Candidate, HeightStart, Proposed, Source, Undecided, Verdict};
pub use config::{EngineConfig, Limits, PubSub, Timeouts};
pub use error::{EngineError, Exit};
pub use parts::PART_BYTES;
pub use peers::{Peers, check_peers};
pub use recover::{Recovered, inspect, recover, sign_state_key, succeed};
pub use run::{EngineHandle, metrics_text, peer_id, run};
pub use sign_state::{SignBinding, SigningStatus};
pub use status::{Decision, EngineStatus, Noted, PeerStatus, Phase, VoteSeen};

// The network of the integration tests, for tests that speak as the engine does.
#[cfg(test)]
extern crate self as huxin_engine;
#[cfg(test)]
#[path = "../tests/it/net.rs"]
#[allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod test_net;
