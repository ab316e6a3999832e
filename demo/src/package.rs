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
    /// The folder below `/usr` that its programs read at start, if there is one. Where the
    /// package was fetched they find it from their own folder: start them there.
    pub data: Option<&'static str>,
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
        let name = self.name;
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
        let moved = self.unpack(&root.join("usr"), &tools.join("usr"));
        moved.with_context(|| format!("cannot move {name} out of its package to {}", tools.display()))
    }

    /// Moves what is needed from one `usr` to another, the programs last: where they are, all is.
    fn unpack(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        if let Some(folder) = self.data.and_then(|data| data.strip_prefix("/usr/")) {
            std::fs::create_dir_all(to.join(folder).parent().unwrap_or(to))?;
            // A second run may have put it there at the same time.
            let moved = std::fs::rename(from.join(folder), to.join(folder));
            moved.or_else(|error| if to.join(folder).is_dir() { Ok(()) } else { Err(error) })?;
        }
        for program in self.programs {
            let unpacked = from.join("bin").join(program);
            if let Some(data) = self.data {
                let relocated = relocate(std::fs::read(&unpacked)?, data);
                std::fs::write(&unpacked, relocated)?;
            }
            std::fs::rename(unpacked, to.join("bin").join(program))?;
        }
        Ok(())
    }
}

/// Lets a program look for a folder below `/usr` from its own folder, `usr/bin`, on. The path
/// keeps its length, so nothing else in the program moves.
fn relocate(mut program: Vec<u8>, folder: &str) -> Vec<u8> {
    const ROOT: &[u8] = b"/usr";
    const PARENT: &[u8] = b"./..";
    let mut at = 0;
    while let Some(found) = program[at..].windows(folder.len()).position(|part| part == folder.as_bytes()) {
        at += found;
        program[at..at + ROOT.len()].copy_from_slice(PARENT);
    }
    program
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_finds_its_data_from_its_own_folder_on() {
        let check = |program: &str, want: &str| {
            let relocated = relocate(program.into(), "/usr/share/x");
            assert_eq!(String::from_utf8(relocated).unwrap(), want);
        };
        check("a/usr/share/x/default.tmplb/usr/share/x", "a./../share/x/default.tmplb./../share/x");
        check("/usr/share/y", "/usr/share/y");
    }
}
