//! What is written inside the plot: names of gaps, and numbers of the worst samples.

use super::{
    excursion::Peak,
    font::{self, Weight},
    gap::{self, Gap},
    layout::{AIR, BODY, Drawing, LANE, Layout, PLOT_BOTTOM},
    plot::Plot,
    scale,
    shape::{Area, Hatch, Ink, Label, Point, Rect},
};
use crate::series::{Cause, Column};

const ARROW: f32 = 18.0;
/// How far a label within the plot keeps hatching and grid away.
const CLEARED: f32 = 6.0;
/// A gap and a mark in the lane are at least this wide.
const LEAST_GAP: f32 = 4.0;
/// Narrower gaps show no hatching and are marked in the lane as well.
const HATCHED: f32 = 16.0;

impl Drawing<'_> {
    /// Hatching, marks and their names; a cause that found no place for its name.
    pub fn gaps(&self, plot: &Plot, layout: &mut Layout) -> Option<Cause> {
        let columns: Vec<&[Column]> = self.nodes.iter().map(|it| it.columns.as_slice()).collect();
        let frame = |gap: &Gap, top: f32| {
            let (left, right) = plot.spread(&gap.columns, LEAST_GAP);
            Rect { left, top, right, bottom: PLOT_BOTTOM }
        };
        let mut unnamed = Vec::new();
        for gap in gap::partial(&columns, plot.grid.len) {
            let (frame, cause) = (frame(&gap, PLOT_BOTTOM - LANE), gap.cause);
            layout.lane.push(Hatch { frame, cause });
            unnamed.push(cause);
        }
        for gap in gap::whole(&columns, plot.grid.len) {
            let (frame, cause) = (frame(&gap, plot.frame.top), gap.cause);
            layout.gaps.push(Hatch { frame, cause });
            if frame.width() < HATCHED {
                let top = PLOT_BOTTOM - LANE;
                let frame = Rect { top, ..frame };
                layout.lane.push(Hatch { frame, cause });
            }
            match self.gap_name(frame, self.name(cause), layout) {
                Some(labels) => {
                    let frames = labels.iter().map(|it| it.frame.grown(CLEARED));
                    layout.cleared.extend(frames.reduce(Rect::around));
                    layout.labels.extend(labels);
                }
                None => unnamed.push(cause),
            }
        }
        let missing = |it: &&Cause| !self.in_legend.contains(it);
        unnamed.iter().find(missing).copied()
    }

    /// The name inside its gap, in one line or one word a line, where nothing else is.
    fn gap_name(&self, gap: Rect, name: &str, layout: &Layout) -> Option<Vec<Label>> {
        const LINE_HEIGHT: f32 = 36.0;
        let words: Vec<&str> = name.split(' ').collect();
        // Words of their own may stand out a little, where nothing is beside the gap.
        let lines = [(vec![name], -AIR), (words, AIR)]
            .into_iter()
            .find(|(lines, more)| lines.iter().all(|it| self.width(it) <= gap.width() + more))?
            .0;
        let center = gap.center();
        let at = |middle: f32| -> Vec<Label> {
            let first = middle - (lines.len() - 1) as f32 * LINE_HEIGHT / 2.0;
            let lines = lines.iter().enumerate();
            lines
                .map(|(i, text)| {
                    let left = center.x - self.width(text) / 2.0;
                    let baseline = font::centred(first + i as f32 * LINE_HEIGHT, BODY);
                    self.label((*text).to_owned(), left, baseline, Ink::Text)
                })
                .collect()
        };
        // Away from the median, where a best reference may run on: low first, as in most
        // charts nothing else is there.
        (0..20).map(|i| gap.top + gap.height() * (0.75 - 0.035 * i as f32)).map(at).find(|labels| {
            let frames = labels.iter().map(|it| it.frame.grown(CLEARED));
            frames.into_iter().all(|it| it.top > gap.top && !layout.taken(&it))
        })
    }

    /// The number of the worst sample near it, and an arrow when it lies beyond the scale.
    pub fn peak(&self, plot: &Plot, peak: Peak, node: Option<usize>, layout: &mut Layout) {
        let up = peak.value > 0.0;
        if peak.cut {
            layout.arrows.push(arrow(plot.frame, peak.at.x, up, peak.ink));
        }
        let number = scale::signed(peak.value);
        let name = node
            .filter(|_| self.nodes.len() > 1)
            .and_then(|place| self.nodes.get(place))
            .map(|node| self.fonts.fitted(&node.node, Weight::SemiBold, BODY, 260.0));
        let texts = name.map(|name| format!("{name} {number}"));
        let place = |text: String| {
            let width = self.fonts.width(&text, Weight::SemiBold, BODY);
            let frame = beside(plot.frame, peak.at, width, |frame| {
                let clear = frame.grown(CLEARED);
                let on_gap = layout.gaps.iter().any(|it| it.frame.overlaps(&clear));
                !on_gap && !layout.taken(&clear)
            })?;
            Some(Label { text, frame, size: BODY, weight: Weight::SemiBold, ink: peak.ink })
        };
        // Without a free place the caption alone tells the number.
        let label = texts.into_iter().chain([number]).find_map(place);
        let frames = label.iter().map(|it| it.frame.grown(CLEARED));
        layout.cleared.extend(frames);
        layout.labels.extend(label);
    }
}

/// The free place for a text closest to a point, within `plot`.
fn beside(plot: Rect, at: Point, width: f32, free: impl Fn(&Rect) -> bool) -> Option<Rect> {
    const REACH: i32 = 14;
    const PACE: f32 = 7.0;
    let size = font::frame(0.0, 0.0, width, BODY);
    let room = Rect { top: plot.top + AIR / 2.0, bottom: plot.bottom - AIR / 2.0, ..plot };
    let mut places: Vec<(f32, Rect)> = Vec::new();
    for across in -REACH..=REACH {
        for down in -REACH..=REACH {
            // Counted from the text's nearest edge, so that both sides are equally far.
            let (dx, dy) = (across as f32 * PACE, down as f32 * PACE);
            let left = match across {
                0 => at.x - width / 2.0,
                1.. => at.x + dx,
                _ => at.x + dx - width,
            };
            let top = at.y + dy - size.height() / 2.0;
            let frame = Rect { left, top, right: left + width, bottom: top + size.height() };
            // Of places equally far, the one on the right.
            let far = dx.hypot(dy) + if across < 0 { 1.0 } else { 0.0 };
            if room.contains(&frame) {
                places.push((far, frame));
            }
        }
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.into_iter().map(|it| it.1).find(free)
}

fn arrow(plot: Rect, x: f32, up: bool, ink: Ink) -> Area {
    let (tip, foot) = if up { (plot.top, plot.top + ARROW) } else { (plot.bottom, plot.bottom - ARROW) };
    let half = ARROW * 0.6;
    let x = x.clamp(plot.left + half, plot.right - half);
    Area {
        outline: vec![Point { x, y: tip }, Point { x: x - half, y: foot }, Point { x: x + half, y: foot }],
        ink,
    }
}
