//! How a service starts and ends: flags, environment, logs, signals, limits.

mod environment;
mod health_check;
mod listening;
mod logs;
mod open_files;
mod signals;

use std::{
    io::{self, Write},
    process::ExitCode,
};

pub use self::{
    environment::command,
    health_check::check_health,
    listening::{HealthAddress, ListenOptions},
    logs::{LogOptions, log_to_stderr},
    open_files::raise_open_files,
    signals::{hangups, stop_signal},
};

/// Reports a wrong flag or config, found before any port opened: status 2.
#[must_use]
pub fn misuse(message: &str) -> ExitCode {
    complain(message);
    ExitCode::from(2)
}

/// Writes `message` to stderr as it is, for people rather than for log readers.
pub fn complain(message: &str) {
    // With stderr closed there is nobody left to read it.
    let _ = writeln!(io::stderr(), "{}", message.trim_end());
}
