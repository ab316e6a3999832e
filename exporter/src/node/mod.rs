//! One question to one node: "what is your head?"

mod chain;
mod evm;
mod exchange;

use std::time::Duration;

use reqwest::Client;
use tokio::time::Instant;

use crate::{
    block::BlockNumber,
    config::{self, NetworkName, NodeName},
};
use chain::Chain;
use exchange::Exchange;

/// Why a node gave no usable block: the values of the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing complete within the timeout.
    Timeout,
    /// No connection, or it broke.
    Connect,
    /// The TLS handshake or the certificate failed.
    Tls,
    /// This HTTP status, which is neither 200 nor 429.
    HttpStatus(u16),
    /// HTTP status 429, or the JSON-RPC error that means the same.
    RateLimited,
    /// More than 64 KiB.
    TooLarge,
    /// Not the JSON that was asked for, or a block that cannot be.
    Malformed,
    /// A JSON-RPC error of this code; absent where it had none.
    RpcError(Option<i64>),
    /// It told a block, and that it is on another chain than the configured one.
    WrongChain,
    /// A reference so far ahead of the median that it is not believed.
    Implausible,
}

impl Reason {
    /// The values of the label, so that each counter is there from the start.
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

    /// The place of its label among [`Self::LABELS`].
    #[must_use]
    pub fn place(self) -> usize {
        match self {
            Self::Timeout => 0,
            Self::Connect => 1,
            Self::Tls => 2,
            Self::HttpStatus(_) => 3,
            Self::RateLimited => 4,
            Self::TooLarge => 5,
            Self::Malformed => 6,
            Self::RpcError(_) => 7,
            Self::WrongChain => 8,
            Self::Implausible => 9,
        }
    }

    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        Self::LABELS[self.place()]
    }

    /// The HTTP status or the code of the JSON-RPC error, where that tells more.
    #[must_use]
    pub fn code(self) -> Option<i64> {
        match self {
            Self::HttpStatus(status) => Some(status.into()),
            Self::RpcError(code) => code,
            _ => None,
        }
    }
}

/// What one node said in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its block, or why there is no usable one.
    pub head: Result<BlockNumber, Reason>,
    /// From asking to its block or the failure. How long a node took to tell its chain
    /// beside a usable block is left out: that is asked too seldom to be compared.
    pub took: Duration,
}

/// One node, ready to be asked.
#[derive(Debug)]
pub struct Node {
    network: NetworkName,
    name: NodeName,
    exchange: Exchange,
    timeout: Duration,
    chain: Option<Chain>,
}

impl Node {
    /// The node at `endpoint` of `network`, asked through `client`.
    #[must_use]
    pub fn new(client: Client, network: &config::Network, endpoint: &config::Endpoint) -> Self {
        Self {
            network: network.name.clone(),
            name: endpoint.name.clone(),
            exchange: Exchange::new(client, endpoint),
            timeout: network.timeout,
            chain: network.chain_id.map(|id| Chain::new(id, network.max_lead_blocks)),
        }
    }

    /// Asks for its newest block and, where that is due or the block leaves a doubt, for
    /// its chain; all within the timeout.
    pub async fn ask(&mut self) -> Answer {
        let start = Instant::now();
        let deadline = start + self.timeout;
        let is_due = self.chain.as_ref().is_some_and(Chain::is_due);
        let ((mut head, mut took), mut chain_id) =
            tokio::join!(async { (self.head(deadline).await, start.elapsed()) }, async {
                if is_due { Some(self.chain_id(deadline).await) } else { None }
            },);
        let is_doubtful = |chain: &Chain| head.is_ok_and(|block| chain.is_doubtful(block));
        if !is_due && self.chain.as_ref().is_some_and(is_doubtful) {
            chain_id = Some(self.chain_id(deadline).await);
        }
        if let Some(chain) = &mut self.chain {
            let was_untold = chain.is_untold();
            head = chain.judge(head, chain_id);
            if chain.is_untold() && !was_untold {
                let (network, node) = (&self.network, &self.name);
                tracing::warn!(%network, %node, "node does not tell its chain; it is judged by its block alone");
            }
        }
        if head.is_err() {
            took = start.elapsed();
        }
        Answer { head, took }
    }

    async fn head(&self, deadline: Instant) -> Result<BlockNumber, Reason> {
        evm::head(&self.exchange.post_json(evm::HEAD, deadline).await?)
    }

    async fn chain_id(&self, deadline: Instant) -> Result<u64, Reason> {
        evm::chain_id(&self.exchange.post_json(evm::CHAIN_ID, deadline).await?)
    }
}
