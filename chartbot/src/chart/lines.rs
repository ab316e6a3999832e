//! PURE: the lines of the reference and of the nodes.

use super::{
    curve::Side,
    excursion::Peak,
    layout::{Mark, Pen},
    plot::Plot,
    shape::{Area, Ink, Line, Point},
    trace::{self, LINE, Style, Trace},
};
use crate::samples::grid::Envelope;

/// Columns of this width or more are drawn as steps.
const STEP: f32 = 6.0;
/// A bend of less, in pixels, is not seen.
const FLAT: f32 = 0.2;
/// The most points in a row that one straight line replaces, which bounds the work.
const FARTHEST: usize = 24;

/// One line as it is drawn, with what its legend needs.
pub struct Drawn {
    pub marks: Vec<Mark>,
    /// The sides on which it leaves the corridor.
    pub leaves: Vec<Side>,
}

/// The reference, the other nodes, then the first node.
pub fn traces(pen: &Pen, plot: &Plot) -> Vec<Drawn> {
    let card = pen.card;
    let steps = plot.frame.width() / plot.grid.len.max(1) as f32 >= STEP;
    let calm = |line, width| Style { line, band: None, width, steps };
    let main = Style { line: Ink::Main, band: Some(Ink::MainBand), width: LINE + 1.0, steps };
    let draw = |seen: &[Option<Envelope>], style| marks(plot, trace::trace(plot, seen, style));
    let mut drawn = vec![draw(&card.best, calm(Ink::Best, 3.0))];
    let nodes = card.nodes.iter().enumerate().rev();
    drawn.extend(nodes.map(|(place, node)| match place {
        0 => draw(&node.seen, main),
        _ => draw(&node.seen, calm(Ink::Other, 3.0)),
    }));
    drawn
}

/// The marks of a trace in drawing order.
fn marks(plot: &Plot, trace: Trace) -> Drawn {
    let side = |area: &Area| match area.ink {
        Ink::Excursion(side) => Some(side),
        _ => None,
    };
    let leaves = trace.excursions.iter().filter_map(side).collect();
    let line = |line: Line| within_scale(plot, line).into_iter().map(Mark::Line);
    let cut = |peak: &Peak| [Mark::Area(peak.arrow(plot.frame)), break_mark(plot, peak)];
    let mut marks: Vec<Mark> = trace.bands.into_iter().chain(trace.excursions).map(Mark::Area).collect();
    marks.extend(trace.lines.into_iter().chain(trace.stems).flat_map(line));
    marks.extend(trace.dots.into_iter().map(Mark::Disc));
    marks.extend(trace.cuts.iter().flat_map(cut));
    Drawn { marks, leaves }
}

/// The parts of a line that do not run along the edge of the scale: what is cut off has no
/// shape.
fn within_scale(plot: &Plot, line: Line) -> Vec<Line> {
    let is_edge = |it: &Point| it.y <= plot.frame.top || it.y >= plot.frame.bottom;
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut is_broken = true;
    for ends in line.points.windows(2) {
        let [a, b] = ends else { continue };
        if is_edge(a) && is_edge(b) {
            is_broken = true;
            continue;
        }
        match parts.last_mut() {
            Some(part) if !is_broken => part.push(*b),
            _ => parts.push(vec![*a, *b]),
        }
        is_broken = false;
    }
    parts.into_iter().map(|points| Line { points: simplified(&points), ..line.clone() }).collect()
}

/// Without the points that make no difference to be seen: each is closer than [`FLAT`] to the
/// straight line between its neighbours that are kept. A line costs as much as it has points.
fn simplified(points: &[Point]) -> Vec<Point> {
    let mut kept = Vec::with_capacity(points.len());
    let mut from = 0;
    kept.extend(points.first());
    for to in 2..points.len() {
        let is_flat = |between: &[Point]| between.iter().all(|it| off(*it, points[from], points[to]) < FLAT);
        if to - from > FARTHEST || !is_flat(&points[from + 1..to]) {
            from = to - 1;
            kept.push(points[from]);
        }
    }
    kept.extend(points.last().filter(|_| points.len() > 1));
    kept
}

/// How far a point is from the straight line between two others, in pixels.
fn off(point: Point, a: Point, b: Point) -> f32 {
    let ((dx, dy), (x, y)) = ((b.x - a.x, b.y - a.y), (point.x - a.x, point.y - a.y));
    let square = dx * dx + dy * dy;
    // A line may come back on itself: beyond its ends there is none of it.
    let part = if square > 0.0 { ((x * dx + y * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    (x - part * dx).hypot(y - part * dy)
}

/// Two strokes across a line that continues beyond the scale.
fn break_mark(plot: &Plot, peak: &Peak) -> Mark {
    let (half, rise, width) = (16.0, 7.0, 7.0);
    let x = peak.x.clamp(plot.frame.left + half, plot.frame.right - half);
    let y = if peak.value < 0.0 { plot.frame.bottom - 46.0 } else { plot.frame.top + 46.0 };
    let points = vec![Point { x: x - half, y: y + rise }, Point { x: x + half, y: y - rise }];
    Mark::Line(Line::solid(points, Ink::Ground, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(heights: &[f32]) -> Vec<Point> {
        heights.iter().enumerate().map(|(x, y)| Point { x: x as f32, y: *y }).collect()
    }

    #[test]
    fn what_is_straight_has_two_ends() {
        assert_eq!(simplified(&[]), []);
        assert_eq!(simplified(&line(&[1.0])), line(&[1.0]));
        assert_eq!(simplified(&line(&[1.0; 20])).len(), 2);
        let back = [0.0, 10.0, 5.0].map(|y| Point { x: 0.0, y });
        assert_eq!(simplified(&back), back);
        assert_eq!(simplified(&line(&[0.0, 0.0, 5.0, 0.0, 0.0])), line(&[0.0, 0.0, 5.0, 0.0, 0.0]));
    }

    proptest! {
        #[test]
        fn no_point_is_off_by_more_than_can_be_seen(heights in prop::collection::vec(0.0_f32..3.0, 2..200)) {
            let points = line(&heights);
            let kept = simplified(&points);
            prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            for point in &points {
                let near = kept.windows(2).find(|ends| ends[0].x <= point.x && point.x <= ends[1].x);
                let ends = near.unwrap();
                prop_assert!(off(*point, ends[0], ends[1]) < FLAT + 0.001);
            }
        }
    }
}
