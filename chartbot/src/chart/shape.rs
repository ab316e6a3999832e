//! What a layout is made of: places in pixels and the strokes, areas and labels on them.

use super::{curve::Side, font::Weight};
use crate::samples::state::State;

/// A place in the picture, in pixels from its left upper corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// A box in pixels; `top` is above `bottom`, so it is the smaller number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl Rect {
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    pub fn center(&self) -> Point {
        Point { x: (self.left + self.right) / 2.0, y: (self.top + self.bottom) / 2.0 }
    }

    /// The box with `by` pixels more on each side.
    pub fn grown(&self, by: f32) -> Rect {
        Rect { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub fn overlaps(&self, other: &Rect) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    pub fn contains(&self, other: &Rect) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }

    /// Whether the straight line from `a` to `b` passes through the box.
    pub fn meets(&self, a: Point, b: Point) -> bool {
        let (mut enter, mut leave) = (0.0_f32, 1.0_f32);
        for (from, way, low, high) in
            [(a.x, b.x - a.x, self.left, self.right), (a.y, b.y - a.y, self.top, self.bottom)]
        {
            if way == 0.0 {
                if from < low || from > high {
                    return false;
                }
                continue;
            }
            let (first, last) = ((low - from) / way, (high - from) / way);
            enter = enter.max(first.min(last));
            leave = leave.min(first.max(last));
        }
        enter <= leave
    }
}

/// What a colour is for; the palette has the colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ink {
    Ground,
    Text,
    Muted,
    Grid,
    Axis,
    Corridor,
    /// A corridor too thin for two lines.
    ThinCorridor,
    /// The best reference.
    Best,
    /// The line of the node that the title is about, and its band.
    Main,
    MainBand,
    /// The lines of the other nodes.
    Other,
    /// A line outside the corridor, and the area from the corridor to the samples there.
    Outside(Side),
    Excursion(Side),
    /// The area of a state in the strip.
    Fill(State),
    /// The area behind the stripes, crosses or dots of a state, and the band of a gap.
    Tile(State),
    /// Text and signs of a state.
    Sign(State),
}

/// Pixels drawn and pixels left out, in turns along a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dash {
    pub on: f32,
    pub off: f32,
}

/// A line through points.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub points: Vec<Point>,
    pub ink: Ink,
    pub width: f32,
    /// Absent for a solid line.
    pub dash: Option<Dash>,
}

impl Line {
    pub fn solid(points: Vec<Point>, ink: Ink, width: f32) -> Line {
        Line { points, ink, width, dash: None }
    }

    /// Whether any of its ink lies within `frame`.
    pub fn touches(&self, frame: &Rect) -> bool {
        let near = frame.grown(self.width / 2.0);
        self.points.windows(2).any(|ends| match ends {
            [a, b] => near.meets(*a, *b),
            _ => false,
        })
    }
}

/// A filled polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    pub outline: Vec<Point>,
    pub ink: Ink,
}

impl Area {
    /// A filled box.
    pub fn block(frame: Rect, ink: Ink) -> Area {
        let Rect { left, top, right, bottom } = frame;
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        Area { outline: corners.map(|(x, y)| Point { x, y }).to_vec(), ink }
    }

    /// Whether any of its ink lies within `frame`.
    pub fn touches(&self, frame: &Rect) -> bool {
        let ends = self.outline.iter().zip(self.outline.iter().cycle().skip(1));
        ends.clone().any(|(a, b)| frame.meets(*a, *b)) || {
            let Point { x, y } = frame.center();
            let crossed = ends
                .filter(|(a, b)| (a.y > y) != (b.y > y) && x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
            crossed.count() % 2 == 1
        }
    }
}

/// A filled circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disc {
    pub center: Point,
    pub radius: f32,
    pub ink: Ink,
}

impl Disc {
    /// Whether any of its ink lies within `frame`.
    pub fn touches(&self, frame: &Rect) -> bool {
        let Point { x, y } = self.center;
        let nearest = (x.clamp(frame.left, frame.right), y.clamp(frame.top, frame.bottom));
        (nearest.0 - x).hypot(nearest.1 - y) <= self.radius
    }
}

/// A text in its box.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub text: String,
    pub frame: Rect,
    /// Pixels of an em.
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { left: 10.0, top: 10.0, right: 20.0, bottom: 20.0 };

    fn points(of: &[(f32, f32)]) -> Vec<Point> {
        of.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    #[test]
    fn a_line_meets_a_box_it_passes_through() {
        for (a, b, want) in [
            ((0.0, 15.0), (30.0, 15.0), true),
            ((0.0, 0.0), (30.0, 30.0), true),
            ((15.0, 12.0), (15.0, 13.0), true),
            ((0.0, 25.0), (30.0, 25.0), false),
            ((0.0, 12.0), (12.0, 0.0), false),
            ((0.0, 15.0), (9.0, 15.0), false),
        ] {
            let line = points(&[a, b]);
            assert_eq!(FRAME.meets(line[0], line[1]), want, "{a:?} {b:?}");
        }
    }

    #[test]
    fn an_area_touches_what_it_surrounds() {
        let around =
            Area { outline: points(&[(0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0)]), ink: Ink::Grid };
        assert!(around.touches(&FRAME));
        let beside = Area { outline: points(&[(21.0, 0.0), (40.0, 0.0), (40.0, 40.0)]), ink: Ink::Grid };
        assert!(!beside.touches(&FRAME));
    }

    #[test]
    fn a_disc_touches_what_is_within_its_radius() {
        for (center, want) in [
            (Point { x: 15.0, y: 15.0 }, true),
            (Point { x: 15.0, y: 24.0 }, true),
            (Point { x: 15.0, y: 26.0 }, false),
            // Beside a corner: within the radius on each axis, but not of the corner.
            (Point { x: 24.0, y: 24.0 }, false),
        ] {
            let disc = Disc { center, radius: 5.0, ink: Ink::Grid };
            assert_eq!(disc.touches(&FRAME), want, "{center:?}");
        }
    }
}
