//! The exporter as a process of its own, with the flags that a user would give.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

use crate::process::{Port, Process, beside};

/// Starting it and its first round, on a busy machine.
const READY: Duration = Duration::from_secs(30);

/// Starts an exporter with this config, which is kept in `folder`, and waits for its first round.
pub async fn start(folder: &Path, config: &str, port: Port) -> anyhow::Result<Process> {
    let config_file = folder.join("headlag.yml");
    tokio::fs::write(&config_file, config).await.context("cannot write headlag.yml")?;
    let address = port.hand_over();
    let mut command = Command::new(beside("headlag-exporter")?);
    command.arg("--config.file").arg(config_file).arg("--web.listen-address").arg(address.to_string());
    let mut exporter = Process::start("exporter", &mut command)?;
    exporter.ready(&format!("http://{address}/-/ready"), READY).await?;
    Ok(exporter)
}
