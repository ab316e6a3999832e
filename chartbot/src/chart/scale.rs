//! The vertical scale: which blocks are in view, and the round numbers beside them.

use crate::samples::grid::History;

/// Most and least labels beside the plot.
const MOST_TICKS: usize = 7;
const LEAST_TICKS: usize = 4;
/// Air beyond the corridor, as a factor of the threshold.
const CORRIDOR_AIR: f64 = 1.3;
/// Air beyond data outside the corridor, as a part of all that is in view: the number of the
/// worst sample fits in.
const DATA_AIR: f64 = 0.1;
/// Half the height in blocks when nothing asks for more.
const LEAST_HALF: f64 = 2.0;
/// An outlier is cut off when showing it would leave the bulk less than one part in this many.
const CUT_BEYOND: f64 = 8.0;
/// Where outliers are cut off, as a factor of the bulk: they remain conspicuous.
const CUT_AT: f64 = 2.5;
/// The part of all columns that may be outliers on one side.
const OUTLIERS: f64 = 0.02;

/// Which blocks from the median are in view.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueScale {
    /// The lowest value in view; anything below is cut off.
    pub low: f64,
    /// The highest value in view; anything above is cut off.
    pub high: f64,
    /// The labelled values, whole and rising.
    pub ticks: Vec<f64>,
}

impl ValueScale {
    /// The scale for a corridor of ±`threshold` and the lowest and highest value of
    /// every column, in any order.
    pub fn new(threshold: Option<f64>, lows: Vec<f64>, highs: Vec<f64>) -> ValueScale {
        let half = threshold.map_or(LEAST_HALF, |t| (t * CORRIDOR_AIR).max(LEAST_HALF));
        let (depth, lowest) = reach(half, lows.into_iter().map(|v| -v).collect());
        // Nothing but the corridor asks for room above when all stay behind the median.
        let (height, highest) = reach(half, highs);
        let air = DATA_AIR * (depth + height);
        let with_air = |reach: f64, farthest: f64| match farthest > threshold.unwrap_or(0.0) {
            true => reach.max(farthest + air),
            false => reach,
        };
        with_ticks(-with_air(depth, lowest), with_air(height, highest))
    }

    /// The scale that shows the nodes with these places in `history.watched`.
    pub fn of(history: &History) -> ValueScale {
        let nodes = history.watched.iter();
        let seen = nodes
            .flat_map(|node| node.columns.iter().filter_map(|column| column.seen))
            .chain(history.best.iter().flatten().copied());
        let (lows, highs) = seen.map(|it| (it.min, it.max)).unzip();
        let threshold = history.threshold.iter().flatten().copied().reduce(f64::max);
        ValueScale::new(threshold, lows, highs)
    }

    /// Where a value lies, 0 at the lower end and 1 at the upper; never outside of them.
    pub fn place(&self, value: f64) -> f32 {
        ((value.clamp(self.low, self.high) - self.low) / (self.high - self.low)) as f32
    }
}

/// How far the scale goes on one side, for values counted away from the median, and the
/// farthest of them that is not cut off.
fn reach(half: f64, mut away: Vec<f64>) -> (f64, f64) {
    away.sort_by(|a, b| b.total_cmp(a));
    let outliers = (away.len() as f64 * OUTLIERS) as usize;
    let bulk = away.get(outliers).map_or(half, |v| v.max(half));
    let seen = away.iter().find(|v| **v <= bulk * CUT_BEYOND).copied().unwrap_or(0.0);
    let cut = away.first().is_some_and(|v| *v > bulk * CUT_BEYOND);
    let least = if cut { bulk * CUT_AT } else { half };
    (seen.max(least), seen)
}

fn with_ticks(low: f64, high: f64) -> ValueScale {
    let (mut low, mut high) = (low, high);
    let step = (0..)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
        .find(|step| within(low, high, *step).len() <= MOST_TICKS)
        .unwrap_or(1.0);
    while within(low, high, step).len() < LEAST_TICKS {
        let below = (low / step).ceil() * step - step;
        let above = (high / step).floor() * step + step;
        if low - below < above - high {
            low = below;
        } else {
            high = above;
        }
    }
    let ticks = within(low, high, step);
    ValueScale { low, high, ticks }
}

fn within(low: f64, high: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    // More than this are never wanted, and a huge range would be long to walk.
    let count = (last - first + 1.0).clamp(0.0, 100.0) as usize;
    (0..count).map(|i| (first + i as f64) * step + 0.0).collect()
}

/// The units of numbers that would be too long otherwise.
const UNITS: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
/// Numbers from here on are too long.
const LONG: f64 = 100_000.0;

/// Numbers as a language writes them.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// Between thousands.
    pub thousands: char,
    /// Before tenths.
    pub decimal: char,
}

impl Numbers {
    /// A number of blocks with its sign: "−14", "0", "+5", "−50,000", "+1.3M".
    pub fn signed(self, blocks: f64) -> String {
        let rounded = blocks.round();
        format!("{}{}", sign(rounded), self.plain(rounded.abs()))
    }

