//! Two nodes behind a balancer, one reference, and the exporter that watches them.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use headlag_demo::{
    exporter,
    process::{Port, Process},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    anvil::Anvil,
    examples::readdressed,
    patience::{eventually, free_port},
};

/// More than `max_behind` of the examples.
const FAR: u64 = 40;
/// Blocks by which the nodes may differ that were started together, each with a block a second.
const SPREAD: u64 = 8;
/// So many answers in a row show who serves and who does not.
const MANY: usize = 40;

/// All of them, and where the balancer is to listen.
pub struct Pool {
    pub node_a: Anvil,
    pub node_b: Anvil,
    /// Where the balancer is to listen.
    pub balancer: SocketAddr,
    /// Held until it does, so that no other test listens there.
    port: Option<Port>,
    /// Where the configs of the balancer and of the exporter are.
    pub folder: TempDir,
    /// Where the exporter listens.
    pub exporter: SocketAddr,
    reference: Anvil,
    process: Option<Process>,
}

impl Pool {
    pub async fn start() -> Self {
        let (reference, node_a, node_b) =
            tokio::join!(Anvil::start("reference"), Anvil::start("node-a"), Anvil::start("node-b"));
        // The threshold is narrower than the limit of the examples; nobody is called stalled.
        let config = format!(
            "poll_interval: 500ms\ntimeout: 400ms\nnetworks:\n- name: polygon\n  protocol: evm\n  chain_id: 137\n  \
             threshold_blocks: 5\n  stall_after: 1h\n  references:\n  - {{name: reference, url: '{}'}}\n  watched:\n  \
             - {{name: node-a, url: '{}'}}\n  - {{name: node-b, url: '{}'}}\n",
            reference.url, node_a.url, node_b.url
        );
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let exporter = port.address();
        let process = Some(exporter::start(folder.path(), &config, port).await.unwrap());
        let port = free_port();
        let (balancer, port) = (port.address(), Some(port));
        Self { node_a, node_b, balancer, port, folder, exporter, reference, process }
    }

    /// A config of the document, with the addresses of this pool and these in place of its own.
    pub fn fitted(&self, config: &str, others: &[(&str, String)]) -> String {
        let host = |node: &Anvil| node.url.trim_start_matches("http://").to_owned();
        let nodes = [("node-a:8545", host(&self.node_a)), ("node-b:8545", host(&self.node_b))];
        readdressed(config, &[&nodes, others].concat())
    }

    /// The node makes no blocks from now on, and the others are far ahead.
    pub async fn freeze(&self, nodes: &[&Anvil]) {
        for node in nodes {
            node.call("anvil_setIntervalMining", json!([0])).await.unwrap();
        }
        let is_frozen = |node: &Anvil| nodes.iter().any(|frozen| frozen.url == node.url);
        for node in [&self.reference, &self.node_a, &self.node_b] {
            if !is_frozen(node) {
                mine(node, FAR).await;
            }
        }
    }

    /// The nodes make blocks again, level with the reference.
    pub async fn thaw(&self, nodes: &[&Anvil]) {
        for node in nodes {
            let missing = self.reference.height().await - node.height().await;
            mine(node, missing).await;
            node.call("anvil_setIntervalMining", json!([1])).await.unwrap();
        }
    }

    /// The reference is so many blocks further, as one that has faster peers.
    pub async fn outrun(&self, blocks: u64) {
        mine(&self.reference, blocks).await;
    }

    /// Kills the exporter.
    pub async fn lose_the_exporter(&mut self) {
        self.process.take().unwrap().kill().await.unwrap();
    }

    /// Waits until the exporter answers for a node with this status and state, by its own threshold.
    pub async fn is_reported(&self, node: &str, status: u16, state: &str) {
        let url = format!("http://{}/health/polygon/{node}", self.exporter);
        let look = || async {
            let answer = reqwest::get(&url).await.ok()?;
            let seen = answer.status().as_u16();
            (seen == status && answer.text().await.ok()?.starts_with(state)).then_some(())
        };
        eventually(&format!("{node} is {state}"), look).await;
    }

    /// Who serves, as the balancer names them, in answers to many requests; none goes without answer.
    /// With it, the lowest block that was served.
    async fn served(&self) -> (BTreeSet<String>, u64) {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": [] });
        let (mut servers, mut lowest) = (BTreeSet::new(), u64::MAX);
        for _ in 0..MANY {
            let answer = client.post(format!("http://{}", self.balancer)).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            servers.insert(answer.headers()["x-served-by"].to_str().unwrap().to_owned());
            let answer: Value = answer.json().await.unwrap();
            let height = answer["result"].as_str().unwrap().trim_start_matches("0x");
            lowest = lowest.min(u64::from_str_radix(height, 16).unwrap());
        }
        (servers, lowest)
    }

    /// Starts the balancer, and waits until it listens.
    pub async fn start_balancer(&mut self, name: &'static str, command: &mut Command) -> Process {
        self.port.take().unwrap().hand_over();
        let balancer = Process::start(name, command).unwrap();
        let connect = || async { tokio::net::TcpStream::connect(self.balancer).await.ok() };
        eventually("the balancer listens", connect).await;
        balancer
    }

    /// Waits until exactly these serve.
    pub async fn is_served_by(&self, wanted: &[&str]) {
        let look = || async {
            let (servers, _) = self.served().await;
            servers.iter().eq(wanted).then_some(())
        };
        eventually(&format!("served by {wanted:?}"), look).await;
    }

    /// Whether exactly these serve, and all answers are new.
    pub async fn assert_served_by(&self, wanted: &[&str]) {
        let head = self.reference.height().await;
        let (servers, lowest) = self.served().await;
        assert!(servers.iter().eq(wanted), "{servers:?}, not {wanted:?}");
        assert!(lowest + SPREAD >= head, "block {lowest} at head {head}");
    }
}

async fn mine(node: &Anvil, blocks: u64) {
    node.call("anvil_mine", json!([format!("{blocks:#x}")])).await.unwrap();
}
