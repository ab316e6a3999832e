//! PURE: why a request to the Bot API failed, and what that says about a message: whether it
//! may have arrived, and when it may be sent again.

use std::time::Duration;

use headlag_service::outbound::Failure;

use crate::labels::labels;

/// The longest pause between two attempts, unless Telegram asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
/// The same for a token that is not known: only people can change that.
const LONGEST_PAUSE_OF_A_TOKEN: Duration = Duration::from_secs(60);

/// Why a request to Telegram failed. Never holds a URL, since URLs hold the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Status 401 or 404: no bot has this token.
    #[error(
        "Telegram does not know the token; get it from @BotFather, write it into --telegram.token-file or \
         CHARTBOT_TELEGRAM_TOKEN, and restart the bot"
    )]
    Unauthorized,
    /// Status 409: another program polls, or a webhook is set.
    #[error("another program receives the messages of this bot, or a webhook is set; stop it")]
    Conflict,
    /// Status 429: the pause that Telegram asks for.
    #[error("Telegram asks to wait for {} s", .0.as_secs())]
    TooMany(Duration),
    /// Status 5xx, as JSON or as a page: Telegram, or a gateway before it, failed at any point
    /// of its work.
    #[error("Telegram answered with status {0}")]
    Server(u16),
    /// No connection was made, so nothing was sent.
    #[error("no connection to Telegram")]
    NoConnection,
    /// The TLS handshake failed, so nothing was sent.
    #[error(
        "the TLS handshake with Telegram failed; check this machine's clock, and the proxy if there is one"
    )]
    Tls,
    /// The connection broke, or there was no answer in time.
    #[error("{0}")]
    Unanswered(Failure),
    /// Not an answer of the Bot API, such as the page of a captive portal.
    #[error("the answer is not one of the Bot API; check --telegram.api-url and the proxy")]
    Unintelligible,
    /// The edit would have changed nothing.
    #[error("the message already is the same")]
    Unchanged,
    /// The message was deleted, or can no longer be edited.
    #[error("the message is gone")]
    Gone,
    /// The topic was deleted or closed.
    #[error("the topic was deleted or closed")]
    NoSuchTopic,
    /// The group was upgraded to a supergroup, which has this id.
    #[error("the group was upgraded and now has the id {0}")]
    Migrated(i64),
    /// The button was pressed too long ago to be answered.
    #[error("the button was pressed too long ago")]
    TooOld,
    /// The user blocked the bot, or deleted the account.
    #[error("the user has blocked the bot")]
    Blocked,
    /// The bot is not a member of the group, may not write there, or the group was deleted.
    #[error("the bot is not in the group, or may not write there")]
    Kicked,
    /// No chat has this id, or its user has never started the bot.
    #[error("Telegram knows no such chat of this bot")]
    NoSuchChat,
    /// The Bot API refused the request, with this description.
    #[error("Telegram refused it: {0}")]
    Rejected(String),
}

labels! {
    /// The kinds of [`Fault`] that are failures, as a metric counts them.
    pub enum FaultKind {
        /// See [`Fault::Unauthorized`].
        Unauthorized = "unauthorized",
        /// See [`Fault::Conflict`].
        Conflict = "conflict",
        /// See [`Fault::TooMany`].
        TooMany = "too_many_requests",
        /// See [`Fault::Server`].
        Server = "server_error",
        /// See [`Fault::NoConnection`].
        Connect = "connect",
        /// See [`Fault::Tls`].
        Tls = "tls",
        /// No answer in time.
        Timeout = "timeout",
        /// The connection broke before the answer was complete.
        ConnectionLost = "connection_lost",
        /// See [`Fault::Unintelligible`].
        Malformed = "malformed",
        /// See [`Fault::Blocked`].
        Blocked = "blocked",
        /// See [`Fault::Rejected`], and a chat or topic that takes no message.
        Rejected = "rejected",
    }
}

impl Fault {
    /// Its kind; absent for what happens in normal use.
    #[must_use]
    pub fn kind(&self) -> Option<FaultKind> {
        Some(match self {
            Self::Unauthorized => FaultKind::Unauthorized,
            Self::Conflict => FaultKind::Conflict,
            Self::TooMany(_) => FaultKind::TooMany,
            Self::Server(_) => FaultKind::Server,
            Self::NoConnection => FaultKind::Connect,
            Self::Tls => FaultKind::Tls,
            Self::Unanswered(Failure::Timeout) => FaultKind::Timeout,
            Self::Unanswered(_) => FaultKind::ConnectionLost,
            Self::Unintelligible => FaultKind::Malformed,
            Self::Blocked => FaultKind::Blocked,
            Self::Rejected(_) | Self::NoSuchTopic | Self::Migrated(_) | Self::Kicked | Self::NoSuchChat => {
                FaultKind::Rejected
            }
            Self::Unchanged | Self::Gone | Self::TooOld => return None,
        })
    }

    /// Whether Telegram may have done what it was asked for all the same.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Server(_) | Self::Unanswered(_) | Self::Unintelligible => true,
            Self::Unauthorized
            | Self::Conflict
            | Self::TooMany(_)
            | Self::NoConnection
            | Self::Tls
            | Self::Unchanged
            | Self::Gone
            | Self::NoSuchTopic
            | Self::TooOld
            | Self::Migrated(_)
            | Self::Blocked
            | Self::Kicked
            | Self::NoSuchChat
            | Self::Rejected(_) => false,
        }
    }

    /// Whether the same message may arrive later, and certainly has not arrived yet.
    #[must_use]
    pub fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::TooMany(_) | Self::NoConnection | Self::Tls)
    }

    /// How long to wait after this failure, the one after `failures` others in a row: as long
    /// as Telegram asks for, or 1, 2, 4 … 32 seconds, with an unknown token … 60 seconds.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        match self {
            Self::TooMany(pause) => *pause,
            fault => {
                let longest = match fault {
                    Self::Unauthorized => LONGEST_PAUSE_OF_A_TOKEN,
                    _ => LONGEST_PAUSE,
                };
                Duration::from_secs(1 << failures.min(6)).min(longest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        for (failures, seconds) in [(0, 1), (1, 2), (4, 16), (5, 32), (6, 32), (u32::MAX, 32)] {
            assert_eq!(Fault::NoConnection.pause(failures), Duration::from_secs(seconds));
        }
        for (failures, seconds) in [(0, 1), (5, 32), (6, 60), (u32::MAX, 60)] {
            assert_eq!(Fault::Unauthorized.pause(failures), Duration::from_secs(seconds));
        }
        assert_eq!(Fault::TooMany(Duration::from_secs(77)).pause(3), Duration::from_secs(77));
    }
}
