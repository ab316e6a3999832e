//! Simulated EVM nodes: many addresses, one thread, and as little work as possible for each answer.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    runtime,
};

/// How often each node is asked.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// How long each round waits for the nodes that hang.
pub const TIMEOUT: Duration = Duration::from_secs(4);
/// How many nodes a network has. In every other network one of them hangs.
const OF_A_NETWORK: usize = 100;
const REFERENCES: usize = 9;
const CHAIN_ID: u64 = 1337;
const BLOCK_TIME: Duration = Duration::from_secs(2);
/// All nodes are connected to at the same instant, and no queue of the kernel takes them all.
const PORTS: usize = 32;
const BACKLOG: u32 = 1024;

/// So many nodes, each at an address of its own.
#[derive(Debug)]
pub struct Nodes {
    count: usize,
    ports: Vec<u16>,
    asked: Arc<AtomicU64>,
}

impl Nodes {
    /// Starts a server for all of them, which goes on until the process ends.
    pub fn start(count: usize) -> anyhow::Result<Self> {
        let asked = Arc::new(AtomicU64::new(0));
        let chain = Chain { began: Instant::now(), asked: Arc::clone(&asked) };
        let (opens, opened) = mpsc::channel();
        // Not on the runtime of the measurement, which has other things to do.
        thread::Builder::new().name("nodes".into()).spawn(move || {
            if let Err(error) = serve_all(&chain, &opens) {
                let _ = opens.send(Err(error));
            }
        })?;
        let ports = opened.recv().context("the simulated nodes ended")??;
        Ok(Self { count, ports, asked })
    }

    /// How many requests came so far.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The URLs of the nodes that answer.
    pub fn answering(&self) -> impl Iterator<Item = String> {
        (0..self.count).filter(|index| !hangs(*index)).map(|index| self.url(index))
    }

    /// How long the slowest node of a network keeps a round waiting.
    pub fn slowest(&self, network: usize) -> Duration {
        let mut nodes = network * OF_A_NETWORK..(network + 1) * OF_A_NETWORK;
        if nodes.any(hangs) { TIMEOUT } else { Duration::ZERO }
    }

    /// A config of the exporter with all of them, in networks of a hundred nodes.
    pub fn config(&self) -> String {
        let (interval, timeout) = (INTERVAL.as_secs(), TIMEOUT.as_secs());
        let mut yaml = format!("poll_interval: {interval}s\ntimeout: {timeout}s\nnetworks:\n");
        for network in 0..self.count.div_ceil(OF_A_NETWORK) {
            let nodes = network * OF_A_NETWORK..self.count.min((network + 1) * OF_A_NETWORK);
            let _ = write!(
                yaml,
                "  - name: network-{network}\n    protocol: evm\n    chain_id: {CHAIN_ID}\n    references:\n"
            );
            for index in nodes {
                if index % OF_A_NETWORK == REFERENCES {
                    yaml.push_str("    watched:\n");
                }
                let _ = writeln!(yaml, "      - {{ name: node-{index}, url: \"{}\" }}", self.url(index));
            }
        }
        yaml
    }

    fn url(&self, index: usize) -> String {
        let address = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + index as u32);
        let path = if hangs(index) { "hang" } else { "" };
        format!("http://{address}:{}/{path}", self.ports[index % PORTS])
    }
}

/// Whether a node never answers: a watched one, since references that fail are paused.
fn hangs(index: usize) -> bool {
    index % (2 * OF_A_NETWORK) == OF_A_NETWORK - 1
}

/// Sends the ports, and goes on answering on them.
fn serve_all(chain: &Chain, opens: &mpsc::Sender<anyhow::Result<Vec<u16>>>) -> anyhow::Result<()> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listeners = (0..PORTS).map(|_| listen()).collect::<Result<Vec<_>, _>>()?;
        let ports = listeners.iter().map(|listener| Ok(listener.local_addr()?.port()));
        opens.send(ports.collect())?;
        for listener in listeners {
            tokio::spawn(accept(listener, chain.clone()));
        }
        std::future::pending().await
    })
}

fn listen() -> anyhow::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // On all addresses of the loopback interface.
    socket.bind(SocketAddr::from(([0, 0, 0, 0], 0)))?;
    socket.listen(BACKLOG).context("cannot listen for the nodes")
}

/// What every node answers from.
#[derive(Debug, Clone)]
struct Chain {
    began: Instant,
    asked: Arc<AtomicU64>,
}

impl Chain {
    fn answer(&self, body: &str) -> Option<String> {
        let id = body.split_once("\"id\":")?.1.split([',', '}']).next()?;
        let is_for_chain = body.contains("eth_chainId");
        let block = 70_000_000 + self.began.elapsed().as_secs() / BLOCK_TIME.as_secs();
        let result = if is_for_chain { CHAIN_ID } else { block };
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"{result:#x}\"}}");
        let length = body.len();
        Some(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nvary: Origin\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }
}

async fn accept(listener: TcpListener, chain: Chain) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, chain.clone()));
        }
    }
}

/// Answers one request after the other; absent when the client is gone or sent something else.
async fn serve(mut stream: TcpStream, chain: Chain) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        let text = std::str::from_utf8(&request).ok()?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        })?;
        if body.len() < length {
            continue;
        }
        chain.asked.fetch_add(1, Ordering::Relaxed);
        if !head.starts_with("POST /hang") {
            stream.write_all(chain.answer(body)?.as_bytes()).await.ok()?;
        }
        // Of a hundred thousand idle connections none keeps a buffer.
        request = Vec::new();
    }
}
