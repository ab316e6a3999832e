//! PURE: what rules recorded of one network, as the blocks and rows that facts and columns are
//! made of.

use std::collections::HashMap;

use super::{
    answer::Series,
    assemble::row,
    grid::{Envelope, Grid},
    missing::Cause,
    spans::Bin,
    state::{NetworkState, NodeState, State},
    sums::{self, Sums},
};

/// So many seconds after the end of what it covers, a rule is evaluated: `offset` in
/// `rules/recording.yml`.
pub const OFFSET: i64 = 60;

/// What was recorded over some time, as lowest, mean and highest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds.
    pub end: f64,
    /// In the sign of the metric.
    pub seen: Envelope,
    /// How many samples that is about.
    pub samples: f64,
}

/// What is known of a node for one bin, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds.
    pub end: f64,
    /// Outside the corridor.
    pub outside: f64,
    /// Without a lag, by cause.
    pub missing: [(Cause, f64); Cause::ALL.len()],
    /// In each state, by its rank.
    pub states: [f64; State::ALL.len()],
}

/// The recorded part of a range.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Those that are used.
    pub bins: Vec<Bin>,
    sums: Vec<Sums>,
    /// Of each node, in the metric's sign: behind is above zero.
    pub lag: Vec<Vec<Row>>,
    /// Of the best reference.
    pub best: Vec<Row>,
    /// The threshold at the end of each row, in order.
    pub thresholds: Vec<(f64, f64)>,
    /// Whether each node has a lag in each cell.
    is_seen: Vec<Vec<bool>>,
    cells: Option<Grid>,
}

/// The answers about values, per cell: lowest, mean and highest.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// Of nodes.
    pub lag: [Vec<Series>; 3],
    /// Of the best reference.
    pub best: [Vec<Series>; 3],
    /// The newest threshold.
    pub thresholds: Vec<Series>,
}

/// How many samples of each exporter are used in which cell, by exporter and cell.
struct Used<'a> {
    samples: HashMap<(usize, usize), f64>,
    cells: &'a Grid,
}

impl<'a> Used<'a> {
    fn new(bins: &[Bin], cells: &'a Grid) -> Self {
        let mut samples = HashMap::new();
        for bin in bins {
            if let Some(cell) = cells.place(bin.end) {
                *samples.entry((bin.source, cell)).or_default() += bin.samples;
            }
        }
        Self { samples, cells }
    }

    /// The rows of a node, or of the network, from lowest, mean and highest values, in order.
    fn rows(&self, sums: &[Sums], found: [&[Series]; 3], node: &str) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (source, of) in sums.iter().enumerate() {
            let [min, mean, max] = found.map(|found| row(found, node, &of.labels, self.cells));
            let values = min.into_iter().zip(mean).zip(max).enumerate();
            rows.extend(values.filter_map(|(i, ((min, mean), max))| {
                let seen = Envelope { min: min?, mean: mean?, max: max? };
                let samples = *self.samples.get(&(source, i))?;
                let (begin, end) = self.cells.column(i);
                Some(Row { begin: begin as f64, end: end as f64, seen, samples })
            }));
        }
        rows.sort_by(|a, b| a.begin.total_cmp(&b.begin));
        rows
    }
}

impl Recorded {
    /// What was recorded, by the bins that are used: the lag in `cells`, the rest in the columns of
    /// `grid`. Of several exporters only cells that are no wider than a bin show the lag as
    /// reported by the one that counts.
    #[must_use]
    pub fn new(
        bins: Vec<Bin>,
        sums: Vec<Sums>,
        [cells, grid]: [Grid; 2],
        drawn: &Drawn,
        nodes: &[String],
    ) -> Self {
        let used = Used::new(&bins, &cells);
        let lag: Vec<_> = nodes
            .iter()
            .map(|node| used.rows(&sums, drawn.lag.each_ref().map(Vec::as_slice), node))
            .collect();
        let is_seen = lag.iter().map(|rows| {
            let mut is_seen = vec![false; cells.len];
            rows.iter().filter_map(|row| cells.place(row.end)).for_each(|cell| is_seen[cell] = true);
            is_seen
        });
        let is_seen = is_seen.collect();
        let used = Used::new(&bins, &grid);
        let best = used.rows(&sums, drawn.best.each_ref().map(Vec::as_slice), "");
        let thresholds = used.rows(&sums, [&drawn.thresholds; 3], "");
        let thresholds = thresholds.into_iter().map(|row| (row.end, row.seen.mean)).collect();
        Self { bins, sums, best, thresholds, is_seen, lag, cells: Some(cells) }
    }

