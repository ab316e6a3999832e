//! PURE: when a node is left alone for a while.

use std::time::{Duration, Instant};

use crate::{answer::Reason, config::Role};

/// No pause is longer, so that a node that is back is seen within this time.
pub const LONGEST: Duration = Duration::from_secs(300);

/// So many failures in a row are bad luck; the next one of a reference begins a pause.
const TOLERATED: u32 = 2;

/// Whether a node is paused. A reference pauses for longer with every failure in a row, so
/// that a dead one is not asked in every round; it is one of several. A watched node is asked
/// in every round, however often it fails, since its first answer is what its operator
/// waits for. Both pause for as long as they ask to be left alone.
#[derive(Debug)]
pub struct Pause {
    role: Role,
    poll_interval: Duration,
    failures: u32,
    /// The last failure.
    reason: Option<Reason>,
    /// Absent where failures are no reason for a pause.
    backs_off_until: Option<Instant>,
    /// Absent where it did not ask for a pause.
    asked_until: Option<Instant>,
}

impl Pause {
    /// Not paused.
    pub fn new(role: Role, poll_interval: Duration) -> Self {
        let (reason, backs_off_until, asked_until) = (None, None, None);
        Self { role, poll_interval, failures: 0, reason, backs_off_until, asked_until }
    }

    /// Why the node is not to be asked at `now`: its last failure. Absent when it is.
    pub fn reason_at(&self, now: Instant) -> Option<Reason> {
        let is_paused = self.backs_off_until.max(self.asked_until).is_some_and(|until| now < until);
        self.reason.filter(|_| is_paused)
    }

    /// The node answered.
    pub fn succeeds(&mut self) {
        *self = Self::new(self.role, self.poll_interval);
    }

    /// The node failed for `reason` at `now`, and asked to be left alone for `retry_after`.
    /// `jitter`, from 0 to 1, keeps many nodes from being asked again together.
    pub fn fails(&mut self, now: Instant, reason: Reason, retry_after: Option<Duration>, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        self.reason = Some(reason);
        self.backs_off_until = match self.role {
            Role::Reference => Some(now + self.growing(jitter)),
            Role::Watched => None,
        };
        self.asked_until = retry_after.map(|time| now + time);
    }

    /// The failures so far are forgotten; what the node asked for still holds.
    pub fn ends(&mut self) {
        (self.failures, self.backs_off_until) = (0, None);
    }

    /// One to two intervals at first, then twice as much each time.
    fn growing(&self, jitter: f64) -> Duration {
        let doublings = self.failures.saturating_sub(TOLERATED);
        if doublings == 0 {
            return Duration::ZERO;
        }
        let longest = self.poll_interval.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
        longest.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const INTERVAL: Duration = Duration::from_secs(15);

    /// The pauses in seconds after each of so many failures, asked again as soon as allowed.
    fn pauses(role: Role, retry_after: Option<u64>, jitter: f64, failures: usize) -> Vec<u64> {
        let mut pause = Pause::new(role, INTERVAL);
        let mut now = clock::now();
        let mut seconds = Vec::new();
        for _ in 0..failures {
            pause.fails(now, Reason::Timeout, retry_after.map(Duration::from_secs), jitter);
            let failed = now;
            while pause.reason_at(now).is_some() {
                now += Duration::from_millis(500);
            }
            seconds.push((now - failed).as_secs());
        }
        seconds
    }

    #[test]
    fn a_reference_pauses_ever_longer_but_never_over_five_minutes() {
        let reference = |jitter| pauses(Role::Reference, None, jitter, 9);
        assert_eq!(reference(0.0), [0, 0, 30, 60, 120, 240, 300, 300, 300]);
        assert_eq!(reference(1.0), [0, 0, 15, 30, 60, 120, 150, 150, 150]);
        assert_eq!(pauses(Role::Reference, None, 0.0, 100).last(), Some(&300));
    }

    #[test]
    fn a_watched_node_pauses_only_where_it_asks_for_that() {
        assert_eq!(pauses(Role::Watched, None, 0.0, 9), [0; 9]);
        assert_eq!(pauses(Role::Watched, Some(20), 0.0, 3), [20, 20, 20]);
        assert_eq!(pauses(Role::Watched, Some(0), 0.0, 1), [0]);
        assert_eq!(pauses(Role::Reference, Some(50), 0.0, 4), [50, 50, 50, 60]);
    }

    #[test]
    fn an_answer_ends_it_and_what_it_failed_for_is_known_meanwhile() {
        let mut pause = Pause::new(Role::Reference, INTERVAL);
        let now = clock::now();
        for reason in [Reason::Timeout, Reason::Connect(None), Reason::Tls(None)] {
            pause.fails(now, reason, None, 0.0);
        }
        assert_eq!(pause.reason_at(now), Some(Reason::Tls(None)));
        pause.succeeds();
        assert_eq!(pause.reason_at(now), None);
        pause.fails(now, Reason::Timeout, None, 0.0);
        assert_eq!(pause.reason_at(now), None, "it counts anew");
    }

    #[test]
    fn a_pause_can_be_ended_unless_the_node_asked_for_it() {
        let mut pause = Pause::new(Role::Reference, INTERVAL);
        let now = clock::now();
        for _ in 0..5 {
            pause.fails(now, Reason::Timeout, None, 0.0);
        }
        pause.ends();
        assert_eq!(pause.reason_at(now), None);
        pause.fails(now, Reason::RateLimited, Some(INTERVAL), 0.0);
        pause.ends();
        assert_eq!(pause.reason_at(now), Some(Reason::RateLimited));
    }
}
