//! PURE: what the lines of the plot are.

use super::{
    curve::Side,
    font,
    layout::{AIR, BODY, Hand, Layout, MARGIN, Mark, PICTURE, Pen},
    lines::Drawn,
    shape::{Ink, Line, Point},
};
use crate::words::number::short;

const BASELINE: f32 = 250.0;
const KEY: f32 = 40.0;
const KEY_WIDTH: f32 = 8.0;
const BETWEEN: f32 = 36.0;
/// The name in the legend gets at least so many pixels.
const LEAST_NAME: f32 = 240.0;

pub fn draw(pen: &Pen, traces: &[Drawn], layout: &mut Layout) {
    let card = pen.card;
    let words = pen.words.chart;
    let body = Hand::regular(BODY, Ink::Muted);
    let unit = pen.text_before(PICTURE.right - MARGIN, words.unit, BASELINE, body);
    let right = unit.frame.left - 2.0 * AIR;
    layout.labels.push(unit);

    let mut entries = vec![(Ink::Main, card.nodes.first().map_or("", |it| &it.name).to_owned())];
    if card.nodes.len() > 1 {
        entries.push((Ink::Other, words.others.to_owned()));
    }
    entries.push((Ink::Best, words.best.to_owned()));
    // The colours of excursions are explained only where they are used.
    let leaves = traces.iter().flat_map(|it| &it.leaves).copied();
    if let Some(side) = leaves.min_by_key(|side| *side == Side::Above) {
        let mut known = card.threshold.iter().flatten();
        let first = known.next().copied();
        let same = first.filter(|first| known.all(|it| it == first));
        let same = same.map(|it| short(it, pen.words.chart).trim_start_matches('+').to_owned());
        let outside = (words.outside)(same.as_deref());
        entries.push((Ink::Outside(side), outside));
    }
    let width = |text: &str| KEY + AIR + pen.width(text, body) + BETWEEN;
    let rest: f32 = entries.iter().skip(1).map(|(_, text)| width(text)).sum();
    let room = (right - MARGIN - rest - KEY - AIR - BETWEEN).max(LEAST_NAME);
    if let Some((_, name)) = entries.first_mut() {
        *name = match pen.names().into_iter().next() {
            Some(first) if card.nodes.len() > 1 => first,
            _ => pen.fitted(name, body, room),
        };
    }
    let mut left = MARGIN;
    for (ink, text) in entries {
        if left + width(&text) - BETWEEN > right {
            continue;
        }
        let y = 2.0 * BASELINE - font::centred(BASELINE, BODY);
        let points = [left, left + KEY].map(|x| Point { x, y }).to_vec();
        layout.data.push(Mark::Line(Line::solid(points, ink, KEY_WIDTH)));
        layout.labels.push(pen.text(text.clone(), left + KEY + AIR, BASELINE, body));
        left += width(&text);
    }
}
