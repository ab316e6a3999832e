//! Real nodes of three chains, each asked in another way: geth (POST, and a question of its own for
//! the chain), CometBFT (GET, and the chain in the same answer), and btcd (a login, and the hash of
//! the first block). They are built for this, so this is a part of `make compat`.

#![cfg(feature = "compat")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod patience;

use std::{fmt::Write, path::Path};

use headlag_demo::{exporter, process::Process};
use patience::{eventually, free_port};
use serde_json::{Value, json};
use tokio::process::Command;

/// A real node.
struct Node {
    process: Process,
    url: String,
    /// The question for its newest block, the test's own.
    call: Call,
}

#[derive(Clone, Copy)]
enum Call {
    /// GET of this path, and where the number is.
    Get(&'static str, &'static str),
    /// This method of JSON-RPC.
    Rpc(&'static str),
}

impl Node {
    /// Starts it, and waits until it has made a block.
    async fn start(name: &'static str, command: &mut Command, url: String, call: Call) -> Self {
        let node = Self { process: Process::start(name, command).unwrap(), url, call };
        eventually(name, || async { node.height().await }).await;
        node
    }

    async fn height(&self) -> Option<u64> {
        let value = match self.call {
            Call::Get(path, pointer) => {
                let answer = reqwest::get(format!("{}{path}", self.url)).await.ok()?;
                answer.json::<Value>().await.ok()?.pointer(pointer)?.clone()
            }
            Call::Rpc(method) => self.rpc(method, json!([])).await?,
        };
        let hex = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        value.as_u64().or_else(|| value.as_str().and_then(|text| hex(text).or(text.parse().ok())))
    }

    async fn rpc(&self, method: &str, params: Value) -> Option<Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = reqwest::Client::new().post(&self.url).json(&body).send().await.ok()?;
        Some(answer.json::<Value>().await.ok()?["result"].clone())
    }
}

/// A network of these nodes in the config.
fn network(name: &str, protocol: &str, chain_id: &str, [reference, watched]: [&Node; 2]) -> String {
    format!(
        "- name: {name}\n  protocol: {protocol}\n  chain_id: '{chain_id}'\n  threshold_blocks: 1000\n  \
         references: [{{name: reference, url: '{}'}}]\n  watched: [{{name: my-node, url: '{}'}}]\n",
        reference.url, watched.url
    )
}

/// What the exporter shows of the watched node: its state in the network of its chain and in that of
/// another one, and its block.
async fn shown(metrics: &str) -> (String, String, Option<u64>) {
    let text = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    let of = |metric: &str, network: &str| {
        format!("{metric}{{network=\"{network}\",node=\"my-node\",role=\"watched\"")
    };
    let state = |network| {
        let begin = of("headlag_node_state", network) + ",state=\"";
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(&begin)?.split_once('"'));
        lines.find(|(_, value)| *value == "} 1").map_or(String::new(), |(state, _)| state.to_owned())
    };
    let begin = of("headlag_node_block", "here") + "} ";
    let block = text.lines().find_map(|line| line.strip_prefix(&begin)?.parse().ok());
    (state("here"), state("elsewhere"), block)
}

