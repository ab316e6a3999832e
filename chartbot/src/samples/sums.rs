//! PURE: how many samples of what kind rules recorded, by exporter and bin.

use std::collections::HashMap;

use super::{
    answer::{Labels, Series},
    assemble::{in_order, row, target},
    grid::Grid,
    ranking,
    spans::{Bin, Count},
    state::{NetworkState, NodeState},
};

/// Numbers of samples by the end of their bin, in milliseconds; where there is none, it is 0.
pub(super) type Sparse = HashMap<i64, f64>;

fn key(end: f64) -> i64 {
    (end * 1_000.0).round() as i64
}

pub(super) fn at(of: &Sparse, end: f64) -> f64 {
    of.get(&key(end)).copied().unwrap_or(0.0)
}

fn sparse(series: &Series) -> Sparse {
    series.samples.iter().map(|(end, value)| (key(*end), *value)).collect()
}

/// The numbers of samples of one exporter.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// The labels of its target.
    pub(super) labels: Labels,
    /// End and number of each bin, in order.
    samples: Vec<(f64, f64)>,
    pub(super) network: Vec<(NetworkState, Sparse)>,
    /// In the order of the nodes that were asked for.
    pub(super) nodes: Vec<NodeSums>,
}

/// The numbers of samples of one node.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeSums {
    /// In each state but `ok`.
    pub(super) states: Vec<(NodeState, Sparse)>,
    /// Without a lag.
    pub(super) missing: Sparse,
    /// Outside the corridor.
    pub(super) outside: Sparse,
}

/// The answers about numbers of samples.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Of each exporter.
    pub samples: Vec<Series>,
    /// In each state of the network but `ok`.
    pub network_states: Vec<Series>,
    /// In each state of a node but `ok`.
    pub states: Vec<Series>,
    /// Of a node without a lag.
    pub missing: Vec<Series>,
    /// Of a node outside the corridor.
    pub outside: Vec<Series>,
}

/// The numbers of samples of each exporter.
#[must_use]
pub fn sums(counted: &Counted, nodes: &[String]) -> Vec<Sums> {
    let mut sums: Vec<Sums> = Vec::new();
    for series in &counted.samples {
        let samples = in_order(&series.samples);
        let nodes = vec![NodeSums::default(); nodes.len()];
        sums.push(Sums { labels: target(&series.labels), samples, network: Vec::new(), nodes });
    }
    for series in &counted.network_states {
        let state = NetworkState::reported(series.label("state"));
        if let Some((state, of)) = state.zip(of_target(&mut sums, series)) {
            of.network.push((state, sparse(series)));
        }
    }
    for series in &counted.states {
        let state = NodeState::reported(series.label("state"));
        if let Some((state, of)) = state.zip(of_node(&mut sums, nodes, series)) {
            of.states.push((state, sparse(series)));
        }
    }
    for series in &counted.missing {
        if let Some(of) = of_node(&mut sums, nodes, series) {
            of.missing = sparse(series);
        }
    }
    for series in &counted.outside {
        if let Some(of) = of_node(&mut sums, nodes, series) {
            of.outside = sparse(series);
        }
    }
    sums
}

fn of_target<'a>(sums: &'a mut [Sums], series: &Series) -> Option<&'a mut Sums> {
    let labels = target(&series.labels);
    sums.iter_mut().find(|sums| sums.labels == labels)
}

fn of_node<'a>(sums: &'a mut [Sums], nodes: &[String], series: &Series) -> Option<&'a mut NodeSums> {
    let node = nodes.iter().position(|node| node == series.label("node"))?;
    of_target(sums, series)?.nodes.get_mut(node)
}

/// What is needed to choose bins, with the smallest and the largest poll interval of each column.
#[must_use]
pub fn counts(sums: &[Sums], grid: &Grid, [min, max]: [&[Series]; 2]) -> Vec<Vec<Count>> {
    let of_exporter = |of: &Sums| {
        let [min, max] = [min, max].map(|found| row(found, "", &of.labels, grid));
        let poll = |end: f64| {
            let place = grid.place(end)?;
            let of = |row: &[Option<f64>]| row.get(place).copied().flatten();
            of(&min).filter(|min| *min > 0.0 && Some(*min) == of(&max))
        };
        let count = |(end, samples): &(f64, f64)| Count {
            end: *end,
            samples: *samples,
            poll: poll(*end),
            claim: claim(of, *end, *samples),
        };
        of.samples.iter().map(count).collect()
    };
    sums.iter().map(of_exporter).collect()
}

/// How good an exporter's claim is, where nothing changed within the bin.
fn claim(of: &Sums, end: f64, samples: f64) -> Option<ranking::Claim> {
    let network = only(&of.network, end, samples, NetworkState::Ok)?;
    let nodes = of.nodes.iter().map(|node| only(&node.states, end, samples, NodeState::Ok));
    let nodes: Option<Vec<_>> = nodes.collect();
    Some(ranking::exporter(network, nodes?.into_iter()))
}

/// The state of all samples of a bin, `ok` where there is no other; absent where it changed.
fn only<S: Copy>(states: &[(S, Sparse)], end: f64, samples: f64, ok: S) -> Option<S> {
    let mut found = states.iter().map(|(state, of)| (*state, at(of, end))).filter(|(_, count)| *count > 0.0);
    match (found.next(), found.next()) {
        (None, _) => Some(ok),
        (Some((state, count)), None) if count >= samples => Some(state),
        _ => None,
    }
}

/// How many samples of a bin are in this state.
pub(super) fn sum<S: PartialEq>(states: &[(S, Sparse)], state: S, end: f64) -> f64 {
    states.iter().filter(|(of, _)| *of == state).map(|(_, of)| at(of, end)).sum()
}

/// For how many seconds of a bin another state than this one, `ok` or not, was reported or none.
pub(super) fn interrupted<S: PartialEq + Copy>(states: &[(S, Sparse)], bin: &Bin, state: S, ok: S) -> f64 {
    let others: f64 = states.iter().map(|(_, of)| at(of, bin.end)).sum();
    let samples = if state == ok { bin.samples - others } else { sum(states, state, bin.end) };
    (bin.samples - samples) * bin.each + bin.lost()
}
