//! The nodes of the demo, and exporters that watch them from different places.

use std::net::SocketAddr;

use headlag_demo::{
    chain::Chain,
    clock::wall_clock,
    config,
    nodes::Nodes,
    process::{Process, beside},
};
use tempfile::TempDir;
use tokio::process::Command;

use crate::anvil::{PATIENCE, free_port};

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
        let file = folder.path().join("headlag.yml");
        std::fs::write(&file, config::headlag_yml(nodes.urls(), 1_000)).unwrap();
        let (mut addresses, mut processes) = (Vec::new(), Vec::new());
        for _ in 0..exporters {
            let address = free_port().hand_over();
            let mut command = Command::new(beside("headlag-exporter").unwrap());
            command.arg("--config.file").arg(&file).arg("--web.listen-address").arg(address.to_string());
            let mut exporter = Process::start("exporter", &mut command).unwrap();
            exporter.ready(&format!("http://{address}/-/ready"), PATIENCE).await.unwrap();
            addresses.push(address);
            processes.push(exporter);
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
