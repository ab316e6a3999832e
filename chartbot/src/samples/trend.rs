//! PURE: where the lag is going: a straight line through its newest samples.

/// How far back the line looks, in seconds.
const WINDOW: f64 = 600.0;
/// Fewer samples show no trend.
const SAMPLES: usize = 8;
/// The least share of the variation that a steady trend explains (R²).
const STEADY: f64 = 0.9;
/// Nothing is foretold beyond a week.
const HORIZON: f64 = 7.0 * 86_400.0;

/// A steady trend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Blocks behind that are gained (above zero) or made good (below zero) in a second.
    pub slope: f64,
}

/// The trend of these samples (unix seconds and blocks behind, rising in time) up to `until`;
/// absent where they are too few or not on a line.
#[must_use]
pub fn steady(samples: &[(f64, f64)], until: f64) -> Option<Trend> {
    let newest = &samples[samples.partition_point(|(time, _)| *time < until - WINDOW)..];
    if newest.len() < SAMPLES {
        return None;
    }
    let n = newest.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| newest.iter().map(of).sum::<f64>() / n;
    let (mean_time, mean_lag) = (mean(|it| it.0), mean(|it| it.1));
    let (mut tt, mut tl, mut ll) = (0.0, 0.0, 0.0);
    for (time, lag) in newest {
        let (t, l) = (time - mean_time, lag - mean_lag);
        tt += t * t;
        tl += t * l;
        ll += l * l;
    }
    if tt == 0.0 || ll == 0.0 {
        return None;
    }
    (tl * tl / (tt * ll) >= STEADY).then_some(Trend { slope: tl / tt })
}

/// When a node that is `lag` blocks behind at `until` will be level at that pace; absent where
/// it does not catch up, or not within a week.
#[must_use]
pub fn level_at(trend: Option<Trend>, lag: f64, until: f64) -> Option<f64> {
    let slope = trend?.slope;
    let left = -lag / slope;
    (lag > 0.0 && slope < 0.0 && left <= HORIZON).then_some(until + left)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty samples 15 s apart up to 600.
    fn sampled(lag: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (1..=40).map(|i| f64::from(i) * 15.0).map(|time| (time, lag(time))).collect()
    }

    #[test]
    fn a_node_that_catches_up_is_level_when_the_line_reaches_zero() {
        let samples = sampled(|time| (1_000.0 - time).round());
        let at = level_at(steady(&samples, 600.0), 400.0, 600.0).unwrap();
        assert!((at - 1_000.0).abs() < 5.0, "{at}");
    }

    #[test]
    fn nothing_is_foretold_of_a_loser_of_noise_and_of_few_samples() {
        let losing = sampled(|time| time);
        assert!(steady(&losing, 600.0).is_some_and(|trend| trend.slope > 0.9));
        assert_eq!(level_at(steady(&losing, 600.0), 600.0, 600.0), None);
        let noise = sampled(|time| if (time / 15.0) % 2.0 == 0.0 { 30.0 } else { 10.0 });
        assert_eq!(steady(&noise, 600.0), None);
        let catching_up = sampled(|time| 1_000.0 - time);
        assert_eq!(steady(&catching_up[..7], 105.0), None);
        assert_eq!(steady(&sampled(|_| 12.0), 600.0), None);
        let slow = sampled(|time| 1_000_000.0 - time / 10.0);
        assert_eq!(level_at(steady(&slow, 600.0), 999_940.0, 600.0), None);
    }
}
