//! PURE: from when on a range is drawn, in which columns, and when its data begins.

use super::{
    grid::Grid,
    spans::{self, Plan},
    timeline::Timeline,
};

/// A picture shows at least so many seconds.
const SHORTEST: i64 = 600;

/// What a picture shows of the range that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Its left edge, in unix seconds.
    pub since: i64,
    /// When data begins, where that is later than was asked for by more than a column.
    pub data_since: Option<i64>,
    /// Its columns.
    pub grid: Grid,
}

impl Frame {
    /// The whole range in the columns of `grid`. Where data begins late, the time from there on, in
    /// columns that fit it, for samples that are `spacing` seconds apart.
    #[must_use]
    pub fn new((from, until): (i64, i64), grid: Grid, spacing: u32, lines: &[Timeline], plan: &Plan) -> Self {
        let bin = plan.bins.first();
        let first = |recorded: Option<f64>| {
            let raw = lines.iter().filter_map(Timeline::begins);
            raw.chain(recorded).reduce(f64::min).map(|moment| moment.floor() as i64)
        };
        // What the first bin lacks is the time before the first sample.
        let begins = first(bin.map(|bin| bin.begin() + bin.lost()));
        let data_since = begins.filter(|begins| begins - from > i64::from(grid.step));
        // The end of the first bin, so that the first column holds what was recorded.
        let edge = first(bin.map(|bin| bin.end)).filter(|_| data_since.is_some());
        let Some(edge) = edge else { return Self { since: from, data_since, grid } };
        let since = edge.min(until - SHORTEST);
        Self { since, data_since, grid: late(since, until, spacing, bin.is_some()) }
    }
}

/// The columns from a late beginning to now. One that is narrower than a bin would often hold
/// nothing that was recorded.
fn late(begin: i64, until: i64, spacing: u32, is_recorded: bool) -> Grid {
    let least = if is_recorded { spans::WIDTH as u32 / 2 } else { 0 };
    Grid::over(begin, until, spacing.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::command::Range,
        samples::{
            source::{NodeSamples, Source},
            spans::Bin,
            state::{NetworkState, NodeState},
        },
    };

    const NOW: i64 = 1_800_000_123;

    /// One node, sampled every 15 s for the last `seconds`.
    fn line(range: Range, seconds: i64) -> Timeline {
        let times: Vec<f64> = (0..=seconds / 15).rev().map(|ago| (NOW - 15 * ago) as f64).collect();
        let n = times.len();
        let node = NodeSamples { lag: vec![0.0; n], state: vec![Some(NodeState::Ok); n] };
        let source = Source {
            times,
            poll: vec![15.0; n],
            state: vec![NetworkState::Ok; n],
            threshold: vec![5.0; n],
            nodes: vec![node],
            ..Source::default()
        };
        let from = NOW - i64::from(range.seconds());
        Timeline::new((from as f64, NOW as f64), vec!["mine".into()], vec![source])
    }

    /// How long ago the left edge is, and when data begins where that is late.
    fn ago(range: Range, lines: &[Timeline], plan: &Plan) -> (i64, Option<i64>) {
        let grid = Grid::new(range, NOW, 15);
        let frame = Frame::new((NOW - i64::from(range.seconds()), NOW), grid, 15, lines, plan);
        assert_eq!(frame.grid.place(NOW as f64), Some(frame.grid.len - 1));
        (NOW - frame.since, frame.data_since.map(|since| NOW - since))
    }

    #[test]
    fn data_begins_with_the_first_sample_however_wide_the_picture_is() {
        let ten_minutes = Range::parse("10m").unwrap();
        for (range, seconds, want) in [
            (Range::HOUR, 75, (600, Some(75))),
            (Range::DAY, 75, (600, Some(75))),
            (ten_minutes, 75, (600, Some(75))),
            (Range::DAY, 15, (600, Some(15))),
            (Range::HOUR, 1_800, (1_800, Some(1_800))),
            (Range::HOUR, 3_585, (3_600, None)),
            (Range::HOUR, 7_200, (3_600, None)),
        ] {
            assert_eq!(ago(range, &[line(range, seconds)], &Plan::default()), want, "{range:?} {seconds}");
        }
        assert_eq!(ago(Range::HOUR, &[], &Plan::default()), (3_600, None));
    }

    #[test]
    fn of_what_was_recorded_data_begins_within_the_first_bin() {
        let month = Range::parse("30d").unwrap();
        let bin = |ago: i64, samples| Bin { end: (NOW - ago) as f64, samples, each: 15.0, source: 0 };
        let lines = [line(month, 86_400)];
        for (ago_of_first, samples, want) in [
            (200_000, 20.0, (200_000, Some(200_300))),
            // The first scrape was in the middle of the bin.
            (200_000, 10.0, (200_000, Some(200_150))),
            // Data reaches farther back than the range, whose first column is read raw.
            (30 * 86_400 - 2_500, 20.0, (30 * 86_400, None)),
        ] {
            let plan = Plan { bins: vec![bin(ago_of_first, samples), bin(100_000, 20.0)], raw: Vec::new() };
            assert_eq!(ago(month, &lines, &plan), want, "{ago_of_first} {samples}");
        }
    }

    #[test]
    fn each_column_of_what_was_recorded_holds_a_bin() {
        let until = 1_800_000_123;
        for hours in [27, 36, 48, 72, 100] {
            let begin = until - hours * 3_600;
            let grid = late(begin, until, 15, true);
            let bins = (0..).map(|k| begin + 300 * k).take_while(|end| *end <= until - 86_400);
            let mut places: Vec<_> = bins.filter_map(|end| grid.place(end as f64)).collect();
            places.dedup();
            assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1), "{hours} h: {places:?}");
        }
        assert!(late(until - 48 * 3_600, until, 15, false).step < 300);
    }
}
