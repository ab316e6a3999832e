//! How a service starts and ends: flags, environment, logs, signals, limits.

use std::{
    env, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Arg, Args, Command, ValueEnum};
use reqwest::StatusCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{Layer, Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::outbound;

/// A healthy service answers at once.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

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
    /// How a line on stderr looks
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

/// Lets every flag of `command` and its subcommands also come from the environment:
/// `prefix`, `_`, then the flag in capitals with `.` and `-` as `_`. An empty variable is
/// as good as none: that is what a blank line in an env file gives. Values are not shown in
/// the help, since some are secrets.
#[must_use]
pub fn with_environment(command: Command, prefix: &'static str) -> Command {
    command
        .mut_args(|arg| match variable_of(&arg, prefix) {
            Some(variable) if env::var_os(&variable).is_none_or(|value| !value.is_empty()) => {
                arg.env(variable).hide_env_values(true)
            }
            _ => arg,
        })
        .mut_subcommands(|subcommand| with_environment(subcommand, prefix))
}

fn variable_of(arg: &Arg, prefix: &str) -> Option<String> {
    let flag = arg.get_long()?;
    if ["help", "version"].contains(&flag) {
        return None;
    }
    Some(format!("{prefix}_{}", flag.replace(['.', '-'], "_").to_uppercase()))
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

/// A future that is ready at the first SIGTERM or SIGINT, whose name it gives. SIGHUP is
/// taken from now on, too, and only logged.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn stop_signal() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return "SIGTERM",
                _ = interrupt.recv() => return "SIGINT",
                // Unhandled it would end the process, which nobody expects of a service.
                _ = hangup.recv() => tracing::warn!("SIGHUP changes nothing; restart to take in a new configuration"),
            }
        }
    })
}

/// Raises the soft limit of open files to the hard one: the common 1,024 is less than
/// a few networks and their scrapers may need.
pub fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// Reads the address of a listener as Prometheus' own programs take it: `127.0.0.1:9917`,
/// `[::1]:9917`, `localhost:9917`, or `:9917` for every interface.
///
/// # Errors
/// A sentence that says what would be right.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    full.to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| "must be host:port, for instance 127.0.0.1:9918".to_owned())
}

/// Asks the service that listens on `address` for its own `/-/healthy`; for the health
/// checks of containers, which have no other program at hand.
///
/// # Errors
/// What was asked, and what came back.
pub async fn check_health(address: SocketAddr) -> anyhow::Result<()> {
    let mut here = address;
    // A service that listens on every interface is reached on the loopback one.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => here.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => here.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let url = format!("http://{here}/-/healthy");
    let response = outbound::client(HEALTH_TIMEOUT)
        .build()?
        .get(&url)
        .send()
        .await
        .map_err(|error| outbound::classify(&error))
        .with_context(|| format!("asked {url}; is the service running on that address?"))?;
    match response.status() {
        StatusCode::OK => Ok(()),
        status => bail!("asked {url}: status {status}"),
    }
}

/// Status 2: a wrong flag or config, told before any port opened.
#[must_use]
pub fn misuse(message: &str) -> ExitCode {
    complain(message);
    ExitCode::from(2)
}

/// Writes `message` to stderr as it is, for people rather than for log readers.
pub fn complain(message: &str) {
    use io::Write;
    // Nobody is left to be told when stderr is closed.
    let _ = writeln!(io::stderr(), "{}", message.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_may_leave_the_host_out() {
        let text = |address| listen_address(address).map(|address| address.to_string());
        assert_eq!(text(":9917"), Ok("0.0.0.0:9917".into()));
        assert_eq!(text("[::1]:9917"), Ok("[::1]:9917".into()));
        assert!(text("9917").is_err() && text("127.0.0.1").is_err());
    }

    #[test]
    fn every_flag_has_its_variable_by_one_rule() {
        let command = Command::new("x").arg(Arg::new("a").long("web.listen-address"));
        let command = with_environment(command, "EXPORTER");
        let arg = command.get_arguments().next().unwrap();
        assert_eq!(arg.get_env().unwrap(), "EXPORTER_WEB_LISTEN_ADDRESS");
        assert!(arg.is_hide_env_values_set());
    }
}
