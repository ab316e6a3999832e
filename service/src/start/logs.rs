//! The log on stderr.

use std::io;

use clap::{Args, ValueEnum};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{Layer, Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// The flags of logging, the same in every program.
#[derive(Debug, Clone, Args)]
pub struct LogOptions {
    /// Only log what is at least this severe
    #[arg(
        long = "log.level",
        value_name = "LEVEL",
        default_value = "info",
        global = true,
        help_heading = "Logging"
    )]
    level: LogLevel,
    /// The format of log lines on stderr
    #[arg(
        long = "log.format",
        value_name = "FORMAT",
        default_value = "logfmt",
        global = true,
        help_heading = "Logging"
    )]
    format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Logfmt,
    Json,
}

/// Writes log lines to stderr from now on. Only headlag's own lines: those of the
/// libraries may hold URLs, and with them secrets.
pub fn log_to_stderr(options: &LogOptions) {
    let level = match options.level {
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    };
    let ours = Targets::new().with_default(LevelFilter::OFF).with_target("headlag", level);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match options.format {
        LogFormat::Logfmt => {
            tracing_logfmt::builder().layer().with_writer(io::stderr).with_filter(ours).boxed()
        }
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
            .with_filter(ours)
            .boxed(),
    };
    tracing_subscriber::registry().with(lines).init();
}
