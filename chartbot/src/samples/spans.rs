//! PURE: which parts of a range are read from recorded series, and which from raw samples.
//!
//! A rule counts the samples of five minutes: a bin. A bin is used where its numbers of samples
//! can be turned into seconds without doubt. Everything else is read raw: the newest day, the
//! first column, the time when no rule was evaluated, a change of the poll interval, scrapes
//! lost from a series that is denser than the polls, a change of the exporter that counts.

use super::ranking::Claim;

/// Seconds that a bin covers.
pub const WIDTH: f64 = 300.0;
/// The newest seconds, which are read raw: of them the present, its beginning and its trend have
/// to be exact.
const NEWEST: f64 = 86_400.0;
/// How many bins on each side of one show how often Prometheus scraped at that time.
const NEARBY: usize = 32;
/// Fewer samples in a bin, and one more or less would be too much of a difference; then there
/// are few raw samples to read.
const FEWEST: f64 = 5.0;
/// Raw parts with fewer raw samples between them are read as one: the questions of a part cost as
/// much as so many.
const CLOSE: f64 = 1_440.0;
/// Times that differ by less are the same.
const SAME: f64 = 0.5;

/// What a rule recorded of one exporter for one bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// End of the bin in unix seconds.
    pub end: f64,
    /// How many samples there are.
    pub samples: f64,
    /// The poll interval in seconds; absent where it changed or is unknown.
    pub poll: Option<f64>,
    /// How good the exporter's claim to count is; absent where that changed within the bin.
    pub claim: Option<Claim>,
}

/// A bin that is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// End of the bin in unix seconds.
    pub end: f64,
    /// How many samples there are.
    pub samples: f64,
    /// For how many seconds each of them is valid.
    pub each: f64,
    /// Which exporter's.
    pub source: usize,
}

impl Bin {
    /// Begin of the bin in unix seconds.
    #[must_use]
    pub fn begin(&self) -> f64 {
        self.end - WIDTH
    }

    /// Seconds without a valid sample.
    #[must_use]
    pub fn lost(&self) -> f64 {
        if self.is_full() { 0.0 } else { WIDTH - self.samples * self.each }
    }

    /// Whether no scrape was lost. Where the spacing is no divisor of five minutes, one bin has a
    /// sample more than another.
    fn is_full(&self) -> bool {
        self.samples >= (WIDTH / self.each + 0.001).floor()
    }
}

/// What is read from where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// In order of time, without overlap.
    pub bins: Vec<Bin>,
    /// Begin and end of each raw part in unix seconds, in order; the last reaches to the end of
    /// the range.
    pub raw: Vec<(f64, f64)>,
}

/// Divides the range `from` to `until`, of which the bins that end by `first` are not used, among
/// what was recorded of each exporter (in order of time) and raw samples. Now scrapes are `scrape`
/// seconds apart, and samples of new rounds `spacing` seconds.
#[must_use]
pub fn plan(
    (from, until): (f64, f64),
    first: f64,
    exporters: &[Vec<Count>],
    (scrape, spacing): (Option<f64>, u32),
) -> Plan {
    let usable = |end: f64| end - WIDTH >= from - SAME && end > first && end <= until - NEWEST;
    let candidates = exporters.iter().enumerate().flat_map(|(source, counts)| {
        let each = spacings(counts, scrape);
        counts.iter().zip(each).map(move |(count, each)| (*count, source, each))
    });
    let mut candidates: Vec<_> = candidates.collect();
    candidates.sort_by(|a, b| a.0.end.total_cmp(&b.0.end).then(a.1.cmp(&b.1)));
    let slots: Vec<_> = candidates.chunk_by(|a, b| b.0.end - a.0.end < SAME).collect();
    let mut bins: Vec<Bin> = Vec::with_capacity(slots.len());
    for (k, slot) in slots.iter().enumerate() {
        let begin = slot[0].0.end - WIDTH;
        let overlaps = bins.last().is_some_and(|last| begin < last.end - SAME);
        if !usable(slot[0].0.end) || overlaps {
            continue;
        }
        let beside = [k.checked_sub(1), Some(k + 1)].into_iter().flatten().filter_map(|k| slots.get(k));
        let is_beside = |other: &&[_]| (end_of(other) - slot[0].0.end).abs() < 1.5 * WIDTH;
        let mut others = beside.copied().filter(is_beside).flatten();
        bins.extend(match slot {
            [(count, source, each)] => each
                .filter(|_| others.all(|(_, other, _)| other == source))
                .map(|each| Bin { end: count.end, samples: count.samples, each, source: *source }),
            several => counting(several),
        });
    }
    let raw = parts(&bins, from, until, CLOSE * f64::from(spacing));
    // The first part that ends after the bin begins.
    let part = |bin: &Bin| raw.get(raw.partition_point(|(_, end)| *end <= bin.begin() + SAME));
    bins.retain(|bin| part(bin).is_none_or(|(begin, _)| *begin >= bin.end - SAME));
    Plan { bins, raw }
}