    /// What is known of a node in a bin; absent where the node was not configured.
    #[must_use]
    pub fn block(&self, bin: &Bin, node: usize) -> Option<Block> {
        let sums = self.sums.get(bin.source)?;
        let of = sums.nodes.get(node)?;
        let missing = sums::at(&of.missing, bin.end);
        if missing == 0.0 && !self.is_seen(node, bin.end) {
            return None;
        }
        let of_network = |state| sums::sum(&sums.network, state, bin.end);
        let halted = (of_network(NetworkState::Halted) / bin.samples).min(1.0);
        let split = of_network(NetworkState::Split);
        let split = if split > 0.0 { split / (split + of_network(NetworkState::NoConsensus)) } else { 0.0 };
        let mut states = [0.0; State::ALL.len()];
        let mut add = |state: NodeState, samples: f64| {
            let (network, share) = match state {
                NodeState::Unknown => (NetworkState::Split, split),
                _ => (NetworkState::Halted, halted),
            };
            let seconds = samples * bin.each;
            states[State::of(state, network).rank()] += seconds * share;
            let otherwise =
                if state == NodeState::Unknown { NetworkState::NoConsensus } else { NetworkState::Ok };
            states[State::of(state, otherwise).rank()] += seconds * (1.0 - share);
        };
        let mut rest = bin.samples;
        for (state, _) in &of.states {
            let samples = sums::sum(&of.states, *state, bin.end).min(rest);
            add(*state, samples);
            rest -= samples;
        }
        add(NodeState::Ok, rest);
        states[State::NotScraped.rank()] = bin.lost();
        let elsewhere = sums::sum(&of.states, NodeState::WrongChain, bin.end);
        let unknown = sums::sum(&of.states, NodeState::Unknown, bin.end);
        let no_answer = (missing - elsewhere - unknown).max(0.0);
        Some(Block {
            begin: bin.begin(),
            end: bin.end,
            outside: sums::at(&of.outside, bin.end) * bin.each,
            missing: [
                (Cause::NoAnswer, no_answer * bin.each),
                (Cause::WrongChain, elsewhere * bin.each),
                (Cause::NoConsensus, unknown * bin.each),
                (Cause::NotScraped, bin.lost()),
            ],
            states,
        })
    }

    /// For how many seconds of a bin a node is not in this state.
    #[must_use]
    pub fn node_interrupted(&self, bin: &Bin, node: usize, state: NodeState) -> f64 {
        let Some(of) = self.sums.get(bin.source).and_then(|sums| sums.nodes.get(node)) else {
            return bin.end - bin.begin();
        };
        let is_absent = sums::at(&of.missing, bin.end) == 0.0 && !self.is_seen(node, bin.end);
        match state {
            NodeState::Gone | NodeState::NotScraped if is_absent => 0.0,
            _ if is_absent => bin.end - bin.begin(),
            _ => sums::interrupted(&of.states, bin, state, NodeState::Ok),
        }
    }

    /// For how many seconds of a bin the network is not in this state.
    #[must_use]
    pub fn network_interrupted(&self, bin: &Bin, state: NetworkState) -> f64 {
        let of = self.sums.get(bin.source).map_or(&[][..], |sums| &sums.network);
        sums::interrupted(of, bin, state, NetworkState::Ok)
    }

