//! PURE: answers of Prometheus -> what each exporter reported, sample by sample.
//!
//! The state of a sample is known without its raw series where all samples of its column are
//! in the same state, as the sums per column show. Only where a column is mixed, raw samples
//! are asked for.

use std::{collections::BTreeMap, ops::Range};

use super::{
    answer::{Labels, Series},
    grid::Grid,
    source::{NodeSamples, Source},
    state::{NetworkState, NodeState},
};

/// Into how many pieces what is asked for raw is divided at most.
const SPANS: usize = 16;

/// The labels of a series that belong to its target.
#[must_use]
pub fn target(labels: &Labels) -> Labels {
    const OURS: [&str; 5] = ["__name__", "network", "node", "role", "state"];
    let theirs = labels.iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
    theirs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Samples in order of time, each moment once: parts of an answer may share their edges.
pub(super) fn in_order(samples: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut samples = samples.to_vec();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    samples.dedup_by(|later, earlier| later.0 - earlier.0 < 0.001);
    samples
}

/// What an exporter reported column by column, of one node or of the network (`""`); empty where it
/// reported nothing.
pub(super) fn row(found: &[Series], node: &str, exporter: &Labels, grid: &Grid) -> Vec<Option<f64>> {
    let is_it = |it: &&Series| it.label("node") == node && target(&it.labels) == *exporter;
    found.iter().find(is_it).map(|it| grid.row(&it.samples)).unwrap_or_default()
}

/// What each exporter reported: when it was scraped, the poll interval, and the lag of `nodes`.
/// A node with a lag counts as `ok` until its states are filled in.
#[must_use]
pub fn sources(polls: &[Series], lag: &[Series], nodes: &[String]) -> Vec<Source> {
    let mut by_target: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for series in polls {
        by_target.entry(target(&series.labels)).or_default().extend(&series.samples);
    }
    // An exporter is known by its lag alone where it reports nothing else.
    for series in lag {
        by_target
            .entry(target(&series.labels))
            .or_insert_with(|| series.samples.iter().map(|(time, _)| (*time, f64::NAN)).collect());
    }
    let mut sources: Vec<_> = by_target
        .into_iter()
        .map(|(labels, samples)| {
            let samples = in_order(&samples);
            let n = samples.len();
            let (times, poll) = samples.into_iter().unzip();
            let node = NodeSamples { lag: vec![f64::NAN; n], state: vec![None; n] };
            Source {
                labels,
                times,
                poll,
                state: vec![NetworkState::Ok; n],
                threshold: vec![f64::NAN; n],
                nodes: vec![node; nodes.len()],
            }
        })
        .collect();
    for series in lag {
        let Some((source, node)) = find(&mut sources, nodes, series) else { continue };
        for_each(&source.times, &series.samples, |i, value| {
            source.nodes[node].lag[i] = value;
            source.nodes[node].state[i] = Some(NodeState::Ok);
        });
    }
    sources
}

fn find<'a>(sources: &'a mut [Source], nodes: &[String], series: &Series) -> Option<(&'a mut Source, usize)> {
    let node = nodes.iter().position(|node| node == series.label("node"))?;
    Some((of_target(sources, series)?, node))
}

fn of_target<'a>(sources: &'a mut [Source], series: &Series) -> Option<&'a mut Source> {
    let labels = target(&series.labels);
    sources.iter_mut().find(|source| source.labels == labels)
}

/// Calls with the place in `times` and the value of each sample that has one.
fn for_each(times: &[f64], samples: &[(f64, f64)], mut with: impl FnMut(usize, f64)) {
    let mut i = 0;
    for (time, value) in samples {
        if i > 0 && times[i - 1] > time + 0.001 {
            // The edge of a part comes twice.
            i = 0;
        }
        i += times[i..].iter().take_while(|at| **at < time - 0.001).count();
        if times.get(i).is_some_and(|at| at - time < 0.001) {
            with(i, *value);
        }
    }
}

/// Which columns are mixed, so that raw samples have to be asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unsettled(Vec<bool>);

impl Unsettled {
    /// None of so many columns.
    #[must_use]
    pub fn none(columns: usize) -> Self {
        Self(vec![false; columns])
    }

