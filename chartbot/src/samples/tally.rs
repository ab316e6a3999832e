//! PURE: the history of a network -> how long each node was outside its corridor or
//! unknown, and its worst sample.

use std::ops::RangeInclusive;

use crate::{
    samples::answer::Series,
    samples::grid::{Column, Envelope, History, Watched},
};

/// How long a node was where, within the range asked for.
///
/// Told by the samples, not by whole columns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// Seconds outside the corridor; absent when Prometheus was needed to count them and
    /// could not.
    pub outside: Option<f64>,
    /// Seconds without a value, whatever the cause.
    pub missing: f64,
    /// Since when there is no value for the cause that holds at the end, in unix seconds;
    /// absent while there is a value, and when there was none in the whole range.
    pub missing_since: Option<f64>,
    /// The sample farthest from the median; absent without any.
    pub worst: Option<Worst>,
}

/// A sample of a node that is worth telling of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// Its block minus the median: below zero is behind.
    pub offset: f64,
    /// When it was, in unix seconds; as long as nobody asked for the very sample, the
    /// middle of its column.
    pub when: f64,
    /// The column it fell into.
    pub column: usize,
}

impl Worst {
    /// Takes the time of the very sample, the first of equals, from those of its column.
    pub fn pin_down(&mut self, samples: &[Series]) {
        let alike = samples.iter().flat_map(|series| &series.samples).filter(|(_, lag)| -lag == self.offset);
        self.when = alike.map(|(time, _)| *time).reduce(f64::min).unwrap_or(self.when);
    }
}

/// From the first to the last column that has samples on both sides of the corridor's edge:
/// how many are outside is not told by its envelope. None where every column is clear.
#[must_use]
pub fn straddling(history: &History) -> Option<RangeInclusive<usize>> {
    let straddles = |i: &usize| {
        let corridor = corridor(&history.threshold, *i);
        let seen = history.watched.iter().filter_map(|node| node.columns.get(*i)?.seen);
        seen.map(|seen| outside(seen, corridor)).any(|share| share.is_none())
    };
    let mut columns = (0..history.grid.len).filter(straddles);
    let first = columns.next()?;
    Some(first..=columns.next_back().unwrap_or(first))
}

/// A tally for each watched node, in their order. `found` is the share of samples outside
/// the corridor, at least for the columns that are [`straddling`]; absent when it could not
/// be found out. Samples are `spacing` seconds apart.
#[must_use]
pub fn tallies(history: &History, found: Option<&[Series]>, spacing: u32) -> Vec<Tally> {
    let one_sample = f64::from(spacing) / f64::from(history.grid.step);
    let tally = |node: &Watched| {
        let shares = found.map(|found| {
            let shares = found.iter().find(|series| series.label("node") == node.node);
            shares.map_or_else(Vec::new, |series| history.grid.row(&series.samples))
        });
        tally(history, &node.columns, shares.as_deref(), one_sample)
    };
    history.watched.iter().map(tally).collect()
}

/// `one_sample` is the share of a column that one sample stands for.
fn tally(history: &History, columns: &[Column], shares: Option<&[Option<f64>]>, one_sample: f64) -> Tally {
    let mut tally = Tally { worst: worst(history, columns), ..Tally::default() };
    let mut seconds_outside = Some(0.0);
    let mut share = None;
    let mut before = None;
    let mut cause = None;
    let mut missing_before = 0.0;
    for (i, column) in columns.iter().enumerate() {
        let (begin, end) = history.grid.column(i);
        let begin = begin.max(history.since);
        let width = (end.min(history.until) - begin).max(0) as f64;
        let known = width * column.known;
        if let Some(seen) = column.seen {
            let corridor = corridor(&history.threshold, i);
            let clear = outside(seen, corridor);
            // One is outside for certain where the corridor stayed the same, though a look every
            // so often misses one that came just before another.
            let least = corridor.filter(|(narrow, wide)| narrow == wide).map_or(0.0, |_| one_sample);
            let asked = || Some(shares?.get(i).copied().flatten()?.max(least));
            // A column between two samples goes on as the one before, which it is like.
            let goes_on = share.filter(|_| before == column.seen);
            share = clear.or_else(asked).or(goes_on);
            seconds_outside = seconds_outside.zip(share).map(|(sum, share)| sum + known * share);
        }
        before = column.seen;
        tally.missing += width - known;
        let gone = column.missing.filter(|_| column.seen.is_none());
        if gone != cause {
            // A gap began within the column before, where a part was already missing.
            tally.missing_since = gone.map(|_| begin as f64 - missing_before);
            cause = gone;
        }
        missing_before = if gone.is_none() { width - known } else { 0.0 };
    }
    if columns.iter().all(|column| column.seen.is_none()) {
        tally.missing_since = None;
    }
    // To the millisecond, since the last digits of shares depend on the server: half a minute
    // is rounded alike then.
    let rounded = |seconds: f64| (seconds * 1_000.0).round() / 1_000.0;
    Tally { outside: seconds_outside.map(rounded), missing: rounded(tally.missing), ..tally }
}

