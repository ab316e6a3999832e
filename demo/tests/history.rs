//! A real Prometheus with the simulated history; it fails where no Prometheus can be found or fetched.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

use std::net::SocketAddr;
use std::time::Instant;

use headlag_demo::backfill::WEEK;
use headlag_demo::chain::{Chain, Millis};
use headlag_demo::config;
use headlag_demo::nodes::wall_clock;
use headlag_demo::process::Port;
use headlag_demo::prometheus::{Tools, storage};
use serde_json::Value;

/// The value of the only series that `promql` finds at `at`.
async fn query(prometheus: SocketAddr, promql: &str, at: Millis) -> f64 {
    let url = format!("http://{prometheus}/api/v1/query");
    let at = (at / 1000).to_string();
    let request = reqwest::Client::new().get(url).query(&[("query", promql), ("time", &at)]);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let result = answer["data"]["result"].as_array().unwrap();
    assert_eq!(result.len(), 1, "{promql}: {answer}");
    result[0]["value"][1].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_week_of_history_is_there_before_the_first_scrape() {
    let tools = Tools::find_or_fetch().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let free = || SocketAddr::from(([127, 0, 0, 1], 0));
    let exporter = Port::take(free(), "a test", "").unwrap().address();
    let now = wall_clock()();
    let chain = Chain::eventful(1, now);
    let begun = Instant::now();
    tools.backfill(&storage(folder.path()), chain, now - WEEK..now - 60_000, exporter).await.unwrap();
    eprintln!("a week was back-filled in {:?}", begun.elapsed());
    tools.backfill(&storage(folder.path()), chain, now - 60_000..now, exporter).await.unwrap();

    let port = Port::take(free(), "Prometheus", "").unwrap();
    let address = port.address();
    let scrape = config::prometheus_yml(exporter, exporter, exporter);
    let prometheus = tools.start(folder.path(), &scrape, port).await.unwrap();
    let lag = format!(
        "headlag_node_lag_blocks{{job=\"headlag-exporter\",instance=\"{exporter}\",node=\"my-node\"}}"
    );
    let samples = query(address, &format!("count_over_time({lag}[7d])"), now).await;
    // A week at 15 s, less what the script takes: two hours of silence, 50 minutes unscraped, 45 without consensus.
    let want = f64::from(4 * 60 * 24 * 7 - 4 * (120 + 50 + 45));
    assert!((samples - want).abs() <= 4.0, "{samples} instead of {want}");
    assert!((13.0..=16.0).contains(&query(address, &format!("max_over_time({lag}[7d])"), now).await));
    // No gap between the two spans.
    assert!(query(address, &format!("count_over_time({lag}[2m])"), now).await >= 7.0);
    // One-hot: every state has its series, and one of them is 1 at any time.
    let states = "headlag_node_state{node=\"my-node\"}";
    assert_eq!(query(address, &format!("count({states})"), now).await, 7.0);
    assert_eq!(query(address, "count(headlag_network_state)", now).await, 4.0);
    let always = format!("min_over_time(sum({states})[7d:15s]) == max_over_time(sum({states})[7d:15s])");
    assert_eq!(query(address, &always, now).await, 1.0);
    let silent = "sum_over_time(headlag_node_state{node=\"my-node\",state=\"unreachable\"}[7d])";
    assert!((query(address, silent, now).await - 480.0).abs() <= 1.0);
    prometheus.stop().await.unwrap();
}
