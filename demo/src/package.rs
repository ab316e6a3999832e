//! Third-party programs: found, or fetched from the distribution's package.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::process::Command;

use crate::process::run;

/// A package of Debian and Ubuntu, and what is needed of it.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// What the distribution calls it.
    pub name: &'static str,
    /// Its programs; all of them are needed.
    pub programs: &'static [&'static str],
    /// Where others find packages and archives.
    pub home: &'static str,
}

impl Package {
    /// The folder of its programs: on the PATH, else in `.tools/`, where they are put first if
    /// they are not there yet.
    pub async fn find_or_fetch(&self) -> anyhow::Result<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if let Some(folder) = std::env::split_paths(&path).find(|folder| self.is_in(folder)) {
            return Ok(folder);
        }
        let tools = tools_folder()?;
        let bin = tools.join("usr/bin");
        if !self.is_in(&bin) {
            let Package { programs, home, .. } = self;
            self.fetch(&tools, &bin).await.with_context(|| {
                format!(
                    "no {} in the PATH or in .tools/; install it ({home}) and start again",
                    programs.join(" and ")
                )
            })?;
        }
        Ok(bin)
    }

    fn is_in(&self, folder: &Path) -> bool {
        self.programs.iter().all(|program| folder.join(program).is_file())
    }

    /// Unpacks the package and takes its programs out: no root needed, no service started.
    async fn fetch(&self, tools: &Path, bin: &Path) -> anyhow::Result<()> {
        let Package { name, programs, .. } = self;
        eprintln!("headlag-demo | fetching {name} into {}", tools.display());
        tokio::fs::create_dir_all(bin).await.with_context(|| format!("cannot make {}", bin.display()))?;
        // In a folder of its own and moved when whole, so that a second run at the same time does no harm.
        let work = tempfile::tempdir_in(tools).context("cannot make a temporary folder")?;
        let mut download = Command::new("apt-get");
        download.args(["download", "-q", name]).current_dir(work.path());
        run(&mut download, &format!("apt-get could not download {name} (run `apt-get update`?)")).await?;
        let package = std::fs::read_dir(work.path())?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt-get left no package")?;
        let root = work.path().join("root");
        let mut unpack = Command::new("dpkg");
        unpack.arg("-x").arg(package).arg(&root);
        run(&mut unpack, &format!("dpkg could not unpack {name}")).await?;
        for program in *programs {
            let moved = tokio::fs::rename(root.join("usr/bin").join(program), bin.join(program)).await;
            moved
                .with_context(|| format!("cannot move {program} out of the package to {}", bin.display()))?;
        }
        Ok(())
    }
}

/// `.tools` at the root of the repository, looked for from here and from this program upwards.
fn tools_folder() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot find out the current folder")?;
    let own = std::env::current_exe().unwrap_or_default();
    let root = here
        .ancestors()
        .chain(own.ancestors())
        .find(|folder| folder.join("Cargo.lock").is_file() || folder.join(".tools").is_dir());
    Ok(root.unwrap_or(&here).join(".tools"))
}
