//! `headlag-chartbot`: flags, exit status; the rest is in the library.

use std::{env, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use headlag_chartbot::{Drawing, Flags, TOKEN_VARIABLE, draw, serve};
use headlag_service::{build_info::VERSION_AND_REVISION, start};

/// A Telegram bot that draws how far your blockchain nodes are from the median of the
/// reference nodes, as measured by headlag-exporter and stored in Prometheus.
///
/// Without a command it serves: it answers /hour, /day, /week, /chart and the like in
/// private chats with the users of --telegram.allowed-users.
#[derive(Parser)]
#[command(
    name = "headlag-chartbot",
    version = VERSION_AND_REVISION,
    after_help = "Example:\n  \
        headlag-chartbot --telegram.token-file token --telegram.allowed-users 123456,@alice\n\n\
        Every flag can also be set in the environment: CHARTBOT_PROMETHEUS_URL for \
        --prometheus.url, and so on."
)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    log: start::LogOptions,
}

#[derive(Subcommand)]
enum Task {
    /// Draw one chart without Telegram: into a file, or its facts as JSON to stdout
    Chart(Drawing),
    /// Ask the running service whether it works: at --web.probe-listen-address, if it has one, else
    /// at --web.listen-address; exit status 0 if it does, 1 if not
    CheckHealth,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = start::ListenOptions::with_default(Cli::command(), "127.0.0.1:9918");
    let command = start::with_environment(command, "CHARTBOT");
    let cli = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    start::log_to_stderr(&cli.log);
    let done = match &cli.task {
        None => match cli.flags.to_serve(env::var(TOKEN_VARIABLE).ok()) {
            Ok(config) => serve(config, &cli.flags).await,
            Err(problems) => return start::misuse(&problems.to_string()),
        },
        Some(Task::Chart(drawing)) => match cli.flags.to_draw() {
            Ok(_) if drawing.is_mixed() => {
                return start::misuse("--json and --output - both write to stdout; leave one of them out");
            }
            Ok(charts) => draw(charts, drawing).await,
            Err(problems) => return start::misuse(&problems.to_string()),
        },
        Some(Task::CheckHealth) => match cli.flags.to_check_health() {
            Ok(address) => start::check_health(address).await,
            Err(problems) => return start::misuse(&problems.to_string()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            start::complain(&format!("headlag-chartbot: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
