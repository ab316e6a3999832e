//! The loop of one network: due, round, fold, publish.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    changes,
    network::Network,
    published::Published,
    round::Nodes,
    snapshot::{Moment, Snapshot},
};

/// No network waits longer for its first round: `/-/ready` waits for it too.
const LONGEST_PHASE: Duration = Duration::from_secs(1);

/// How long a network that is asked so often waits for its first round: up to a tenth of that, at
/// most a second. So neither the networks of one exporter nor exporters that start together ask
/// nodes that they share at the same instant in every round. `jitter` is from 0 to 1.
pub fn phase(every: Duration, jitter: f64) -> Duration {
    (every / 10).min(LONGEST_PHASE).mul_f64(jitter.clamp(0.0, 1.0))
}

/// Asks, folds, logs and publishes for ever, for the first time after `phase`. A round that took longer than its interval is
/// followed by the next due one; those it missed are skipped.
pub async fn run(
    mut nodes: Nodes,
    mut network: Network,
    every: Duration,
    phase: Duration,
    published: Arc<Published>,
) {
    sleep(phase).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_a_small_part_of_the_interval_and_short() {
        let ms = Duration::from_millis;
        for (every, jitter, want) in [
            (15_000, 0.0, 0),
            (15_000, 0.25, 250),
            (15_000, 1.0, 1000),
            (86_400_000, 1.0, 1000),
            (2_000, 0.5, 100),
            (100, 1.0, 10),
        ] {
            assert_eq!(phase(ms(every), jitter), ms(want), "{every} ms, {jitter}");
        }
    }
}
