//! PURE: the state of a network and of a node in one word: the first that holds.

use crate::{answer::Reason, block::Lag};

/// The values of the label `state` of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkState {
    /// Too few references are counted: no node can be judged.
    NoConsensus,
    /// The references contradict each other: no node can be judged.
    Split,
    /// No believable node rises at or above the median: the chain makes no blocks, and no
    /// node is to blame.
    Halted,
    /// None of the other states.
    Ok,
}

/// What the state of a network follows from.
#[derive(Debug, Clone, Copy)]
pub struct NetworkSigns {
    /// Enough references are counted.
    pub has_quorum: bool,
    /// They contradict each other.
    pub is_split: bool,
    /// A live node's top is at or above the median, or `stall_after` has not been observed.
    pub goes_on: bool,
}

impl NetworkState {
    /// All of them, for a series each.
    pub const ALL: [Self; 4] = [Self::NoConsensus, Self::Split, Self::Halted, Self::Ok];

    /// The first that holds.
    #[must_use]
    pub fn of(signs: NetworkSigns) -> Self {
        match signs {
            NetworkSigns { has_quorum: false, .. } => Self::NoConsensus,
            NetworkSigns { is_split: true, .. } => Self::Split,
            NetworkSigns { goes_on: false, .. } => Self::Halted,
            _ => Self::Ok,
        }
    }

    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NoConsensus => "no_consensus",
            Self::Split => "split",
            Self::Halted => "halted",
            Self::Ok => "ok",
        }
    }
}

/// The values of the label `state` of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// It gave no block.
    Unreachable,
    /// It is on another chain.
    WrongChain,
    /// It gave a block, and there is no median to compare it with.
    Unknown,
    /// It is behind the median, and its block has not risen for `stall_after` while the
    /// network went on.
    Stalled,
    /// Behind the median by more than the threshold.
    Behind,
    /// Ahead of the median by more than the threshold; also a reference that is not
    /// counted because it is implausible, whatever the threshold.
    Ahead,
    /// None of the other states.
    Ok,
}

/// What the state of a node follows from.
#[derive(Debug, Clone, Copy)]
pub struct NodeSigns {
    /// Of its network.
    pub network: NetworkState,
    /// Why it gave no usable block, if it did not.
    pub failure: Option<Reason>,
    /// Its block has not risen for `stall_after`, nor has a halt ended within it.
    pub is_still: bool,
    /// Absent without a usable block or without a median.
    pub lag: Option<Lag>,
    /// Exactly so many blocks from the median is level.
    pub threshold_blocks: u64,
}

impl NodeState {
    /// All of them, for a series each.
    pub const ALL: [Self; 7] = [
        Self::Unreachable,
        Self::WrongChain,
        Self::Unknown,
        Self::Stalled,
        Self::Behind,
        Self::Ahead,
        Self::Ok,
    ];

    /// The first that holds.
    #[must_use]
    pub fn of(signs: NodeSigns) -> Self {
        let has_consensus = signs.network != NetworkState::NoConsensus;
        match (signs.failure, signs.lag) {
            (Some(Reason::WrongChain(_)), _) => Self::WrongChain,
            (Some(Reason::Implausible(_)), _) if has_consensus => Self::Ahead,
            (Some(Reason::Implausible(_)), _) | (None, None) => Self::Unknown,
            (Some(_), _) => Self::Unreachable,
            (None, Some(lag))
                if signs.is_still
                    && lag.is_behind_by_more_than(0)
                    && signs.network != NetworkState::Halted =>
            {
                Self::Stalled
            }
            (None, Some(lag)) if lag.is_behind_by_more_than(signs.threshold_blocks) => Self::Behind,
            (None, Some(lag)) if lag.is_ahead_by_more_than(signs.threshold_blocks) => Self::Ahead,
            (None, Some(_)) => Self::Ok,
        }
    }

    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::WrongChain => "wrong_chain",
            Self::Unknown => "unknown",
            Self::Stalled => "stalled",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::Ok => "ok",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockNumber;

    #[test]
    fn a_network_has_the_first_state_that_holds() {
        for (has_quorum, is_split, goes_on, want) in [
            (false, true, false, NetworkState::NoConsensus),
            (true, true, false, NetworkState::Split),
            (true, true, true, NetworkState::Split),
            (true, false, false, NetworkState::Halted),
            (true, false, true, NetworkState::Ok),
        ] {
            let signs = NetworkSigns { has_quorum, is_split, goes_on };
            assert_eq!(NetworkState::of(signs), want, "{signs:?}");
        }
    }

    #[test]
    fn a_node_has_the_first_state_that_holds() {
        use NetworkState::{Halted, NoConsensus, Ok, Split};
        let block = |number| BlockNumber::new(number).unwrap();
        for (network, failure, is_still, behind, want) in [
            (Ok, Some(Reason::Timeout), true, None, NodeState::Unreachable),
            (NoConsensus, Some(Reason::RpcError(None)), true, None, NodeState::Unreachable),
            (NoConsensus, Some(Reason::WrongChain(block(1))), true, None, NodeState::WrongChain),
            (NoConsensus, Some(Reason::Implausible(block(1))), true, None, NodeState::Unknown),
            (Ok, Some(Reason::Implausible(block(1))), true, None, NodeState::Ahead),
            (NoConsensus, None, true, None, NodeState::Unknown),
            (Ok, None, true, Some(9), NodeState::Stalled),
            (Split, None, true, None, NodeState::Unknown),
            (Ok, None, true, Some(1), NodeState::Stalled),
            (Ok, None, true, Some(0), NodeState::Ok),
            (Ok, None, true, Some(-6), NodeState::Ahead),
            (Halted, None, true, Some(9), NodeState::Behind),
            (Halted, None, true, Some(0), NodeState::Ok),
            (Ok, None, false, Some(6), NodeState::Behind),
            (Ok, None, false, Some(5), NodeState::Ok),
            (Ok, None, false, Some(-5), NodeState::Ok),
            (Ok, None, false, Some(-6), NodeState::Ahead),
        ] {
            let lag = behind.map(|behind: i64| block(100).lag_of(block(100_u64.strict_sub_signed(behind))));
            let signs = NodeSigns { network, failure, is_still, lag, threshold_blocks: 5 };
            assert_eq!(NodeState::of(signs), want, "{signs:?}");
        }
    }
}