/// The thresholds in force within a column, the smaller first; absent when unknown. It is
/// known at the end of each column, so at its beginning that of the column before holds.
fn corridor(threshold: &[Option<f64>], i: usize) -> Option<(f64, f64)> {
    let at = |i: usize| threshold.get(i).copied().flatten();
    let end = at(i)?;
    let begin = i.checked_sub(1).and_then(at).unwrap_or(end);
    Some((begin.min(end), begin.max(end)))
}

/// Share of the samples in `seen` outside the corridor, none without one; absent when the
/// ends of the envelope do not tell.
fn outside(seen: Envelope, corridor: Option<(f64, f64)>) -> Option<f64> {
    let Some((narrow, wide)) = corridor else { return Some(0.0) };
    let all_inside = -narrow <= seen.min && seen.max <= narrow;
    let all_outside = seen.max < -wide || wide < seen.min;
    match (all_inside, all_outside) {
        (true, _) => Some(0.0),
        (_, true) => Some(1.0),
        (false, false) => None,
    }
}

/// The sample farthest from the median, as far as columns can tell; of equals one that is
/// behind, and of those the first.
#[must_use]
pub fn worst(history: &History, columns: &[Column]) -> Option<Worst> {
    let mut worst: Option<Worst> = None;
    for (column, seen) in columns.iter().enumerate().filter_map(|(i, column)| Some((i, column.seen?))) {
        let offset = if -seen.min >= seen.max { seen.min } else { seen.max };
        let badness = |offset: f64| (offset.abs(), offset < 0.0);
        if worst.is_none_or(|worst| badness(offset) > badness(worst.offset)) {
            let (begin, end) = history.grid.column(column);
            let middle = (begin as f64 + end as f64) / 2.0;
            let when = middle.clamp(history.since as f64, history.until as f64);
            worst = Some(Worst { offset, when, column });
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::samples::grid::{Cause, Grid};

    const STEP: u32 = 600;

    /// One node from 0 on, in columns of ten minutes.
    fn history(columns: &[Column], threshold: &[Option<f64>]) -> History {
        let len = columns.len();
        History {
            network: "polygon".into(),
            since: 0,
            until: i64::from(STEP) * len as i64,
            grid: Grid { start: 0, step: STEP, len },
            watched: vec![Watched { node: "mine".into(), columns: columns.to_vec() }],
            best: vec![None; len],
            threshold: threshold.to_vec(),
        }
    }

    fn seen(min: f64, max: f64) -> Column {
        Column { seen: Some(Envelope { min, mean: min, max }), missing: None, known: 1.0 }
    }

    fn gone(cause: Cause) -> Column {
        Column { seen: None, missing: Some(cause), known: 0.0 }
    }

    /// What is told of these columns when for some of them the share outside was asked for.
    fn told(history: &History, shares: &[(usize, f64)]) -> Tally {
        let samples = shares.iter().map(|(i, share)| (history.grid.column(*i).1 as f64, *share));
        let labels = BTreeMap::from([("node".to_owned(), "mine".to_owned())]);
        tallies(history, Some(&[Series { labels, samples: samples.collect() }]), 15)[0]
    }

    #[test]
    fn only_what_the_envelope_leaves_open_is_asked_for() {
        let clear = [seen(-5.0, 5.0), seen(-9.0, -6.0), seen(6.0, 7.0), gone(Cause::NoAnswer)];
        let five = [Some(5.0); 8];
        let calm = history(&clear, &five);
        assert_eq!(straddling(&calm), None);
        assert_eq!(told(&calm, &[]).outside, Some(1_200.0));

        let open = [clear[0], seen(-9.0, 0.0), clear[0], seen(-6.0, 6.0), clear[1]];
        let open = history(&open, &five);
        assert_eq!(straddling(&open), Some(1..=3));
        assert_eq!(told(&open, &[(1, 0.5), (2, 0.0), (3, 0.25)]).outside, Some(300.0 + 150.0 + 600.0));
    }

    #[test]
    fn a_lone_sample_outside_counts_as_one_also_where_the_look_missed_it() {
        let spike = history(&[seen(0.0, 0.0), seen(-9.0, 0.0), seen(0.0, 0.0)], &[Some(5.0); 3]);
        assert_eq!(told(&spike, &[(1, 0.0)]).outside, Some(15.0));
    }

    #[test]
    fn a_corridor_that_changes_within_a_column_leaves_more_open() {
        let changed = history(&[seen(-7.0, -7.0); 3], &[Some(5.0), Some(9.0), Some(9.0)]);
        assert_eq!(straddling(&changed), Some(1..=1));
        assert_eq!(told(&changed, &[(1, 0.5)]).outside, Some(600.0 + 300.0));
        let unknown = history(&[seen(-7.0, -7.0); 2], &[None; 2]);
        assert_eq!(straddling(&unknown), None);
        assert_eq!(told(&unknown, &[]).outside, Some(0.0));
    }

    #[test]
    fn a_column_between_two_samples_goes_on_as_the_one_before() {
        let columns = [seen(-9.0, 0.0), seen(-9.0, 0.0), seen(0.0, 0.0)];
        assert_eq!(told(&history(&columns, &[Some(5.0); 3]), &[(0, 0.5)]).outside, Some(600.0));
    }

    #[test]
    fn what_could_not_be_counted_is_not_told() {
        let outside = |columns: &[Column]| tallies(&history(columns, &[Some(5.0); 3]), None, 15)[0].outside;
        assert_eq!(outside(&[seen(-9.0, 0.0), seen(-9.0, -9.0), seen(0.0, 0.0)]), None);
        assert_eq!(outside(&[seen(-9.0, -9.0), seen(0.0, 0.0)]), Some(600.0));
        // The answer says nothing of this column.
        let columns = [seen(0.0, 0.0), seen(-9.0, 0.0), seen(0.0, 0.0)];
        assert_eq!(told(&history(&columns, &[Some(5.0); 3]), &[]).outside, None);
    }

    #[test]
    fn what_is_known_in_part_counts_in_part() {
        let half = Column { known: 0.5, missing: Some(Cause::NoConsensus), ..seen(-8.0, 1.0) };
        let columns =
            [gone(Cause::NotScraped), seen(0.0, 0.0), half, gone(Cause::NoAnswer), seen(-2.0, -2.0)];
        let tally = told(&history(&columns, &[Some(5.0); 5]), &[(2, 0.5)]);
        // A quarter of the third column was outside; missing are two whole columns and a half.
        assert_eq!(tally.outside, Some(150.0));
        assert_eq!(tally.missing, 1_500.0);
        assert_eq!(tally.missing_since, None);
        assert_eq!(tally.worst, Some(Worst { offset: -8.0, when: 1_500.0, column: 2 }));
    }

    #[test]
    fn of_equals_the_first_that_is_behind_is_the_worst() {
        let columns = [seen(0.0, 3.0), seen(-3.0, 3.0), seen(-3.0, -3.0)];
        let worst = told(&history(&columns, &[None; 3]), &[]).worst.unwrap();
        assert_eq!((worst.offset, worst.column), (-3.0, 1));
    }

    #[test]
    fn what_is_still_missing_has_a_begin() {
        let half = Column { known: 0.5, missing: Some(Cause::NoConsensus), ..seen(0.0, 1.0) };
        let since = |columns: &[Column]| told(&history(columns, &[Some(5.0); 5]), &[]).missing_since;
        let (quorum, answer) = (gone(Cause::NoConsensus), gone(Cause::NoAnswer));
        // Half of the second column was missing already.
        assert_eq!(since(&[seen(0.0, 0.0), half, quorum, quorum]), Some(900.0));
        // Another cause since then.
        assert_eq!(since(&[seen(0.0, 0.0), half, quorum, answer, answer]), Some(1_800.0));
        assert_eq!(since(&[quorum, answer]), None);
        assert_eq!(since(&[quorum, seen(0.0, 0.0)]), None);
    }
}
