//! `headlag-manual DIR` writes the manual pages and the shell completions of both programs, made
//! from the same command lines that the programs read:
//!
//! | folder | what |
//! | --- | --- |
//! | `man/` | `NAME.1`, and `NAME-COMMAND.1` for each command |
//! | `bash/`, `zsh/`, `fish/` | a completion for each program, named as its shell looks for it |

use std::{env, fs, path::Path, process::ExitCode};

use anyhow::Context;
use clap::Command;
use clap_complete::{Shell, generate_to};

/// The shells that get completions, and where those go.
const SHELLS: [(Shell, &str); 3] = [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")];

fn main() -> ExitCode {
    let written = match env::args_os().nth(1) {
        Some(folder) => write(Path::new(&folder)),
        None => Err(anyhow::anyhow!("name the folder to write into: headlag-manual DIR")),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headlag-manual: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn programs() -> [Command; 2] {
    [headlag_exporter::cli::command(), headlag_chartbot::cli::command()]
}

fn write(folder: &Path) -> anyhow::Result<()> {
    for program in programs() {
        let name = program.get_name().to_owned();
        clap_mangen::generate_to(program.clone(), made(&folder.join("man"))?)
            .with_context(|| format!("cannot write the manual of {name}"))?;
        for (shell, into) in SHELLS {
            let into = folder.join(into);
            let file = generate_to(shell, &mut program.clone(), &name, made(&into)?)
                .with_context(|| format!("cannot write the completion of {name} for {shell}"))?;
            // bash-completion looks for a file named as the program.
            if shell == Shell::Bash {
                fs::rename(&file, into.join(&name))
                    .with_context(|| format!("cannot rename {}", file.display()))?;
            }
        }
    }
    Ok(())
}

fn made(folder: &Path) -> anyhow::Result<&Path> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags of `command` itself, without those that clap adds.
    fn flags(command: &Command) -> Vec<String> {
        command.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect()
    }

    #[test]
    fn every_flag_is_in_the_manual_and_in_each_completion() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let read = |file: String| {
            let text = fs::read_to_string(folder.path().join(&file)).unwrap();
            // Hyphens are escaped in manual pages, and dashes of fish's long flags are left out.
            (file, text.replace("\\-", "-").replace(" -l ", " --"))
        };
        for program in programs() {
            let name = program.get_name();
            let completions =
                [format!("bash/{name}"), format!("zsh/_{name}"), format!("fish/{name}.fish")].map(read);
            let commands = program
                .get_subcommands()
                .map(|command| (command.clone(), format!("man/{name}-{}.1", command.get_name())));
            for (command, page) in [(program.clone(), format!("man/{name}.1"))].into_iter().chain(commands) {
                for flag in flags(&command) {
                    for (file, text) in completions.iter().chain([&read(page.clone())]) {
                        assert!(text.contains(&flag), "{file} lacks {flag}");
                    }
                }
            }
            assert!(flags(&program).len() > 5);
        }
    }
}
