//! PURE: a time line -> the columns of a chart.

use super::{
    grid::{Column, Envelope, Grid},
    past::{Past, Step},
    recorded::{Block, Row},
    state::State,
    timeline::{Span, Timeline},
};

/// What has come together of one column so far.
#[derive(Clone, Copy, Default)]
struct Gathered {
    /// Of its own samples, in blocks from the median.
    min: f64,
    max: f64,
    sum: f64,
    samples: f64,
    /// The value of an earlier sample that is still valid within the column.
    held: Option<f64>,
    /// Seconds in each state, by its rank.
    seconds: [f64; State::ALL.len()],
}

impl Gathered {
    fn add(&mut self, seen: Envelope, samples: f64) {
        let first = self.samples == 0.0;
        self.min = if first { seen.min } else { self.min.min(seen.min) };
        self.max = if first { seen.max } else { self.max.max(seen.max) };
        self.sum += seen.mean * samples;
        self.samples += samples;
    }

    fn column(self, seconds: f64) -> Column {
        let own = (self.samples > 0.0).then(|| Envelope {
            min: self.min,
            mean: self.sum / self.samples,
            max: self.max,
        });
        let held = self.held.map(|held| Envelope { min: held, mean: held, max: held });
        let states = State::ALL.into_iter().zip(self.seconds).filter(|(_, of)| *of > 0.0);
        let shares = states.map(|(state, of)| (state, (of / seconds).min(1.0) as f32)).collect();
        Column { seen: own.or(held), shares }
    }
}

/// The columns of one node. A column without a sample of its own shows the one that still
/// is valid, as where samples are farther apart than columns.
#[must_use]
pub fn of_node(past: &Past, node: usize, grid: &Grid) -> Vec<Column> {
    let mut gathered = vec![Gathered::default(); grid.len];
    let (from, until) = (past.from(), past.newest().until);
    past.each(node, |step| match step {
        Step::Span(span) => add(&mut gathered, &span, from, grid),
        Step::Block(block) => add_block(&mut gathered, &block, grid),
    });
    for row in past.recorded.lag.get(node).into_iter().flatten() {
        // Behind is below zero.
        let seen = Envelope { min: 0.0 - row.seen.max, mean: 0.0 - row.seen.mean, max: 0.0 - row.seen.min };
        if let Some(place) = grid.place(row.end) {
            gathered[place].add(seen, row.samples);
        }
    }
    let seconds = |i: usize| {
        let (begin, end) = grid.column(i);
        (end as f64).min(until) - (begin as f64).max(from)
    };
    gathered.into_iter().enumerate().map(|(i, gathered)| gathered.column(seconds(i))).collect()
}

fn add(gathered: &mut [Gathered], span: &Span, from: f64, grid: &Grid) {
    let Some(state) = span.state.map(|state| State::of(state, span.network)) else { return };
    let offset = span.lag.map(|lag| 0.0 - lag);
    if let (Some(offset), Some(at)) = (offset, span.at.filter(|at| *at >= from))
        && let Some(place) = grid.place(at)
    {
        gathered[place].add(Envelope { min: offset, mean: offset, max: offset }, 1.0);
    }
    for (i, seconds) in overlapped(grid, span.begin, span.end) {
        let Some(column) = gathered.get_mut(i) else { continue };
        column.held = offset.or(column.held);
        column.seconds[state.rank()] += seconds;
    }
}

fn add_block(gathered: &mut [Gathered], block: &Block, grid: &Grid) {
    for (i, seconds) in overlapped(grid, block.begin, block.end) {
        let Some(column) = gathered.get_mut(i) else { continue };
        let share = seconds / (block.end - block.begin);
        column.seconds.iter_mut().zip(block.states).for_each(|(sum, of)| *sum += of * share);
    }
}

/// The columns that a span touches, each with how many seconds of it.
fn overlapped(grid: &Grid, begin: f64, end: f64) -> impl Iterator<Item = (usize, f64)> {
    let step = f64::from(grid.step);
    let start = grid.start as f64;
    let first = ((begin - start) / step).floor().max(0.0) as usize;
    let last = (((end - start) / step).ceil() as usize).min(grid.len);
    (first..last).map(move |i| {
        let column = start + step * i as f64;
        (i, end.min(column + step) - begin.max(column))
    })
}

/// The threshold in force at the end of each column; absent where unknown.
#[must_use]
pub fn thresholds(past: &Past, grid: &Grid) -> Vec<Option<f64>> {
    let mut row = vec![None; grid.len];
    for (end, threshold) in &past.recorded.thresholds {
        if let Some(place) = grid.place(*end) {
            row[place] = Some(*threshold);
        }
    }
    for line in past.raw() {
        for piece in &line.pieces {
            let threshold = line.sources[piece.source].threshold[piece.sample];
            for (i, _) in overlapped(grid, piece.begin, piece.end).filter(|_| threshold.is_finite()) {
                row[i] = Some(threshold);
            }
        }
    }
    row
}

/// Rows put together by columns; each shows in all columns that it touches.
#[must_use]
pub fn envelopes<'a>(rows: impl Iterator<Item = &'a Row>, grid: &Grid) -> Vec<Option<Envelope>> {
    let mut gathered = vec![Gathered::default(); grid.len];
    for row in rows {
        for (i, seconds) in overlapped(grid, row.begin, row.end) {
            gathered[i].add(row.seen, row.samples * seconds / (row.end - row.begin));
        }
    }
    gathered.into_iter().map(|gathered| gathered.column(1.0).seen).collect()
}

