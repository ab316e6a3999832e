//! The loop of one network: due, round, fold, publish.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    changes,
    config::{self, difference},
    network::Network,
    published::Published,
    round::Nodes,
    snapshot::{Moment, Snapshot},
};

/// One network, ready to be asked.
#[derive(Debug)]
pub struct Watch {
    /// Its config.
    pub config: config::Network,
    /// Its nodes, not asked yet.
    pub nodes: Nodes,
    /// Where its snapshots go.
    pub published: Arc<Published>,
    /// Receives once the first of them is there.
    pub is_published: oneshot::Sender<()>,
}

/// Asks, folds, logs and publishes for ever. A round that took longer than its interval is
/// followed by the next due one; those it missed are skipped. What the network becomes by a
/// reload takes effect between two rounds, and the next round follows at once; nodes that it had
/// before go on.
pub async fn run(first: Watch, mut changes: mpsc::Receiver<Watch>) {
    let Watch { config, mut nodes, mut published, is_published } = first;
    let mut due = every(config.poll_interval);
    let mut network = Network::new(config);
    let mut awaited = Some(is_published);
    loop {
        let change = tokio::select! {
            _ = due.tick() => None,
            Some(change) = changes.recv() => Some(change),
        };
        let before = published.newest();
        if let Some(change) = change {
            due = every(change.config.poll_interval);
            // The first tick is that of the round which follows now.
            due.reset();
            nodes.adopt(change.nodes, &difference::unchanged(network.config(), &change.config));
            network.adopt(change.config);
            (published, awaited) = (change.published, Some(change.is_published));
        }
        let snapshot = round(&mut nodes, &mut network).await;
        changes::log(before.as_deref(), &snapshot);
        published.publish(snapshot);
        // One that no longer waits has no use for it.
        let _ = awaited.take().map(|awaited| awaited.send(()));
    }
}

fn every(period: Duration) -> Interval {
    let mut due = interval(period);
    due.set_missed_tick_behavior(MissedTickBehavior::Skip);
    due
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
