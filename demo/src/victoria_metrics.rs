//! A real VictoriaMetrics, which speaks the HTTP API of Prometheus too: found or fetched,
//! started, filled with history.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

use crate::backfill;
use crate::chain::{Chain, Millis};
use crate::package::Package;
use crate::process::{Port, Process};

const READY: Duration = Duration::from_secs(30);

const PACKAGE: Package = Package {
    name: "victoria-metrics",
    programs: &["victoria-metrics"],
    home: "https://docs.victoriametrics.com/victoriametrics/quick-start/",
};

/// Starts one with its storage in `folder`. It scrapes nothing.
pub async fn start(folder: &Path, port: Port) -> anyhow::Result<Process> {
    let program = PACKAGE.find_or_fetch().await?.join("victoria-metrics");
    let address = port.hand_over();
    let mut command = Command::new(program);
    command
        .arg("-storageDataPath")
        .arg(folder)
        .arg(format!("-httpListenAddr={address}"))
        .args(["-retentionPeriod=30d", "-loggerLevel=WARN"]);
    let mut server = Process::start("victoria-metrics", &mut command)?;
    server.ready(&format!("http://{address}/health"), READY).await?;
    Ok(server)
}

/// Puts the history of a span into the one at `server`, under the labels of the scrape of
/// `exporter`, and lets queries see it.
pub async fn backfill(
    server: SocketAddr,
    chain: Chain,
    span: Range<Millis>,
    exporter: SocketAddr,
) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build().context("cannot make an HTTP client")?;
    for day in backfill::days(span) {
        let write = move || {
            let mut text = Vec::new();
            backfill::write(&mut text, &chain, day, exporter)?;
            String::from_utf8(text).map_err(std::io::Error::other)
        };
        let text = tokio::task::spawn_blocking(write).await?.context("cannot write the history")?;
        let import = client.post(format!("http://{server}/api/v1/import/prometheus"));
        let imported = import.body(in_milliseconds(&text)).send().await?.error_for_status();
        imported.context("VictoriaMetrics could not import the history")?;
    }
    let flushed = client.get(format!("http://{server}/internal/force_flush")).send().await?;
    flushed.error_for_status().context("VictoriaMetrics could not show the history")?;
    Ok(())
}

/// OpenMetrics counts time in seconds, the older text format in milliseconds.
fn in_milliseconds(openmetrics: &str) -> String {
    let samples = openmetrics.lines().filter(|line| !line.starts_with('#'));
    samples.flat_map(|sample| [sample, "000\n"]).collect()
}
