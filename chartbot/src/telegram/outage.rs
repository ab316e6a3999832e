//! What goes wrong with Telegram: its kinds without URLs (they hold the token), how long
//! to wait, and what is worth a log line.

use std::time::Duration;

use headlag_service::outbound::{self, Failure};
use teloxide::{ApiError, RequestError};

use crate::{chat::said::Said, metrics::Metrics};

/// So many rejections of the token in a row end the process.
const REJECTIONS: u32 = 3;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// Why a request to Telegram failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Status 401 or 404: nobody has this token.
    #[error("Telegram does not know the token")]
    Unauthorized,
    /// Status 409: another program polls, or a webhook is set.
    #[error("another program receives the messages of this bot, or a webhook is set; end it")]
    Conflict,
    /// Status 429: wait so long.
    #[error("Telegram asks to wait for {} s", .0.as_secs())]
    TooMany(Duration),
    /// No connection was made.
    #[error("no connection to Telegram")]
    NoConnection,
    /// The connection broke, or there was no answer in time.
    #[error("{0}")]
    Unanswered(Failure),
    /// Not an answer of the Bot API, such as the page of a proxy.
    #[error("the answer was not one of the Bot API")]
    Unintelligible,
    /// The edit would have changed nothing.
    #[error("the message is the same already")]
    Unchanged,
    /// The message was deleted, or can be edited no more.
    #[error("the message is gone")]
    Gone,
    /// The press was too long ago to be answered.
    #[error("the press was too long ago")]
    TooOld,
    /// The user wants to hear nothing more.
    #[error("the user has blocked the bot")]
    Blocked,
    /// The Bot API said no, in these words.
    #[error("Telegram said: {0}")]
    Rejected(String),
}

/// What [`Fault::reason`] may be, but for what needs no counting.
pub const REASONS: [&str; 9] = [
    "unauthorized",
    "conflict",
    "too_many_requests",
    "connect",
    "timeout",
    "connection_lost",
    "malformed",
    "blocked",
    "rejected",
];

impl Fault {
    /// Its kind as a label of a metric and of a log line.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Conflict => "conflict",
            Self::TooMany(_) => "too_many_requests",
            Self::NoConnection => "connect",
            Self::Unanswered(Failure::Timeout) => "timeout",
            Self::Unanswered(_) => "connection_lost",
            Self::Unintelligible => "malformed",
            Self::Unchanged => "not_modified",
            Self::Gone => "message_gone",
            Self::TooOld => "query_too_old",
            Self::Blocked => "blocked",
            Self::Rejected(_) => "rejected",
        }
    }

    /// How long to wait before the same may be sent again after so many failures; absent
    /// where it must not be, since Telegram may have taken it or never will.
    #[must_use]
    pub fn pause_before_sending_again(&self, failures: u32) -> Option<Duration> {
        match self {
            Self::TooMany(pause) => Some(*pause),
            Self::NoConnection => Some(backoff(failures)),
            _ => None,
        }
    }
}

impl From<RequestError> for Fault {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::RetryAfter(pause) => Self::TooMany(pause.duration()),
            RequestError::Api(ApiError::InvalidToken) => Self::Unauthorized,
            RequestError::Api(ApiError::TerminatedByOtherGetUpdates | ApiError::CantGetUpdates) => {
                Self::Conflict
            }
            RequestError::Api(ApiError::Unknown(words)) if words.starts_with("Conflict") => Self::Conflict,
            RequestError::Api(ApiError::MessageNotModified) => Self::Unchanged,
            RequestError::Api(
                ApiError::MessageToEditNotFound | ApiError::MessageCantBeEdited | ApiError::MessageIdInvalid,
            ) => Self::Gone,
            RequestError::Api(ApiError::InvalidQueryId) => Self::TooOld,
            RequestError::Api(ApiError::Unknown(words)) if words.contains("query is too old") => Self::TooOld,
            RequestError::Api(ApiError::BotBlocked | ApiError::UserDeactivated) => Self::Blocked,
            RequestError::Api(ApiError::Unknown(words)) => Self::Rejected(words),
            RequestError::Api(other) => Self::Rejected(other.to_string()),
            RequestError::Network(error) if error.is_connect() && !error.is_timeout() => Self::NoConnection,
            RequestError::Network(error) => Self::Unanswered(outbound::classify(&error)),
            RequestError::InvalidJson { .. } => Self::Unintelligible,
            RequestError::MigrateToChatId(_) => Self::Rejected("the chat has moved".to_owned()),
            RequestError::Io(_) => Self::Rejected("the picture could not be read".to_owned()),
        }
    }
}

/// Why the bot cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Telegram does not know the token; ask @BotFather for it and give it in \
     --telegram.token-file or CHARTBOT_TELEGRAM_TOKEN"
)]
pub struct Ended;

/// The pause after so many failures in a row: 1, 2, 4 … 32 seconds.
#[must_use]
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(5)).min(LONGEST_PAUSE)
}

/// A row of failures: said once when it begins, once for each further kind of failure, and
/// once when it is over.
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

    /// Another failure; gives back how long to wait before the next attempt.
    ///
    /// # Errors
    /// When the token was rejected for the last time.
    pub fn failed(&mut self, fault: &Fault) -> Result<Duration, Ended> {
        self.metrics.telegram_error(fault.reason());
        self.last = Some(fault.clone());
        if self.said.begins(fault.reason()) {
            tracing::warn!(reason = fault.reason(), "cannot receive from Telegram: {fault}; trying again");
        }
        self.rejections = match fault {
            Fault::Unauthorized => self.rejections + 1,
            _ => 0,
        };
        if self.rejections >= REJECTIONS {
            return Err(Ended);
        }
        let pause = match fault {
            Fault::TooMany(pause) => *pause,
            _ => backoff(self.failures),
        };
        self.failures += 1;
        Ok(pause)
    }

    /// Whether the last failure was that somebody else polls.
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
    fn pauses_grow_up_to_a_bound_and_a_success_forgets_them() {
        let mut outage = Outage::new(Metrics::default());
        let pauses = [1, 2, 4, 8, 16, 32, 32, 32].map(Duration::from_secs);
        for pause in pauses {
            assert_eq!(outage.failed(&Fault::NoConnection), Ok(pause));
        }
        let wait = Duration::from_secs(77);
        assert_eq!(outage.failed(&Fault::TooMany(wait)), Ok(wait));
        outage.over();
        assert_eq!(outage.failed(&Fault::NoConnection), Ok(pauses[0]));
    }

    #[test]
    fn every_fault_is_counted_from_the_start() {
        for fault in [
            Fault::Unauthorized,
            Fault::Conflict,
            Fault::TooMany(Duration::ZERO),
            Fault::NoConnection,
            Fault::Unanswered(Failure::Timeout),
            Fault::Unanswered(Failure::Connect),
            Fault::Unintelligible,
            Fault::from(RequestError::Api(ApiError::BotBlocked)),
            Fault::Rejected(String::new()),
        ] {
            assert!(REASONS.contains(&fault.reason()), "{fault}");
        }
    }

    #[test]
    fn only_a_token_rejected_in_a_row_ends_it() {
        let mut outage = Outage::new(Metrics::default());
        for fault in [Fault::Unauthorized, Fault::Unauthorized, Fault::Conflict] {
            assert!(outage.failed(&fault).is_ok());
        }
        outage.over();
        assert!(outage.failed(&Fault::Unauthorized).is_ok());
        assert!(outage.failed(&Fault::Unauthorized).is_ok());
        assert_eq!(outage.failed(&Fault::Unauthorized), Err(Ended));
    }
}
