//! PURE: the vertical scale of a card: which blocks are in view, and the ticks beside them.

use super::{card::Card, plot::widest};

/// Air beyond the corridor, as a factor of the threshold: room for a number.
const CORRIDOR_AIR: f64 = 1.7;
/// Air beyond the farthest sample outside the corridor: room for its number.
const DATA_AIR: f64 = 1.2;
/// Half the height in blocks when nothing asks for more.
const LEAST_HALF: f64 = 2.0;
/// The cut hides at most so many excursions: what happens more often is no outlier.
const A_FEW: usize = 2;
/// Nor is one that lasts longer than this part of the range.
const BRIEF: f64 = 0.02;
/// An outlier is farther out than everything else by this factor.
const FARTHER: f64 = 4.0;
/// Where outliers are cut, as a factor of everything else.
const CUT_AT: f64 = 1.5;
/// On the way back from far away the axis is cut at the larger of so many times the present lag
/// and so many thresholds.
const BACK_LAGS: f64 = 4.0;
const BACK_THRESHOLDS: f64 = 10.0;
/// Pixels from one tick to the next at least, and from a round one to those of the corridor.
const TICK_PITCH: f64 = 84.0;
const TICK_LEAST: f64 = 52.0;

/// Which blocks from the median are in view.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueScale {
    /// The lowest value in view; anything below is cut off.
    pub low: f64,
    /// The highest value in view; anything above is cut off.
    pub high: f64,
    /// The labelled values, rising.
    pub ticks: Vec<f64>,
}

impl ValueScale {
    /// Where a value lies, 0 at the lower end and 1 at the upper; never outside of them.
    pub fn place(&self, value: f64) -> f32 {
        ((value.clamp(self.low, self.high) - self.low) / (self.high - self.low)) as f32
    }
}

/// The scale for all nodes of a card on `height` pixels.
pub fn of(card: &Card, height: f32) -> ValueScale {
    let threshold = widest(&card.threshold);
    let half = threshold.map_or(LEAST_HALF, |it| (it * CORRIDOR_AIR).max(LEAST_HALF));
    let side = |sign: f64| {
        let away = |edge: Option<(f64, f64)>| edge.map(|(low, high)| (low * sign).max(high * sign));
        let mut reach = half;
        for (place, node) in card.nodes.iter().enumerate() {
            let edges = node.seen.iter().map(|it| away(it.map(|it| (it.min, it.max)))).collect::<Vec<_>>();
            let now = node.now.as_ref().filter(|_| place == 0).map(|now| now.offset * sign);
            reach = reach.max(self::reach(&edges, half, threshold.unwrap_or(0.0), now));
        }
        let best = card.best.iter().flatten().map(|it| (it.min * sign).max(it.max * sign));
        // The reference only widens the scale as far as the corridor and the nodes need anyway.
        reach.max(best.fold(0.0, f64::max).min(2.0 * half))
    };
    let (low, high) = (-side(-1.0), side(1.0));
    let ticks = ticks(low, high, threshold, f64::from(height));
    ValueScale { low, high, ticks }
}

/// How far the scale goes on one side, for the farthest value of every column away from the
/// median, in order of time. `now` is the present distance on this side.
fn reach(away: &[Option<f64>], half: f64, threshold: f64, now: Option<f64>) -> f64 {
    let mut excursions: Vec<(f64, usize)> = Vec::new();
    let mut is_outside = false;
    for it in away.iter().flatten() {
        match excursions.last_mut() {
            Some((peak, columns)) if is_outside && *it > half => {
                *peak = peak.max(*it);
                *columns += 1;
            }
            _ if *it > half => excursions.push((*it, 1)),
            _ => {}
        }
        is_outside = *it > half;
    }
    let ongoing = excursions.last().copied().filter(|_| is_outside);
    excursions.sort_by(|a, b| b.0.total_cmp(&a.0));
    let farthest = |from: usize| excursions.get(from).map_or(half, |it| it.0.max(half));

    let back = now.map(|now| (now * BACK_LAGS).max(threshold * BACK_THRESHOLDS));
    if let (Some((peak, _)), Some(back)) = (ongoing, back)
        && peak > back
        && peak == farthest(0)
    {
        return back.max(farthest(1).min(peak) * DATA_AIR).min(peak * DATA_AIR);
    }
    let brief = (away.len() as f64 * BRIEF).max(1.0);
    for cut in 1..=A_FEW.min(excursions.len()) {
        let columns: usize = excursions.iter().take(cut).map(|it| it.1).sum();
        if farthest(cut - 1) >= FARTHER * farthest(cut) && columns as f64 <= brief {
            return CUT_AT * farthest(cut) * DATA_AIR;
        }
    }
    if excursions.is_empty() { half } else { farthest(0) * DATA_AIR }
}

