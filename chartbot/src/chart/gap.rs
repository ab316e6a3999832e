//! Where data is missing, and the hatching of what is missing entirely.

use std::ops::Range;

use super::shape::{Dash, Hatch, Ink, Line, Point, Rect};
use crate::series::{Cause, Column};

/// Columns without data, for one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    pub columns: Range<usize>,
    pub cause: Cause,
}

/// The columns in which none of the nodes was seen, joined where neighbours share their
/// cause. Of several causes in one column the loudest counts.
pub fn whole(nodes: &[&[Column]], len: usize) -> Vec<Gap> {
    joined(len, |i| {
        let unseen = |column: &&[Column]| column.get(i).is_none_or(|it| it.seen.is_none());
        nodes.iter().all(unseen).then(|| loudest(nodes, i))
    })
}

/// The columns in which one of the nodes misses something that `counts`, in part or entirely.
/// Of several causes in one column the loudest counts.
pub fn missing(nodes: &[&[Column]], len: usize, counts: impl Fn(Cause) -> bool) -> Vec<Gap> {
    let missing = |column: &&[Column], i: usize| column.get(i)?.missing.filter(|cause| counts(*cause));
    joined(len, |i| nodes.iter().filter_map(|it| missing(it, i)).min())
}

fn loudest(nodes: &[&[Column]], i: usize) -> Cause {
    let missing = |column: &&[Column]| column.get(i)?.missing;
    let loudest = nodes.iter().filter_map(missing).min();
    loudest.unwrap_or(Cause::NotScraped)
}

fn joined(len: usize, cause: impl Fn(usize) -> Option<Cause>) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (i, cause) in (0..len).filter_map(|i| Some((i, cause(i)?))) {
        match gaps.last_mut() {
            Some(last) if last.columns.end == i && last.cause == cause => last.columns.end = i + 1,
            _ => gaps.push(Gap { columns: i..i + 1, cause }),
        }
    }
    gaps
}

impl Hatch {
    /// The strokes of the hatching. The loudest cause is the densest, and each has a slope
    /// or a beat of its own, for those who see no colours.
    pub fn strokes(&self) -> Vec<Line> {
        let (pitch, width, rising, dash) = match self.cause {
            Cause::NoAnswer => (16.0, 3.5, true, None),
            Cause::NoConsensus => (20.0, 2.5, false, None),
            Cause::NotScraped => (18.0, 3.0, true, Some(Dash { on: 3.0, off: 7.0 })),
        };
        let Rect { left, top, right, bottom } = self.frame;
        let height = bottom - top;
        // Strokes are tied to the picture, not to the gap: neighbours go on in one pattern.
        let first = ((left - height) / pitch).floor() as i32;
        let last = ((right + height) / pitch).ceil() as i32;
        (first..=last)
            .filter_map(|i| {
                // The stroke that has this x at the lower edge of the box, cut at its sides.
                let foot = i as f32 * pitch;
                let way = if rising { 1.0 } else { -1.0 };
                let along = |x: f32| (x - foot) * way;
                let (from, to) = if rising { (left, right) } else { (right, left) };
                let (from, to) = (along(from).max(0.0), along(to).min(height));
                let at = |along: f32| Point { x: foot + along * way, y: bottom - along };
                (from < to).then(|| Line {
                    points: vec![at(from), at(to)],
                    ink: Ink::Missing(self.cause),
                    width,
                    dash,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Envelope;

    const SEEN: Option<Envelope> = Some(Envelope { min: 0.0, mean: 0.0, max: 0.0 });

    /// One letter a column: "." seen, "a" no answer, "c" no consensus, "s" not scraped;
    /// in capitals something was seen as well.
    fn columns(letters: &str) -> Vec<Column> {
        let cause = |letter: char| match letter.to_ascii_lowercase() {
            'a' => Some(Cause::NoAnswer),
            'c' => Some(Cause::NoConsensus),
            's' => Some(Cause::NotScraped),
            _ => None,
        };
        let column = |letter: char| Column {
            seen: SEEN.filter(|_| !letter.is_ascii_lowercase()),
            missing: cause(letter),
            known: 0.5,
        };
        letters.chars().map(column).collect()
    }

    fn told(gaps: &[Gap]) -> String {
        let one = |gap: &Gap| format!("{:?} {:?}", gap.columns, gap.cause);
        gaps.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[track_caller]
    fn check(nodes: &[&str], want_whole: &str, want_missing: &str) {
        let nodes: Vec<_> = nodes.iter().map(|letters| columns(letters)).collect();
        let nodes: Vec<&[Column]> = nodes.iter().map(Vec::as_slice).collect();
        assert_eq!(told(&whole(&nodes, nodes[0].len())), want_whole);
        assert_eq!(told(&missing(&nodes, nodes[0].len(), |_| true)), want_missing);
    }

    #[test]
    fn neighbours_of_one_cause_are_one_gap() {
        check(&["...."], "", "");
        check(&[".aa.s"], "1..3 NoAnswer, 4..5 NotScraped", "1..3 NoAnswer, 4..5 NotScraped");
        check(&["aacc"], "0..2 NoAnswer, 2..4 NoConsensus", "0..2 NoAnswer, 2..4 NoConsensus");
        check(&[".AAa."], "3..4 NoAnswer", "1..4 NoAnswer");
    }

    #[test]
    fn a_gap_of_one_node_among_others_is_missing_but_not_whole() {
        check(&["..a", "..."], "", "2..3 NoAnswer");
        check(&[".ac", ".aa"], "1..3 NoAnswer", "1..3 NoAnswer");
    }

    #[test]
    fn strokes_stay_in_their_box() {
        let frame = Rect { left: 103.0, top: 50.0, right: 161.0, bottom: 300.0 };
        for cause in [Cause::NoAnswer, Cause::NoConsensus, Cause::NotScraped] {
            let strokes = Hatch { frame, cause }.strokes();
            assert!(strokes.len() > 10, "{cause:?}");
            for point in strokes.iter().flat_map(|it| &it.points) {
                assert!(frame.grown(0.01).left <= point.x && point.x <= frame.right + 0.01);
                assert!(frame.grown(0.01).top <= point.y && point.y <= frame.bottom + 0.01);
            }
        }
    }
}
