//! The loop of one network: due, round, fold, publish.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use crate::{
    changes,
    config::{self, difference},
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
    pub first_published: oneshot::Sender<()>,
}

/// Asks, folds, logs and publishes for ever, for the first time after `phase`. A round that took
/// longer than its interval is followed by the next due one; those it missed are skipped. What the
/// network becomes by a reload takes effect between two rounds, and the next round follows at once;
/// nodes that it had before go on.
pub async fn run(first: Watch, phase: Duration, mut changes: mpsc::Receiver<Watch>) {
    sleep(phase).await;
    let Watch { config, mut nodes, mut published, first_published } = first;
    let mut due = every(config.poll_interval);
    let mut network = Network::new(config);
    let mut awaited = Some(first_published);
    loop {
        let change = tokio::select! {
            _ = due.tick() => None,
            Some(change) = changes.recv() => Some(change),
        };
        let before = published.newest();
        if let Some(change) = change {
            due = every(change.config.poll_interval);
            // The first tick is that of the round which follows now. The networks of one reload
            // do not stay together.
            due.reset_after(due.period().saturating_sub(phase));
            nodes.adopt(change.nodes, &difference::unchanged(network.config(), &change.config));
            network.adopt(change.config);
            (published, awaited) = (change.published, Some(change.first_published));
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::{clock::now, node::Dialer};

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

    #[tokio::test(start_paused = true)]
    async fn a_network_keeps_its_phase_also_after_a_reload() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (asked, mut times) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let asked = asked.clone();
                tokio::spawn(async move {
                    while let Ok(1..) = stream.read(&mut [0; 4096]).await {
                        asked.send(now()).unwrap();
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"result\":\"0x64\"}";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        let text = format!(
            "networks: [{{name: polygon, protocol: evm, references: [{{name: a, url: 'http://127.0.0.1:1'}}], \
             watched: [{{name: mine, url: '{url}'}}]}}]\n"
        );
        let config = config::read(&text, "".as_ref(), &|_| None).unwrap().networks.remove(0);
        let watch = || Watch {
            nodes: Nodes::new(&Dialer::default(), &config).unwrap(),
            published: Arc::new(Published::new(&config)),
            config: config.clone(),
            first_published: oneshot::channel().0,
        };
        let start = now();
        let (changes, receiver) = mpsc::channel(1);
        tokio::spawn(run(watch(), Duration::from_millis(700), receiver));
        let mut seconds = async || (times.recv().await.unwrap() - start).as_secs_f64();
        assert!((seconds().await - 0.7).abs() < 0.1);
        assert!((seconds().await - 15.7).abs() < 0.1);
        changes.send(watch()).await.unwrap();
        let reloaded = seconds().await;
        assert!(reloaded < 16.0, "{reloaded}");
        let next = seconds().await;
        assert!((next - reloaded - 14.3).abs() < 0.1, "{next}");
    }
}