/// Watches the second of `nodes` while it lives, while it is frozen, and when it goes on. `mine` has
/// it make a block, where it does not by itself.
async fn watch<F: Future<Output = ()>>(
    protocol: &str,
    [chain_id, other]: [&str; 2],
    [reference, watched]: [Node; 2],
    mine: impl Fn(String) -> F,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = String::from("poll_interval: 1s\ntimeout: 800ms\nnetworks:\n");
    let nodes = [&reference, &watched];
    config.write_str(&network("here", protocol, chain_id, nodes)).unwrap();
    config.write_str(&network("elsewhere", protocol, other, nodes)).unwrap();
    let port = free_port();
    let metrics = format!("http://{}/metrics", port.address());
    let exporter = exporter::start(folder.path(), &config, port).await.unwrap();

    let follows = || async {
        mine(watched.url.clone()).await;
        let height = watched.height().await.unwrap();
        eventually("its newest block", || async {
            let (here, elsewhere, block) = shown(&metrics).await;
            (here == "ok" && elsewhere == "wrong_chain" && block? >= height).then_some(())
        })
        .await;
        let (_, _, block) = shown(&metrics).await;
        assert!(block <= watched.height().await, "no block that it has not made");
    };
    follows().await;
    watched.process.freeze(true).unwrap();
    eventually("it answers no more", || async {
        let (here, elsewhere, block) = shown(&metrics).await;
        (here == "unreachable" && elsewhere == "unreachable" && block.is_none()).then_some(())
    })
    .await;
    watched.process.freeze(false).unwrap();
    follows().await;
    exporter.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn geth_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let start = |name| {
        let folder = folder.path().join(name);
        async move {
            let port = || free_port().hand_over().port().to_string();
            let address = free_port().hand_over();
            let mut command = Command::new("geth");
            command.args(["--dev", "--dev.period", "1", "--ipcdisable", "--nodiscover", "--maxpeers", "0"]);
            command.arg("--datadir").arg(folder).args(["--port", &port(), "--authrpc.port", &port()]);
            command.args(["--http", "--http.port", &address.port().to_string(), "--verbosity", "1"]);
            Node::start(name, &mut command, format!("http://{address}"), Call::Rpc("eth_blockNumber")).await
        }
    };
    let nodes = [start("geth-reference").await, start("geth").await];
    watch("evm", ["1337", "137"], nodes, |_| async {}).await;
}

async fn run(command: &mut Command) {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

async fn cometbft(name: &'static str, home: &Path) -> Node {
    let (address, peers) = (free_port().hand_over(), free_port().hand_over());
    let mut command = Command::new("cometbft");
    command.arg("node").arg("--home").arg(home).args(["--proxy_app", "kvstore", "--log_level", "error"]);
    command.arg(format!("--rpc.laddr=tcp://{address}")).arg(format!("--p2p.laddr=tcp://{peers}"));
    let call = Call::Get("/status", "/result/sync_info/latest_block_height");
    Node::start(name, &mut command, format!("http://{address}"), call).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cometbft_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let homes = ["reference", "mine"].map(|name| folder.path().join(name));
    run(Command::new("cometbft").arg("init").arg("--home").arg(&homes[0])).await;
    // The same chain twice, each with its only validator.
    run(Command::new("cp").arg("-r").args(&homes)).await;
    let genesis = std::fs::read(homes[0].join("config/genesis.json")).unwrap();
    let genesis: Value = serde_json::from_slice(&genesis).unwrap();
    let nodes = [cometbft("cometbft-reference", &homes[0]).await, cometbft("cometbft", &homes[1]).await];
    watch("cosmos", [genesis["chain_id"].as_str().unwrap(), "cosmoshub-4"], nodes, |_| async {}).await;
}

/// An address of btcd's simnet, version 0x3f, whose key nobody has.
const NOBODY: &str = "SMJ12qn9jNCCXJnTYRz5Yu9ZenERqvYwfg";

async fn btcd(name: &'static str, home: &Path) -> Node {
    let (address, peers) = (free_port().hand_over(), free_port().hand_over());
    let mut command = Command::new("btcd");
    command.env("HOME", home).args(["--simnet", "--notls", "--rpcuser", "me", "--rpcpass", "open-sesame"]);
    command.args(["--miningaddr", NOBODY, "--nodnsseed", "--debuglevel", "error"]);
    command.arg(format!("--rpclisten={address}")).arg(format!("--listen={peers}"));
    for flag in ["datadir", "logdir"] {
        command.arg(format!("--{flag}={}", home.join(flag).display()));
    }
    let url = format!("http://me:open-sesame@{address}");
    Node::start(name, &mut command, url, Call::Rpc("getblockcount")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn btcd_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = [
        btcd("btcd-reference", &folder.path().join("reference")).await,
        btcd("btcd", &folder.path().join("mine")).await,
    ];
    let first = nodes[1].rpc("getblockhash", json!([0])).await.unwrap();
    let bitcoin = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    watch("bitcoin", [first.as_str().unwrap(), bitcoin], nodes, |url| async move {
        let body = json!({ "jsonrpc": "1.0", "id": 1, "method": "generate", "params": [3] });
        let mined = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        assert!(mined.status().is_success(), "{mined:?}");
    })
    .await;
}
