//! PURE: which node and which network is the worst: one order for picture, caption, `/status`
//! and the choice of a network.

use std::cmp::Ordering;

use super::{
    facts::NodeFacts,
    state::{NetworkState, NodeState},
};

/// The worse node first; among equals one whose samples were counted, then the one for which it
/// has lasted longest, then by name.
#[must_use]
pub fn nodes(a: &NodeFacts, b: &NodeFacts) -> Ordering {
    // Unknown is longer ago than could be looked up.
    let since = |node: &NodeFacts| node.since.unwrap_or(f64::NEG_INFINITY);
    let uncounted = |node: &NodeFacts| node.outside_seconds.is_none();
    a.state
        .cmp(&b.state)
        .then(uncounted(a).cmp(&uncounted(b)))
        .then(since(a).total_cmp(&since(b)))
        .then(a.node.cmp(&b.node))
}

/// How good an exporter's claim to count is, the smaller the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim(bool, NodeState);

/// Which of several exporters of a network counts, the smallest: one with consensus before one
/// without, then the one that reports the worse state. Of equals, the first by the labels of its
/// target.
#[must_use]
pub fn exporter(state: NetworkState, nodes: impl Iterator<Item = NodeState>) -> Claim {
    Claim(!state.has_consensus(), nodes.min().unwrap_or(NodeState::Gone))
}

/// How bad a network is, the smaller the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(u8, NodeState, NetworkState);

/// How bad a network is by its own state and that of its worst node: an
/// alarm of a node or missing data first, then what is wrong with the network itself, then the
/// rest. A network that is gone comes last.
#[must_use]
pub fn network(state: NetworkState, nodes: impl Iterator<Item = NodeState>) -> Rank {
    let worst = nodes.min().unwrap_or(NodeState::Gone);
    let is_wrong = state < NetworkState::Ok;
    match (worst.is_grave(), is_wrong) {
        (true, _) => Rank(0, worst, state),
        (false, true) => Rank(1, NodeState::Ok, state),
        (false, false) => Rank(2, worst, state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_then_the_network_then_the_rest() {
        use {NetworkState as Net, NodeState as Node};
        let order = [
            (Net::Ok, Node::Unreachable),
            (Net::Ok, Node::WrongChain),
            (Net::Ok, Node::Stalled),
            (Net::Halted, Node::Behind),
            (Net::Ok, Node::Behind),
            (Net::NotScraped, Node::NotScraped),
            (Net::Halted, Node::Ok),
            (Net::Split, Node::Unknown),
            (Net::NoConsensus, Node::Unknown),
            (Net::Ok, Node::Ahead),
            (Net::Ok, Node::Ok),
            (Net::Gone, Node::Gone),
        ];
        let ranks = order.map(|(state, worst)| network(state, [worst, Node::Gone].into_iter()));
        assert!(ranks.is_sorted());
    }
}
