//! Many columns on few pixels: a mean that is a clean line, and spikes wide enough to see.

use std::ops::RangeInclusive;

use super::{
    curve::Side,
    trace::{LINE, Run},
};
use crate::samples::grid::Envelope;

/// Where columns are narrower than the line, it is the mean over this many pixels, or it
/// would be unreadable; what lies beyond it stays in the band. Wider ones are drawn as they are.
const SMOOTHED: f32 = 11.0;
/// Means that differ by less, in blocks, are the same: servers differ in how they
/// round the last digits.
const ALIKE: f64 = 1e-6;
/// A lone high or low in the band is about this wide.
const LEAST_SPIKE: f32 = 3.0;

impl Run<'_> {
    /// A column and those so close to it that together they are wide enough to see.
    pub fn around(&self, i: usize) -> impl Iterator<Item = &Envelope> {
        let reach = self.columns_in(LEAST_SPIKE) / 2;
        let around = i.saturating_sub(reach)..(i + reach + 1).min(self.columns.len());
        self.columns.get(around).into_iter().flatten()
    }

    /// The mean over some pixels around each column, over fewer where the corridor is
    /// crossed: what lies outside is not mixed with what lies inside, and a slope stays one.
    /// Of the columns before, after, and on both sides those count whose mean comes closest
    /// to the column's own: so a step stays one, too.
    pub fn smoothed(&self) -> Vec<f64> {
        let mean = |it: &Envelope| it.mean.clamp(self.plot.value.low, self.plot.value.high);
        let means: Vec<f64> = self.columns.iter().map(mean).collect();
        let side = |(i, mean): (usize, &f64)| Side::of(*mean, self.limit(i));
        let sides: Vec<Option<Side>> = means.iter().enumerate().map(side).collect();
        let is_thicket = self.column_width() < LINE;
        let most = if is_thicket { self.columns_in(SMOOTHED) / 2 } else { 0 };
        let alike = |i: usize, reach: &usize| {
            let around = i.checked_sub(*reach).and_then(|first| sides.get(first..=i + reach));
            around.is_some_and(|around| around.iter().all(|side| Some(side) == sides.get(i)))
        };
        let over = |columns: RangeInclusive<usize>| {
            let near = means.get(columns).unwrap_or_default();
            near.iter().sum::<f64>() / near.len() as f64
        };
        let smoothed = means.iter().enumerate().map(|(i, own)| {
            let reach = (1..=most).take_while(|reach| alike(i, reach)).last().unwrap_or(0);
            let one_sided = [over(i - reach..=i), over(i..=i + reach)];
            let closer = |a: f64, b: f64| if (b - own).abs() + ALIKE < (a - own).abs() { b } else { a };
            one_sided.into_iter().fold(over(i - reach..=i + reach), closer)
        });
        smoothed.collect()
    }

    /// How many columns are about so many pixels wide.
    fn columns_in(&self, pixels: f32) -> usize {
        (pixels / self.column_width().max(0.1)).round() as usize
    }

    fn column_width(&self) -> f32 {
        self.plot.frame.width() / self.plot.grid.len.max(1) as f32
    }
}
