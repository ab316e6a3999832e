//! PURE: bands where the only node was not seen, with their cause.

use super::{
    layout::{AIR, BODY, Hand, Layout, Mark, Pen},
    plot::{Plot, stretches},
    shape::{Area, Ink, Label, Rect},
};
use crate::samples::state::State;

/// A stretch in which the node was not seen.
pub struct Gap {
    frame: Rect,
    state: State,
}

/// Where the only node was not seen, with the state that explains it; none for several nodes.
pub fn gaps(pen: &Pen, plot: &Plot) -> Vec<Gap> {
    let [node] = &pen.card.nodes[..] else { return Vec::new() };
    let cause = |i: usize| {
        let shares = node.states.get(i)?;
        let largest = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        node.seen.get(i)?.is_none().then_some(largest.0).filter(|state| *state != State::Gone)
    };
    let band = |(columns, state)| {
        let (left, right) = plot.spread(&columns, 4.0);
        Gap { frame: Rect { left, right, ..plot.frame }, state }
    };
    stretches(node.seen.len(), cause).into_iter().map(band).collect()
}

/// The pale bands.
pub fn draw(gaps: &[Gap], layout: &mut Layout) {
    let band = |gap: &Gap| Mark::Area(Area::block(gap.frame, Ink::Tile(gap.state)));
    layout.under.extend(gaps.iter().map(band));
}

/// The cause of a gap inside it, in as few lines as fit, where it is wide enough.
pub fn name(pen: &Pen, gap: &Gap, layout: &mut Layout) {
    let (gap, state) = (gap.frame, gap.state);
    let hand = Hand::regular(BODY, Ink::Sign(state));
    let room = gap.width() - AIR;
    let mut lines: Vec<String> = Vec::new();
    for word in (pen.words.chart.state)(state).split(' ') {
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