    /// The labels beside the plot, all in the unit of the largest.
    pub fn labels(self, ticks: &[f64]) -> Vec<String> {
        let largest = ticks.iter().map(|it| it.abs()).fold(0.0, f64::max);
        if largest < LONG {
            return ticks.iter().map(|it| self.signed(*it)).collect();
        }
        let unit = unit(largest);
        let label = |it: &f64| match *it {
            0.0 => "0".to_owned(),
            it => format!("{}{}", sign(it), self.in_unit(it.abs(), unit)),
        };
        ticks.iter().map(label).collect()
    }

    /// A number of blocks without a sign: "5", "2.5", "50,000", "1.2M".
    pub fn plain(self, blocks: f64) -> String {
        if blocks >= LONG {
            return self.in_unit(blocks, unit(blocks));
        }
        let tenths = (blocks * 10.0).round() as u64;
        let (whole, tenths) = (tenths / 10, tenths % 10);
        let mut text = match whole {
            0..1000 => whole.to_string(),
            _ => format!("{}{}{:03}", whole / 1000, self.thousands, whole % 1000),
        };
        if tenths > 0 {
            text += &format!("{}{tenths}", self.decimal);
        }
        text
    }

    fn in_unit(self, blocks: f64, (unit, name): (f64, &str)) -> String {
        let count = blocks / unit;
        if count < 10.0 && (count * 10.0).round() % 10.0 != 0.0 {
            let tenths = (count * 10.0).round() as u64;
            format!("{}{}{}{name}", tenths / 10, self.decimal, tenths % 10)
        } else {
            format!("{count:.0}{name}")
        }
    }
}

fn sign(blocks: f64) -> &'static str {
    match blocks {
        below if below < 0.0 => "−",
        above if above > 0.0 => "+",
        _ => "",
    }
}

fn unit(blocks: f64) -> (f64, &'static str) {
    UNITS.into_iter().find(|(unit, _)| blocks >= *unit).unwrap_or((1e3, "k"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(threshold: Option<f64>, values: &[f64], want: &[f64]) {
        let scale = ValueScale::new(threshold, values.to_vec(), values.to_vec());
        assert_eq!(scale.ticks, want, "{scale:?}");
        let half = threshold.unwrap_or(0.0);
        assert!(scale.low < -half && scale.high > half, "{scale:?}");
    }

    #[test]
    fn ticks_are_round_and_few() {
        check(None, &[], &[-2.0, -1.0, 0.0, 1.0, 2.0]);
        check(Some(5.0), &[0.0], &[-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0]);
        check(Some(5.0), &[-14.0], &[-15.0, -10.0, -5.0, 0.0, 5.0]);
        check(Some(3.0), &[-40.0, 2.0], &[-40.0, -30.0, -20.0, -10.0, 0.0]);
        check(Some(20.0), &[-500.0; 50], &[-500.0, -400.0, -300.0, -200.0, -100.0, 0.0]);
    }

    #[test]
    fn one_outlier_does_not_flatten_the_rest() {
        let mut values = vec![-1.0; 1000];
        values.push(-50_000.0);
        let scale = ValueScale::new(Some(5.0), values.clone(), values);
        assert!(scale.low > -20.0, "{scale:?}");
        assert_eq!(scale.place(-50_000.0), 0.0);
    }

    #[test]
    fn a_long_time_far_behind_is_no_outlier() {
        let mut values = vec![-1.0; 900];
        values.extend([-50_000.0; 100]);
        let scale = ValueScale::new(Some(5.0), values.clone(), values);
        assert!(scale.low <= -50_000.0, "{scale:?}");
    }

    const ENGLISH: Numbers = Numbers { thousands: ',', decimal: '.' };

    #[test]
    fn labels_share_their_unit() {
        let labels = ENGLISH.labels(&[-100_000.0, -80_000.0, 0.0, 20_000.0]);
        assert_eq!(labels, ["−100k", "−80k", "0", "+20k"]);
        assert_eq!(ENGLISH.labels(&[-1_000_000.0, -500_000.0, 0.0]), ["−1M", "−0.5M", "0"]);
        assert_eq!(ENGLISH.labels(&[-20_000.0, 0.0]), ["−20,000", "0"]);
    }

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let russian = Numbers { thousands: '\u{a0}', decimal: ',' };
        assert_eq!(russian.signed(-50_000.0), "−50\u{a0}000");
        assert_eq!(russian.signed(1_250_000.0), "+1,3M");
        assert_eq!(russian.plain(2.5), "2,5");
    }

    #[test]
    fn numbers_are_short_and_signed() {
        for (blocks, want) in [
            (0.0, "0"),
            (-0.2, "0"),
            (5.0, "+5"),
            (-14.0, "−14"),
            (-50_000.0, "−50,000"),
            (-1_234.0, "−1,234"),
            (250_000.0, "+250k"),
            (-1_250_000.0, "−1.3M"),
            (9_007_199_254_740_992.0, "+9P"),
        ] {
            assert_eq!(ENGLISH.signed(blocks), want);
        }
        assert_eq!(ENGLISH.plain(2.5), "2.5");
    }
}