/// First −threshold, 0 and +threshold, then round values between and beyond them. Where the
/// corridor is too thin for three labels only 0 is left.
fn ticks(low: f64, high: f64, threshold: Option<f64>, height: f64) -> Vec<f64> {
    let pixels = |blocks: f64| blocks / (high - low) * height;
    let corridor = threshold.filter(|it| pixels(*it) >= TICK_LEAST);
    let mut ticks = vec![0.0];
    ticks.extend(corridor.into_iter().flat_map(|it| [-it, it]));
    let step = (0..19)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
        .find(|step| pixels(*step) >= TICK_PITCH)
        .unwrap_or(high - low);
    // A step is at least a tick's pitch, so there are only as many as the height holds.
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    for round in (first..=last).map(|count| count as f64 * step) {
        if ticks.iter().all(|tick| pixels((tick - round).abs()) >= TICK_LEAST) {
            ticks.push(round);
        }
    }
    ticks.sort_by(f64::total_cmp);
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corridor_comes_first() {
        for (low, high, threshold, want) in [
            (-30.0, 8.0, Some(5.0), &[-30.0, -20.0, -10.0, -5.0, 0.0, 5.0][..]),
            (-8.5, 8.5, Some(5.0), &[-5.0, 0.0, 5.0]),
            (-20_000.0, 9.0, Some(5.0), &[-20_000.0, -15_000.0, -10_000.0, -5_000.0, 0.0]),
            (-2.0, 2.0, None, &[-2.0, -1.0, 0.0, 1.0, 2.0]),
        ] {
            assert_eq!(ticks(low, high, threshold, 600.0), want, "{low}");
        }
    }

    #[track_caller]
    fn check(values: &[f64], now: Option<f64>, want: std::ops::RangeInclusive<f64>) {
        let mut away = vec![Some(1.0); 400];
        for (place, value) in values.iter().enumerate() {
            away[10 * (place + 1)] = Some(*value);
        }
        let reach = reach(&away, 8.5, 5.0, now);
        assert!(want.contains(&reach), "{values:?}: {reach}");
    }

    #[test]
    fn the_cut_hides_true_outliers_only() {
        check(&[], None, 8.5..=8.5);
        check(&[20_000.0], None, 12.0..=20.0);
        check(&[20_000.0, 27.0], None, 40.0..=60.0);
        // Alike peaks are all shown, and so is what is not much farther than the rest.
        check(&[76.0, 77.0, 76.5, 75.0], None, 77.0..=100.0);
        check(&[30.0], None, 30.0..=40.0);
        check(&[500.0; 5], None, 500.0..=650.0);
    }

    #[test]
    fn a_long_outage_is_no_outlier() {
        let mut away = vec![Some(1.0); 400];
        away[100..200].fill(Some(50_000.0));
        assert!(reach(&away, 8.5, 5.0, Some(0.0)) >= 50_000.0);
    }

    #[test]
    fn the_way_back_is_cut_near_the_present() {
        let away: Vec<_> = (0..400).map(|i| Some(50_000.0 - 124.0 * f64::from(i))).collect();
        let reach = reach(&away, 8.5, 5.0, Some(524.0));
        assert_eq!(reach, 4.0 * 524.0);
    }
}
