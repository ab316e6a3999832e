//! The loop of one network: due, round, fold, publish.

use std::{sync::Arc, time::SystemTime};

use arc_swap::ArcSwapOption;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    config::NetworkName,
    network::Network,
    round::{Nodes, Round},
    snapshot::{Moment, NodeSnapshot, Snapshot, UnixTime},
};

/// Where a network's newest snapshot lies; empty until its first round has ended.
pub type Published = Arc<ArcSwapOption<Snapshot>>;

/// Asks, folds and publishes for ever. A round that took longer than its interval is
/// followed by the next due one; those it missed are not made up for.
pub async fn run(nodes: Nodes, mut network: Network, every: std::time::Duration, published: Published) {
    let mut due = interval(every);
    due.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        due.tick().await;
        let round = nodes.ask().await;
        let snapshot = network.fold(now(), &round);
        log_changes(published.load().as_deref(), &snapshot, &round);
        published.store(Some(Arc::new(snapshot)));
    }
}

fn now() -> Moment {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Moment {
        // Before 1970 only when the clock was never set.
        unix: since_1970.map_or(0.0, |since| since.as_secs_f64()) as UnixTime,
        monotonic: Instant::now(),
    }
}

/// A line for each node and network whose state changed; nothing in a round like the one before.
fn log_changes(before: Option<&Snapshot>, after: &Snapshot, round: &Round) {
    let network = &after.network;
    let answers = round.references.iter().chain(&round.watched);
    let nodes = |snapshot: &Snapshot| -> Vec<NodeSnapshot> {
        snapshot.references.iter().chain(&snapshot.watched).cloned().collect()
    };
    let were_up: Vec<Option<bool>> = before.map_or_else(
        || vec![None; nodes(after).len()],
        |before| nodes(before).iter().map(|node| Some(node.block.is_some())).collect(),
    );
    for ((node, answer), was_up) in nodes(after).iter().zip(answers).zip(were_up) {
        match (was_up, answer.head) {
            (None | Some(true), Err(reason)) => {
                tracing::warn!(%network, node = %node.name, reason = reason.label(), "node gives no usable block");
            }
            (Some(false), Ok(block)) => {
                tracing::info!(%network, node = %node.name, block = block.get(), "node answers again");
            }
            (None, Ok(block)) => {
                tracing::debug!(%network, node = %node.name, block = block.get(), "node answers");
            }
            (Some(true), Ok(_)) | (Some(false), Err(_)) => {}
        }
    }
    if before.map(|before| before.state) != Some(after.state) {
        log_state(network, after);
    }
}

fn log_state(network: &NetworkName, after: &Snapshot) {
    let (up, of) = (after.references_up, after.references.len());
    match after.consensus.median() {
        Some(median) => {
            tracing::info!(%network, references_up = up, references = of, median = median.get(), "references agree");
        }
        None => {
            tracing::warn!(%network, references_up = up, references = of, "too few references answer; no lag can be told");
        }
    }
}
