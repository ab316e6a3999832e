//! The marks of samples outside the corridor: a single bad one in a week stays visible.

use std::ops::Range;

use super::{
    curve::Side,
    plot::runs,
    shape::{Area, Ink, Line, Point, Rect},
    trace::{LINE, Run, Trace},
};

/// Pixels from one stem to the next where only the band leaves the corridor.
const STEM_PITCH: f32 = 12.0;
/// The worst of an excursion gets a stem when its line ends this many pixels before it.
const STEM_LEAST: f32 = 14.0;

/// Height of an arrow that points beyond the scale.
const ARROW: f32 = 18.0;
const ARROW_WIDTH: f32 = 1.2 * ARROW;

/// The worst sample of a stretch that lies beyond the scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The middle of its column, in pixels.
    pub x: f32,
    /// In blocks from the median.
    pub value: f64,
    pub ink: Ink,
}

impl Peak {
    /// Points to it from the edge of the scale.
    pub fn arrow(&self, plot: Rect) -> Area {
        let up = self.value > 0.0;
        let (tip, foot) = if up { (plot.top, plot.top + ARROW) } else { (plot.bottom, plot.bottom - ARROW) };
        let half = ARROW_WIDTH / 2.0;
        let x = self.x.clamp(plot.left + half, plot.right - half);
        Area {
            outline: vec![
                Point { x, y: tip },
                Point { x: x - half, y: foot },
                Point { x: x + half, y: foot },
            ],
            ink: self.ink,
        }
    }
}

impl Run<'_> {
    /// The farthest sample of a column on one side.
    fn extreme(&self, index: usize, side: Side) -> f64 {
        self.columns.get(index).map_or(0.0, |it| match side {
            Side::Below => it.min,
            Side::Above => it.max,
        })
    }

    fn cut(&self, value: f64) -> bool {
        value < self.plot.value.low || value > self.plot.value.high
    }

    pub fn limit(&self, index: usize) -> Option<f64> {
        self.plot.limit(self.first + index)
    }

    pub fn x(&self, index: usize) -> f32 {
        self.plot.middle(self.first + index)
    }

    /// Marks every excursion: its worst sample, and where the line stays inside so that
    /// nothing else would show it.
    pub fn stems(&self, side: Side, means: &[f64], trace: &mut Trace) {
        let beyond = |i: usize| side.beyond(self.extreme(i, side), self.limit(i));
        let worst = |columns: Range<usize>| columns.max_by(|a, b| beyond(*a).total_cmp(&beyond(*b)));
        let line_inside = |i: usize| {
            let mean = means.get(i).copied().unwrap_or(0.0);
            side.beyond(mean, self.limit(i)) <= 0.0
        };
        let groups = runs(self.columns.len(), |i| beyond(i) > 0.0);
        for group in self.joined(groups, STEM_PITCH) {
            let Some(peak) = worst(group.clone()) else {
                continue;
            };
            let mut marked = vec![peak];
            for silent in runs(group.end, |i| group.contains(&i) && line_inside(i)) {
                // The slope down to where the line leaves the corridor needs no mark of its own.
                let wide = self.x(silent.end - 1) - self.x(silent.start) >= 2.0 * STEM_PITCH;
                if wide || silent == group {
                    marked.extend(self.spaced(silent).into_iter().filter_map(worst));
                }
            }
            marked.retain(|i| beyond(*i) > 0.0);
            marked.sort_unstable();
            marked.dedup();
            for index in marked {
                self.stem(index, side, means, trace);
            }
        }
    }

    /// Stretches of columns, those closer than so many pixels made one.
    fn joined(&self, stretches: Vec<Range<usize>>, close: f32) -> Vec<Range<usize>> {
        let mut joined: Vec<Range<usize>> = Vec::new();
        for stretch in stretches {
            match joined.last_mut() {
                Some(last) if self.x(stretch.start) - self.x(last.end - 1) < close => {
                    last.end = stretch.end;
                }
                _ => joined.push(stretch),
            }
        }
        joined
    }

    /// Columns split into parts about as wide as the distance between stems.
    fn spaced(&self, columns: Range<usize>) -> Vec<Range<usize>> {
        let place = |i: usize| (self.x(i) / STEM_PITCH) as i32;
        let mut parts: Vec<Range<usize>> = Vec::new();
        for i in columns {
            match parts.last_mut() {
                Some(part) if place(part.start) == place(i) => part.end = i + 1,
                _ => parts.push(i..i + 1),
            }
        }
        parts
    }

    /// A mark from the corridor, or from the line where that is farther out, to the
    /// farthest sample of a column.
    fn stem(&self, index: usize, side: Side, means: &[f64], trace: &mut Trace) {
        let limit = self.limit(index);
        let line = means.get(index).copied().filter(|mean| side.beyond(*mean, limit) > 0.0);
        let edge = side.sign() * limit.unwrap_or(0.0);
        let from = self.plot.y(line.unwrap_or(edge));
        let to = self.plot.y(self.extreme(index, side));
        if line.is_some() && (to - from).abs() < STEM_LEAST {
            return;
        }
        // Hardly outside is a mark as well.
        let to = match side {
            Side::Below => to.max(from + LINE),
            Side::Above => to.min(from - LINE),
        };
        let x = self.x(index);
        let points = [from, to].map(|y| Point { x, y }).to_vec();
        trace.stems.push(Line::solid(points, Ink::Outside(side), LINE));
    }

    /// Keeps the worst of every stretch that the scale cuts off.
    pub fn cut_off(&self, side: Side, trace: &mut Trace) {
        let away = |i: usize| self.extreme(i, side) * side.sign();
        let worst = |columns: Range<usize>| columns.max_by(|a, b| away(*a).total_cmp(&away(*b)));
        let cut = runs(self.columns.len(), |i| away(i) > 0.0 && self.cut(self.extreme(i, side)));
        for index in self.joined(cut, ARROW_WIDTH).into_iter().filter_map(worst) {
            let value = self.extreme(index, side);
            let is_outside = self.style.band.is_some() && side.beyond(value, self.limit(index)) > 0.0;
            trace.cuts.push(Peak {
                x: self.x(index),
                value,
                ink: if is_outside { Ink::Outside(side) } else { self.style.line },
            });
        }
    }
}
