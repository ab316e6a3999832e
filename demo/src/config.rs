//! The configuration of the services and of Prometheus: the settings of the demo and the
//! files a user would write.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::chain::{CHAIN_ID, Millis, Node};

/// The `network` label.
pub const NETWORK: &str = "polygon";
/// How often the nodes are polled and the exporter is scraped, in history and live.
pub const INTERVAL: Millis = 15_000;
/// The corridor.
pub const THRESHOLD_BLOCKS: i64 = 5;
/// References that must answer.
pub const QUORUM: usize = 2;
/// The scrape jobs, as in the repository's `prometheus.yml`.
pub const EXPORTER_JOB: &str = "headlag-exporter";
/// See [`EXPORTER_JOB`].
pub const CHARTBOT_JOB: &str = "headlag-chartbot";

/// A `headlag.yml` for these nodes.
pub fn headlag_yml(nodes: impl IntoIterator<Item = (Node, String)>) -> String {
    let (watched, references): (Vec<_>, Vec<_>) =
        nodes.into_iter().partition(|(node, _)| *node == Node::Watched);
    let mut yml = format!(
        "poll_interval: {}s\n\
         timeout: 5s\n\
         networks:\n\
         \x20 - name: {NETWORK}\n\
         \x20   protocol: evm\n\
         \x20   chain_id: {CHAIN_ID}\n\
         \x20   threshold_blocks: {THRESHOLD_BLOCKS}\n\
         \x20   quorum: {QUORUM}\n",
        INTERVAL / 1000
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

/// A `prometheus.yml` that scrapes both services.
pub fn prometheus_yml(exporter: SocketAddr, chartbot: SocketAddr) -> String {
    let mut yml = format!(
        "global:\n  scrape_interval: {0}s\n  scrape_timeout: 5s\n  evaluation_interval: {0}s\nscrape_configs:\n",
        INTERVAL / 1000
    );
    for (job, target) in [(EXPORTER_JOB, exporter), (CHARTBOT_JOB, chartbot)] {
        let _ = writeln!(yml, "  - job_name: {job}\n    static_configs:\n      - targets: [\"{target}\"]");
    }
    yml
}
