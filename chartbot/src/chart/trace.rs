//! One node's columns as strokes: its line, its band, and all of it that leaves the corridor.

use std::ops::Range;

use super::{
    scale::ValueScale,
    shape::{Area, Dash, Ink, Line, Point, Rect},
    timeaxis::TimeScale,
};
use crate::series::{Envelope, Grid};

/// Width of the lines of watched nodes, in pixels.
pub const LINE: f32 = 4.0;
/// A stretch of data is drawn at least this wide, so that a lone column stays visible.
const LEAST_RUN: f32 = 10.0;
/// The line is the mean over this many pixels, or it would be a thicket; what lies beyond
/// it stays in the band.
const SMOOTHED: f32 = 15.0;
/// A lone high or low in the band is about this wide.
const LEAST_SPIKE: f32 = 3.0;
/// A stem stands in every so many pixels where only the band leaves the corridor.
const STEM_PITCH: f32 = 12.0;
/// The worst of an excursion gets a stem when its line ends this many pixels before it.
const STEM_LEAST: f32 = 14.0;

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

    /// The left and right edge of columns, spread to at least `width` pixels within the plot.
    pub fn spread(&self, columns: &Range<usize>, width: f32) -> (f32, f32) {
        let (left, _) = self.column(columns.start);
        let (_, right) = self.column(columns.end.saturating_sub(1));
        if right - left >= width {
            return (left, right);
        }
        let (first, last) = (
            self.frame.left,
            (self.frame.right - width).max(self.frame.left),
        );
        let left = ((left + right - width) / 2.0).clamp(first, last);
        (left, left + width)
    }

    fn middle(&self, index: usize) -> f32 {
        let (left, right) = self.column(index);
        (left + right) / 2.0
    }

    fn limit(&self, index: usize) -> Option<f64> {
        self.threshold.get(index).copied().flatten()
    }
}

/// One node, or the best reference, as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// From the lowest to the highest sample.
    pub bands: Vec<Area>,
    /// The mean; in the ink of excursions outside the corridor.
    pub lines: Vec<Line>,
    /// From the corridor to the samples outside of it.
    pub excursions: Vec<Area>,
    /// Marks at samples outside the corridor where the line tells nothing of them.
    pub stems: Vec<Line>,
    /// The worst sample below and above the corridor.
    pub peaks: Vec<Peak>,
}

/// The worst sample on one side of the corridor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    pub at: Point,
    /// In blocks from the median.
    pub value: f64,
    /// Whether it lies beyond the scale.
    pub cut: bool,
    pub ink: Ink,
}

/// How a trace looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    pub line: Ink,
    /// Absent where a band would hide more than it tells.
    pub band: Option<Ink>,
    pub width: f32,
    pub dash: Option<Dash>,
    /// What the line is drawn in outside the corridor; absent to leave it as it is.
    pub outside: Option<Ink>,
    /// Whether leaving the corridor means anything.
    pub judged: bool,
}

/// Draws what was seen; a stretch without data is left empty.
pub fn trace(plot: &Plot, seen: &[Option<Envelope>], style: Style) -> Trace {
    let mut trace = Trace::default();
    for run in runs(seen.len(), |i| seen.get(i).is_some_and(Option::is_some)) {
        let columns: Vec<Envelope> = seen
            .get(run.clone())
            .into_iter()
            .flatten()
            .flatten()
            .copied()
            .collect();
        Run {
            plot,
            first: run.start,
            columns: &columns,
            style,
        }
        .draw(&mut trace);
    }
    trace
}

/// The stretches of neighbours that have something.
pub fn runs(len: usize, has: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for i in (0..len).filter(|i| has(*i)) {
        match runs.last_mut() {
            Some(run) if run.end == i => run.end = i + 1,
            _ => runs.push(i..i + 1),
        }
    }
    runs
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Below,
    Above,
}

impl Side {
    fn sign(self) -> f64 {
        match self {
            Side::Below => -1.0,
            Side::Above => 1.0,
        }
    }

    /// The side on which a value lies outside.
    fn of(value: f64, limit: Option<f64>) -> Option<Side> {
        let outside = |side: &Side| side.beyond(value, limit) > 0.0;
        [Side::Below, Side::Above].into_iter().find(outside)
    }

