//! The truth about a history, from its samples one by one: slow, and plain enough to be checked
//! by eye.
//!
//! A sample stands for the time up to the next one, at most for its own beat: the poll interval
//! at that time, or the time between two scrapes where that is longer. A next one up to one and
//! a half beats away is late, and nothing is missing.

use std::ops::Range;

use headlag_demo::{
    chain::Millis,
    exposition::{Feed, NetworkState, NodeState, Round, Seen},
};

/// The seconds of a node without a lag, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Missing {
    pub no_answer: f64,
    pub wrong_chain: f64,
    pub no_consensus: f64,
    pub not_scraped: f64,
}

/// The sample that is the furthest from the median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worst {
    pub lag: i64,
    /// Unix seconds.
    pub at: f64,
}

/// The truth about a node within a range.
#[derive(Clone, Debug)]
pub struct NodeTruth {
    pub state: &'static str,
    /// Unix seconds; the first sample where it is as old as the history.
    pub since: f64,
    pub lag: Option<i64>,
    pub behind_seconds: Option<i64>,
    pub worst: Option<Worst>,
    pub outside: f64,
    pub missing: Missing,
    /// Whether it was reported at all within the range.
    pub seen: bool,
}

/// The truth about a network within a range.
#[derive(Clone, Debug)]
pub struct NetworkTruth {
    pub state: &'static str,
    pub since: f64,
    /// Of the newest round in force; absent while not scraped.
    pub now: Option<Round>,
}

/// A piece of time and the round that stands for it; absent while not scraped.
#[derive(Clone, Copy, Debug)]
struct Span<'a> {
    start: Millis,
    end: Millis,
    of: Option<(usize, &'a Round)>,
}

/// What an operator would know who looked at every sample of a network.
pub struct Oracle<'a> {
    feeds: &'a [Feed],
    spans: Vec<Span<'a>>,
    /// Seconds between two scrapes, where those are slower than the polls.
    scrape: i64,
    /// Whether an exporter is scraped to the end, with or without the network.
    alive: bool,
}

impl<'a> Oracle<'a> {
    /// Of these exporters of one network, scraped `scrape` seconds apart where that is more
    /// than the poll interval, as seen at `until`; `alive` where one of them is scraped to the
    /// end.
    pub fn new(feeds: &'a [Feed], scrape: i64, alive: bool, until: Millis) -> Self {
        let beat = |round: &Round| round.poll_interval.max(scrape) * 1000;
        let pieces: Vec<Vec<Span>> = feeds
            .iter()
            .enumerate()
            .map(|(index, feed)| {
                let rounds = feed.within(&(Millis::MIN..until + 1));
                let goes_on = !feed.within(&(until + 1..Millis::MAX)).is_empty();
                let pieces = rounds.iter().enumerate().map(|(number, round)| {
                    // After its last sample an exporter may be followed by another one; not so
                    // while its next is only yet to come.
                    let next = rounds.get(number + 1).map(|round| round.at);
                    let next = next.or(goes_on.then_some(until)).or_else(|| {
                        let later =
                            |feed: &Feed| feed.within(&(round.at + 1..until + 1)).first().map(|next| next.at);
                        feeds.iter().filter_map(later).min()
                    });
                    let next = next.unwrap_or(until);
                    let (apart, beat) = (next - round.at, beat(round));
                    let stands = if 2 * apart <= 3 * beat { apart } else { beat };
                    Span { start: round.at, end: round.at + stands, of: Some((index, round)) }
                });
                pieces.collect()
            })
            .collect();
        Oracle { feeds, spans: merged(&pieces, until), scrape, alive }
    }

    /// The longest time that one sample stands for, in seconds.
    pub fn slowest(&self) -> f64 {
        let beats = self.spans.iter().filter_map(|span| Some(self.beat(span.of?.1)));
        beats.max().unwrap_or(0) as f64 / 1000.0
    }

    /// The network's state now.
    pub fn network(&self) -> NetworkTruth {
        let unseen = if self.alive { "gone" } else { "not_scraped" };
        let state = |span: &Span| span.of.map_or(unseen, |(_, round)| round.state.name());
        let (state, since) = self.present(state);
        let now = self.spans.last().and_then(|span| span.of).map(|(_, round)| round.clone());
        NetworkTruth { state, since, now }
    }

