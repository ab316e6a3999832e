//! `rate_limit`: how many requests may come, all clients together.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A bucket that holds `burst` requests and gains one every `interval`.
#[derive(Debug)]
pub struct Rate {
    interval: Duration,
    burst: u32,
    /// When the bucket is full again; absent while it is.
    full: Mutex<Option<Instant>>,
}

impl Rate {
    /// A full bucket.
    #[must_use]
    pub fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, burst, full: Mutex::new(None) }
    }

    /// Takes one request out of the bucket, unless it is empty.
    pub fn allows(&self, now: Instant) -> bool {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let then = full.unwrap_or(now).max(now) + self.interval;
        let is_allowed = then.duration_since(now) <= self.interval.saturating_mul(self.burst);
        if is_allowed {
            *full = Some(then);
        }
        is_allowed
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a moment to begin with")]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_every_interval() {
        let (rate, start) = (Rate::new(Duration::from_secs(2), 3), Instant::now());
        let allowed = |second| rate.allows(start + Duration::from_secs(second));
        assert_eq!(
            [0, 0, 0, 0, 1, 2, 2, 4].map(allowed),
            [true, true, true, false, false, true, false, true]
        );
        assert_eq!([100, 100, 100, 100].map(allowed), [true, true, true, false]);
    }
}
