//! A real VictoriaMetrics, which speaks the HTTP API of Prometheus too: found or fetched,
//! started, filled with history.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

use crate::backfill;
use crate::chain::{Chain, Millis};
use crate::exposition::{self, Feed, Format};
use crate::package::Package;
use crate::process::{Port, Process};

const READY: Duration = Duration::from_secs(30);

const PACKAGE: Package = Package {
    name: "victoria-metrics",
    programs: &["victoria-metrics"],
    data: None,
    has_libraries: false,
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
        // It warns of every import that is older than a few minutes.
        .args(["-retentionPeriod=400d", "-loggerLevel=ERROR"]);
    let mut server = Process::start("victoria-metrics", &mut command)?;
    server.ready(&format!("http://{address}/health"), READY).await?;
    Ok(server)
}

/// Puts the history of a span into the server at `server`, under the labels of the scrape of
/// `exporter`.
pub async fn backfill(
    server: SocketAddr,
    chain: Chain,
    span: Range<Millis>,
    exporter: SocketAddr,
) -> anyhow::Result<()> {
    for day in backfill::days(span) {
        let feed = backfill::feed(&chain, day.clone(), exporter);
        import(server, vec![feed].into(), day).await?;
    }
    Ok(())
}

/// Puts the samples of `feeds` within `span` into the server at `server`; queries see them.
pub async fn import(server: SocketAddr, feeds: Arc<[Feed]>, span: Range<Millis>) -> anyhow::Result<()> {
    let write = move || {
        let mut text = Vec::new();
        exposition::write(&mut text, &feeds, &span, Format::Prometheus)?;
        std::io::Result::Ok(text)
    };
    let text = tokio::task::spawn_blocking(write).await?.context("cannot write the history")?;
    import_text(server, text).await
}

/// Puts samples in the text format, with times in milliseconds, into the server at `server`;
/// queries see them.
pub async fn import_text(server: SocketAddr, text: impl Into<reqwest::Body>) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build().context("cannot build an HTTP client")?;
    let import = client.post(format!("http://{server}/api/v1/import/prometheus")).body(text);
    import.send().await?.error_for_status().context("VictoriaMetrics could not import the history")?;
    let flushed = client.get(format!("http://{server}/internal/force_flush")).send().await?;
    flushed.error_for_status().context("VictoriaMetrics could not flush the history")?;
    Ok(())
}
