//! PURE: what a picture shows, from the facts and the columns of one network.

use jiff::tz::TimeZone;

use crate::{
    samples::{
        facts::{Facts, NodeFacts},
        grid::{Envelope, Grid, History, Watched},
        state::State,
        verdict::Verdict,
    },
    words::{self, Words, moment::Times},
};

/// All that a picture shows, as plain data. Values are blocks from the median: below zero is
/// behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The state of the title, and the colour of its dot.
    pub state: State,
    /// The verdict in words: "27 blocks behind".
    pub title: String,
    /// The network's name, with its state where the title is about a node.
    pub network: String,
    /// The node that the title is about, or "all 3 nodes"; empty where it is about the network,
    /// or no node is worse than others.
    pub node: String,
    /// The rest of the second line, what is dispensable last: "since 18:57", "lag growing".
    pub since: Vec<String>,
    /// First moment of the plot, in unix seconds: where data begins.
    pub from: i64,
    /// Last moment of the plot, in unix seconds.
    pub until: i64,
    /// The columns of everything below.
    pub grid: Grid,
    /// The watched nodes, the worst first.
    pub nodes: Vec<Node>,
    /// What the strip says of the nodes that it leaves out: "and 2 more, ok".
    pub more: Option<String>,
    /// The best reference.
    pub best: Vec<Option<Envelope>>,
    /// Half the height of the corridor at that time; absent when unknown.
    pub threshold: Vec<Option<f64>>,
    /// Whether the first node is catching up so steadily that the moment it will be level is
    /// known.
    pub is_forecast: bool,
    /// The last line, left and right: the range with its date, the references.
    pub foot: [String; 2],
}

/// One node of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name, at most 63 characters.
    pub name: String,
    /// What was seen in each column; absent where there was no lag.
    pub seen: Vec<Option<Envelope>>,
    /// What it is in now.
    pub state: State,
    /// The states of each column with their shares, which add up to 1 at most.
    pub states: Vec<Vec<(State, f32)>>,
    /// Its newest sample; absent where there is no present lag.
    pub now: Option<Now>,
    /// Its worst sample, and the worst of what is over where that is another.
    pub worst: Vec<Worst>,
}

/// The newest sample of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Now {
    /// Blocks from the median.
    pub offset: f64,
    /// The time behind, as text: "−54 s". Absent where it is unknown or zero.
    pub behind: Option<String>,
}

/// One of the worst samples of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// Blocks from the median.
    pub offset: f64,
    /// When it was taken, in unix seconds.
    pub at: i64,
}

impl Card {
    /// The card of these facts and columns, with its times in `zone`.
    #[must_use]
    pub fn new(facts: &Facts, history: &History, zone: &TimeZone, words: &Words) -> Card {
        let times = Times { zone, now: facts.until, words };
        let verdict = Verdict::of(facts);
        let node = verdict.node.or(facts.nodes.first().filter(|_| facts.nodes.len() == 1));
        let network = match verdict.network.map(|state| words::state::title(state, None, None, words)) {
            Some(state) => format!("{} ({state})", facts.network),
            None => facts.network.clone(),
        };
        let is_named = verdict.node.is_some() && (facts.nodes.len() == 1 || verdict.state != State::Ok);
        let name = |node: &NodeFacts| verdict.all.map_or_else(|| node.node.clone(), words.all_nodes);
        let references = facts.references_up.zip(facts.references);
        let left_out = facts.nodes.get(history.watched.len()..).unwrap_or_default();
        let more = |left_out: &[NodeFacts]| {
            let is_ok = |node: &NodeFacts| State::of(node.state, facts.state) == State::Ok;
            if left_out.iter().all(is_ok) {
                (words.more_ok)(left_out.len())
            } else {
                (words.more)(left_out.len())
            }
        };
        Card {
            state: verdict.state,
            title: words::state::title(verdict.state, node.and_then(|node| node.lag_blocks), None, words),
            network,
            node: verdict.node.filter(|_| is_named).map(name).unwrap_or_default(),
            since: words::beside::beside(&verdict, facts, times),
            from: history.since,
            until: history.until,
            grid: history.grid,
            nodes: facts
                .nodes
                .iter()
                .zip(&history.watched)
                .map(|(it, of)| node_of(facts, it, of, history, words))
                .collect(),
            more: (!left_out.is_empty()).then(|| more(left_out)),
            best: history.best.clone(),
            threshold: history.threshold.clone(),
            is_forecast: facts.nodes.first().is_some_and(|node| node.level_at.is_some()),
            foot: [
                times.range(history.data_since.unwrap_or(history.since), history.data_since.is_some()),
                references.map(|(up, all)| (words.chart.references)(up, all)).unwrap_or_default(),
            ],
        }
    }
}

fn node_of(facts: &Facts, node: &NodeFacts, watched: &Watched, history: &History, words: &Words) -> Node {
    let now = node.lag_blocks.map(|lag| Now {
        offset: 0.0 - lag,
        behind: facts
            .seconds_behind(node)
            .filter(|seconds| lag > 0.0 && *seconds >= 0.5)
            .map(|seconds| format!("−{}", (words.age)(seconds))),
    });
    let mut seen: Vec<Option<Envelope>> = watched.columns.iter().map(|column| column.seen).collect();
    // The line ends in the newest sample: what has not yet come of the last column invents
    // neither a dip nor a rise.
    if let (Some(now), Some(Some(last))) = (&now, seen.last_mut()) {
        let (min, max) = (last.min.min(now.offset), last.max.max(now.offset));
        *last = Envelope { min, mean: now.offset, max };
    }
    let worst = node.worst.map(|worst| Worst { offset: 0.0 - worst.lag, at: worst.at as i64 });
    let over = worst.and_then(|worst| worst_of_what_is_over(&seen, worst, history));
    Node {
        name: node.node.clone(),
        seen,
        state: State::of(node.state, facts.state),
        states: watched.columns.iter().map(|column| column.shares.clone()).collect(),
        now,
        worst: worst.into_iter().chain(over).collect(),
    }
}

/// While a node is outside the corridor, the farthest sample below the corridor of what was
/// before; absent where the worst of all is already of that time.
fn worst_of_what_is_over(seen: &[Option<Envelope>], worst: Worst, history: &History) -> Option<Worst> {
    let is_outside = |i: &usize| {
        let (seen, limit) = (seen.get(*i).copied().flatten(), history.threshold.get(*i).copied().flatten());
        seen.zip(limit).is_some_and(|(seen, limit)| seen.mean.abs() > limit)
    };
    let present = (0..seen.len()).rev().take_while(is_outside).last()?;
    if worst.at < history.grid.column(present).0 {
        return None;
    }
    // What is close to the present excursion is its begin.
    let before = present.saturating_sub(seen.len() / 20 + 1);
    let lows = seen.iter().take(before).enumerate().filter_map(|(i, seen)| Some((i, (*seen)?.min)));
    let (i, offset) = lows.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (begin, end) = history.grid.column(i);
    Some(Worst { offset, at: (begin + end) / 2 })
}
