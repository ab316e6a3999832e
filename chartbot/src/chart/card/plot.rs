//! PURE: the plot: gaps, axes, corridor, lines, the newest and the worst value.

use super::{
    layout::{AIR, BODY, EDGE, Hand, Layout, MARGIN, Mark, PICTURE, Pen, TICK, block},
    numbers::{short, signed},
    palette::Ink as CardInk,
    scale,
    state::State,
};
use crate::{
    chart::{
        excursion::Peak,
        font::{self, Weight},
        plot::{self, Plot, runs},
        shape::{Area, Dash, Disc, Ink, Label, Line, Point, Rect},
        timeaxis::{self, TimeScale, TimeTick},
        trace::{self, LINE, Style, Trace},
    },
    samples::grid::Envelope,
    words::Language,
};

const LEGEND_BASELINE: f32 = 250.0;
const KEY: f32 = 40.0;
const KEY_WIDTH: f32 = 8.0;
const BETWEEN: f32 = 36.0;
/// The name in the legend gets at least so many pixels.
const LEAST_NAME: f32 = 240.0;
/// The corridor is one pale band where it is thinner than this.
const THIN_CORRIDOR: f32 = 12.0;
/// Columns of this width or more are drawn as steps.
const STEP: f32 = 6.0;
const DOT: f32 = 11.0;
/// From the end of the line to its value.
const TO_VALUE: f32 = 20.0;
const VALUE: f32 = 46.0;
/// A peak this close to the end of the line, and to its value, needs no number of its own.
const SAME_PLACE: f32 = 60.0;
const ALIKE: f64 = 0.1;
/// Where a text may be tried beside a point: pixels from one place to the next.
const PACE: f32 = 9.0;

pub fn draw(pen: &Pen, layout: &mut Layout) {
    let card = pen.card;
    let frame = pen.frames.plot;
    let value = scale::of(card, frame.height());
    let time = TimeScale { since: card.from, until: card.until, left: frame.left, right: frame.right };
    let plot = Plot { time, value: &value, frame, grid: card.grid, threshold: &card.threshold };

    let gaps = if card.nodes.len() == 1 { gaps(pen, &plot) } else { Vec::new() };
    layout.under.extend(gaps.iter().map(|(frame, ink, _)| Mark::Area(block(*frame, *ink))));
    axes(pen, &plot, layout);
    corridor(&plot, layout);
    let traces = traces(pen, &plot);
    legend(pen, &traces, layout);
    layout.data.extend(traces.into_iter().flat_map(|it| it.marks));
    newest(pen, &plot, layout);
    worst(pen, &plot, layout);
    for (frame, _, state) in gaps {
        name_gap(pen, frame, state, layout);
    }
}

/// Where the only node was not seen, with the state that explains it.
fn gaps(pen: &Pen, plot: &Plot) -> Vec<(Rect, Ink, State)> {
    let Some(node) = pen.card.nodes.first() else { return Vec::new() };
    let cause = |i: usize| {
        let shares = node.states.get(i)?;
        let largest = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        node.seen.get(i)?.is_none().then_some(largest.0).filter(|state| *state != State::Gone)
    };
    let mut gaps: Vec<(std::ops::Range<usize>, State)> = Vec::new();
    for (i, state) in (0..node.seen.len()).filter_map(|i| Some((i, cause(i)?))) {
        match gaps.last_mut() {
            Some((columns, last)) if columns.end == i && *last == state => columns.end = i + 1,
            _ => gaps.push((i..i + 1, state)),
        }
    }
    let band = |(columns, state): (std::ops::Range<usize>, State)| {
        let (left, right) = plot.spread(&columns, 4.0);
        let ink = match state {
            State::NotScraped => CardInk::Tile(State::NoConsensus),
            _ => CardInk::Tile(state),
        };
        (Rect { left, right, ..plot.frame }, Ink::Card(ink), state)
    };
    gaps.into_iter().map(band).collect()
}

