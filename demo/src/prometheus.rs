//! A real Prometheus: found or fetched, filled with history, started.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::backfill;
use crate::chain::{Chain, Millis};
use crate::exposition::{self, Feed, Format};
use crate::package::Package;
use crate::process::{Port, Process, run};

/// A week of blocks is read at start.
const READY: Duration = Duration::from_secs(30);

const PACKAGE: Package = Package {
    name: "prometheus",
    programs: &["prometheus", "promtool"],
    data: None,
    has_libraries: false,
    home: "https://prometheus.io/download/",
};

/// The two programs of a Prometheus.
#[derive(Clone, Debug)]
pub struct Tools {
    prometheus: PathBuf,
    promtool: PathBuf,
}

impl Tools {
    /// From the PATH, else from `.tools/`, else fetched into it.
    pub async fn find_or_fetch() -> anyhow::Result<Self> {
        let folder = PACKAGE.find_or_fetch().await?;
        Ok(Tools { prometheus: folder.join("prometheus"), promtool: folder.join("promtool") })
    }

    /// Where promtool is, for those who check files with it.
    pub fn promtool(&self) -> &Path {
        &self.promtool
    }

    /// Puts the history of a span into the storage at `folder`, under the labels
    /// of the scrape of `exporter`.
    pub async fn backfill(
        &self,
        folder: &Path,
        chain: Chain,
        span: Range<Millis>,
        exporter: SocketAddr,
    ) -> anyhow::Result<()> {
        // Each day becomes a block of its own, so processors can share them out.
        let places = Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get)));
        let mut imports = JoinSet::new();
        for day in backfill::days(span) {
            let (tools, folder, places) = (self.clone(), folder.to_owned(), places.clone());
            imports.spawn(async move {
                let _place = places.acquire_owned().await?;
                let feed = backfill::feed(&chain, day.clone(), exporter);
                tools.import(&folder, vec![feed].into(), day).await
            });
        }
        while let Some(imported) = imports.join_next().await {
            imported??;
        }
        Ok(())
    }

    /// Puts the samples of `feeds` within `span` into the storage at `folder`.
    pub async fn import(&self, folder: &Path, feeds: Arc<[Feed]>, span: Range<Millis>) -> anyhow::Result<()> {
        let text = tempfile::NamedTempFile::new().context("cannot create a temporary file")?;
        let path = text.path().to_owned();
        let write = move || {
            let mut out = BufWriter::new(File::create(path)?);
            exposition::write(&mut out, &feeds, &span, Format::OpenMetrics)?;
            out.flush()
        };
        tokio::task::spawn_blocking(write).await?.context("cannot write the history")?;
        let mut promtool = Command::new(&self.promtool);
        promtool
            .args(["tsdb", "create-blocks-from", "--quiet", "openmetrics", "--max-block-duration=24h"])
            .arg(text.path())
            .arg(folder);
        run(&mut promtool, "promtool could not import the history").await
    }

    /// Evaluates the recording rules in `rules` for `span` (unix seconds) on the server at
    /// `server`, and puts what they record into the storage at `folder`, which a Prometheus reads
    /// at its next start.
    pub async fn record(
        &self,
        server: SocketAddr,
        rules: &Path,
        span: Range<i64>,
        folder: &Path,
    ) -> anyhow::Result<()> {
        let mut promtool = Command::new(&self.promtool);
        promtool
            // Few blocks: the default makes one for every two hours.
            .args(["tsdb", "create-blocks-from", "--quiet", "--max-block-duration=486h", "rules"])
            .arg(format!("--url=http://{server}"))
            .arg(format!("--start={}", span.start))
            .arg(format!("--end={}", span.end))
            .arg("--output-dir")
            .arg(folder)
            .arg(rules);
        run(&mut promtool, "promtool could not evaluate the rules").await
    }

    /// A Prometheus with the storage in `folder`, scraping as `config` says, not started yet.
    pub async fn command(&self, folder: &Path, config: &str, address: SocketAddr) -> anyhow::Result<Command> {
        let config_file = folder.join("prometheus.yml");
        tokio::fs::write(&config_file, config).await.context("cannot write prometheus.yml")?;
        let mut command = Command::new(&self.prometheus);
        command
            .arg("--config.file")
            .arg(config_file)
            .arg("--storage.tsdb.path")
            .arg(storage(folder))
            .arg(format!("--web.listen-address={address}"))
            .args(["--storage.tsdb.retention.time=400d", "--log.level=warn"]);
        Ok(command)
    }

    /// Starts such a Prometheus on `port` and waits until it is ready.
    pub async fn start(&self, folder: &Path, config: &str, port: Port) -> anyhow::Result<Process> {
        let address = port.hand_over();
        let mut command = self.command(folder, config, address).await?;
        let mut prometheus = Process::start("prometheus", &mut command)?;
        prometheus.ready(&format!("http://{address}/-/ready"), READY).await?;
        Ok(prometheus)
    }
}

/// Where a Prometheus that was started in `folder` keeps its blocks.
pub fn storage(folder: &Path) -> PathBuf {
    folder.join("storage")
}
