//! A Telegram bot that draws the lag of blockchain nodes from Prometheus.

mod chart;
mod chat;
mod clock;
mod config;
mod labels;
mod metrics;
#[allow(clippy::disallowed_methods, reason = "its deadlines and measurements; to be moved to clock")]
mod picture;
mod samples;
mod serve;
mod telegram;
mod web;
mod words;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use headlag_service::start;

use self::{
    chat::command::Range,
    config::{Charts, Flags, TOKEN_VARIABLE},
    metrics::Metrics,
    picture::Painter,
    samples::client::Prometheus,
    words::ENGLISH,
};

/// A Telegram bot that draws how far your blockchain nodes are from the median of the
/// reference nodes, as headlag-exporter measured it and Prometheus keeps it.
///
/// Without a command it serves: it answers /hour, /day, /week, /chart and the like in
/// private chats with the users of --telegram.allowed-users.
#[derive(Parser)]
#[command(
    name = "headlag-chartbot",
    version,
    after_help = "Example:\n  \
        headlag-chartbot --telegram.token-file token --telegram.allowed-users 123456,@alice\n\n\
        Every flag may also come from the environment: CHARTBOT_PROMETHEUS_URL for \
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
    /// Write one chart to a file, without Telegram
    Chart {
        /// hour, day, week, or a duration from 10m to 365d
        range: String,
        /// The network to draw; without it, the one in the worst state
        #[arg(long, value_name = "NETWORK")]
        network: Option<String>,
        /// The PNG file to write; - writes to stdout
        #[arg(long, value_name = "FILE", default_value = "chart.png")]
        output: PathBuf,
    },
    /// Ask the running service at --web.listen-address whether it works
    CheckHealth,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = start::with_environment(Cli::command(), "CHARTBOT");
    let cli = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    start::log_to_stderr(&cli.log);
    let done = match &cli.task {
        None => match cli.flags.to_serve(env::var(TOKEN_VARIABLE).ok()) {
            Ok(config) => serve(config).await,
            Err(problems) => return start::misuse(&problems.to_string()),
        },
        Some(Task::Chart { range, network, output }) => {
            let charts = match cli.flags.to_draw() {
                Ok(charts) => charts,
                Err(problems) => return start::misuse(&problems.to_string()),
            };
            match Range::parse(range) {
                Ok(range) => chart(charts, range, network.as_deref(), output).await,
                Err(error) => return start::misuse(&format!("{range:?} {error}")),
            }
        }
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

async fn serve(config: config::Config) -> anyhow::Result<()> {
    let stop = start::stop_signal().context("cannot listen for signals")?;
    start::raise_open_files();
    let metrics = Metrics::default();
    let painter = painter(&config.charts, &metrics)?;
    Ok(serve::serve(config, painter, metrics, stop).await?)
}

async fn chart(charts: Charts, range: Range, network: Option<&str>, output: &Path) -> anyhow::Result<()> {
    let painted = painter(&charts, &Metrics::default())?.paint(range, network, clock::wall(), &ENGLISH).await;
    let picture = painted.map_err(|trouble| {
        tracing::warn!(%trouble, "no chart");
        anyhow::anyhow!(trouble.sentence(range, &ENGLISH))
    })?;
    if output == Path::new("-") {
        io::stdout().write_all(&picture.png).context("cannot write the chart to stdout")?;
    } else {
        fs::write(output, &picture.png)
            .with_context(|| format!("cannot write the chart to {}", output.display()))?;
    }
    // Beside the picture, never into it.
    start::complain(&picture.caption);
    Ok(())
}

fn painter(charts: &Charts, metrics: &Metrics) -> anyhow::Result<Painter> {
    let prometheus =
        Prometheus::new(&charts.prometheus_url, &charts.prometheus_http).context("cannot set up TLS")?;
    Ok(Painter::new(prometheus, charts.zone.clone(), charts.theme, metrics.clone()))
}
