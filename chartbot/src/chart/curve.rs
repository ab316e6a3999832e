//! Curves, and where they leave the corridor.

/// A side of the corridor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Side {
    Below,
    Above,
}

impl Side {
    /// The sign of the values on this side.
    pub fn sign(self) -> f64 {
        match self {
            Side::Below => -1.0,
            Side::Above => 1.0,
        }
    }

    /// The side on which a value lies outside.
    pub fn of(value: f64, limit: Option<f64>) -> Option<Side> {
        let outside = |side: &Side| side.beyond(value, limit) > 0.0;
        [Side::Below, Side::Above].into_iter().find(outside)
    }

    /// How far a value lies outside on this side, in blocks; negative inside.
    pub fn beyond(self, value: f64, limit: Option<f64>) -> f64 {
        limit.map_or(f64::NEG_INFINITY, |limit| value * self.sign() - limit)
    }
}

/// A point of a curve, with the threshold that holds from there to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knot {
    pub x: f32,
    pub value: f64,
    pub limit: Option<f64>,
}

/// A stretch of a curve that lies inside the corridor, or outside on one side.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub side: Option<Side>,
    pub knots: Vec<Knot>,
}

/// A curve cut where it crosses the corridor.
pub fn pieces(knots: &[Knot]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for ends in knots.windows(2) {
        let [a, b] = ends else { continue };
        if a.x == b.x && a.value == b.value {
            continue;
        }
        let mut cuts = vec![0.0, 1.0];
        for level in a.limit.into_iter().flat_map(|limit| [-limit, limit]) {
            if (a.value - level) * (b.value - level) < 0.0 {
                cuts.push((level - a.value) / (b.value - a.value));
            }
        }
        cuts.sort_by(f64::total_cmp);
        let at = |part: f64| Knot {
            x: a.x + (b.x - a.x) * part as f32,
            value: a.value + (b.value - a.value) * part,
            limit: a.limit,
        };
        for cut in cuts.windows(2) {
            let [from, to] = cut else { continue };
            let middle = at((from + to) / 2.0).value;
            let side = Side::of(middle, a.limit);
            match pieces.last_mut() {
                Some(last) if last.side == side => {
                    // Where the threshold changes, the outline needs both of them.
                    if last.knots.last().is_some_and(|it| it.limit != a.limit) {
                        last.knots.push(at(*from));
                    }
                    last.knots.push(at(*to));
                }
                _ => pieces.push(Piece { side, knots: vec![at(*from), at(*to)] }),
            }
        }
    }
    pieces
}
