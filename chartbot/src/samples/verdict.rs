//! PURE: what is said first of a network: the title of picture, caption and `/status`.

use super::{
    facts::{Facts, NodeFacts},
    state::{NetworkState, NodeState, State},
};

/// What is said first of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict<'a> {
    /// The state that the title names: a node's alarm or missing data first, then what is wrong
    /// with the network itself, then the rest.
    pub state: State,
    /// When that began, in unix seconds; absent where it is unknown.
    pub since: Option<f64>,
    /// The node that it is about; absent where it is about the network.
    pub node: Option<&'a NodeFacts>,
    /// What is wrong with the network while the title is about a node.
    pub network: Option<State>,
    /// How many watched nodes there are, where all of several are in that state and it has no
    /// number: then `node` is only the first of them.
    pub all: Option<usize>,
    /// How many of how many watched nodes are ok; absent for one node.
    pub ok: Option<(usize, usize)>,
}

impl<'a> Verdict<'a> {
    /// The verdict on these facts, whose nodes are worst first.
    #[must_use]
    pub fn of(facts: &'a Facts) -> Self {
        let watched = facts.nodes.iter().filter(|node| node.state != NodeState::Gone);
        let is_ok = |node: &&NodeFacts| State::of(node.state, facts.state) == State::Ok;
        let ok =
            (facts.nodes.len() > 1).then(|| (watched.clone().filter(is_ok).count(), watched.clone().count()));
        let of_network = State::of_network(facts.state);
        let Some(worst) = facts.nodes.first() else {
            let absent = match facts.state {
                NetworkState::Gone => State::Gone,
                NetworkState::Ok => State::Ok,
                _ => State::NotScraped,
            };
            let state = of_network.unwrap_or(absent);
            return Self { state, since: facts.since, node: None, network: None, all: None, ok };
        };
        let state = State::of(worst.state, facts.state);
        match of_network {
            Some(state) if !worst.state.is_grave() => {
                Self { state, since: facts.since, node: None, network: None, all: None, ok }
            }
            network => {
                let has_no_number =
                    matches!(state, State::Unreachable | State::WrongChain | State::NotScraped);
                let are_alike = watched.clone().all(|node| node.state == worst.state);
                let all = Some(watched.count()).filter(|count| *count > 1 && has_no_number && are_alike);
                let ok = ok.filter(|_| all.is_none());
                Self { state, since: worst.since, node: Some(worst), network, all, ok }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::facts::tests::{facts, node};

    #[test]
    fn several_nodes_with_one_cause_are_named_together() {
        use NodeState::{Behind, Gone, Ok, Unreachable, WrongChain};
        for (states, all, ok) in [
            (&[Unreachable][..], None, None),
            (&[Unreachable, Unreachable], Some(2), None),
            (&[WrongChain, WrongChain, Gone], Some(2), None),
            (&[Unreachable, Gone], None, Some((0, 1))),
            (&[Unreachable, WrongChain], None, Some((0, 2))),
            // Each is behind by a number of its own.
            (&[Behind, Behind], None, Some((0, 2))),
            (&[Ok, Ok], None, Some((2, 2))),
        ] {
            let nodes = states.iter().map(|state| NodeFacts { state: *state, ..node() }).collect();
            let facts = Facts { nodes, ..facts() };
            let verdict = Verdict::of(&facts);
            assert_eq!((verdict.all, verdict.ok), (all, ok), "{states:?}");
        }
    }
}
