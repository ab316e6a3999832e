//! PURE: which networks and watched nodes there are, and how they are right now.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::{samples::answer::Series, samples::promql::Survey, samples::spacing};

/// One network as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its watched nodes by name, at least one.
    pub nodes: Vec<Node>,
    /// How it is; absent while its exporter is not scraped, or names no states.
    pub state: Option<NetworkState>,
    /// How many references are configured; absent while its exporter is not scraped.
    pub references: Option<f64>,
    /// How many of them answer; absent while its exporter is not scraped.
    pub references_up: Option<f64>,
    /// Seconds between two samples: the poll interval or the scrape interval, whichever
    /// is longer; at least 1.
    pub spacing: u32,
    /// When the newest sample was taken, in unix seconds; absent when there was none
    /// within the last hour.
    pub newest: Option<f64>,
}

impl Network {
    /// Where a chart ends that is asked for `now`: at the newest sample while the next
    /// one is not overdue, so that its right edge is no gap.
    #[must_use]
    pub fn end(&self, now: i64) -> i64 {
        let newest = self.newest.map_or(i64::MIN, |newest| newest.ceil() as i64);
        if newest > now - 2 * i64::from(self.spacing) { newest.min(now) } else { now }
    }
}

/// One watched node as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: State,
    /// Its block minus the median: below zero is behind; absent when unknown.
    pub offset: Option<f64>,
}

/// How a watched node is right now, the worst first, but for what may be gone for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The exporter asks it and gets no usable block.
    Unreachable,
    /// It answers for another chain.
    WrongChain,
    /// It answers, but too few references do.
    NoConsensus,
    /// Its block has not risen for long.
    Stalled,
    /// Below the corridor.
    Behind,
    /// Above the corridor.
    Ahead,
    /// Inside the corridor.
    Ok,
    /// Prometheus has nothing newer.
    NotScraped,
}

impl State {
    /// As the exporter names it in a label.
    fn named(label: &str) -> Option<Self> {
        Some(match label {
            "unreachable" => Self::Unreachable,
            "wrong_chain" => Self::WrongChain,
            "unknown" => Self::NoConsensus,
            "stalled" => Self::Stalled,
            "behind" => Self::Behind,
            "ahead" => Self::Ahead,
            "ok" => Self::Ok,
            _ => return None,
        })
    }

    /// What the numbers alone tell, of an exporter that names no states.
    fn judged(up: f64, offset: Option<f64>, threshold: Option<f64>) -> Self {
        let threshold = threshold.unwrap_or(f64::INFINITY);
        match offset {
            _ if up < 1.0 => Self::Unreachable,
            None => Self::NoConsensus,
            Some(offset) if offset < -threshold => Self::Behind,
            Some(offset) if offset > threshold => Self::Ahead,
            Some(_) => Self::Ok,
        }
    }
}

impl Node {
    /// How bad it is: first the kind, then the blocks.
    #[must_use]
    pub fn badness(&self) -> (u8, f64) {
        let blocks = self.offset.unwrap_or(0.0).abs();
        match self.state {
            State::Unreachable => (6, 0.0),
            State::WrongChain => (5, 0.0),
            State::NoConsensus => (4, 0.0),
            State::Stalled => (3, blocks),
            State::Behind | State::Ahead => (2, blocks),
            State::Ok => (1, 0.0),
            State::NotScraped => (0, 0.0),
        }
    }
}

/// How a network is right now, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkState {
    /// Too few references answer.
    NoConsensus,
    /// The references are on different blocks.
    Split,
    /// No node's block rises.
    Halted,
    /// As it should be.
    Ok,
}

impl NetworkState {
    /// As the exporter names it in a label.
    fn named(label: &str) -> Option<Self> {
        Some(match label {
            "no_consensus" => Self::NoConsensus,
            "split" => Self::Split,
            "halted" => Self::Halted,
            "ok" => Self::Ok,
            _ => return None,
        })
    }
}

