//! The command line: `main.rs` reads it, the manual and the completions are made from it.

use clap::{Parser, Subcommand};
use headlag_service::{
    build_info::VERSION_AND_REVISION,
    start::{self, LogOptions},
};

use crate::{config::Flags, drawing::Drawing};

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
pub struct Cli {
    /// What to do instead of serving
    #[command(subcommand)]
    pub task: Option<Task>,
    /// What the bot answers, to whom, and from where
    #[command(flatten)]
    pub flags: Flags,
    /// How to log
    #[command(flatten)]
    pub log: LogOptions,
}

/// What the program can do besides serving.
#[derive(Subcommand)]
pub enum Task {
    /// Draw one chart without Telegram: into a file, or its facts as JSON to stdout
    Chart(Drawing),
    /// Ask the running service whether it works: at --web.probe-listen-address, if it has one, else
    /// at --web.listen-address; exit status 0 if it does, 1 if not
    CheckHealth,
}

/// All of it, with the variables of the environment and the default address.
#[must_use]
pub fn command() -> clap::Command {
    start::command::<Cli>("CHARTBOT", "127.0.0.1:9918")
}

#[cfg(test)]
mod document {
    use headlag_service::document::{settle, settle_command_line, table};

    use crate::words::{ENGLISH, RUSSIAN};

    const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

    #[test]
    fn flags_and_commands_are_in_the_pages() {
        settle_command_line(FOLDER, &super::command()).unwrap();
    }

    #[test]
    fn commands_in_telegram_are_in_the_page() {
        let titles = ["command", "in Telegram's menu", "for users whose Telegram is in Russian"];
        let mut rows = vec![titles.map(String::from)];
        for ((name, english), (same, russian)) in ENGLISH.commands.iter().zip(RUSSIAN.commands) {
            assert_eq!(name, same);
            rows.push([format!("`/{name}`"), (*english).to_owned(), (*russian).to_owned()]);
        }
        settle(FOLDER, "../docs/commands.md", "commands in Telegram", &table(&rows)).unwrap();
    }
}
