//! The only place that reads the clocks; what computes with time has it passed in.
#![allow(clippy::disallowed_methods, reason = "this is that place")]

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The monotonic clock: the runtime's, which tests can pause.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How much time has passed since `begin`.
pub fn since(begin: Instant) -> Duration {
    now().saturating_duration_since(begin)
}

/// The wall clock of this machine.
pub fn wall() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use headlag_service::purity;

    /// clippy.toml keeps the clocks out; this keeps out the runtime and the network.
    #[test]
    fn what_is_marked_pure_does_no_input_or_output() {
        let impure = ["tokio", "reqwest::Client", "std::fs", "std::net", "clock::"];
        let pure = purity::check(env!("CARGO_MANIFEST_DIR"), &impure).unwrap();
        assert!(pure >= 11, "{pure}");
    }
}