/// All networks with a watched node within the range, by name.
#[must_use]
pub fn read(found: &Survey<Vec<Series>>) -> Vec<Network> {
    let of_node = |found: &[Series], network: &str, node: &str| {
        let series =
            found.iter().find(|series| series.label("network") == network && series.label("node") == node);
        series.and_then(Series::newest)
    };
    let of_network = |found: &[Series], network: &str| {
        let series = found.iter().find(|series| series.label("network") == network);
        series.and_then(Series::newest)
    };
    let mut networks: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
    for series in &found.nodes {
        let (network, node) = (series.label("network"), series.label("node"));
        let lag = of_node(&found.lag, network, node).filter(|lag| lag.is_finite());
        // Not -0.0 for a node that is level.
        let offset = lag.map(|lag| 0.0 - lag);
        let told = found.node_state.iter();
        let told = told.filter(|series| series.label("network") == network && series.label("node") == node);
        let told = told.filter_map(|series| State::named(series.label("state"))).min();
        let threshold = of_network(&found.threshold, network);
        let (state, offset) = match (of_node(&found.up, network, node), told) {
            (None, _) => (State::NotScraped, None),
            (Some(_), Some(told)) => (told, offset),
            (Some(up), None) => (State::judged(up, offset, threshold), offset.filter(|_| up >= 1.0)),
        };
        let name = node.to_owned();
        networks.entry(network).or_default().push(Node { name, state, offset });
    }
    let network = |(name, mut nodes): (&str, Vec<Node>)| {
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let scrapes = found.scrapes.iter();
        let scrapes: Vec<_> = scrapes.filter(|series| series.label("network") == name).collect();
        let newest = scrapes.iter().filter_map(|series| series.samples.last());
        let states = found.network_state.iter().filter(|series| series.label("network") == name);
        Network {
            name: name.to_owned(),
            nodes,
            state: states.filter_map(|series| NetworkState::named(series.label("state"))).min(),
            references: of_network(&found.references, name),
            references_up: of_network(&found.references_up, name),
            spacing: spacing::of(&scrapes, of_network(&found.poll_interval, name)),
            newest: newest.map(|(time, _)| *time).reduce(f64::max),
        }
    };
    networks.into_iter().map(network).collect()
}

/// The network that a chart shows when nobody named one: the one in the worst state, of
/// equals the first by name. What is not scraped comes last, for it may be gone for good.
#[must_use]
pub fn worst(networks: &[Network]) -> Option<&Network> {
    // The smallest, since of equals that is the first.
    networks.iter().min_by(|a, b| {
        let (a, b) = (badness(a), badness(b));
        b.partial_cmp(&a).unwrap_or(Ordering::Equal)
    })
}

