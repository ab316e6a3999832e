//! `headlag-chartbot`: what to do and the exit status; the rest is in the library.

use std::{env, process::ExitCode};

use clap::FromArgMatches;
use headlag_chartbot::{
    TOKEN_VARIABLE,
    cli::{self, Cli, Task},
    draw, serve,
};
use headlag_service::start;

#[tokio::main]
async fn main() -> ExitCode {
    headlag_nss::look_up_without_modules();
    let cli = match Cli::from_arg_matches(&cli::command().get_matches()) {
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
