//! PURE: what Prometheus found, column by column -> the history of one network, and how
//! long each node was outside its corridor or unknown.

use std::collections::BTreeMap;

use crate::{
    prometheus::Series,
    query::{PerColumn, Plan},
    series::{Cause, Column, Envelope, Grid, History, Watched},
};

/// How long a node was where, within the range asked for.
///
/// Told by the samples, not by whole columns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// Seconds outside the corridor.
    pub outside: f64,
    /// Seconds without a value, whatever the cause.
    pub missing: f64,
    /// Since when there is no value for the cause that holds at the end, in unix seconds;
    /// absent while there is a value, and when there was none in the whole range.
    pub missing_since: Option<f64>,
    /// The sample farthest from the median, of equals the first; absent without any.
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

/// The history of `network` with its watched `nodes`, and a tally for each of them.
#[must_use]
pub fn build(
    network: &str,
    nodes: &[&str],
    plan: &Plan,
    found: &PerColumn<Vec<Series>>,
) -> (History, Vec<Tally>) {
    let grid = plan.grid;
    let unheld = by_label("network", &found.threshold, grid, &[]);
    let scraped: Vec<_> = (0..grid.len).map(|i| value(&unheld, network, i).is_some()).collect();
    let counts = by_label("node", &found.scraped, grid, &[]);
    let held = between_samples(&scraped, grid.step);
    let by_node = |found| by_label("node", found, grid, &held);
    let by_network = |found| by_label("network", found, grid, &held);
    let table = PerColumn {
        lag_min: by_node(&found.lag_min),
        lag_mean: by_node(&found.lag_mean),
        lag_max: by_node(&found.lag_max),
        up: by_node(&found.up),
        scraped: counts.into_iter().map(|(node, counts)| (node, unscraped_shares(&counts))).collect(),
        known: by_node(&found.known),
        outside: by_node(&found.outside),
        best_min: by_network(&found.best_min),
        best_mean: by_network(&found.best_mean),
        best_max: by_network(&found.best_max),
        threshold: by_network(&found.threshold),
    };
    let best = (0..grid.len).map(|i| {
        let at = |row: &Rows| value(row, network, i);
        Some(Envelope { min: at(&table.best_min)?, mean: at(&table.best_mean)?, max: at(&table.best_max)? })
    });
    let best = best.collect();
    let threshold = (0..grid.len).map(|i| value(&table.threshold, network, i));
    let threshold = threshold.collect();
    let (watched, tallies) = nodes
        .iter()
        .map(|node| {
            let columns: Vec<_> = (0..grid.len).map(|i| column(&table, node, i)).collect();
            let tally = tally(&table, node, &columns, grid, (plan.since, plan.until));
            let node = (*node).to_owned();
            (Watched { node, columns }, tally)
        })
        .unzip();
    let history = History {
        network: network.to_owned(),
        since: plan.since,
        until: plan.until,
        grid,
        watched,
        best,
        threshold,
    };
    (history, tallies)
}

/// The values of each series by its label, one place a column.
type Rows<'a> = BTreeMap<&'a str, Vec<Option<f64>>>;

fn by_label<'a>(label: &str, found: &'a [Series], grid: Grid, held: &[bool]) -> Rows<'a> {
    let row = |series: &Series| {
        let mut row = vec![None; grid.len];
        for (time, value) in &series.samples {
            if let Some(place) = column_at(grid, *time).and_then(|i| row.get_mut(i)) {
                *place = Some(*value).filter(|value| value.is_finite());
            }
        }
        hold(&mut row, held);
        row
    };
    let rows = found.iter().map(|series| (series.label(label), row(series)));
    rows.collect()
}

/// Prometheus itself takes a series for gone after so many seconds without a sample.
const STALE: usize = 300;
/// How many distances on each side tell how far apart samples are just there.
const NEARBY: usize = 4;

