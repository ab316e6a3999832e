//! Where everything in a chart stands: a history in, boxes and strokes out.

use jiff::tz::TimeZone;

use super::{
    font::{self, Fonts, Weight},
    gap::{self, Gap},
    legend::{Entry, Key, Legend},
    scale::{self, ValueScale},
    shape::{Area, Dash, Hatch, Ink, Label, Line, Point, Rect},
    timeaxis::{self, TimeScale, TimeTick},
    trace::{self, LINE, Peak, Plot, Style, Trace},
};
use crate::{
    series::{Cause, Column, Envelope, History, Watched},
    text::ChartWords,
};

/// The picture, in pixels.
pub const PICTURE: Rect = Rect {
    left: 0.0,
    top: 0.0,
    right: 1280.0,
    bottom: 800.0,
};
/// The size of all text but the title: what a phone still shows legibly.
pub const BODY: f32 = 30.0;
const TITLE: f32 = 46.0;
/// Air between the edge of the picture and anything.
const MARGIN: f32 = 40.0;
/// Air between one text and another, or a line.
const AIR: f32 = 12.0;
const TITLE_BASELINE: f32 = 70.0;
const LEGEND_BASELINE: f32 = 128.0;
const PLOT_BELOW_LEGEND: f32 = 44.0;
const PLOT_BOTTOM: f32 = 712.0;
const TIME_BASELINE: f32 = 762.0;
/// The strip at the foot of the plot that tells what is missing in part.
const LANE: f32 = 10.0;
const MOST_TIMES: usize = 7;
/// A gap and a mark in the lane are at least this wide.
const LEAST_GAP: f32 = 4.0;
/// Narrower gaps show no hatching and are marked in the lane as well.
const HATCHED: f32 = 16.0;
const ARROW: f32 = 18.0;
/// How far a label within the plot keeps hatching and grid away.
const CLEARED: f32 = 6.0;

/// At most so many nodes are told apart by colour and dash.
pub const NODES_AT_MOST: usize = 8;
/// As many nodes as there are colours are solid; the ones after them are dashed.
pub const NODE_COLOURS: usize = 4;

/// A chart as values. The fields stand in the order in which they are drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    pub grid: Vec<Line>,
    pub gaps: Vec<Hatch>,
    pub lane: Vec<Hatch>,
    pub bands: Vec<Area>,
    pub excursions: Vec<Area>,
    pub corridor: Vec<Line>,
    /// The best reference, then the nodes, then the marks of what left the corridor.
    pub lines: Vec<Line>,
    /// Pointing to what lies beyond the scale.
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

