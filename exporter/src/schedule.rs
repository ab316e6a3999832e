//! The loop of one network: due, round, fold, publish.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    block::{BlockNumber, Lag},
    config::NetworkName,
    network::Network,
    round::Nodes,
    snapshot::{Moment, NodeSnapshot, Snapshot},
    verdict::{NetworkState, NodeState},
};

/// Where a network's newest snapshot lies; empty until its first round has ended.
pub type Published = Arc<ArcSwapOption<Snapshot>>;

/// Asks, folds and publishes for ever. A round that took longer than its interval is
/// followed by the next due one; those it missed are not made up for.
pub async fn run(mut nodes: Nodes, mut network: Network, every: std::time::Duration, published: Published) {
    let mut due = interval(every);
    due.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        due.tick().await;
        let round = nodes.ask().await;
        let snapshot = network.fold(Moment::now(), &round);
        log_changes(published.load().as_deref(), &snapshot);
        published.store(Some(Arc::new(snapshot)));
    }
}

/// A line for each node and network whose state changed; nothing in a round like the one before.
fn log_changes(before: Option<&Snapshot>, after: &Snapshot) {
    let network = &after.network;
    let told = |node: &NodeSnapshot| (node.state, node.block.is_some());
    let mut were = before.into_iter().flat_map(|before| &before.nodes);
    for node in &after.nodes {
        if were.next().map(told) != Some(told(node)) {
            log_node(network, node);
        }
    }
    if before.map(|before| before.state) != Some(after.state) {
        log_network(network, after);
    }
}

fn log_node(network: &NetworkName, now: &NodeSnapshot) {
    let (node, state) = (&now.name, now.state.label());
    if let Some(reason) = now.failure {
        let (reason, code) = (reason.label(), reason.code());
        tracing::warn!(%network, %node, reason, code, state, "node gives no usable block");
        return;
    }
    let (block, behind_blocks) = (now.block.map(BlockNumber::get), now.lag.map(Lag::blocks));
    if now.state == NodeState::Stalled {
        tracing::warn!(%network, %node, block, behind_blocks, state, "node stands still");
    } else {
        tracing::info!(%network, %node, block, behind_blocks, state, "node answers");
    }
}

fn log_network(network: &NetworkName, now: &Snapshot) {
    let (up, of, state) = (now.references_up(), now.references(), now.state.label());
    let median = now.consensus.map(|of| of.median.block.get());
    let told = match now.state {
        NetworkState::NoConsensus => "too few references give a usable block; no lag can be told",
        NetworkState::Split => "the references contradict each other",
        NetworkState::Halted => "no node's block rises any more",
        NetworkState::Ok => {
            tracing::info!(%network, references_up = up, references = of, median, state, "the references agree");
            return;
        }
    };
    tracing::warn!(%network, references_up = up, references = of, median, state, "{told}");
}
