//! A Telegram bot that draws the lag of blockchain nodes from Prometheus.

mod alerts;
mod chart;
mod chat;
mod clock;
mod config;
mod foreign;
mod labels;
mod metrics;
mod picture;
mod reload;
mod remote;
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
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use headlag_service::{build_info::VERSION_AND_REVISION, start};

use self::{
    chart::Theme,
    chat::{command::Range, trouble::Trouble},
    config::{Charts, Flags, TOKEN_VARIABLE},
    metrics::Metrics,
    picture::Painter,
    samples::client::Prometheus,
    words::{ENGLISH, Language},
};

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

#[derive(Args)]
struct Drawing {
    /// hour, day, week, or a duration from 10m to 365d
    #[arg(value_parser = Range::parse)]
    range: Range,
    /// The network to draw; without it, the one in the worst state
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// The PNG file to write; - writes to stdout [default: chart.png, or none with --json]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the facts that picture and caption are made from to stdout
    #[arg(long)]
    json: bool,
    /// The colours, in place of --chart.theme
    #[arg(long)]
    theme: Option<Theme>,
    /// The language of picture and caption
    #[arg(long, default_value = "en")]
    language: Language,
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
            Ok(_) if drawing.json && drawing.output.as_deref() == Some(Path::new("-")) => {
                return start::misuse("--json and --output - both write to stdout; leave one of them out");
            }
            Ok(charts) => chart(charts, drawing).await,
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

/// For connections to Telegram, Prometheus and Alertmanager, and those of scrapers.
const OPEN_FILES: u64 = 256;

async fn serve(config: config::Config, flags: &config::Flags) -> anyhow::Result<()> {
    let stop = start::stop_signal().context("cannot listen for signals")?;
    let hangups = start::hangups().context("cannot listen for signals")?;
    let read = || flags.to_serve(env::var(TOKEN_VARIABLE).ok());
    start::raise_open_files(OPEN_FILES);
    let metrics = Metrics::default();
    let painter = painter(&config.charts, &metrics)?;
    Ok(serve::serve(config, painter, metrics, stop, (hangups, read)).await?)
}

async fn chart(mut charts: Charts, drawing: &Drawing) -> anyhow::Result<()> {
    let Drawing { range, network, output, json, theme, language } = drawing;
    let (range, words) = (*range, language.words());
    charts.theme = theme.unwrap_or(charts.theme);
    let output = output.as_deref().or((!json).then_some(Path::new("chart.png")));
    let painter = painter(&charts, &Metrics::default())?;
    let failed = |trouble: Trouble| anyhow::anyhow!(trouble.sentence(range, words));
    let known = painter.know(range, network.as_deref()).await.map_err(failed)?;
    if let Some(output) = output {
        let picture = painter.paint(&known, None, words).await.map_err(failed)?;
        if output == Path::new("-") {
            io::stdout().write_all(&picture.png).context("cannot write the chart to stdout")?;
        } else {
            fs::write(output, &picture.png)
                .with_context(|| format!("cannot write the chart to {}", output.display()))?;
        }
        // Beside the picture, never into it.
        start::complain(&picture.caption);
    }
    if *json {
        let mut facts = known.facts;
        facts.warnings = known.warnings.iter().map(|warning| words::warning(warning, &ENGLISH)).collect();
        let text = serde_json::to_string_pretty(&facts).context("cannot write the facts as JSON")?;
        writeln!(io::stdout(), "{text}").context("cannot write the facts to stdout")?;
    }
    Ok(())
}

fn painter(charts: &Charts, metrics: &Metrics) -> anyhow::Result<Painter> {
    let prometheus =
        Prometheus::new(&charts.prometheus.url, &charts.prometheus.http).context("cannot set up TLS")?;
    Ok(Painter::new(prometheus, charts.zone.clone(), charts.theme, metrics.clone()))
}
