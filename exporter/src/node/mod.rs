//! One node: its newest block, whether it is on its chain, and when it is left alone.

mod allowance;
mod authorization;
mod certificate;
mod chain_check;
mod connection;
mod dial;
mod error_reason;
mod exchange;
mod failed;
mod pause;
mod proxy;
mod reach;
pub mod retry_after;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::time::sleep;

use self::{
    chain_check::ChainCheck,
    exchange::{Ask, Exchange},
    failed::Failed,
    pause::Pause,
};
pub use self::{dial::Dialer, reach::Reach};
use crate::{
    answer::{Answer, Reason},
    block::BlockNumber,
    clock::{now, since},
    config::{self, NetworkName, NodeName},
    protocol::{ChainId, Head, Identity, Row},
};

/// Public nodes often allow one request a second. Where the question for the chain is
/// refused for that, it is asked once more after so long.
const ONE_A_SECOND: Duration = Duration::from_millis(1100);

/// No connection to a node lives longer, so that a name that moves to another address is
/// followed even while the old one goes on answering.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(240);

/// One node, ready to be asked.
#[derive(Debug)]
pub struct Node {
    network: NetworkName,
    name: NodeName,
    protocol: Arc<Row>,
    exchange: Exchange,
    head: Ask,
    timeout: Duration,
    /// That of the last request; no other one to this node has it.
    id: u64,
    chain: Option<Chain>,
    pause: Pause,
}

/// The chain that a node should be on.
#[derive(Debug)]
struct Chain {
    check: ChainCheck,
    /// Absent where the answer with its block holds its chain.
    ask: Option<Ask>,
}

impl Node {
    /// The node at `endpoint` of `network`, reached through `dialer`.
    ///
    /// # Errors
    /// When its URL or its credentials cannot be used.
    pub fn new(
        dialer: &Dialer,
        network: &config::Network,
        endpoint: &config::Endpoint,
    ) -> anyhow::Result<Self> {
        let name = endpoint.name.clone();
        // Nodes that were connected together are not all connected anew in one round.
        let lifetime = CONNECTION_LIFETIME.mul_f64(1.0 - fastrand::f64() / 2.0);
        let unusable = || format!("the url of {name} of network {} cannot be used", network.name);
        let protocol = Arc::clone(&network.protocol);
        let ask = match &protocol.chain {
            Identity::Asked(question) => {
                Some(Ask::new(question, &protocol.head, endpoint).with_context(unusable)?)
            }
            Identity::InHead(_) | Identity::Nowhere => None,
        };
        let check = network.chain_id.clone().map(|id| ChainCheck::new(id, network.max_lead_blocks));
        Ok(Self {
            exchange: Exchange::new(dialer, &network.name, endpoint, lifetime)
                .with_context(|| format!("{name} of network {} cannot be asked", network.name))?,
            head: Ask::new(&protocol.head, &protocol.head, endpoint).with_context(unusable)?,
            chain: check.map(|check| Chain { check, ask }),
            protocol,
            network: network.name.clone(),
            name,
            timeout: endpoint.access.timeout.unwrap_or(network.timeout),
            id: 0,
            pause: Pause::new(endpoint.role, network.poll_interval),
        })
    }

    /// Asks for its newest block, then, where that is due or the block leaves a doubt, for
    /// its chain; all within the timeout. A paused node is not asked.
    pub async fn ask(&mut self) -> Answer {
        let start = now();
        if let Some(reason) = self.pause.reason_at(start) {
            return Answer { head: Err(reason), took: None };
        }
        let deadline = start + self.timeout;
        let head = self.head(deadline).await;
        let took = since(start);
        match &head {
            Ok(_) => self.pause.succeeds(),
            Err(failed) => {
                self.pause.fails(now(), failed.reason, failed.retry_after, fastrand::f64());
            }
        }
        let head = head.map_err(|failed| failed.reason);
        let usable = self.on_its_chain(head, deadline).await;
        Answer { head: usable, took: Some(if usable.is_ok() { took } else { since(start) }) }
    }

    /// What `head` is worth once the chain is known, as far as that is asked for.
    async fn on_its_chain(
        &mut self,
        head: Result<Head, Reason>,
        deadline: Instant,
    ) -> Result<BlockNumber, Reason> {
        let Some(Chain { mut check, ask }) = self.chain.take() else {
            return head.map(|head| head.block);
        };
        let answer = match (&head, &ask) {
            (Ok(head), None) => Some(head.chain.clone().ok_or(Failed::without_chain())),
            (Ok(head), Some(ask)) if check.is_due(head.block, now()) => {
                Some(self.chain_id(ask, deadline).await)
            }
            _ => None,
        };
        let (was_unknown, was_elsewhere) = (check.is_unknown(), check.reports_another().is_some());
        let usable = check.judge(head.map(|head| head.block), answer, now());
        if check.is_unknown() && !was_unknown {
            let (network, node) = (&self.network, &self.name);
            tracing::warn!(
                %network, %node,
                "node does not report its chain, or not in the form of its protocol; it is judged by its block alone"
            );
        }
        if let Some((reported, expected)) = check.reports_another().filter(|_| !was_elsewhere) {
            let (network, node) = (&self.network, &self.name);
            tracing::warn!(%network, %node, %reported, %expected, "node reports another chain than chain_id");
        }
        self.chain = Some(Chain { check, ask });
        usable
    }

    /// Ends a pause that it did not ask for itself.
    pub fn end_pause(&mut self) {
        self.pause.ends();
    }

    /// Whether it has reported that it is on its chain, and nothing else since. It never has where
    /// it is not asked for that.
    #[must_use]
    pub fn is_on_its_chain(&self) -> bool {
        self.chain.as_ref().is_some_and(|chain| chain.check.is_confirmed())
    }

    async fn head(&mut self, deadline: Instant) -> Result<Head, Failed> {
        self.id += 1;
        let reply = self.exchange.ask(&self.head, self.id, deadline).await.map_err(Failed::without_answer)?;
        let head = self.protocol.read_head(reply.status.as_u16(), &reply.body, self.id);
        head.map_err(|reason| Failed::in_reply(&reply, reason))
    }

    /// Comes after the block, so that a node that limits the rate spends nothing on the
    /// chain that the block needs, and again a second later where it was too soon and the
    /// timeout leaves time for it.
    async fn chain_id(&mut self, ask: &Ask, deadline: Instant) -> Result<ChainId, Failed> {
        let answer = self.chain_id_once(ask, deadline).await;
        let Err(Failed { reason: Reason::RateLimited, retry_after, .. }) = answer else {
            return answer;
        };
        let wait = retry_after.unwrap_or_default().max(ONE_A_SECOND);
        if deadline.saturating_duration_since(now()) <= wait {
            return answer;
        }
        sleep(wait).await;
        self.chain_id_once(ask, deadline).await
    }

    async fn chain_id_once(&mut self, ask: &Ask, deadline: Instant) -> Result<ChainId, Failed> {
        self.id += 1;
        let reply = self.exchange.ask(ask, self.id, deadline).await.map_err(Failed::without_answer)?;
        let chain = self.protocol.read_chain(&ask.question, reply.status.as_u16(), &reply.body, self.id);
        chain.map_err(|reason| Failed::in_reply(&reply, reason))
    }
}
