//! The configuration of the services and of Prometheus: the settings of the demo and the
//! files a user would write.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::chain::{CHAIN_ID, Millis, Node};

/// The `network` label.
pub const NETWORK: &str = "polygon";
/// How often the nodes were polled and the exporter was scraped in the history.
pub const INTERVAL: Millis = 15_000;
/// The same live: nobody who pulls a lever likes to wait.
pub const LIVE_INTERVAL: Millis = 5_000;
/// The corridor.
pub const THRESHOLD_BLOCKS: i64 = 5;
/// References that must answer.
pub const QUORUM: usize = 2;
/// The scrape jobs, as in the repository's `prometheus.yml`.
pub const EXPORTER_JOB: &str = "headlag-exporter";
/// See [`EXPORTER_JOB`].
pub const CHARTBOT_JOB: &str = "headlag-chartbot";
/// See [`EXPORTER_JOB`].
pub const ALERTMANAGER_JOB: &str = "alertmanager";
/// The file of alert rules, beside `prometheus.yml`.
pub const RULES_FILE: &str = "alerts.yml";

/// A `headlag.yml` for these nodes, to be polled so often.
pub fn headlag_yml(nodes: impl IntoIterator<Item = (Node, String)>, interval: Millis) -> String {
    let (watched, references): (Vec<_>, Vec<_>) =
        nodes.into_iter().partition(|(node, _)| *node == Node::Watched);
    let mut yml = format!(
        "poll_interval: {interval}ms\n\
         timeout: {timeout}ms\n\
         networks:\n\
         \x20 - name: {NETWORK}\n\
         \x20   protocol: evm\n\
         \x20   chain_id: {CHAIN_ID}\n\
         \x20   threshold_blocks: {THRESHOLD_BLOCKS}\n\
         \x20   quorum: {QUORUM}\n",
        timeout = interval / 2
    );
    for (role, nodes) in [("references", references), ("watched", watched)] {
        // Writing to a String cannot fail.
        let _ = writeln!(yml, "    {role}:");
        for (node, url) in nodes {
            let _ = writeln!(yml, "      - name: {}\n        url: {url}", node.name());
        }
    }
    yml
}

/// A `prometheus.yml` that scrapes both services and Alertmanager, evaluates the rules beside it
/// and sends alerts.
pub fn prometheus_yml(exporter: SocketAddr, chartbot: SocketAddr, alertmanager: SocketAddr) -> String {
    let mut yml = format!(
        "global:\n  scrape_interval: {0}s\n  scrape_timeout: 4s\n  evaluation_interval: 1s\n\
         rule_files: [\"{RULES_FILE}\"]\n\
         alerting:\n  alertmanagers:\n  - static_configs:\n    - targets: [\"{alertmanager}\"]\n\
         scrape_configs:\n",
        LIVE_INTERVAL / 1000
    );
    for (job, target) in
        [(EXPORTER_JOB, exporter), (CHARTBOT_JOB, chartbot), (ALERTMANAGER_JOB, alertmanager)]
    {
        let _ = writeln!(yml, "  - job_name: {job}\n    static_configs:\n      - targets: [\"{target}\"]");
    }
    yml
}
