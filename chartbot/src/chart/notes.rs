//! What is written inside the plot: names of gaps, and numbers of the worst samples.

use super::{
    excursion::Peak,
    font::{self, Weight},
    gap, lane,
    layout::{AIR, BODY, Drawing, Layout},
    plot::Plot,
    shape::{Ink, Label, Point, Rect},
};
use crate::samples::grid::Cause;

/// Pixels for the name of one of several nodes.
const NAME_ROOM: f32 = 260.0;
/// Pixels from one place that is tried for a label to the next.
const NEAR: f32 = 7.0;
const FAR: f32 = 21.0;
/// How far a label within the plot keeps hatching and grid away.
const CLEARED: f32 = 6.0;

impl Drawing<'_> {
    /// Hatching, marks and their names; a cause that found no place for its name.
    pub fn gaps(&self, plot: &Plot, layout: &mut Layout) -> Option<Cause> {
        layout.lane = lane::marks(plot, &self.lane);
        let mut named = self.in_legend.clone();
        layout.gaps = gap::hatching(plot, &self.columns());
        for gap in layout.gaps.clone() {
            if let Some(labels) = self.gap_name(gap.frame, self.name(gap.cause), layout) {
                named.push(gap.cause);
                let frames = labels.iter().map(|it| it.frame.grown(CLEARED));
                layout.cleared.extend(frames.reduce(Rect::around));
                layout.labels.extend(labels);
            }
        }
        named.extend(self.absence(plot, layout));
        let causes = self.lane.iter().flat_map(|row| &row.gaps).map(|gap| gap.cause);
        causes.filter(|it| !named.contains(it)).min()
    }

    /// Labels the longest mark of one node among several; the cause, if there was room for
    /// the label.
    fn absence(&self, plot: &Plot, layout: &mut Layout) -> Option<Cause> {
        let own = self.lane.iter().filter_map(|row| Some((row.node?, row)));
        let marks = own.flat_map(|(place, row)| row.gaps.iter().map(move |gap| (place, gap)));
        let (place, gap) = marks.max_by_key(|(_, gap)| gap.columns.len())?;
        let node = self.nodes.get(place)?;
        let name = self.fonts.fitted(&node.node, Weight::Regular, BODY, NAME_ROOM);
        let text = format!("{name}: {}", self.name(gap.cause));
        let (left, right) = plot.column_edges(&gap.columns);
        let at = Point { x: (left + right) / 2.0, y: plot.frame.bottom };
        let frame = self.free_beside(plot.frame, at, self.width(&text), layout)?;
        let label = Label { text, frame, size: BODY, weight: Weight::Regular, ink: Ink::Text };
        layout.cleared.push(frame.grown(CLEARED));
        layout.labels.push(label);
        Some(gap.cause)
    }

    /// The place closest to a point for a text so wide, not on data; on a gap, or farther away,
    /// only where there is no other.
    fn free_beside(&self, room: Rect, at: Point, width: f32, layout: &Layout) -> Option<Rect> {
        let on_gap = |clear: &Rect| layout.gaps.iter().any(|it| it.frame.overlaps(clear));
        [(NEAR, false), (NEAR, true), (FAR, true)].into_iter().find_map(|(pace, gap_allowed)| {
            beside(room, at, width, pace, |frame| {
                let clear = frame.grown(CLEARED);
                (gap_allowed || !on_gap(&clear)) && !layout.taken(&clear)
            })
        })
    }

    /// The name inside its gap, in one line or one word a line, where nothing else is.
    fn gap_name(&self, gap: Rect, name: &str, layout: &Layout) -> Option<Vec<Label>> {
        const LINE_HEIGHT: f32 = 36.0;
        let words: Vec<&str> = name.split(' ').collect();
        // Single words may be a little wider than the gap, where nothing is beside it.
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

    /// The number of the worst sample near it, on its side of the median.
    pub fn peak(&self, plot: &Plot, peak: Peak, node: Option<usize>, layout: &mut Layout) {
        let ink = if peak.ink == Ink::Outside { Ink::OutsideText } else { Ink::Text };
        let number = self.numbers().signed(peak.value);
        let zero = plot.y(0.0);
        let room = match peak.value > 0.0 {
            true => Rect { bottom: zero, ..plot.frame },
            false => Rect { top: zero, ..plot.frame },
        };
        let name = node
            .filter(|_| self.nodes.len() > 1)
            .and_then(|place| self.nodes.get(place))
            .map(|node| self.fonts.fitted(&node.node, Weight::SemiBold, BODY, NAME_ROOM));
        let texts = name.map(|name| format!("{name} {number}"));
        let place = |text: String| {
            let width = self.fonts.width(&text, Weight::SemiBold, BODY);
            let frame = self.free_beside(room, peak.at, width, layout)?;
            Some(Label { text, frame, size: BODY, weight: Weight::SemiBold, ink })
        };
        // Without a free place the number is in the caption alone.
        let label = texts.into_iter().chain([number]).find_map(place);
        let frames = label.iter().map(|it| it.frame.grown(CLEARED));
        layout.cleared.extend(frames);
        layout.labels.extend(label);
    }
}

/// The free place for a text closest to a point, within `room`; one is tried every `pace`
/// pixels.
fn beside(room: Rect, at: Point, width: f32, pace: f32, free: impl Fn(&Rect) -> bool) -> Option<Rect> {
    const REACH: i32 = 14;
    let size = font::frame(0.0, 0.0, width, BODY);
    let room = Rect { top: room.top + AIR / 2.0, bottom: room.bottom - AIR / 2.0, ..room };
    let mut places: Vec<(f32, Rect)> = Vec::new();
    for across in -REACH..=REACH {
        for down in -REACH..=REACH {
            // Counted from the text's nearest edge, so that both sides are equally far.
            let (dx, dy) = (across as f32 * pace, down as f32 * pace);
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