/// How bad it is: first whether the network itself is in trouble, then its worst node.
#[must_use]
pub fn badness(network: &Network) -> (bool, (u8, f64)) {
    let troubled = network.state.is_some_and(|state| state != NetworkState::Ok);
    let nodes = network.nodes.iter().map(Node::badness);
    (troubled, nodes.fold((0, 0.0), |worst, one| if one > worst { one } else { worst }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(network: &str, node: &str, value: f64) -> Series {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Series {
            labels: BTreeMap::from([label("network", network), label("node", node)]),
            samples: vec![(1_000.0, value)],
        }
    }

    #[test]
    fn how_every_node_is() {
        let networks = read(&Survey {
            nodes: vec![
                one("b", "z", 1.0),
                one("a", "away", 1.0),
                one("b", "down", 1.0),
                one("b", "alone", 1.0),
            ],
            up: vec![one("b", "z", 1.0), one("b", "down", 0.0), one("b", "alone", 1.0)],
            lag: vec![one("b", "z", 12.0), one("b", "down", 3.0)],
            node_state: vec![],
            network_state: vec![],
            threshold: vec![one("b", "", 5.0)],
            references: vec![one("b", "", 9.0)],
            references_up: vec![one("b", "", 8.0)],
            poll_interval: vec![one("a", "", 15.0), one("b", "", 30.0)],
            scrapes: vec![],
        });
        let states: Vec<_> = networks
            .iter()
            .flat_map(|network| &network.nodes)
            .map(|node| (node.name.as_str(), node.state, node.offset))
            .collect();
        assert_eq!(
            states,
            [
                ("away", State::NotScraped, None),
                ("alone", State::NoConsensus, None),
                ("down", State::Unreachable, None),
                ("z", State::Behind, Some(-12.0)),
            ]
        );
        assert_eq!(networks[0].state, None);
        assert_eq!(networks[1].references_up, Some(8.0));
        assert_eq!((networks[0].spacing, networks[1].spacing), (15, 30));
    }

    #[test]
    fn the_exporter_knows_the_state_best_and_of_two_the_worse_counts() {
        let with_state = |mut series: Series, state: &str| {
            series.labels.insert("state".into(), state.into());
            series
        };
        let networks = read(&Survey {
            nodes: vec![one("a", "n", 1.0), one("a", "new", 1.0)],
            up: vec![one("a", "n", 1.0), one("a", "new", 1.0)],
            lag: vec![one("a", "n", 2.0), one("a", "new", 9.0)],
            threshold: vec![one("a", "", 5.0)],
            node_state: vec![
                with_state(one("a", "n", 1.0), "ok"),
                with_state(one("a", "n", 1.0), "stalled"),
                with_state(one("a", "new", 1.0), "a state that came later"),
            ],
            network_state: vec![
                with_state(one("a", "", 1.0), "ok"),
                with_state(one("a", "", 1.0), "halted"),
                with_state(one("b", "", 1.0), "split"),
            ],
            ..Survey::default()
        });
        let told: Vec<_> = networks[0].nodes.iter().map(|node| (node.state, node.offset)).collect();
        assert_eq!(told, [(State::Stalled, Some(-2.0)), (State::Behind, Some(-9.0))]);
        assert_eq!(networks[0].state, Some(NetworkState::Halted));
    }

    #[test]
    fn a_chart_ends_at_the_newest_sample_unless_the_next_is_overdue() {
        let network = |newest| Network {
            name: "a".into(),
            nodes: vec![],
            state: None,
            references: None,
            references_up: None,
            spacing: 15,
            newest,
        };
        for (newest, end) in [
            (Some(999.2), 1_000),
            (Some(985.0), 985),
            (Some(970.2), 971),
            (Some(970.0), 1_000),
            (Some(2_000.0), 1_000),
            (None, 1_000),
        ] {
            assert_eq!(network(newest).end(1_000), end, "{newest:?}");
        }
    }

    type Now = (State, Option<f64>);

    #[test]
    fn the_worst_network_comes_first() {
        let network = |name: &str, nodes: &[Now]| Network {
            name: name.into(),
            nodes: nodes
                .iter()
                .map(|(state, offset)| Node { name: "n".into(), state: *state, offset: *offset })
                .collect(),
            state: None,
            references: None,
            references_up: None,
            spacing: 15,
            newest: None,
        };
        let (ok, gone) = ((State::Ok, Some(-5.0)), (State::NotScraped, None));
        let behind = |blocks: f64| (State::Behind, Some(-blocks));
        let (alone, down) = ((State::NoConsensus, None), (State::Unreachable, None));
        let first = |networks: &[(&str, &[Now])]| {
            let networks: Vec<_> = networks.iter().map(|(n, s)| network(n, s)).collect();
            worst(&networks).map(|network| network.name.clone()).unwrap()
        };
        assert_eq!(first(&[("a", &[ok]), ("b", &[ok])]), "a");
        assert_eq!(first(&[("a", &[gone]), ("b", &[ok])]), "b");
        assert_eq!(first(&[("a", &[ok]), ("b", &[behind(6.0)])]), "b");
        assert_eq!(first(&[("a", &[behind(6.0)]), ("b", &[ok, (State::Ahead, Some(7.0))])]), "b");
        assert_eq!(first(&[("a", &[behind(900.0)]), ("b", &[alone])]), "b");
        assert_eq!(first(&[("a", &[alone]), ("b", &[ok, down])]), "b");
        assert_eq!(worst(&[]), None);
        let halted = Network { state: Some(NetworkState::Halted), ..network("b", &[ok]) };
        assert_eq!(worst(&[network("a", &[down]), halted]).unwrap().name, "b");
    }
}
