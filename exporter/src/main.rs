//! `headlag-exporter`: asks blockchain nodes for their newest block, all at the same
//! instant, and publishes how far each is from the rest as Prometheus metrics.

mod answer;
mod block;
mod changes;
mod config;
mod consensus;
mod http;
mod medians;
mod memory;
mod metrics;
mod network;
mod node;
mod page;
mod probe;
mod published;
mod round;
mod schedule;
mod serve;
mod snapshot;
mod verdict;

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{ExitCode, Termination},
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use headlag_service::start::{self, LogOptions};
use tokio::runtime;

/// Asks blockchain nodes for their newest block, all at the same instant, and publishes
/// how far each is from the rest as Prometheus metrics on /metrics.
///
/// Without a command it serves until SIGTERM or Ctrl-C. Every flag can also be set in the
/// environment: EXPORTER_ and the flag in capitals, as in EXPORTER_CONFIG_FILE.
#[derive(Debug, Parser)]
#[command(name = "headlag-exporter", version)]
struct Flags {
    /// The file that names the networks and their nodes
    #[arg(long = "config.file", value_name = "FILE", default_value = "headlag.yml", global = true)]
    config_file: PathBuf,
    /// Where /metrics and the status page are served
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9917",
        value_parser = start::listen_address,
        global = true
    )]
    listen_address: SocketAddr,
    #[command(flatten)]
    log: LogOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Check the config file and tell every problem in it; status 0 if there is none, else 2
    CheckConfig,
    /// Ask every node once and show what is known then; status 0 if all watched nodes are
    /// ok, 1 if one is not, 3 if that cannot be told for want of a consensus
    ///
    /// One round cannot see whether a block rises, so no node is stalled here and no
    /// network halted.
    Probe {
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Ask the running exporter whether it is healthy; status 0 if it is, else 1
    CheckHealth,
}

fn main() -> ExitCode {
    let command = start::with_environment(Flags::command(), "EXPORTER");
    let flags = match Flags::from_arg_matches(&command.get_matches()) {
        Ok(flags) => flags,
        Err(error) => error.exit(),
    };
    start::log_to_stderr(&flags.log);
    if let Some(Command::CheckHealth) = flags.command {
        return block_on(start::check_health(flags.listen_address));
    }
    let config = match config::load(&flags.config_file) {
        Ok(config) => config,
        Err(report) => return start::misuse(&report.to_string()),
    };
    if let Some(Command::CheckConfig) = flags.command {
        let nodes: usize = config.networks.iter().map(|of| of.nodes.len()).sum();
        start::complain(&format!(
            "{} is valid: networks: {}, nodes: {nodes}",
            flags.config_file.display(),
            config.networks.len(),
        ));
        return ExitCode::SUCCESS;
    }
    if let Some(Command::Probe { json }) = flags.command {
        return block_on(probe::probe(config, json));
    }
    block_on(serve::serve(config, flags.listen_address))
}

/// Runs `work` to its end; a look-up of a name that still hangs then holds nothing up.
fn block_on<T: Termination>(work: impl Future<Output = anyhow::Result<T>>) -> ExitCode {
    let done = runtime::Builder::new_multi_thread().enable_all().build().map(|runtime| {
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
