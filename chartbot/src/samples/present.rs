//! How networks and their watched nodes are right now, and of nodes that nobody watches the last
//! that is known.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    client::{Error, Questions},
    promql::Selector,
    state::{NetworkState, NodeState},
    survey::Survey,
};
use crate::chat::command::Range;

/// How far back networks and nodes are looked for.
const SEEN_WITHIN: Range = Range::DAY;
/// How far back the last lag of a node is looked for, in seconds; sample by sample, since servers
/// give the time of a sample in no other way.
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
    /// The last lag, of a node that is not scraped now; absent where it is older than six hours,
    /// or was not asked for.
    pub last: Option<Last>,
}

/// The last lag that is known of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Last {
    /// Blocks behind the median, below zero is ahead.
    pub lag: f64,
    /// When it was sampled, in unix seconds.
    pub at: f64,
}

impl Present {
    /// Asks for all networks; and for the last lag of those of `nodes` (network and name) that are
    /// not scraped.
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
            let samples = match lost.as_slice() {
                [] => Vec::new(),
                _ => questions.query_window(|window| selector.lag(window), span).await?,
            };
            let last = |name: &str| {
                let of_node = samples.iter().filter(|series| series.label("node") == name);
                let newest = of_node.filter_map(|series| series.samples.last());
                let newest = newest.max_by(|a, b| a.0.total_cmp(&b.0));
                newest.map(|(at, lag)| Last { lag: *lag, at: *at })
            };
            let nodes = now.nodes.iter().map(|node| {
                (node.name.clone(), Node { state: node.state, lag: node.lag, last: last(&node.name) })
            });
            let of = Network { state: now.state, nodes: nodes.collect() };
            present.networks.insert(network.name.clone(), of);
        }
        Ok(present)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

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
