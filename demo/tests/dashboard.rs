//! Every query of the Grafana dashboards, on a Prometheus that the demo fills: data comes
//! back, and no query names a metric that the services do not have.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{net::SocketAddr, path::Path, time::Duration};

use headlag_demo::world::{Addresses, World};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// Rates need two scrapes, and those are 15 s apart.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(500);

/// The queries of a dashboard with the title of their panel, variables filled in as Grafana does.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().unwrap();
            let expr = expr
                .replace("$__rate_interval", "1m")
                .replace("$network", "polygon")
                .replace("$node", "(my-node|reference-1)");
            assert!(!expr.contains('$'), "an unknown variable in {expr}");
            found.push((panel["title"].as_str().unwrap().to_owned(), expr));
        }
    }
    assert!(found.len() > 20, "the queries are found at all");
    found
}

fn metrics_named_in(expr: &str) -> impl Iterator<Item = &str> {
    expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| word.starts_with("headlag_"))
}

async fn series(prometheus: SocketAddr, expr: &str) -> Vec<Value> {
    let request = reqwest::Client::new()
        .get(format!("http://{prometheus}/api/v1/query"))
        .query(&[("query", expr)])
        .send();
    let answer: Value = request.await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], "success", "{expr}: {answer}");
    answer["data"]["result"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_has_data() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grafana/dashboards");
    let dashboards: Vec<Value> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect();
    let queries: Vec<_> = dashboards.iter().flat_map(queries).collect();
    let world = World::start(Addresses::free()).await.unwrap();
    let exposition = reqwest::get(format!("http://{}/metrics", world.addresses.exporter))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for (panel, expr) in &queries {
        for metric in metrics_named_in(expr) {
            let there = exposition.lines().any(|line| {
                line.starts_with(&format!("{metric}{{")) || line.starts_with(&format!("{metric} "))
            });
            assert!(there, "{panel}: the exporter has no {metric}");
        }
    }
    let deadline = Instant::now() + PATIENCE;
    for (panel, expr) in &queries {
        while series(world.addresses.prometheus, expr).await.is_empty() {
            assert!(Instant::now() < deadline, "{panel} shows nothing: {expr}");
            sleep(LOOK).await;
        }
    }
    world.services.stop().await.unwrap();
}
