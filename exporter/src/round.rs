//! Every node of one network asked at the same instant.

use std::{sync::Arc, time::Duration};

use reqwest::Client;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    block::BlockNumber,
    config,
    node::{self, Exchange, Reason},
};

/// What one node said in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its block, or why there is no usable one.
    pub head: Result<BlockNumber, Reason>,
    /// From asking to the answer or the failure.
    pub took: Duration,
}

/// All answers of one round, in the order of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// From asking the first to the last answer or failure.
    pub took: Duration,
    /// One for each reference.
    pub references: Vec<Answer>,
    /// One for each watched node.
    pub watched: Vec<Answer>,
}

/// All nodes of one network, ready to be asked.
#[derive(Debug)]
pub struct Nodes {
    references: usize,
    exchanges: Vec<Arc<Exchange>>,
}

impl Nodes {
    /// The nodes of `network`, asked through `client`.
    #[must_use]
    pub fn new(client: &Client, network: &config::Network) -> Self {
        let nodes = network.references.iter().chain(&network.watched);
        let exchange = |endpoint| Exchange::new(client.clone(), endpoint, network.timeout);
        Self { references: network.references.len(), exchanges: nodes.map(exchange).map(Arc::new).collect() }
    }

    /// Asks all of them at once; ends when each has answered or failed.
    pub async fn ask(&self) -> Round {
        let start = Instant::now();
        let mut asked = JoinSet::new();
        for (index, exchange) in self.exchanges.iter().cloned().enumerate() {
            asked.spawn(async move {
                let head = node::head(&exchange).await;
                (index, Answer { head, took: start.elapsed() })
            });
        }
        // A panic in there is a defect: it goes on here and ends the process.
        let mut answers = asked.join_all().await;
        answers.sort_by_key(|(index, _)| *index);
        let mut references: Vec<Answer> = answers.into_iter().map(|(_, answer)| answer).collect();
        let watched = references.split_off(self.references);
        Round { took: start.elapsed(), references, watched }
    }
}
