//! One question to one node: "what is your head?"

mod evm;
mod exchange;

pub use exchange::Exchange;

use crate::block::BlockNumber;

/// Why a node gave no usable block: the values of the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing complete within the timeout.
    Timeout,
    /// No connection, or it broke.
    Connect,
    /// The TLS handshake or the certificate failed.
    Tls,
    /// An HTTP status other than 200 and 429.
    HttpStatus,
    /// HTTP status 429, or the JSON-RPC error that means the same.
    RateLimited,
    /// More than 64 KiB.
    TooLarge,
    /// Not the JSON that was asked for, or a block that cannot be.
    Malformed,
    /// The node answered with a JSON-RPC error.
    RpcError,
}

impl Reason {
    /// All of them, so that each counter is there from the start.
    pub const ALL: [Self; 8] = [
        Self::Timeout,
        Self::Connect,
        Self::Tls,
        Self::HttpStatus,
        Self::RateLimited,
        Self::TooLarge,
        Self::Malformed,
        Self::RpcError,
    ];

    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::HttpStatus => "http_status",
            Self::RateLimited => "rate_limited",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::RpcError => "rpc_error",
        }
    }
}

/// The newest block of the node behind `exchange`.
///
/// # Errors
/// Why there is no usable one.
pub async fn head(exchange: &Exchange) -> Result<BlockNumber, Reason> {
    evm::head(&exchange.post_json(evm::QUESTION).await?)
}