/// The columns that no sample falls into only because samples were farther apart at that
/// time than they are now: the scrape interval was longer then. They are known by their
/// beat: at least two of the nearby distances on one side are as long.
fn between_samples(scraped: &[bool], step: u32) -> Vec<bool> {
    let samples: Vec<usize> = (0..scraped.len()).filter(|i| scraped.get(*i) == Some(&true)).collect();
    let distances: Vec<usize> = samples.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut between = vec![false; scraped.len()];
    for (at, (&first, &distance)) in samples.iter().zip(&distances).enumerate() {
        let alike = |it: &&usize| **it > 1 && it.abs_diff(distance) <= 1;
        let before = &distances[at.saturating_sub(NEARBY)..at];
        let after = &distances[at + 1..(at + 1 + NEARBY).min(distances.len())];
        let a_beat = [before, after].iter().any(|side| side.iter().filter(alike).count() >= 2);
        if distance > 1 && a_beat && distance * step as usize <= STALE {
            between[first + 1..first + distance].fill(true);
        }
    }
    between
}

/// A sample holds until the next one is due.
fn hold(row: &mut [Option<f64>], held: &[bool]) {
    let mut last = None;
    for (place, held) in row.iter_mut().zip(held) {
        if *held && place.is_none() {
            *place = last;
        }
        last = *place;
    }
}

/// How far to look around for how many samples a column of that time holds.
const AROUND: usize = 4;

/// What share of each column nobody scraped, from how many samples each holds: fewer by two
/// or more than the fullest close by, on both sides where there are samples on both; so a
/// changed scrape interval is no gap. One fewer is only a scrape that came a little late.
/// The last column is not whole yet.
fn unscraped_shares(counts: &[Option<f64>]) -> Vec<Option<f64>> {
    let whole = counts.len().saturating_sub(1);
    let share = |i: usize| {
        let count = counts[i].filter(|_| i < whole)?;
        let before = &counts[i.saturating_sub(AROUND)..i];
        let after = &counts[i + 1..(i + 1 + AROUND).min(whole).max(i + 1)];
        let fullest = |side: &[Option<f64>]| side.iter().flatten().copied().reduce(f64::max);
        let full = [before, after].into_iter().filter_map(fullest).reduce(f64::min)?;
        (full - count >= 2.0).then(|| (full - count) / full)
    };
    (0..counts.len()).map(share).collect()
}

/// Which column a query that was evaluated at `time` speaks of: the one that ends there.
fn column_at(grid: Grid, time: f64) -> Option<usize> {
    let ends = (time - grid.start as f64) / f64::from(grid.step);
    (ends >= 0.5).then(|| ends.round() as usize - 1)
}

fn value(rows: &Rows, name: &str, i: usize) -> Option<f64> {
    rows.get(name).and_then(|row| row.get(i).copied().flatten())
}

fn column(table: &PerColumn<Rows>, node: &str, i: usize) -> Column {
    let at = |rows: &Rows| value(rows, node, i);
    // Behind is below: what was the most behind is the lowest.
    let envelope = || {
        Some(Envelope { min: -at(&table.lag_max)?, mean: -at(&table.lag_mean)?, max: -at(&table.lag_min)? })
    };
    let seen = envelope();
    let unanswered = at(&table.up).map(|up| up < 1.0);
    let in_part = at(&table.known).is_some_and(|share| share < 1.0);
    let missing = match (seen, unanswered) {
        (_, Some(true)) => Some(Cause::NoAnswer),
        (None, Some(false)) => Some(Cause::NoConsensus),
        (None, None) => Some(Cause::NotScraped),
        (Some(_), _) if in_part => Some(Cause::NoConsensus),
        (Some(_), _) => at(&table.scraped).map(|_| Cause::NotScraped),
    };
    Column { seen, missing }
}

