//! The exporter as the Prometheus that people run scrapes it: each protocol that it may ask for,
//! and type and unit in labels. Older ones do not know these settings, so this is a part of
//! `make compat`.

#![cfg(feature = "compat")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{fmt::Write, time::Duration};

use headlag_demo::{
    chain::Chain,
    clock::wall_clock,
    config, exporter,
    nodes::Nodes,
    process::{Port, Process, beside},
    prometheus::Tools,
};
use serde_json::Value;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
const PROTOCOLS: [&str; 5] = [
    "OpenMetricsText1.0.0",
    "OpenMetricsText0.0.1",
    "PrometheusText1.0.0",
    "PrometheusText0.0.4",
    // A server that offers several.
    "PrometheusProto, OpenMetricsText1.0.0, PrometheusText0.0.4",
];

fn free() -> Port {
    Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap()
}

/// The values that `promql` finds, with the `job` of each.
async fn values(server: std::net::SocketAddr, promql: &str) -> Vec<(String, String)> {
    let url = format!("http://{server}/api/v1/query");
    let answer = reqwest::Client::new().get(url).query(&[("query", promql)]).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let series = answer["data"]["result"].as_array().unwrap().iter();
    series.map(|series| (text(&series["metric"]["job"]), text(&series["value"][1]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_and_labels_of_type_and_unit_work() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = Nodes::start(Chain::calm(5), wall_clock()).await.unwrap();
    let (config, port) = (config::headlag_yml(nodes.urls(), 1_000), free());
    let exporter = port.address();
    let service = exporter::start(folder.path(), &config, port).await.unwrap();

    let mut scrapes = String::from("global: {scrape_interval: 1s}\nscrape_configs:\n");
    for (number, protocols) in PROTOCOLS.iter().enumerate() {
        let target = format!("static_configs: [{{targets: ['{exporter}']}}]");
        let job = format!("- job_name: p{number}\n  scrape_protocols: [{protocols}]\n  {target}\n");
        scrapes.write_str(&job).unwrap();
    }
    let tools = Tools::find_or_fetch().await.unwrap();
    let address = free().hand_over();
    let mut command = tools.command(folder.path(), &scrapes, address).await.unwrap();
    command.arg("--enable-feature=type-and-unit-labels");
    let mut prometheus = Process::start("prometheus", &mut command).unwrap();
    prometheus.ready(&format!("http://{address}/-/ready"), PATIENCE).await.unwrap();

    // Each metric has the same series whichever protocol brought it, and a counter its name.
    let jobs = PROTOCOLS.len();
    for (promql, series) in [
        ("up == 1", 1),
        ("headlag_node_state == 1", 10),
        ("headlag_node_lag_blocks", 10),
        ("headlag_rounds_total > 0", 1),
        // The bot asks in whole seconds: what is younger is not there yet.
        ("count_over_time(headlag_rounds_total[1m]) >= 4", 1),
        ("headlag_node_errors_total", 100),
        ("headlag_node_request_duration_seconds_count > 0", 10),
    ] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = values(address, promql).await;
            if found.len() == series * jobs {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "{promql}: {} series instead of {}",
                found.len(),
                series * jobs
            );
            sleep(LOOK).await;
        }
    }
    let typed = values(address, "headlag_node_lag_blocks{__type__=\"gauge\"}").await;
    assert_eq!(typed.len(), 10 * jobs, "the server labels types, so the bot meets them");

    // Five scrapes of one network are five exporters to the bot; the node is level in all.
    let mut program = Command::new(beside("headlag-chartbot").unwrap());
    program.args(["chart", "10m", "--json", "--prometheus.url", &format!("http://{address}")]);
    let output = program.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&facts["state"], &facts["nodes"][0]["state"]), (&"ok".into(), &"ok".into()), "{facts}");
    assert_eq!(facts["warnings"].as_array().map(Vec::len), Some(0), "{facts}");
    assert_eq!(facts["nodes"].as_array().map(Vec::len), Some(1), "one node, whatever its labels: {facts}");

    prometheus.stop().await.unwrap();
    service.stop().await.unwrap();
}
