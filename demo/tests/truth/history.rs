//! Histories: what happened to the nodes of a network and when, from which the samples are made.
//!
//! Times are seconds before the moment at which the histories were written; a negative one is
//! after it. They go on for a while after that moment, so that a question put meanwhile still
//! finds the present.

use headlag_demo::{
    chain::Millis,
    exposition::{Consensus, Feed, NetworkState, NodeState, Round, Seen},
};

/// Seconds before the histories were written.
pub type Ago = i64;

pub const MINUTE: Ago = 60;
pub const HOUR: Ago = 60 * MINUTE;
pub const DAY: Ago = 24 * HOUR;
/// How long the histories go on after the moment at which they were written.
pub const AHEAD: Ago = 30 * MINUTE;

/// What a round finds of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// So many blocks behind the median; negative is ahead.
    Lag(i64),
    /// The same, and its block does not move.
    Stalled(i64),
    /// No answer.
    Silent,
    /// It follows another chain.
    WrongChain,
    /// It reports a block too far ahead to be believed.
    Implausible,
    /// It is not configured.
    Absent,
}

/// A function of time.
pub type Over<T> = Box<dyn Fn(Ago) -> T + Send + Sync>;

/// Always the same.
pub fn always<T: Copy + Send + Sync + 'static>(value: T) -> Over<T> {
    Box::new(move |_| value)
}

/// A node and what is found of it.
pub struct Node {
    pub name: &'static str,
    pub role: &'static str,
    pub is: Over<Is>,
}

/// A watched node.
pub fn node(name: &'static str, is: impl Fn(Ago) -> Is + Send + Sync + 'static) -> Node {
    Node { name, role: "watched", is: Box::new(is) }
}

/// One exporter that watches a network, and how it is scraped.
pub struct Exporter {
    pub job: &'static str,
    pub instance: &'static str,
    /// Whether it watches other networks too. Else it is one of its own for each network, which
    /// has its own times of scraping.
    pub shared: bool,
    /// From its first round to its last.
    pub lives: std::ops::Range<Ago>,
    /// Seconds between two rounds.
    pub poll: Over<i64>,
    /// Milliseconds by which a scrape is late.
    pub late: Over<Millis>,
    /// Seconds between two scrapes, where those are further apart.
    pub scrape: i64,
    /// Whether it is scraped.
    pub scraped: Over<bool>,
    pub threshold: Over<i64>,
    pub state: Over<NetworkState>,
    /// References counted, and configured.
    pub references: (i64, i64),
    pub nodes: Vec<Node>,
}

impl Exporter {
    /// One that polls every `poll` seconds and is scraped as often, from `since` on.
    pub fn new(poll: i64, since: Ago, nodes: Vec<Node>) -> Self {
        Exporter {
            job: "headlag-exporter",
            instance: "exporter:9917",
            lives: -AHEAD..since,
            poll: always(poll),
            shared: false,
            late: always(0),
            scrape: 0,
            scraped: always(true),
            threshold: always(5),
            state: always(NetworkState::Ok),
            references: (9, 9),
            nodes,
        }
    }

    /// Its rounds, as they were scraped, `phase` milliseconds past the second.
    pub fn feed(&self, network: &str, written: Millis, phase: Millis) -> Feed {
        let mut rounds = Vec::new();
        let mut ago = self.lives.end;
        while ago > self.lives.start {
            if (self.scraped)(ago) {
                rounds.push(self.round(ago, written - ago * 1000 + phase + (self.late)(ago)));
            }
            ago -= self.beat(ago);
        }
        Feed {
            instance: if self.shared { self.instance.into() } else { format!("{network}.{}", self.instance) },
            job: self.job.into(),
            network: network.into(),
            nodes: self.nodes.iter().map(|node| (node.name.to_owned(), node.role)).collect(),
            rounds,
        }
    }

    fn beat(&self, ago: Ago) -> i64 {
        (self.poll)(ago).max(self.scrape)
    }

    fn round(&self, ago: Ago, at: Millis) -> Round {
        let state = (self.state)(ago);
        let known = matches!(state, NetworkState::Ok | NetworkState::Halted);
        let threshold = (self.threshold)(ago);
        let median = at / 2000;
        let consensus = Consensus { max: median + 1, max_support: 2, median, median_support: 5 };
        Round {
            at,
            state,
            consensus: known.then_some(consensus),
            references: self.references.1,
            references_up: if state == NetworkState::NoConsensus { 1 } else { self.references.0 },
            threshold,
            poll_interval: (self.poll)(ago),
            nodes: self.nodes.iter().map(|node| see((node.is)(ago), median, known, threshold)).collect(),
        }
    }
}

/// What the metrics show of a node, where the consensus is `known` or not.
fn see(is: Is, median: i64, known: bool, threshold: i64) -> Option<Seen> {
    let without = |state| Seen { state, block: None, lag: None, behind_seconds: None };
    let at = |lag: i64, state| Seen {
        state: if known { state } else { NodeState::Unknown },
        block: Some(median - lag),
        lag: known.then_some(lag),
        behind_seconds: known.then_some(2 * lag.max(0)),
    };
    Some(match is {
        Is::Absent => return None,
        Is::Lag(lag) => at(lag, NodeState::of_lag(lag, threshold)),
        Is::Stalled(lag) => at(lag, NodeState::Stalled),
        Is::Silent => without(NodeState::Unreachable),
        Is::WrongChain => without(NodeState::WrongChain),
        Is::Implausible => without(NodeState::Ahead),
    })
}