    /// How far a value lies outside on this side, in blocks; negative inside.
    fn beyond(self, value: f64, limit: Option<f64>) -> f64 {
        limit.map_or(f64::NEG_INFINITY, |limit| value * self.sign() - limit)
    }
}

/// A point of a curve, with the threshold that holds from there to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Knot {
    x: f32,
    value: f64,
    limit: Option<f64>,
}

/// A stretch of a curve that lies inside the corridor, or outside on one side.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    side: Option<Side>,
    knots: Vec<Knot>,
}

/// Neighbouring columns that were seen.
struct Run<'a> {
    plot: &'a Plot<'a>,
    first: usize,
    columns: &'a [Envelope],
    style: Style,
}

impl Run<'_> {
    fn draw(&self, trace: &mut Trace) {
        let means = self.smoothed();
        let low = self.curve(|_, it| it.min);
        let high = self.curve(|_, it| it.max);
        let mean = self.curve(|i, it| means.get(i).copied().unwrap_or(it.mean));

        trace
            .bands
            .extend(self.style.band.map(|ink| self.band(ink)));
        for side in [Side::Below, Side::Above] {
            let all = 0..self.columns.len();
            let worst = all.max_by(|a, b| self.away(*a, side).total_cmp(&self.away(*b, side)));
            // A number is told for what the scale cuts off, whatever is known of a corridor.
            if let Some(worst) = worst.filter(|i| self.cut(self.extreme(*i, side))) {
                self.note(worst, side, trace);
            }
        }
        if !self.style.judged {
            trace.lines.push(self.line(&mean, self.style.line));
            return;
        }
        for piece in pieces(&mean) {
            let outside = self.style.outside.filter(|_| piece.side.is_some());
            let ink = outside.unwrap_or(self.style.line);
            trace.lines.push(self.line(&piece.knots, ink));
        }
        for (edge, side) in [(&low, Side::Below), (&high, Side::Above)] {
            let outside = pieces(edge).into_iter().filter(|it| it.side == Some(side));
            trace
                .excursions
                .extend(outside.map(|it| self.fill(&it.knots, side)));
            self.stems(side, &means, trace);
        }
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

    /// A column and those so close to it that together they are wide enough to see.
    fn around(&self, i: usize) -> impl Iterator<Item = &Envelope> {
        let reach = self.columns_in(LEAST_SPIKE) / 2;
        let around = i.saturating_sub(reach)..(i + reach + 1).min(self.columns.len());
        self.columns.get(around).into_iter().flatten()
    }

    /// The mean over some pixels around each column, over fewer where the corridor is
    /// crossed: what lies outside is not mixed with what lies inside, and a slope stays one.
    fn smoothed(&self) -> Vec<f64> {
        let mean = |it: &Envelope| it.mean.clamp(self.plot.value.low, self.plot.value.high);
        let means: Vec<f64> = self.columns.iter().map(mean).collect();
        let side = |(i, mean): (usize, &f64)| Side::of(*mean, self.limit(i));
        let sides: Vec<Option<Side>> = means.iter().enumerate().map(side).collect();
        let around =
            |i: usize, reach: usize| i.saturating_sub(reach)..(i + reach + 1).min(means.len());
        let most = self.columns_in(SMOOTHED) / 2;
        let alike = |i: usize, reach: usize| {
            let sides_around = sides.get(around(i, reach)).unwrap_or_default();
            sides_around.iter().all(|side| Some(side) == sides.get(i))
        };
        (0..means.len())
            .map(|i| {
                let reach = (1..=most).take_while(|reach| alike(i, *reach)).last();
                let near = means.get(around(i, reach.unwrap_or(0))).unwrap_or_default();
                near.iter().sum::<f64>() / near.len() as f64
            })
            .collect()
    }

    /// How many columns are about so many pixels wide.
    fn columns_in(&self, pixels: f32) -> usize {
        let width = self.plot.frame.width() / self.plot.grid.len.max(1) as f32;
        (pixels / width.max(0.1)).round() as usize
    }

    /// The part of an edge of the band that lies inside the corridor: what lies outside
    /// is drawn as an excursion. Nothing is outside for a trace that is not judged.
    fn inside(&self, edge: &[Knot]) -> Vec<Knot> {
        if !self.style.judged {
            return edge.to_vec();
        }
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
            knots.push(knot);
        }
        if let Some(last) = knots.last().copied() {
            knots.push(Knot { x: right, ..last });
        }
        knots
    }

    fn points(&self, knots: &[Knot]) -> Vec<Point> {
        let point = |knot: &Knot| Point {
            x: knot.x,
            y: self.plot.y(knot.value),
        };
        knots.iter().map(point).collect()
    }

    fn line(&self, knots: &[Knot], ink: Ink) -> Line {
        Line {
            points: self.points(knots),
            ink,
            width: self.style.width,
            dash: self.style.dash,
        }
    }

    fn fill(&self, knots: &[Knot], side: Side) -> Area {
        let mut outline = self.points(knots);
        outline.extend(knots.iter().rev().map(|knot| Point {
            x: knot.x,
            y: self.plot.y(side.sign() * knot.limit.unwrap_or(0.0)),
        }));
        Area {
            outline,
            ink: Ink::OutsideFill,
        }
    }

    /// The farthest sample of a column on one side.
    fn extreme(&self, index: usize, side: Side) -> f64 {
        self.columns.get(index).map_or(0.0, |it| match side {
            Side::Below => it.min,
            Side::Above => it.max,
        })
    }

    /// The same in blocks away from the median.
    fn away(&self, index: usize, side: Side) -> f64 {
        self.extreme(index, side) * side.sign()
    }

    fn cut(&self, value: f64) -> bool {
        value < self.plot.value.low || value > self.plot.value.high
    }

    fn limit(&self, index: usize) -> Option<f64> {
        self.plot.limit(self.first + index)
    }

    fn x(&self, index: usize) -> f32 {
        self.plot.middle(self.first + index)
    }

    /// Marks every excursion: its worst sample, and where the line stays inside so that
    /// nothing else would show it.
    fn stems(&self, side: Side, means: &[f64], trace: &mut Trace) {
        let beyond = |i: usize| side.beyond(self.extreme(i, side), self.limit(i));
        let worst =
            |columns: Range<usize>| columns.max_by(|a, b| beyond(*a).total_cmp(&beyond(*b)));
        let line_inside = |i: usize| {
            let mean = means.get(i).copied().unwrap_or(0.0);
            side.beyond(mean, self.limit(i)) <= 0.0
        };
        let groups = runs(self.columns.len(), |i| beyond(i) > 0.0);
        for group in self.joined(groups) {
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
            self.note(peak, side, trace);
        }
    }

    /// Stretches of columns, those closer than stems stand apart made one.
    fn joined(&self, stretches: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let mut joined: Vec<Range<usize>> = Vec::new();
        for stretch in stretches {
            match joined.last_mut() {
                Some(last) if self.x(stretch.start) - self.x(last.end - 1) < STEM_PITCH => {
                    last.end = stretch.end;
                }
                _ => joined.push(stretch),
            }
        }
        joined
    }

    /// Columns parted so that every part is about as wide as stems stand apart.
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
        let mean = means.get(index).copied();
        let line = mean.filter(|mean| side.beyond(*mean, limit) > 0.0);
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
        trace.stems.push(Line::solid(points, Ink::Outside, LINE));
    }

    /// Keeps the worst sample of each side.
    fn note(&self, index: usize, side: Side, trace: &mut Trace) {
        let value = self.extreme(index, side);
        let peak = Peak {
            at: Point {
                x: self.x(index),
                y: self.plot.y(value),
            },
            value,
            cut: self.cut(value),
            ink: if self.style.judged {
                Ink::Outside
            } else {
                self.style.line
            },
        };
        let same_side = |it: &&mut Peak| it.value.signum() == side.sign();
        match trace.peaks.iter_mut().find(same_side) {
            Some(known) if known.value.abs() < value.abs() => *known = peak,
            Some(_) => {}
            None => trace.peaks.push(peak),
        }
    }
}