    /// The names of the watched nodes that were ever reported.
    pub fn nodes(&self) -> Vec<&'a str> {
        let mut names: Vec<_> = self
            .feeds
            .iter()
            .flat_map(|feed| feed.nodes.iter().enumerate().map(move |(index, node)| (feed, index, node)))
            .filter(|(feed, index, (_, role))| {
                *role == "watched" && feed.rounds.iter().any(|round| round.nodes[*index].is_some())
            })
            .map(|(.., (name, _))| name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is true of a node within `range`.
    pub fn node(&self, name: &str, range: &Range<Millis>) -> NodeTruth {
        let seen = |span: &Span<'a>| span.of.map(|(feed, round)| self.seen(feed, round, name));
        let first = self.spans.iter().position(|span| matches!(seen(span), Some(Some(_))));
        let known = &self.spans[first.unwrap_or(self.spans.len())..];
        let last = known.iter().rposition(|span| matches!(seen(span), Some(Some(_))));
        // The node is gone where its exporter is scraped again without it.
        let gone = last
            .filter(|&last| self.alive || known[last..].iter().any(|span| matches!(seen(span), Some(None))));
        let gone = gone.filter(|&last| last + 1 < known.len());
        let mut truth = NodeTruth {
            state: "",
            since: 0.0,
            lag: None,
            behind_seconds: None,
            worst: None,
            outside: 0.0,
            missing: Missing::default(),
            seen: false,
        };
        for (index, span) in known.iter().enumerate() {
            let length = (span.end.min(range.end) - span.start.max(range.start)).max(0) as f64 / 1000.0;
            if length == 0.0 || gone.is_some_and(|last| index > last) {
                continue;
            }
            match (span.of, seen(span).flatten()) {
                (Some((_, round)), Some(seen)) => {
                    truth.seen = true;
                    truth.add(seen, round.threshold, length);
                    if let Some(lag) = seen.lag.filter(|_| range.contains(&round.at)) {
                        truth.meet(Worst { lag, at: round.at as f64 / 1000.0 });
                    }
                }
                (None, _) => truth.missing.not_scraped += length,
                (Some(_), None) => {}
            }
        }
        let state = |span: &Span<'a>| match seen(span) {
            None if gone.is_none() => "not_scraped",
            Some(Some(seen)) => seen.state.name(),
            _ => "gone",
        };
        (truth.state, truth.since) = self.present(state);
        let now = self.spans.last().and_then(seen).flatten();
        truth.lag = now.and_then(|seen| seen.lag);
        truth.behind_seconds = now.and_then(|seen| seen.behind_seconds);
        truth
    }

    fn seen(&self, feed: usize, round: &Round, name: &str) -> Option<Seen> {
        let mut nodes = self.feeds[feed].nodes.iter().zip(&round.nodes);
        nodes.find_map(|((node, role), seen)| seen.filter(|_| node == name && *role == "watched"))
    }

    /// The state at the end, and when it began. Two odd samples in a row do not end a state.
    fn present(&self, state: impl Fn(&Span<'a>) -> &'static str) -> (&'static str, f64) {
        let now = self.spans.last().map_or("not_scraped", &state);
        let newest = self.spans.iter().rev().find_map(|span| span.of);
        let odd = newest.map_or(0, |(_, round)| 2 * self.beat(round));
        let mut begin = self.spans.last().map_or(0, |span| span.end);
        for span in self.spans.iter().rev().filter(|span| state(span) == now) {
            if begin - span.end > odd {
                break;
            }
            begin = span.start;
        }
        (now, begin as f64 / 1000.0)
    }

    /// Milliseconds that a sample stands for at most.
    fn beat(&self, round: &Round) -> Millis {
        round.poll_interval.max(self.scrape) * 1000
    }
}

impl NodeTruth {
    fn add(&mut self, seen: Seen, threshold: i64, seconds: f64) {
        match (seen.lag, seen.state) {
            (Some(lag), _) if lag.abs() > threshold => self.outside += seconds,
            (Some(_), _) => {}
            (None, NodeState::WrongChain) => self.missing.wrong_chain += seconds,
            (None, NodeState::Unknown) => self.missing.no_consensus += seconds,
            (None, _) => self.missing.no_answer += seconds,
        }
    }

    /// The largest distance counts; of equal ones a behind one, then the earliest.
    fn meet(&mut self, sample: Worst) {
        let rank = |worst: Worst| (worst.lag.abs(), worst.lag > 0);
        if self.worst.is_none_or(|worst| rank(sample) > rank(worst)) {
            self.worst = Some(sample);
        }
    }
}

/// The pieces of all exporters as one line of time without holes, up to `until`.
fn merged<'a>(pieces: &[Vec<Span<'a>>], until: Millis) -> Vec<Span<'a>> {
    let mut cuts: Vec<_> =
        pieces.iter().flatten().flat_map(|span| [span.start, span.end.min(until)]).collect();
    cuts.push(until);
    cuts.sort_unstable();
    cuts.dedup();
    let mut at = vec![0; pieces.len()];
    let mut line: Vec<Span> = Vec::new();
    for cut in cuts.windows(2) {
        let (start, end) = (cut[0], cut[1]);
        let in_force = pieces.iter().zip(&mut at).filter_map(|(pieces, at)| {
            while pieces.get(*at).is_some_and(|span| span.end <= start) {
                *at += 1;
            }
            pieces.get(*at).filter(|span| span.start <= start).and_then(|span| span.of)
        });
        // Of equal ones the first.
        let best = in_force.reduce(|best, other| if rank(other.1) > rank(best.1) { other } else { best });
        match line.last_mut() {
            Some(last) if same(last.of, best) => last.end = end,
            _ => line.push(Span { start, end, of: best }),
        }
    }
    line
}

fn same(one: Option<(usize, &Round)>, other: Option<(usize, &Round)>) -> bool {
    match (one, other) {
        (Some((feed, round)), Some((other, same))) => feed == other && round.at == same.at,
        (None, None) => true,
        _ => false,
    }
}

/// Of two exporters the one with consensus counts, then the one that reports the worse state.
fn rank(round: &Round) -> (bool, usize) {
    let consensus = matches!(round.state, NetworkState::Ok | NetworkState::Halted);
    let trouble = |seen: &Seen| match seen.state {
        NodeState::Ok => 0,
        NodeState::Ahead => 1,
        NodeState::Unknown => 2,
        NodeState::Behind => 3,
        NodeState::Stalled => 4,
        NodeState::WrongChain => 5,
        NodeState::Unreachable => 6,
    };
    (consensus, round.nodes.iter().flatten().map(trouble).max().unwrap_or(0))
}
