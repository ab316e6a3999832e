//! The simulated network with its levers, and what the exporter says of it on /metrics.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{net::SocketAddr, time::Duration};

use headlag_demo::{
    chain::{Chain, Lever, Node},
    nodes::{Nodes, wall_clock},
    process::{Port, Process, beside},
};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

/// Some rounds of a second, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

async fn start_exporter(folder: &tempfile::TempDir, nodes: &Nodes) -> (Process, SocketAddr) {
    let config = headlag_demo::config::headlag_yml(nodes.urls())
        .replace("poll_interval: 15s", "poll_interval: 1s")
        .replace("timeout: 5s", "timeout: 500ms");
    let file = folder.path().join("headlag.yml");
    std::fs::write(&file, config).unwrap();
    let address = Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap().hand_over();
    let mut command = Command::new(beside("headlag-exporter").unwrap());
    command.arg("--config.file").arg(file).arg("--web.listen-address").arg(address.to_string());
    let mut exporter = Process::start("exporter", &mut command).unwrap();
    exporter.ready(&format!("http://{address}/-/ready"), PATIENCE).await.unwrap();
    (exporter, address)
}

/// Waits until one and the same scrape has all these lines.
async fn shown(metrics: SocketAddr, lines: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap().text().await.unwrap();
        if lines.iter().all(|line| text.lines().any(|shown| shown == *line)) {
            return;
        }
        assert!(Instant::now() < deadline, "{lines:#?} not in\n{text}");
        sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lever_has_its_state() {
    let nodes = Nodes::start(Chain::calm(3), wall_clock()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (exporter, metrics) = start_exporter(&folder, &nodes).await;
    let network = |state| format!("headlag_network_state{{network=\"polygon\",state=\"{state}\"}} 1");
    let mine = |state| {
        format!(
            "headlag_node_state{{network=\"polygon\",node=\"my-node\",role=\"watched\",state=\"{state}\"}} 1"
        )
    };
    let liar = "network=\"polygon\",node=\"reference-1\",role=\"reference\"";
    shown(metrics, &[&network("ok"), &mine("ok"), "headlag_references_up{network=\"polygon\"} 9"]).await;

    nodes.pull(|levers| {
        levers.insert(Node::Reference(0), Lever::Ahead(1_000_000));
        levers.insert(Node::Watched, Lever::Behind(12));
    });
    shown(
        metrics,
        &[
            &network("ok"),
            &mine("behind"),
            &format!("headlag_node_up{{{liar}}} 0"),
            &format!("headlag_node_state{{{liar},state=\"ahead\"}} 1"),
            "headlag_references_up{network=\"polygon\"} 8",
        ],
    )
    .await;

    nodes.pull(|levers| {
        levers.insert(Node::Watched, Lever::Hang);
    });
    shown(metrics, &[&network("ok"), &mine("unreachable")]).await;

    nodes.pull(|levers| {
        levers.remove(&Node::Watched);
        levers.extend((0..8).map(|index| (Node::Reference(index), Lever::Refuse)));
    });
    shown(metrics, &[&network("no_consensus"), &mine("unknown")]).await;

    nodes.pull(|levers| levers.clear());
    shown(metrics, &[&network("ok"), &mine("ok"), "headlag_references_up{network=\"polygon\"} 9"]).await;
    exporter.stop().await.unwrap();
}