fn tally(
    table: &PerColumn<Rows>,
    node: &str,
    columns: &[Column],
    grid: Grid,
    (since, until): (i64, i64),
) -> Tally {
    let mut tally = Tally::default();
    let mut cause = None;
    let mut missing_before = 0.0;
    for (i, column) in columns.iter().enumerate() {
        let begin = grid.start + i64::from(grid.step) * i as i64;
        let end = (begin + i64::from(grid.step)).min(until);
        let begin = begin.max(since);
        let width = (end - begin).max(0) as f64;
        let share = |rows: &Rows| value(rows, node, i);
        let known = match column.seen {
            Some(_) => {
                let scraped = 1.0 - share(&table.scraped).unwrap_or(0.0);
                width * scraped * share(&table.known).unwrap_or(1.0)
            }
            None => 0.0,
        };
        tally.outside += known * share(&table.outside).unwrap_or(0.0);
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
    tally.worst = worst(columns, grid, (since, until));
    tally
}

/// The sample farthest from the median, of equals the first, as far as columns can tell.
pub fn worst(columns: &[Column], grid: Grid, (since, until): (i64, i64)) -> Option<Worst> {
    let mut worst: Option<Worst> = None;
    for (column, seen) in columns.iter().enumerate().filter_map(|(i, column)| Some((i, column.seen?))) {
        let offset = if -seen.min >= seen.max { seen.min } else { seen.max };
        if worst.is_none_or(|worst| offset.abs() > worst.offset.abs()) {
            let middle = grid.start as f64 + f64::from(grid.step) * (column as f64 + 0.5);
            worst = Some(Worst { offset, when: middle.clamp(since as f64, until as f64), column });
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Range;

    /// Six columns of ten minutes, sampled every five.
    fn plan(now: i64) -> Plan {
        Plan::new(Range::HOUR, now, 300)
    }

    fn row(label: (&str, &str), values: &[f64]) -> Vec<Series> {
        let times = (1..).map(|i| f64::from(i * 600));
        let samples = times.zip(values.iter().copied());
        vec![Series {
            labels: BTreeMap::from([(label.0.to_owned(), label.1.to_owned())]),
            samples: samples.filter(|(_, value)| !value.is_nan()).collect(),
        }]
    }

    const NONE: f64 = f64::NAN;

    fn found() -> PerColumn<Vec<Series>> {
        let node = |values: &[f64]| row(("node", "mine"), values);
        let network = |values: &[f64]| row(("network", "polygon"), values);
        PerColumn {
            lag_min: node(&[NONE, 0.0, -1.0, NONE, NONE, 2.0]),
            lag_mean: node(&[NONE, 0.0, 1.0, NONE, NONE, 2.0]),
            lag_max: node(&[NONE, 0.0, 8.0, NONE, NONE, 2.0]),
            up: node(&[NONE, 1.0, 1.0, 1.0, 0.0, 0.0]),
            scraped: node(&[NONE, 2.0, 2.0, 2.0, 2.0, 2.0]),
            known: node(&[NONE, 1.0, 0.5, NONE, NONE, 0.5]),
            outside: node(&[NONE, 0.0, 0.5, NONE, NONE, 0.0]),
            best_min: network(&[NONE, 0.0, 0.0, NONE, 0.0, 0.0]),
            best_mean: network(&[NONE, 0.5, 0.5, NONE, 0.5, 0.5]),
            best_max: network(&[NONE, 1.0, 1.0, NONE, 1.0, 1.0]),
            threshold: network(&[NONE, 5.0, 5.0, 5.0, 5.0, 5.0]),
        }
    }

    #[test]
    fn every_cause_and_the_sign() {
        let (history, tallies) = build("polygon", &["mine"], &plan(3_600), &found());
        assert_eq!(history.grid.len, 6);
        assert_eq!((history.since, history.until), (0, 3_600));
        let causes: Vec<_> = history.watched[0].columns.iter().map(|c| c.missing).collect();
        assert_eq!(
            causes,
            [
                Some(Cause::NotScraped),
                None,
                Some(Cause::NoConsensus),
                Some(Cause::NoConsensus),
                Some(Cause::NoAnswer),
                Some(Cause::NoAnswer),
            ]
        );
        let third = history.watched[0].columns[2].seen.unwrap();
        assert_eq!((third.min, third.mean, third.max), (-8.0, -1.0, 1.0));
        assert_eq!(history.best[3], None);
        assert_eq!(history.threshold[0], None);
        assert_eq!(history.threshold[1], Some(5.0));
        // A quarter of the third column was outside; missing are three whole columns
        // and two halves.
        assert_eq!(tallies[0].outside, 150.0);
        assert_eq!(tallies[0].worst, Some(Worst { offset: -8.0, when: 1_500.0, column: 2 }));
        assert_eq!(tallies[0].missing, 2_400.0);
        assert_eq!(tallies[0].missing_since, None);
    }

    #[test]
    fn scrapes_missing_within_a_column_are_counted_and_late_ones_are_not() {
        let shares = |counts: &[f64]| {
            let counts: Vec<_> = counts.iter().map(|count| Some(*count).filter(|it| !it.is_nan())).collect();
            unscraped_shares(&counts).into_iter().map(|share| share.unwrap_or(0.0)).collect::<Vec<_>>()
        };
        assert_eq!(shares(&[10.0, 10.0, 5.0, 10.0, 10.0]), [0.0, 0.0, 0.5, 0.0, 0.0]);
        assert_eq!(shares(&[10.0, 9.0, 11.0, 10.0]), [0.0; 4]);
        // At the edges of a gap; the last column is only just beginning.
        assert_eq!(shares(&[10.0, 10.0, 8.0, NONE, 2.0, 10.0, 1.0]), [0.0, 0.0, 0.2, 0.0, 0.8, 0.0, 0.0]);
        // A longer interval in the past is no gap.
        let changed = [vec![5.0; 9], vec![12.0], vec![20.0; 9]].concat();
        assert_eq!(shares(&changed), [0.0; 19]);
    }

    #[test]
    fn a_longer_interval_in_the_past_is_no_gap() {
        // Columns of thirty seconds; "#" with a sample, "." without, "-" without though
        // none was due.
        for want in [
            // Every 60, 45, 150 seconds, then every 15.
            "#-#-#-#-#-######",
            "##-##-##-##-####",
            "#----#----#----#----####",
            // A late or a lost scrape, a restart now and then.
            "######.######",
            "###..######..########...####",
            // Crashing again and again: longer than Prometheus itself would wait.
            "#...........#...........#...........#...........#",
            "....####",
        ] {
            let scraped: Vec<bool> = want.chars().map(|it| it == '#').collect();
            let between = between_samples(&scraped, 30);
            let told = scraped.iter().zip(between).map(|(scraped, between)| match (scraped, between) {
                (true, _) => '#',
                (false, true) => '-',
                (false, false) => '.',
            });
            assert_eq!(told.collect::<String>(), want);
        }
        let mut row = [Some(1.0), None, None, None, Some(2.0)];
        hold(&mut row, &[false, true, true, false, false]);
        assert_eq!(row, [Some(1.0), Some(1.0), Some(1.0), None, Some(2.0)]);
    }

    #[test]
    fn what_is_still_missing_has_a_begin() {
        let mut found = found();
        for series in [
            &mut found.lag_min,
            &mut found.lag_mean,
            &mut found.lag_max,
            &mut found.known,
            &mut found.outside,
        ] {
            series[0].samples.retain(|(time, _)| *time < 2_000.0);
        }
        let (_, tallies) = build("polygon", &["mine"], &plan(3_600), &found);
        // The cause changed after the fourth column: an answer was missing, too.
        assert_eq!(tallies[0].missing_since, Some(2_400.0));
        found.up[0].samples.retain(|(time, _)| *time < 2_000.0);
        let (_, tallies) = build("polygon", &["mine"], &plan(3_600), &found);
        // Half of the third column, which ends at 1,800, was missing already.
        assert_eq!(tallies[0].missing_since, Some(1_500.0));
        let (_, tallies) = build("polygon", &["other"], &plan(3_600), &found);
        assert_eq!(tallies[0].missing, 3_600.0);
        assert_eq!(tallies[0].missing_since, None);
    }
}
