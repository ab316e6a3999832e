//! PURE: whether a threshold is inside the noise of a node, and which one would not be.

/// More than this share of the samples has to be outside the corridor,
const OUTSIDE: f64 = 0.05;
/// and at least this share on each side: a node that only falls behind is no noise.
const EACH_WAY: f64 = 0.01;
/// Shorter times show nothing, in seconds.
const LEAST: f64 = 3_600.0;
/// So much of the noise is inside its reach.
const WITHIN: f64 = 0.99;
/// A threshold leaves the reach that much room.
const ROOM: f64 = 1.5;

/// Noise that is wider than the corridor, in whole blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// How far it goes to each side.
    pub reach: f64,
    /// The threshold that would fit.
    pub threshold: f64,
}

/// The noise of these samples (unix seconds and blocks behind, rising in time); absent where
/// the threshold fits.
#[must_use]
pub fn of(samples: &[(f64, f64)], threshold: f64) -> Option<Noise> {
    let ((first, _), (last, _)) = (samples.first()?, samples.last()?);
    let n = samples.len() as f64;
    // The last sample counts for as long as any other.
    if n < 2.0 || (last - first) * n / (n - 1.0) < LEAST - 1.0 {
        return None;
    }
    let share = |is: &dyn Fn(f64) -> bool| samples.iter().filter(|(_, lag)| is(*lag)).count() as f64 / n;
    let (behind, ahead) = (share(&|lag| lag > threshold), share(&|lag| lag < -threshold));
    if behind + ahead <= OUTSIDE || behind < EACH_WAY || ahead < EACH_WAY {
        return None;
    }
    let mut away: Vec<f64> = samples.iter().map(|(_, lag)| lag.abs()).collect();
    let place = ((n * WITHIN).ceil() as usize).clamp(1, samples.len()) - 1;
    let (_, reach, _) = away.select_nth_unstable_by(place, f64::total_cmp);
    Some(Noise { reach: reach.ceil(), threshold: (*reach * ROOM).ceil() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour of samples 15 s apart.
    fn sampled(lag: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
        (0..240).map(|i| (i as f64 * 15.0, lag(i))).collect()
    }

    #[test]
    fn a_corridor_inside_the_noise_gets_advice() {
        let wide = sampled(|i| [8.0, 1.0, -8.0, 0.0, 2.0, -1.0][i % 6]);
        assert_eq!(of(&wide, 5.0), Some(Noise { reach: 8.0, threshold: 12.0 }));
        assert_eq!(of(&wide, 8.0), None);
        assert_eq!(of(&wide[..200], 5.0), None, "less than an hour");
        assert_eq!(of(&sampled(|i| [8.0, 0.0][i % 2]), 5.0), None, "behind only");
        assert_eq!(of(&sampled(|i| if i % 40 == 0 { 8.0 } else { 0.0 }), 5.0), None, "seldom");
        assert_eq!(of(&[], 5.0), None);
    }
}
