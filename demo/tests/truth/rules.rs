//! The facts of more than a week, most of which is read from what recording rules kept: as true
//! as those from raw samples, at less cost.

use std::{collections::BTreeMap, fmt::Write, net::SocketAddr, ops::Range, path::Path, sync::Arc};

use headlag_demo::{
    backfill::days,
    chain::Millis,
    clock::wall_clock,
    exposition::Feed,
    process::Process,
    prometheus::{Tools, storage},
    victoria_metrics,
};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Cases, GRID, cases, check, compare, free,
    history::{AHEAD, DAY, HOUR, MINUTE},
    with_feeds,
};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/recording.yml");

async fn start(tools: &Tools, folder: &Path) -> (Process, SocketAddr) {
    let port = free();
    let address = port.address();
    (tools.start(folder, "scrape_configs: []", port).await.unwrap(), address)
}

async fn get(server: SocketAddr, path: &str, query: &[(&str, &str)]) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{server}/{path}")).query(query).send().await.unwrap();
    answer.error_for_status().unwrap().text().await.unwrap()
}

/// How many bytes a Prometheus has answered to all queries so far.
async fn bytes_answered(server: SocketAddr) -> f64 {
    const SIZE: &str = "prometheus_http_response_size_bytes_sum{handler=\"/api/v1/query";
    let metrics = get(server, "metrics", &[]).await;
    let lines = metrics.lines().filter(|line| line.starts_with(SIZE));
    lines.map(|line| line.split_whitespace().last().unwrap().parse::<f64>().unwrap()).sum()
}

/// What rules recorded, in the text format.
async fn recorded(server: SocketAddr, until: i64) -> String {
    let query = [("query", "{__name__=~\"headlag:.+\"}[10d]"), ("time", &until.to_string())];
    let answer: Value = serde_json::from_str(&get(server, "api/v1/query", &query).await).unwrap();
    let mut text = String::new();
    for series in answer["data"]["result"].as_array().unwrap() {
        let mut labels: BTreeMap<String, String> = serde_json::from_value(series["metric"].clone()).unwrap();
        let name = labels.remove("__name__").unwrap();
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        for sample in series["values"].as_array().unwrap() {
            let (time, value) = (sample[0].as_f64().unwrap(), sample[1].as_str().unwrap());
            writeln!(text, "{name}{{{}}} {value} {}", labels.join(","), (time * 1000.0).round()).unwrap();
        }
    }
    text
}

/// The same samples, and what rules recorded of them, in a VictoriaMetrics.
async fn in_victoria_metrics(
    folder: &Path,
    recorded: String,
    span: Range<Millis>,
    cases: Cases,
) -> Vec<String> {
    let port = free();
    let address = port.address();
    let server = victoria_metrics::start(&folder.join("victoria"), port).await.unwrap();
    let feeds: Arc<[Feed]> = cases.iter().flat_map(|(_, feeds)| feeds.iter().cloned()).collect();
    for day in days(span) {
        victoria_metrics::import(address, feeds.clone(), day).await.unwrap();
    }
    victoria_metrics::import_text(address, recorded).await.unwrap();
    let wrong = check(address, "rules in VictoriaMetrics", cases, compare::From::Rules).await;
    server.stop().await.unwrap();
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_from_rules_are_as_true_as_those_from_raw_samples() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::find_or_fetch().await.unwrap();
    let written = wall_clock()() / GRID * GRID;
    let cases = with_feeds(cases::recorded(), written);
    let feeds: Arc<[Feed]> = cases.iter().flat_map(|(_, feeds)| feeds.iter().cloned()).collect();
    let blocks = storage(folder.path());
    let span = written - 9 * DAY * 1000..written + AHEAD * 1000;
    // Each day becomes a block of its own, so processors can share them out.
    let mut imports = JoinSet::new();
    for day in days(span.clone()) {
        let (tools, blocks, feeds) = (tools.clone(), blocks.clone(), feeds.clone());
        imports.spawn(async move { tools.import(&blocks, feeds, day).await });
    }
    imports.join_all().await.into_iter().for_each(|imported| imported.unwrap());
    let (prometheus, server) = start(&tools, folder.path()).await;
    let mut wrong = check(server, "raw", cases.clone(), compare::From::Raw).await;
    let raw = bytes_answered(server).await;
    // Rules younger than the samples, and not evaluated for 40 minutes.
    let now = written / 1000;
    let hole = now - 3 * DAY - 20 * MINUTE;
    for span in [now - 6 * DAY - 8 * HOUR..hole, hole + 40 * MINUTE..now] {
        tools.record(server, Path::new(RULES), span, &blocks).await.unwrap();
    }
    prometheus.stop().await.unwrap();

    let (prometheus, server) = start(&tools, folder.path()).await;
    wrong.extend(check(server, "rules", cases.clone(), compare::From::Rules).await);
    let with_rules = bytes_answered(server).await;
    if cfg!(feature = "compat") {
        let found = in_victoria_metrics(folder.path(), recorded(server, now).await, span, cases);
        wrong.extend(found.await);
    }
    prometheus.stop().await.unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{} facts are not true:\n{}", wrong.len(), wrong.join("\n"));
    assert!(with_rules < 0.75 * raw, "{with_rules} bytes were asked for with rules, {raw} without");
}
