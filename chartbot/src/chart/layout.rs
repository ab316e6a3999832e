//! Where everything in a chart is: a history in, boxes and strokes out.

use jiff::tz::TimeZone;

use super::{
    excursion::Peak,
    font::{self, Fonts, Weight},
    lane,
    plot::{self, Plot},
    scale::{Numbers, ValueScale},
    shape::{Area, Dash, Disc, Hatch, Ink, Label, Line, Rect},
    timeaxis::{TimeScale, TimeTick},
    trace::{self, LINE, Style, Trace},
};
use crate::{
    samples::grid::{Cause, Column, Envelope, History, Watched},
    words::ChartWords,
};

/// The picture, in pixels.
pub const PICTURE: Rect = Rect { left: 0.0, top: 0.0, right: 1280.0, bottom: 800.0 };
/// The size of all text but the title: what a phone still shows legibly.
pub const BODY: f32 = 30.0;
/// Air between the edge of the picture and anything.
pub const MARGIN: f32 = 40.0;
/// Air between one text and another, or a line.
pub const AIR: f32 = 12.0;
pub const LEGEND_BASELINE: f32 = 128.0;
const PLOT_BELOW_LEGEND: f32 = 44.0;
pub const PLOT_BOTTOM: f32 = 712.0;

/// As many nodes as there are colours are solid; the ones after them are dashed.
pub const NODE_COLOURS: usize = 4;

/// A chart as values. The fields are in drawing order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    pub grid: Vec<Line>,
    pub gaps: Vec<Hatch>,
    /// What is missing, to the column.
    pub lane: Vec<Line>,
    pub bands: Vec<Area>,
    pub excursions: Vec<Area>,
    pub corridor: Vec<Line>,
    /// The best reference, then the nodes, then the marks of what left the corridor.
    pub lines: Vec<Line>,
    /// Data too short for a line.
    pub dots: Vec<Disc>,
    /// These point to what lies beyond the scale.
    pub arrows: Vec<Area>,
    pub keys: Vec<Line>,
    pub key_hatches: Vec<Hatch>,
    /// Left empty for the labels within the plot: no hatching, no grid.
    pub cleared: Vec<Rect>,
    pub labels: Vec<Label>,
    /// The values labelled beside the plot.
    pub ticks: Vec<f64>,
    /// The moments labelled below the plot.
    pub times: Vec<TimeTick>,
}

impl Layout {
    pub fn new(history: &History, zone: &TimeZone, words: &ChartWords, fonts: &Fonts) -> Layout {
        let nodes: Vec<&Watched> = history.watched.iter().collect();
        let mut drawing = Drawing {
            history,
            zone,
            words,
            fonts,
            value: ValueScale::of(history),
            lane: Vec::new(),
            nodes,
            in_legend: Vec::new(),
        };
        drawing.lane = lane::rows(&drawing.columns(), history.grid.len);
        // A cause whose name finds no place in its gap goes to the legend, which may then
        // need another row: so all is laid out again, once for each cause at most.
        loop {
            let (layout, unnamed) = drawing.layout();
            match unnamed {
                Some(cause) if !drawing.in_legend.contains(&cause) => {
                    drawing.in_legend.push(cause);
                    drawing.in_legend.sort_unstable();
                }
                _ => return layout,
            }
        }
    }

    /// Whether any data, line of the corridor or text lies within `frame`.
    pub fn taken(&self, frame: &Rect) -> bool {
        let mut lines = self.lines.iter().chain(&self.corridor);
        let areas = self.bands.iter().chain(&self.excursions);
        let mut areas = areas.chain(&self.arrows);
        self.labels.iter().any(|it| it.frame.overlaps(frame))
            || lines.any(|it| it.touches(frame))
            || areas.any(|it| it.touches(frame))
            || self.dots.iter().any(|it| it.touches(frame))
    }
}

/// What a layout is made from.
pub struct Drawing<'a> {
    pub history: &'a History,
    pub zone: &'a TimeZone,
    pub words: &'a ChartWords,
    pub fonts: &'a Fonts,
    pub value: ValueScale,
    pub nodes: Vec<&'a Watched>,
    /// What is missing of these nodes.
    pub lane: Vec<lane::Row>,
    /// The causes that are named in the legend.
    pub in_legend: Vec<Cause>,
}

