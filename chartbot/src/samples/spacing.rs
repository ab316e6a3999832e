//! PURE: how far apart the samples of a network are, as the newest of them show.

use crate::samples::answer::Series;

/// Where neither the scrapes nor the exporter show it, in seconds.
const USUAL: u32 = 60;
/// How many of the newest samples are looked at.
const NEWEST: usize = 40;

/// Seconds between two samples, at least 1: the longer of the time between two scrapes and the
/// poll interval; only the poll interval when there were no scrapes lately.
#[must_use]
pub fn of(scrapes: &[&Series], poll_interval: Option<f64>) -> u32 {
    let polled = poll_interval.filter(|interval| interval.is_finite());
    match (scraped(scrapes), polled) {
        (None, None) => USUAL,
        (scraped, polled) => scraped.unwrap_or(0.0).max(polled.unwrap_or(0.0).ceil()).max(1.0) as u32,
    }
}

/// Whole seconds between two scrapes, the median of the newest; absent when there were none
/// lately.
#[must_use]
pub fn scraped(scrapes: &[&Series]) -> Option<f64> {
    let scraped = scrapes.iter().filter_map(|series| {
        let newest = &series.samples[series.samples.len().saturating_sub(NEWEST)..];
        let mut apart: Vec<_> = newest.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        apart.sort_by(f64::total_cmp);
        apart.get(apart.len() / 2).copied()
    });
    scraped.reduce(f64::max).map(f64::round)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scraped_at(times: &[f64]) -> Series {
        Series { samples: times.iter().map(|time| (*time, 15.0)).collect(), ..Series::default() }
    }

    #[test]
    fn samples_are_as_far_apart_as_the_slower_of_poll_and_scrape() {
        let jitter = [0.0, 15.003, 29.998, 60.001, 75.0];
        let slow = [0.0, 60.0, 120.0];
        let told = |scrapes: &[&[f64]], interval| {
            let scrapes: Vec<_> = scrapes.iter().map(|times| scraped_at(times)).collect();
            of(&scrapes.iter().collect::<Vec<_>>(), interval)
        };
        assert_eq!(told(&[&jitter], Some(15.0)), 15);
        assert_eq!(told(&[&jitter], Some(30.0)), 30);
        assert_eq!(told(&[&slow], Some(15.0)), 60);
        assert_eq!(told(&[&jitter, &slow], Some(15.0)), 60);
        assert_eq!(told(&[&[7.0]], Some(12.5)), 13);
        assert_eq!(told(&[], None), USUAL);
        assert_eq!(told(&[&[0.0, 0.2, 0.4]], None), 1);
        // After a change of the scrape interval the newest samples count.
        let mut changed: Vec<_> = (0..100).map(|i| f64::from(i) * 5.0).collect();
        changed.extend((0..30).map(|i| 500.0 + f64::from(i) * 60.0));
        assert_eq!(told(&[&changed], None), 60);
    }
}
