//! `discover` as a process, among nodes of every kind over real sockets.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    net::SocketAddr,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const POLYGON: &str = r#""result":"0x89""#;
const ETHEREUM: &str = r#""result":"0x1""#;
const REFUSES: &str = r#""error":{"code":-32601,"message":"no"}"#;

/// Answers each request of a connection with what `answer` gives, after `delay`. Its address.
async fn server(delay: Duration, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, delay, Arc::clone(&answer)));
        }
    });
    address
}

async fn converse(mut stream: TcpStream, delay: Duration, answer: Arc<impl Fn(&str) -> String>) {
    let mut request = vec![0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut request).await {
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        tokio::time::sleep(delay).await;
        if stream.write_all(answer(&text).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn says(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A node at `block` that answers like this when it is asked for its chain; under /down it fails,
/// and under /v3/ it wants the right key.
fn node_at(block: u64, chain: &'static str) -> impl Fn(&str) -> String + Send + Sync + 'static {
    node_of(move || block, chain)
}

/// The same where the block is what `block` gives.
fn node_of(
    block: impl Fn() -> u64 + Send + Sync + 'static,
    chain: &'static str,
) -> impl Fn(&str) -> String + Send + Sync + 'static {
    move |request| {
        if request.starts_with("POST /down")
            || request.starts_with("POST /v3/") && !request.contains("s3cret")
        {
            return says("403 Forbidden", "", "");
        }
        let id = request.split_once("\"id\":").and_then(|(_, rest)| rest.split_once(',')).unwrap().0;
        let head = format!(r#""result":"{:#x}""#, block());
        let what = if request.contains("eth_chainId") { chain } else { &head };
        says("200 OK", "", &format!(r#"{{"jsonrpc":"2.0","id":{id},{what}}}"#))
    }
}

async fn node(block: u64, chain: &'static str) -> SocketAddr {
    server(Duration::ZERO, node_at(block, chain)).await
}

/// Nobody listens there.
async fn dead() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn named(address: SocketAddr) -> String {
    address.to_string().replace(':', "-")
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

/// The program with these arguments. Of the variables in lists all but one are set.
async fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headlag-exporter"));
    command.args(args).env("NODE_KEY", "s3cret").env("NODE_HOST", "127.0.0.1").env_remove("UNSET_KEY");
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

/// Status, stdout and stderr of `discover` for chain 137 with this list.
async fn discover(list: &str, further: &[&str]) -> (Option<i32>, String, String) {
    let list = file(list);
    let args = ["discover", "--chain-id", "137", "--source", list.path().to_str().unwrap()];
    texts(run(&[&args, further].concat()).await)
}

fn texts(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn listed(rpc: &[Value]) -> String {
    json!([
        {"name": "Ethereum Mainnet", "chainId": 1, "rpc": ["http://nobody.invalid/"]},
        {"name": "Polygon Mainnet", "chainId": 137, "rpc": rpc},
    ])
    .to_string()
}

#[track_caller]
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|found| found.trim() == line), "no line\n{line}\nin\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_holds_those_that_keep_up_on_the_right_chain_and_is_ready_for_use() {
    let good = node(1000, POLYGON).await;
    let near = node(1003, POLYGON).await;
    let keyed = node(1000, POLYGON).await;
    let slow = server(Duration::from_millis(300), node_at(1001, POLYGON)).await;
    let behind = node(990, POLYGON).await;
    let far_behind = node(5, POLYGON).await;
    let ahead = node(9_000_000, POLYGON).await;
    let elsewhere = node(1000, ETHEREUM).await;
    let silent_on_chain = node(1000, REFUSES).await;
    let dead = dead().await;
    let redirects =
        server(Duration::ZERO, move |_| says("307 Moved", &format!("Location: http://{good}/\r\n"), ""))
            .await;
    let (status, stdout, stderr) = discover(
        &listed(&[
            json!(format!("http://{slow}/KEY-a")),
            json!({"url": format!("http://{good}/down/KEY-b"), "tracking": "none"}),
            json!({"url": format!("http://{good}/KEY-c"), "tracking": "none", "isOpenSource": false}),
            json!(format!("http://{good}/KEY-d")),
            json!(format!("http://{near}/KEY-e")),
            json!(format!("http://{keyed}/v3/${{NODE_KEY}}")),
            json!(format!("http://{keyed}/v3/${{UNSET_KEY}}")),
            json!(format!("http://{behind}/KEY-f")),
            json!(format!("http://{far_behind}/KEY-f")),
            json!(format!("http://{ahead}/KEY-g")),
            json!(format!("http://{elsewhere}/KEY-h")),
            json!(format!("http://{silent_on_chain}/KEY-i")),
            json!(format!("http://{dead}/KEY-j")),
            json!(format!("http://{redirects}/KEY-k")),
            json!("wss://sockets.example/KEY-l"),
            json!("no url KEY-m"),
        ]),
        &[],
    )
    .await;
    assert_eq!(status, Some(0), "{stderr}");

    // What it prints is a config, as it is.
    let config = file(&stdout);
    let with_config = ["--config.file", config.path().to_str().unwrap()];
    let (status, _, checked) = texts(run(&[&["check-config"], &with_config[..]].concat()).await);
    assert_eq!(status, Some(0), "{checked}\n{stdout}");
    assert!(checked.contains("is valid: networks: 1, nodes: 5"), "{checked}");
    let (_, probed, _) = texts(run(&[&["probe", "--json"], &with_config[..]].concat()).await);
    let network = &serde_json::from_str::<Value>(&probed).unwrap()["networks"][0];
    assert_eq!(network["network"], "polygon-mainnet");
    assert_eq!(network["median_block"], 1000);
    let of_role = |role: &str| -> Vec<(String, String)> {
        let nodes = network["nodes"].as_array().unwrap().iter().filter(|node| node["role"] == role);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        nodes.map(|node| (text(&node["node"]), text(&node["state"]))).collect()
    };
    let (mut fast, watched) = (of_role("reference"), of_role("watched"));
    assert_eq!(watched, [("my-node".into(), "unreachable".into())]);
    // The fastest first.
    assert_eq!(fast.pop().unwrap(), (named(slow), "ok".into()), "{stdout}");
    fast.sort();
    let mut want = [good, near, keyed].map(|address| (named(address), "ok".to_owned()));
    want.sort();
    assert_eq!(fast, want);
    assert_line(&stdout, "chain_id: 137");
    // The key stays where it is.
    assert_line(&stdout, &format!("url: http://{keyed}/v3/${{NODE_KEY}}"));

    assert_line(&stderr, &format!("the value of NODE_KEY goes to {}", named(keyed)));
    assert_line(&stderr, "usable: 4 of 13 asked; printed: 4");
    let mut both = [named(behind), named(far_behind)];
    both.sort();
    for line in [
        format!("2  behind the median by more than 5 blocks: {}", both.join(", ")),
        format!("1  implausible: {}", named(ahead)),
        format!("1  wrong_chain: {}", named(elsewhere)),
        format!("1  does not report its chain: {}", named(silent_on_chain)),
        format!("1  connect: {}", named(dead)),
        format!("1  http_status 307: {}", named(redirects)),
        format!("1  http_status 403: {}", named(good)),
        format!("1  another URL of the same host: {}", named(good)),
        format!("1  the environment variable UNSET_KEY is not set: {}", named(keyed)),
        "1  WebSocket; nodes are asked over HTTP: sockets.example".into(),
        "1  not a usable URL".into(),
    ] {
        assert_line(&stderr, &line);
    }
    assert!(!stderr.contains("KEY-") && !stderr.contains("s3cret") && !stdout.contains("s3cret"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_fastest_are_printed_up_to_the_limit() {
    let fast = node(1000, POLYGON).await;
    let slow = server(Duration::from_millis(300), node_at(1000, POLYGON)).await;
    // The last two are the same one.
    let urls = [
        format!("http://{slow}/"),
        format!("http://{fast}/"),
        format!("http://${{NODE_HOST}}:{}/", fast.port()),
    ];
    let (status, stdout, stderr) = discover(&listed(&urls.map(Value::String)), &["--limit", "1"]).await;
    assert_eq!(status, Some(0), "{stderr}");
    let has = |address: SocketAddr| stdout.contains(&format!(":{}/", address.port()));
    assert!(has(fast) && !has(slow), "{stdout}");
    assert_line(&stderr, "usable: 2 of 3 asked; printed: 1");
    assert_line(&stderr, &format!("1  slower than the fastest 1 (--limit): {}", named(slow)));
    assert!(stderr.contains("1  another URL of the same host: "), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_fast_chain_healthy_nodes_may_be_further_apart() {
    let start = Instant::now();
    // Ten blocks a second; the last node is 1.5 s late.
    let behind_by = |blocks| {
        let head = move || 1000 + start.elapsed().as_millis() as u64 / 100 - blocks;
        server(Duration::ZERO, node_of(head, POLYGON))
    };
    let nodes = [behind_by(0).await, behind_by(0).await, behind_by(15).await];
    let list = listed(&nodes.map(|address| json!(format!("http://{address}"))));
    let (status, stdout, stderr) = discover(&list, &[]).await;
    assert_eq!(status, Some(0), "{stderr}");
    assert_line(&stderr, "usable: 3 of 3 asked; printed: 3");
    let threshold = stdout.split_once("threshold_blocks: ").unwrap().1.lines().next().unwrap();
    assert!((20..500).contains(&threshold.parse::<u64>().unwrap()), "{stdout}");
    let (status, _, checked) =
        texts(run(&["check-config", "--config.file", file(&stdout).path().to_str().unwrap()]).await);
    assert_eq!(status, Some(0), "{checked}\n{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_node_nothing_is_printed_but_what_was_tried() {
    let (elsewhere, dead) = (node(1000, ETHEREUM).await, dead().await);
    let apart = [node(5, POLYGON).await, node(1000, POLYGON).await];
    for (rpc, asked, why) in [
        (vec![], 0, String::new()),
        (vec!["wss://a.example".into()], 0, "1  WebSocket; nodes are asked over HTTP: a.example".into()),
        (vec![format!("http://{elsewhere}")], 1, format!("1  wrong_chain: {}", named(elsewhere))),
        (vec![format!("http://{dead}/KEY")], 1, format!("1  connect: {}", named(dead))),
        (
            apart.map(|address| format!("http://{address}")).into(),
            2,
            "2  no median, since most nodes are more than 100 blocks apart: ".into(),
        ),
    ] {
        let rpc: Vec<Value> = rpc.into_iter().map(Value::String).collect();
        let (status, stdout, stderr) = discover(&listed(&rpc), &[]).await;
        assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains("no usable node of chain 137 in the list "), "{stderr}");
        assert!(stderr.contains(&format!("; asked: {asked}\n")), "{stderr}");
        assert!(stderr.contains(&why), "no {why} in {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_list_is_refused_with_a_remedy() {
    for (list, want) in [
        ("<html>", "it is not JSON (line 1, column 1)"),
        ("{}", "it is not a list of chains; "),
        (
            r#"[{"name":"Ethereum","chainId":1,"rpc":[]}]"#,
            "it has no chain 137 among its 1; check --chain-id",
        ),
    ] {
        let (status, stdout, stderr) = discover(list, &[]).await;
        assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(want), "no {want} in {stderr}");
    }
    let dead = format!("http://{}/KEY", dead().await);
    for (source, want) in [
        ("/nowhere/rpcs.json", "the list /nowhere/rpcs.json: cannot read it: No such file"),
        ("/dev/zero", "the list /dev/zero: it is longer than 33554432 bytes"),
        ("ftp://word@a.example/", "--source has to be a file, or an address such as https://chainlist.org"),
        (&dead, "the list at 127.0.0.1: no connection"),
    ] {
        let (status, stdout, stderr) =
            texts(run(&["discover", "--chain-id", "137", "--source", source]).await);
        assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(want), "no {want} in {stderr}");
        assert!(!stderr.contains("KEY") && !stderr.contains("word"), "{stderr}");
    }
    for args in [
        &["--chain-id", "polygon", "--source", "x"][..],
        &["--chain-id", "137"],
        &["--source", "x"],
        &["--chain-id", "137", "--source", "x", "--limit", "0"],
    ] {
        let (status, stdout, _) = texts(run(&[&["discover"], args].concat()).await);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_may_come_from_a_server() {
    let good = node(1000, POLYGON).await;
    let list = listed(&[json!(format!("http://{good}"))]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let source = server(Duration::ZERO, move |request| {
        counted.fetch_add(1, Relaxed);
        let path = request.split(' ').nth(1).unwrap();
        match path {
            "/rpcs.json?KEY" => says("200 OK", "", &list),
            "/moved/KEY" => says("308 Permanent Redirect", "Location: /rpcs.json?KEY\r\n", ""),
            "/endless/KEY" => "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".into(),
            "/cut/KEY" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n".into(),
            _ => says("403 Forbidden", "", &list),
        }
    })
    .await;
    let from = |path: &str| {
        let address = format!("http://{source}{path}");
        async move { texts(run(&["discover", "--chain-id", "137", "--source", &address]).await) }
    };
    let (status, stdout, stderr) = from("/rpcs.json?KEY").await;
    assert_eq!(status, Some(0), "{stderr}");
    assert_line(&stdout, &format!("url: http://{good}"));
    for (path, want) in [
        (
            "/moved/KEY",
            "it answers with status 308, and redirects are not followed; give --source the address",
        ),
        ("/else/KEY", "it answers with status 403; check the address"),
        ("/endless/KEY", "it is longer than 33554432 bytes; is it the right address?"),
        ("/cut/KEY", "the list at 127.0.0.1: "),
    ] {
        let (status, stdout, stderr) = from(path).await;
        assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(want), "no {want} in {stderr}");
        assert!(!stderr.contains("KEY"), "{stderr}");
    }
    assert_eq!(asked.load(Relaxed), 5, "one request each");
}
