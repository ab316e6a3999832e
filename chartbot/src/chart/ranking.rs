//! Which nodes are shown when there are too many to distinguish.

use crate::samples::grid::{Cause, Column, History, Watched};

/// Colours and dashes distinguish at most so many nodes.
const NODES_AT_MOST: usize = 8;

/// Which of the watched nodes a chart shows, as their places in `history.watched`: all of
/// them, or the worst eight. The worst is the one that mostly gave no answer; then the one
/// farthest outside the corridor, and among those inside the one farthest from the median.
pub fn shown(history: &History) -> Vec<usize> {
    let mut places: Vec<usize> = (0..history.watched.len()).collect();
    if places.len() > NODES_AT_MOST {
        let badness = |place: &usize| {
            let node = history.watched.get(*place);
            node.map_or((false, 0.0, 0.0), |node| badness(node, &history.threshold))
        };
        places.sort_by(|a, b| {
            let (a, b) = (badness(a), badness(b));
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(b.2.total_cmp(&a.2))
        });
        places.truncate(NODES_AT_MOST);
        places.sort_unstable();
    }
    places
}

/// Whether it mostly gave no answer; blocks outside the corridor, and blocks from the
/// median, both at the worst moment.
fn badness(node: &Watched, threshold: &[Option<f64>]) -> (bool, f64, f64) {
    let unanswered = |it: &&Column| it.seen.is_none() && it.missing == Some(Cause::NoAnswer);
    let silent = node.columns.iter().filter(unanswered).count() * 2 > node.columns.len();
    let columns = node.columns.iter().zip(threshold);
    let seen = columns.filter_map(|(column, threshold)| Some((column.seen?, threshold)));
    let (outside, away) = seen.fold((0.0, f64::MIN), |(outside, away), (seen, threshold)| {
        let farthest = (-seen.min).max(seen.max);
        let beyond = threshold.map_or(0.0, |it| farthest - it);
        (f64::max(outside, beyond), f64::max(away, farthest))
    });
    (silent, outside, away)
}
