//! One node's columns as strokes: its line, its band, and its excursions out of the corridor.

use super::{
    curve::{Knot, Side, pieces},
    excursion::Peak,
    plot::{Plot, runs},
    shape::{Area, Disc, Ink, Line, Point},
};
use crate::samples::grid::Envelope;

/// Width of a stem, in pixels; narrower columns are smoothed.
pub const LINE: f32 = 4.0;
/// A stretch of data is drawn at least this wide, so that a lone column stays visible: its
/// line is a dot then.
pub const LEAST_RUN: f32 = 12.0;

/// One node, or the best reference, as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// From the lowest to the highest sample.
    pub bands: Vec<Area>,
    /// The mean; in the ink of excursions outside the corridor.
    pub lines: Vec<Line>,
    /// The mean where it is too short for a line.
    pub dots: Vec<Disc>,
    /// From the corridor to the samples outside of it.
    pub excursions: Vec<Area>,
    /// Marks at samples outside the corridor that the line does not show.
    pub stems: Vec<Line>,
    /// The worst of every stretch that the scale cuts off.
    pub cuts: Vec<Peak>,
}

/// How a trace looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    pub line: Ink,
    /// The ink of its band; absent for a line that is not judged: leaving the corridor means
    /// nothing for it.
    pub band: Option<Ink>,
    pub width: f32,
    /// Whether the mean is level across each column, instead of a line from middle to middle.
    pub steps: bool,
}

/// Draws what was seen; a stretch without data is left empty.
pub fn trace(plot: &Plot, seen: &[Option<Envelope>], style: Style) -> Trace {
    let mut trace = Trace::default();
    for run in runs(seen.len(), |i| seen.get(i).is_some_and(Option::is_some)) {
        let columns: Vec<Envelope> = seen.get(run.clone()).into_iter().flatten().flatten().copied().collect();
        Run { plot, first: run.start, columns: &columns, style }.draw(&mut trace);
    }
    trace
}

/// Neighbouring columns that were seen.
pub struct Run<'a> {
    pub plot: &'a Plot<'a>,
    /// Where in the grid it begins.
    pub first: usize,
    pub columns: &'a [Envelope],
    pub style: Style,
}

