//! `headlag-exporter`: what to do and the exit status; the rest is in the library.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::{ExitCode, Termination},
    thread::available_parallelism,
};

use clap::FromArgMatches;
use headlag_exporter::{
    cli::{self, Command, Flags},
    config, discover, explain, probe, serve,
};
use headlag_service::start;
use tokio::runtime;

fn main() -> ExitCode {
    headlag_nss::look_up_without_modules();
    let flags = match Flags::from_arg_matches(&cli::command().get_matches()) {
        Ok(flags) => flags,
        Err(error) => error.exit(),
    };
    // What these two write is all there is to say.
    if let Some(Command::Discover(wanted)) = flags.command {
        return block_on(discover::discover(wanted));
    }
    if let Some(Command::Explain { reason }) = flags.command {
        return print(explain::section(&reason).unwrap_or_default());
    }
    start::log_to_stderr(&flags.log);
    if let Some(Command::CheckHealth) = flags.command {
        return match flags.listen.to_check_health() {
            Ok(address) => block_on(start::check_health(address)),
            Err(problems) => start::misuse(&problems.join("\n")),
        };
    }
    let config = match config::load(&flags.config_file) {
        Ok(config) => config,
        Err(report) => return start::misuse(&report.to_string()),
    };
    if let Some(Command::CheckConfig) = flags.command {
        if let Err(problems) = flags.listen.check() {
            return start::misuse(&problems.join("\n"));
        }
        let nodes: usize = config.networks.iter().map(|of| of.nodes.len()).sum();
        start::complain(&format!(
            "{} is valid: networks: {}, nodes: {nodes}",
            flags.config_file.display(),
            config.networks.len(),
        ));
        let credentials_directory = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        for note in config::notes::of(&config, credentials_directory.as_deref()) {
            start::complain(&format!("note: {note}"));
        }
        return ExitCode::SUCCESS;
    }
    if let Some(Command::Probe { json }) = flags.command {
        return block_on(probe::probe(config, json));
    }
    match flags.listen.to_serve() {
        Ok(listening) => block_on(serve::serve(flags.config_file, config, listening)),
        Err(problems) => start::misuse(&problems.join("\n")),
    }
}

/// A reader that closed the pipe has seen enough.
fn print(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Most threads that ask nodes and answer scrapes: thousands of nodes keep one processor busy, and
/// what the allocator keeps for each thread adds up on a machine with many.
const MOST_THREADS: usize = 4;

/// Runs `work` to its end, and does not wait for a name lookup that still hangs then.
fn block_on<T: Termination>(work: impl Future<Output = anyhow::Result<T>>) -> ExitCode {
    let threads = available_parallelism().map_or(MOST_THREADS, |most| most.get().min(MOST_THREADS));
    let runtime = runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let done = runtime.map(|runtime| {
        let done = runtime.block_on(work);
        runtime.shutdown_background();
        done
    });
    match done.map_err(Into::into).flatten() {
        Ok(done) => done.report(),
        Err(error) => {
            start::complain(&format!("headlag-exporter: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
