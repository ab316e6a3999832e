//! The history of the demo: the rounds that the exporter would have finished.

use std::net::SocketAddr;
use std::ops::Range;

use crate::chain::{Chain, Levers, Millis, Node, REFERENCES};
use crate::config::{EXPORTER_JOB, INTERVAL, NETWORK, QUORUM, THRESHOLD_BLOCKS};
use crate::exposition::{Consensus, Feed, NetworkState, NodeState, Round, Seen};

const DAY: Millis = 24 * 3_600_000;
/// How much history there is.
pub const WEEK: Millis = 7 * DAY;
/// No node of the demo is further behind than the median gets in this time.
const LOOK_BACK: Millis = 5 * 60_000;

/// Cuts a span at midnight (UTC), where Prometheus cuts its blocks too:
/// promtool reads a file once for every block in it.
pub fn days(span: Range<Millis>) -> impl Iterator<Item = Range<Millis>> {
    (span.start.div_euclid(DAY)..=(span.end - 1).div_euclid(DAY))
        .map(move |day| span.start.max(day * DAY)..span.end.min((day + 1) * DAY))
}

/// All rounds of a span, with the labels that the live scrape of `exporter` will have.
pub fn feed(chain: &Chain, span: Range<Millis>, exporter: SocketAddr) -> Feed {
    // A grid of its own for the whole of time, so that two spans that touch fit together.
    let on_grid = |at: Millis| (at + INTERVAL - 1).div_euclid(INTERVAL) * INTERVAL;
    let mut medians = Vec::new();
    let mut rounds = Vec::new();
    for at in (on_grid(span.start - LOOK_BACK)..span.end).step_by(INTERVAL as usize) {
        let blocks = blocks(chain, at);
        let consensus = consensus(blocks.iter().take(REFERENCES).copied().flatten().collect());
        medians.extend(consensus.map(|consensus| (at, consensus.median)));
        if at >= span.start && !chain.unscraped(at) {
            rounds.push(round(at, &blocks, consensus, &medians));
        }
    }
    Feed {
        instance: exporter.to_string(),
        job: EXPORTER_JOB.into(),
        network: NETWORK.into(),
        nodes: Node::all().map(|node| (node.name(), node.role())).collect(),
        rounds,
    }
}

/// The block of each node, in the order of [`Node::all`]; absent where it gave none.
fn blocks(chain: &Chain, at: Millis) -> Vec<Option<i64>> {
    let ask = |node| chain.answer(&Levers::new(), node, at).block().map(|block| block as i64);
    Node::all().map(ask).collect()
}

/// A round, with the medians of the rounds up to it.
fn round(
    at: Millis,
    blocks: &[Option<i64>],
    consensus: Option<Consensus>,
    medians: &[(Millis, i64)],
) -> Round {
    let see = |block: Option<i64>| {
        let lag = consensus.zip(block).map(|(consensus, block)| consensus.median - block);
        let passed = |block| medians.partition_point(|(_, median)| *median <= block);
        Seen {
            state: match (block, lag) {
                (None, _) => NodeState::Unreachable,
                (_, None) => NodeState::Unknown,
                (_, Some(lag)) => NodeState::of_lag(lag, THRESHOLD_BLOCKS),
            },
            block,
            lag,
            behind_seconds: lag.zip(block).map(|(lag, block)| match medians.get(passed(block)) {
                Some((since, _)) if lag > 0 => (at - since) / 1000,
                _ => 0,
            }),
        }
    };
    Round {
        at,
        state: if consensus.is_some() { NetworkState::Ok } else { NetworkState::NoConsensus },
        consensus,
        references: REFERENCES as i64,
        references_up: blocks.iter().take(REFERENCES).flatten().count() as i64,
        threshold: THRESHOLD_BLOCKS,
        poll_interval: INTERVAL / 1000,
        nodes: blocks.iter().map(|block| Some(see(*block))).collect(),
    }
}

/// Maximum and median of the references' blocks, the median cut to a whole block.
pub(crate) fn consensus(mut blocks: Vec<i64>) -> Option<Consensus> {
    if blocks.len() < QUORUM {
        return None;
    }
    blocks.sort_unstable();
    let middle = blocks.len() / 2;
    let median = match blocks.len() % 2 {
        0 => (blocks[middle - 1] + blocks[middle]) / 2,
        _ => blocks[middle],
    };
    let max = *blocks.last()?;
    let support = |block| blocks.iter().filter(|&&other| other == block).count() as i64;
    Some(Consensus { max, max_support: support(max), median, median_support: support(median) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{Format, write};

    #[track_caller]
    fn check(blocks: &[i64], want: Option<(i64, i64, i64, i64)>) {
        let got = consensus(blocks.to_vec());
        assert_eq!(got.map(|c| (c.max, c.max_support, c.median, c.median_support)), want);
    }

    #[test]
    fn the_consensus_is_the_exporters() {
        check(&[], None);
        check(&[100], None);
        check(&[100, 103], Some((103, 1, 101, 0)));
        check(&[103, 100, 101], Some((103, 1, 101, 1)));
        check(&[100, 101, 101, 100], Some((101, 2, 100, 2)));
    }

    #[test]
    fn a_node_that_gave_no_answer_has_its_state_alone() {
        let anchor = 1_790_000_000_000;
        let silent = anchor - 80 * 3_600_000;
        let exporter = SocketAddr::from(([127, 0, 0, 1], 9917));
        let span = silent..silent + INTERVAL;
        let feed = feed(&Chain::eventful(1, anchor), span.clone(), exporter);
        let mut text = Vec::new();
        write(&mut text, &[feed], &span, Format::OpenMetrics).unwrap();
        let text = String::from_utf8(text).unwrap();
        let at = (silent + INTERVAL - 1) / INTERVAL * INTERVAL / 1000;
        let labels = "instance=\"127.0.0.1:9917\",job=\"headlag-exporter\",network=\"polygon\",\
                      node=\"my-node\",role=\"watched\"";
        let mut want = vec![format!("headlag_node_up{{{labels}}} 0 {at}.000")];
        want.extend(NodeState::ALL.iter().map(|state| {
            let is = i64::from(*state == NodeState::Unreachable);
            format!("headlag_node_state{{{labels},state=\"{}\"}} {is} {at}.000", state.name())
        }));
        let of_watched: Vec<_> = text.lines().filter(|line| line.contains("my-node")).collect();
        assert_eq!(of_watched, want);
        assert!(text.contains("node=\"reference-9\",role=\"reference\",state=\"ok\"} 1 "), "{text}");
        assert!(text.contains("headlag_network_state{instance=\"127.0.0.1:9917\",job=\"headlag-exporter\",network=\"polygon\",state=\"ok\"} 1 "));
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_node_is_behind_for_as_long_as_the_median_is_past_its_block() {
        let anchor = 1_790_000_000_000;
        // 14 blocks of 2 s behind, at the bottom of a slow dip.
        let deep = anchor - (4 * 24 + 6) * 3_600_000 - 30 * 60_000;
        let exporter = SocketAddr::from(([127, 0, 0, 1], 9917));
        let feed = feed(&Chain::eventful(1, anchor), deep..deep + INTERVAL, exporter);
        let node = feed.rounds[0].nodes[REFERENCES].unwrap();
        assert_eq!(node.state, NodeState::Behind);
        assert!((13..=15).contains(&node.lag.unwrap()), "{node:?}");
        assert!((14..=30).contains(&node.behind_seconds.unwrap()), "{node:?}");
    }
}