impl Drawing<'_> {
    /// The layout, and a cause that is named nowhere in it.
    fn layout(&self) -> (Layout, Option<Cause>) {
        let mut layout = Layout::default();
        let legend_rows = self.head(&mut layout);
        let plot = self.plot(LEGEND_BASELINE + legend_rows + PLOT_BELOW_LEGEND);
        self.axes(&plot, &mut layout);
        layout.corridor = plot::corridor(&plot);
        let peaks = self.traces(&plot, &mut layout);
        let unnamed = self.gaps(&plot, &mut layout);
        for (peak, node) in peaks {
            self.peak(&plot, peak, node, &mut layout);
        }
        (layout, unnamed)
    }

    pub fn numbers(&self) -> Numbers {
        let (thousands, decimal) = self.words.marks;
        Numbers { thousands, decimal }
    }

    pub fn columns(&self) -> Vec<&[Column]> {
        self.nodes.iter().map(|it| it.columns.as_slice()).collect()
    }

    pub fn label(&self, text: String, left: f32, baseline: f32, ink: Ink) -> Label {
        let width = self.width(&text);
        Label {
            text,
            frame: font::frame(left, baseline, width, BODY),
            size: BODY,
            weight: Weight::Regular,
            ink,
        }
    }

    pub fn label_left_of(&self, right: f32, text: String, baseline: f32, ink: Ink) -> Label {
        let left = right - self.width(&text);
        self.label(text, left, baseline, ink)
    }

    pub fn width(&self, text: &str) -> f32 {
        self.fonts.width(text, Weight::Regular, BODY)
    }

    pub fn name(&self, cause: Cause) -> &'static str {
        match cause {
            Cause::NoAnswer => self.words.no_answer,
            Cause::WrongChain => self.words.wrong_chain,
            Cause::NoConsensus => self.words.no_consensus,
            Cause::NotScraped => self.words.not_scraped,
        }
    }

    fn plot(&self, top: f32) -> Plot<'_> {
        let labels = self.numbers().labels(&self.value.ticks);
        let widest = labels.iter().map(|label| self.width(label));
        let frame = Rect {
            left: MARGIN + widest.fold(0.0, f32::max) + AIR,
            top,
            right: PICTURE.right - MARGIN,
            bottom: PLOT_BOTTOM - lane::height(&self.lane),
        };
        Plot {
            time: TimeScale {
                since: self.history.since,
                until: self.history.until,
                left: frame.left,
                right: frame.right,
            },
            value: &self.value,
            frame,
            grid: self.history.grid,
            threshold: &self.history.threshold,
        }
    }

    /// Lines, bands and excursions; the worst sample of each side, with its node.
    fn traces(&self, plot: &Plot, layout: &mut Layout) -> Vec<(Peak, Option<usize>)> {
        let best = Style {
            line: Ink::Best,
            band: Some(Ink::BestBand),
            width: 3.0,
            dash: None,
            outside: None,
            judged: false,
            steps: false,
        };
        let alone = self.nodes.len() == 1;
        // The bands of several nodes lie on each other: there they are drawn only when a
        // corridor is missing, as nothing else would show the extremes.
        let unjudged = self.history.threshold.contains(&None);
        let mut traces: Vec<(Trace, Option<usize>)> =
            vec![(trace::trace(plot, &self.history.best, best), None)];
        for (place, node) in self.nodes.iter().enumerate() {
            let seen: Vec<Option<Envelope>> = node.columns.iter().map(|it| it.seen).collect();
            let style = Style {
                line: Ink::Node(place),
                band: (alone || unjudged).then_some(Ink::NodeBand(place)),
                width: LINE,
                dash: dash(place),
                // Among several, a line keeps the colour that names its node.
                outside: alone.then_some(Ink::Outside),
                judged: true,
                steps: false,
            };
            traces.push((trace::trace(plot, &seen, style), Some(place)));
        }
        let mut peaks: Vec<(Peak, Option<usize>)> = Vec::new();
        let mut stems = Vec::new();
        for (trace, node) in traces {
            layout.bands.extend(trace.bands);
            layout.excursions.extend(trace.excursions);
            layout.lines.extend(trace.lines);
            layout.dots.extend(trace.dots);
            stems.extend(trace.stems);
            layout.arrows.extend(trace.cuts.iter().map(|it| it.arrow(plot.frame)));
            for peak in trace.peaks {
                let same_side = |it: &&mut (Peak, _)| it.0.value.signum() == peak.value.signum();
                match peaks.iter_mut().find(same_side) {
                    Some(known) if known.0.value.abs() < peak.value.abs() => *known = (peak, node),
                    Some(_) => {}
                    None => peaks.push((peak, node)),
                }
            }
        }
        layout.lines.extend(stems);
        // Of what no corridor judges, the farthest alone is worth a number.
        let farthest = peaks.iter().map(|(peak, _)| peak.value.abs()).fold(0.0, f64::max);
        peaks.retain(|(peak, _)| peak.ink == Ink::Outside || peak.cut || peak.value.abs() == farthest);
        peaks
    }
}

/// Nodes after the first four are dashed: the colours begin again.
pub fn dash(place: usize) -> Option<Dash> {
    (place >= NODE_COLOURS).then_some(Dash { on: 14.0, off: 7.0 })
}