/// Which of the watched nodes a chart shows, as their places in `history.watched`: all of
/// them, or the worst eight. The worst is the one farthest outside the corridor, and among
/// those inside the one farthest from the median.
pub fn shown(history: &History) -> Vec<usize> {
    let mut places: Vec<usize> = (0..history.watched.len()).collect();
    if places.len() > NODES_AT_MOST {
        let badness = |place: &usize| {
            let node = history.watched.get(*place);
            node.map_or((0.0, 0.0), |node| badness(node, &history.threshold))
        };
        places.sort_by(|a, b| {
            let (a, b) = (badness(a), badness(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        places.truncate(NODES_AT_MOST);
        places.sort_unstable();
    }
    places
}

/// Blocks outside the corridor, and blocks behind the median, both at the worst moment.
fn badness(node: &Watched, threshold: &[Option<f64>]) -> (f64, f64) {
    let columns = node.columns.iter().zip(threshold);
    columns
        .filter_map(|(column, threshold)| Some((column.seen?, threshold)))
        .fold((0.0, f64::MIN), |(outside, behind), (seen, threshold)| {
            let beyond = threshold.map_or(0.0, |it| (-seen.min).max(seen.max) - it);
            (f64::max(outside, beyond), f64::max(behind, -seen.min))
        })
}

impl Layout {
    pub fn new(history: &History, zone: &TimeZone, words: &ChartWords, fonts: &Fonts) -> Layout {
        let shown = shown(history);
        let nodes: Vec<&Watched> = shown
            .iter()
            .filter_map(|i| history.watched.get(*i))
            .collect();
        let mut drawing = Drawing {
            history,
            zone,
            words,
            fonts,
            value: ValueScale::of(history, &shown),
            nodes,
            in_legend: Vec::new(),
        };
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
    fn taken(&self, frame: &Rect) -> bool {
        let mut lines = self.lines.iter().chain(&self.corridor);
        let mut areas = self
            .bands
            .iter()
            .chain(&self.excursions)
            .chain(&self.arrows);
        self.labels.iter().any(|it| it.frame.overlaps(frame))
            || lines.any(|it| it.touches(frame))
            || areas.any(|it| it.touches(frame))
    }
}

/// All that a layout is made from.
struct Drawing<'a> {
    history: &'a History,
    zone: &'a TimeZone,
    words: &'a ChartWords,
    fonts: &'a Fonts,
    value: ValueScale,
    nodes: Vec<&'a Watched>,
    /// The causes that are named in the legend.
    in_legend: Vec<Cause>,
}

impl Drawing<'_> {
    /// The layout, and a cause that is named nowhere in it.
    fn layout(&self) -> (Layout, Option<Cause>) {
        let mut layout = Layout::default();
        let legend_rows = self.head(&mut layout);
        let plot = self.plot(LEGEND_BASELINE + legend_rows + PLOT_BELOW_LEGEND);
        self.axes(&plot, &mut layout);
        layout.corridor = trace::corridor(&plot);
        let peaks = self.traces(&plot, &mut layout);
        let unnamed = self.gaps(&plot, &mut layout);
        for (peak, node) in peaks {
            self.peak(&plot, peak, node, &mut layout);
        }
        (layout, unnamed)
    }

    fn label(&self, text: String, left: f32, baseline: f32, ink: Ink) -> Label {
        let width = self.width(&text);
        Label {
            text,
            frame: font::frame(left, baseline, width, BODY),
            size: BODY,
            weight: Weight::Regular,
            ink,
        }
    }

    fn label_left_of(&self, right: f32, text: String, baseline: f32, ink: Ink) -> Label {
        let left = right - self.width(&text);
        self.label(text, left, baseline, ink)
    }

    fn width(&self, text: &str) -> f32 {
        self.fonts.width(text, Weight::Regular, BODY)
    }

    /// Title, range, legend and unit; how much higher than one row the legend is.
    fn head(&self, layout: &mut Layout) -> f32 {
        let right = PICTURE.right - MARGIN;
        let seconds = self.history.until - self.history.since;
        let range = (self.words.last)(seconds);
        let range = self.label_left_of(right, range, TITLE_BASELINE, Ink::Muted);
        let unit = self.words.unit.to_owned();
        let unit = self.label_left_of(right, unit, LEGEND_BASELINE, Ink::Muted);

        let name = match self.nodes.as_slice() {
            [only] => format!("{} · {}", self.history.network, only.node),
            _ => self.history.network.clone(),
        };
        let (weight, room) = (Weight::SemiBold, range.frame.left - MARGIN - 2.0 * AIR);
        let text = self.fonts.fitted(&name, weight, TITLE, room);
        let width = self.fonts.width(&text, weight, TITLE);
        let title = Label {
            text,
            frame: font::frame(MARGIN, TITLE_BASELINE, width, TITLE),
            size: TITLE,
            weight,
            ink: Ink::Text,
        };

        let first_right = unit.frame.left - 2.0 * AIR;
        let edges = (MARGIN, right, first_right);
        let legend = Legend::new(&self.entries(), self.fonts, LEGEND_BASELINE, edges);
        let height = legend.height();
        layout.labels.extend([title, range, unit]);
        layout.labels.extend(legend.labels);
        layout.keys = legend.lines;
        layout.key_hatches = legend.hatches;
        height
    }

    fn entries(&self) -> Vec<Entry> {
        let nodes = self.nodes.iter().enumerate();
        let mut entries: Vec<Entry> = nodes
            .map(|(place, node)| Entry {
                key: Key::Line(Ink::Node(place), dash(place)),
                text: node.node.clone(),
            })
            .collect();
        let line = |ink, text| Entry {
            key: Key::Line(ink, None),
            text,
        };
        entries.push(line(Ink::Best, self.words.best.to_owned()));
        let mut known = self.history.threshold.iter().flatten();
        if let Some(first) = known.next() {
            let same = known.all(|it| it == first);
            let threshold = same.then(|| scale::plain(*first));
            let text = (self.words.outside)(threshold.as_deref());
            entries.push(line(Ink::Outside, text));
        }
        entries.extend(self.in_legend.iter().map(|cause| Entry {
            key: Key::Missing(*cause),
            text: self.name(*cause).to_owned(),
        }));
        entries
    }

    fn name(&self, cause: Cause) -> &'static str {
        match cause {
            Cause::NoAnswer => self.words.no_answer,
            Cause::NoConsensus => self.words.no_consensus,
            Cause::NotScraped => self.words.not_scraped,
        }
    }

    fn plot(&self, top: f32) -> Plot<'_> {
        let ticks = self.value.ticks.iter();
        let widest = ticks.map(|tick| self.width(&scale::signed(*tick)));
        let frame = Rect {
            left: MARGIN + widest.fold(0.0, f32::max) + AIR,
            top,
            right: PICTURE.right - MARGIN,
            bottom: PLOT_BOTTOM - LANE,
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

    fn axes(&self, plot: &Plot, layout: &mut Layout) {
        let Rect { left, right, .. } = plot.frame;
        let level = |y: f32, ink| {
            let points = [left, right].map(|x| Point { x, y }).to_vec();
            Line::solid(points, ink, 1.0)
        };
        for tick in &self.value.ticks {
            let y = plot.y(*tick);
            layout.grid.push(level(y, Ink::Grid));
            let (text, baseline) = (scale::signed(*tick), font::centred(y, BODY));
            let label = self.label_left_of(left - AIR, text, baseline, Ink::Text);
            layout.labels.push(label);
        }
        layout.ticks.clone_from(&self.value.ticks);
        layout.grid.push(level(PLOT_BOTTOM, Ink::Axis));

        let fit = |ticks: &[TimeTick]| self.fitting(plot, ticks);
        layout.times = timeaxis::ticks(&plot.time, self.zone, self.words, fit);
        for tick in &layout.times {
            let x = plot.time.x(tick.at);
            let points = [PLOT_BOTTOM, PLOT_BOTTOM + 8.0].map(|y| Point { x, y });
            layout
                .grid
                .push(Line::solid(points.to_vec(), Ink::Axis, 1.0));
            layout.labels.push(self.time(plot, tick));
        }
    }

    fn time(&self, plot: &Plot, tick: &TimeTick) -> Label {
        let weight = if tick.turning {
            Weight::SemiBold
        } else {
            Weight::Regular
        };
        let width = self.fonts.width(&tick.text, weight, BODY);
        let left = plot.time.x(tick.at) - width / 2.0;
        Label {
            text: tick.text.clone(),
            frame: font::frame(left, TIME_BASELINE, width, BODY),
            size: BODY,
            weight,
            ink: Ink::Text,
        }
    }

    /// The labels that stand within the picture, unless they are too many or too close.
    fn fitting(&self, plot: &Plot, ticks: &[TimeTick]) -> Option<Vec<TimeTick>> {
        let inside = PICTURE.grown(-AIR);
        let fits = |tick: &&TimeTick| inside.contains(&self.time(plot, tick).frame);
        let ticks: Vec<TimeTick> = ticks.iter().filter(fits).cloned().collect();
        let frame = |tick| self.time(plot, tick).frame;
        let apart = ticks.windows(2).all(|pair| match pair {
            [a, b] => frame(a).right + 2.0 * AIR <= frame(b).left,
            _ => true,
        });
        (apart && !ticks.is_empty() && ticks.len() <= MOST_TIMES).then_some(ticks)
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
            };
            traces.push((trace::trace(plot, &seen, style), Some(place)));
        }
        let mut peaks: Vec<(Peak, Option<usize>)> = Vec::new();
        let mut stems = Vec::new();
        for (trace, node) in traces {
            layout.bands.extend(trace.bands);
            layout.excursions.extend(trace.excursions);
            layout.lines.extend(trace.lines);
            stems.extend(trace.stems);
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
        peaks
    }

    /// Hatching, marks and their names; a cause that found no place for its name.
    fn gaps(&self, plot: &Plot, layout: &mut Layout) -> Option<Cause> {
        let columns: Vec<&[Column]> = self.nodes.iter().map(|it| it.columns.as_slice()).collect();
        let frame = |gap: &Gap, top: f32| {
            let (left, right) = plot.spread(&gap.columns, LEAST_GAP);
            Rect {
                left,
                top,
                right,
                bottom: PLOT_BOTTOM,
            }
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
        (0..20)
            .map(|i| gap.top + gap.height() * (0.75 - 0.035 * i as f32))
            .map(at)
            .find(|labels| {
                let frames = labels.iter().map(|it| it.frame.grown(CLEARED));
                frames
                    .into_iter()
                    .all(|it| it.top > gap.top && !layout.taken(&it))
            })
    }

    /// The number of the worst sample near it, and an arrow when it lies beyond the scale.
    fn peak(&self, plot: &Plot, peak: Peak, node: Option<usize>, layout: &mut Layout) {
        let up = peak.value > 0.0;
        if peak.cut {
            layout
                .arrows
                .push(arrow(plot.frame, peak.at.x, up, peak.ink));
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
            Some(Label {
                text,
                frame,
                size: BODY,
                weight: Weight::SemiBold,
                ink: peak.ink,
            })
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
    const REACH: i32 = 12;
    const PACE: f32 = 10.0;
    let size = font::frame(0.0, 0.0, width, BODY);
    let room = Rect {
        top: plot.top + AIR / 2.0,
        bottom: plot.bottom - AIR / 2.0,
        ..plot
    };
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
            let frame = Rect {
                left,
                top,
                right: left + width,
                bottom: top + size.height(),
            };
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
    let (tip, foot) = if up {
        (plot.top, plot.top + ARROW)
    } else {
        (plot.bottom, plot.bottom - ARROW)
    };
    let half = ARROW * 0.6;
    let x = x.clamp(plot.left + half, plot.right - half);
    Area {
        outline: vec![
            Point { x, y: tip },
            Point {
                x: x - half,
                y: foot,
            },
            Point {
                x: x + half,
                y: foot,
            },
        ],
        ink,
    }
}

/// Nodes after the first four are dashed: the colours begin again.
fn dash(place: usize) -> Option<Dash> {
    (place >= NODE_COLOURS).then_some(Dash { on: 14.0, off: 7.0 })
}
