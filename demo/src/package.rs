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
    /// Whether its programs need shared libraries of other packages: those that are not installed
    /// are fetched with it. Start the programs with [`command`] then.
    pub has_libraries: bool,
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
        let mut names = vec![name.to_owned()];
        if self.has_libraries {
            names.extend(missing_libraries(name).await?);
        }
        let mut download = Command::new("apt-get");
        download.args(["download", "-q"]).args(names).current_dir(work.path());
        run(&mut download, &format!("apt-get could not download {name} (run `apt-get update`?)")).await?;
        let files = std::fs::read_dir(work.path())?.filter_map(|entry| Some(entry.ok()?.path()));
        let packages = files.filter(|path| path.extension().is_some_and(|extension| extension == "deb"));
        let root = work.path().join("root");
        for package in packages.collect::<Vec<_>>() {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(&package).arg(&root);
            run(&mut unpack, &format!("dpkg could not unpack {}", package.display())).await?;
        }
        let moved = self.unpack(&root, &tools.join("usr"));
        moved.with_context(|| format!("cannot move {name} out of its package to {}", tools.display()))
    }

    /// Moves what is needed from an unpacked root to a `usr`, the programs last: where they are, all is.
    fn unpack(&self, root: &Path, to: &Path) -> std::io::Result<()> {
        if let Some(folder) = self.data.and_then(|data| data.strip_prefix("/usr/")) {
            std::fs::create_dir_all(to.join(folder).parent().unwrap_or(to))?;
            // A second run may have put it there at the same time.
            let moved = std::fs::rename(root.join("usr").join(folder), to.join(folder));
            moved.or_else(|error| if to.join(folder).is_dir() { Ok(()) } else { Err(error) })?;
        }
        if self.has_libraries {
            move_libraries(&root.join("usr/lib"), &to.join("lib"))?;
        }
        for program in self.programs {
            let places = ["usr/bin", "usr/sbin", "bin"].map(|folder| root.join(folder).join(program));
            let Some(unpacked) = places.into_iter().find(|place| place.is_file()) else {
                return Err(std::io::Error::other(format!("the package has no {program}")));
            };
            if let Some(data) = self.data {
                let relocated = relocate(std::fs::read(&unpacked)?, data);
                std::fs::write(&unpacked, relocated)?;
            }
            std::fs::rename(unpacked, to.join("bin").join(program))?;
        }
        Ok(())
    }
}

/// One of the programs in a folder that [`Package::find_or_fetch`] gave, with the libraries that
/// were fetched.
pub fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(folder.join(program));
    if folder.ends_with(".tools/usr/bin") {
        command.env("LD_LIBRARY_PATH", folder.with_file_name("lib"));
    }
    command
}

/// The packages with libraries that an installation of this one would bring.
async fn missing_libraries(package: &str) -> anyhow::Result<Vec<String>> {
    let mut simulate = Command::new("apt-get");
    simulate.args(["install", "--simulate", "--no-install-recommends", package]);
    let output = simulate.output().await.context("cannot start apt-get")?;
    anyhow::ensure!(output.status.success(), "apt-get does not know what {package} needs");
    let plan = String::from_utf8_lossy(&output.stdout);
    let installed = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
    Ok(installed.filter(|name| name.starts_with("lib")).map(str::to_owned).collect())
}

/// Moves what lies in the folder of this architecture below `from`.
fn move_libraries(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    // Nothing is there where all were installed.
    let folders = std::fs::read_dir(from).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    for folder in folders.filter(|path| path.to_string_lossy().ends_with("-linux-gnu")) {
        for library in std::fs::read_dir(folder)? {
            let library = library?;
            std::fs::rename(library.path(), to.join(library.file_name()))?;
        }
    }
    Ok(())
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
