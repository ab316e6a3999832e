//! PURE: what may be said when an alert ended, from what Prometheus knows at that time. A
//! node that nobody watches is never called level.

use super::alert::Alert;
use crate::samples::{
    present::{Last, Present},
    state::{NetworkState, NodeState, State},
};

/// What may be said when an alert ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ending {
    /// The node is inside the corridor again.
    Level,
    /// The network is as it should be.
    NetworkOk,
    /// The alert is about neither a node nor a network, so nothing is said but that it ended.
    Plain,
    /// The node is in another state, its lag in blocks where it is known; and what is wrong with
    /// its network itself.
    Node(State, Option<f64>, Option<State>),
    /// What is wrong with the network itself; a node, if there is one, cannot be judged or is
    /// inside the corridor.
    Network(State),
    /// Prometheus has no samples: the alert ended for want of them. The last that is known of the
    /// node.
    Unwatched(Option<Last>),
    /// Prometheus does not answer.
    Unknown,
}

impl Ending {
    /// What may be said of an alert; `present` is absent where Prometheus does not answer.
    #[must_use]
    pub fn of(alert: &Alert, present: Option<&Present>) -> Self {
        let Some(name) = alert.label("network") else { return Self::Plain };
        let Some(present) = present else { return Self::Unknown };
        let Some(network) = present.networks.get(name) else { return Self::Unwatched(None) };
        let of_network = State::of_network(network.state);
        let Some(node) = alert.label("node") else {
            return match (network.state, of_network) {
                (NetworkState::Ok, _) => Self::NetworkOk,
                (_, Some(state)) => Self::Network(state),
                _ => Self::Unwatched(None),
            };
        };
        let Some(node) = network.nodes.get(node) else { return Self::Unwatched(None) };
        match (State::of(node.state, network.state), node.state) {
            (_, NodeState::NotScraped) => Self::Unwatched(node.last),
            (State::Ok, _) => Self::Level,
            (state, _) if state.is_of_network() => Self::Network(state),
            (state, _) => Self::Node(state, node.lag, of_network),
        }
    }

    /// Whether nothing is known of the trouble itself, so that it may have gone on all the time.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unwatched(_) | Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alerts::alert::tests::alert,
        samples::present::{Known, tests::present},
    };

    #[test]
    fn nothing_is_said_that_is_not_known() {
        use {NetworkState as Net, NodeState as Node};
        let lost = Some(Last { known: Known::Lag(50.0), at: 1_800_000_000.0 });
        for (network, node, lag, last, want) in [
            (Net::Ok, Node::Ok, Some(0.0), None, Ending::Level),
            (Net::Ok, Node::Behind, Some(50.0), None, Ending::Node(State::Behind, Some(50.0), None)),
            (Net::Ok, Node::Unreachable, None, None, Ending::Node(State::Unreachable, None, None)),
            (Net::Ok, Node::Ahead, Some(-9.0), None, Ending::Node(State::Ahead, Some(-9.0), None)),
            (Net::Ok, Node::Gone, None, None, Ending::Node(State::Gone, None, None)),
            (Net::NotScraped, Node::NotScraped, None, lost, Ending::Unwatched(lost)),
            (Net::Ok, Node::NotScraped, None, None, Ending::Unwatched(None)),
            (Net::Halted, Node::Ok, Some(0.0), None, Ending::Network(State::Halted)),
            (
                Net::Halted,
                Node::Behind,
                Some(9.0),
                None,
                Ending::Node(State::Behind, Some(9.0), Some(State::Halted)),
            ),
            (Net::Split, Node::Unknown, None, None, Ending::Network(State::Split)),
            (Net::NoConsensus, Node::Unknown, None, None, Ending::Network(State::NoConsensus)),
        ] {
            let present = present("polygon", network, ("my-node", node, lag, last));
            let ending = Ending::of(&alert("HeadlagNodeBehind"), Some(&present));
            assert_eq!(ending, want, "{network:?} {node:?}");
            assert_eq!(ending.is_open(), matches!(want, Ending::Unwatched(_)));
        }
    }

    #[test]
    fn of_other_alerts_what_they_are_about() {
        let ending = |state: NetworkState, labels: &[(&str, &str)]| {
            let mut alert = alert("HeadlagChainHalted");
            alert.labels.remove("node");
            alert.labels.extend(labels.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            let present = present("polygon", state, ("my-node", NodeState::Ok, Some(0.0), None));
            (Ending::of(&alert, Some(&present)), Ending::of(&alert, None))
        };
        assert_eq!(ending(NetworkState::Ok, &[]), (Ending::NetworkOk, Ending::Unknown));
        assert_eq!(ending(NetworkState::Halted, &[]).0, Ending::Network(State::Halted));
        assert_eq!(ending(NetworkState::NotScraped, &[]).0, Ending::Unwatched(None));
        assert_eq!(ending(NetworkState::Ok, &[("node", "other")]).0, Ending::Unwatched(None));
        assert_eq!(ending(NetworkState::Ok, &[("network", "other")]).0, Ending::Unwatched(None));
        assert_eq!(ending(NetworkState::Ok, &[("network", "")]), (Ending::Plain, Ending::Plain));
        assert!(Ending::Unknown.is_open() && !Ending::Plain.is_open() && !Ending::NetworkOk.is_open());
    }
}
