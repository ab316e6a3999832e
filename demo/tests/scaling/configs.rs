//! Each file by the checker that comes with its program, and the figures that costs are made of.

use headlag_demo::prometheus::Tools;
use tokio::process::Command;

use crate::{
    document::{figure, file, files, put_rules},
    patience::eventually,
    watched::Watched,
};

#[tokio::test]
async fn prometheus_accepts_every_config() {
    let tools = Tools::find_or_fetch().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    put_rules(folder.path(), str::to_owned);
    let mine = folder.path().join("rules/my-prometheus.yml");
    std::fs::write(mine, file("rules/my-prometheus.yml")).unwrap();
    let mut checked = 0;
    for (title, text) in files() {
        if !title.starts_with("prometheus.yml") {
            continue;
        }
        let path = folder.path().join("prometheus.yml");
        std::fs::write(&path, text).unwrap();
        let output =
            Command::new(tools.promtool()).args(["check", "config"]).arg(path).output().await.unwrap();
        let words = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{title}:\n{words}{}", String::from_utf8_lossy(&output.stderr));
        assert!(words.contains("my-prometheus.yml"), "{title} names no rules:\n{words}");
        assert!(text.contains("honor_labels: true"), "{title} renames the exporter's labels");
        checked += 1;
    }
    assert!(checked >= 4, "only {checked} configs");
}

#[tokio::test]
async fn a_node_and_a_network_have_as_many_samples_as_the_document_says() {
    let watched = Watched::start(1).await;
    let url = format!("http://{}/metrics", watched.exporters[0]);
    let whole = || async {
        let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
        // These need a second round, and several.
        let has =
            |start: &str, node: &str| text.lines().any(|line| line.starts_with(start) && line.contains(node));
        let is_whole = has("headlag_node_last_advance_timestamp_seconds{", "\"my-node\"")
            && has("headlag_block_time_seconds{", "");
        is_whole.then_some(text)
    };
    let text = eventually("a node that was seen to rise, and a block time", whole).await;
    let samples = || text.lines().filter(|line| !line.starts_with('#') && line.contains("network=\""));
    let node = samples().filter(|line| line.contains("node=\"my-node\"")).count();
    let network = samples().filter(|line| !line.contains("node=\"")).count();
    assert_eq!(node, figure("samples of a node"));
    assert_eq!(network, figure("samples of a network"));
    watched.stop().await;
}
