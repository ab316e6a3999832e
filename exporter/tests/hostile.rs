//! Nodes that break every rule, over raw TCP, among honest ones.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod nodes;
mod program;

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use nodes::{at, listen, says, tls};
use program::{Exporter, assert_line};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// What a node does once a request has come.
enum Does {
    /// Nothing.
    Keeps,
    /// Sends this, and waits for more.
    Sends(Vec<u8>),
    /// Sends this and closes the connection.
    Cuts(&'static str),
    /// Sends this and resets the connection (RST).
    Resets(&'static str),
    /// Sends the first, then the second again and again, as fast as it is read.
    Floods(&'static str, Vec<u8>),
    /// The same, a piece every 50 ms.
    Drips(&'static str, &'static str),
}

use Does::*;

impl Does {
    /// `sent` grows by the bytes that the other side, or a buffer on the way, took.
    async fn serve(&self, mut stream: TcpStream, sent: &AtomicU64) {
        let mut request = [0; 4096];
        while let Ok(1..) = stream.read(&mut request).await {
            let _ = match self {
                Keeps => continue,
                Sends(answer) => stream.write_all(answer).await,
                Cuts(answer) => {
                    let _ = stream.write_all(answer.as_bytes()).await;
                    return;
                }
                Resets(answer) => {
                    let _ = stream.write_all(answer.as_bytes()).await;
                    return stream.set_zero_linger().unwrap();
                }
                Floods(head, piece) => {
                    let _ = stream.write_all(head.as_bytes()).await;
                    while let Ok(length @ 1..) = stream.write(piece).await {
                        sent.fetch_add(length as u64, Relaxed);
                    }
                    return;
                }
                Drips(head, piece) => {
                    let _ = stream.write_all(head.as_bytes()).await;
                    while stream.write_all(piece.as_bytes()).await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    return;
                }
            };
        }
    }
}

fn body(body: &str) -> Does {
    Sends(says("200 OK", "", body).into())
}

/// 900 MB of spaces, in less than 1 MiB.
fn gzip_bomb() -> Does {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 9_000_000]).unwrap();
    let body = encoder.finish().unwrap().repeat(100);
    assert!(body.len() < 1 << 20, "{}", body.len());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    Sends([head.as_bytes(), &body].concat())
}

/// Name, reason, what it does.
fn kinds() -> Vec<(&'static str, &'static str, Does)> {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let block = r#"{"jsonrpc":"2.0","id":1,"result":"0x64"}"#;
    let nested =
        |open: &str, times| body(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}"#, open.repeat(times)));
    let many = |piece: &str| piece.repeat(1000).into_bytes();
    vec![
        ("silent", "timeout", Keeps),
        ("closes", "connect", Cuts("")),
        ("resets", "connect", Resets("")),
        ("resets-midway", "connect", Resets(LONG)),
        ("cut-headers", "connect", Cuts("HTTP/1.1 200 OK\r\nContent-")),
        ("cut-body", "connect", Cuts(LONG)),
        ("cut-chunk", "connect", Cuts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")),
        ("drips-body", "timeout", Drips(LONG, " ")),
        ("drips-chunks", "timeout", Drips(CHUNKED, "1\r\n \r\n")),
        ("drips-headers", "timeout", Drips(OK, "X-More: on\r\n")),
        ("drips-interim", "timeout", Drips("", "HTTP/1.1 103 Early Hints\r\n\r\n")),
        (
            "interim-no-end",
            "too_large",
            Floods("", many(&format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "x".repeat(500)))),
        ),
        ("3-gb", "too_large", Floods("HTTP/1.1 200 OK\r\nContent-Length: 3221225472\r\n\r\n", many(" "))),
        ("no-end", "too_large", Floods("HTTP/1.1 200 OK\r\n\r\n", many(" "))),
        ("chunks-no-end", "too_large", Floods(CHUNKED, many(&format!("40\r\n{}\r\n", " ".repeat(64))))),
        ("gzip-bomb", "too_large", gzip_bomb()),
        ("headers-no-end", "malformed", Floods(OK, many("X-More: on\r\n"))),
        ("header-no-end", "malformed", Floods("HTTP/1.1 200 OK\r\nX-More: ", many("more"))),
        ("chunk-size-no-end", "too_large", Floods(CHUNKED, many("0000"))),
        (
            "chunk-extension-no-end",
            "malformed",
            Floods("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", many("more")),
        ),
        ("no-chunk", "malformed", Cuts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n")),
        ("two-lengths", "malformed", Sends(says("200 OK", "Content-Length: 7\r\n", block).into())),
        ("no-length", "malformed", Cuts("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")),
        ("no-http", "malformed", Cuts("SSH-2.0-OpenSSH_9.2\r\n")),
        ("no-gzip", "malformed", Sends(says("200 OK", "Content-Encoding: gzip\r\n", block).into())),
        (
            "html",
            "malformed",
            Sends(says("200 OK", "Content-Type: text/html\r\n", "<html>hello</html>").into()),
        ),
        ("empty", "malformed", body("")),
        ("deep-list", "malformed", nested("[", 500_000)),
        ("deep-object", "malformed", nested(r#"{"a":"#, 150_000)),
        ("a-list", "malformed", body(&format!("[{block}]"))),
        ("true", "malformed", body(&block.replace("\"0x64\"", "true"))),
        ("an-object", "malformed", body(&block.replace("\"0x64\"", r#"{"number":"0x64"}"#))),
        ("negative", "malformed", body(&block.replace("\"0x64\"", "-100"))),
        ("fraction", "malformed", body(&block.replace("\"0x64\"", "100.5"))),
        ("2-to-200", "malformed", body(&block.replace("0x64", &format!("0x1{}", "0".repeat(50))))),
        ("10-to-400", "malformed", body(&block.replace("\"0x64\"", "1e400"))),
        ("million-digits", "malformed", body(&block.replace("\"0x64\"", &"9".repeat(1_000_000)))),
        ("another-id", "malformed", body(&block.replace("\"id\":1", "\"id\":4711"))),
        ("error-502", "http_status", Sends(says("502 Bad Gateway", "", block).into())),
        ("no-content", "http_status", Sends(b"HTTP/1.1 204 No Content\r\n\r\n".into())),
        (
            "limits",
            "rate_limited",
            Sends(says("429 Too Many Requests", "Retry-After: 120\r\n", block).into()),
        ),
        ("limits-in-json", "rate_limited", body(r#"{"error":{"code":-32005,"message":"slow down"}}"#)),
        (
            "limits-in-403",
            "rate_limited",
            Sends(says("403 Forbidden", "", r#"{"error":{"code":-32005}}"#).into()),
        ),
        ("error-in-json", "rpc_error", body(r#"{"error":{"code":-32601,"message":"no"}}"#)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_nodes_get_their_reason_and_harm_no_other() {
    let (mut references, mut rows, mut floods) = (String::new(), Vec::new(), Vec::new());
    let mut add = |name: &str, reason: &'static str, url: &str| {
        references += &format!("  - {{name: {name}, url: '{url}'}}\n");
        rows.push((name.to_owned(), reason));
    };
    for (name, reason, does) in kinds() {
        let (does, sent) = (Arc::new(does), Arc::new(AtomicU64::new(0)));
        floods.push((name, sent.clone()));
        let address = listen(move |stream| {
            let (does, sent) = (does.clone(), sent.clone());
            async move { does.serve(stream, &sent).await }
        })
        .await;
        add(name, reason, &format!("http://{address}/KEY-s3cret"));
    }
    // Nothing is asked where a node points to.
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let elsewhere = listen(move |_| {
        count.fetch_add(1, Relaxed);
        async {}
    })
    .await;
    for status in [301, 302, 303, 307, 308] {
        let answer = says(&format!("{status} Elsewhere"), &format!("Location: http://{elsewhere}/\r\n"), "");
        let address = nodes::node(move |_| answer.clone()).await;
        add(&format!("redirects-{status}"), "http_status", &format!("http://{address}/KEY-s3cret"));
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    add("gone", "connect", &format!("http://{gone}/"));
    add("no-name", "connect", "http://nobody.invalid/");
    add("tls-to-plain", "tls", &format!("https://{}/", at(100).await));
    add(
        "tls-to-silent",
        "timeout",
        &format!(
            "https://{}/",
            listen(|mut stream| async move {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            })
            .await
        ),
    );
    add("tls-unknown", "tls", &format!("https://localhost:{}/", nodes::tls_at(100, tls().0).await.port()));
    add("plain-to-tls", "malformed", &format!("http://{}/", nodes::tls_at(100, tls().0).await));
    for (name, block) in [("good", 100), ("better", 102)] {
        references += &format!("  - {{name: {name}, url: 'http://{}/'}}\n", at(block).await);
    }
    let exporter = Exporter::start(&format!(
        "poll_interval: 1h\ntimeout: 5s\nnetworks:\n- name: polygon\n  protocol: evm\n  stall_after: 3h\n  \
         references:\n{references}  watched:\n  - {{name: mine, url: 'http://{}/'}}\n",
        at(94).await
    ));
    let text = exporter.metrics().await;

    let counted = |name: &str| {
        let labels = format!(
            "headlag_node_errors_total{{network=\"polygon\",node=\"{name}\",role=\"reference\",reason=\""
        );
        let lines = text.lines().filter_map(|line| line.strip_prefix(&labels));
        lines.filter_map(|line| line.strip_suffix("\"} 1")).collect::<Vec<_>>().join(" ")
    };
    let seen: Vec<_> = rows.iter().map(|(name, _)| (name.clone(), counted(name))).collect();
    let want: Vec<_> = rows.iter().map(|(name, reason)| (name.clone(), (*reason).to_owned())).collect();
    assert_eq!(seen, want);
    for (name, _) in rows {
        let labels = format!("network=\"polygon\",node=\"{name}\",role=\"reference\"");
        assert_line(&text, &format!("headlag_node_up{{{labels}}} 0"));
        assert!(!text.contains(&format!("headlag_node_block{{{labels}}}")), "{name}");
    }
    for (metric, value) in [
        ("headlag_references_up{network=\"polygon\"}", 2),
        ("headlag_max_block{network=\"polygon\"}", 102),
        ("headlag_max_support{network=\"polygon\"}", 1),
        ("headlag_median_block{network=\"polygon\"}", 101),
        ("headlag_median_support{network=\"polygon\"}", 0),
        ("headlag_node_lag_blocks{network=\"polygon\",node=\"mine\",role=\"watched\"}", 7),
    ] {
        assert_line(&text, &format!("{metric} {value}"));
    }
    // The round ends with the timeout of the slowest, not with the sum of all.
    let took = text.lines().find(|line| line.starts_with("headlag_round_duration_seconds{")).unwrap();
    assert!(took.rsplit(' ').next().unwrap().parse::<f64>().unwrap() < 10.0, "{took}");
    assert_eq!(asked.load(Relaxed), 0, "no redirect is followed");
    // What was sent is mostly in the buffers of the kernel.
    for (name, sent) in floods {
        assert!(sent.load(Relaxed) < 32 << 20, "{name}: {} bytes", sent.load(Relaxed));
    }
    let memory = exporter.most_memory();
    assert!(memory < 64 << 20, "{memory} bytes");

    let page = exporter.get("/").await.1;
    assert!(
        page.contains("mine") && page.contains("7\u{a0}blocks behind") && page.contains("no answer"),
        "{page}"
    );
    let (status, log) = exporter.end();
    assert_eq!(status.code(), Some(0), "{log}");
    for secret in ["KEY", "s3cret", &*elsewhere.to_string(), "nobody.invalid"] {
        assert!(
            !text.contains(secret) && !page.contains(secret) && !log.contains(secret),
            "{secret} in\n{log}"
        );
    }
    assert!(log.contains("node=silent reason=timeout"), "{log}");
    // The log has what a label leaves out: the status, and the code of a JSON-RPC error.
    assert!(log.contains("node=error-502 reason=http_status code=502"), "{log}");
    assert!(log.contains("node=error-in-json reason=rpc_error code=-32601"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_waits_for_no_node() {
    let (hangs, mut hanging) = mpsc::unbounded_channel();
    let stuck = listen(move |mut stream| {
        let hangs = hangs.clone();
        async move {
            let _ = stream.read(&mut [0; 4096]).await;
            hangs.send(stream).unwrap();
        }
    })
    .await;
    let [good, mine] = [at(100).await, at(93).await];
    // The node that hangs is given more time than the test takes.
    let network = |name, reference| {
        format!(
            "- {{name: {name}, protocol: evm, stall_after: 3h, references: [{{name: a, url: 'http://{reference}/'}}], \
             watched: [{{name: mine, url: 'http://{mine}/'}}]}}\n"
        )
    };
    let exporter = Exporter::start(&format!(
        "poll_interval: 1h\ntimeout: 10m\nnetworks:\n{}{}",
        network("calm", good),
        network("stuck", stuck)
    ));
    let held: TcpStream = hanging.recv().await.unwrap();
    let lag = "headlag_node_lag_blocks{network=\"calm\",node=\"mine\",role=\"watched\"} 7";
    let text = exporter.metrics_when(|text| text.contains(lag)).await;
    assert_line(&text, "headlag_rounds_total{network=\"stuck\"} 0");
    assert!(exporter.get("/").await.1.contains("7\u{a0}blocks behind"));
    // It still hangs: the exporter has neither closed the connection nor sent anything more.
    let more = held.try_read(&mut [0; 16]);
    assert_eq!(more.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(exporter.end().0.code(), Some(0));
}
