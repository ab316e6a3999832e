//! PURE: the state strip: a row for each node that shows, to the column, what it was in.

use super::{
    card::Node,
    font,
    layout::{AIR, BODY, Hand, LEGEND, Layout, MARGIN, Mark, PICTURE, Pen},
    shape::{Ink, Rect},
    texture,
    timeaxis::TimeScale,
};
use crate::samples::state::State;

/// A share of a column is at least this high: two points of a phone.
const LEAST_HEIGHT: f32 = 8.0;
/// Trouble is at least this wide.
const LEAST_WIDTH: f32 = 8.0;
/// The sample of a state in the legend.
const KEY: (f32, f32) = (44.0, 28.0);
const AFTER_KEY: f32 = 14.0;
const BETWEEN: f32 = 40.0;

pub fn draw(pen: &Pen, layout: &mut Layout) {
    let card = pen.card;
    let body = Hand::regular(BODY, Ink::Muted);
    let mut shown = [false; State::ALL.len()];
    for ((node, row), name) in card.nodes.iter().zip(&pen.frames.rows).zip(pen.names()) {
        if card.nodes.len() > 1 {
            let baseline = font::centred(row.center().y, BODY);
            layout.labels.push(pen.text_before(row.left - AIR, name, baseline, body));
        }
        let time = TimeScale { since: card.from, until: card.until, left: row.left, right: row.right };
        for (frame, state) in segments(node, *row, |i| time.column(&card.grid, i)) {
            shown[state.rank()] = true;
            layout.data.extend(texture::fill(frame, state).into_iter().map(Mark::Area));
        }
    }
    if let Some(more) = &card.more {
        let left = pen.frames.plot.left;
        let text = pen.fitted(more, body, PICTURE.right - MARGIN - left);
        layout.labels.push(pen.text(text, left, pen.frames.more, body));
    }
    legend(pen, shown, layout);
}

/// The boxes of a row: calm ones first, trouble is drawn over them.
fn segments(node: &Node, row: Rect, column: impl Fn(usize) -> (f32, f32)) -> Vec<(Rect, State)> {
    let mut runs: Vec<(Rect, Vec<(f32, State)>)> = Vec::new();
    for (i, shares) in node.states.iter().enumerate() {
        let stack = stack(shares, row.height());
        let (left, right) = column(i);
        match runs.last_mut() {
            Some((frame, last)) if *last == stack => frame.right = right,
            _ => runs.push((Rect { left, right, ..row }, stack)),
        }
    }
    let mut boxes = Vec::new();
    for (mut frame, stack) in runs {
        let is_trouble = stack.iter().any(|(_, state)| state.is_alarm());
        if is_trouble && frame.width() < LEAST_WIDTH {
            let middle = frame.center().x;
            let left = (middle - LEAST_WIDTH / 2.0).clamp(row.left, row.right - LEAST_WIDTH);
            (frame.left, frame.right) = (left, left + LEAST_WIDTH);
        }
        let mut bottom = row.bottom;
        for (height, state) in stack {
            let top = bottom - height;
            boxes.push((Rect { top, bottom, ..frame }, state));
            bottom = top;
        }
    }
    boxes.sort_by_key(|(_, state)| state.is_alarm());
    // Whether it is still so is seen at the end of the row, however short it has lasted.
    if node.state.is_alarm() {
        boxes.push((Rect { left: row.right - LEAST_WIDTH, ..row }, node.state));
    }
    merged(boxes)
}

/// Neighbours of one state and height as one box: each hatch is drawn once.
fn merged(boxes: Vec<(Rect, State)>) -> Vec<(Rect, State)> {
    let mut merged: Vec<(Rect, State)> = Vec::with_capacity(boxes.len());
    for (next, state) in boxes {
        match merged.last_mut() {
            Some((last, of))
                if *of == state
                    && (last.top, last.bottom) == (next.top, next.bottom)
                    && next.left <= last.right
                    && next.left >= last.left =>
            {
                last.right = last.right.max(next.right);
            }
            _ => merged.push((next, state)),
        }
    }
    merged
}

