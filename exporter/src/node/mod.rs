//! One question to one node: "what is your head?"

mod chain;
mod evm;
mod exchange;

use std::time::Duration;

use reqwest::Client;
use tokio::time::Instant;

use crate::{
    answer::{Answer, Reason},
    block::BlockNumber,
    config::{self, NetworkName, NodeName},
};
use chain::Chain;
use exchange::Exchange;

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
