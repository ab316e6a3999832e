//! `headlag-exporter`: flags, exit status; the rest is in the library.

use std::{
    env,
    path::PathBuf,
    process::{ExitCode, Termination},
    thread::available_parallelism,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use headlag_exporter::{
    config,
    discover::{self, Wanted},
    probe, serve,
};
use headlag_service::{
    build_info::VERSION_AND_REVISION,
    start::{self, ListenOptions, LogOptions},
};
use tokio::runtime;

/// Asks blockchain nodes for their newest block, all at the same instant, and publishes
/// on /metrics how far each one is behind the median of the references.
///
/// Without a command it serves until SIGTERM or Ctrl-C. Every flag can also be set in the
/// environment: EXPORTER_ and the flag in capitals, for example EXPORTER_CONFIG_FILE.
#[derive(Debug, Parser)]
#[command(name = "headlag-exporter", version = VERSION_AND_REVISION)]
struct Flags {
    /// The config file: networks and their nodes
    #[arg(long = "config.file", value_name = "FILE", default_value = "headlag.yml", global = true)]
    config_file: PathBuf,
    #[command(flatten)]
    listen: ListenOptions,
    #[command(flatten)]
    log: LogOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Check the config file, and the file of --web.config.file if there is one, and report every
    /// problem in them; exit status 0 if they are valid, 2 if not
    CheckConfig,
    /// Ask every node once and print the result; exit status 0 if all watched nodes are ok,
    /// 1 if at least one is in trouble or ahead, 3 if there was no consensus
    ///
    /// A single round cannot show whether a block rises, so no node is stalled here and no
    /// network is halted.
    Probe {
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Find public nodes of an EVM chain: read a list, ask each node, and print a whole config of
    /// those that are on the chain and keep up, the fastest first; exit status 0 if there is at
    /// least one, 1 if not
    ///
    /// What is left out is on stderr, with the reason. Of an address with ${VAR}, the value of the
    /// environment variable VAR is sent to the host in the list; without a value the address is left out,
    /// and so are WebSockets. The watched node is a placeholder for yours.
    Discover(Wanted),
    /// Ask the running exporter whether it is healthy; exit status 0 if it is, 1 if not
    CheckHealth,
}

fn main() -> ExitCode {
    let command = ListenOptions::with_default(Flags::command(), "0.0.0.0:9917");
    let command = start::with_environment(command, "EXPORTER");
    let flags = match Flags::from_arg_matches(&command.get_matches()) {
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
