//! PURE: where everything on a card is: a card in, boxes and strokes out.

use jiff::tz::TimeZone;

use super::{
    axes,
    card::Card,
    font::{self, Fonts, Weight},
    gap, head, legend, lines,
    plot::Plot,
    scale,
    shape::{Area, Disc, Ink, Label, Line, Rect},
    strip,
    timeaxis::TimeScale,
    values,
};
use crate::words::Words;

/// The picture, in pixels.
pub const PICTURE: Rect = Rect { left: 0.0, top: 0.0, right: 1280.0, bottom: 1280.0 };
/// The outer pixels stay empty.
pub const EDGE: f32 = 8.0;
/// From the edge of the picture to text.
pub const MARGIN: f32 = 40.0;
/// From one text to another, or to a line.
pub const AIR: f32 = 12.0;
/// The size of all text but the verdict, the second line, ticks and the value at the dot.
pub const BODY: f32 = 36.0;
pub const TICK: f32 = 40.0;

const PLOT_TOP: f32 = 292.0;
const PLOT_RIGHT: f32 = 1100.0;
/// Left of the plot: the ticks, or the names of several nodes.
const TICK_ROOM: f32 = 178.0;
pub const NAME_ROOM: f32 = 230.0;
/// From the plot to the strip: the times.
const TIMES: f32 = 98.0;
const TIMES_BASELINE: f32 = 58.0;
/// The rows of the strip.
const ROW: f32 = 48.0;
const ROW_PITCH: f32 = 54.0;
const STRIP_BOTTOM: f32 = 1086.0;
/// Below the strip: its legend in two rows, and the foot.
pub const LEGEND: [f32; 2] = [1134.0, 1180.0];
pub const FOOT: f32 = 1244.0;
/// The line "and 2 more, ok" below the rows.
const MORE: f32 = 48.0;

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    Line(Line),
    Area(Area),
    Disc(Disc),
}

impl Mark {
    /// Whether any of its ink lies within `frame`.
    pub fn touches(&self, frame: &Rect) -> bool {
        match self {
            Mark::Line(line) => line.touches(frame),
            Mark::Area(area) => area.touches(frame),
            Mark::Disc(disc) => disc.touches(frame),
        }
    }
}

/// A card as values. The fields are in drawing order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// Gaps and grid: text may lie on them.
    pub under: Vec<Mark>,
    /// Data, corridor, strip and keys: no text lies on them.
    pub data: Vec<Mark>,
    pub labels: Vec<Label>,
}

impl Layout {
    pub fn new(card: &Card, zone: &TimeZone, words: &Words, fonts: &Fonts) -> Layout {
        let pen = Pen { card, zone, words, fonts, frames: Frames::new(card) };
        let mut layout = Layout::default();
        head::draw(&pen, &mut layout);
        strip::draw(&pen, &mut layout);
        layout.plot(&pen);
        layout
    }

    fn plot(&mut self, pen: &Pen) {
        let (card, frame) = (pen.card, pen.frames.plot);
        let value = scale::of(card, frame.height());
        let time = TimeScale { since: card.from, until: card.until, left: frame.left, right: frame.right };
        let plot = Plot { time, value: &value, frame, grid: card.grid, threshold: &card.threshold };

        let gaps = gap::gaps(pen, &plot);
        gap::draw(&gaps, self);
        axes::draw(pen, &plot, self);
        axes::corridor(&plot, self);
        let traces = lines::traces(pen, &plot);
        legend::draw(pen, &traces, self);
        self.data.extend(traces.into_iter().flat_map(|it| it.marks));
        values::newest(pen, &plot, self);
        values::worst(pen, &plot, self);
        for gap in &gaps {
            gap::name(pen, gap, self);
        }
    }

    /// Whether data or text lies within `frame`.
    pub fn taken(&self, frame: &Rect) -> bool {
        self.labels.iter().any(|it| it.frame.overlaps(frame)) || self.data.iter().any(|it| it.touches(frame))
    }
}

/// Where the parts of a card are. Depends on the number of nodes alone, so that nothing moves
/// from one picture to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames {
    pub plot: Rect,
    /// The baseline of the times.
    pub times: f32,
    /// One box for each node.
    pub rows: Vec<Rect>,
    /// The baseline of the line below them.
    pub more: f32,
}

impl Frames {
    fn new(card: &Card) -> Frames {
        let several = card.nodes.len() > 1;
        let left = if several { MARGIN + NAME_ROOM + AIR } else { TICK_ROOM };
        let more = if card.more.is_some() { MORE } else { 0.0 };
        let height = card.nodes.len() as f32 * ROW_PITCH + more;
        let top = STRIP_BOTTOM - height;
        let row = |n: usize| {
            let top = top + n as f32 * ROW_PITCH;
            Rect { left, top, right: PLOT_RIGHT, bottom: top + ROW }
        };
        let bottom = top - TIMES;
        Frames {
            plot: Rect { left, top: PLOT_TOP, right: PLOT_RIGHT, bottom },
            times: bottom + TIMES_BASELINE,
            rows: (0..card.nodes.len()).map(row).collect(),
            more: STRIP_BOTTOM - AIR,
        }
    }
}

/// What the parts of a layout are made from.
pub struct Pen<'a> {
    pub card: &'a Card,
    pub zone: &'a TimeZone,
    pub words: &'a Words,
    pub fonts: &'a Fonts,
    pub frames: Frames,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hand {
    /// Pixels of an em.
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

impl Hand {
    pub const fn regular(size: f32, ink: Ink) -> Hand {
        Hand { size, weight: Weight::Regular, ink }
    }

    pub const fn bold(size: f32, ink: Ink) -> Hand {
        Hand { size, weight: Weight::SemiBold, ink }
    }
}

impl Pen<'_> {
    pub fn width(&self, text: &str, hand: Hand) -> f32 {
        self.fonts.width(text, hand.weight, hand.size)
    }

    /// As much of a text as fits into `room` pixels.
    pub fn fitted(&self, text: &str, hand: Hand, room: f32) -> String {
        self.fonts.fitted(text, hand.weight, hand.size, room)
    }

    /// The names of the nodes as they are beside their rows and in the legend, cut so that they
    /// differ.
    pub fn names(&self) -> Vec<String> {
        let names: Vec<&str> = self.card.nodes.iter().map(|node| &*node.name).collect();
        self.fonts.fitted_apart(&names, Weight::Regular, BODY, NAME_ROOM)
    }

    /// A text that begins at `left`.
    pub fn text(&self, text: impl Into<String>, left: f32, baseline: f32, hand: Hand) -> Label {
        let text = text.into();
        let Hand { size, weight, ink } = hand;
        let frame = font::frame(left, baseline, self.width(&text, hand), size);
        Label { text, frame, size, weight, ink }
    }

    /// A text that ends at `right`.
    pub fn text_before(&self, right: f32, text: impl Into<String>, baseline: f32, hand: Hand) -> Label {
        let text = text.into();
        let left = right - self.width(&text, hand);
        self.text(text, left, baseline, hand)
    }
}
