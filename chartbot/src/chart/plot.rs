//! The plot: where columns and values lie in it, and the corridor through it.

use std::ops::Range;

use super::{
    curve::Side,
    scale::ValueScale,
    shape::{Dash, Ink, Line, Point, Rect},
    timeaxis::TimeScale,
};
use crate::samples::grid::Grid;

/// Where columns and values lie.
pub struct Plot<'a> {
    pub time: TimeScale,
    pub value: &'a ValueScale,
    /// The box that values lie in.
    pub frame: Rect,
    pub grid: Grid,
    pub threshold: &'a [Option<f64>],
}

impl Plot<'_> {
    pub fn y(&self, value: f64) -> f32 {
        self.frame.bottom - self.value.place(value) * self.frame.height()
    }

    /// The left and right edge of a column.
    pub fn column(&self, index: usize) -> (f32, f32) {
        self.time.column(&self.grid, index)
    }

    /// The left edge of the first column and the right edge of the last.
    pub fn column_edges(&self, columns: &Range<usize>) -> (f32, f32) {
        let (left, _) = self.column(columns.start);
        let (_, right) = self.column(columns.end.saturating_sub(1));
        (left, right)
    }

    /// The left and right edge of columns, spread to at least `width` pixels within the plot.
    pub fn spread(&self, columns: &Range<usize>, width: f32) -> (f32, f32) {
        let (left, right) = self.column_edges(columns);
        if right - left >= width {
            return (left, right);
        }
        let (first, last) = (self.frame.left, (self.frame.right - width).max(self.frame.left));
        let left = ((left + right - width) / 2.0).clamp(first, last);
        (left, left + width)
    }

    /// The middle of a column.
    pub fn middle(&self, index: usize) -> f32 {
        let (left, right) = self.column(index);
        (left + right) / 2.0
    }

    /// Half the height of the corridor in a column; absent when unknown.
    pub fn limit(&self, index: usize) -> Option<f64> {
        self.threshold.get(index).copied().flatten()
    }
}

/// The largest threshold of the range; absent when none is known.
pub fn widest(threshold: &[Option<f64>]) -> Option<f64> {
    threshold.iter().flatten().copied().reduce(f64::max)
}

/// The stretches of neighbours that have the same, with what they have.
pub fn stretches<T: PartialEq>(len: usize, of: impl Fn(usize) -> Option<T>) -> Vec<(Range<usize>, T)> {
    let mut stretches: Vec<(Range<usize>, T)> = Vec::new();
    for (i, it) in (0..len).filter_map(|i| Some((i, of(i)?))) {
        match stretches.last_mut() {
            Some((columns, last)) if columns.end == i && *last == it => columns.end = i + 1,
            _ => stretches.push((i..i + 1, it)),
        }
    }
    stretches
}

/// The stretches of neighbours that have something.
pub fn runs(len: usize, has: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    stretches(len, |i| has(i).then_some(())).into_iter().map(|(columns, ())| columns).collect()
}

/// The corridor: a dashed line along the threshold on each side, broken where it is unknown.
pub fn corridor(plot: &Plot) -> Vec<Line> {
    let known = |i: usize| plot.limit(i).is_some();
    let mut lines = Vec::new();
    for run in runs(plot.threshold.len().min(plot.grid.len), known) {
        for side in [Side::Below, Side::Above] {
            let mut points: Vec<Point> = Vec::new();
            for i in run.clone() {
                let y = plot.y(side.sign() * plot.limit(i).unwrap_or(0.0));
                let (left, right) = plot.column(i);
                match points.last_mut() {
                    Some(last) if last.y == y => last.x = right,
                    _ => points.extend([left, right].map(|x| Point { x, y })),
                }
            }
            lines.push(Line {
                points,
                ink: Ink::Corridor,
                width: 3.0,
                dash: Some(Dash { on: 24.0, off: 14.0 }),
            });
        }
    }
    lines
}
