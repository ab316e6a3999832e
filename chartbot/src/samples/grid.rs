//! The history of one network, column by column, as a chart and its caption read it.
//!
//! All values are "blocks from the median": the node's block minus the median, so
//! below zero is behind. Nothing here is made up: what is not known is absent.

use super::state::State;
use crate::chat::command::Range;

/// Roughly one column a pixel of the plot.
const COLUMNS: u32 = 1_100;
/// Prometheus answers with no more points than that.
const POINTS: u32 = 11_000;

/// The columns of a chart: column `i` covers the time from `start + i * step`
/// (exclusive) to `start + (i + 1) * step` (inclusive), in unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Begin of the first column, a multiple of `step`, in unix seconds.
    pub start: i64,
    /// Width of a column in seconds.
    pub step: u32,
    /// How many columns there are.
    pub len: usize,
}

impl Grid {
    /// The columns of a chart of `range` up to `until` (unix seconds), from samples that are
    /// `spacing` seconds apart.
    ///
    /// A step is a whole number of spacings, so that every column holds as many samples
    /// as the next, and at least two, so that a late scrape leaves no column empty.
    /// Steps begin at multiples of themselves, so that a column keeps its samples when
    /// the same chart is asked for again.
    #[must_use]
    pub fn new(range: Range, until: i64, spacing: u32) -> Self {
        Self::over(until - i64::from(range.seconds()), until, spacing)
    }

    /// The same from one moment to another.
    #[must_use]
    pub fn over(from: i64, until: i64, spacing: u32) -> Self {
        let spacing = spacing.max(1);
        let seconds = u32::try_from(until - from).unwrap_or(1);
        let step = seconds.div_ceil(COLUMNS).max(spacing.saturating_mul(2)).next_multiple_of(spacing);
        let width = i64::from(step);
        let start = from.div_euclid(width) * width;
        Self { start, step, len: ((until - start + width - 1) / width) as usize }
    }

    /// The same time in columns of another width.
    #[must_use]
    pub fn split(&self, step: u32) -> Self {
        let seconds = i64::from(self.step) * self.len as i64;
        Self { start: self.start, step, len: (seconds / i64::from(step)) as usize + 1 }
    }

    /// The same columns with some before them, for samples that were taken up to so many
    /// seconds before the first but count for a part of it; no more than a server answers.
    #[must_use]
    pub fn with_lead(&self, seconds: u32) -> Self {
        let lead = seconds.div_ceil(self.step).min(POINTS.saturating_sub(self.len as u32));
        Self {
            start: self.start - i64::from(lead) * i64::from(self.step),
            step: self.step,
            len: self.len + lead as usize,
        }
    }

    /// When the first and the last column are evaluated, in unix seconds: at the end of each,
    /// the last of all possibly a little after the range's own end.
    #[must_use]
    pub fn evaluated(&self) -> (i64, i64) {
        (self.column(0).1, self.column(self.len.saturating_sub(1)).1)
    }

    /// The column in which a moment is; absent where it is in none.
    #[must_use]
    pub fn place(&self, moment: f64) -> Option<usize> {
        let columns = ((moment - self.start as f64) / f64::from(self.step)).ceil();
        (columns >= 1.0).then(|| columns as usize - 1).filter(|place| *place < self.len)
    }

    /// Begin and end of a column in unix seconds.
    #[must_use]
    pub fn column(&self, i: usize) -> (i64, i64) {
        let step = i64::from(self.step);
        let begin = self.start + step * i as i64;
        (begin, begin + step)
    }

    /// The values of a query over a range, one place a column: each was evaluated at the
    /// end of the column that it speaks of.
    #[must_use]
    pub fn row(&self, samples: &[(f64, f64)]) -> Vec<Option<f64>> {
        let mut row = vec![None; self.len];
        for (time, value) in samples.iter().filter(|(_, value)| value.is_finite()) {
            let ends = (time - self.start as f64) / f64::from(self.step);
            let place = (ends >= 0.5).then(|| ends.round() as usize - 1);
            if let Some(place) = place.and_then(|place| row.get_mut(place)) {
                *place = Some(*value);
            }
        }
        row
    }
}