/// Which exporter counted last in a column, and between which moments any did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counting {
    /// Its place.
    pub source: usize,
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds.
    pub end: f64,
}

/// Which exporter counted in each column; absent where none did.
#[must_use]
pub fn sources(line: &Timeline, grid: &Grid) -> Vec<Option<Counting>> {
    let mut row: Vec<Option<Counting>> = vec![None; grid.len];
    for piece in &line.pieces {
        for (i, _) in overlapped(grid, piece.begin, piece.end) {
            let (begin, end) = grid.column(i);
            let begin = row[i].map_or(piece.begin.max(begin as f64), |before| before.begin);
            row[i] = Some(Counting { source: piece.source, begin, end: piece.end.min(end as f64) });
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{
        answer::Labels,
        recorded::Recorded,
        source::{NodeSamples, Source},
        state::{NetworkState, NodeState},
    };

    /// One node, sampled at these times; without a lag it gave no answer.
    fn line(samples: &[(f64, Option<f64>)], poll: f64, until: f64) -> Timeline {
        let state =
            |lag: &Option<f64>| Some(if lag.is_some() { NodeState::Ok } else { NodeState::Unreachable });
        let source = Source {
            labels: Labels::new(),
            times: samples.iter().map(|(time, _)| *time).collect(),
            poll: vec![poll; samples.len()],
            state: vec![NetworkState::Ok; samples.len()],
            threshold: vec![5.0; samples.len()],
            nodes: vec![NodeSamples {
                lag: samples.iter().map(|(_, lag)| lag.unwrap_or(f64::NAN)).collect(),
                state: samples.iter().map(|(_, lag)| state(lag)).collect(),
            }],
        };
        Timeline::new((0.0, until), vec!["mine".into()], vec![source])
    }

    fn past(line: Timeline) -> Past {
        Past::new(vec![line], Recorded::default()).unwrap()
    }

    const GRID: Grid = Grid { start: 0, step: 60, len: 3 };

    #[test]
    fn a_column_holds_its_own_samples_and_a_spike_survives() {
        let samples = [(0.0, 9.0), (15.0, 1.0), (30.0, -2.0), (45.0, 1.0), (60.0, 4.0), (75.0, 0.0)];
        let line = line(&samples.map(|(time, lag)| (time, Some(lag))), 15.0, 90.0);
        let columns = of_node(&past(line.clone()), 0, &GRID);
        // The sample at the beginning belongs to the column before.
        let first = Envelope { min: -4.0, mean: -1.0, max: 2.0 };
        assert_eq!(columns[0], Column { seen: Some(first), shares: vec![(State::Ok, 1.0)] });
        assert_eq!(columns[1].seen, Some(Envelope { min: 0.0, mean: 0.0, max: 0.0 }));
        // What is not over yet counts only as far as it has come.
        assert_eq!((&columns[1].shares[..], columns[2].seen), (&[(State::Ok, 1.0)][..], None));
        assert_eq!(thresholds(&past(line), &GRID), [Some(5.0), Some(5.0), None]);
    }

    #[test]
    fn a_sample_fills_the_columns_that_it_stands_for() {
        let columns = of_node(&past(line(&[(10.0, Some(7.0))], 150.0, 180.0)), 0, &GRID);
        let held = Some(Envelope { min: -7.0, mean: -7.0, max: -7.0 });
        assert_eq!(columns.iter().map(|column| column.seen).collect::<Vec<_>>(), [held; 3]);
        // Nothing is known of the time before, when the node was not configured.
        assert_eq!(columns[0].shares, [(State::Ok, 50.0 / 60.0)]);
    }

    #[test]
    fn every_state_has_its_share_and_the_worst_is_first() {
        let samples = [(0.0, Some(0.0)), (15.0, None), (30.0, Some(0.0)), (45.0, Some(0.0)), (60.0, None)];
        let mut line = line(&samples, 15.0, 120.0);
        line.known_before = vec![true];
        let columns = of_node(&past(line), 0, &GRID);
        assert_eq!(columns[0].shares, [(State::Unreachable, 0.25), (State::Ok, 0.75)]);
        let shares = [(State::Unreachable, 0.25), (State::NotScraped, 0.75)];
        assert_eq!((columns[1].seen, &columns[1].shares[..]), (None, &shares[..]));
    }

    #[test]
    fn a_halted_chain_is_no_calm_one() {
        let samples: Vec<_> = (0..8).map(|i| (f64::from(i) * 15.0, Some(0.0))).collect();
        let mut line = line(&samples, 15.0, 120.0);
        line.sources[0].state[4..].fill(NetworkState::Halted);
        let shares = of_node(&past(line), 0, &GRID).into_iter().map(|column| column.shares);
        let want = [vec![(State::Ok, 1.0)], vec![(State::Halted, 1.0)], vec![]];
        assert_eq!(shares.collect::<Vec<_>>(), want);
    }

    #[test]
    fn an_exporter_counts_from_its_first_to_its_last_sample() {
        let grid = Grid { start: 0, step: 80, len: 4 };
        let times: Vec<_> = [100.0, 115.0, 130.0, 145.0, 160.0].map(|time| (time, Some(0.0))).into();
        let counted = sources(&line(&times, 15.0, 320.0), &grid);
        let from_to = |begin, end| Some(Counting { source: 0, begin, end });
        assert_eq!(counted, [None, from_to(100.0, 160.0), from_to(160.0, 175.0), None]);
    }
}
