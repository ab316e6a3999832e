//! A question without a usable answer.

use std::time::Duration;

use super::exchange::Reply;
use crate::answer::Reason;

/// Why a question got no usable answer, and what that means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// The value of the label `reason`.
    pub reason: Reason,
    /// Whether it says nothing about the question itself: it may be answered next time.
    pub is_temporary: bool,
    /// How long the server asks to be left alone, at most the longest pause; absent where it
    /// does not.
    pub retry_after: Option<Duration>,
}

impl Failed {
    /// No complete answer arrived, for `reason`.
    pub fn without_answer(reason: Reason) -> Self {
        Self { reason, is_temporary: is_silence(reason), retry_after: None }
    }

    /// `reply` holds no usable answer, for `reason`.
    pub fn in_reply(reply: &Reply, reason: Reason) -> Self {
        let is_temporary =
            reply.status.is_server_error() || matches!(reason, Reason::RateLimited | Reason::NotSynced(_));
        Self { reason, is_temporary, retry_after: reply.retry_after }
    }

    /// The answer with the block should hold the chain too, and does not.
    pub fn without_chain() -> Self {
        Self { reason: Reason::Malformed, is_temporary: false, retry_after: None }
    }

    /// Whether the server left the question without any answer.
    pub fn is_silence(&self) -> bool {
        is_silence(self.reason)
    }
}

fn is_silence(reason: Reason) -> bool {
    matches!(reason, Reason::Timeout | Reason::Connect(_) | Reason::Tls(_))
}
