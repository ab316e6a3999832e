//! PURE: what Prometheus found, column by column -> the history of one network.

use std::collections::BTreeMap;

use crate::{
    samples::answer::Series,
    samples::grid::{Cause, Column, Envelope, Grid, History, Watched},
    samples::promql::{PerColumn, Plan},
};

/// The history of `network` with its watched `nodes`.
#[must_use]
pub fn build(network: &str, nodes: &[&str], plan: &Plan, found: &PerColumn<Vec<Series>>) -> History {
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
        best_min: by_network(&found.best_min),
        best_mean: by_network(&found.best_mean),
        best_max: by_network(&found.best_max),
        threshold: by_network(&found.threshold),
    };
    let best = (0..grid.len).map(|i| {
        let at = |row: &Rows| value(row, network, i);
        Some(Envelope { min: at(&table.best_min)?, mean: at(&table.best_mean)?, max: at(&table.best_max)? })
    });
    let watched = nodes.iter().map(|node| {
        let columns = (0..grid.len).map(|i| column(&table, node, i)).collect();
        Watched { node: (*node).to_owned(), columns }
    });
    History {
        network: network.to_owned(),
        since: plan.since,
        until: plan.until,
        grid,
        watched: watched.collect(),
        best: best.collect(),
        threshold: (0..grid.len).map(|i| value(&table.threshold, network, i)).collect(),
    }
}

/// The values of each series by its label, one place a column.
type Rows<'a> = BTreeMap<&'a str, Vec<Option<f64>>>;

fn by_label<'a>(label: &str, found: &'a [Series], grid: Grid, held: &[bool]) -> Rows<'a> {
    let row = |series: &Series| {
        let mut row = grid.row(&series.samples);
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
    let scraped = 1.0 - at(&table.scraped).unwrap_or(0.0);
    let known = if seen.is_some() { scraped * at(&table.known).unwrap_or(1.0) } else { 0.0 };
    Column { seen, missing, known }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::command::Range;

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
            best_min: network(&[NONE, 0.0, 0.0, NONE, 0.0, 0.0]),
            best_mean: network(&[NONE, 0.5, 0.5, NONE, 0.5, 0.5]),
            best_max: network(&[NONE, 1.0, 1.0, NONE, 1.0, 1.0]),
            threshold: network(&[NONE, 5.0, 5.0, 5.0, 5.0, 5.0]),
        }
    }

    #[test]
    fn every_cause_and_the_sign() {
        let history = build("polygon", &["mine"], &plan(3_600), &found());
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
        let known: Vec<_> = history.watched[0].columns.iter().map(|c| c.known).collect();
        assert_eq!(known, [0.0, 1.0, 0.5, 0.0, 0.0, 0.5]);
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
}
