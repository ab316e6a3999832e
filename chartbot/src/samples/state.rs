//! PURE: the states of nodes and networks, as the exporter reports them, and the two that
//! only the one who looks at Prometheus can see. In the order of their rank, the worst first.

use serde::Serialize;

/// How a watched node is; the smallest is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// The exporter asks it and gets no usable block.
    Unreachable,
    /// It answers for another chain.
    WrongChain,
    /// It is behind, and its block has not risen for long.
    Stalled,
    /// Below the corridor.
    Behind,
    /// Prometheus holds nothing newer: neither exporter nor node can be judged.
    NotScraped,
    /// It answers, but there is no consensus to compare it with.
    Unknown,
    /// Above the corridor.
    Ahead,
    /// Inside the corridor.
    Ok,
    /// Its exporter is scraped and no longer reports it.
    Gone,
}

impl NodeState {
    /// The states that an exporter reports.
    pub const REPORTED: [Self; 7] = [
        Self::Unreachable,
        Self::WrongChain,
        Self::Unknown,
        Self::Stalled,
        Self::Behind,
        Self::Ahead,
        Self::Ok,
    ];

    /// The value of the label `state`, and the word in `chart --json`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::WrongChain => "wrong_chain",
            Self::Stalled => "stalled",
            Self::Behind => "behind",
            Self::NotScraped => "not_scraped",
            Self::Unknown => "unknown",
            Self::Ahead => "ahead",
            Self::Ok => "ok",
            Self::Gone => "gone",
        }
    }

    /// The state that an exporter reports by this label; absent for a word of a later version.
    #[must_use]
    pub fn reported(label: &str) -> Option<Self> {
        Self::REPORTED.into_iter().find(|state| state.label() == label)
    }

    /// Whether it is wrong for certain, or nothing is known: what is named before the state
    /// of the network itself.
    #[must_use]
    pub fn is_grave(self) -> bool {
        self <= Self::NotScraped
    }
}

/// How a network is; the smallest is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkState {
    /// Prometheus holds nothing newer.
    NotScraped,
    /// No node's block rises.
    Halted,
    /// The references disagree.
    Split,
    /// Too few references answer.
    NoConsensus,
    /// As it should be.
    Ok,
    /// Its exporter is scraped and no longer reports it.
    Gone,
}

impl NetworkState {
    /// The states that an exporter reports.
    pub const REPORTED: [Self; 4] = [Self::Halted, Self::Split, Self::NoConsensus, Self::Ok];

    /// The value of the label `state`, and the word in `chart --json`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NotScraped => "not_scraped",
            Self::Halted => "halted",
            Self::Split => "split",
            Self::NoConsensus => "no_consensus",
            Self::Ok => "ok",
            Self::Gone => "gone",
        }
    }

    /// The state that an exporter reports by this label; absent for a word of a later version.
    #[must_use]
    pub fn reported(label: &str) -> Option<Self> {
        Self::REPORTED.into_iter().find(|state| state.label() == label)
    }

    /// Whether there is a median to compare nodes with.
    #[must_use]
    pub fn has_consensus(self) -> bool {
        matches!(self, Self::Ok | Self::Halted)
    }
}
