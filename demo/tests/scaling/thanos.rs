//! Thanos over two Prometheus servers.

use std::{net::SocketAddr, path::Path};

use headlag_demo::{package::Package, process::Process, prometheus::Tools};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    charts::{Source, in_one_second},
    document::{arguments, file, fitted, put_rules},
    examples::readdressed,
    patience::{PATIENCE, eventually, free_port},
    remote_write::{behind, facts, live_through_an_incident},
};

const THANOS: Package = Package {
    name: "thanos",
    programs: &["thanos"],
    data: None,
    has_libraries: false,
    home: "https://github.com/thanos-io/thanos",
};

/// Starts a part of Thanos with the arguments of the document; `ready` is one of the addresses.
async fn start(part: &str, folder: &Path, addresses: &[(&str, SocketAddr)], ready: SocketAddr) -> Process {
    let program = THANOS.find_or_fetch().await.unwrap().join("thanos");
    let mut command = Command::new(program);
    command.args([part, "--log.level=error"]).current_dir(folder);
    command.args(readdressed(arguments(&format!("thanos {part} ")), addresses).split_whitespace());
    let mut process = Process::start("thanos", &mut command).unwrap();
    process.ready(&format!("http://{ready}/-/ready"), PATIENCE).await.unwrap();
    process
}

/// A Prometheus and the sidecar beside it.
struct Replica {
    prometheus: SocketAddr,
    store: SocketAddr,
    processes: [Process; 2],
}

impl Replica {
    async fn start(folder: &Path, config: &str) -> Self {
        put_rules(folder, str::to_owned);
        let tools = Tools::find_or_fetch().await.unwrap();
        let port = free_port();
        let prometheus = port.address();
        let server = tools.start(folder, config, port).await.unwrap();
        let (store, http) = (free_port().hand_over(), free_port().hand_over());
        let addresses = [("127.0.0.1:9090", prometheus), ("0.0.0.0:10901", store), ("0.0.0.0:10902", http)];
        let sidecar = start("sidecar", folder, &addresses, http).await;
        Self { prometheus, store, processes: [server, sidecar] }
    }

    async fn stop(self) {
        for process in self.processes {
            process.stop().await.unwrap();
        }
    }

    /// Ends both as when their machine dies.
    async fn die(self) {
        for process in self.processes {
            process.kill().await.unwrap();
        }
    }
}

/// The two may be a scrape apart: Thanos does not always take the one asked.
fn close(one: &Value, other: &Value) -> bool {
    let near = |one: &Value, other: &Value| match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 2,
        _ => one == other,
    };
    let (mine, theirs) = (&one["nodes"][0], &other["nodes"][0]);
    one["nodes"].as_array().map(Vec::len) == other["nodes"].as_array().map(Vec::len)
        && ["network", "state", "threshold_blocks", "references"].iter().all(|name| one[name] == other[name])
        && ["node", "state", "lag_blocks"].iter().all(|name| mine[name] == theirs[name])
        && near(&mine["since"], &theirs["since"])
        && near(&mine["outside_seconds"], &theirs["outside_seconds"])
        && near(&mine["worst"]["lag_blocks"], &theirs["worst"]["lag_blocks"])
        && mine["missing_seconds"]
            .as_object()
            .unwrap()
            .iter()
            .all(|(cause, seconds)| near(seconds, &theirs["missing_seconds"][cause]))
}

#[tokio::test(flavor = "multi_thread")]
async fn thanos_shows_two_replicas_as_one_and_says_when_a_store_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let homes = ["a", "b", "query"].map(|name| folder.path().join(name));
    homes.iter().for_each(|home| std::fs::create_dir(home).unwrap());
    let watched = behind(2).await;
    let addresses = [
        ("exporter-frankfurt:9917", watched.exporters[0].to_string()),
        ("exporter-tokyo:9917", watched.exporters[1].to_string()),
        ("alertmanager-a:9093", "127.0.0.1:1".to_owned()),
        ("alertmanager-b:9093", "127.0.0.1:1".to_owned()),
    ];
    let config = fitted(file("prometheus.yml: server a"), &addresses);
    let one = Replica::start(&homes[0], &config).await;
    let other = Replica::start(&homes[1], &config.replace("replica: a", "replica: b")).await;
    let stores = [("prometheus-a:10901", one.store), ("prometheus-b:10901", other.store)];
    let endpoints = readdressed(file("thanos-endpoints.yml"), &stores);
    std::fs::write(homes[2].join("thanos-endpoints.yml"), endpoints).unwrap();
    let (grpc, http) = (free_port().hand_over(), free_port().hand_over());
    let addresses = [("0.0.0.0:10903", grpc), ("0.0.0.0:10904", http)];
    let query = start("query", &homes[2], &addresses, http).await;
    let (prometheus, thanos) = (Source::of(one.prometheus), Source::of(http));

    live_through_an_incident(watched, &prometheus).await;
    let same = || async {
        let [ours, theirs] = in_one_second("10m", &prometheus, &thanos).await;
        let same = close(&ours.1, &theirs.1) && theirs.1["warnings"] == json!([]);
        if !same {
            eprintln!("from Prometheus {}\nfrom Thanos {}", ours.1, theirs.1);
        }
        same.then_some(theirs.1)
    };
    let before = eventually("the same facts from Thanos as from one Prometheus", same).await;

    let count = [("query", "count(count_over_time(headlag_threshold_blocks[10m]))")];
    let count = reqwest::Client::new().get(format!("http://{http}/api/v1/query")).query(&count);
    let count: Value = count.send().await.unwrap().json().await.unwrap();
    assert_eq!(count["data"]["result"][0]["value"][1], "2", "one series for each exporter: {count}");

    other.die().await;
    let noticed = || async {
        let stores = reqwest::get(format!("http://{http}/api/v1/stores")).await.unwrap();
        let stores: Value = stores.json().await.unwrap();
        let failed = |store: &Value| !store["lastError"].is_null();
        stores["data"]["sidecar"].as_array()?.iter().any(failed).then_some(())
    };
    eventually("Thanos notices that a store is away", noticed).await;
    let warned = |facts: &Value| facts["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty());
    let after = facts(&thanos, "a warning that data may be missing", warned).await;
    assert_eq!(after["nodes"][0]["worst"], before["nodes"][0]["worst"], "{after}");
    assert_eq!(after["nodes"][0]["state"], before["nodes"][0]["state"], "{after}");
    query.stop().await.unwrap();
    one.stop().await;
}