fn axes(pen: &Pen, plot: &Plot, layout: &mut Layout) {
    let Rect { left, right, bottom, .. } = plot.frame;
    let level = |y: f32, ink, width| {
        let points = [left, right].map(|x| Point { x, y }).to_vec();
        Mark::Line(Line::solid(points, ink, width))
    };
    let threshold = plot.threshold.iter().flatten().copied().reduce(f64::max);
    for tick in &plot.value.ticks {
        let y = plot.y(*tick);
        let is_edge = threshold == Some(tick.abs());
        if !is_edge {
            layout.under.push(level(y, Ink::Grid, 2.0));
        }
        let weight = if is_edge { Weight::SemiBold } else { Weight::Regular };
        let ink = if is_edge || *tick == 0.0 { Ink::Text } else { Ink::Muted };
        let text = short(*tick, pen.language);
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
    for tick in timeaxis::ticks(&plot.time, pen.zone, pen.language.words().chart, fit) {
        let x = plot.time.x(tick.at);
        let points = [bottom, bottom + 10.0].map(|y| Point { x, y }).to_vec();
        layout.under.push(Mark::Line(Line::solid(points, Ink::Axis, 2.0)));
        layout.labels.push(label(&tick));
    }
}

fn corridor(plot: &Plot, layout: &mut Layout) {
    let half = plot.threshold.iter().flatten().copied().fold(0.0, f64::max);
    let is_thin = plot.y(-half) - plot.y(half) < THIN_CORRIDOR;
    if !is_thin {
        let lines = plot::corridor(plot);
        let dash = Some(Dash { on: 24.0, off: 14.0 });
        layout.data.extend(lines.into_iter().map(|it| Mark::Line(Line { dash, ..it })));
        return;
    }
    for run in runs(plot.grid.len.min(plot.threshold.len()), |i| plot.limit(i).is_some()) {
        let (left, right) = plot.column_edges(&run);
        let limit = plot.limit(run.start).unwrap_or(0.0);
        let middle = plot.y(0.0);
        let reach = (plot.y(-limit) - middle).max(2.0);
        let band = Rect { left, top: middle - reach, right, bottom: middle + reach };
        layout.under.push(Mark::Area(block(band, Ink::Card(CardInk::ThinCorridor))));
    }
}

/// One line as it is drawn, with what its legend needs.
struct Drawn {
    marks: Vec<Mark>,
    /// The states whose colours show that it leaves the corridor.
    leaves: Vec<State>,
}

/// The reference, the other nodes, then the first node.
fn traces(pen: &Pen, plot: &Plot) -> Vec<Drawn> {
    let card = pen.card;
    let steps = plot.frame.width() / plot.grid.len.max(1) as f32 >= STEP;
    let calm =
        |ink, width| Style { line: ink, band: None, width, dash: None, outside: None, judged: false, steps };
    let main = Style {
        line: Ink::Card(CardInk::Main),
        band: Some(Ink::Card(CardInk::MainBand)),
        width: LINE + 1.0,
        dash: None,
        outside: Some(Ink::Outside),
        judged: true,
        steps,
    };
    let draw = |seen: &[Option<Envelope>], style| sided(plot, trace::trace(plot, seen, style));
    let mut drawn = vec![draw(&card.best, calm(Ink::Best, 3.0))];
    let nodes = card.nodes.iter().enumerate().rev();
    drawn.extend(nodes.map(|(place, node)| match place {
        0 => draw(&node.seen, main),
        _ => draw(&node.seen, calm(Ink::Card(CardInk::Other), 3.0)),
    }));
    drawn
}

/// The marks of a trace in drawing order; what is outside gets the colour of its side.
fn sided(plot: &Plot, trace: Trace) -> Drawn {
    let zero = plot.y(0.0);
    let is_below = |points: &[Point]| points.iter().any(|it| it.y > zero + 0.5);
    let side = |points: &[Point]| if is_below(points) { State::Behind } else { State::Ahead };
    let leaves = trace.excursions.iter().map(|it| side(&it.outline)).collect();
    let area = |area: Area| {
        let ink = match (area.ink, side(&area.outline)) {
            (Ink::OutsideFill, State::Behind) => Ink::Card(CardInk::Below),
            (Ink::OutsideFill, _) => Ink::Card(CardInk::Above),
            (other, _) => other,
        };
        Mark::Area(Area { ink, ..area })
    };
    let of_side = |ink, points: &[Point]| match ink {
        Ink::Outside => Ink::Card(CardInk::Fill(side(points))),
        other => other,
    };
    let line = |line: Line| {
        let line = Line { ink: of_side(line.ink, &line.points), ..line };
        within_scale(plot, line).into_iter().map(Mark::Line)
    };
    let disc = |disc: Disc| Mark::Disc(Disc { ink: of_side(disc.ink, &[disc.center]), ..disc });
    let cut = |peak: &Peak| {
        let arrow = peak.arrow(plot.frame);
        let ink = of_side(arrow.ink, &arrow.outline);
        [Mark::Area(Area { ink, ..arrow }), break_mark(plot, peak)]
    };
    let mut marks: Vec<Mark> = trace.bands.into_iter().map(area).collect();
    marks.extend(trace.excursions.into_iter().map(area));
    marks.extend(trace.lines.into_iter().chain(trace.stems).flat_map(line));
    marks.extend(trace.dots.into_iter().map(disc));
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

fn legend(pen: &Pen, traces: &[Drawn], layout: &mut Layout) {
    let card = pen.card;
    let words = pen.language.words().chart;
    let body = Hand::regular(BODY, Ink::Muted);
    let unit = match pen.language {
        Language::English => "blocks",
        Language::Russian => "блоки",
    };
    let unit = pen.text_before(PICTURE.right - MARGIN, unit, LEGEND_BASELINE, body);
    let right = unit.frame.left - 2.0 * AIR;
    layout.labels.push(unit);

    let mut entries =
        vec![(Ink::Card(CardInk::Main), card.nodes.first().map_or("", |it| &it.name).to_owned())];
    if card.nodes.len() > 1 {
        let others = match pen.language {
            Language::English => "other nodes",
            Language::Russian => "другие ноды",
        };
        entries.push((Ink::Card(CardInk::Other), others.to_owned()));
    }
    entries.push((Ink::Best, words.best.to_owned()));
    // The colours of excursions are explained only where they are used.
    let leaves = traces.iter().flat_map(|it| &it.leaves).copied();
    if let Some(side) = leaves.min_by_key(|state| state.rank()) {
        let mut known = card.threshold.iter().flatten();
        let first = known.next().copied();
        let same = first.filter(|first| known.all(|it| it == first));
        let same = same.map(|it| short(it, pen.language).trim_start_matches('+').to_owned());
        let outside = (words.outside)(same.as_deref());
        entries.push((Ink::Card(CardInk::Fill(side)), outside));
    }
    let width = |text: &str| KEY + AIR + pen.width(text, body) + BETWEEN;
    let rest: f32 = entries.iter().skip(1).map(|(_, text)| width(text)).sum();
    let room = (right - MARGIN - rest - KEY - AIR - BETWEEN).max(LEAST_NAME);
    if let Some((_, name)) = entries.first_mut() {
        *name = pen.fitted(name, body, room);
    }
    let mut left = MARGIN;
    for (ink, text) in entries {
        if left + width(&text) - BETWEEN > right {
            continue;
        }
        let y = 2.0 * LEGEND_BASELINE - font::centred(LEGEND_BASELINE, BODY);
        let points = [left, left + KEY].map(|x| Point { x, y }).to_vec();
        layout.data.push(Mark::Line(Line::solid(points, ink, KEY_WIDTH)));
        layout.labels.push(pen.text(text.clone(), left + KEY + AIR, LEGEND_BASELINE, body));
        left += width(&text);
    }
}

/// The dot at the end of the line with its value, and the way to the median.
fn newest(pen: &Pen, plot: &Plot, layout: &mut Layout) {
    let card = pen.card;
    let Some(now) = card.nodes.first().and_then(|node| node.now.as_ref()) else { return };
    let center = Point { x: plot.frame.right, y: plot.y(now.offset) };
    let is_inside = matches!(card.state, State::Ok | State::Halted);
    let line = if is_inside { CardInk::Main } else { CardInk::Sign(card.state) };
    let text = if is_inside { Ink::Text } else { Ink::Card(CardInk::Sign(card.state)) };

    let left = center.x + TO_VALUE;
    let room = PICTURE.right - EDGE - left;
    let full = [VALUE, TICK, BODY].map(|size| (signed(now.offset, pen.language), Hand::bold(size, text)));
    let brief = [TICK, BODY].map(|size| (short(now.offset, pen.language), Hand::bold(size, text)));
    let fits = |(text, hand): &(String, Hand)| pen.width(text, *hand) <= room;
    let Some((value, hand)) = full.into_iter().chain(brief).find(fits) else { return };
    let muted = Hand::regular(BODY, Ink::Muted);
    let behind = now.behind.as_deref().filter(|it| pen.width(it, muted) <= room);

    let way = card.level_at.map(|_| {
        let end = Point { x: PICTURE.right - EDGE - 60.0, y: plot.y(0.0) };
        let dash = Some(Dash { on: 5.0, off: 10.0 });
        Line { points: vec![center, end], ink: Ink::Card(line), width: 4.0, dash }
    });
    let labels = |shift: f32| -> Vec<Label> {
        let middle = center.y + shift;
        let value = pen.text(value.clone(), left, font::centred(middle, hand.size), hand);
        let below = value.frame.bottom + BODY;
        let behind = behind.map(|text| pen.text(text, left, below, muted));
        [value].into_iter().chain(behind).collect()
    };
    let free = |labels: &Vec<Label>| {
        labels.iter().all(|label| {
            let near = label.frame.grown(2.0);
            near.bottom <= PICTURE.bottom - EDGE
                && near.top >= plot.frame.top - AIR
                && !layout.taken(&near)
                && way.iter().all(|way| !way.touches(&near))
        })
    };
    let shifts = (0..60).flat_map(|n| [n as f32 * PACE, n as f32 * -PACE]);
    let placed = shifts.map(labels).find(free);
    layout.data.extend(way.map(Mark::Line));
    // Its ground keeps the dot apart from the line.
    layout.data.push(Mark::Disc(Disc { center, radius: DOT + 4.0, ink: Ink::Ground }));
    layout.data.push(Mark::Disc(Disc { center, radius: DOT, ink: Ink::Card(line) }));
    layout.labels.extend(placed.into_iter().flatten());
}

/// The number of the worst sample beside it, on its side of the threshold.
fn worst(pen: &Pen, plot: &Plot, layout: &mut Layout) {
    let Some(node) = pen.card.nodes.first() else { return };
    let Some(worst) = node.worst else { return };
    let at = Point { x: plot.time.x(worst.at), y: plot.y(worst.offset) };
    let alike = |now: f64| (now - worst.offset).abs() <= ALIKE * worst.offset.abs();
    if node.now.as_ref().is_some_and(|now| alike(now.offset)) && plot.frame.right - at.x < SAME_PLACE {
        return;
    }
    let limit = pen.card.threshold.iter().flatten().copied().fold(0.0, f64::max);
    if worst.offset.abs() <= limit || worst.offset.round() == 0.0 {
        return;
    }
    let state = if worst.offset < 0.0 { State::Behind } else { State::Ahead };
    let hand = Hand::bold(BODY, Ink::Card(CardInk::Sign(state)));
    let text = signed(worst.offset, pen.language);
    let width = pen.width(&text, hand);
    let frame = plot.frame;
    let room = match state {
        State::Behind => Rect { top: plot.y(-limit), ..frame },
        _ => Rect { bottom: plot.y(limit), ..frame },
    };
    let free = |frame: &Rect| !layout.taken(&frame.grown(4.0));
    if let Some(place) = beside(room, at, width, free) {
        let label = pen.text(text, place.left, font::baseline(place.top, BODY), hand);
        layout.labels.push(label);
    }
}

/// The free place for a text of [`BODY`] that is closest to a point, within `room`.
fn beside(room: Rect, at: Point, width: f32, free: impl Fn(&Rect) -> bool) -> Option<Rect> {
    const REACH: i32 = 16;
    let height = font::frame(0.0, 0.0, width, BODY).height();
    let place = |across: i32, down: i32| {
        let (dx, dy) = (across as f32 * PACE, down as f32 * PACE);
        let left = match across {
            0 => at.x - width / 2.0,
            1.. => at.x + dx,
            _ => at.x + dx - width,
        };
        let top = at.y + dy - height / 2.0;
        let frame = Rect { left, top, right: left + width, bottom: top + height };
        (dx.hypot(dy), frame)
    };
    let all = (-REACH..=REACH).flat_map(|across| (-REACH..=REACH).map(move |down| place(across, down)));
    let mut places: Vec<(f32, Rect)> = all.filter(|(_, frame)| room.contains(frame)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.into_iter().map(|it| it.1).find(free)
}

/// The cause of a gap inside it, in as few lines as fit, where it is wide enough.
fn name_gap(pen: &Pen, gap: Rect, state: State, layout: &mut Layout) {
    let hand = Hand::regular(BODY, Ink::Card(CardInk::Sign(state)));
    let room = gap.width() - AIR;
    let mut lines: Vec<String> = Vec::new();
    for word in state.name(pen.language).split(' ') {
        match lines.last_mut() {
            Some(line) if pen.width(&format!("{line} {word}"), hand) <= room => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.iter().any(|line| pen.width(line, hand) > room) {
        return;
    }
    let at = |top: f32| -> Vec<Label> {
        let line = |(n, text): (usize, &String)| {
            let left = gap.center().x - pen.width(text, hand) / 2.0;
            pen.text(text, left, top + n as f32 * BODY * 1.2, hand)
        };
        lines.iter().enumerate().map(line).collect()
    };
    let free = |labels: &Vec<Label>| {
        labels.iter().all(|it| gap.contains(&it.frame) && !layout.taken(&it.frame.grown(4.0)))
    };
    let tops = (0..20).map(|n| gap.top + gap.height() * (0.7 - 0.033 * n as f32));
    let placed = tops.map(at).find(free);
    layout.labels.extend(placed.into_iter().flatten());
}
