//! PURE: which networks and watched nodes there are, and how they are right now.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::{prometheus::Series, query::Survey};

/// Where neither the scrapes nor the exporter tell how far apart samples are.
const USUAL_SPACING: u32 = 60;
/// How many of the newest samples tell how far apart samples are.
const NEWEST: usize = 40;

/// One network as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its watched nodes by name, at least one.
    pub nodes: Vec<Node>,
    /// The threshold in blocks; absent while its exporter is not scraped.
    pub threshold: Option<f64>,
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
}

/// What is known of a watched node right now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// The exporter asks it and gets no usable block.
    NoAnswer,
    /// It answers, but too few references do.
    NoConsensus,
    /// Its block minus the median: below zero is behind.
    Known(f64),
    /// Prometheus has nothing newer.
    NotScraped,
}

impl State {
    /// How bad it is, against the threshold of its network: first the kind, then the
    /// blocks. What is not scraped comes last, since it may be gone for good.
    #[must_use]
    pub fn badness(self, threshold: Option<f64>) -> (u8, f64) {
        match self {
            Self::NoAnswer => (4, 0.0),
            Self::NoConsensus => (3, 0.0),
            Self::Known(offset) if offset.abs() > threshold.unwrap_or(f64::INFINITY) => (2, offset.abs()),
            Self::Known(_) => (1, 0.0),
            Self::NotScraped => (0, 0.0),
        }
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
    let mut networks: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
    for series in &found.nodes {
        let (network, node) = (series.label("network"), series.label("node"));
        let up = of_node(&found.up, network, node);
        let lag = of_node(&found.lag, network, node).filter(|lag| lag.is_finite());
        let state = match (up, lag) {
            (None, _) => State::NotScraped,
            (Some(up), _) if up < 1.0 => State::NoAnswer,
            // Not -0.0 for a node that is level.
            (Some(_), Some(lag)) => State::Known(0.0 - lag),
            (Some(_), None) => State::NoConsensus,
        };
        let name = node.to_owned();
        networks.entry(network).or_default().push(Node { name, state });
    }
    let network = |(name, mut nodes): (&str, Vec<Node>)| {
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let now = |found: &[Series]| {
            let series = found.iter().find(|series| series.label("network") == name);
            series.and_then(Series::newest)
        };
        let scrapes = found.scrapes.iter();
        let scrapes: Vec<_> = scrapes.filter(|series| series.label("network") == name).collect();
        let newest = scrapes.iter().filter_map(|series| series.samples.last());
        Network {
            name: name.to_owned(),
            nodes,
            threshold: now(&found.threshold),
            references: now(&found.references),
            references_up: now(&found.references_up),
            spacing: spacing(&scrapes, now(&found.poll_interval)),
            newest: newest.map(|(time, _)| *time).reduce(f64::max),
        }
    };
    networks.into_iter().map(network).collect()
}

/// The longer of the time between two scrapes (the median of the newest) and the poll
/// interval; only the poll interval when there were no scrapes lately.
fn spacing(scrapes: &[&Series], poll_interval: Option<f64>) -> u32 {
    let scraped = scrapes
        .iter()
        .filter_map(|series| {
            let newest = &series.samples[series.samples.len().saturating_sub(NEWEST)..];
            let mut apart: Vec<_> = newest.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
            apart.sort_by(f64::total_cmp);
            apart.get(apart.len() / 2).copied()
        })
        .reduce(f64::max);
    let polled = poll_interval.filter(|interval| interval.is_finite());
    match (scraped, polled) {
        (None, None) => USUAL_SPACING,
        (scraped, polled) => {
            let scraped = scraped.unwrap_or(0.0).round();
            scraped.max(polled.unwrap_or(0.0).ceil()).max(1.0) as u32
        }
    }
}

/// The network that a chart shows when nobody named one: the one in the worst state, of
/// equals the first by name.
#[must_use]
pub fn worst(networks: &[Network]) -> Option<&Network> {
    // The smallest, since of equals that is the first.
    networks.iter().min_by(|a, b| {
        let (a, b) = (badness(a), badness(b));
        b.0.cmp(&a.0).then(b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal))
    })
}

