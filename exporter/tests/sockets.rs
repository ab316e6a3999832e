//! The program as a process, over real sockets, among nodes of every kind.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a node does with a request.
#[derive(Clone, Copy)]
enum Behaviour {
    /// Answers with this status line, further headers and body.
    Says(&'static str, &'static str, &'static str),
    /// Reports this block and, when asked for its chain, answers with this body.
    Reports(u64, &'static str),
    /// Is a node of Polygon at block 100; once this is set, one of Ethereum at block 50.
    Turns(&'static AtomicBool),
    /// Takes the request and says nothing.
    Silent,
    /// Begins an answer and sends one byte a second.
    Drips,
    /// Sends a body without an end.
    Floods,
    /// Closes the connection in the middle of the answer.
    Breaks,
}

use Behaviour::*;

const OK: &str = "200 OK";
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
            Says(status, headers, body) => {
                let length = body.len();
                let answer = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await
            }
            Silent => continue,
            Drips => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if stream.write_all(b" ").await.is_err() {
                        return;
                    }
                }
            }
            Floods => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                while stream.write_all(&[b' '; 16 * 1024]).await.is_ok() {}
                return;
            }
            Breaks => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{").await;
                return;
            }
        };
    }
}

/// The running program; killed when dropped.
struct Exporter {
    child: Child,
    url: String,
    /// What it logged before the line with its address.
    first_lines: Vec<String>,
    log: mpsc::Receiver<String>,
}

impl Exporter {
    fn command(config: &std::path::Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headlag-exporter"));
        command.arg("--config.file").arg(config).args(["--web.listen-address", "127.0.0.1:0"]);
        // A blank line in an env file is as good as none.
        command.env("EXPORTER_LOG_LEVEL", "");
        command
    }

    /// Starts with `config` and waits for the line with its address.
    fn start(config: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config).unwrap();
        let mut child = Self::command(file.path()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut first_lines = Vec::new();
        let url = loop {
            let line = log.recv_timeout(Duration::from_secs(20)).expect("it logs its address");
            if let Some((_, address)) = line.split_once("address=") {
                break format!("http://{}", address.split_whitespace().next().unwrap());
            }
            first_lines.push(line);
        };
        Self { child, url, first_lines, log }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The exposition once the first round has ended.
    async fn metrics(&self) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.get("/-/ready").await.0 != 200 {
            assert!(Instant::now() < deadline, "it never became ready");
            tokio::task::yield_now().await;
        }
        self.get("/metrics").await.1
    }