    /// The time to ask for, in unix seconds: begin (exclusive) and end of each span.
    #[must_use]
    pub fn spans(&self, grid: &Grid) -> Vec<(i64, i64)> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for i in (0..self.0.len()).filter(|i| self.0[*i]) {
            match spans.last_mut() {
                Some(last) if last.end == i => last.end = i + 1,
                _ => spans.push(i..i + 1),
            }
        }
        while spans.len() > SPANS {
            // The two that are closest together become one.
            let gap = |k: &usize| spans[k + 1].start - spans[*k].end;
            let Some(closest) = (0..spans.len() - 1).min_by_key(gap) else { break };
            let next = spans.remove(closest + 1);
            spans[closest].end = next.end;
        }
        spans.into_iter().map(|span| (grid.column(span.start).0, grid.column(span.end - 1).1)).collect()
    }
}

/// Gives every sample of a column the `value` if `counts` says that all are of that kind;
/// where only some are, the column is unsettled.
fn settle(
    source: &Source,
    grid: &Grid,
    counts: &Series,
    unsettled: &mut Unsettled,
    mut give: impl FnMut(Range<usize>),
) {
    for (i, count) in grid.row(&counts.samples).iter().enumerate() {
        let Some(count) = count.filter(|count| *count > 0.0) else { continue };
        let (begin, end) = grid.column(i);
        let within = source.within(begin as f64, end as f64);
        if within.len() as f64 == count {
            give(within);
        } else {
            unsettled.0[i] = true;
        }
    }
}

/// Fills in the states of nodes from how many samples of each column are in which state.
pub fn fill_node_states(
    sources: &mut [Source],
    nodes: &[String],
    grid: &Grid,
    per_column: &[Series],
) -> Unsettled {
    let mut unsettled = Unsettled::none(grid.len);
    for series in per_column {
        let Some(state) = NodeState::reported(series.label("state")) else { continue };
        let Some((source, node)) = find(sources, nodes, series) else { continue };
        let mut states = std::mem::take(&mut source.nodes[node].state);
        settle(source, grid, series, &mut unsettled, |places| states[places].fill(Some(state)));
        source.nodes[node].state = states;
    }
    unsettled
}

/// Fills in the states of nodes from raw samples.
pub fn fill_raw_node_states(sources: &mut [Source], nodes: &[String], raw: &[Series]) {
    for series in raw {
        let Some(state) = NodeState::reported(series.label("state")) else { continue };
        let Some((source, node)) = find(sources, nodes, series) else { continue };
        let states = &mut source.nodes[node].state;
        for_each(&source.times, &series.samples, |i, value| {
            if value == 1.0 {
                states[i] = Some(state);
            }
        });
    }
}

/// Fills in the states of the network from how many samples of each column are in which state.
pub fn fill_network_states(sources: &mut [Source], grid: &Grid, per_column: &[Series]) -> Unsettled {
    let mut unsettled = Unsettled::none(grid.len);
    for series in per_column {
        let Some(state) = NetworkState::reported(series.label("state")) else { continue };
        let Some(source) = of_target(sources, series) else { continue };
        let mut states = std::mem::take(&mut source.state);
        settle(source, grid, series, &mut unsettled, |places| states[places].fill(state));
        source.state = states;
    }
    unsettled
}

/// Fills in the states of the network from raw samples.
pub fn fill_raw_network_states(sources: &mut [Source], raw: &[Series]) {
    for series in raw {
        let Some(state) = NetworkState::reported(series.label("state")) else { continue };
        let Some(source) = of_target(sources, series) else { continue };
        let states = &mut source.state;
        for_each(&source.times, &series.samples, |i, value| {
            if value == 1.0 {
                states[i] = state;
            }
        });
    }
}

/// Fills in the thresholds from the smallest and the largest of each column.
pub fn fill_thresholds(sources: &mut [Source], grid: &Grid, [min, max]: [&[Series]; 2]) -> Unsettled {
    let mut unsettled = Unsettled::none(grid.len);
    for smallest in min {
        let Some(largest) = max.iter().find(|series| series.labels == smallest.labels) else { continue };
        let Some(source) = of_target(sources, smallest) else { continue };
        let rows = (grid.row(&smallest.samples), grid.row(&largest.samples));
        for (i, pair) in rows.0.into_iter().zip(rows.1).enumerate() {
            let (begin, end) = grid.column(i);
            match pair {
                (Some(smallest), Some(largest)) if smallest == largest => {
                    let within = source.within(begin as f64, end as f64);
                    source.threshold[within].fill(smallest);
                }
                (Some(_), _) => unsettled.0[i] = true,
                (None, _) => {}
            }
        }
    }
    unsettled
}

