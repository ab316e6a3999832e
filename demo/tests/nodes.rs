//! The simulated nodes, asked over sockets as the exporter asks.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use headlag_demo::chain::{Chain, Lever, Node};
use headlag_demo::nodes::Nodes;
use serde_json::{Value, json};

const NOW: i64 = 1_790_000_000_000;

async fn start() -> (Nodes, String) {
    let nodes = Nodes::start(Chain::calm(1), Arc::new(|| NOW)).await.unwrap();
    let url = nodes.urls().find(|(node, _)| *node == Node::Watched).unwrap().1;
    (nodes, url)
}

async fn ask(url: &str, body: &'static str) -> Value {
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    request.body(body).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_node_answers_as_strictly_as_a_real_one() {
    let (_nodes, url) = start().await;
    let block = Chain::calm(1).answer(&Default::default(), Node::Watched, NOW).block().unwrap();
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"eth_blockNumber","params":[]}"#;
    assert_eq!(ask(&url, call).await, json!({"jsonrpc": "2.0", "id": 7, "result": format!("{block:#x}")}));
    let batch =
        r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"eth_mine"}]"#;
    let answers = ask(&url, batch).await;
    assert_eq!((&answers[0]["result"], &answers[1]["error"]["code"]), (&json!("0x89"), &json!(-32601)));
    assert_eq!(ask(&url, "{").await["error"]["code"], json!(-32700));
    let client = reqwest::Client::new();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 405);
    assert_eq!(client.post(&url).body(call).send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn a_lever_makes_a_node_refuse_hang_and_return() {
    let (nodes, url) = start().await;
    let client = reqwest::Client::new();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"});
    let ask = || client.post(&url).json(&call).timeout(Duration::from_millis(300)).send();
    assert!(ask().await.is_ok());
    nodes.pull(|levers| _ = levers.insert(Node::Watched, Lever::Hang));
    assert!(ask().await.unwrap_err().is_timeout());
    nodes.pull(|levers| _ = levers.insert(Node::Watched, Lever::Refuse));
    let refused = async { while !ask().await.is_err_and(|error| error.is_connect()) {} };
    tokio::time::timeout(Duration::from_secs(5), refused).await.unwrap();
    nodes.pull(|levers| _ = levers.remove(&Node::Watched));
    let back = async { while ask().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(5), back).await.unwrap();
}

#[tokio::test]
async fn a_chain_that_halts_goes_on_at_its_old_height() {
    let wall = Arc::new(AtomicI64::new(NOW));
    let hands = wall.clone();
    let clock = Arc::new(move || hands.load(Ordering::Relaxed));
    let nodes = Nodes::start(Chain::eventful(1, NOW), clock).await.unwrap();
    let heads = || nodes.answers().map(|(_, answer)| answer.block().unwrap()).collect::<Vec<_>>();
    let before = heads();
    nodes.halt(true);
    nodes.fall_behind(12);
    wall.fetch_add(420_000, Ordering::Relaxed);
    assert_eq!(heads(), before, "also where the script would have something happen meanwhile");
    nodes.halt(false);
    assert_eq!(heads(), before);
    wall.fetch_add(60_000, Ordering::Relaxed);
    let after = heads();
    for (before, after) in before.iter().zip(&after).take(9) {
        assert!((28..=32).contains(&(after - before)), "{before} {after}");
    }
    assert!((16..=20).contains(&(after[9] - before[9])), "12 fewer, by the lever: {before:?} {after:?}");
}