    fn end(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        // A hang-up ends nothing.
        for signal in ["-HUP", "-TERM"] {
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        }
        let status = self.child.wait().unwrap();
        let first_lines = std::mem::take(&mut self.first_lines);
        (status, first_lines.into_iter().chain(self.log.iter()).collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[track_caller]
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line\n{line}\nin\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_nodes_get_their_reason_and_harm_no_other() {
    let block = r#"{"jsonrpc":"2.0","id":1,"result":"0x64"}"#;
    let limited = r#"{"error":{"code":-32005,"message":"slow down"}}"#;
    let elsewhere = "Location: http://127.0.0.1:1/\r\n";
    let huge = r#"{"result":"0xffffffffffffffffffffffffffffffffffffffffffffffffff"}"#;
    let kinds = [
        ("silent", "timeout", Silent),
        ("drips", "timeout", Drips),
        ("floods", "too_large", Floods),
        ("breaks", "connect", Breaks),
        ("html", "malformed", Says(OK, "Content-Type: text/html\r\n", "<html>hello</html>")),
        ("answers-another", "malformed", Says(OK, "", r#"{"jsonrpc":"2.0","id":4711,"result":"0x64"}"#)),
        ("huge-block", "malformed", Says(OK, "", huge)),
        ("lies-of-gzip", "malformed", Says(OK, "Content-Encoding: gzip\r\n", "no gzip")),
        ("redirects", "http_status", Says("302 Found", elsewhere, "")),
        ("fails", "http_status", Says("502 Bad Gateway", "", block)),
        ("no-content", "http_status", Says("204 No Content", "", "")),
        ("limits", "rate_limited", Says("429 Too Many Requests", "", block)),
        ("limits-in-json", "rate_limited", Says(OK, "", limited)),
        ("limits-in-403", "rate_limited", Says("403 Forbidden", "", limited)),
        ("errors", "rpc_error", Says(OK, "", r#"{"error":{"code":-32601,"message":"no"}}"#)),
        ("no-http", "malformed", Says("\r\nnonsense", "", "")),
    ];
    let mut references = String::new();
    for (name, _, behaviour) in kinds {
        references += &format!("  - {{name: {name}, url: '{}'}}\n", node(behaviour).await);
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    references += &format!("  - {{name: gone, url: 'http://{gone}/'}}\n");
    references +=
        &format!("  - {{name: no-tls, url: '{}'}}\n", node(Silent).await.replace("http:", "https:"));
    references += "  - {name: no-name, url: 'http://nobody.invalid/'}\n";
    let plain = node(Says("400 Bad Request", "", "")).await.replace("http:", "https:");
    references += &format!("  - {{name: plain, url: '{plain}'}}\n");
    for name in ["good", "better"] {
        references += &format!("  - {{name: {name}, url: '{}'}}\n", node(Says(OK, "", block)).await);
    }
    let mine = node(Says(OK, "", r#"{"result":"0x5d"}"#)).await;
    let exporter = Exporter::start(&format!(
        "poll_interval: 1h\ntimeout: 2s\nnetworks:\n- name: polygon\n  protocol: evm\n  stall_after: 3h\n  \
         references:\n{references}  watched:\n  - {{name: mine, url: '{mine}'}}\n"
    ));
    let text = exporter.metrics().await;

    let others = [("gone", "connect"), ("no-tls", "timeout"), ("no-name", "connect"), ("plain", "tls")];
    for (name, reason) in kinds.iter().map(|(name, reason, _)| (*name, *reason)).chain(others) {
        let labels = format!("network=\"polygon\",node=\"{name}\",role=\"reference\"");
        assert_line(&text, &format!("headlag_node_up{{{labels}}} 0"));
        assert_line(&text, &format!("headlag_node_errors_total{{{labels},reason=\"{reason}\"}} 1"));
        assert!(!text.contains(&format!("headlag_node_block{{{labels}}}")), "{name}");
    }
    assert_line(&text, "headlag_references_up{network=\"polygon\"} 2");
    assert_line(&text, "headlag_median_block{network=\"polygon\"} 100");
    assert_line(&text, "headlag_node_lag_blocks{network=\"polygon\",node=\"mine\",role=\"watched\"} 7");
    // The round ends with the timeout of the slowest, not with the sum of all.
    let took = text.lines().find(|line| line.starts_with("headlag_round_duration_seconds")).unwrap();
    assert!(took.rsplit(' ').next().unwrap().parse::<f64>().unwrap() < 4.0, "{took}");

    let page = exporter.get("/").await.1;
    assert!(
        page.contains("mine") && page.contains("7\u{a0}blocks behind") && page.contains("no answer"),
        "{page}"
    );
    let (status, log) = exporter.end();
    assert_eq!(status.code(), Some(0), "{log}");
    for secret in ["KEY", "s3cret", "127.0.0.1:1/", "nobody.invalid"] {
        assert!(
            !text.contains(secret) && !page.contains(secret) && !log.contains(secret),
            "{secret} in\n{log}"
        );
    }
    assert!(log.contains("node=silent reason=timeout"), "{log}");
    // The log has what a label leaves out: the status, and the code of a JSON-RPC error.
    assert!(log.contains("node=fails reason=http_status code=502"), "{log}");
    assert!(log.contains("node=errors reason=rpc_error code=-32601"), "{log}");
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
