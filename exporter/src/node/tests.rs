//! Nodes over real sockets in virtual time: every server runs in the test's own runtime.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{cause::Cause, config::Role, network::Network, protocol, round::Nodes, schedule};

/// A request as the server saw it.
#[derive(Clone)]
struct Seen {
    /// Counted from 0.
    number: usize,
    /// Counted from 0.
    connection: usize,
    is_for_chain: bool,
    id: u64,
    at: Instant,
}

impl Seen {
    fn result(&self, number: u64) -> Vec<u8> {
        ok("", format!(r#"{{"jsonrpc":"2.0","id":{},"result":"{number:#x}"}}"#, self.id).as_bytes())
    }
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    says("200 OK", headers, body)
}

fn says(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// A node that answers each request with what `script` returns, or closes the connection.
/// Gives its address and what it saw.
async fn server(script: impl Fn(&Seen) -> Option<Vec<u8>> + Send + Sync + 'static) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (log, script) = (Log::default(), Arc::new(script));
    let seen = log.clone();
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (log, script) = (log.clone(), script.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut request).await {
                    let text = String::from_utf8_lossy(&request[..length]);
                    let id = text.split_once("\"id\":").unwrap().1.split_once(',').unwrap().0;
                    let seen = {
                        let mut log = log.lock().unwrap();
                        let (number, is_for_chain) = (log.len(), text.contains("eth_chainId"));
                        let (id, at) = (id.parse().unwrap(), now());
                        log.push(Seen { number, connection, is_for_chain, id, at });
                        log[number].clone()
                    };
                    match script(&seen) {
                        Some(answer) => stream.write_all(&answer).await.unwrap(),
                        None => return,
                    }
                }
            });
        }
    });
    (url, seen)
}

fn endpoint(name: &str, role: Role, url: &str) -> config::Endpoint {
    let name = NodeName::new(name).unwrap();
    let (headers, access) = (hyper::HeaderMap::new(), config::Access::default());
    config::Endpoint { name, role, url: url.into(), headers, access }
}

/// Polygon, asked every 15 s.
fn network(chain_id: Option<u64>, quorum: usize, nodes: Vec<config::Endpoint>) -> config::Network {
    config::Network {
        name: NetworkName::new("polygon").unwrap(),
        protocol: protocol::find("evm").unwrap(),
        chain_id: chain_id.map(|id| protocol::Compare::AsNumbers.read(&id.to_string()).unwrap()),
        poll_interval: INTERVAL,
        timeout: Duration::from_secs(5),
        threshold_blocks: 5,
        stall_after: Duration::from_secs(60),
        max_lead_blocks: 100,
        quorum,
        nodes,
    }
}

fn node(url: &str, role: Role, chain_id: Option<u64>) -> Node {
    let network = network(chain_id, 1, Vec::new());
    Node::new(&Dialer::default(), &network, &endpoint("node", role, url)).unwrap()
}

const INTERVAL: Duration = Duration::from_secs(15);

fn block(number: u64) -> BlockNumber {
    BlockNumber::new(number).unwrap()
}

/// So many rounds, one every 15 s.
async fn rounds(node: &mut Node, rounds: usize) -> Vec<Answer> {
    let mut due = tokio::time::interval(INTERVAL);
    let mut answers = Vec::new();
    for _ in 0..rounds {
        due.tick().await;
        answers.push(node.ask().await);
    }
    answers
}

fn heads(answers: &[Answer]) -> Vec<Result<BlockNumber, Reason>> {
    answers.iter().map(|answer| answer.head).collect()
}

