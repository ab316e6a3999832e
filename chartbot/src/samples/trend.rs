//! PURE: where the lag is going: a straight line through its newest samples, and where they are
//! on no line, whether they have clearly become less or more.

/// How far back the line looks, in seconds.
const WINDOW: f64 = 600.0;
/// Fewer samples show no trend.
const SAMPLES: usize = 8;
/// The least share of the variation that a steady trend explains (R²).
const STEADY: f64 = 0.9;
/// Nothing is foretold beyond a week.
const HORIZON: f64 = 7.0 * 86_400.0;

/// What is not steady is judged by so many seconds, of which samples cover at least this part.
const SHORT: f64 = 300.0;
const COVERED: f64 = 0.8;
/// By what part of itself a lag that became less has become less.
const CLEARLY: f64 = 0.01;

/// Where the lag of a node is going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trend {
    /// On a straight line.
    Steady {
        /// Blocks behind that are added (above zero) or caught up (below zero) in a second.
        slope: f64,
        /// When the line is at zero, in unix seconds.
        zero: f64,
    },
    /// Clearly less than it was.
    Less {
        /// How many blocks less,
        blocks: f64,
        /// within so many seconds.
        seconds: f64,
    },
    /// Clearly more than it was.
    More,
}

/// The trend of these samples (unix seconds and blocks behind, rising in time) up to `until`;
/// absent where there is none.
#[must_use]
pub fn of(samples: &[(f64, f64)], until: f64) -> Option<Trend> {
    let since = |seconds: f64| &samples[samples.partition_point(|(time, _)| *time < until - seconds)..];
    steady(since(WINDOW)).or_else(|| changed(since(SHORT)))
}

/// A line through the samples, by least squares.
fn steady(samples: &[(f64, f64)]) -> Option<Trend> {
    if samples.len() < SAMPLES {
        return None;
    }
    let n = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / n;
    let (mean_time, mean_lag) = (mean(|it| it.0), mean(|it| it.1));
    let (mut tt, mut tl, mut ll) = (0.0, 0.0, 0.0);
    for (time, lag) in samples {
        let (t, l) = (time - mean_time, lag - mean_lag);
        tt += t * t;
        tl += t * l;
        ll += l * l;
    }
    if tt == 0.0 || ll == 0.0 || tl * tl / (tt * ll) < STEADY {
        return None;
    }
    let slope = tl / tt;
    Some(Trend::Steady { slope, zero: mean_time - mean_lag / slope })
}

/// Whether all of the newest third is below, or above, all of the older half.
fn changed(samples: &[(f64, f64)]) -> Option<Trend> {
    let (first, last) = (samples.first()?, samples.last()?);
    let seconds = last.0 - first.0;
    if samples.len() < SAMPLES || seconds < SHORT * COVERED {
        return None;
    }
    let (older, newer) = (&samples[..samples.len() / 2], &samples[samples.len() - samples.len() / 3..]);
    let least = |of: &[(f64, f64)]| of.iter().map(|it| it.1).fold(f64::MAX, f64::min);
    let most = |of: &[(f64, f64)]| of.iter().map(|it| it.1).fold(f64::MIN, f64::max);
    let blocks = first.1 - last.1;
    if most(newer) < least(older) && blocks >= CLEARLY * first.1 {
        return Some(Trend::Less { blocks, seconds });
    }
    (least(newer) > most(older)).then_some(Trend::More)
}

impl Trend {
    /// When a node that is `lag` blocks behind at `until` will be level at that pace, never
    /// before `until`; absent where it does not catch up steadily, or not within a week.
    #[must_use]
    pub fn level_at(self, lag: f64, until: f64) -> Option<f64> {
        let Self::Steady { slope, zero } = self else { return None };
        (lag > 0.0 && slope < 0.0 && zero - until <= HORIZON).then_some(zero.max(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty samples 15 s apart up to 600.
    fn sampled(lag: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (1..=40).map(|i| f64::from(i) * 15.0).map(|time| (time, lag(time))).collect()
    }

    fn level_at(samples: &[(f64, f64)], until: f64) -> Option<f64> {
        of(samples, until)?.level_at(samples.last()?.1, until)
    }

    /// Nodes that catch up at several speeds, with the median a block up or down and a sample
    /// now and then that is off: half way, the time that is left is right to a tenth.
    #[test]
    fn half_way_the_time_of_a_simulated_catch_up_is_right_to_a_tenth() {
        for (lag, speed) in [(600.0_f64, 0.5_f64), (5_000.0, 3.0), (50_000.0, 20.0), (90_000.0, 0.5)] {
            let whole = lag / speed;
            let half = (whole / 2.0 / 15.0).round() * 15.0;
            let jitter = |i: i64| [0.0, 1.0, -1.0, 0.0, 2.0, 0.0, -2.0][i as usize % 7];
            let odd = |i: i64| if i % 23 == 0 { speed * 30.0 } else { 0.0 };
            let samples: Vec<_> = (0..(half / 15.0) as i64)
                .map(|i| (i as f64 * 15.0, (lag - speed * i as f64 * 15.0).round() + jitter(i) + odd(i)))
                .collect();
            let at = level_at(&samples, half).unwrap();
            let error = (at - whole).abs() / (whole - half);
            assert!(error <= 0.1, "{lag} blocks, {speed} a second: {error}");
        }
    }

    #[test]
    fn nothing_is_foretold_of_a_loser_of_noise_and_of_few_samples() {
        let losing = sampled(|time| time);
        assert!(matches!(of(&losing, 600.0), Some(Trend::Steady { slope, .. }) if slope > 0.9));
        assert_eq!(level_at(&losing, 600.0), None);
        let noise = sampled(|time| if (time / 15.0) % 2.0 == 0.0 { 30.0 } else { 10.0 });
        assert_eq!(of(&noise, 600.0), None);
        let catching_up = sampled(|time| 1_000.0 - time);
        assert_eq!(of(&catching_up[..7], 105.0), None);
        assert_eq!(of(&sampled(|_| 12.0), 600.0), None);
        let slow = sampled(|time| 1_000_000.0 - time / 10.0);
        assert_eq!(level_at(&slow, 600.0), None);
        // A line that was at zero a moment ago is level now.
        assert_eq!(Trend::Steady { slope: -1.0, zero: 590.0 }.level_at(3.0, 600.0), Some(600.0));
    }

    #[test]
    fn what_is_not_steady_may_be_less_or_more_all_the_same() {
        let steps = sampled(|time| if time < 450.0 { 10_000.0 } else { 9_100.0 });
        assert_eq!(of(&steps, 600.0), Some(Trend::Less { blocks: 900.0, seconds: 300.0 }));
        let falling = sampled(|time| if time < 470.0 { 0.0 } else { (time - 470.0) / 10.0 });
        assert_eq!(of(&falling, 600.0), Some(Trend::More));
    }
}
