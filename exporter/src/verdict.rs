//! The state of a network in one word. Pure.

use crate::consensus::Consensus;

/// The values of the label `state` of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkState {
    /// Too few references answered: nobody can be judged.
    NoConsensus,
    /// None of the other states.
    Ok,
}

impl NetworkState {
    /// All of them, for a series each.
    pub const ALL: [Self; 2] = [Self::NoConsensus, Self::Ok];

    /// The first that holds.
    #[must_use]
    pub fn of(consensus: &Consensus) -> Self {
        match consensus {
            Consensus::NoQuorum => Self::NoConsensus,
            Consensus::Known { .. } => Self::Ok,
        }
    }

    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NoConsensus => "no_consensus",
            Self::Ok => "ok",
        }
    }
}
