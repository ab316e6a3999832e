//! The demo's week in a real Prometheus and in a real VictoriaMetrics: picture and facts are the
//! same from both, and they are what the script did. It fails where one of them is missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod charts;

use std::{net::SocketAddr, ops::Range, path::Path};

use charts::{Source, in_one_second};
use headlag_demo::{
    backfill::{self, WEEK},
    chain::{Chain, Millis},
    clock::wall_clock,
    config::{INTERVAL, THRESHOLD_BLOCKS},
    process::{Port, Process},
    prometheus::{Tools, storage},
    victoria_metrics,
};
use serde_json::{Value, json};

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const EXPORTER: ([u8; 4], u16) = ([127, 0, 0, 1], 9917);

fn free() -> Port {
    Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap()
}

/// A Prometheus and a VictoriaMetrics with the same samples.
struct Servers {
    chain: Chain,
    prometheus: SocketAddr,
    victoria: SocketAddr,
    processes: [Process; 2],
}

impl Servers {
    /// With the samples of a span that is counted from now on; now is so long before the script
    /// begins anew.
    async fn start(folder: &Path, span: Range<Millis>, script: Millis) -> Self {
        let port = free();
        let victoria = port.address();
        let victoria_metrics = victoria_metrics::start(&folder.join("victoria"), port).await.unwrap();
        let tools = Tools::find_or_fetch().await.unwrap();
        let now = wall_clock()();
        let chain = Chain::eventful(1, now + script);
        let span = now + span.start..now + span.end;
        let blocks = storage(folder);
        let (ours, theirs) = tokio::join!(
            tools.backfill(&blocks, chain, span.clone(), EXPORTER.into()),
            victoria_metrics::backfill(victoria, chain, span, EXPORTER.into())
        );
        ours.and(theirs).unwrap();
        let port = free();
        let prometheus = port.address();
        let server = tools.start(folder, "scrape_configs: []", port).await.unwrap();
        Servers { chain, prometheus, victoria, processes: [server, victoria_metrics] }
    }

    async fn stop(self) {
        for server in self.processes {
            server.stop().await.unwrap();
        }
    }
}

/// Charts `range` from both servers in the same second: they have to agree to the byte.
async fn check(range: &str, servers: &Servers) -> Value {
    let [ours, theirs] =
        in_one_second(range, &Source::of(servers.prometheus), &Source::of(servers.victoria)).await;
    assert_eq!(ours.1, theirs.1, "{range}: Prometheus, then VictoriaMetrics");
    assert!(ours.0 == theirs.0, "{range}: the pictures differ");
    ours.1
}

/// Compares facts with the script of the demo and with the rounds that it leads to.
fn check_with_script(range: &str, facts: &Value, chain: &Chain) {
    let second = |name: &str| facts[name].as_i64().unwrap() * 1000;
    let span = second("from")..second("until") + 1;
    let feed = backfill::feed(chain, span.clone(), EXPORTER.into());
    let lags =
        || feed.rounds.iter().filter_map(|round| Some((round.at / 1000, round.nodes.last()?.as_ref()?.lag?)));
    let node = &facts["nodes"][0];
    let near = |what: &Value, seconds: Millis| {
        let found = what.as_f64().unwrap_or(f64::NAN);
        assert!(
            (found - seconds as f64).abs() <= INTERVAL as f64 / 1000.0,
            "{range}: {seconds} s, not {found}: {node}"
        );
    };
    let outside = lags().filter(|(_, lag)| lag.abs() > THRESHOLD_BLOCKS).count();
    near(&node["outside_seconds"], outside as Millis * INTERVAL / 1000);
    let missing = chain.missing(span);
    near(&node["missing_seconds"]["no_answer"], missing.no_answer / 1000);
    near(&node["missing_seconds"]["no_consensus"], missing.no_consensus / 1000);
    near(&node["missing_seconds"]["not_scraped"], missing.not_scraped / 1000);
    assert_eq!(node["missing_seconds"]["wrong_chain"], 0, "{range}: {node}");
    // The first of those that are the furthest away; behind, as the script has it.
    let (at, lag) = lags().rev().max_by_key(|(_, lag)| lag.abs()).unwrap();
    assert_eq!(node["worst"], json!({ "lag_blocks": lag, "at": at }), "{range}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_servers_show_what_the_script_did() {
    let folder = tempfile::tempdir().unwrap();
    // The node is outside the corridor now, and samples go on while charts are drawn.
    let servers = Servers::start(folder.path(), -WEEK - HOUR..HOUR, 31 * MINUTE).await;
    for range in ["hour", "day", "week"] {
        let facts = check(range, &servers).await;
        check_with_script(range, &facts, &servers.chain);
        let node = &facts["nodes"][0];
        assert_eq!((&node["node"], &facts["state"]), (&json!("my-node"), &json!("ok")), "{facts}");
    }
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_servers_show_that_the_exporter_went_away() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), -WEEK..-20 * MINUTE, 10 * MINUTE).await;
    for range in ["hour", "day", "week"] {
        let facts = check(range, &servers).await;
        let node = &facts["nodes"][0];
        assert_eq!((&facts["state"], &node["state"]), (&json!("not_scraped"), &json!("not_scraped")));
        let since = facts["until"].as_i64().unwrap() - facts["since"].as_i64().unwrap();
        assert!((1170..1500).contains(&since), "{range}: not scraped for {since} s");
    }
    servers.stop().await;
}
