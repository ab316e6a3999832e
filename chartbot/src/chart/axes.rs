//! PURE: the values beside the plot, the times below it, and the corridor through it.

use super::{
    font::{self, Weight},
    layout::{AIR, BODY, EDGE, Hand, Layout, Mark, PICTURE, Pen, TICK},
    plot::{self, Plot, stretches, widest},
    shape::{Area, Ink, Line, Point, Rect},
    timeaxis::{self, TimeTick},
};
use crate::words::number::short;

/// The corridor is one pale band where it is thinner than this.
const THIN_CORRIDOR: f32 = 12.0;

/// The values and the times, with the lines that belong to them.
pub fn draw(pen: &Pen, plot: &Plot, layout: &mut Layout) {
    let Rect { left, right, bottom, .. } = plot.frame;
    let level = |y: f32, ink, width| {
        let points = [left, right].map(|x| Point { x, y }).to_vec();
        Mark::Line(Line::solid(points, ink, width))
    };
    let threshold = widest(plot.threshold);
    for tick in &plot.value.ticks {
        let y = plot.y(*tick);
        let is_edge = threshold == Some(tick.abs());
        if !is_edge {
            layout.under.push(level(y, Ink::Grid, 2.0));
        }
        let weight = if is_edge { Weight::SemiBold } else { Weight::Regular };
        let ink = if is_edge || *tick == 0.0 { Ink::Text } else { Ink::Muted };
        let text = short(*tick, pen.words.chart);
        let sized = |size| Hand { size, weight, ink };
        let room = left - AIR - EDGE;
        let size = [TICK, BODY].into_iter().find(|size| pen.width(&text, sized(*size)) <= room);
        // Beyond a million billion blocks the grid line has no number.
        let label = size.map(|size| pen.text_before(left - AIR, text, font::centred(y, size), sized(size)));
        layout.labels.extend(label);
    }
    layout.under.push(level(bottom, Ink::Axis, 2.0));

    let label = |tick: &TimeTick| {
        let weight = if tick.turning { Weight::SemiBold } else { Weight::Regular };
        let hand = Hand { size: TICK, weight, ink: Ink::Text };
        let left = plot.time.x(tick.at) - pen.width(&tick.text, hand) / 2.0;
        pen.text(tick.text.clone(), left, pen.frames.times, hand)
    };
    let fit = |mut ticks: Vec<TimeTick>| {
        let inside = PICTURE.grown(-EDGE);
        ticks.retain(|tick| inside.contains(&label(tick).frame));
        let apart = ticks.windows(2).all(|pair| match pair {
            [a, b] => label(a).frame.right + 2.0 * AIR <= label(b).frame.left,
            _ => true,
        });
        apart.then_some(ticks)
    };
    for tick in timeaxis::ticks(&plot.time, pen.zone, pen.words.chart, fit) {
        let x = plot.time.x(tick.at);
        let points = [bottom, bottom + 10.0].map(|y| Point { x, y }).to_vec();
        layout.under.push(Mark::Line(Line::solid(points, Ink::Axis, 2.0)));
        layout.labels.push(label(&tick));
    }
}

/// Two dashed lines, or a band where they would be one.
pub fn corridor(plot: &Plot, layout: &mut Layout) {
    let half = widest(plot.threshold).unwrap_or(0.0);
    let is_thin = plot.y(-half) - plot.y(half) < THIN_CORRIDOR;
    if !is_thin {
        layout.data.extend(plot::corridor(plot).into_iter().map(Mark::Line));
        return;
    }
    for (columns, limit) in stretches(plot.grid.len, |i| plot.limit(i)) {
        let (left, right) = plot.column_edges(&columns);
        let middle = plot.y(0.0);
        let reach = (plot.y(-limit) - middle).max(2.0);
        let band = Rect { left, top: middle - reach, right, bottom: middle + reach };
        layout.under.push(Mark::Area(Area::block(band, Ink::ThinCorridor)));
    }
}
