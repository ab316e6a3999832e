//! The state of a network and of a node in one word: the first that holds. Pure.

use crate::{answer::Reason, block::Lag};

/// The values of the label `state` of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkState {
    /// Too few references answered: nobody can be judged.
    NoConsensus,
    /// The references contradict each other: fewer than half are near their median, or
    /// the median stands still while the block of some node rises.
    Split,
    /// No node's block rises: the chain stands still, and no node is to blame.
    Halted,
    /// None of the other states.
    Ok,
}

/// What the state of a network follows from.
#[derive(Debug, Clone, Copy)]
pub struct NetworkSigns {
    /// Enough references gave a usable block.
    pub has_median: bool,
    /// Fewer than half of those that answered are near the median of all.
    pub is_divided: bool,
    /// The median has not risen for `stall_after`.
    pub is_median_still: bool,
    /// No node's block has risen for `stall_after`.
    pub are_nodes_still: bool,
}

impl NetworkState {
    /// All of them, for a series each.
    pub const ALL: [Self; 4] = [Self::NoConsensus, Self::Split, Self::Halted, Self::Ok];

    /// The first that holds.
    #[must_use]
    pub fn of(signs: NetworkSigns) -> Self {
        if !signs.has_median {
            Self::NoConsensus
        } else if signs.is_divided || (signs.is_median_still && !signs.are_nodes_still) {
            Self::Split
        } else if signs.are_nodes_still {
            Self::Halted
        } else {
            Self::Ok
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
    /// It told that it is on another chain.
    WrongChain,
    /// It gave a block, and there is no median to hold against it.
    Unknown,
    /// Its block has not risen for `stall_after` while the network went on.
    Stalled,
    /// Behind the median by more than the threshold.
    Behind,
    /// Ahead of the median by more than the threshold; or a reference that is not
    /// believed because it leads by more than `max_lead_blocks`, whatever the threshold.
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
    /// Its block has not risen for `stall_after`.
    pub is_still: bool,
    /// Absent without a usable block or without a median.
    pub lag: Option<Lag>,
    /// Half the height of the corridor; exactly at it is inside.
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
        match (signs.failure, signs.lag) {
            (Some(Reason::WrongChain(_)), _) => Self::WrongChain,
            (Some(Reason::Implausible(_)), _) if signs.network != NetworkState::NoConsensus => Self::Ahead,
            (Some(Reason::Implausible(_)), _) | (None, None) => Self::Unknown,
            (Some(_), _) => Self::Unreachable,
            (None, Some(_)) if signs.is_still && signs.network != NetworkState::Halted => Self::Stalled,
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
        for (has_median, is_divided, is_median_still, are_nodes_still, want) in [
            (false, true, true, true, NetworkState::NoConsensus),
            (true, true, true, true, NetworkState::Split),
            (true, true, false, false, NetworkState::Split),
            (true, false, true, false, NetworkState::Split),
            (true, false, true, true, NetworkState::Halted),
            (true, false, false, true, NetworkState::Halted),
            (true, false, false, false, NetworkState::Ok),
        ] {
            let signs = NetworkSigns { has_median, is_divided, is_median_still, are_nodes_still };
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
            (Split, None, true, Some(0), NodeState::Stalled),
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
