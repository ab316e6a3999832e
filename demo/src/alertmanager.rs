//! A real Alertmanager: found or fetched, started.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

use crate::package::Package;
use crate::process::{Port, Process};

const READY: Duration = Duration::from_secs(30);

const PACKAGE: Package = Package {
    name: "prometheus-alertmanager",
    programs: &["prometheus-alertmanager", "amtool"],
    data: Some("/usr/share/prometheus/alertmanager"),
    has_libraries: false,
    home: "https://prometheus.io/download/",
};

/// The two programs of an Alertmanager.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// From the PATH, else from `.tools/`, else fetched into it.
    pub async fn find_or_fetch() -> anyhow::Result<Self> {
        Ok(Tools { folder: PACKAGE.find_or_fetch().await? })
    }

    /// Where the programs are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// amtool, for the Alertmanager at an address, without arguments yet.
    pub fn amtool(&self, alertmanager: SocketAddr) -> Command {
        let mut command = Command::new(self.folder.join("amtool"));
        command.arg(format!("--alertmanager.url=http://{alertmanager}"));
        command
    }

    /// An Alertmanager that keeps its state in `folder` and routes as `config` says, without a
    /// cluster address yet, not started yet.
    pub async fn command(&self, folder: &Path, config: &str, address: SocketAddr) -> anyhow::Result<Command> {
        let config_file = folder.join("alertmanager.yml");
        tokio::fs::write(&config_file, config).await.context("cannot write alertmanager.yml")?;
        let mut command = Command::new(self.folder.join("prometheus-alertmanager"));
        command
            .current_dir(&self.folder)
            .arg("--config.file")
            .arg(config_file)
            .arg("--storage.path")
            .arg(folder.join("alertmanager"))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn");
        Ok(command)
    }

    /// Starts such an Alertmanager, alone, and waits until it is ready.
    pub async fn start(&self, folder: &Path, config: &str, port: Port) -> anyhow::Result<Process> {
        let address = port.hand_over();
        let mut command = self.command(folder, config, address).await?;
        // It needs no second port.
        let mut alertmanager = Process::start("alertmanager", command.arg("--cluster.listen-address="))?;
        alertmanager.ready(&format!("http://{address}/-/ready"), READY).await?;
        Ok(alertmanager)
    }
}
