//! From what nodes do to what the exporter makes of it, over sockets: the cases that the
//! exporter's own tests share, and each lever of the simulated network.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "../../exporter/tests/cases/mod.rs"]
mod cases;

use std::{fmt::Write, net::SocketAddr, path::Path, time::Duration};

use cases::{Case, Does, row_of};
use headlag_demo::{
    chain::{Chain, Lever, Node},
    exporter,
    nodes::{Nodes, wall_clock},
    process::{Port, Process, beside},
    server::{self, Server},
};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

/// Some rounds of a second, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
const CHAIN_ID: u64 = 137;

/// A node that does the same for ever.
async fn node(does: Does) -> Server {
    let (block, chain_id) = match does {
        Does::Answers(block) => (block, CHAIN_ID),
        Does::Fails => (0, CHAIN_ID),
        Does::IsElsewhere => (7, CHAIN_ID + 1),
    };
    let answer = move |request: hyper::Request<hyper::body::Incoming>| async move {
        let body = server::body(request.into_body()).await.unwrap_or_default();
        let call: Value = serde_json::from_slice(&body).unwrap_or_default();
        let result = if call["method"] == "eth_chainId" { chain_id } else { block };
        let reply = json!({"jsonrpc": "2.0", "id": call["id"], "result": format!("{result:#x}")});
        server::answer(StatusCode::OK, "application/json", reply.to_string())
    };
    let server = Server::start(([127, 0, 0, 1], 0).into(), answer).await.unwrap();
    server.set_open(!matches!(does, Does::Fails));
    server
}

/// Starts the nodes of a case, and writes their config to `file`.
async fn start(case: &Case, file: &Path) -> Vec<Server> {
    let mut servers = Vec::new();
    let mut yml = format!("networks:\n- name: polygon\n  protocol: evm\n  chain_id: {CHAIN_ID}\n");
    for (role, nodes) in [("references", &case.references), ("watched", &case.watched)] {
        writeln!(yml, "  {role}:").unwrap();
        for (index, does) in nodes.iter().enumerate() {
            let server = node(*does).await;
            writeln!(yml, "  - {{name: {role}-{index}, url: 'http://{}'}}", server.address()).unwrap();
            servers.push(server);
        }
    }
    std::fs::write(file, yml).unwrap();
    servers
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shared_case_has_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headlag.yml");
    for case in cases::cases() {
        let _servers = start(&case, &file).await;
        let mut probe = Command::new(beside("headlag-exporter").unwrap());
        let output = probe.args(["probe", "--json", "--config.file"]).arg(&file).output().await.unwrap();
        let status = u8::try_from(output.status.code().unwrap()).unwrap();
        let printed = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(row_of(status, &printed), case.want, "{case:?}");
    }
}

async fn start_exporter(folder: &tempfile::TempDir, nodes: &Nodes) -> (Process, SocketAddr) {
    let config = headlag_demo::config::headlag_yml(nodes.urls(), 1_000);
    let port = Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap();
    let address = port.address();
    let exporter = exporter::start(folder.path(), &config, port).await.unwrap();
    (exporter, address)
}

/// Waits until the watched node is in this state.
async fn shown(metrics: SocketAddr, state: &str) {
    let line = format!(
        "headlag_node_state{{network=\"polygon\",node=\"my-node\",role=\"watched\",state=\"{state}\"}} 1"
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap().text().await.unwrap();
        if text.lines().any(|shown| shown == line) {
            return;
        }
        assert!(Instant::now() < deadline, "no {line} in\n{text}");
        sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lever_has_its_state() {
    let nodes = Nodes::start(Chain::calm(3), wall_clock()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (exporter, metrics) = start_exporter(&folder, &nodes).await;
    shown(metrics, "ok").await;
    for (lever, state) in [
        (Lever::Behind(12), "behind"),
        (Lever::Ahead(1_000_000), "ahead"),
        (Lever::Hang, "unreachable"),
        (Lever::Refuse, "unreachable"),
    ] {
        nodes.pull(|levers| _ = levers.insert(Node::Watched, lever));
        shown(metrics, state).await;
        nodes.pull(|levers| levers.clear());
        shown(metrics, "ok").await;
    }
    exporter.stop().await.unwrap();
}
