//! A real Prometheus: found or fetched, filled with history, started.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::backfill;
use crate::chain::{Chain, Millis};
use crate::process::{Port, Process};

/// A week of blocks is read at start.
const READY: Duration = Duration::from_secs(30);

/// The two programs of a Prometheus.
#[derive(Clone, Debug)]
pub struct Tools {
    prometheus: PathBuf,
    promtool: PathBuf,
}

impl Tools {
    /// From the PATH, else from `.tools/`, else fetched into it.
    pub async fn find_or_fetch() -> anyhow::Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if let Some(tools) = std::env::split_paths(&path).find_map(|folder| Self::in_folder(&folder)) {
            return Ok(tools);
        }
        let folder = tools_folder()?;
        let bin = folder.join("usr/bin");
        match Self::in_folder(&bin) {
            Some(tools) => Ok(tools),
            None => {
                fetch(&folder).await?;
                Self::in_folder(&bin)
                    .with_context(|| format!("the package left no Prometheus in {}", bin.display()))
            }
        }
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let tools = Tools { prometheus: folder.join("prometheus"), promtool: folder.join("promtool") };
        (tools.prometheus.is_file() && tools.promtool.is_file()).then_some(tools)
    }

    /// Where promtool is, for who wants to check files with it.
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
        for day in backfill::days(span) {
            let text = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
            let path = text.path().to_owned();
            let write = move || {
                let mut out = BufWriter::new(File::create(path)?);
                backfill::write(&mut out, &chain, day, exporter)?;
                out.flush()
            };
            tokio::task::spawn_blocking(write).await?.context("cannot write the history")?;
            let mut promtool = Command::new(&self.promtool);
            promtool
                .args(["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h"])
                .arg(text.path())
                .arg(folder);
            run(&mut promtool, "promtool could not import the history").await?;
        }
        Ok(())
    }

    /// Starts a Prometheus with the storage in `folder`, scraping as `config` says.
    pub async fn start(&self, folder: &Path, config: &str, port: Port) -> anyhow::Result<Process> {
        let config_file = folder.join("prometheus.yml");
        tokio::fs::write(&config_file, config).await.context("cannot write prometheus.yml")?;
        let address = port.hand_over();
        let mut command = Command::new(&self.prometheus);
        command
            .arg("--config.file")
            .arg(config_file)
            .arg("--storage.tsdb.path")
            .arg(storage(folder))
            .arg(format!("--web.listen-address={address}"))
            .args(["--storage.tsdb.retention.time=30d", "--log.level=warn"]);
        let mut prometheus = Process::start("prometheus", &mut command)?;
        prometheus.ready(&format!("http://{address}/-/ready"), READY).await?;
        Ok(prometheus)
    }
}

/// Where a Prometheus that was started in `folder` keeps its blocks.
pub fn storage(folder: &Path) -> PathBuf {
    folder.join("storage")
}

/// `.tools` at the root of the repository, looked for from here and from this program upwards.
fn tools_folder() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let own = std::env::current_exe().unwrap_or_default();
    let root = here
        .ancestors()
        .chain(own.ancestors())
        .find(|folder| folder.join("Cargo.lock").is_file() || folder.join(".tools").is_dir());
    Ok(root.unwrap_or(&here).join(".tools"))
}

/// Unpacks the distribution's package: no root needed, no service started.
async fn fetch(tools: &Path) -> anyhow::Result<()> {
    const INSTALL: &str = "no `prometheus` and `promtool` in the PATH or in .tools/; install them \
                           (packages and archives: https://prometheus.io/download/) and start again";
    eprintln!("headlag-demo | fetching Prometheus into {}", tools.display());
    tokio::fs::create_dir_all(tools).await.with_context(|| format!("cannot make {}", tools.display()))?;
    // In a folder of its own and moved when whole, so that a second run at the same time does no harm.
    let work = tempfile::tempdir_in(tools).context("cannot make a temporary folder")?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-q", "prometheus"]).current_dir(work.path());
    run(&mut download, "apt-get could not download prometheus (run `apt-get update`?)")
        .await
        .context(INSTALL)?;
    let package = std::fs::read_dir(work.path())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get left no package")?;
    let mut unpack = Command::new("dpkg");
    unpack.arg("-x").arg(package).arg(work.path().join("root"));
    run(&mut unpack, "dpkg could not unpack prometheus").await.context(INSTALL)?;
    let target = tools.join("usr");
    match tokio::fs::rename(work.path().join("root/usr"), &target).await {
        Err(_) if target.is_dir() => Ok(()),
        moved => moved.with_context(|| format!("cannot write {}", target.display())),
    }
}

async fn run(command: &mut Command, failure: &str) -> anyhow::Result<()> {
    let output = command.kill_on_drop(true).output().await.with_context(|| failure.to_owned())?;
    if !output.status.success() {
        bail!("{failure}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
