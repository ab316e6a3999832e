//! The only place that reads the clocks; what computes with time has it passed in.
#![allow(clippy::disallowed_methods, reason = "this is that place")]

use std::time::Instant;

use jiff::Timestamp;

/// The monotonic clock: the runtime's, which tests can pause.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How much time has passed since `begin`.
pub fn since(begin: Instant) -> std::time::Duration {
    now().saturating_duration_since(begin)
}

/// The wall clock of this machine.
pub fn wall() -> Timestamp {
    Timestamp::now()
}
