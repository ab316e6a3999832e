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

/// What is shown of a node at some time: its own state, or that of its network where that is
/// what keeps it from being judged. In the order of their rank, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The node gave no usable block.
    Unreachable,
    /// The node is on another chain.
    WrongChain,
    /// The node's block does not rise while the network advances.
    Stalled,
    /// The node is below the corridor.
    Behind,
    /// Prometheus has no samples: nothing is known about the node.
    NotScraped,
    /// Too few references answer.
    NoConsensus,
    /// The references contradict each other.
    Split,
    /// No node's block rises.
    Halted,
    /// The node is above the corridor.
    Ahead,
    /// The node is within the corridor.
    Ok,
    /// The exporter is scraped, but no longer reports the node.
    Gone,
}

impl State {
    /// All of them, the worst first.
    pub const ALL: [Self; 11] = [
        Self::Unreachable,
        Self::WrongChain,
        Self::Stalled,
        Self::Behind,
        Self::NotScraped,
        Self::NoConsensus,
        Self::Split,
        Self::Halted,
        Self::Ahead,
        Self::Ok,
        Self::Gone,
    ];

    /// What is shown of a node in this state while its network is in that one.
    #[must_use]
    pub fn of(node: NodeState, network: NetworkState) -> Self {
        match node {
            NodeState::Unreachable => Self::Unreachable,
            NodeState::WrongChain => Self::WrongChain,
            NodeState::Stalled => Self::Stalled,
            NodeState::Behind => Self::Behind,
            NodeState::NotScraped => Self::NotScraped,
            NodeState::Gone => Self::Gone,
            NodeState::Unknown => Self::of_network(network).unwrap_or(Self::NoConsensus),
            NodeState::Ahead => Self::of_network(network).unwrap_or(Self::Ahead),
            NodeState::Ok => Self::of_network(network).unwrap_or(Self::Ok),
        }
    }

    /// What is wrong with a network itself; absent where nothing is.
    #[must_use]
    pub fn of_network(network: NetworkState) -> Option<Self> {
        match network {
            NetworkState::Halted => Some(Self::Halted),
            NetworkState::Split => Some(Self::Split),
            NetworkState::NoConsensus => Some(Self::NoConsensus),
            NetworkState::NotScraped | NetworkState::Ok | NetworkState::Gone => None,
        }
    }

    /// Its place in [`State::ALL`]: 0 is the worst.
    #[must_use]
    pub fn rank(self) -> usize {
        self as usize
    }

    /// Whether it is shown in the alarm colour.
    #[must_use]
    pub fn is_alarm(self) -> bool {
        self <= Self::Behind
    }

    /// Whether it is the network's own rather than a node's.
    #[must_use]
    pub fn is_of_network(self) -> bool {
        matches!(self, Self::NoConsensus | Self::Split | Self::Halted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_wrong_explains_its_calm_nodes() {
        use NetworkState as Net;
        for (node, network, want) in [
            (NodeState::Ok, Net::Ok, State::Ok),
            (NodeState::Ok, Net::Halted, State::Halted),
            (NodeState::Ahead, Net::Halted, State::Halted),
            (NodeState::Unknown, Net::Split, State::Split),
            (NodeState::Unknown, Net::NoConsensus, State::NoConsensus),
            (NodeState::Unknown, Net::Ok, State::NoConsensus),
            (NodeState::Unreachable, Net::Halted, State::Unreachable),
            (NodeState::WrongChain, Net::Split, State::WrongChain),
            (NodeState::Behind, Net::Halted, State::Behind),
            (NodeState::NotScraped, Net::NotScraped, State::NotScraped),
            (NodeState::Gone, Net::Ok, State::Gone),
        ] {
            assert_eq!(State::of(node, network), want, "{node:?} {network:?}");
        }
    }

    #[test]
    fn the_table_is_in_order_of_rank() {
        assert!(State::ALL.is_sorted());
        assert!(State::ALL.into_iter().enumerate().all(|(rank, state)| state.rank() == rank));
        assert_eq!(State::ALL.into_iter().filter(|state| state.is_alarm()).count(), 4);
    }
}
