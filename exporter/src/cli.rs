//! The command line: `main.rs` reads it, the manual and the completions are made from it.

use std::path::PathBuf;

use clap::{Parser, Subcommand, builder::PossibleValuesParser};
use headlag_service::{
    build_info::VERSION_AND_REVISION,
    start::{self, ListenOptions, LogOptions},
};

use crate::{answer::Reason, discover::Wanted};

/// Asks blockchain nodes for their newest block, all at the same instant, and publishes
/// on /metrics how far each one is behind the median of the references.
///
/// Without a command it serves until SIGTERM or Ctrl-C. Every flag can also be set in the
/// environment: EXPORTER_ and the flag in capitals, for example EXPORTER_CONFIG_FILE.
#[derive(Debug, Parser)]
#[command(name = "headlag-exporter", version = VERSION_AND_REVISION)]
pub struct Flags {
    /// The config file: networks and their nodes
    #[arg(long = "config.file", value_name = "FILE", default_value = "headlag.yml", global = true)]
    pub config_file: PathBuf,
    /// Where to serve
    #[command(flatten)]
    pub listen: ListenOptions,
    /// How to log
    #[command(flatten)]
    pub log: LogOptions,
    /// What to do instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Check the config file, and the file of --web.config.file if there is one, and report every
    /// problem in them; exit status 0 if they are valid, 2 if not
    CheckConfig,
    /// Ask every node once and print the result; exit status 0 if all watched nodes are ok,
    /// 1 if at least one is in trouble or ahead, 3 if none is but at least one is unknown
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
    /// Explain why a node gives no usable block: what the reason means, what to look at, and what
    /// to do
    Explain {
        /// As the log, probe and headlag_node_errors_total have it
        #[arg(value_parser = PossibleValuesParser::new(Reason::LABELS))]
        reason: String,
    },
    /// Ask the running exporter whether it is healthy; exit status 0 if it is, 1 if not
    CheckHealth,
}

/// All of it, with the variables of the environment and the default address.
#[must_use]
pub fn command() -> clap::Command {
    start::command::<Flags>("EXPORTER", "0.0.0.0:9917")
}

#[cfg(test)]
mod document {
    use headlag_service::document::settle_command_line;

    #[test]
    fn flags_and_commands_are_in_the_pages() {
        settle_command_line(env!("CARGO_MANIFEST_DIR"), &super::command()).unwrap();
    }
}
