//! Which node and which network come first: the worst.

use crate::{
    config::Role,
    snapshot::{NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkState, NodeState},
};

/// Less is worse.
fn rank(state: NodeState) -> u8 {
    match state {
        NodeState::Unreachable => 0,
        NodeState::WrongChain => 1,
        NodeState::Stalled => 2,
        NodeState::Behind => 3,
        NodeState::Unknown => 5,
        NodeState::Ahead => 6,
        NodeState::Ok => 7,
    }
}

/// A network that cannot be judged or makes no blocks: after every node in trouble, before
/// every other.
const RANK_OF_TROUBLED_NETWORK: u8 = 4;

/// Whether something has to be done about a node.
pub fn is_alarm(state: NodeState) -> bool {
    rank(state) < RANK_OF_TROUBLED_NETWORK
}

/// The nodes of one role, the worst first; among equals the one that has lasted longest, then
/// as in the config.
pub fn worst_first(of: &Snapshot, role: Role) -> Vec<&NodeSnapshot> {
    let mut nodes: Vec<_> = of.of_role(role).collect();
    nodes.sort_by(|a, b| {
        rank(a.state).cmp(&rank(b.state)).then_with(|| a.state_since.total_cmp(&b.state_since))
    });
    nodes
}

/// Networks, the worst first, in the same way.
pub fn worst_network_first(snapshots: &[Snapshot]) -> Vec<&Snapshot> {
    let mut keyed: Vec<_> = snapshots.iter().map(|of| (badness(of), of)).collect();
    keyed.sort_by(|((a, since), _), ((b, other), _)| a.cmp(b).then_with(|| since.total_cmp(other)));
    keyed.into_iter().map(|(_, of)| of).collect()
}

fn badness(of: &Snapshot) -> (u8, UnixTime) {
    let worst = worst_first(of, Role::Watched).first().map(|node| (rank(node.state), node.state_since));
    match worst {
        Some(node) if node.0 < RANK_OF_TROUBLED_NETWORK => node,
        _ if of.state != NetworkState::Ok => (RANK_OF_TROUBLED_NETWORK, of.state_since),
        Some(node) => node,
        None => (rank(NodeState::Ok), of.state_since),
    }
}