impl Run<'_> {
    fn draw(&self, trace: &mut Trace) {
        let means = self.smoothed();
        let mean = self.curve(|i, it| means.get(i).copied().unwrap_or(it.mean));

        for side in [Side::Below, Side::Above] {
            self.cut_off(side, trace);
        }
        let dot = self.dot(&means);
        let is_line = dot.is_none();
        trace.dots.extend(dot);
        let Some(band) = self.style.band else {
            trace.lines.extend(is_line.then(|| self.line(&mean, self.style.line)));
            return;
        };
        trace.bands.push(self.band(band));
        for piece in pieces(&mean).into_iter().filter(|_| is_line) {
            trace.lines.push(self.line(&piece.knots, self.ink(piece.side)));
        }
        let low = self.curve(|_, it| it.min);
        let high = self.curve(|_, it| it.max);
        for (edge, side) in [(low, Side::Below), (high, Side::Above)] {
            let outside = pieces(&edge).into_iter().filter(|it| it.side == Some(side));
            trace.excursions.extend(outside.map(|it| self.fill(&it.knots, side)));
            self.stems(side, &means, trace);
        }
    }

    /// What the mean is drawn in on a side of the corridor, or inside it.
    fn ink(&self, side: Option<Side>) -> Ink {
        side.map_or(self.style.line, Ink::Outside)
    }

    /// A disc in place of a line that would be too short to see.
    fn dot(&self, means: &[f64]) -> Option<Disc> {
        const RADIUS: f32 = 6.5;
        let (left, right) = self.plot.column_edges(&(self.first..self.first + self.columns.len()));
        if right - left >= LEAST_RUN || means.is_empty() {
            return None;
        }
        let value = means.iter().sum::<f64>() / means.len() as f64;
        let side = Side::of(value, self.limit(0)).filter(|_| self.style.band.is_some());
        let (left, right) = (self.plot.frame.left, self.plot.frame.right);
        let center =
            Point { x: self.x(means.len() / 2).clamp(left + RADIUS, right - RADIUS), y: self.plot.y(value) };
        Some(Disc { center, radius: RADIUS, ink: self.ink(side) })
    }

    fn band(&self, ink: Ink) -> Area {
        let lowest = |i: usize| self.around(i).map(|it| it.min).fold(f64::MAX, f64::min);
        let highest = |i: usize| self.around(i).map(|it| it.max).fold(f64::MIN, f64::max);
        let low = self.curve(|i, _| lowest(i));
        let high = self.curve(|i, _| highest(i));
        let mut outline = self.points(&self.inside(&high));
        outline.extend(self.points(&self.inside(&low)).into_iter().rev());
        Area { outline, ink }
    }

    /// The part of an edge of the band that lies inside the corridor: what lies outside
    /// is drawn as an excursion.
    fn inside(&self, edge: &[Knot]) -> Vec<Knot> {
        let knots = pieces(edge).into_iter().flat_map(|piece| piece.knots);
        knots
            .map(|knot| {
                let limit = knot.limit.unwrap_or(f64::INFINITY);
                let value = knot.value.max(-limit).min(limit);
                Knot { value, ..knot }
            })
            .collect()
    }

    /// A curve through the middle of every column, level to the outer edges of the run.
    fn curve(&self, value: impl Fn(usize, &Envelope) -> f64) -> Vec<Knot> {
        let range = self.first..self.first + self.columns.len();
        let (left, right) = self.plot.spread(&range, LEAST_RUN);
        let in_view = |it: f64| it.clamp(self.plot.value.low, self.plot.value.high);
        let mut knots: Vec<Knot> = Vec::with_capacity(self.columns.len() + 2);
        for (i, column) in self.columns.iter().enumerate() {
            let knot = Knot {
                x: self.plot.middle(self.first + i),
                value: in_view(value(i, column)),
                limit: self.plot.limit(self.first + i),
            };
            match knots.last() {
                None => knots.push(Knot { x: left, ..knot }),
                // The threshold changes between two columns, not in the middle of one.
                Some(last) if last.limit != knot.limit => {
                    let (edge, _) = self.plot.column(self.first + i);
                    let part = f64::from((edge - last.x) / (knot.x - last.x).max(f32::EPSILON));
                    let value = last.value + (knot.value - last.value) * part.clamp(0.0, 1.0);
                    let (x, limit) = (edge, last.limit);
                    knots.push(Knot { x, value, limit });
                    knots.push(Knot { x, value, ..knot });
                }
                Some(_) => {}
            }
            if self.style.steps {
                let (begin, end) = self.plot.column(self.first + i);
                knots.extend([begin.max(left), end.min(right)].map(|x| Knot { x, ..knot }));
            } else {
                knots.push(knot);
            }
        }
        if let Some(last) = knots.last().copied() {
            knots.push(Knot { x: right, ..last });
        }
        knots
    }

    fn points(&self, knots: &[Knot]) -> Vec<Point> {
        let point = |knot: &Knot| Point { x: knot.x, y: self.plot.y(knot.value) };
        knots.iter().map(point).collect()
    }

    fn line(&self, knots: &[Knot], ink: Ink) -> Line {
        Line::solid(self.points(knots), ink, self.style.width)
    }

    fn fill(&self, knots: &[Knot], side: Side) -> Area {
        let mut outline = self.points(knots);
        outline.extend(
            knots
                .iter()
                .rev()
                .map(|knot| Point { x: knot.x, y: self.plot.y(side.sign() * knot.limit.unwrap_or(0.0)) }),
        );
        Area { outline, ink: Ink::Excursion(side) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chart::{scale::ValueScale, shape::Rect, timeaxis::TimeScale},
        samples::grid::Grid,
    };

    const FRAME: Rect = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 200.0 };

    fn seen(min: f64, mean: f64, max: f64) -> Option<Envelope> {
        Some(Envelope { min, mean, max })
    }

    /// A hundred pixels for all columns; ten pixels a block, zero in the middle.
    fn drawn(columns: &[Option<Envelope>], threshold: &[Option<f64>]) -> Trace {
        let value = ValueScale { low: -10.0, high: 10.0, ticks: Vec::new() };
        let grid = Grid { start: 0, step: 10, len: columns.len() };
        let time = TimeScale { since: 0, until: 10 * columns.len() as i64, left: 0.0, right: 100.0 };
        let plot = Plot { time, value: &value, frame: FRAME, grid, threshold };
        let style = Style { line: Ink::Main, band: Some(Ink::MainBand), width: LINE, steps: false };
        trace(&plot, columns, style)
    }

    fn ends(line: &Line) -> (f32, f32) {
        let last = line.points[line.points.len() - 1];
        (line.points[0].x.round(), last.x.round())
    }

    #[test]
    fn a_gap_is_never_joined() {
        let calm = seen(-1.0, -0.5, 0.0);
        let mut columns = vec![calm; 10];
        columns[4] = None;
        columns[5] = None;
        let trace = drawn(&columns, &[Some(5.0); 10]);
        let lines: Vec<_> = trace.lines.iter().map(ends).collect();
        assert_eq!(lines, [(0.0, 40.0), (60.0, 100.0)]);
        assert_eq!(trace.bands.len(), 2);
        assert!(trace.cuts.is_empty() && trace.stems.is_empty());
    }

    #[test]
    fn the_line_changes_its_ink_at_the_corridor() {
        let mut columns = vec![seen(0.0, 0.0, 0.0); 10];
        columns[5] = seen(-8.0, -8.0, -8.0);
        let trace = drawn(&columns, &[Some(4.0); 10]);
        let inks: Vec<_> = trace.lines.iter().map(|it| (it.ink, ends(it))).collect();
        assert_eq!(
            inks,
            [(Ink::Main, (0.0, 50.0)), (Ink::Outside(Side::Below), (50.0, 60.0)), (Ink::Main, (60.0, 100.0)),]
        );
        assert_eq!(trace.excursions.len(), 1);
    }

    #[test]
    fn one_bad_sample_leaves_a_mark() {
        let mut columns = vec![seen(-1.0, -0.5, 0.0); 10];
        columns[3] = seen(-7.0, -1.0, 0.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        assert_eq!(trace.stems.len(), 1);
        assert_eq!(trace.stems[0].ink, Ink::Outside(Side::Below));
        assert!(trace.stems[0].width >= 3.0);
        assert_eq!(trace.stems[0].points[0], Point { x: 35.0, y: 150.0 });
        assert_eq!(trace.stems[0].points[1], Point { x: 35.0, y: 170.0 });
    }

    #[test]
    fn the_worst_sample_of_a_dip_leaves_a_mark() {
        let mut columns = vec![seen(-7.5, -7.0, -6.0); 10];
        columns[6] = seen(-9.5, -7.0, -6.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        let marks: Vec<_> = trace.stems.iter().map(|it| &it.points[..]).collect();
        let mark = [170.0, 195.0].map(|y| Point { x: 65.0, y });
        assert_eq!(marks, [&mark]);
    }

    #[test]
    fn the_line_is_calm_but_a_dip_keeps_its_depth() {
        // A hundred columns of one pixel.
        let value = |i: usize| match i {
            60..63 => -8.0,
            _ if i.is_multiple_of(2) => -2.0,
            _ => 0.0,
        };
        let columns: Vec<_> = (0..100).map(|i| seen(value(i), value(i), value(i))).collect();
        let trace = drawn(&columns, &[Some(5.0); 100]);
        let lowest = trace.lines.iter().flat_map(|it| &it.points);
        let lowest = lowest.map(|it| it.y).fold(0.0, f32::max);
        assert_eq!(lowest, 180.0);
        let calm = trace.lines[0].points.iter().filter(|it| it.x > 10.0 && it.x < 50.0);
        assert!(calm.into_iter().all(|it| (it.y - 110.0).abs() < 2.0));
    }

    #[test]
    fn a_step_inside_the_corridor_stays_a_step() {
        // A hundred columns of one pixel, ten of them four blocks behind.
        let value = |i: usize| if (50..60).contains(&i) { -4.0 } else { 0.0 };
        let columns: Vec<_> = (0..100).map(|i| seen(value(i), value(i), value(i))).collect();
        let trace = drawn(&columns, &[Some(5.0); 100]);
        for i in 0..100 {
            let at = Point { x: i as f32 + 0.5, y: 100.0 - 10.0 * value(i) as f32 };
            assert!(trace.lines[0].points.contains(&at), "{at:?} in {:?}", trace.lines[0].points);
        }
    }

    #[test]
    fn columns_wider_than_the_line_are_drawn_as_they_are() {
        let value = |i: usize| if i.is_multiple_of(2) { -2.0 } else { 0.0 };
        let columns: Vec<_> = (0..10).map(|i| seen(value(i), value(i), value(i))).collect();
        let trace = drawn(&columns, &[Some(5.0); 10]);
        for i in 0..10 {
            let at = Point { x: 10.0 * i as f32 + 5.0, y: 100.0 - 10.0 * value(i) as f32 };
            assert!(trace.lines[0].points.contains(&at), "{at:?} in {:?}", trace.lines[0].points);
        }
    }

    #[test]
    fn a_value_at_the_threshold_is_inside() {
        let trace = drawn(&[seen(-5.0, -5.0, 5.0); 10], &[Some(5.0); 10]);
        assert!(trace.stems.is_empty() && trace.excursions.is_empty());
    }

    #[test]
    fn where_the_threshold_is_unknown_nothing_is_outside() {
        let mut threshold = [Some(2.0); 10];
        threshold[..5].fill(None);
        let trace = drawn(&[seen(-6.0, -6.0, -6.0); 10], &threshold);
        let inks: Vec<_> = trace.lines.iter().map(|it| (it.ink, ends(it))).collect();
        assert_eq!(inks, [(Ink::Main, (0.0, 50.0)), (Ink::Outside(Side::Below), (50.0, 100.0)),]);
    }

    #[test]
    fn a_lone_column_is_a_dot() {
        let mut columns = vec![None; 10];
        columns[9] = seen(-1.0, -1.0, -1.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        assert!(trace.lines.is_empty());
        let dot = &trace.dots[0];
        assert_eq!(dot.ink, Ink::Main);
        assert!(2.0 * dot.radius >= LEAST_RUN && dot.center.x + dot.radius <= 100.0);
    }

    #[test]
    fn values_beyond_the_scale_are_cut_and_said_so() {
        let mut columns = vec![seen(0.0, 0.0, 0.0); 10];
        columns[5] = seen(-50_000.0, -20_000.0, 0.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        assert_eq!(trace.cuts.len(), 1);
        assert_eq!(trace.cuts[0].value, -50_000.0);
        let points = trace.lines.iter().flat_map(|it| &it.points);
        assert!(points.clone().all(|it| it.y <= FRAME.bottom));
    }
}
