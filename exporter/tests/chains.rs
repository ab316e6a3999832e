//! The program among nodes of every chain, over real sockets. What the nodes answer is in
//! `testdata/chains/`; what they have to be asked is here.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::{
    fmt::Write,
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

use headlag_exporter::protocol::{self, Compare};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How a request begins, and words of its body.
type Asked = [&'static str; 2];

/// A row, the path of a node's URL, the question for its newest block, and that for its chain
/// where it is another one.
const ROWS: [(&str, &str, Asked, Option<Asked>); 17] = [
    ("evm", "/", ["POST / ", "eth_blockNumber"], Some(["POST / ", "eth_chainId"])),
    ("solana", "/KEY/", ["POST /KEY/ ", "getSlot"], Some(["POST /KEY/ ", "getGenesisHash"])),
    ("cosmos", "/rpc/", ["GET /rpc/status ", ""], None),
    ("bitcoin", "/", ["POST / ", "getblockcount"], Some(["POST / ", r#"getblockhash","params":[0]"#])),
    (
        "substrate",
        "/",
        ["POST / ", "chain_getHeader"],
        Some(["POST / ", r#"chain_getBlockHash","params":[0]"#]),
    ),
    ("starknet", "/v0_9", ["POST /v0_9 ", "starknet_blockNumber"], Some(["POST /v0_9 ", "starknet_chainId"])),
    ("near", "/", ["POST / ", r#""method":"status""#], None),
    ("aptos", "/v1", ["GET /v1 ", ""], None),
    ("sui", "/graphql", ["POST /graphql ", "sequenceNumber"], None),
    ("tron", "/jsonrpc", ["POST /jsonrpc ", "eth_blockNumber"], Some(["POST /jsonrpc ", "eth_chainId"])),
    ("ton", "/api/v2/?key=KEY", ["GET /api/v2/getMasterchainInfo?key=KEY ", ""], None),
    ("xrpl", "/", ["POST / ", "server_info"], None),
    ("stellar", "/", ["POST / ", r#""method":"getHealth"}"#], Some(["POST / ", r#""method":"getNetwork"}"#])),
    ("cardano", "/", ["GET /health ", ""], None),
    ("filecoin", "/rpc/v1", ["POST /rpc/v1 ", "eth_blockNumber"], Some(["POST /rpc/v1 ", "eth_chainId"])),
    ("tezos", "/", ["GET /chains/main/blocks/head/header ", ""], None),
    ("algorand", "/", ["GET /v2/status ", ""], Some(["GET /versions ", ""])),
];

fn recorded(row: &str, what: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/chains").join(row);
    fs::read_to_string(folder.join(what)).unwrap()
}

/// A node that answers a request, given from its first line on to the end of its body, with a
/// status and a body. Gives its address.
async fn node(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut stream = tokio::io::BufReader::new(stream);
                while let Some(request) = read_request(&mut stream).await {
                    let (status, body) = answer(&request);
                    let head = format!("HTTP/1.1 {status} Some\r\nContent-Length: {}\r\n\r\n", body.len());
                    stream.get_mut().write_all((head + &body).as_bytes()).await.unwrap();
                }
            });
        }
    });
    url
}

async fn read_request(stream: &mut tokio::io::BufReader<TcpStream>) -> Option<String> {
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let length = request
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(request + &String::from_utf8(body).unwrap())
}

/// What a node of this row answers.
fn answer(row: &str, head: Asked, chain: Option<Asked>, request: &str) -> (u16, String) {
    let is = |[line, words]: Asked| request.starts_with(line) && request.contains(words);
    let what = match chain {
        Some(chain) if is(chain) => "chain.json",
        _ if is(head) => "head.json",
        _ => return (404, request.to_owned()),
    };
    let id = request.split_once(r#""id":"#).map_or("1", |(_, rest)| rest.split(',').next().unwrap());
    (200, recorded(row, what).replace(r#""id": 1"#, &format!(r#""id": {id}"#)))
}

fn write_config(networks: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("networks:\n{networks}")).unwrap();
    file
}

fn exporter(config: &tempfile::NamedTempFile) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headlag-exporter"));
    command.arg("--config.file").arg(config.path()).args(["--web.listen-address", "127.0.0.1:0"]);
    command
}

/// A program that ends with the test, also where that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Each row twice: with the chain of its nodes, and with another one.
async fn networks_of_each_row() -> String {
    let mut networks = String::new();
    for (row, (name, path, head, chain)) in protocol::rows().iter().zip(ROWS) {
        assert_eq!(row.name, name);
        let mut urls = Vec::new();
        for _ in 0..2 {
            let url = node(move |request| answer(name, head, chain, request)).await;
            urls.push(format!("{url}{path}"));
        }
        // Of the same form, and none that exists.
        let elsewhere = match row.compare {
            Compare::AsNumbers => "99",
            Compare::AsText if row.about.chain_id.parse::<u64>().is_ok() => "99",
            Compare::AsText | Compare::AsFelts => "elsewhere",
            Compare::AsHashes => &"7".repeat(64),
            Compare::AsBase64 => &format!("{}=", "7".repeat(42) + "8"),
        };
        for (network, chain_id) in [(name.to_owned(), row.about.chain_id), (format!("not-{name}"), elsewhere)]
        {
            write!(
                networks,
                "- name: {network}\n  protocol: {name}\n  chain_id: '{chain_id}'\n  \
                 references: [{{name: reference, url: '{}'}}]\n  watched: [{{name: mine, url: '{}'}}]\n",
                urls[0], urls[1]
            )
            .unwrap();
        }
    }
    networks
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_asks_the_nodes_of_every_chain() {
    let config = write_config(&networks_of_each_row().await);
    let output = tokio::task::spawn_blocking(move || exporter(&config).args(["probe", "--json"]).output());
    let output = output.await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let probed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let networks = probed["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 2 * ROWS.len());
    for network in networks {
        let name = network["network"].as_str().unwrap();
        let state = if name.starts_with("not-") { "wrong_chain" } else { "ok" };
        for node in network["nodes"].as_array().unwrap() {
            if node["role"] == "watched" {
                assert_eq!(node["state"], state, "{name}: {node}");
            }
            // What it answered is shown in both cases.
            assert!(node["block"].as_u64().unwrap() > 900_000, "{name}: {node}");
        }
        assert_eq!(network["references_up"], u64::from(state == "ok"), "{name}: {network}");
        assert_eq!(network["median_block"].is_u64(), state == "ok", "{name}: {network}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_asks_a_chain_that_the_config_describes() {
    let post = node(|request| match request.rsplit_once("\r\n").unwrap().1 {
        r#"{"ask":"head"}"# => (200, r#"{"head":{"height":"1234"}}"#.into()),
        r#"{"ask":"chain"}"# => (200, r#"{"chain":["00120e45"]}"#.into()),
        other => (400, other.into()),
    })
    .await;
    let get = node(|request| {
        let is_asked = request.starts_with("GET /api/status?full=0 ");
        (if is_asked { 200 } else { 404 }, r#"{"head":1234,"chain":"0x89"}"#.into())
    })
    .await;
    let config = write_config(&format!(
        "- name: posted
  protocol: json
  head: {{method: POST, body: '{{\"ask\":\"head\"}}', pointer: /head/height, form: decimal}}
  chain: {{method: POST, body: '{{\"ask\":\"chain\"}}', pointer: /chain/0}}
  chain_id: 00120e45
  threshold_blocks: 3
  stall_after: 60s
  references: [{{name: reference, url: '{post}/a'}}]
  watched: [{{name: mine, url: '{post}/b'}}]
- name: got
  protocol: json
  head: {{path: '/api/status?full=0', pointer: /head, form: number}}
  chain: {{pointer: /chain, form: hex}}
  chain_id: 137
  threshold_blocks: 3
  stall_after: 60s
  references: [{{name: reference, url: '{get}/'}}]
  watched: [{{name: mine, url: '{get}/api'}}]
"
    ));
    let output = tokio::task::spawn_blocking(move || exporter(&config).arg("probe").output());
    let output = output.await.unwrap().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert_eq!(table.matches("ok, median 1234, 1 of 1 references counted").count(), 2, "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_synced_yet_has_no_block_and_the_log_says_so() {
    let syncing = node(|_| (200, recorded("xrpl", "unsynced.json"))).await;
    let starting = node(|_| (500, recorded("bitcoin", "error.json"))).await;
    let mut networks = String::new();
    for (name, url) in [("xrpl", syncing), ("bitcoin", starting)] {
        write!(
            networks,
            "- name: {name}\n  protocol: {name}\n  references: [{{name: reference, url: '{url}/a'}}]\n  \
             watched: [{{name: mine, url: '{url}/b'}}]\n"
        )
        .unwrap();
    }
    let config = write_config(&networks);
    let mut running = Running(exporter(&config).stderr(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let (send, log) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
    let seen = tokio::task::spawn_blocking(move || {
        let (mut address, mut unsynced) = (None, Vec::new());
        while address.is_none() || unsynced.len() < 4 {
            let line = log.recv_timeout(Duration::from_secs(20)).expect("both networks are logged");
            if let Some((_, rest)) = line.split_once("address=") {
                address = rest.split_whitespace().next().map(str::to_owned);
            }
            if line.contains("node is not synced yet") {
                unsynced.push(line);
            }
        }
        (address.unwrap(), unsynced)
    });
    let (address, unsynced) = seen.await.unwrap();
    let metrics = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    let page = reqwest::get(format!("http://{address}/")).await.unwrap().text().await.unwrap();
    for (network, code) in [("xrpl", "reason=malformed"), ("bitcoin", "reason=rpc_error code=-28")] {
        let of_network = |line: &&String| line.contains(&format!("network={network}")) && line.contains(code);
        assert_eq!(unsynced.iter().filter(of_network).count(), 2, "{unsynced:#?}");
    }
    assert!(!metrics.contains("headlag_node_block{"), "{metrics}");
    assert!(page.contains("it is not synced yet"), "{page}");
}