/// The heights of the states of a column, the worst at the bottom.
fn stack(shares: &[(State, f32)], height: f32) -> Vec<(f32, State)> {
    let mut stack: Vec<(f32, State)> = shares
        .iter()
        .filter(|(state, share)| *share > 0.0 && *state != State::Gone)
        .map(|(state, share)| ((share * height).round().max(LEAST_HEIGHT), *state))
        .collect();
    stack.sort_by_key(|(_, state)| state.rank());
    // What the least height added is taken off the largest, so that a full column stays full.
    let most = shares.iter().map(|it| it.1).sum::<f32>().min(1.0) * height;
    let excess = stack.iter().map(|it| it.0).sum::<f32>() - most;
    if let Some(largest) = stack.iter_mut().max_by(|a, b| a.0.total_cmp(&b.0)) {
        largest.0 = (largest.0 - excess).max(LEAST_HEIGHT);
    }
    stack
}

/// The states in view, the worst first, in two rows at most.
fn legend(pen: &Pen, shown: [bool; State::ALL.len()], layout: &mut Layout) {
    let body = Hand::regular(BODY, Ink::Text);
    let first = pen.frames.plot.left;
    let right = PICTURE.right - MARGIN;
    let (mut row, mut left) = (0, first);
    for state in State::ALL.into_iter().filter(|it| shown[it.rank()]) {
        let name = (pen.words.chart.state)(state);
        let width = KEY.0 + AFTER_KEY + pen.width(name, body);
        if left + width > right {
            (row, left) = (row + 1, first);
        }
        // More than two rows are never needed in English; the calmest states go without a key.
        let Some(baseline) = LEGEND.get(row) else { return };
        let middle = 2.0 * baseline - font::centred(*baseline, BODY);
        let (top, bottom) = (middle - KEY.1 / 2.0, middle + KEY.1 / 2.0);
        let key = Rect { left, top, right: left + KEY.0, bottom };
        layout.data.extend(texture::fill(key, state).into_iter().map(Mark::Area));
        layout.labels.push(pen.text(name, key.right + AFTER_KEY, *baseline, body));
        left += width + BETWEEN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Behind, Ok, Unreachable};

    #[test]
    fn a_column_is_stacked_by_share_with_trouble_at_the_bottom() {
        for (shares, want) in [
            (&[(Ok, 1.0)][..], &[(48.0, Ok)][..]),
            (&[(Ok, 0.5), (Unreachable, 0.5)], &[(24.0, Unreachable), (24.0, Ok)]),
            (&[(Ok, 0.99), (Behind, 0.01)], &[(8.0, Behind), (40.0, Ok)]),
            (&[(Unreachable, 0.25)], &[(12.0, Unreachable)]),
            (&[], &[]),
        ] {
            assert_eq!(stack(shares, 48.0), want);
        }
    }

    #[test]
    fn a_moment_of_trouble_is_wide_enough_to_see_and_on_top() {
        let mut states = vec![vec![(Ok, 1.0)]; 100];
        states[99] = vec![(Unreachable, 1.0)];
        let node = Node {
            name: "n".into(),
            seen: Vec::new(),
            state: Unreachable,
            states,
            now: None,
            worst: Vec::new(),
        };
        let row = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 48.0 };
        let boxes = segments(&node, row, |i| (i as f32, i as f32 + 1.0));
        let last = Rect { left: 92.0, ..row };
        assert_eq!(boxes, [(Rect { right: 99.0, ..row }, Ok), (last, Unreachable)]);

        // A part of the newest column is the whole of now.
        let states = [vec![vec![(Ok, 1.0)]; 99], vec![vec![(Unreachable, 0.1), (Ok, 0.9)]]].concat();
        let boxes = segments(&Node { states, ..node }, row, |i| (i as f32, i as f32 + 1.0));
        assert_eq!(boxes.last(), Some(&(last, Unreachable)));
    }

    #[test]
    fn moments_of_trouble_side_by_side_are_one_box() {
        let row = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 48.0 };
        let torn = |i: usize| vec![(Unreachable, if i.is_multiple_of(2) { 0.25 } else { 0.0 }), (Ok, 0.75)];
        let node = Node {
            name: "n".into(),
            seen: Vec::new(),
            state: Ok,
            states: (0..100).map(torn).collect(),
            now: None,
            worst: Vec::new(),
        };
        let boxes = segments(&node, row, |i| (i as f32, i as f32 + 1.0));
        let trouble: Vec<_> = boxes.iter().filter(|it| it.1 == Unreachable).collect();
        assert_eq!(trouble, [&(Rect { top: 36.0, ..row }, Unreachable)]);
    }
}
