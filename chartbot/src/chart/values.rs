//! PURE: the numbers in the plot: the newest value, and the worst ones.

use super::{
    card::Worst,
    font,
    layout::{AIR, BODY, EDGE, Hand, Layout, Mark, PICTURE, Pen, TICK},
    plot::{Plot, widest},
    shape::{Dash, Disc, Ink, Label, Line, Point, Rect},
};
use crate::{
    samples::state::State,
    words::number::{short, signed},
};

const DOT: f32 = 11.0;
/// From the end of the line to its value.
const TO_VALUE: f32 = 20.0;
const VALUE: f32 = 46.0;
/// A peak this close to the end of the line, and to its value, needs no number of its own.
const SAME_PLACE: f32 = 60.0;
const ALIKE: f64 = 0.1;
/// Where a text may be tried beside a point: pixels from one place to the next.
const PACE: f32 = 9.0;

/// The dot at the end of the line with its value, and the way to the median.
pub fn newest(pen: &Pen, plot: &Plot, layout: &mut Layout) {
    let card = pen.card;
    let Some(now) = card.nodes.first().and_then(|node| node.now.as_ref()) else { return };
    let center = Point { x: plot.frame.right, y: plot.y(now.offset) };
    let is_inside = matches!(card.state, State::Ok | State::Halted);
    let line = if is_inside { Ink::Main } else { Ink::Sign(card.state) };
    let text = if is_inside { Ink::Text } else { Ink::Sign(card.state) };

    let left = center.x + TO_VALUE;
    let room = PICTURE.right - EDGE - left;
    let full = [VALUE, TICK, BODY].map(|size| (signed(now.offset, pen.words.chart), Hand::bold(size, text)));
    let brief = [TICK, BODY].map(|size| (short(now.offset, pen.words.chart), Hand::bold(size, text)));
    let fits = |(text, hand): &(String, Hand)| pen.width(text, *hand) <= room;
    let Some((value, hand)) = full.into_iter().chain(brief).find(fits) else { return };
    let muted = Hand::regular(BODY, Ink::Muted);
    let behind = now.behind.as_deref().filter(|it| pen.width(it, muted) <= room);

    let way = card.is_forecast.then(|| {
        let end = Point { x: PICTURE.right - EDGE - 60.0, y: plot.y(0.0) };
        let dash = Some(Dash { on: 5.0, off: 10.0 });
        Line { points: vec![center, end], ink: line, width: 4.0, dash }
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
    layout.data.push(Mark::Disc(Disc { center, radius: DOT, ink: line }));
    layout.labels.extend(placed.into_iter().flatten());
}

/// The numbers of the worst samples beside them, each on its side of the threshold.
pub fn worst(pen: &Pen, plot: &Plot, layout: &mut Layout) {
    let Some(node) = pen.card.nodes.first() else { return };
    let now = node.now.as_ref().map(|now| now.offset);
    for worst in &node.worst {
        let alike = |now: f64| (now - worst.offset).abs() <= ALIKE * worst.offset.abs();
        let is_now = now.is_some_and(alike) && plot.frame.right - plot.time.x(worst.at) < SAME_PLACE;
        if !is_now {
            layout.labels.extend(number(pen, plot, *worst, layout));
        }
    }
}

fn number(pen: &Pen, plot: &Plot, worst: Worst, layout: &Layout) -> Option<Label> {
    let at = Point { x: plot.time.x(worst.at), y: plot.y(worst.offset) };
    // The line is coloured by the threshold of its own time as well.
    let then = plot.grid.place(worst.at as f64).and_then(|column| plot.limit(column));
    let limit = then.or_else(|| widest(plot.threshold)).unwrap_or(0.0);
    if worst.offset.abs() <= limit || worst.offset.round() == 0.0 {
        return None;
    }
    let state = if worst.offset < 0.0 { State::Behind } else { State::Ahead };
    let hand = Hand::bold(BODY, Ink::Sign(state));
    let text = signed(worst.offset, pen.words.chart);
    let width = pen.width(&text, hand);
    let frame = plot.frame;
    let room = match state {
        State::Behind => Rect { top: plot.y(-limit), ..frame },
        _ => Rect { bottom: plot.y(limit), ..frame },
    };
    let free = |frame: &Rect| !layout.taken(&frame.grown(4.0));
    let place = beside(room, at, width, free)?;
    Some(pen.text(text, place.left, font::baseline(place.top, BODY), hand))
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
