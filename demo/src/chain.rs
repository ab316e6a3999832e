//! The simulated network: which block every node would report at any time.
//!
//! Nothing here has a clock or a memory. An answer is a function of the seed,
//! the node and the time, so the back-filled history and the live nodes agree
//! where they meet.

use std::collections::BTreeMap;
use std::ops::Range;

pub use crate::script::Missing;
use crate::script::{self, Incident};

/// Unix time in milliseconds.
pub type Millis = i64;

/// Chain id of the simulated network: Polygon's.
pub const CHAIN_ID: u64 = 137;
/// Time between two blocks.
pub const BLOCK_TIME: Millis = 2_000;
/// How many nodes vouch for the head.
pub const REFERENCES: usize = 9;

/// The height is counted from here (2021-05-03), which gives numbers of the size Polygon has.
const GENESIS: Millis = 1_620_000_000_000;

/// One of the simulated nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// One of the [`REFERENCES`], counted from 0.
    Reference(usize),
    /// The node that is watched.
    Watched,
}

impl Node {
    /// Every node, the references first.
    pub fn all() -> impl Iterator<Item = Node> {
        (0..REFERENCES).map(Node::Reference).chain([Node::Watched])
    }

    /// Its name in the configuration and in the `node` label.
    pub fn name(self) -> String {
        match self {
            Node::Reference(index) => format!("reference-{}", index + 1),
            Node::Watched => "my-node".into(),
        }
    }

    /// The `role` label.
    pub fn role(self) -> &'static str {
        match self {
            Node::Reference(_) => "reference",
            Node::Watched => "watched",
        }
    }

    fn index(self) -> u64 {
        match self {
            Node::Reference(index) => index as u64,
            Node::Watched => REFERENCES as u64,
        }
    }

    /// How long a block usually travels to it.
    fn distance(self) -> Millis {
        match self {
            Node::Reference(index) => 150 + 210 * index as Millis,
            Node::Watched => 900,
        }
    }
}

/// How a node behaves when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It reports this height.
    Block(u64),
    /// It refuses connections.
    Refuses,
    /// It takes the question and never answers.
    Hangs,
}

impl Answer {
    /// The height, or nothing where the node gave none.
    pub fn block(self) -> Option<u64> {
        match self {
            Answer::Block(block) => Some(block),
            Answer::Refuses | Answer::Hangs => None,
        }
    }
}

/// What a person or a test holds a node to, over all that the script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    /// So many blocks behind where it would be, at once.
    Behind(u64),
    /// Falls behind: takes no new block from a time on until it is so many
    /// behind, and stays so far behind.
    Late {
        /// When it began.
        since: Millis,
        /// How far it goes.
        blocks: u64,
    },
    /// Claims a block so far ahead of where it would be.
    Ahead(u64),
    /// Refuses connections.
    Refuse,
    /// Never answers.
    Hang,
}

/// The levers that are pulled now; none by default.
pub type Levers = BTreeMap<Node, Lever>;

/// A simulated network with its script of incidents.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    seed: u64,
    anchor: Option<Millis>,
}

impl Chain {
    /// A network on which nothing ever happens but blocks.
    pub fn calm(seed: u64) -> Self {
        Chain { seed, anchor: None }
    }

    /// A network with incidents all through the week before `anchor`, and the
    /// same week again after it. See [`crate::script`].
    pub fn eventful(seed: u64, anchor: Millis) -> Self {
        Chain { seed, anchor: Some(anchor) }
    }

    /// What `node` would answer at `at`.
    pub fn answer(&self, levers: &Levers, node: Node, at: Millis) -> Answer {
        let mut late = 0;
        match levers.get(&node) {
            Some(Lever::Refuse) => return Answer::Refuses,
            Some(Lever::Hang) => return Answer::Hangs,
            Some(Lever::Behind(blocks)) => {
                return Answer::Block(self.head(node, at).saturating_sub(*blocks));
            }
            Some(Lever::Ahead(blocks)) => {
                return Answer::Block(self.head(node, at).saturating_add(*blocks));
            }
            Some(Lever::Late { since, blocks }) => {
                late = (at - since).clamp(0, *blocks as Millis * BLOCK_TIME);
            }
            None => {}
        }
        for incident in self.incidents(at) {
            match incident {
                Incident::Late(who, by) if who == node => late = late.max(by),
                Incident::Refuses(who) if who == node => return Answer::Refuses,
                Incident::Hangs(who) if who == node => return Answer::Hangs,
                _ => {}
            }
        }
        Answer::Block(self.head(node, at - late))
    }

    /// Whether the script leaves out the scrape at `at`; only history can show it.
    pub fn unscraped(&self, at: Millis) -> bool {
        self.incidents(at).contains(&Incident::Unscraped)
    }

    /// For how long within `span` the script leaves the watched node without a lag.
    pub fn missing(&self, span: Range<Millis>) -> Missing {
        let since = |anchor| script::missing(&(span.start - anchor..span.end - anchor));
        self.anchor.map_or_else(Missing::default, since)
    }

    fn incidents(&self, at: Millis) -> Vec<Incident> {
        self.anchor.map_or_else(Vec::new, |anchor| script::at(self.seed, at - anchor))
    }

