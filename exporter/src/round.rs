//! Every node of one network asked at the same instant.

use std::sync::Arc;

use headlag_service::start;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    answer::Round,
    clock, config,
    node::{Dialer, Node},
};

/// Files that may be open beside the connections to nodes: those of scrapers, name look-ups, the
/// config.
const OTHER_FILES: usize = 256;

/// Lets this process keep a connection to each node of `networks`, or logs how to allow it that.
pub fn raise_open_files(networks: &[config::Network]) {
    let nodes: usize = networks.iter().map(|network| network.nodes.len()).sum();
    start::raise_open_files((nodes + OTHER_FILES) as u64);
}

/// All nodes of one network, ready to be asked.
#[derive(Debug)]
pub struct Nodes {
    #[expect(clippy::vec_box, reason = "each moves into a task and back in every round")]
    nodes: Vec<Box<Node>>,
}

impl Nodes {
    /// The nodes of `network`, reached through `dialer`.
    ///
    /// # Errors
    /// When the URL or the credentials of one cannot be used.
    pub fn new(dialer: &Dialer, network: &config::Network) -> anyhow::Result<Self> {
        let nodes = network.nodes.iter();
        let nodes = nodes.map(|endpoint| Node::new(dialer, network, endpoint).map(Box::new));
        Ok(Self { nodes: nodes.collect::<Result<_, _>>()? })
    }

    /// Becomes `fresh`, but for the nodes that were there before: `kept` has for each of `fresh`
    /// where it is in this one. Their connections and what they asked for go on.
    pub fn adopt(&mut self, fresh: Self, kept: &[Option<usize>]) {
        let mut before: Vec<Option<Box<Node>>> = self.nodes.drain(..).map(Some).collect();
        let nodes = fresh
            .nodes
            .into_iter()
            .zip(kept)
            .map(|(node, index)| index.and_then(|index| before.get_mut(index)?.take()).unwrap_or(node));
        self.nodes = nodes.collect();
    }

    /// Asks all of them at once; ends when each has answered or failed.
    pub async fn ask(&mut self) -> Round {
        self.ask_at_most(Semaphore::MAX_PERMITS).await
    }

    /// Asks all of them, and never more than `at_once` at the same time; ends when each has
    /// answered or failed. Their blocks are then not of the same instant.
    pub async fn ask_at_most(&mut self, at_once: usize) -> Round {
        let start = clock::now();
        let permits = Arc::new(Semaphore::new(at_once));
        let mut asked = JoinSet::new();
        for (index, mut node) in self.nodes.drain(..).enumerate() {
            let permits = Arc::clone(&permits);
            asked.spawn(async move {
                // It fails only once closed, and nobody closes it.
                let _permit = permits.acquire().await;
                let answer = node.ask().await;
                (index, node, answer)
            });
        }
        // A panic in there is a defect: it goes on here and ends the process.
        let mut answered = asked.join_all().await;
        answered.sort_by_key(|(index, ..)| *index);
        let mut answers = Vec::new();
        for (_, node, answer) in answered {
            self.nodes.push(node);
            answers.push(answer);
        }
        Round { took: clock::since(start), answers }
    }

    /// For each of them, whether it has reported that it is on its chain.
    #[must_use]
    pub fn are_on_their_chain(&self) -> Vec<bool> {
        self.nodes.iter().map(|node| node.is_on_its_chain()).collect()
    }

    /// Ends the pauses that the nodes did not ask for themselves: without a consensus every
    /// reference is needed. When the fault is this machine's own network, the consensus is
    /// back with the network and not minutes later.
    pub fn end_pauses(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.end_pause());
    }
}