/// Fills in the thresholds from raw samples.
pub fn fill_raw_thresholds(sources: &mut [Source], raw: &[Series]) {
    for series in raw {
        let Some(source) = of_target(sources, series) else { continue };
        let thresholds = &mut source.threshold;
        for_each(&source.times, &series.samples, |i, value| thresholds[i] = value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { start: 0, step: 60, len: 3 };

    fn series(labels: &[(&str, &str)], samples: &[(f64, f64)]) -> Series {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series { labels: labels.collect(), samples: samples.to_vec() }
    }

    fn every_15_s(value: f64) -> Vec<(f64, f64)> {
        (1..=12).map(|i| (f64::from(i) * 15.0, value)).collect()
    }

    const MINE: [(&str, &str); 3] = [("job", "x"), ("network", "a"), ("node", "mine")];

    fn assembled() -> Vec<Source> {
        let polls = [series(&[("job", "x"), ("network", "a")], &every_15_s(15.0))];
        // The third minute has no lag.
        let lag = [series(&MINE, &every_15_s(9.0)[..8])];
        sources(&polls, &lag, &["mine".to_owned()])
    }

    #[test]
    fn a_state_is_known_from_sums_where_a_column_is_of_one_kind() {
        let (mut sources, nodes) = (assembled(), ["mine".to_owned()]);
        let state = |state| [MINE.as_slice(), &[("state", state)]].concat();
        let per_column = [
            series(&state("behind"), &[(60.0, 4.0), (120.0, 1.0)]),
            series(&state("unreachable"), &[(180.0, 4.0)]),
            series(&state("of a later version"), &[(60.0, 4.0)]),
        ];
        let unsettled = fill_node_states(&mut sources, &nodes, &GRID, &per_column);
        let states =
            |sources: &[Source], column: usize| sources[0].nodes[0].state[column * 4..][..4].to_vec();
        assert_eq!(states(&sources, 0), [Some(NodeState::Behind); 4]);
        assert_eq!(states(&sources, 2), [Some(NodeState::Unreachable); 4]);
        // The second column is mixed, and is looked at sample by sample.
        assert_eq!(unsettled.spans(&GRID), [(60, 120)]);
        let raw = [series(&state("behind"), &[(75.0, 0.0), (90.0, 1.0), (105.0, 0.0), (120.0, 0.0)])];
        fill_raw_node_states(&mut sources, &nodes, &raw);
        let (ok, behind) = (Some(NodeState::Ok), Some(NodeState::Behind));
        assert_eq!(states(&sources, 1), [ok, behind, ok, ok]);
    }

    #[test]
    fn a_threshold_that_changed_within_a_column_is_looked_at_closely() {
        let mut sources = assembled();
        let of = [("job", "x"), ("network", "a")];
        let least = [series(&of, &[(60.0, 5.0), (120.0, 5.0), (180.0, 9.0)])];
        let most = [series(&of, &[(60.0, 5.0), (120.0, 9.0), (180.0, 9.0)])];
        let unsettled = fill_thresholds(&mut sources, &GRID, [&least, &most]);
        assert_eq!(unsettled.spans(&GRID), [(60, 120)]);
        let raw = [series(&of, &[(75.0, 5.0), (90.0, 5.0), (105.0, 9.0), (120.0, 9.0)])];
        fill_raw_thresholds(&mut sources, &raw);
        assert_eq!(sources[0].threshold, [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]);
    }

    #[test]
    fn parts_that_share_an_edge_count_it_once() {
        let of = [("job", "x"), ("network", "a")];
        let polls = series(&of, &[(15.0, 15.0), (30.0, 15.0), (30.0, 15.0), (45.0, 15.0)]);
        let lag = series(&MINE, &[(15.0, 1.0), (30.0, 2.0), (30.0, 2.0), (45.0, 3.0)]);
        let sources = sources(&[polls], &[lag], &["mine".to_owned()]);
        assert_eq!(sources[0].times, [15.0, 30.0, 45.0]);
        assert_eq!(sources[0].nodes[0].lag, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn what_is_asked_for_raw_is_bounded_in_number() {
        let mut unsettled = Unsettled::none(200);
        for i in (0..200).step_by(5) {
            unsettled.0[i] = true;
        }
        let grid = Grid { start: 0, step: 60, len: 200 };
        let spans = unsettled.spans(&grid);
        assert_eq!(spans.len(), SPANS);
        assert_eq!((spans[0].0, spans[SPANS - 1].1), (0, 196 * 60));
    }
}
