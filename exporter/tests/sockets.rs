//! The program as a process, over real sockets.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

mod program;

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use program::{Exporter, assert_line};

/// What a node does with a request.
#[derive(Clone, Copy)]
enum Behaviour {
    /// Reports this block and, when asked for its chain, answers with this body.
    Reports(u64, &'static str),
    /// Is a node of Polygon at block 100; once this is set, one of Ethereum at block 50.
    Turns(&'static AtomicBool),
    /// Takes the request and says nothing.
    Silent,
}

use Behaviour::*;

const POLYGON: &str = r#"{"jsonrpc":"2.0","id":1,"result":"0x89"}"#;
const ETHEREUM: &str = r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#;

async fn node(behaviour: Behaviour) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/KEY-s3cret", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(behave(stream, behaviour));
        }
    });
    url
}

async fn behave(mut stream: TcpStream, behaviour: Behaviour) {
    let mut request = vec![0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut request).await {
        let behaviour = match behaviour {
            Turns(turned) if turned.load(Relaxed) => Reports(50, ETHEREUM),
            Turns(_) => Reports(100, POLYGON),
            other => other,
        };
        let _ = match behaviour {
            Turns(_) => unreachable!("it is one or the other"),
            Reports(block, chain) => {
                let asked = String::from_utf8_lossy(&request[..length]).into_owned();
                let id = asked.split_once("\"id\":").and_then(|(_, rest)| rest.split_once(',')).unwrap().0;
                let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{block:#x}\"}}");
                let body = if asked.contains("eth_chainId") { chain } else { &head };
                let body = body.replace("\"id\":1", &format!("\"id\":{id}"));
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await
            }
            Silent => continue,
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_another_chain_and_references_too_far_ahead_are_set_aside() {
    let refusal = r#"{"error":{"code":-32601,"message":"the method does not exist"}}"#;
    let yaml = |nodes: &[(&str, String)]| -> String {
        nodes.iter().map(|(name, url)| format!("  - {{name: {name}, url: '{url}'}}\n")).collect()
    };
    let references = yaml(&[
        ("good", node(Reports(100, POLYGON)).await),
        ("mute", node(Reports(101, refusal)).await),
        ("other", node(Reports(102, ETHEREUM)).await),
        ("rogue", node(Reports(9_000_000, POLYGON)).await),
    ]);
    let watched =
        yaml(&[("mine", node(Reports(93, POLYGON)).await), ("lost", node(Reports(100, ETHEREUM)).await)]);
    let config = format!(
        "poll_interval: 1h\ntimeout: 2s\nnetworks:\n- name: polygon\n  protocol: evm\n  stall_after: 3h\n  chain_id: 137\n  \
         references:\n{references}  watched:\n{watched}"
    );
    let exporter = Exporter::start(&config);
    let text = exporter.metrics().await;

    for (name, role, reason, state) in [
        ("other", "reference", "wrong_chain", "wrong_chain"),
        ("rogue", "reference", "implausible", "ahead"),
        ("lost", "watched", "wrong_chain", "wrong_chain"),
    ] {
        let labels = format!("network=\"polygon\",node=\"{name}\",role=\"{role}\"");
        assert_line(&text, &format!("headlag_node_up{{{labels}}} 0"));
        assert_line(&text, &format!("headlag_node_errors_total{{{labels},reason=\"{reason}\"}} 1"));
        assert_line(&text, &format!("headlag_node_state{{{labels},state=\"{state}\"}} 1"));
        for absent in ["headlag_node_block", "headlag_node_lag_blocks", "headlag_node_behind_seconds"] {
            assert!(!text.contains(&format!("{absent}{{{labels}}}")), "{absent} of {name}");
        }
    }
    assert_line(&text, "headlag_references_up{network=\"polygon\"} 2");
    assert_line(&text, "headlag_max_block{network=\"polygon\"} 101");
    assert_line(&text, "headlag_median_block{network=\"polygon\"} 100");
    let mine = "network=\"polygon\",node=\"mine\",role=\"watched\"";
    assert_line(&text, &format!("headlag_node_lag_blocks{{{mine}}} 7"));
    assert_line(&text, &format!("headlag_node_behind_seconds{{{mine}}} 0.0"));
    let (_, log) = exporter.end();
    assert_eq!(log.matches("judged by its block alone").count(), 1, "{log}");
    assert!(log.contains("network=polygon node=mute\n"), "{log}");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config).unwrap();
    for (json, row) in [(None, "mine   watched    behind"), (Some("--json"), "\"state\": \"behind\"")] {
        let output = Exporter::command(file.path()).arg("probe").args(json).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.contains(row) && !table.contains("KEY") && !table.contains('\u{1b}'), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_a_node_that_changes_its_chain_is_never_taken_in() {
    static TURNED: AtomicBool = AtomicBool::new(false);
    let (reference, mine) = (node(Reports(100, POLYGON)).await, node(Turns(&TURNED)).await);
    let exporter = Exporter::start(&format!(
        "poll_interval: 500ms\ntimeout: 400ms\nnetworks:\n- name: polygon\n  protocol: evm\n  chain_id: 137\n  \
         references:\n  - {{name: a, url: '{reference}'}}\n  watched:\n  - {{name: mine, url: '{mine}'}}\n"
    ));
    let labels = "network=\"polygon\",node=\"mine\",role=\"watched\"";
    let text = exporter.metrics().await;
    assert_line(&text, &format!("headlag_node_block{{{labels}}} 100"));
    TURNED.store(true, Relaxed);
    let deadline = Instant::now() + Duration::from_secs(20);
    let text = loop {
        let text = exporter.get("/metrics").await.1;
        if text.contains(&format!("headlag_node_state{{{labels},state=\"wrong_chain\"}} 1")) {
            break text;
        }
        assert!(Instant::now() < deadline, "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_line(&text, &format!("headlag_node_regressions_total{{{labels}}} 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_paths_answer_as_prometheus_expects() {
    let silent = node(Silent).await;
    let exporter = Exporter::start(&format!(
        "networks:\n- {{name: polygon, protocol: evm, references: [{{name: a, url: '{silent}'}}], \
         watched: [{{name: mine, url: '{silent}x'}}]}}\n"
    ));
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    assert_eq!(exporter.get("/-/ready").await.0, 503);
    assert_eq!(exporter.get("/nothing").await.0, 404);
    let (status, text) = exporter.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
    assert!(!text.contains("headlag_node_up"), "no gauge of a network exists before its first round: {text}");
    assert_line(&text, "headlag_rounds_total{network=\"polygon\"} 0");
    let output = Command::new(env!("CARGO_BIN_EXE_headlag-exporter")).arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let (version, revision) = version.trim().split_once(" (").unwrap();
    let labels = format!(
        "version=\"{}\",revision=\"{}\"",
        version.strip_prefix("headlag-exporter ").unwrap(),
        revision.strip_suffix(')').unwrap()
    );
    assert_line(&text, &format!("headlag_build_info{{{labels}}} 1"));
    let client = reqwest::Client::new();
    let posted = client.post(format!("{}/metrics", exporter.url)).send().await.unwrap();
    assert_eq!(posted.status().as_u16(), 405);
    let (status, part) = exporter.get("/metrics?network=polygon").await;
    assert_eq!((status, part.lines().next().unwrap()), (200, "# HELP headlag_rounds_total Finished rounds."));
    assert!(!part.contains("process_"), "{part}");
    let repeated = exporter.get("/metrics?network=polygon&network=polygon").await.1;
    assert_eq!(repeated.lines().count(), part.lines().count(), "{repeated}");
    assert_eq!(exporter.get("/metrics?network=other").await.0, 404);
    let healthy = Command::new(env!("CARGO_BIN_EXE_headlag-exporter"))
        .args(["check-health", "--web.listen-address", exporter.url.trim_start_matches("http://")])
        .status();
    assert!(healthy.unwrap().success());
    // A node that says nothing holds the end up no more than it holds a scrape up.
    let begun = Instant::now();
    assert_eq!(exporter.end().0.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// The status and the body that these bytes are answered with.
async fn spoken(exporter: &Exporter, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(exporter.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn load_balancers_get_the_same_status_however_they_ask() {
    let nodes = [("a", 100), ("b", 100), ("level", 99), ("late", 90)];
    let mut urls = Vec::new();
    for (name, block) in nodes {
        urls.push(format!("{{name: {name}, url: '{}'}}", node(Reports(block, POLYGON)).await));
    }
    let exporter = Exporter::start(&format!(
        "poll_interval: 1h\ntimeout: 2s\nnetworks:\n- {{name: polygon, protocol: evm, stall_after: 3h, references: [{}], \
         watched: [{}]}}\n",
        urls[..2].join(", "),
        urls[2..].join(", ")
    ));
    exporter.metrics().await;
    for (path, status, body) in [
        ("/health/polygon/level", 200, "ok\n"),
        ("/health/polygon/a", 200, "ok\n"),
        ("/health/polygon/late", 503, "behind\n"),
        ("/health/polygon/late?max_behind=10", 200, "ok\n"),
        ("/health/polygon/late?max_behind=9", 503, "behind\n"),
        ("/health/polygon/late?max_behind_seconds=60", 200, "ok\n"),
        ("/health/polygon/late?max_behind=x", 400, "max_behind takes"),
        ("/health/polygon/other", 404, "no node of that name"),
        ("/health/other/level", 404, "no node of that name"),
        ("/health/polygon/level/", 404, "no node of that name"),
        ("/health/polygon", 404, "not found"),
        ("/-/ready", 200, "headlag-exporter is ready"),
        ("/", 200, "<!doctype html>"),
    ] {
        for version in ["HTTP/1.0\r\n", "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"] {
            for method in ["GET", "HEAD", "OPTIONS"] {
                let seen = spoken(&exporter, &format!("{method} {path} {version}\r\n")).await;
                let has_body = method == "GET";
                assert_eq!(seen.0, status, "{method} {path} {version}");
                assert!(
                    if has_body { seen.1.starts_with(body) } else { seen.1.is_empty() },
                    "{path}: {seen:?}"
                );
            }
        }
    }
}

#[test]
fn a_wrong_config_ends_it_with_status_2_before_a_port_opens() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "networks: []\n").unwrap();
    for arguments in [&[][..], &["check-config"]] {
        let output = Exporter::command(file.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let report = String::from_utf8(output.stderr).unwrap();
        assert!(report.contains(":1: networks: is empty") && !report.contains("serves"), "{report}");
    }
    let output = Exporter::command("/nowhere/headlag.yml".as_ref()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no such file; name yours with"));
}
