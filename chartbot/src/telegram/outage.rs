//! A row of failures: how long to wait, and what is worth a log line.

use std::time::Duration;

use super::fault::Fault;
use crate::{chat::said::Said, metrics::Metrics};

/// A row of failures: logged when it begins, once for each further kind of failure, and when
/// it is over.
#[derive(Debug)]
pub struct Outage {
    failures: u32,
    said: Said,
    last: Option<Fault>,
    metrics: Metrics,
}

impl Outage {
    /// No failure yet.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { failures: 0, said: Said::default(), last: None, metrics }
    }

    /// Another failure; returns how long to wait before the next attempt.
    pub fn failed(&mut self, fault: Fault) -> Duration {
        if let Some(kind) = fault.kind() {
            self.metrics.telegram_error(kind);
            if self.said.begins(kind.label()) {
                tracing::warn!(reason = kind.label(), "cannot receive from Telegram: {fault}; trying again");
            }
        }
        let pause = fault.pause(self.failures);
        self.failures += 1;
        self.last = Some(fault);
        pause
    }

    /// Whether the last failure was that another program polls.
    #[must_use]
    pub fn is_a_conflict(&self) -> bool {
        self.last == Some(Fault::Conflict)
    }

    /// An attempt succeeded.
    pub fn over(&mut self) {
        if self.said.ends() {
            tracing::info!(failures = self.failures, "Telegram answers again");
        }
        self.last = None;
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_resets_the_pauses() {
        let mut outage = Outage::new(Metrics::default());
        let (wait, second) = (Duration::from_secs(77), Duration::from_secs(1));
        assert_eq!(outage.failed(Fault::NoConnection), second);
        assert_eq!(outage.failed(Fault::NoConnection), second * 2);
        assert_eq!(outage.failed(Fault::TooMany(wait)), wait);
        outage.over();
        assert_eq!(outage.failed(Fault::NoConnection), second);
    }
}
