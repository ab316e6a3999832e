//! The nodes of the demo, and exporters that watch them from different places.

use std::net::SocketAddr;

use headlag_demo::{chain::Chain, clock::wall_clock, config, exporter, nodes::Nodes, process::Process};
use tempfile::TempDir;

use crate::patience::free_port;

/// Nodes and exporters.
pub struct Watched {
    pub nodes: Nodes,
    /// Where the exporters listen.
    pub exporters: Vec<SocketAddr>,
    processes: Vec<Process>,
    _config: TempDir,
}

impl Watched {
    /// So many exporters, each of which asks all nodes every second.
    pub async fn start(exporters: usize) -> Self {
        let nodes = Nodes::start(Chain::calm(5), wall_clock()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = config::headlag_yml(nodes.urls(), 1_000);
        let (mut addresses, mut processes) = (Vec::new(), Vec::new());
        for _ in 0..exporters {
            let port = free_port();
            addresses.push(port.address());
            processes.push(exporter::start(folder.path(), &config, port).await.unwrap());
        }
        Self { nodes, exporters: addresses, processes, _config: folder }
    }

    /// Ends the exporters.
    pub async fn stop(self) {
        for exporter in self.processes {
            exporter.stop().await.unwrap();
        }
    }
}
