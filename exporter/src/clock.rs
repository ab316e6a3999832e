//! The only place that reads the clocks; what computes with time has it passed in.
#![allow(clippy::disallowed_methods, reason = "this is that place")]

use std::time::{Duration, Instant, SystemTime};

use crate::snapshot::Moment;

/// The monotonic clock: the runtime's, which tests can pause.
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How much time has passed since `begin`.
#[must_use]
pub fn since(begin: Instant) -> Duration {
    now().saturating_duration_since(begin)
}

/// The wall clock of this machine.
#[must_use]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        let since_1970 = wall().duration_since(SystemTime::UNIX_EPOCH);
        // Before 1970 only when the clock was never set.
        Self { unix: since_1970.map_or(0.0, |since| since.as_secs_f64()), monotonic: now() }
    }
}

#[cfg(test)]
mod tests {
    use headlag_service::purity;

    /// clippy.toml keeps the clocks of the libraries out; this keeps out this module, the
    /// runtime, the network and what imports them.
    #[test]
    fn what_is_marked_pure_does_no_input_or_output() {
        let impure = [
            "tokio",
            "reqwest",
            "std::fs",
            "std::net",
            "clock::",
            "::now()",
            "fastrand",
            "round::",
            "node::",
            "super::exchange",
        ];
        let pure = purity::check(env!("CARGO_MANIFEST_DIR"), &impure).unwrap();
        assert!(pure >= 12, "{pure}");
    }
}