    /// The newest block that has reached `node` by `at`. Never falls as time goes on.
    fn head(&self, node: Node, at: Millis) -> u64 {
        let newest = (at - GENESIS).div_euclid(BLOCK_TIME);
        let oldest = newest - 8;
        let head = (oldest..=newest).rev().find(|&block| self.arrival(node, block) <= at).unwrap_or(oldest);
        u64::try_from(head).unwrap_or(0)
    }

    /// When a block reaches a node: made with some jitter, then travelling with some more.
    fn arrival(&self, node: Node, block: i64) -> Millis {
        let made = noise(self.seed, &[u64::MAX, block as u64]) % 300;
        // Now and then a block takes a detour.
        let roll = noise(self.seed, &[node.index(), block as u64]);
        let jitter = roll % 400 + if roll >> 32 & 31 == 0 { 1_500 } else { 0 };
        GENESIS + block * BLOCK_TIME + node.distance() + (made + jitter) as Millis
    }
}

/// A number that looks random and depends on the seed and the key alone (splitmix64).
pub(crate) fn noise(seed: u64, key: &[u64]) -> u64 {
    key.iter().fold(seed, |state, part| {
        let mut z = (state ^ part.wrapping_mul(0xA24B_AED4_963E_E407)).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_790_000_000_000;
    const HOUR: Millis = 3_600_000;

    /// Blocks the watched node is behind the middle reference.
    fn lag(chain: &Chain, at: Millis) -> Option<i64> {
        let block = |node| chain.answer(&Levers::new(), node, at).block();
        let mut references: Vec<_> =
            (0..REFERENCES).filter_map(|index| block(Node::Reference(index))).collect();
        references.sort_unstable();
        let median = *references.get(references.len() / 2)?;
        Some(median as i64 - block(Node::Watched)? as i64)
    }

    #[test]
    fn a_calm_chain_makes_a_block_every_two_seconds_and_nobody_falls_behind() {
        let chain = Chain::calm(1);
        let head = |at| chain.answer(&Levers::new(), Node::Watched, at).block();
        let (first, last) = (head(NOW).unwrap(), head(NOW + HOUR).unwrap());
        assert!((1798..=1802).contains(&(last - first)), "{}", last - first);
        for at in (NOW..NOW + HOUR).step_by(700) {
            assert!(lag(&chain, at).unwrap().abs() <= 2);
        }
    }

    #[test]
    fn no_block_number_ever_falls() {
        let chain = Chain::eventful(7, NOW);
        for node in [Node::Reference(0), Node::Reference(8), Node::Watched] {
            let mut before = 0;
            for at in (NOW - 170 * HOUR..NOW + HOUR).step_by(5_000) {
                if let Some(block) = chain.answer(&Levers::new(), node, at).block() {
                    assert!(block >= before, "{node:?} at {}", at - NOW);
                    before = block;
                }
            }
        }
    }

    #[test]
    fn the_week_has_what_the_charts_should_show() {
        let chain = Chain::eventful(7, NOW);
        let samples = || (NOW - 168 * HOUR..NOW).step_by(15_000);
        let deepest = samples().filter_map(|at| lag(&chain, at)).max().unwrap();
        assert!((13..=17).contains(&deepest), "{deepest}");
        let count = |what: &dyn Fn(Millis) -> bool| samples().filter(|&at| what(at)).count() / 240;
        let answer = |node, at| chain.answer(&Levers::new(), node, at).block();
        assert_eq!(count(&|at| answer(Node::Watched, at).is_none()), 2);
        assert!(count(&|at| answer(Node::Reference(3), at).is_none()) >= 2);
        assert!(samples().any(|at| chain.unscraped(at)));
        let outside = |hours| {
            (NOW - hours * HOUR..NOW)
                .step_by(15_000)
                .filter(|&at| lag(&chain, at).is_some_and(|lag| lag > 5))
                .count()
        };
        assert!(outside(1) > 0 && outside(24) > outside(1) && outside(168) > outside(24));
    }

    #[test]
    fn a_node_that_is_let_fall_behind_never_runs_backwards() {
        let chain = Chain::eventful(7, NOW);
        let levers = Levers::from([(Node::Watched, Lever::Late { since: NOW, blocks: 12 })]);
        let ask = |levers: &Levers, at| chain.answer(levers, Node::Watched, at).block().unwrap();
        let mut before = ask(&Levers::new(), NOW);
        for at in (NOW..NOW + HOUR / 2).step_by(500) {
            let block = ask(&levers, at);
            assert!(block >= before, "at {}", at - NOW);
            before = block;
        }
        assert!((11..=13).contains(&(ask(&Levers::new(), NOW + 60_000) - ask(&levers, NOW + 60_000))));
    }

    #[test]
    fn a_lever_overrules_the_script() {
        let chain = Chain::calm(1);
        let ask = |lever| chain.answer(&Levers::from([(Node::Watched, lever)]), Node::Watched, NOW);
        let free = chain.answer(&Levers::new(), Node::Watched, NOW).block();
        assert_eq!(ask(Lever::Behind(9)).block(), free.map(|block| block - 9));
        assert_eq!(ask(Lever::Ahead(9)).block(), free.map(|block| block + 9));
        assert_eq!(ask(Lever::Refuse), Answer::Refuses);
        assert_eq!(ask(Lever::Hang), Answer::Hangs);
    }
}
