//! PURE: why a question has no answer, in one sentence for the user who asked.

use headlag_service::outbound::Failure;

use crate::{
    chat::command::Range,
    samples::{client, warning::Warning},
    words::{self, Words},
};

/// A message of Telegram has at most so many characters of UTF-16
/// (<https://core.telegram.org/bots/api#sendmessage>); names beyond are counted.
pub const NAMES: usize = 3_000;

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// Prometheus gave no answer, or no usable one.
    #[error("Prometheus {0}")]
    Prometheus(#[from] client::Error),
    /// There is no sample within the range.
    #[error("Prometheus holds no watched node within the range")]
    NoData,
    /// There is no sample within the range, and a reason to doubt that: this warning.
    #[error("Prometheus holds no watched node within the range, with the warning {0:?}")]
    Doubtful(Warning),
    /// No exporter reports the network that was asked for.
    #[error("there is no network {asked}")]
    NoSuchNetwork {
        /// The name as the user wrote it.
        asked: String,
        /// The names of all networks.
        known: Vec<String>,
    },
    /// The drawing failed.
    #[error("the chart could not be drawn: {0}")]
    NotDrawn(String),
}

impl Trouble {
    /// There is no data; why that may be, where the answers came with a warning.
    #[must_use]
    pub fn no_data(warnings: Vec<Warning>) -> Self {
        warnings.into_iter().next().map_or(Self::NoData, Self::Doubtful)
    }

    /// One sentence for a user who asked for `range`.
    #[must_use]
    pub fn sentence(&self, range: Range, words: &Words) -> String {
        match self {
            Self::Prometheus(error) => match error {
                client::Error::Away(Failure::Tls) => words.tls.to_owned(),
                client::Error::Away(_) => words.away.to_owned(),
                client::Error::Timeout => words.timeout.to_owned(),
                client::Error::Refused(status) => (words.refused)(*status),
                client::Error::Failed { status, kind, words: said } => {
                    let said = if said.is_empty() { kind } else { said };
                    (words.failed)(*status, said)
                }
                client::Error::TooLarge => words.too_large.to_owned(),
                client::Error::NotPrometheus(status) => (words.not_prometheus)(*status),
            },
            Self::NoData => (words.no_data)(range.seconds().into()),
            Self::Doubtful(warning) => {
                (words.doubtful)(range.seconds().into(), &words::warning(warning, words))
            }
            Self::NoSuchNetwork { asked, known } => {
                (words.no_such_network)(asked, &words::listed(known, NAMES, words))
            }
            Self::NotDrawn(_) => words.not_drawn.to_owned(),
        }
    }

    /// Its kind as a label of a metric.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Prometheus(client::Error::Timeout) => "prometheus_timeout",
            Self::Prometheus(client::Error::Away(_)) => "prometheus_away",
            Self::Prometheus(_) => "prometheus_error",
            Self::NoData | Self::Doubtful(_) => "no_data",
            Self::NoSuchNetwork { .. } => "no_such_network",
            Self::NotDrawn(_) => "not_drawn",
        }
    }
}