#[tokio::test(start_paused = true)]
async fn each_request_has_its_own_id_and_takes_no_answer_to_another() {
    let (url, log) = server(|seen| {
        Some(match seen.number {
            0 => seen.result(100),
            1 => seen.result(137),
            _ => Seen { id: 4711, ..seen.clone() }.result(137),
        })
    })
    .await;
    let answers = rounds(&mut node(&url, Role::Watched, Some(137)), 2).await;
    assert_eq!(heads(&answers), [Ok(block(100)), Err(Reason::Malformed)]);
    let ids: Vec<u64> = log.lock().unwrap().iter().map(|seen| seen.id).collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_kept_alive_connection_that_ends_costs_no_round() {
    for answers_each in [1, 3] {
        let served = Mutex::new(HashMap::new());
        let (url, log) = server(move |seen| {
            let mut served = served.lock().unwrap();
            let count = served.entry(seen.connection).or_insert(0);
            *count += 1;
            // A balancer's idle timer ends the connection as the request arrives.
            (*count <= answers_each).then(|| seen.result(100))
        })
        .await;
        let answers = rounds(&mut node(&url, Role::Watched, None), 30).await;
        assert_eq!(heads(&answers), vec![Ok(block(100)); 30]);
        assert!(log.lock().unwrap().len() > 30, "some were lost and sent again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_408_on_a_kept_alive_connection_is_its_end() {
    let (url, _) = server(|seen| {
        let is_late = seen.number == 1;
        Some(if is_late {
            says("408 Request Timeout", "Connection: close\r\n", b"")
        } else {
            seen.result(100)
        })
    })
    .await;
    let answers = rounds(&mut node(&url, Role::Watched, None), 3).await;
    assert_eq!(heads(&answers), [Ok(block(100)); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_connection_that_breaks_is_not_tried_again() {
    let (url, log) = server(|_| None).await;
    let answers = rounds(&mut node(&url, Role::Watched, None), 3).await;
    assert_eq!(heads(&answers), [Err(Reason::Connect(Some(Cause::Closed))); 3]);
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_connection_lives_for_minutes_and_no_longer() {
    let (url, log) = server(|seen| Some(seen.result(100))).await;
    rounds(&mut node(&url, Role::Watched, None), 100).await;
    let mut used: HashMap<usize, (Instant, Instant)> = HashMap::new();
    for seen in log.lock().unwrap().iter() {
        used.entry(seen.connection).or_insert((seen.at, seen.at)).1 = seen.at;
    }
    let longest = used.values().map(|(first, last)| *last - *first).max().unwrap();
    assert!((Duration::from_secs(90)..CONNECTION_LIFETIME).contains(&longest), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_allows_one_request_a_second_never_loses_its_block() {
    for (chain, want) in [(137, Ok(block(100))), (1, Err(Reason::WrongChain(block(100))))] {
        let last = Mutex::new(None);
        let (url, log) = server(move |seen| {
            let last = last.lock().unwrap().replace(seen.at);
            if last.is_some_and(|last| seen.at - last < Duration::from_secs(1)) {
                return Some(says("429 Too Many Requests", "Retry-After: 1\r\n", b""));
            }
            Some(seen.result(if seen.is_for_chain { chain } else { 100 }))
        })
        .await;
        let answers = rounds(&mut node(&url, Role::Watched, Some(137)), 21).await;
        assert_eq!(heads(&answers), vec![want; 21]);
        let asked = log.lock().unwrap().iter().filter(|seen| seen.is_for_chain).count();
        // Twice each time: at once, and a second later.
        assert_eq!(asked, if want.is_ok() { 4 } else { 42 });
        assert!(
            answers.iter().all(|answer| answer.head.is_err() || answer.took < Some(Duration::from_secs(1)))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_question_that_fails_for_the_moment_is_asked_again_in_the_next_round() {
    for failure in ["502 Bad Gateway", "503 Service Unavailable", "429 Too Many Requests", ""] {
        let is_failing = Arc::new(Mutex::new(true));
        let fails = is_failing.clone();
        let (url, _) = server(move |seen| match (seen.is_for_chain, *fails.lock().unwrap()) {
            (false, _) => Some(seen.result(100)),
            (true, false) => Some(seen.result(1)),
            (true, true) => (!failure.is_empty()).then(|| says(failure, "", br#"{"error":{"code":-32000}}"#)),
        })
        .await;
        let mut node = node(&url, Role::Watched, Some(137));
        assert_eq!(node.ask().await.head, Ok(block(100)), "{failure}");
        *is_failing.lock().unwrap() = false;
        assert_eq!(node.ask().await.head, Err(Reason::WrongChain(block(100))), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_in_the_answer_with_the_block_is_checked_in_every_round_at_no_cost() {
    let (url, log) = server(|seen| {
        let chain = ["mainnet", "testnet", "mainnet"][seen.number];
        let result = format!(r#"{{"chain_id":"{chain}","sync_info":{{"latest_block_height":100}}}}"#);
        let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, seen.id);
        Some(ok("", body.as_bytes()))
    })
    .await;
    let near = config::Network {
        protocol: protocol::find("near").unwrap(),
        chain_id: protocol::Compare::AsText.read("mainnet"),
        ..network(None, 1, Vec::new())
    };
    let endpoint = endpoint("node", Role::Watched, &url);
    let mut node = Node::new(&Dialer::default(), &near, &endpoint).unwrap();
    let answers = rounds(&mut node, 3).await;
    assert_eq!(heads(&answers), [Ok(block(100)), Err(Reason::WrongChain(block(100))), Ok(block(100))]);
    assert_eq!(log.lock().unwrap().len(), 3);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(start_paused = true)]
async fn odd_but_honest_answers_are_blocks() {
    let head = r#"{"jsonrpc":"2.0","id":1,"result":"0x64"}"#;
    let headers: String = (0..150).map(|number| format!("X-Policy-{number}: on\r\n")).collect();
    let megabyte = format!("{head}{}", " ".repeat((1 << 20) - head.len()));
    let members = [gzip(&head[..20]), gzip(&head[20..])].concat();
    for (what, answer, want) in [
        ("a byte order mark", ok("", format!("\u{feff}{head}").as_bytes()), Ok(block(100))),
        ("gzip in capitals", ok("Content-Encoding: GZIP\r\n", &gzip(head)), Ok(block(100))),
        ("gzip of two members", ok("Content-Encoding: gzip\r\n", &members), Ok(block(100))),
        ("150 headers", ok(&headers, head.as_bytes()), Ok(block(100))),
        ("1 MiB", ok("", megabyte.as_bytes()), Ok(block(100))),
        ("over 1 MiB", ok("", format!("{megabyte} ").as_bytes()), Err(Reason::TooLarge)),
        ("a bomb", ok("Content-Encoding: gzip\r\n", &gzip(&" ".repeat(64 << 20))), Err(Reason::TooLarge)),
    ] {
        let (url, _) = server(move |_| Some(answer.clone())).await;
        assert_eq!(node(&url, Role::Watched, None).ask().await.head, want, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_error_says_counts_whatever_its_status() {
    let limited = br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"slow down"}}"#;
    let refused = br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#;
    let head = br#"{"jsonrpc":"2.0","id":1,"result":"0x64"}"#;
    for (answer, want) in [
        (ok("", limited), Reason::RateLimited),
        (says("403 Forbidden", "", limited), Reason::RateLimited),
        (says("503 Service Unavailable", "", limited), Reason::RateLimited),
        (says("400 Bad Request", "", refused), Reason::RpcError(Some(-32601))),
        (says("500 Internal Server Error", "", head), Reason::HttpStatus(500)),
        (says("503 Service Unavailable", "Content-Encoding: gzip\r\n", b"no gzip"), Reason::HttpStatus(503)),
    ] {
        let (url, _) = server(move |_| Some(answer.clone())).await;
        assert_eq!(node(&url, Role::Watched, None).ask().await.head, Err(want));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_reference_is_asked_ever_less_often_and_a_watched_node_always() {
    // An hour of pauses of 150 to 300 s, whatever the jitter.
    for (role, expected) in [(Role::Reference, 15..=32), (Role::Watched, 241..=241)] {
        let (url, log) = server(|_| Some(says("502 Bad Gateway", "", b""))).await;
        let answers = rounds(&mut node(&url, role, None), 241).await;
        let asked = log.lock().unwrap().len();
        assert!(expected.contains(&asked), "{role:?}: {asked}");
        assert_eq!(answers.iter().filter(|answer| answer.took.is_some()).count(), asked);
        // Why it is paused is known throughout.
        assert_eq!(heads(&answers), vec![Err(Reason::HttpStatus(502)); 241]);
        let log = log.lock().unwrap();
        let longest = log.windows(2).map(|two| two[1].at - two[0].at).max().unwrap();
        assert!(longest <= Duration::from_secs(300) + INTERVAL, "{longest:?}");
    }
}

/// How often a dead reference is asked in the last 30 of 60 rounds, beside references that
/// answer the so manyth request with what these return.
async fn asked_beside(quorum: usize, others: &[fn(u64) -> Option<u64>]) -> usize {
    let (dead, log) = server(|_| None).await;
    let mut references = vec![endpoint("dead", Role::Reference, &dead)];
    for (index, other) in others.iter().copied().enumerate() {
        let (url, _) = server(move |seen| Some(seen.result(other(seen.number as u64)?))).await;
        references.push(endpoint(&format!("other{index}"), Role::Reference, &url));
    }
    let config = network(None, quorum, references);
    let mut nodes = Nodes::new(&Dialer::default(), &config).unwrap();
    let mut network = Network::new(config);
    let mut due = tokio::time::interval(INTERVAL);
    let mut before = 0;
    for number in 0..60 {
        due.tick().await;
        schedule::round(&mut nodes, &mut network).await;
        if number == 29 {
            before = log.lock().unwrap().len();
        }
    }
    log.lock().unwrap().len() - before
}

#[tokio::test(start_paused = true)]
async fn a_reference_is_not_paused_while_there_is_no_consensus_without_it() {
    let good: fn(u64) -> Option<u64> = |number| Some(100 + number);
    let rogue: fn(u64) -> Option<u64> = |number| Some(9_000_000 + number);
    let dies: fn(u64) -> Option<u64> = |number| (number < 15).then_some(100 + number);
    for (quorum, others, is_needed) in [
        (1, vec![good], false),
        (2, vec![good], true),
        (2, vec![good, good], false),
        // They answer, and contradict each other.
        (2, vec![good, rogue], true),
        // Known as rogues when the others die.
        (2, vec![dies, dies, dies, rogue, rogue], true),
    ] {
        let asked = asked_beside(quorum, &others).await;
        assert_eq!(asked == 30, is_needed, "{quorum} of {}: {asked}", others.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_asks_to_be_left_alone_is() {
    for status in ["429 Too Many Requests", "503 Service Unavailable", "502 Bad Gateway"] {
        let (url, log) = server(move |seen| {
            let is_first = seen.number == 0;
            Some(if is_first { says(status, "Retry-After: 50\r\n", b"") } else { seen.result(100) })
        })
        .await;
        let answers = rounds(&mut node(&url, Role::Watched, None), 6).await;
        let paused = answers.iter().filter(|answer| answer.took.is_none()).count();
        // A Retry-After means the server only with the two statuses that are made for it.
        assert_eq!(paused, if status.starts_with("502") { 0 } else { 3 }, "{status}");
        assert_eq!(log.lock().unwrap().len(), 6 - paused);
        assert_eq!(answers[5].head, Ok(block(100)));
    }
}

#[tokio::test(start_paused = true)]
async fn no_header_puts_off_a_question_for_more_than_five_minutes() {
    for seconds in [86_400, u64::MAX] {
        for is_for_chain in [false, true] {
            let (url, log) = server(move |seen| {
                let is_limited = seen.number == usize::from(is_for_chain);
                let headers = format!("Retry-After: {seconds}\r\n");
                Some(if is_limited {
                    says("429 Too Many Requests", &headers, b"")
                } else {
                    seen.result(if seen.is_for_chain { 137 } else { 100 })
                })
            })
            .await;
            rounds(&mut node(&url, Role::Watched, Some(137)), 23).await;
            let log = log.lock().unwrap();
            let asked: Vec<_> = log.iter().filter(|seen| seen.is_for_chain == is_for_chain).collect();
            let waited = asked[1].at - asked[0].at;
            let longest = Duration::from_secs(300);
            assert!((longest..longest + 2 * INTERVAL).contains(&waited), "{seconds} s: {waited:?}");
        }
    }
}
