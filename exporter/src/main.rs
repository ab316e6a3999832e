//! `headlag-exporter`: what to do and the exit status; the rest is in the library.

use std::{
    env,
    path::PathBuf,
    process::{ExitCode, Termination},
    thread::available_parallelism,
};

use clap::FromArgMatches;
use headlag_exporter::{
    cli::{self, Command, Flags},
    config, discover, probe, serve,
};
use headlag_service::start;
use tokio::runtime;

fn main() -> ExitCode {
    headlag_nss::look_up_without_modules();
    let flags = match Flags::from_arg_matches(&cli::command().get_matches()) {
        Ok(flags) => flags,
        Err(error) => error.exit(),
    };
    // Its report is all there is to say.
    if let Some(Command::Discover(wanted)) = flags.command {
        return block_on(discover::discover(wanted));
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
        for (network, node) in config.with_copied_credentials(credentials_directory.as_deref()) {
            start::complain(&format!(
                "note: the credentials of {node} of network {network} are in a copy that systemd made when it \
                 started the service; after changing the original, restart the service"
            ));
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
