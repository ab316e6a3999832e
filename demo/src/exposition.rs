//! What an exporter publishes about its rounds, as text with times, to be imported by a server.
//!
//! Metrics and labels are those of headlag-exporter. Left out is what no chart and no alert
//! reads from the past: durations, counters of errors, timestamps of a node.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;

use crate::chain::Millis;

/// State of a network, as in the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkState {
    /// Too few references count.
    NoConsensus,
    /// The references do not agree.
    Split,
    /// The head does not move.
    Halted,
    /// None of these.
    Ok,
}

impl NetworkState {
    /// All of them, in the order of the metric.
    pub const ALL: [Self; 4] = [Self::NoConsensus, Self::Split, Self::Halted, Self::Ok];

    /// The value of the `state` label.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoConsensus => "no_consensus",
            Self::Split => "split",
            Self::Halted => "halted",
            Self::Ok => "ok",
        }
    }
}

/// State of a node, as in the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// No usable answer.
    Unreachable,
    /// It follows another chain.
    WrongChain,
    /// There is no consensus to compare it with.
    Unknown,
    /// Its block does not move while the median does.
    Stalled,
    /// Below the corridor.
    Behind,
    /// Above the corridor.
    Ahead,
    /// Inside the corridor.
    Ok,
}

impl NodeState {
    /// All of them, in the order of the metric.
    pub const ALL: [Self; 7] = [
        Self::Unreachable,
        Self::WrongChain,
        Self::Unknown,
        Self::Stalled,
        Self::Behind,
        Self::Ahead,
        Self::Ok,
    ];

    /// The value of the `state` label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::WrongChain => "wrong_chain",
            Self::Unknown => "unknown",
            Self::Stalled => "stalled",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::Ok => "ok",
        }
    }

    /// The state of a node that is so many blocks behind the median.
    pub fn of_lag(lag: i64, threshold: i64) -> Self {
        match lag {
            lag if lag > threshold => Self::Behind,
            lag if lag < -threshold => Self::Ahead,
            _ => Self::Ok,
        }
    }
}

/// What the references agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consensus {
    /// Their highest block.
    pub max: i64,
    /// How many are at exactly that block.
    pub max_support: i64,
    /// The median of their blocks, cut to a whole block.
    pub median: i64,
    /// How many are at exactly that block.
    pub median_support: i64,
}

/// All nodes of a network, asked at one instant.
#[derive(Clone, Debug)]
pub struct Round {
    /// When it was scraped.
    pub at: Millis,
    /// The state of the network.
    pub state: NetworkState,
    /// Absent without a quorum.
    pub consensus: Option<Consensus>,
    /// References configured.
    pub references: i64,
    /// References counted.
    pub references_up: i64,
    /// The corridor in blocks.
    pub threshold: i64,
    /// The poll interval in seconds.
    pub poll_interval: i64,
    /// In the order of [`Feed::nodes`]; absent while a node is not configured.
    pub nodes: Vec<Option<Seen>>,
}

/// What was seen of a node in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its state.
    pub state: NodeState,
    /// Its block; absent without a usable answer.
    pub block: Option<i64>,
    /// Median minus block; absent where one of the two is.
    pub lag: Option<i64>,
    /// At least how long ago the median passed its block, in seconds; absent without a lag.
    pub behind_seconds: Option<i64>,
}

/// The rounds of one network at one exporter, as one Prometheus scraped them.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The `instance` label.
    pub instance: String,
    /// The `job` label.
    pub job: String,
    /// The `network` label.
    pub network: String,
    /// Name and role of each node.
    pub nodes: Vec<(String, &'static str)>,
    /// Ordered by time.
    pub rounds: Vec<Round>,
}

impl Feed {
    /// The rounds scraped within `span`.
    pub fn within(&self, span: &Range<Millis>) -> &[Round] {
        let index = |at| self.rounds.partition_point(|round| round.at < at);
        &self.rounds[index(span.start)..index(span.end)]
    }
}

/// How a text writes the time of a sample, and whether it has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Seconds; ends with `# EOF`.
    OpenMetrics,
    /// Milliseconds; the older text format.
    Prometheus,
}

/// Writes all samples of `feeds` within `span`.
pub fn write(out: &mut impl Write, feeds: &[Feed], span: &Range<Millis>, format: Format) -> io::Result<()> {
    let parts: Vec<_> = feeds.iter().map(|feed| Part::of(feed, span, format)).collect();
    up(out, &parts)?;
    for (name, kind, value) in OF_NETWORK {
        family(out, name, kind, &parts, |part, series| {
            series(&format!("{{{}}}", part.network), &|round| value(round))
        })?;
    }
    family(out, "headlag_network_state", "gauge", &parts, |part, series| {
        NetworkState::ALL.iter().try_for_each(|&state| {
            let labels = format!("{{{},state=\"{}\"}}", part.network, state.name());
            series(&labels, &|round| Some((round.state == state).into()))
        })
    })?;
    for (name, value) in OF_NODE {
        family(out, name, "gauge", &parts, |part, series| {
            part.nodes.iter().enumerate().try_for_each(|(index, labels)| {
                series(&format!("{{{labels}}}"), &|round| value(&round.nodes[index]?))
            })
        })?;
    }
    family(out, "headlag_node_state", "gauge", &parts, |part, series| {
        part.nodes.iter().enumerate().try_for_each(|(index, labels)| {
            NodeState::ALL.iter().try_for_each(|&state| {
                let labels = format!("{{{labels},state=\"{}\"}}", state.name());
                series(&labels, &|round| Some((round.nodes[index]?.state == state).into()))
            })
        })
    })?;
    if format == Format::OpenMetrics {
        out.write_all(b"# EOF\n")?;
    }
    Ok(())
}

