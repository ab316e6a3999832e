//! PURE: the samples of one exporter, and for how long each is valid.
//!
//! A sample is valid for the time up to the next one, at most for the poll interval in force, or
//! for the time between two scrapes where Prometheus scrapes less often than the exporter polls.

use super::{
    answer::Labels,
    ranking::{self, Claim},
    state::{NetworkState, NodeState},
};

/// A sample that comes later than this many times its due is not late, the one before it is
/// missing.
pub(super) const LATE: f64 = 1.5;
/// Prometheus itself takes a series for gone after so many seconds without a sample.
const STALE: f64 = 300.0;
/// How many distances on one side of a sample show how often Prometheus scraped at that time.
const NEARBY: usize = 32;
/// Fewer distances on one side show nothing.
const ENOUGH: usize = 8;

/// What one exporter reported of one network, sample by sample.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The labels that its target has: `job`, `instance` and the like.
    pub labels: Labels,
    /// When it was scraped, in unix seconds, rising.
    pub times: Vec<f64>,
    /// The poll interval in seconds, of each sample; not a number where unknown.
    pub poll: Vec<f64>,
    /// The network's state, of each sample.
    pub state: Vec<NetworkState>,
    /// The threshold in blocks, of each sample; not a number where unknown.
    pub threshold: Vec<f64>,
    /// Its watched nodes, in the order of the time line's.
    pub nodes: Vec<NodeSamples>,
}

/// What one exporter reported of one node, sample by sample.
#[derive(Debug, Clone, Default)]
pub struct NodeSamples {
    /// Blocks behind the median; not a number where unknown.
    pub lag: Vec<f64>,
    /// Its state; absent where the exporter did not know of the node.
    pub state: Vec<Option<NodeState>>,
}

impl Source {
    /// For how long the sample is valid at most, in seconds.
    pub(super) fn allowed(&self, i: usize) -> f64 {
        let poll = self.poll.get(i).copied().filter(|poll| poll.is_finite()).unwrap_or(0.0);
        match self.times.get(i + 1) {
            Some(next) if next - self.times[i] <= LATE * poll => poll,
            _ => poll.max(beat(&self.times, i)).max(1.0),
        }
    }

    /// For how long the sample is valid, in seconds.
    pub(super) fn validity(&self, i: usize, until: f64) -> f64 {
        let allowed = self.allowed(i);
        let next = self.times.get(i + 1).copied().unwrap_or(until.max(self.times[i])) - self.times[i];
        if next <= LATE * allowed { next } else { allowed }
    }

    /// The smallest counts, where several exporters have a sample.
    pub(super) fn rank(&self, i: usize) -> Claim {
        ranking::exporter(self.state[i], self.nodes.iter().filter_map(|node| *node.state.get(i)?))
    }

    /// The places of the samples in `(begin, end]`.
    #[must_use]
    pub fn within(&self, begin: f64, end: f64) -> std::ops::Range<usize> {
        let after = |moment: f64| self.times.partition_point(|time| *time <= moment);
        after(begin)..after(end)
    }
}

/// How often Prometheus scraped around the sample `i`, in seconds; 0 where nothing shows it.
/// Lost scrapes make distances longer but never shorter, so a low one of many is looked for, on
/// each side alone since the interval may have changed; and what is longer than Prometheus'
/// own look-back is no interval.
fn beat(times: &[f64], i: usize) -> f64 {
    let distances = |range: std::ops::Range<usize>| {
        let mut apart: Vec<_> = times[range].windows(2).map(|pair| pair[1] - pair[0]).collect();
        apart.sort_by(f64::total_cmp);
        apart
    };
    let before = distances(i.saturating_sub(NEARBY)..i + 1);
    let after = distances(i..(i + NEARBY + 1).min(times.len()));
    let low = |apart: &[f64]| apart.get(apart.len() / 16).copied();
    let sides = [&before, &after].into_iter().filter(|apart| apart.len() >= ENOUGH);
    let beat = sides.filter_map(|apart| low(apart)).reduce(f64::max).or_else(|| {
        let mut all = [before.as_slice(), after.as_slice()].concat();
        all.sort_by(f64::total_cmp);
        low(&all).filter(|_| all.len() >= 2)
    });
    beat.filter(|beat| *beat <= STALE).unwrap_or(0.0)
}