/// What was seen within one column, in blocks from the median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// The lowest sample.
    pub min: f64,
    /// The mean of all samples.
    pub mean: f64,
    /// The highest sample.
    pub max: f64,
}

/// One column of one watched node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Column {
    /// What was seen; absent where there was no lag.
    pub seen: Option<Envelope>,
    /// For what share of the column the node was in each state, the worst first; together less
    /// than 1 where it was not configured all the time.
    pub shares: Vec<(State, f32)>,
}

/// One watched node over the whole grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// The node's name, at most 63 characters.
    pub node: String,
    /// As many as the grid has columns.
    pub columns: Vec<Column>,
}

/// All that a chart shows of one network.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The network's name.
    pub network: String,
    /// First moment that is shown, in unix seconds; inside the first column.
    pub since: i64,
    /// When data begins, where that is later than was asked for, in unix seconds.
    pub data_since: Option<i64>,
    /// Last moment asked for, in unix seconds; inside the last column, which is
    /// therefore often younger than a whole step.
    pub until: i64,
    /// The columns of everything below.
    pub grid: Grid,
    /// The watched nodes that are shown, the worst first.
    pub watched: Vec<Watched>,
    /// How many there are, shown or not.
    pub nodes: usize,
    /// The best reference: highest block minus the median, so never below zero.
    pub best: Vec<Option<Envelope>>,
    /// Half the height of the corridor at that time; absent when unknown.
    pub threshold: Vec<Option<f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_whole_spacings_and_at_least_two() {
        for (range, spacing, step) in [
            (Range::HOUR, 15, 30),
            (Range::HOUR, 1, 4),
            (Range::HOUR, 60, 120),
            (Range::DAY, 15, 90),
            (Range::WEEK, 15, 555),
            (Range::WEEK, 600, 1_200),
            (Range::HOUR, 0, 4),
        ] {
            assert_eq!(Grid::new(range, 1_800_000_000, spacing).step, step, "{range:?} every {spacing} s");
        }
    }

    #[test]
    fn the_newest_partial_column_is_there() {
        let grid = Grid::new(Range::HOUR, 1_800_000_007, 15);
        assert_eq!((grid.start, grid.len), (1_799_996_400, 121));
        assert_eq!(grid.evaluated(), (1_799_996_430, 1_800_000_030));
        let lead = grid.with_lead(45);
        assert_eq!((lead.start, lead.len), (1_799_996_340, 123));
        // The end of a column belongs to it.
        let place = |moment: i64| grid.place(moment as f64);
        assert_eq!(place(1_799_996_400), None);
        assert_eq!(place(1_799_996_401), Some(0));
        assert_eq!(place(1_799_996_430), Some(0));
        assert_eq!(place(1_800_000_030), Some(120));
        assert_eq!(place(1_800_000_031), None);
    }

    proptest! {
        #[test]
        fn every_grid_holds_its_range(
            minutes in 10_u32..=525_600, now in 40_000_000_i64..4_000_000_000, spacing in 0_u32..7_200
        ) {
            let range = Range::parse(&format!("{minutes}m")).unwrap();
            let Grid { start, step, len } = Grid::new(range, now, spacing);
            let (from, step) = (now - i64::from(range.seconds()), i64::from(step));
            let end = start + step * len as i64;
            prop_assert_eq!(start % step, 0);
            prop_assert!(start <= from && from < start + step);
            prop_assert!(end - step < now && now <= end);
            prop_assert!((1..=11_000).contains(&len));
            prop_assert_eq!(step % i64::from(spacing.max(1)), 0);
            prop_assert!(step >= 2 * i64::from(spacing));
        }
    }
}
