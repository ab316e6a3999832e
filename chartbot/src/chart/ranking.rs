//! Which nodes are shown when there are too many to tell apart.

use crate::series::{History, Watched};

/// At most so many nodes are told apart by colour and dash.
pub const NODES_AT_MOST: usize = 8;

/// Which of the watched nodes a chart shows, as their places in `history.watched`: all of
/// them, or the worst eight. The worst is the one farthest outside the corridor, and among
/// those inside the one farthest from the median.
pub fn shown(history: &History) -> Vec<usize> {
    let mut places: Vec<usize> = (0..history.watched.len()).collect();
    if places.len() > NODES_AT_MOST {
        let badness = |place: &usize| {
            let node = history.watched.get(*place);
            node.map_or((0.0, 0.0), |node| badness(node, &history.threshold))
        };
        places.sort_by(|a, b| {
            let (a, b) = (badness(a), badness(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        places.truncate(NODES_AT_MOST);
        places.sort_unstable();
    }
    places
}

/// Blocks outside the corridor, and blocks behind the median, both at the worst moment.
fn badness(node: &Watched, threshold: &[Option<f64>]) -> (f64, f64) {
    let columns = node.columns.iter().zip(threshold);
    columns.filter_map(|(column, threshold)| Some((column.seen?, threshold))).fold(
        (0.0, f64::MIN),
        |(outside, behind), (seen, threshold)| {
            let beyond = threshold.map_or(0.0, |it| (-seen.min).max(seen.max) - it);
            (f64::max(outside, beyond), f64::max(behind, -seen.min))
        },
    )
}