/// How bad the worst node is.
fn badness(network: &Network) -> (u8, f64) {
    let nodes = network.nodes.iter();
    let nodes = nodes.map(|node| node.state.badness(network.threshold));
    nodes.fold((0, 0.0), |worst, one| if one > worst { one } else { worst })
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

    fn scraped_at(times: &[f64]) -> Series {
        Series { samples: times.iter().map(|time| (*time, 15.0)).collect(), ..one("a", "", 0.0) }
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
            threshold: vec![one("b", "", 5.0)],
            references: vec![one("b", "", 9.0)],
            references_up: vec![one("b", "", 8.0)],
            poll_interval: vec![one("a", "", 15.0), one("b", "", 30.0)],
            scrapes: vec![],
        });
        let states: Vec<_> = networks
            .iter()
            .flat_map(|network| &network.nodes)
            .map(|node| (node.name.as_str(), node.state))
            .collect();
        assert_eq!(
            states,
            [
                ("away", State::NotScraped),
                ("alone", State::NoConsensus),
                ("down", State::NoAnswer),
                ("z", State::Known(-12.0)),
            ]
        );
        assert_eq!(networks[0].threshold, None);
        assert_eq!(networks[1].references_up, Some(8.0));
        assert_eq!((networks[0].spacing, networks[1].spacing), (15, 30));
    }

    #[test]
    fn samples_are_as_far_apart_as_the_slower_of_poll_and_scrape() {
        let jitter = [0.0, 15.003, 29.998, 60.001, 75.0];
        let slow = [0.0, 60.0, 120.0];
        let of = |scrapes: &[&[f64]], interval| {
            let scrapes: Vec<_> = scrapes.iter().map(|times| scraped_at(times)).collect();
            spacing(&scrapes.iter().collect::<Vec<_>>(), interval)
        };
        assert_eq!(of(&[&jitter], Some(15.0)), 15);
        assert_eq!(of(&[&jitter], Some(30.0)), 30);
        assert_eq!(of(&[&slow], Some(15.0)), 60);
        assert_eq!(of(&[&jitter, &slow], Some(15.0)), 60);
        assert_eq!(of(&[&[7.0]], Some(12.5)), 13);
        assert_eq!(of(&[], None), USUAL_SPACING);
        assert_eq!(of(&[&[0.0, 0.2, 0.4]], None), 1);
        // After a change of the scrape interval the newest samples tell.
        let mut changed: Vec<_> = (0..100).map(|i| f64::from(i) * 5.0).collect();
        changed.extend((0..30).map(|i| 500.0 + f64::from(i) * 60.0));
        assert_eq!(of(&[&changed], None), 60);
    }

    #[test]
    fn a_chart_ends_at_the_newest_sample_unless_the_next_is_overdue() {
        let network = |newest| Network {
            name: "a".into(),
            nodes: vec![],
            threshold: None,
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

    #[test]
    fn the_worst_network_comes_first() {
        let network = |name: &str, states: &[State]| Network {
            name: name.into(),
            nodes: states.iter().map(|state| Node { name: "n".into(), state: *state }).collect(),
            threshold: Some(5.0),
            references: None,
            references_up: None,
            spacing: 15,
            newest: None,
        };
        let (ok, gone) = (State::Known(-5.0), State::NotScraped);
        let first = |networks: &[(&str, &[State])]| {
            let networks: Vec<_> = networks.iter().map(|(n, s)| network(n, s)).collect();
            worst(&networks).map(|network| network.name.clone()).unwrap()
        };
        assert_eq!(first(&[("a", &[ok]), ("b", &[ok])]), "a");
        assert_eq!(first(&[("a", &[gone]), ("b", &[ok])]), "b");
        assert_eq!(first(&[("a", &[ok]), ("b", &[State::Known(6.0)])]), "b");
        assert_eq!(first(&[("a", &[State::Known(-6.0)]), ("b", &[ok, State::Known(7.0)])]), "b");
        assert_eq!(first(&[("a", &[State::Known(900.0)]), ("b", &[State::NoConsensus])]), "b");
        assert_eq!(first(&[("a", &[State::NoConsensus]), ("b", &[ok, State::NoAnswer])]), "b");
        assert_eq!(worst(&[]), None);
    }
}
