//! A row of failures: how long to wait, when to give up, and what is worth a log line.

use std::time::Duration;

use super::fault::Fault;
use crate::{chat::said::Said, metrics::Metrics};

/// So many rejections of the token in a row end the process.
const REJECTIONS: u32 = 3;

/// Why the bot cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Telegram does not know the token; ask @BotFather for it and give it in \
     --telegram.token-file or CHARTBOT_TELEGRAM_TOKEN"
)]
pub struct Ended;

/// A row of failures: logged when it begins, once for each further kind of failure, and when
/// it is over.
#[derive(Debug)]
pub struct Outage {
    failures: u32,
    rejections: u32,
    said: Said,
    last: Option<Fault>,
    metrics: Metrics,
}

impl Outage {
    /// No failure yet.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { failures: 0, rejections: 0, said: Said::default(), last: None, metrics }
    }

    /// Another failure; returns how long to wait before the next attempt.
    ///
    /// # Errors
    /// When the token was rejected for the last time.
    pub fn failed(&mut self, fault: Fault) -> Result<Duration, Ended> {
        if let Some(kind) = fault.kind() {
            self.metrics.telegram_error(kind);
            if self.said.begins(kind.label()) {
                tracing::warn!(reason = kind.label(), "cannot receive from Telegram: {fault}; trying again");
            }
        }
        self.rejections = match fault {
            Fault::Unauthorized => self.rejections + 1,
            _ => 0,
        };
        if self.rejections >= REJECTIONS {
            return Err(Ended);
        }
        let pause = fault.pause(self.failures);
        self.failures += 1;
        self.last = Some(fault);
        Ok(pause)
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
        self.rejections = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_resets_the_pauses() {
        let mut outage = Outage::new(Metrics::default());
        let (wait, second) = (Duration::from_secs(77), Duration::from_secs(1));
        assert_eq!(outage.failed(Fault::NoConnection), Ok(second));
        assert_eq!(outage.failed(Fault::NoConnection), Ok(second * 2));
        assert_eq!(outage.failed(Fault::TooMany(wait)), Ok(wait));
        outage.over();
        assert_eq!(outage.failed(Fault::NoConnection), Ok(second));
    }

    #[test]
    fn only_a_token_rejected_in_a_row_ends_it() {
        let mut outage = Outage::new(Metrics::default());
        for fault in [Fault::Unauthorized, Fault::Unauthorized, Fault::Conflict] {
            assert!(outage.failed(fault).is_ok());
        }
        outage.over();
        assert!(outage.failed(Fault::Unauthorized).is_ok());
        assert!(outage.failed(Fault::Unauthorized).is_ok());
        assert_eq!(outage.failed(Fault::Unauthorized), Err(Ended));
    }
}