type Candidate = (Count, usize, Option<f64>);

fn end_of(slot: &[Candidate]) -> f64 {
    slot.first().map_or(f64::NAN, |(count, ..)| count.end)
}

/// The bin of the exporter that counts all along, where one does.
fn counting(several: &[Candidate]) -> Option<Bin> {
    let bins = several.iter().map(|(count, source, each)| {
        let bin = Bin { end: count.end, samples: count.samples, each: (*each)?, source: *source };
        bin.is_full().then_some((count.claim?, bin))
    });
    let bins: Option<Vec<_>> = bins.collect();
    bins?.into_iter().min_by_key(|(claim, bin)| (*claim, bin.source)).map(|(_, bin)| bin)
}

/// For how many seconds each sample of a bin is valid; absent where that is in doubt.
fn spacings(counts: &[Count], now: Option<f64>) -> Vec<Option<f64>> {
    let before = usual(counts.iter());
    let after = usual(counts.iter().rev());
    // As the interval may have changed, each side is judged alone.
    let usual = before.into_iter().zip(after.into_iter().rev()).map(|(before, after)| before.min(after));
    counts.iter().zip(usual).map(|(count, usual)| spacing(count.samples, usual, count.poll?, now)).collect()
}

/// Numbers of samples alone do not show whether scrapes are far apart or lost regularly. So a
/// spacing is believed only where it is the poll interval or the time between scrapes `now`.
fn spacing(samples: f64, usual: f64, poll: f64, now: Option<f64>) -> Option<f64> {
    let most = |every: f64| (WIDTH / every - 0.001).ceil();
    let fits = |every: &f64| ((WIDTH / every + 0.001).floor()..=most(*every)).contains(&usual);
    let every = if fits(&poll) {
        poll
    } else {
        let now = now.filter(fits)?;
        match now < poll {
            // One that is lost from scrapes denser than the polls leaves no gap; of more, nothing
            // shows where they were.
            true if samples >= usual - 1.0 => WIDTH / samples,
            true => return None,
            false => now,
        }
    };
    (WIDTH / every >= FEWEST - 0.001).then_some(every)
}

/// How many samples a bin usually has, judged by it and those before it. Lost scrapes make for
/// fewer but never for more, so a high number of many is looked for.
fn usual<'a>(counts: impl Iterator<Item = &'a Count>) -> Vec<f64> {
    /// A scrape every second is denser than any.
    const MOST: usize = 301;
    let counts: Vec<usize> = counts.map(|count| (count.samples as usize).min(MOST)).collect();
    let mut how_often = [0_usize; MOST + 1];
    let mut usual = Vec::with_capacity(counts.len());
    let mut highest = 0;
    for (i, count) in counts.iter().enumerate() {
        how_often[*count] += 1;
        highest = highest.max(*count);
        if i > NEARBY {
            how_often[counts[i - NEARBY - 1]] -= 1;
        }
        while highest > 0 && how_often[highest] == 0 {
            highest -= 1;
        }
        let (mut place, mut above) = (highest, how_often[highest]);
        while place > 0 && above <= i.min(NEARBY) / 16 {
            place -= 1;
            above += how_often[place];
        }
        usual.push(place as f64);
    }
    usual
}

