//! PURE: why a question has no answer, in one sentence for the user who asked.

use headlag_service::outbound::Failure;

use crate::{chat::command::Range, samples::client, words::Words};

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Prometheus gave no answer, or no usable one.
    #[error("Prometheus {0}")]
    Prometheus(#[from] client::Error),
    /// There is no sample within the range.
    #[error("Prometheus holds no watched node within the range")]
    NoData,
    /// No exporter reports the network that was asked for.
    #[error("there is no network {asked}")]
    NoSuchNetwork {
        /// The name as the user wrote it.
        asked: String,
        /// The names of all networks, separated by commas.
        known: String,
    },
    /// The drawing failed.
    #[error("the chart could not be drawn: {0}")]
    NotDrawn(String),
}

impl Trouble {
    /// One sentence for a user who asked for a chart of `range`.
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
                client::Error::NotPrometheus(status) => (words.not_prometheus)(*status),
            },
            Self::NoData => (words.no_data)(range.seconds().into()),
            Self::NoSuchNetwork { asked, known } => (words.no_such_network)(asked, known),
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
            Self::NoData => "no_data",
            Self::NoSuchNetwork { .. } => "no_such_network",
            Self::NotDrawn(_) => "not_drawn",
        }
    }
}
