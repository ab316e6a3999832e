//! PURE: stripes, crosses and dots, cut exactly at the edges of their box.

use super::shape::{Area, Ink, Point, Rect};
use crate::samples::state::State;

/// Stripes: width and distance from one to the next, at right angles to them.
const STRIPE: (f32, f32) = (10.0, 20.0);
const CROSS: (f32, f32) = (6.0, 20.0);
/// The diameter of a dot, and the distance from one to the next.
const DOT: (f32, f32) = (8.0, 18.0);
/// The lines along a stalled node.
const GROOVE: f32 = 5.0;
const OUTLINE: f32 = 3.0;

/// What distinguishes a state from the others besides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Texture {
    /// Filled.
    Solid,
    /// Filled, with two lines in the colour of the ground along it.
    Lined,
    /// Stripes at 45°.
    Striped,
    /// Stripes at 45° in both directions.
    Crossed,
    /// Dots.
    Dotted,
    /// An outline alone.
    Outlined,
    /// Nothing at all.
    Blank,
}

impl Texture {
    fn of(state: State) -> Texture {
        match state {
            State::Ok | State::Behind | State::Ahead | State::Halted => Texture::Solid,
            State::Stalled => Texture::Lined,
            State::Unreachable => Texture::Striped,
            State::WrongChain => Texture::Crossed,
            State::NoConsensus | State::Split => Texture::Dotted,
            State::NotScraped => Texture::Outlined,
            State::Gone => Texture::Blank,
        }
    }
}

/// The areas that fill a box for a state. Patterns are tied to the picture, not to the box:
/// neighbours continue in one pattern.
pub fn fill(frame: Rect, state: State) -> Vec<Area> {
    let whole = |ink| Area::block(frame, ink);
    let fill = Ink::Fill(state);
    let tile = || whole(Ink::Tile(state));
    let pattern = |shapes: Vec<Vec<Point>>| {
        let shapes = shapes.into_iter().map(|it| clipped(it, frame)).filter(|it| it.len() > 2);
        shapes.map(|outline| Area { outline, ink: fill }).collect::<Vec<_>>()
    };
    let with_tile = |areas: Vec<Area>| [vec![tile()], areas].concat();
    match Texture::of(state) {
        Texture::Solid => vec![whole(fill)],
        Texture::Lined => {
            let third = frame.height() / 3.0;
            let groove = |n: f32| {
                let middle = frame.top + n * third;
                let frame = Rect { top: middle - GROOVE / 2.0, bottom: middle + GROOVE / 2.0, ..frame };
                Area::block(frame, Ink::Ground)
            };
            // In a low box the grooves would leave nothing.
            let grooves = if third >= 1.5 * GROOVE { vec![groove(1.0), groove(2.0)] } else { Vec::new() };
            [vec![whole(fill)], grooves].concat()
        }
        Texture::Striped => with_tile(pattern(stripes(frame, STRIPE, 1.0))),
        Texture::Crossed => {
            let both = [stripes(frame, CROSS, 1.0), stripes(frame, CROSS, -1.0)].concat();
            with_tile(pattern(both))
        }
        Texture::Dotted => with_tile(pattern(dots(frame))),
        Texture::Outlined => {
            let line = OUTLINE.min(frame.width() / 2.0).min(frame.height() / 2.0);
            let Rect { left, top, right, bottom } = frame;
            let sides = [
                Rect { bottom: top + line, ..frame },
                Rect { top: bottom - line, ..frame },
                Rect { right: left + line, ..frame },
                Rect { left: right - line, ..frame },
            ];
            sides.map(|side| Area::block(side, fill)).to_vec()
        }
        Texture::Blank => Vec::new(),
    }
}

/// Stripes at 45°; `way` is 1 where they rise to the right, -1 where they fall.
fn stripes(frame: Rect, (width, pitch): (f32, f32), way: f32) -> Vec<Vec<Point>> {
    // Along the x axis a stripe is wider by the square root of two.
    let (width, pitch) = (width * std::f32::consts::SQRT_2, pitch * std::f32::consts::SQRT_2);
    // Where the left edge of a stripe crosses y = 0.
    let at = |x: f32, y: f32| x + way * y;
    let ends = [
        at(frame.left, frame.top),
        at(frame.left, frame.bottom),
        at(frame.right, frame.top),
        at(frame.right, frame.bottom),
    ];
    let first = (ends.into_iter().fold(f32::MAX, f32::min) / pitch).floor() as i32 - 1;
    let last = (ends.into_iter().fold(f32::MIN, f32::max) / pitch).ceil() as i32;
    let stripe = |n: i32| {
        let x = n as f32 * pitch;
        let point = |x: f32, y: f32| Point { x: x - way * y, y };
        vec![
            point(x, frame.top),
            point(x + width, frame.top),
            point(x + width, frame.bottom),
            point(x, frame.bottom),
        ]
    };
    (first..=last).map(stripe).collect()
}

fn dots(frame: Rect) -> Vec<Vec<Point>> {
    const CORNERS: usize = 10;
    let (size, pitch) = DOT;
    let rows = (frame.top / pitch).floor() as i32..=(frame.bottom / pitch).ceil() as i32;
    let columns = (frame.left / pitch).floor() as i32 - 1..=(frame.right / pitch).ceil() as i32;
    let dot = |row: i32, column: i32| {
        let shift = if row % 2 == 0 { 0.0 } else { 0.5 };
        let (x, y) = ((column as f32 + shift) * pitch, row as f32 * pitch);
        let corner = |i| {
            let (sin, cos) = (i as f32 / CORNERS as f32 * std::f32::consts::TAU).sin_cos();
            Point { x: x + size / 2.0 * cos, y: y + size / 2.0 * sin }
        };
        (0..CORNERS).map(corner).collect()
    };
    rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
        .map(|(row, column)| dot(row, column))
        .collect()
}

/// The part of a convex shape within a box (Sutherland and Hodgman, 1974).
fn clipped(shape: Vec<Point>, frame: Rect) -> Vec<Point> {
    let edges: [fn(Point, Rect) -> f32; 4] = [
        |it, frame| it.x - frame.left,
        |it, frame| frame.right - it.x,
        |it, frame| it.y - frame.top,
        |it, frame| frame.bottom - it.y,
    ];
    edges.into_iter().fold(shape, |shape, inside| {
        let mut kept = Vec::with_capacity(shape.len() + 1);
        for (a, b) in shape.iter().zip(shape.iter().cycle().skip(1)) {
            let (from, to) = (inside(*a, frame), inside(*b, frame));
            if from >= 0.0 {
                kept.push(*a);
            }
            if from * to < 0.0 {
                let part = from / (from - to);
                kept.push(Point { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part });
            }
        }
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_in_their_box_and_fill_it() {
        let wide = Rect { left: 103.0, top: 50.0, right: 261.0, bottom: 98.0 };
        let narrow = Rect { right: 107.0, ..wide };
        let low = Rect { bottom: 54.0, ..wide };
        for state in State::ALL {
            for frame in [wide, narrow, low] {
                let areas = fill(frame, state);
                assert_eq!(areas.is_empty(), state == State::Gone, "{state:?}");
                for point in areas.iter().flat_map(|it| &it.outline) {
                    let at = Rect { left: point.x, right: point.x, top: point.y, bottom: point.y };
                    assert!(frame.grown(0.01).contains(&at), "{state:?} {point:?}");
                }
            }
        }
        // Four stripes a hundred pixels along, about one in two covered.
        assert!((4..=9).contains(&fill(wide, State::Unreachable).len()));
    }
}
