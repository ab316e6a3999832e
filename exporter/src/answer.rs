//! PURE: what a node answered in a round, or why it did not: the vocabulary that the pure
//! and the impure parts share.

use std::time::Duration;

use crate::{block::BlockNumber, cause::Cause};

/// Why a node gave no usable block: the values of the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing complete within the timeout.
    Timeout,
    /// No connection, or it broke; with the cause where that is known.
    Connect(Option<Cause>),
    /// The TLS handshake or the certificate failed; with the cause where that is known.
    Tls(Option<Cause>),
    /// This HTTP status, which is not 429 and not one of an answer.
    HttpStatus(u16),
    /// HTTP status 429, or the error that means the same on its chain.
    RateLimited,
    /// The body is longer than the limit.
    TooLarge,
    /// Not the JSON that was asked for, or a block that cannot be.
    Malformed,
    /// An error instead of an answer, of this code; absent where it had none.
    RpcError(Option<i64>),
    /// It has no block yet, and said so with an error of this code, or without one. The label is
    /// that of an error, or that of an answer without a block.
    NotSynced(Option<i64>),
    /// It is on another chain than the configured one, where it reports this block.
    WrongChain(BlockNumber),
    /// This block is so far ahead of the references' median that it is not counted.
    Implausible(BlockNumber),
}

impl Reason {
    /// The values of the label, so that each counter exists from the start.
    pub const LABELS: [&'static str; 10] = [
        "timeout",
        "connect",
        "tls",
        "http_status",
        "rate_limited",
        "too_large",
        "malformed",
        "rpc_error",
        "wrong_chain",
        "implausible",
    ];

    /// The index of its label in [`Self::LABELS`].
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Timeout => 0,
            Self::Connect(_) => 1,
            Self::Tls(_) => 2,
            Self::HttpStatus(_) => 3,
            Self::RateLimited => 4,
            Self::TooLarge => 5,
            Self::Malformed | Self::NotSynced(None) => 6,
            Self::RpcError(_) | Self::NotSynced(Some(_)) => 7,
            Self::WrongChain(_) => 8,
            Self::Implausible(_) => 9,
        }
    }

    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        Self::LABELS[self.index()]
    }

    /// The block it did answer with, though that is not usable.
    #[must_use]
    pub fn block(self) -> Option<BlockNumber> {
        match self {
            Self::WrongChain(block) | Self::Implausible(block) => Some(block),
            _ => None,
        }
    }

    /// The HTTP status or the code of the error, where there is one.
    #[must_use]
    pub fn code(self) -> Option<i64> {
        match self {
            Self::HttpStatus(status) => Some(status.into()),
            Self::RpcError(code) | Self::NotSynced(code) => code,
            _ => None,
        }
    }

    /// What lies behind it, where that is known.
    #[must_use]
    pub fn cause(self) -> Option<&'static str> {
        match self {
            Self::Connect(cause) | Self::Tls(cause) => cause.map(Cause::words),
            _ => None,
        }
    }
}

/// What one node answered in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its block, or why there is no usable one.
    pub head: Result<BlockNumber, Reason>,
    /// From asking to its block or the failure. The time for the question about the chain
    /// is left out where the block is usable: it is asked too seldom to be compared.
    /// Absent where it was not asked, because it is paused for the failure in `head`; then
    /// nothing is counted.
    pub took: Option<Duration>,
}

/// All answers of one round, in the order of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// From asking the first to the last answer or failure.
    pub took: Duration,
    /// One for each node.
    pub answers: Vec<Answer>,
}
