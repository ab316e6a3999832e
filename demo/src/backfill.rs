//! History: what the exporter would have published, as OpenMetrics text for
//! `promtool tsdb create-blocks-from openmetrics`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::ops::Range;

use crate::chain::{Chain, Levers, Millis, Node, REFERENCES};
use crate::config::{EXPORTER_JOB, INTERVAL, NETWORK, QUORUM, THRESHOLD_BLOCKS};

const DAY: Millis = 24 * 3_600_000;
/// How much history there is.
pub const WEEK: Millis = 7 * DAY;

/// Cuts a span at midnight (UTC), where Prometheus cuts its blocks too:
/// promtool reads a file once for every block in it.
pub fn days(span: Range<Millis>) -> impl Iterator<Item = Range<Millis>> {
    (span.start.div_euclid(DAY)..=(span.end - 1).div_euclid(DAY))
        .map(move |day| span.start.max(day * DAY)..span.end.min((day + 1) * DAY))
}

/// Writes all samples of a span, with the labels that the live scrape of `exporter` will have.
pub fn write(
    out: &mut impl Write,
    chain: &Chain,
    span: Range<Millis>,
    exporter: SocketAddr,
) -> io::Result<()> {
    // A grid of its own for the whole of time, so that two spans that touch fit together.
    let first = (span.start + INTERVAL - 1).div_euclid(INTERVAL) * INTERVAL;
    let rounds: Vec<Round> = (first..span.end)
        .step_by(INTERVAL as usize)
        .filter(|&at| !chain.unscraped(at))
        .map(|at| Round::at(chain, at))
        .collect();
    let scrape = format!("instance=\"{exporter}\",job=\"{EXPORTER_JOB}\"");
    let network = format!("{scrape},network=\"{NETWORK}\"");
    family(out, "up", &rounds, [(scrape, |_: &Round| Some(1))])?;
    for (name, value) in NETWORK_GAUGES {
        family(out, name, &rounds, [(network.clone(), value)])?;
    }
    let states = [("ok", true), ("no_consensus", false)].map(|(state, known)| {
        let is = move |round: &Round| Some(i64::from(round.consensus.is_some() == known));
        (format!("{network},state=\"{state}\""), is)
    });
    family(out, "headlag_network_state", &rounds, states)?;
    for (name, value) in NODE_GAUGES {
        let nodes = Node::all().enumerate().map(|(index, node)| {
            let labels = format!("{network},node=\"{}\",role=\"{}\"", node.name(), node.role());
            (labels, move |round: &Round| value(round, index))
        });
        family(out, name, &rounds, nodes)?;
    }
    out.write_all(b"# EOF\n")
}

fn family<V: Fn(&Round) -> Option<i64>>(
    out: &mut impl Write,
    name: &str,
    rounds: &[Round],
    series: impl IntoIterator<Item = (String, V)>,
) -> io::Result<()> {
    writeln!(out, "# TYPE {name} gauge")?;
    for (labels, value) in series {
        for round in rounds {
            if let Some(value) = value(round) {
                writeln!(out, "{name}{{{labels}}} {value} {}", round.at / 1000)?;
            }
        }
    }
    Ok(())
}

/// A sample of the network from a round, or of the node at an index of it; absent where there is none.
type NetworkValue = fn(&Round) -> Option<i64>;
type NodeValue = fn(&Round, usize) -> Option<i64>;

/// Gauges of the network.
const NETWORK_GAUGES: [(&str, NetworkValue); 10] = [
    ("headlag_max_block", |round| Some(round.consensus?.max)),
    ("headlag_max_support", |round| Some(round.consensus?.max_support)),
    ("headlag_median_block", |round| Some(round.consensus?.median)),
    ("headlag_median_support", |round| Some(round.consensus?.median_support)),
    ("headlag_best_lead_blocks", |round| round.consensus.map(|consensus| consensus.max - consensus.median)),
    ("headlag_references", |_| Some(REFERENCES as i64)),
    ("headlag_references_up", |round| Some(round.references().count() as i64)),
    ("headlag_threshold_blocks", |_| Some(THRESHOLD_BLOCKS)),
    ("headlag_poll_interval_seconds", |_| Some(INTERVAL / 1000)),
    ("headlag_round_timestamp_seconds", |round| Some(round.at / 1000)),
];

/// Gauges of a node.
const NODE_GAUGES: [(&str, NodeValue); 3] = [
    ("headlag_node_up", |round, node| Some(round.blocks[node].is_some().into())),
    ("headlag_node_block", |round, node| round.blocks[node]),
    ("headlag_node_lag_blocks", |round, node| Some(round.consensus?.median - round.blocks[node]?)),
];

/// All nodes asked at one instant.
struct Round {
    at: Millis,
    /// In the order of [`Node::all`].
    blocks: Vec<Option<i64>>,
    consensus: Option<Consensus>,
}

impl Round {
    fn at(chain: &Chain, at: Millis) -> Self {
        let ask = |node| chain.answer(&Levers::new(), node, at).block().map(|block| block as i64);
        let mut round = Round { at, blocks: Node::all().map(ask).collect(), consensus: None };
        round.consensus = consensus(round.references().collect());
        round
    }

    fn references(&self) -> impl Iterator<Item = i64> {
        self.blocks.iter().take(REFERENCES).copied().flatten()
    }
}

/// What the references agree on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Consensus {
    max: i64,
    max_support: i64,
    pub(crate) median: i64,
    median_support: i64,
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
    fn a_node_that_gave_no_answer_is_absent() {
        let anchor = 1_790_000_000_000;
        let silent = anchor - 80 * 3_600_000;
        let mut text = Vec::new();
        let exporter = SocketAddr::from(([127, 0, 0, 1], 9917));
        write(&mut text, &Chain::eventful(1, anchor), silent..silent + INTERVAL, exporter).unwrap();
        let text = String::from_utf8(text).unwrap();
        let of_watched: Vec<_> = text.lines().filter(|line| line.contains("my-node")).collect();
        let at = (silent + INTERVAL - 1) / INTERVAL * INTERVAL / 1000;
        let labels = "instance=\"127.0.0.1:9917\",job=\"headlag-exporter\",network=\"polygon\",\
                      node=\"my-node\",role=\"watched\"";
        assert_eq!(of_watched, [format!("headlag_node_up{{{labels}}} 0 {at}")]);
        assert!(text.contains("node=\"reference-9\",role=\"reference\"} 1 "));
        assert!(text.ends_with("# EOF\n"));
    }
}
