//! Histories whose truth is known, in a real Prometheus and in a real VictoriaMetrics: the
//! facts of `headlag-chartbot chart --json` are compared with it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod cases;
mod compare;
mod history;
mod oracle;
mod rules;

use std::{net::SocketAddr, sync::Arc};

use headlag_demo::{
    backfill::days,
    chain::Millis,
    clock::wall_clock,
    exposition::Feed,
    process::{Port, Process, beside},
    prometheus::{Tools, storage},
    victoria_metrics,
};
use serde_json::Value;
use tokio::{process::Command, task::JoinSet};

use crate::{
    cases::Case,
    history::{AHEAD, DAY},
    oracle::{Missing, Oracle},
};

/// A step of every chart up to a day fits into it a whole number of times.
const GRID: Millis = 30_000;

/// Histories with the samples of their exporters.
type Cases = Arc<[(Case, Arc<[Feed]>)]>;

fn free() -> Port {
    Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap()
}

/// The facts of a chart, as a user gets them.
async fn facts(server: SocketAddr, range: &str, network: &str) -> Result<Value, String> {
    let mut program = Command::new(beside("headlag-chartbot").unwrap());
    program.args(["chart", range, "--network", network, "--json"]);
    program.arg("--prometheus.url").arg(format!("http://{server}"));
    let output = program.output().await.unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// Every chart of every history on one server; what is not true is returned.
async fn check(server: SocketAddr, name: &str, cases: Cases, source: compare::From) -> Vec<String> {
    let mut wrong = Vec::new();
    for (case, feeds) in cases.iter() {
        for &range in case.ranges {
            let found = match facts(server, range, case.network).await {
                Ok(facts) => compare::network(case, feeds, range, &facts, source),
                Err(error) => vec![error],
            };
            wrong.extend(found.iter().map(|what| format!("{name}: {}: {range}: {what}", case.network)));
        }
    }
    wrong
}

/// Histories with their samples; those of every other one are where ranges end, which servers
/// count differently.
fn with_feeds(cases: Vec<Case>, written: Millis) -> Cases {
    let cases = cases.into_iter().zip([0, 217].into_iter().cycle());
    let with_feeds = cases.map(|(case, phase)| {
        let feeds: Arc<[Feed]> = case.feeds(written, phase).into();
        (case, feeds)
    });
    with_feeds.collect()
}

/// What a person counts by hand, for the histories that are simple enough.
#[test]
fn the_truth_is_what_one_counts_by_hand() {
    let written = 1_800_000_000_000;
    let check = |network: &str, name: &str, hours: i64, want: (f64, Missing)| {
        let case = cases::all().into_iter().find(|case| case.network == network).unwrap();
        let feeds = case.feeds(written, 217);
        let oracle = Oracle::new(&feeds, case.scrape(), case.alive, written);
        let truth = oracle.node(name, &(written - hours * 3_600_000..written));
        let (outside, missing) = want;
        let near = |found: f64, want: f64| (found - want).abs() <= oracle.slowest();
        assert!(near(truth.outside, outside), "{network}: {truth:?}");
        assert!(near(truth.missing.no_answer, missing.no_answer), "{network}: {truth:?}");
        assert!(near(truth.missing.wrong_chain, missing.wrong_chain), "{network}: {truth:?}");
        assert!(near(truth.missing.no_consensus, missing.no_consensus), "{network}: {truth:?}");
        assert!(near(truth.missing.not_scraped, missing.not_scraped), "{network}: {truth:?}");
    };
    let none = Missing::default();
    let twenty_five = 25.0 * 60.0;
    check("ended-4-minutes-ago", "silent", 1, (0.0, Missing { no_answer: twenty_five, ..none }));
    check("ended-4-minutes-ago", "elsewhere", 24, (0.0, Missing { wrong_chain: twenty_five, ..none }));
    check("ended-4-minutes-ago", "outside", 168, (twenty_five, none));
    check("scraped-for-4-minutes", "my-node", 1, (0.0, Missing { not_scraped: twenty_five, ..none }));
    check("consensus-for-4-minutes", "my-node", 1, (0.0, Missing { no_consensus: twenty_five, ..none }));
    check("not-scraped-1-minute-in-10", "my-node", 24, (0.0, Missing { not_scraped: 8640.0, ..none }));
    check("moved", "my-node", 24, (4.0 * 50.0, none));
    check("moved", "my-node", 1, (45.0, none));
    check("fleet", "gone", 1, (1800.0, none));
    check("fleet", "removed-for-an-hour", 24, (0.0, none));
    check("removed", "my-node", 1, (1200.0, none));
    check("scraped-late", "my-node", 1, (585.0, none));
    check("fleet", "added-lately", 24, (0.0, none));
    check("two-one-sees-it-ahead", "my-node", 1, (3000.0, none));
    check("two-one-not-scraped", "my-node", 24, (0.0, none));
    // One outside, one inside for 10 minutes; 9 behind and 9 ahead in turn for 3 hours.
    check("causes", "flaps", 24, (300.0 + 10_800.0, none));
    check("not-scraped-now", "my-node", 1, (0.0, Missing { not_scraped: 1200.0, ..none }));
    check("threshold-changed", "at-7", 24, (21_600.0, none));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let port = free();
    let victoria = port.address();
    let victoria_metrics = victoria_metrics::start(&folder.path().join("victoria"), port).await.unwrap();
    let tools = Tools::find_or_fetch().await.unwrap();
    let written = wall_clock()() / GRID * GRID;
    let cases = with_feeds(cases::all(), written);
    let feeds: Arc<[Feed]> = cases.iter().flat_map(|(_, feeds)| feeds.iter().cloned()).collect();
    let blocks = storage(folder.path());
    for day in days(written - 31 * DAY * 1000..written + AHEAD * 1000) {
        let (ours, theirs) = tokio::join!(
            tools.import(&blocks, feeds.clone(), day.clone()),
            victoria_metrics::import(victoria, feeds.clone(), day)
        );
        ours.and(theirs).unwrap();
    }
    let port = free();
    let prometheus = port.address();
    let server = tools.start(folder.path(), "scrape_configs: []", port).await.unwrap();

    let mut checks = JoinSet::new();
    checks.spawn({
        let cases = cases.clone();
        async move { check(prometheus, "Prometheus", cases, compare::From::Raw).await }
    });
    checks.spawn(async move { check(victoria, "VictoriaMetrics", cases, compare::From::Raw).await });
    let mut wrong = checks.join_all().await.concat();
    wrong.sort();
    stop([server, victoria_metrics]).await;
    assert!(wrong.is_empty(), "{} facts are not true:\n{}", wrong.len(), wrong.join("\n"));
}

async fn stop(servers: [Process; 2]) {
    for server in servers {
        server.stop().await.unwrap();
    }
}
