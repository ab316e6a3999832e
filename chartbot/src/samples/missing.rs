//! PURE: for how long nothing is known of a node, why, and when.

use serde::Serialize;

use super::state::NodeState;

/// Why there is no lag at some time, the loudest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The exporter asked the node and got no usable block.
    NoAnswer,
    /// The node answered for another chain.
    WrongChain,
    /// The node answered, but too few references did: there was no median.
    NoConsensus,
    /// Prometheus holds nothing: neither exporter nor node can be judged.
    NotScraped,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NoAnswer, Self::WrongChain, Self::NoConsensus, Self::NotScraped];

    /// Why a node in this state has no lag: where there is a median, it gave no usable block.
    #[must_use]
    pub fn of(state: NodeState) -> Self {
        match state {
            NodeState::WrongChain => Self::WrongChain,
            NodeState::NotScraped => Self::NotScraped,
            NodeState::Unknown => Self::NoConsensus,
            _ => Self::NoAnswer,
        }
    }
}

/// For how many seconds nothing is known of a node; absent where it was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Missing {
    /// It gave no usable block.
    #[serde(serialize_with = "super::facts::whole")]
    pub no_answer: Option<f64>,
    /// It answered for another chain.
    #[serde(serialize_with = "super::facts::whole")]
    pub wrong_chain: Option<f64>,
    /// It answered, but there was no consensus.
    #[serde(serialize_with = "super::facts::whole")]
    pub no_consensus: Option<f64>,
    /// Prometheus has no sample.
    #[serde(serialize_with = "super::facts::whole")]
    pub not_scraped: Option<f64>,
}

impl Default for Missing {
    /// Counted, and nothing missing.
    fn default() -> Self {
        let none = Some(0.0);
        Self { no_answer: none, wrong_chain: none, no_consensus: none, not_scraped: none }
    }
}

impl Missing {
    /// Not counted.
    pub const UNKNOWN: Self =
        Self { no_answer: None, wrong_chain: None, no_consensus: None, not_scraped: None };

    /// The seconds of one cause.
    #[must_use]
    pub fn of(&self, cause: Cause) -> Option<f64> {
        match cause {
            Cause::NoAnswer => self.no_answer,
            Cause::WrongChain => self.wrong_chain,
            Cause::NoConsensus => self.no_consensus,
            Cause::NotScraped => self.not_scraped,
        }
    }

    /// Counts so many seconds more of a cause.
    pub fn add(&mut self, cause: Cause, seconds: f64) {
        let sum = match cause {
            Cause::NoAnswer => &mut self.no_answer,
            Cause::WrongChain => &mut self.wrong_chain,
            Cause::NoConsensus => &mut self.no_consensus,
            Cause::NotScraped => &mut self.not_scraped,
        };
        *sum = Some(sum.unwrap_or(0.0) + seconds);
    }
}

/// A time without a lag, from its begin to its end in unix seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Why.
    pub cause: Cause,
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds.
    pub end: f64,
}

/// Adds a time without a lag to those before it; what follows on its like is one gap.
pub fn extend(gaps: &mut Vec<Gap>, next: Gap) {
    match gaps.iter_mut().rfind(|gap| gap.cause == next.cause) {
        Some(last) if last.end >= next.begin - 0.5 => last.end = next.end,
        _ => gaps.push(next),
    }
}
