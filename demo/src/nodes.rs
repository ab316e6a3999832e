//! The simulated nodes over sockets: JSON-RPC as a Polygon node speaks it, and as strict.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::chain::{Answer, CHAIN_ID, Chain, Lever, Levers, Node};
use crate::clock::ChainTime;
pub use crate::clock::{Clock, wall_clock};
use crate::server::{self, Server};

/// How often the script is asked whether a node's door is shut.
const DOOR_CHECK: Duration = Duration::from_millis(250);

/// Every node of a chain, each on a port of its own, until this is dropped.
pub struct Nodes {
    chain: Chain,
    time: Arc<ChainTime>,
    servers: Arc<Vec<(Node, Server)>>,
    levers: watch::Sender<Levers>,
    doors: AbortHandle,
}

impl Nodes {
    /// Starts all nodes of `chain` on free ports of 127.0.0.1.
    pub async fn start(chain: Chain, clock: Clock) -> io::Result<Self> {
        let (levers, pulled) = watch::channel(Levers::new());
        let time = Arc::new(ChainTime::new(clock));
        let mut servers = Vec::new();
        for node in Node::all() {
            let (time, pulled) = (time.clone(), pulled.clone());
            let ask = move || chain.answer(&pulled.borrow(), node, time.now());
            let handle = move |request| answer(request, ask.clone());
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            servers.push((node, Server::start(free, handle).await?));
        }
        let servers = Arc::new(servers);
        let doors = tokio::spawn(doors(chain, time.clone(), servers.clone(), pulled)).abort_handle();
        Ok(Nodes { chain, time, servers, levers, doors })
    }

    /// Every node with its URL, the references first.
    pub fn urls(&self) -> impl Iterator<Item = (Node, String)> {
        self.servers.iter().map(|(node, server)| (*node, format!("http://{}", server.address())))
    }

    /// Pulls levers, or lets them go.
    pub fn pull(&self, change: impl FnOnce(&mut Levers)) {
        self.levers.send_modify(change);
    }

    /// From now on the watched node is late, until it is so many blocks behind
    /// and stays so: its head stops first, it never runs backwards.
    pub fn fall_behind(&self, blocks: u64) {
        let since = self.time.now();
        self.pull(|levers| _ = levers.insert(Node::Watched, Lever::Late { since, blocks }));
    }

    /// The levers that are pulled now.
    pub fn pulled(&self) -> Levers {
        self.levers.borrow().clone()
    }

    /// Reports when levers are pulled or let go, and when the chain halts or goes on.
    pub fn watch(&self) -> watch::Receiver<Levers> {
        self.levers.subscribe()
    }

    /// Halts the chain: every head stays where it is. Or lets it go on from there.
    pub fn halt(&self, halted: bool) {
        self.pull(|_| self.time.halt(halted));
    }

    /// Whether the chain is halted.
    pub fn is_halted(&self) -> bool {
        self.time.is_halted()
    }

    /// What every node would answer now, the references first.
    pub fn answers(&self) -> impl Iterator<Item = (Node, Answer)> {
        let (now, pulled) = (self.time.now(), self.pulled());
        Node::all().map(move |node| (node, self.chain.answer(&pulled, node, now)))
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.doors.abort();
    }
}

/// Shuts and opens the doors of nodes that die and return.
async fn doors(
    chain: Chain,
    time: Arc<ChainTime>,
    servers: Arc<Vec<(Node, Server)>>,
    mut levers: watch::Receiver<Levers>,
) {
    loop {
        let now = time.now();
        let pulled = levers.borrow_and_update().clone();
        for (node, server) in servers.iter() {
            server.set_open(chain.answer(&pulled, *node, now) != Answer::Refuses);
        }
        tokio::select! {
            () = tokio::time::sleep(DOOR_CHECK) => {}
            changed = levers.changed() => if changed.is_err() { return },
        }
    }
}

async fn answer(request: Request<Incoming>, ask: impl Fn() -> Answer) -> server::Answer {
    let plain = |status, text: &'static str| server::answer(status, "text/plain", text);
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    }
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or("");
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid content type, only application/json is supported",
        );
    }
    let Some(body) = server::body(request.into_body()).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "content length too large");
    };
    let Some(block) = ask().block() else {
        return std::future::pending().await;
    };
    let reply = match serde_json::from_slice(&body) {
        Err(_) => error(&Value::Null, -32700, "parse error"),
        Ok(Value::Array(calls)) if calls.is_empty() => error(&Value::Null, -32600, "empty batch"),
        Ok(Value::Array(calls)) => calls.iter().map(|call| reply(call, block)).collect(),
        Ok(call) => reply(&call, block),
    };
    server::answer(StatusCode::OK, "application/json", reply.to_string())
}

fn reply(call: &Value, block: u64) -> Value {
    let id = &call["id"];
    let (Some("2.0"), Some(method)) = (call["jsonrpc"].as_str(), call["method"].as_str()) else {
        return error(id, -32600, "invalid request");
    };
    if !matches!(&call["params"], Value::Null) && call["params"] != json!([]) {
        return error(id, -32602, "too many arguments, want at most 0");
    }
    let result = match method {
        "eth_blockNumber" => block,
        "eth_chainId" => CHAIN_ID,
        _ => {
            let text = format!("the method {method} does not exist/is not available");
            return error(id, -32601, &text);
        }
    };
    json!({"jsonrpc": "2.0", "id": id, "result": format!("{result:#x}")})
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
