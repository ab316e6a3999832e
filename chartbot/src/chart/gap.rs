//! Where data is missing, and the hatching of what is missing entirely.

use std::ops::Range;

use super::{
    plot::Plot,
    shape::{Dash, Hatch, Ink, Line, Point, Rect},
    trace::LEAST_RUN,
};
use crate::samples::grid::{Cause, Column};

/// A gap is hatched at least this wide, to be visible on a phone. Data beside it are drawn over
/// it, and the lane shows its true length.
const LEAST_GAP: f32 = 8.0;

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

/// Between strokes, along the foot of the box.
const PITCH: f32 = 36.0;
/// In a narrower box slanted strokes would be crumbs: it has a single upright one.
const NARROW: f32 = 24.0;
const UPRIGHT: f32 = 5.0;

/// The hatching of what is missing entirely. What is missing in part right beside a gap belongs
/// to it, as in the lane. Data between two gaps that are too short for a line are dots on
/// one hatching: a comb of gaps would be unreadable.
pub fn hatching(plot: &Plot, nodes: &[&[Column]]) -> Vec<Hatch> {
    let torn = |i: usize, cause| {
        nodes.iter().all(|it| it.get(i).is_some_and(|column| column.missing == Some(cause)))
    };
    let mut gaps: Vec<Gap> = Vec::new();
    for Gap { columns: Range { start, end }, cause } in whole(nodes, plot.grid.len) {
        let start = if start > 0 && torn(start - 1, cause) { start - 1 } else { start };
        let end = if torn(end, cause) { end + 1 } else { end };
        match gaps.last_mut() {
            Some(last) if last.cause == cause && plot.width(&(last.columns.end..start)) < LEAST_RUN => {
                last.columns.end = end;
            }
            _ => gaps.push(Gap { columns: start..end, cause }),
        }
    }
    let hatch = |gap: &Gap| {
        let (left, right) = plot.spread(&gap.columns, LEAST_GAP);
        Hatch { frame: Rect { left, right, ..plot.frame }, cause: gap.cause }
    };
    gaps.iter().map(hatch).collect()
}

impl Hatch {
    /// The strokes of the hatching. The loudest cause is the darkest and unbroken, and each
    /// has its own rhythm, so that none depends on colour alone.
    pub fn strokes(&self) -> Vec<Line> {
        let (width, rising, dash) = match self.cause {
            Cause::NoAnswer => (3.0, true, None),
            Cause::WrongChain => (3.0, true, Some(Dash { on: 14.0, off: 10.0 })),
            Cause::NoConsensus => (2.5, false, Some(Dash { on: 26.0, off: 12.0 })),
            Cause::NotScraped => (4.0, true, Some(Dash { on: 4.0, off: 12.0 })),
        };
        let stroke = |points, width| Line { points, ink: Ink::Missing(self.cause), width, dash };
        let Rect { left, top, right, bottom } = self.frame;
        let height = bottom - top;
        if right - left < NARROW {
            let x = self.frame.center().x;
            return vec![stroke([top, bottom].map(|y| Point { x, y }).to_vec(), UPRIGHT)];
        }
        // The key of a legend needs more than one of them.
        let pitch = PITCH.min(height / 2.0);
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
                (from < to).then(|| stroke(vec![at(from), at(to)], width))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::grid::Envelope;

    const SEEN: Option<Envelope> = Some(Envelope { min: 0.0, mean: 0.0, max: 0.0 });

    /// One letter a column: "." seen, "a" no answer, "c" no consensus, "s" not scraped;
    /// in capitals something was seen as well.
    fn columns(letters: &str) -> Vec<Column> {
        let cause = |letter: char| match letter.to_ascii_lowercase() {
            'a' => Some(Cause::NoAnswer),
            'w' => Some(Cause::WrongChain),
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

    fn listed(gaps: &[Gap]) -> String {
        let one = |gap: &Gap| format!("{:?} {:?}", gap.columns, gap.cause);
        gaps.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[track_caller]
    fn check(nodes: &[&str], want_whole: &str, want_missing: &str) {
        let nodes: Vec<_> = nodes.iter().map(|letters| columns(letters)).collect();
        let nodes: Vec<&[Column]> = nodes.iter().map(Vec::as_slice).collect();
        assert_eq!(listed(&whole(&nodes, nodes[0].len())), want_whole);
        assert_eq!(listed(&missing(&nodes, nodes[0].len(), |_| true)), want_missing);
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
        let key = Rect { right: 131.0, bottom: 72.0, ..frame };
        let narrow = Rect { right: 111.0, ..frame };
        for cause in [Cause::NoAnswer, Cause::WrongChain, Cause::NoConsensus, Cause::NotScraped] {
            for (frame, least, most) in [(frame, 5, 12), (key, 2, 6), (narrow, 1, 1)] {
                let strokes = Hatch { frame, cause }.strokes();
                assert!((least..=most).contains(&strokes.len()), "{cause:?} {frame:?} {}", strokes.len());
                for point in strokes.iter().flat_map(|it| &it.points) {
                    assert!(frame.grown(0.01).left <= point.x && point.x <= frame.right + 0.01);
                    assert!(frame.grown(0.01).top <= point.y && point.y <= frame.bottom + 0.01);
                }
            }
        }
    }
}
