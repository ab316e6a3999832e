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
    let calm = |line, width| Style { line, band: None, width, judged: false, steps };
    let main = Style { line: Ink::Main, band: Some(Ink::MainBand), width: LINE + 1.0, judged: true, steps };
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
    parts.into_iter().map(|points| Line { points, ..line.clone() }).collect()
}

/// Two strokes across a line that continues beyond the scale.
fn break_mark(plot: &Plot, peak: &Peak) -> Mark {
    let (half, rise, width) = (16.0, 7.0, 7.0);
    let x = peak.at.x.clamp(plot.frame.left + half, plot.frame.right - half);
    let y = if peak.value < 0.0 { plot.frame.bottom - 46.0 } else { plot.frame.top + 46.0 };
    let points = vec![Point { x: x - half, y: y + rise }, Point { x: x + half, y: y - rise }];
    Mark::Line(Line::solid(points, Ink::Ground, width))
}
