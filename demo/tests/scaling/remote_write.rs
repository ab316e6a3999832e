//! Prometheus writes to an engine; the bot draws and counts from it what it draws and counts from
//! Prometheus.

use std::net::SocketAddr;

use headlag_demo::{
    chain::{Lever, Node},
    prometheus::Tools,
    victoria_metrics,
};
use serde_json::Value;

use crate::{
    charts::{Source, in_one_second},
    document::{file, fitted, put_rules},
    patience::{eventually, free_port},
    watched::Watched,
};

/// The facts from `source` once they hold what `seen` looks for.
pub async fn facts(source: &Source, what: &str, seen: impl Fn(&Value) -> bool) -> Value {
    let look = || async {
        let facts = source.try_chart("10m").await.ok()?.1;
        seen(&facts).then_some(facts)
    };
    eventually(what, look).await
}

/// Lets the watched node fall behind and catch up, and then the exporter go away, each once
/// `source` has it.
pub async fn live_through_an_incident(watched: Watched, source: &Source) {
    let behind = |facts: &Value| facts["nodes"][0]["outside_seconds"].as_i64() >= Some(4);
    facts(source, "the node is outside", behind).await;
    watched.nodes.pull(|levers| levers.clear());
    facts(source, "the node is level", |facts| facts["nodes"][0]["state"] == "ok").await;
    watched.stop().await;
    facts(source, "nobody is watching", |facts| facts["state"] == "not_scraped").await;
}

/// The watched node is behind from the start.
pub async fn behind(exporters: usize) -> Watched {
    let watched = Watched::start(exporters).await;
    watched.nodes.pull(|levers| _ = levers.insert(Node::Watched, Lever::Behind(20)));
    watched
}

/// Writes from a Prometheus with this config of the document, in which `engine` is the address of
/// the engine, and reads from `source`.
pub async fn same_from_the_engine(title: &str, engine: (&str, SocketAddr), source: &Source) {
    let folder = tempfile::tempdir().unwrap();
    put_rules(folder.path(), str::to_owned);
    let watched = behind(1).await;
    let addresses = [("exporter:9917", watched.exporters[0].to_string()), (engine.0, engine.1.to_string())];
    let config = fitted(file(title), &addresses);
    let port = free_port();
    let ours = Source::of(port.address());
    let tools = Tools::find_or_fetch().await.unwrap();
    let prometheus = tools.start(folder.path(), &config, port).await.unwrap();
    live_through_an_incident(watched, &ours).await;
    for range in ["10m", "day"] {
        // What was scraped last is written some seconds later.
        let agreed = || async {
            let [ours, theirs] = in_one_second(range, &ours, source).await;
            let same = ours == theirs;
            if !same {
                eprintln!("{range}: from Prometheus {}\nfrom the engine {}", ours.1, theirs.1);
            }
            same.then_some(ours.1)
        };
        let facts = eventually("the same picture and facts from both", agreed).await;
        let worst = facts["nodes"][0]["worst"]["lag_blocks"].as_i64().unwrap();
        assert!((19..=21).contains(&worst), "20 blocks behind, give or take one: {facts}");
    }
    prometheus.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_has_what_prometheus_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let address = port.address();
    let server = victoria_metrics::start(folder.path(), port).await.unwrap();
    // It ignores the header, and the bot has to accept the file.
    let http_config = folder.path().join("prometheus-http.yml");
    std::fs::write(&http_config, file("prometheus-http.yml")).unwrap();
    let title = "prometheus.yml: remote write to VictoriaMetrics";
    let source = Source::of(address).with(&http_config);
    same_from_the_engine(title, ("victoria-metrics:8428", address), &source).await;
    server.stop().await.unwrap();
}
