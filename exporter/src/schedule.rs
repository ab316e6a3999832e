//! The loop of one network: due, round, fold, publish.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    changes,
    network::Network,
    published::Published,
    round::Nodes,
    snapshot::{Moment, Snapshot},
};

/// Asks, folds, logs and publishes for ever. A round that took longer than its interval is
/// followed by the next due one; those it missed are skipped.
pub async fn run(mut nodes: Nodes, mut network: Network, every: Duration, published: Arc<Published>) {
    let mut due = interval(every);
    due.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        due.tick().await;
        let snapshot = round(&mut nodes, &mut network).await;
        changes::log(published.newest().as_deref(), &snapshot);
        published.publish(snapshot);
    }
}

/// Asks and folds once. What decides whether references may be paused is what was counted of
/// their answers: those of rogues are answers, and no help.
pub async fn round(nodes: &mut Nodes, network: &mut Network) -> Snapshot {
    let round = nodes.ask().await;
    let snapshot = network.fold(Moment::now(), &round);
    if snapshot.consensus.is_none() {
        nodes.end_pauses();
    }
    snapshot
}
