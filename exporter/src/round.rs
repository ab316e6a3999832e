//! Every node of one network asked at the same instant.

use std::time::Duration;

use reqwest::Client;
use tokio::{task::JoinSet, time::Instant};

use crate::{answer::Answer, config, node::Node};

/// All answers of one round, in the order of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// From asking the first to the last answer or failure.
    pub took: Duration,
    /// One for each node.
    pub answers: Vec<Answer>,
}

/// All nodes of one network, ready to be asked.
#[derive(Debug)]
pub struct Nodes(Vec<Node>);

impl Nodes {
    /// The nodes of `network`, asked through `client`.
    #[must_use]
    pub fn new(client: &Client, network: &config::Network) -> Self {
        Self(network.nodes.iter().map(|endpoint| Node::new(client.clone(), network, endpoint)).collect())
    }

    /// Asks all of them at once; ends when each has answered or failed.
    pub async fn ask(&mut self) -> Round {
        let start = Instant::now();
        let mut asked = JoinSet::new();
        for (index, mut node) in self.0.drain(..).enumerate() {
            asked.spawn(async move {
                let answer = node.ask().await;
                (index, node, answer)
            });
        }
        // A panic in there is a defect: it goes on here and ends the process.
        let mut answered = asked.join_all().await;
        answered.sort_by_key(|(index, ..)| *index);
        let mut answers = Vec::new();
        for (_, node, answer) in answered {
            self.0.push(node);
            answers.push(answer);
        }
        Round { took: start.elapsed(), answers }
    }
}