    fn is_seen(&self, node: usize, end: f64) -> bool {
        let cell = self.cells.and_then(|cells| cells.place(end));
        cell.zip(self.is_seen.get(node)).is_some_and(|(cell, is_seen)| is_seen[cell])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{answer::Labels, sums::Counted};

    fn series(more: &[(&str, &str)], samples: &[(f64, f64)]) -> Series {
        let labels = [("job", "x"), ("network", "a")].iter().chain(more);
        let labels: Labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Series { labels, samples: samples.to_vec() }
    }

    const NODE: (&str, &str) = ("node", "mine");
    const GRID: Grid = Grid { start: 0, step: 300, len: 4 };

    /// Four bins of a node that is polled every 15 s; in the third it is unknown.
    fn recorded(counted: Counted) -> Recorded {
        let nodes = ["mine".to_owned()];
        let bin = |i: usize, samples| Bin { end: 300.0 * i as f64, samples, each: 15.0, source: 0 };
        let bins = vec![bin(1, 20.0), bin(2, 16.0), bin(3, 20.0), bin(4, 20.0)];
        let samples = vec![series(&[], &bins.iter().map(|bin| (bin.end, bin.samples)).collect::<Vec<_>>())];
        let lag = |value| vec![series(&[NODE], &[(300.0, value), (600.0, value), (1_200.0, value)])];
        let drawn = Drawn { lag: [lag(-2.0), lag(1.0), lag(9.0)], ..Drawn::default() };
        Recorded::new(bins, sums::sums(&Counted { samples, ..counted }, &nodes), [GRID; 2], &drawn, &nodes)
    }

    #[track_caller]
    fn check(block: Option<Block>, outside: f64, missing: [f64; 4], states: &[(State, f64)]) {
        let block = block.unwrap();
        let shown: Vec<_> =
            State::ALL.into_iter().zip(block.states).filter(|(_, seconds)| *seconds > 0.0).collect();
        assert_eq!(
            (block.outside, block.missing.map(|(_, seconds)| seconds), &shown[..]),
            (outside, missing, states)
        );
    }

    #[test]
    fn numbers_of_samples_are_seconds_by_cause_and_state() {
        let state = |state, samples: &[(f64, f64)]| series(&[NODE, ("state", state)], samples);
        let of = recorded(Counted {
            network_states: vec![series(&[("state", "halted")], &[(1_200.0, 20.0)])],
            states: vec![
                state("behind", &[(300.0, 3.0)]),
                state("unreachable", &[(600.0, 2.0)]),
                state("wrong_chain", &[(600.0, 1.0)]),
                state("unknown", &[(600.0, 4.0)]),
            ],
            missing: vec![series(&[NODE], &[(600.0, 7.0)])],
            outside: vec![series(&[NODE], &[(300.0, 3.0)])],
            ..Counted::default()
        });
        let block = |place: usize| of.block(&of.bins[place], 0);
        check(block(0), 45.0, [0.0; 4], &[(State::Behind, 45.0), (State::Ok, 255.0)]);
        // Four scrapes were lost; of two that gave no answer one is in another state.
        let states = [
            (State::Unreachable, 30.0),
            (State::WrongChain, 15.0),
            (State::NotScraped, 60.0),
            (State::NoConsensus, 60.0),
            (State::Ok, 135.0),
        ];
        check(block(1), 0.0, [30.0, 15.0, 60.0, 60.0], &states);
        // Neither a lag nor a sample without one: not configured.
        assert_eq!(block(2), None);
        check(block(3), 0.0, [0.0; 4], &[(State::Halted, 300.0)]);
    }

    #[test]
    fn a_split_is_told_from_a_lack_of_consensus_and_a_node_from_its_network() {
        let of = recorded(Counted {
            network_states: vec![series(&[("state", "split")], &[(900.0, 20.0)])],
            states: vec![
                series(&[NODE, ("state", "unknown")], &[(900.0, 15.0)]),
                series(&[NODE, ("state", "unreachable")], &[(900.0, 5.0)]),
            ],
            missing: vec![series(&[NODE], &[(900.0, 20.0)])],
            ..Counted::default()
        });
        let states = [(State::Unreachable, 75.0), (State::Split, 225.0)];
        check(of.block(&of.bins[2], 0), 0.0, [75.0, 0.0, 225.0, 0.0], &states);
        assert_eq!(of.node_interrupted(&of.bins[2], 0, NodeState::Unknown), 75.0);
        assert_eq!(of.node_interrupted(&of.bins[0], 0, NodeState::Ok), 0.0);
        assert_eq!(of.network_interrupted(&of.bins[2], NetworkState::Ok), 300.0);
    }

    #[test]
    fn of_a_row_only_what_is_used_is_shown() {
        let mut of = recorded(Counted::default());
        assert_eq!(of.lag[0].iter().map(|row| row.end).collect::<Vec<_>>(), [300.0, 600.0, 1_200.0]);
        assert_eq!(of.lag[0][1].seen, Envelope { min: -2.0, mean: 1.0, max: 9.0 });
        of.bins.remove(1);
        let lag = |value| vec![series(&[NODE], &[(300.0, value), (600.0, value)])];
        let drawn = Drawn { lag: [lag(-2.0), lag(1.0), lag(9.0)], ..Drawn::default() };
        let of = Recorded::new(of.bins, of.sums, [GRID; 2], &drawn, &["mine".to_owned()]);
        assert_eq!(of.lag[0].iter().map(|row| row.end).collect::<Vec<_>>(), [300.0]);
    }
}