/// A curve cut where it crosses the corridor.
fn pieces(knots: &[Knot]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for ends in knots.windows(2) {
        let [a, b] = ends else { continue };
        if a.x == b.x && a.value == b.value {
            continue;
        }
        let mut cuts = vec![0.0, 1.0];
        for level in a.limit.into_iter().flat_map(|limit| [-limit, limit]) {
            if (a.value - level) * (b.value - level) < 0.0 {
                cuts.push((level - a.value) / (b.value - a.value));
            }
        }
        cuts.sort_by(f64::total_cmp);
        let at = |part: f64| Knot {
            x: a.x + (b.x - a.x) * part as f32,
            value: a.value + (b.value - a.value) * part,
            limit: a.limit,
        };
        for cut in cuts.windows(2) {
            let [from, to] = cut else { continue };
            let middle = at((from + to) / 2.0).value;
            let side = Side::of(middle, a.limit);
            match pieces.last_mut() {
                Some(last) if last.side == side => {
                    // Where the threshold changes, the outline needs both of them.
                    if last.knots.last().is_some_and(|it| it.limit != a.limit) {
                        last.knots.push(at(*from));
                    }
                    last.knots.push(at(*to));
                }
                _ => pieces.push(Piece {
                    side,
                    knots: vec![at(*from), at(*to)],
                }),
            }
        }
    }
    pieces
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
                dash: Some(Dash {
                    on: 20.0,
                    off: 13.0,
                }),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 100.0,
        bottom: 200.0,
    };

    fn seen(min: f64, mean: f64, max: f64) -> Option<Envelope> {
        Some(Envelope { min, mean, max })
    }

    /// Ten columns of ten pixels; ten pixels a block, zero in the middle.
    fn drawn(columns: &[Option<Envelope>], threshold: &[Option<f64>]) -> Trace {
        let value = ValueScale {
            low: -10.0,
            high: 10.0,
            ticks: Vec::new(),
        };
        let grid = Grid {
            start: 0,
            step: 10,
            len: 10,
        };
        let time = TimeScale {
            since: 0,
            until: 100,
            left: 0.0,
            right: 100.0,
        };
        let plot = Plot {
            time,
            value: &value,
            frame: FRAME,
            grid,
            threshold,
        };
        let style = Style {
            line: Ink::Node(0),
            band: Some(Ink::NodeBand(0)),
            width: LINE,
            dash: None,
            outside: Some(Ink::Outside),
            judged: true,
        };
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
        assert!(trace.peaks.is_empty() && trace.stems.is_empty());
    }

    #[test]
    fn the_line_changes_its_ink_at_the_corridor() {
        let mut columns = vec![seen(0.0, 0.0, 0.0); 10];
        columns[5] = seen(-8.0, -8.0, -8.0);
        let trace = drawn(&columns, &[Some(4.0); 10]);
        let inks: Vec<_> = trace.lines.iter().map(|it| (it.ink, ends(it))).collect();
        assert_eq!(
            inks,
            [
                (Ink::Node(0), (0.0, 50.0)),
                (Ink::Outside, (50.0, 60.0)),
                (Ink::Node(0), (60.0, 100.0)),
            ]
        );
        assert_eq!(trace.excursions.len(), 1);
        assert_eq!(trace.peaks[0].value, -8.0);
        assert_eq!(trace.peaks[0].at, Point { x: 55.0, y: 180.0 });
    }

    #[test]
    fn one_bad_sample_leaves_a_mark() {
        let mut columns = vec![seen(-1.0, -0.5, 0.0); 10];
        columns[3] = seen(-7.0, -1.0, 0.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        assert_eq!(trace.stems.len(), 1);
        assert_eq!(trace.stems[0].ink, Ink::Outside);
        assert!(trace.stems[0].width >= 3.0);
        assert_eq!(trace.stems[0].points[0], Point { x: 35.0, y: 150.0 });
        assert_eq!(trace.stems[0].points[1], Point { x: 35.0, y: 170.0 });
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
        assert_eq!(
            inks,
            [(Ink::Node(0), (0.0, 50.0)), (Ink::Outside, (50.0, 100.0)),]
        );
    }

    #[test]
    fn a_lone_column_is_wide_enough_to_see() {
        let mut columns = vec![None; 10];
        columns[9] = seen(-1.0, -1.0, -1.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        let (left, right) = ends(&trace.lines[0]);
        assert!(right - left >= LEAST_RUN && right <= 100.0);
    }

    #[test]
    fn values_beyond_the_scale_are_cut_and_said_so() {
        let mut columns = vec![seen(0.0, 0.0, 0.0); 10];
        columns[5] = seen(-50_000.0, -20_000.0, 0.0);
        let trace = drawn(&columns, &[Some(5.0); 10]);
        assert!(trace.peaks[0].cut);
        assert_eq!(trace.peaks[0].value, -50_000.0);
        let points = trace.lines.iter().flat_map(|it| &it.points);
        assert!(points.clone().all(|it| it.y <= FRAME.bottom));
    }
}