/// The rounds of a feed within a span, with the labels of its series.
struct Part<'a> {
    rounds: Vec<(String, &'a Round)>,
    scrape: String,
    network: String,
    nodes: Vec<String>,
}

impl<'a> Part<'a> {
    fn of(feed: &'a Feed, span: &Range<Millis>, format: Format) -> Self {
        let stamp = |at: Millis| match format {
            Format::OpenMetrics => format!("{}.{:03}", at.div_euclid(1000), at.rem_euclid(1000)),
            Format::Prometheus => at.to_string(),
        };
        let scrape = format!("instance=\"{}\",job=\"{}\"", feed.instance, feed.job);
        let network = format!("{scrape},network=\"{}\"", feed.network);
        Part {
            rounds: feed.within(span).iter().map(|round| (stamp(round.at), round)).collect(),
            nodes: feed
                .nodes
                .iter()
                .map(|(name, role)| format!("{network},node=\"{name}\",role=\"{role}\""))
                .collect(),
            scrape,
            network,
        }
    }
}

/// Writes that each target was scraped, once for all networks that it reports.
fn up(out: &mut impl Write, parts: &[Part]) -> io::Result<()> {
    let mut scrapes = BTreeMap::<&str, BTreeMap<Millis, &str>>::new();
    for part in parts {
        let stamps = part.rounds.iter().map(|(stamp, round)| (round.at, stamp.as_str()));
        scrapes.entry(&part.scrape).or_default().extend(stamps);
    }
    writeln!(out, "# TYPE up gauge")?;
    for (labels, stamps) in scrapes {
        for stamp in stamps.values() {
            writeln!(out, "up{{{labels}}} 1 {stamp}")?;
        }
    }
    Ok(())
}

/// The sample of a series from a round; absent where there is none.
type Value<'a> = &'a dyn Fn(&Round) -> Option<i64>;

/// Writes one family: `each` names the series of a feed, one after the other.
fn family(
    out: &mut impl Write,
    name: &str,
    kind: &str,
    parts: &[Part],
    each: impl Fn(&Part, &mut dyn FnMut(&str, Value) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    // OpenMetrics names the family of a counter without the suffix of its sample.
    writeln!(out, "# TYPE {} {kind}", name.trim_end_matches("_total"))?;
    let mut line = String::new();
    for part in parts {
        each(part, &mut |labels, value| {
            for (stamp, round) in &part.rounds {
                if let Some(value) = value(round) {
                    line.clear();
                    // Writing to a String cannot fail.
                    let _ = writeln!(line, "{name}{labels} {value} {stamp}");
                    out.write_all(line.as_bytes())?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

type NetworkValue = fn(&Round) -> Option<i64>;
type NodeValue = fn(&Seen) -> Option<i64>;

/// Metrics of a network, but for its states.
const OF_NETWORK: [(&str, &str, NetworkValue); 11] = [
    ("headlag_max_block", "gauge", |round| Some(round.consensus?.max)),
    ("headlag_max_support", "gauge", |round| Some(round.consensus?.max_support)),
    ("headlag_median_block", "gauge", |round| Some(round.consensus?.median)),
    ("headlag_median_support", "gauge", |round| Some(round.consensus?.median_support)),
    ("headlag_best_lead_blocks", "gauge", |round| {
        round.consensus.map(|consensus| consensus.max - consensus.median)
    }),
    ("headlag_references", "gauge", |round| Some(round.references)),
    ("headlag_references_up", "gauge", |round| Some(round.references_up)),
    ("headlag_threshold_blocks", "gauge", |round| Some(round.threshold)),
    ("headlag_poll_interval_seconds", "gauge", |round| Some(round.poll_interval)),
    ("headlag_round_timestamp_seconds", "gauge", |round| Some(round.at / 1000)),
    ("headlag_rounds_total", "counter", |round| Some(round.at / 1000 / round.poll_interval)),
];

/// Gauges of a node, but for its states.
const OF_NODE: [(&str, NodeValue); 4] = [
    ("headlag_node_up", |seen| Some(seen.block.is_some().into())),
    ("headlag_node_block", |seen| seen.block),
    ("headlag_node_lag_blocks", |seen| seen.lag),
    ("headlag_node_behind_seconds", |seen| seen.behind_seconds),
];