/// What lies between bins, put together where that is no more than `close` seconds apart.
fn parts(bins: &[Bin], from: f64, until: f64, close: f64) -> Vec<(f64, f64)> {
    let begins = bins.iter().map(Bin::begin).chain([until]);
    let ends = [from].into_iter().chain(bins.iter().map(|bin| bin.end));
    let mut parts: Vec<(f64, f64)> = Vec::new();
    for part in ends.zip(begins).filter(|(end, begin)| begin - end > SAME) {
        match parts.last_mut() {
            Some(last) if part.0 - last.1 < close => last.1 = part.1,
            _ => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{
        ranking,
        state::{NetworkState, NodeState},
    };

    const DAYS: f64 = 86_400.0;
    const UNTIL: f64 = 30.0 * DAYS;

    fn claim(state: NodeState) -> Option<Claim> {
        Some(ranking::exporter(NetworkState::Ok, [state].into_iter()))
    }

    /// Bins from one moment to another, with so many samples each.
    fn counts(from: f64, until: f64, samples: impl Fn(usize) -> f64) -> Vec<Count> {
        (1..)
            .map(|i| (i, from + WIDTH * i as f64))
            .take_while(|(_, end)| *end <= until)
            .map(|(i, end)| Count { end, samples: samples(i), poll: Some(15.0), claim: claim(NodeState::Ok) })
            .collect()
    }

    fn planned(exporters: &[Vec<Count>]) -> Plan {
        planned_at(15.0, exporters)
    }

    /// The same, scraped at that spacing now.
    fn planned_at(scrape: f64, exporters: &[Vec<Count>]) -> Plan {
        let plan = plan((0.0, UNTIL), 0.0, exporters, (Some(scrape), 15));
        let mut pieces: Vec<_> = plan.bins.iter().map(|bin| (bin.begin(), bin.end)).collect();
        pieces.extend(&plan.raw);
        pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!((pieces[0].0, pieces[pieces.len() - 1].1), (0.0, UNTIL));
        assert!(pieces.windows(2).all(|pair| (pair[0].1 - pair[1].0).abs() < SAME), "no hole, no overlap");
        plan
    }

    #[test]
    fn the_newest_day_is_read_raw_and_so_is_what_was_not_recorded() {
        let newest = (29.0 * DAYS, UNTIL);
        assert_eq!(planned(&[]).raw, [(0.0, UNTIL)]);
        assert_eq!(planned(&[counts(0.0, UNTIL, |_| 20.0)]).raw, [newest]);
        // Rules younger than the samples.
        assert_eq!(planned(&[counts(20.0 * DAYS, UNTIL, |_| 20.0)]).raw, [(0.0, 20.0 * DAYS), newest]);
        assert_eq!(planned(&[counts(29.5 * DAYS, UNTIL, |_| 20.0)]).raw, [(0.0, UNTIL)]);
        // Not evaluated for 40 minutes.
        let mut holed = counts(0.0, UNTIL, |_| 20.0);
        holed.drain(1_000..1_008);
        assert_eq!(planned(&[holed.clone()]).raw, [(300_000.0, 302_400.0), newest]);
        // Then at other times.
        holed[1_000..].iter_mut().for_each(|count| count.end += 100.0);
        assert_eq!(planned(&[holed]).raw, [(300_000.0, 302_500.0), (29.0 * DAYS - 200.0, UNTIL)]);
    }

    /// For how long each sample is valid in the bin `place` of a month, and what is lost of it;
    /// now scrapes are `scrape` seconds apart.
    fn each(scrape: f64, counts: Vec<Count>, place: usize) -> Option<(f64, f64)> {
        let end = counts[place].end;
        let plan = planned_at(scrape, &[counts]);
        plan.bins.iter().find(|bin| bin.end == end).map(|bin| (bin.each, bin.lost()))
    }

    #[test]
    fn a_sample_is_valid_for_its_poll_or_for_the_time_between_scrapes() {
        let month = |samples: fn(usize) -> f64| counts(0.0, UNTIL, samples);
        assert_eq!(each(15.0, month(|_| 20.0), 500), Some((15.0, 0.0)));
        assert_eq!(each(15.0, month(|i| if i % 2 == 0 { 20.0 } else { 16.0 }), 500), Some((15.0, 60.0)));
        // Scraped every minute.
        assert_eq!(each(60.0, month(|_| 5.0), 500), Some((60.0, 0.0)));
        assert_eq!(each(60.0, month(|i| if i % 9 == 0 { 5.0 } else { 4.0 }), 500), Some((60.0, 60.0)));
        // Every minute until a bin later, or not at all: as many samples may also be what was left
        // of more.
        assert_eq!(each(15.0, month(|i| if i < 502 { 5.0 } else { 20.0 }), 500), None);
        assert_eq!(each(15.0, month(|_| 18.0), 500), None);
        assert_eq!(each(15.0, month(|i| [9.0, 12.0, 8.0, 10.0, 11.0][i % 5]), 500), None);
        // Scraped every 5 s; where scrapes are lost of these, nothing shows which.
        assert_eq!(each(5.0, month(|_| 60.0), 500), Some((5.0, 0.0)));
        assert_eq!(each(5.0, month(|i| if i == 501 { 59.0 } else { 60.0 }), 500), Some((300.0 / 59.0, 0.0)));
        assert_eq!(each(5.0, month(|i| if i == 501 { 30.0 } else { 60.0 }), 500), None);
        assert_eq!(each(5.0, month(|_| 45.0), 500), None);
        // Too few to count, or of a poll interval that changed.
        let of_poll = |poll, samples: fn(usize) -> f64| {
            let mut counts = month(samples);
            counts[500].poll = poll;
            each(15.0, counts, 500)
        };
        assert_eq!(of_poll(Some(120.0), |i| if i % 2 == 0 { 2.0 } else { 3.0 }), None);
        assert_eq!(of_poll(None, |_| 20.0), None);
        // No divisor of five minutes.
        let mut sevens = month(|i| if i % 7 == 0 { 42.0 } else { 43.0 });
        sevens.iter_mut().for_each(|count| count.poll = Some(7.0));
        assert_eq!(each(7.0, sevens, 501), Some((7.0, 0.0)));
    }

    #[test]
    fn of_several_exporters_the_one_that_counts_all_along_is_used() {
        let one = counts(0.0, UNTIL, |_| 20.0);
        let mut other = one.clone();
        other[500].claim = claim(NodeState::Behind);
        other[501].claim = None;
        let plan = planned(&[one.clone(), other]);
        let source =
            |place: usize| plan.bins.iter().find(|bin| bin.end == one[place].end).map(|bin| bin.source);
        assert_eq!((source(499), source(500), source(501)), (Some(0), Some(1), None));
        // One that moved to another machine.
        let (before, after) =
            (counts(0.0, 150_000.0, |_| 20.0), counts(149_700.0, UNTIL, |i| if i > 1 { 20.0 } else { 7.0 }));
        assert_eq!(planned(&[before, after]).raw[0], (149_400.0, 150_300.0));
    }

    #[test]
    fn parts_that_are_close_become_one() {
        let counts = counts(0.0, UNTIL, |_| 20.0);
        let without = |places: &[usize]| {
            let kept = counts.iter().enumerate().filter(|(i, _)| !places.contains(i));
            planned(&[kept.map(|(_, count)| *count).collect()]).raw.len()
        };
        assert_eq!(without(&[1_000, 1_070]), 2);
        assert_eq!(without(&[1_000, 1_080]), 3);
    }
}
