//! How networks and their watched nodes are right now, and of nodes that nobody watches the last
//! that is known.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answer::Series,
    client::{Error, Questions},
    promql::Selector,
    state::{NetworkState, NodeState},
    survey::{SEEN_WITHIN, Survey},
};

/// How far back the last that is known of a node is looked for, in seconds; sample by sample, since
/// servers give the time of a sample in no other way.
const LAST_WITHIN: i64 = 6 * 3_600;

/// All networks that were watched within a day, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Present {
    /// By name.
    pub networks: BTreeMap<String, Network>,
}

/// One network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// How it is.
    pub state: NetworkState,
    /// Its watched nodes, by name.
    pub nodes: BTreeMap<String, Node>,
}

/// One watched node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// How it is.
    pub state: NodeState,
    /// Blocks behind the median; absent when unknown.
    pub lag: Option<f64>,
    /// The last that is known of a node that is not scraped now; absent where it is older than
    /// six hours, or was not asked for.
    pub last: Option<Last>,
}

/// The last that is known of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Last {
    /// How it was.
    pub known: Known,
    /// When it was sampled, in unix seconds.
    pub at: f64,
}

/// How a node was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    /// Blocks behind the median, below zero is ahead.
    Lag(f64),
    /// In this state, in which it has no lag.
    State(NodeState),
}

/// The states in which a node is known to be, but has no lag.
const WITHOUT_LAG: [NodeState; 2] = [NodeState::Unreachable, NodeState::WrongChain];

impl Present {
    /// Asks for all networks; and for the last that is known of those of `nodes` (network and name)
    /// that are not scraped.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(questions: &Questions<'_>, nodes: &BTreeSet<(&str, &str)>) -> Result<Self, Error> {
        let survey = Survey::ask(questions, SEEN_WITHIN).await?;
        let now = survey.look(questions).await?;
        let mut present = Self::default();
        for (network, now) in survey.networks.iter().zip(now) {
            let lost: Vec<_> = now
                .nodes
                .iter()
                .filter(|node| node.state == NodeState::NotScraped)
                .map(|node| node.name.as_str())
                .filter(|node| nodes.contains(&(network.name.as_str(), *node)))
                .collect();
            let selector = Selector { network: Some(&network.name), nodes: Some(&lost) };
            let span = (survey.now - LAST_WITHIN, survey.now);
            let (lags, states) = match lost.as_slice() {
                [] => (Vec::new(), Vec::new()),
                _ => (
                    questions.query_window(|window| selector.lag(window), span).await?,
                    questions.query_window(|window| selector.node_states(&WITHOUT_LAG, window), span).await?,
                ),
            };
            let nodes = now.nodes.iter().map(|node| {
                let last = last(&node.name, &lags, &states);
                (node.name.clone(), Node { state: node.state, lag: node.lag, last })
            });
            let of = Network { state: now.state, nodes: nodes.collect() };
            present.networks.insert(network.name.clone(), of);
        }
        Ok(present)
    }
}

/// The newest of these lags, and of these states in which it was.
fn last(name: &str, lags: &[Series], states: &[Series]) -> Option<Last> {
    let of_node = |series: &&Series| series.label("node") == name;
    let lags = lags.iter().filter(of_node).filter_map(|series| series.samples.last());
    let lags = lags.map(|(at, lag)| Last { known: Known::Lag(*lag), at: *at });
    let states = states.iter().filter(of_node).filter_map(|series| {
        let state = WITHOUT_LAG.into_iter().find(|it| it.label() == series.label("state"))?;
        let (at, _) = series.samples.iter().rfind(|(_, is)| *is == 1.0)?;
        Some(Last { known: Known::State(state), at: *at })
    });
    lags.chain(states).max_by(|a, b| a.at.total_cmp(&b.at))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    #[test]
    fn a_node_that_gave_no_answer_was_last_known_so_whatever_its_lag_was_before() {
        let series = |state: &str, samples: &[(f64, f64)]| Series {
            labels: [("node", "my-node"), ("state", state)].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            samples: samples.to_vec(),
        };
        let lags = [series("", &[(10.0, 0.0), (25.0, 3.0)])];
        let states = |unreachable: &[(f64, f64)]| {
            [series("unreachable", unreachable), series("wrong_chain", &[(10.0, 0.0), (40.0, 0.0)])]
        };
        let known = |unreachable: &[(f64, f64)]| {
            last("my-node", &lags, &states(unreachable)).map(|last| (last.known, last.at))
        };
        let no_answer = Known::State(NodeState::Unreachable);
        assert_eq!(known(&[(10.0, 0.0), (40.0, 1.0)]), Some((no_answer, 40.0)));
        assert_eq!(known(&[(10.0, 1.0), (25.0, 0.0)]), Some((Known::Lag(3.0), 25.0)));
        assert_eq!(known(&[(40.0, 1.0), (55.0, 0.0)]), Some((no_answer, 40.0)));
        assert_eq!(last("other", &lags, &states(&[])), None);
    }

    /// One network with one node.
    pub fn present(
        name: &str,
        state: NetworkState,
        (node, of_node, lag, last): (&str, NodeState, Option<f64>, Option<Last>),
    ) -> Present {
        let nodes = [(node.to_owned(), Node { state: of_node, lag, last })].into();
        Present { networks: [(name.to_owned(), Network { state, nodes })].into() }
    }
}
