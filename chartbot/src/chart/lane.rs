//! The lane: a strip at the foot of the plot that shows, to the column, when data was missing.
//! The hatching above it is made to be noticed: it joins gaps that are close together, widens
//! narrow ones, and leaves out columns where only part of the data is missing.

use super::{
    gap::{self, Gap},
    layout::{PLOT_BOTTOM, dash},
    plot::Plot,
    shape::{Ink, Line, Point},
};
use crate::samples::grid::{Cause, Column};

/// From one row to the next.
const ROW: f32 = 11.0;
/// Height of a mark.
const MARK: f32 = 8.0;
/// A mark is at least this wide.
const LEAST_MARK: f32 = 8.0;

/// The marks on one level.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Of several nodes, the place of the one that gave no answer; absent where a row is for
    /// all of them.
    pub node: Option<usize>,
    pub gaps: Vec<Gap>,
}

/// What was missing. Of several nodes each that gave no answer has a row of its own; the
/// other causes are the same for all of them.
pub fn rows(nodes: &[&[Column]], len: usize) -> Vec<Row> {
    if let [node] = nodes {
        return vec![Row { node: None, gaps: gap::missing(&[node], len, |_| true) }];
    }
    let unanswered = |cause| matches!(cause, Cause::NoAnswer | Cause::WrongChain);
    let own = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| Row { node: Some(place), gaps: gap::missing(&[node], len, unanswered) });
    let shared = Row { node: None, gaps: gap::missing(nodes, len, |cause| !unanswered(cause)) };
    own.chain([shared]).filter(|row| !row.gaps.is_empty()).collect()
}

/// Pixels of the lane; room for one row is always kept.
pub fn height(rows: &[Row]) -> f32 {
    rows.len().max(1) as f32 * ROW
}

/// The marks of all rows, from the top of the lane down.
pub fn marks(plot: &Plot, rows: &[Row]) -> Vec<Line> {
    let top = PLOT_BOTTOM - height(rows);
    let rows = rows.iter().enumerate();
    rows.flat_map(|(i, row)| row.gaps.iter().map(move |gap| (i, row.node, gap)))
        .map(|(i, node, gap)| {
            let y = top + i as f32 * ROW + MARK / 2.0;
            let (left, right) = plot.spread(&gap.columns, LEAST_MARK);
            Line {
                points: [left, right].map(|x| Point { x, y }).to_vec(),
                ink: node.map_or(Ink::Missing(gap.cause), Ink::Node),
                width: MARK,
                dash: node.and_then(dash),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(missing: &[Option<Cause>]) -> Vec<Column> {
        missing.iter().map(|cause| Column { seen: None, missing: *cause, known: 0.0 }).collect()
    }

    #[test]
    fn each_node_without_answers_has_a_row() {
        let (away, lost) = (Some(Cause::NoAnswer), Some(Cause::NotScraped));
        let nodes = [
            columns(&[None, away, away, lost]),
            columns(&[None, None, None, lost]),
            columns(&[away, None, None, lost]),
        ];
        let nodes: Vec<&[Column]> = nodes.iter().map(Vec::as_slice).collect();
        let listed: Vec<_> = rows(&nodes, 4)
            .iter()
            .map(|row| (row.node, row.gaps.iter().map(|gap| format!("{:?}", gap.columns)).collect()))
            .collect();
        let want = |columns: &str| vec![columns.to_owned()];
        assert_eq!(listed, [(Some(0), want("1..3")), (Some(2), want("0..1")), (None, want("3..4"))]);
        let alone = rows(&nodes[..1], 4);
        assert_eq!((alone.len(), alone[0].node, alone[0].gaps.len()), (1, None, 2));
    }

    #[test]
    fn a_lane_without_marks_keeps_its_room() {
        assert_eq!(height(&rows(&[], 4)), ROW);
    }
}
