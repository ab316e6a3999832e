//! One history in a real Prometheus and in a real VictoriaMetrics: the program draws and tells
//! the same of both. It fails where one of them is not to be had.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

use std::{net::SocketAddr, ops::Range, path::Path, process::Output};

use headlag_demo::{
    backfill::WEEK,
    chain::{Chain, Millis},
    clock::wall_clock,
    process::{Port, Process, beside},
    prometheus::{Tools, storage},
    victoria_metrics,
};
use tokio::process::Command;

const MINUTE: Millis = 60_000;
/// How often a chart is asked for again because the time went on meanwhile.
const ATTEMPTS: usize = 40;

fn free() -> Port {
    Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap()
}

/// A Prometheus and a VictoriaMetrics with the same samples within a span that is told, like
/// the beginning of the script, from now on.
async fn filled(folder: &Path, span: Range<Millis>, script: Millis) -> [(Process, SocketAddr); 2] {
    let port = free();
    let victoria = port.address();
    let victoria_metrics = victoria_metrics::start(&folder.join("victoria"), port).await.unwrap();
    let tools = Tools::find_or_fetch().await.unwrap();
    let clock = wall_clock();
    let now = clock();
    let chain = Chain::eventful(1, now + script);
    let fill = async |span: Range<Millis>| {
        let exporter = ([127, 0, 0, 1], 9917).into();
        tools.backfill(&storage(folder), chain, span.clone(), exporter).await.unwrap();
        victoria_metrics::backfill(victoria, chain, span, exporter).await.unwrap();
    };
    fill(now + span.start..now + span.end).await;
    // The seconds that went by meanwhile.
    fill(now + span.end..clock() + span.end).await;
    let port = free();
    let address = port.address();
    let prometheus = tools.start(folder, "scrape_configs: []", port).await.unwrap();
    [(prometheus, address), (victoria_metrics, victoria)]
}

/// The picture of this range, and the words with it.
async fn chart(range: &str, server: SocketAddr) -> (Vec<u8>, String) {
    let mut program = Command::new(beside("headlag-chartbot").unwrap());
    program.args(["chart", range, "--output", "-", "--prometheus.url", &format!("http://{server}")]);
    let Output { status, stdout, stderr } = program.output().await.unwrap();
    let caption = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{range}: {caption}");
    (stdout, caption)
}

/// Draws `range` of both and looks for `told` in the caption.
async fn check(range: &str, [(_, prometheus), (_, victoria)]: &[(Process, SocketAddr); 2], told: &[&str]) {
    for _ in 0..ATTEMPTS {
        let (ours, theirs) = (chart(range, *prometheus).await, chart(range, *victoria).await);
        if ours != chart(range, *prometheus).await {
            continue;
        }
        let (picture, caption) = ours;
        assert_eq!(caption, theirs.1, "{range}: Prometheus, then VictoriaMetrics");
        assert!(picture == theirs.0, "{range}: the pictures differ");
        assert!(told.iter().all(|part| caption.contains(part)), "{range}: {caption}");
        return;
    }
    panic!("no two charts of {range} from the same server are alike");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tell_the_same_up_to_now() {
    let folder = tempfile::tempdir().unwrap();
    // The node is outside the corridor, and every sample of the newest half minute is another
    // one.
    let servers = filled(folder.path(), -WEEK..0, 31 * MINUTE).await;
    for range in ["hour", "day", "week"] {
        check(range, &servers, &["my-node: ", "blocks behind"]).await;
    }
    for (server, _) in servers {
        server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tell_the_same_after_the_exporter_went_away() {
    let folder = tempfile::tempdir().unwrap();
    let servers = filled(folder.path(), -WEEK..-20 * MINUTE, 10 * MINUTE).await;
    for range in ["hour", "day", "week"] {
        check(range, &servers, &["no data in Prometheus since", "blocks behind"]).await;
    }
    for (server, _) in servers {
        server.stop().await.unwrap();
    }
}
