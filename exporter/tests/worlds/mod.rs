//! Simulated networks in virtual time: what the nodes do, what the exporter's rules make of
//! it, and what is true. Deterministic: a world follows from its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::time::Duration;

use headlag_exporter::{
    answer::{Answer, Reason, Round},
    block::BlockNumber,
    config::{self, Role},
    network::Network,
    snapshot::{Moment, NodeSnapshot, Snapshot},
};

/// `poll_interval`, in seconds as all times here.
pub const POLL: f64 = 15.0;
/// `stall_after`.
pub const STALL: f64 = 60.0;
/// `threshold_blocks`.
pub const THRESHOLD: i64 = 5;
/// The time of a block.
const BLOCK_TIME: f64 = 2.0;
/// How long a world lasts.
const END: f64 = 1500.0;

/// The block a node answers with at a time.
pub type Behaviour = Box<dyn Fn(f64, &mut Dice) -> u64>;

/// Random numbers (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to below `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True in so many of all cases.
    pub fn chance(&mut self, share: f64) -> bool {
        self.between(0.0, 1.0) < share
    }

    /// One of them.
    pub fn choice<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0.0, of.len() as f64) as usize]
    }
}

/// The head of the chain.
pub fn head(at: f64) -> u64 {
    1_000_000 + (at.max(0.0) / BLOCK_TIME) as u64
}

/// Follows the chain.
pub fn follows() -> Behaviour {
    Box::new(|at, _| head(at))
}

/// Follows the chain up to a time and keeps that head, or until it is `back`.
pub fn stops(from: f64, back: Option<f64>) -> Behaviour {
    Box::new(move |at, _| head(if back.is_some_and(|back| at > back) { at } else { at.min(from) }))
}

/// The chain halts at `from` and makes blocks again from `until` on.
pub fn halts(from: f64, until: f64) -> Behaviour {
    Box::new(move |at, _| {
        if at < until { head(at.min(from)) } else { head(from) + 1 + ((at - until) / BLOCK_TIME) as u64 }
    })
}

/// So many blocks below the head.
pub fn trails(blocks: u64) -> Behaviour {
    Box::new(move |at, _| head(at) - blocks)
}

/// Catches up from so many blocks below the start, up to the head of `of`.
pub fn syncs(below: u64, blocks_per_second: f64, of: Behaviour) -> Behaviour {
    Box::new(move |at, dice| (1_000_000 - below + (blocks_per_second * at.max(0.0)) as u64).min(of(at, dice)))
}

/// Is on a chain of its own, from this block on.
pub fn elsewhere(from: u64) -> Behaviour {
    Box::new(move |at, _| from + (at.max(0.0) / 3.0) as u64)
}

/// A balancer: in so many of all cases the second back end answers.
pub fn balances(first: Behaviour, second: Behaviour, share: f64) -> Behaviour {
    Box::new(move |at, dice| if dice.chance(share) { second(at, dice) } else { first(at, dice) })
}

/// Answers garbage in so many of all cases.
pub fn babbles(otherwise: Behaviour, share: f64) -> Behaviour {
    Box::new(move |at, dice| {
        if dice.chance(share) { dice.choice(&[0, 1, 1_000_000_000, 1 << 50]) } else { otherwise(at, dice) }
    })
}

/// A chain with a block in so many seconds.
pub fn slow(seconds: f64, phase: f64) -> Behaviour {
    Box::new(move |at, _| 1000 + ((at + phase).max(0.0) / seconds) as u64)
}

/// The chain starts anew at a time.
pub fn starts_anew(from: f64) -> Behaviour {
    Box::new(move |at, _| if at < from { head(at) } else { 100 + ((at - from) / BLOCK_TIME) as u64 })
}

/// Always answers with this block.
pub fn stays(block: u64) -> Behaviour {
    Box::new(move |_, _| block)
}

/// A network of references and one watched node.
pub struct World {
    /// What the references do.
    pub references: Vec<Behaviour>,
    /// What the watched node does.
    pub watched: Behaviour,
    /// The share of all answers that is lost.
    pub loss: f64,
    /// When the exporter is restarted.
    pub restart: Option<f64>,
}

/// A round and what came of it.
pub struct Seen {
    /// When the round was.
    pub at: f64,
    /// What the references answered.
    pub references: Vec<Option<u64>>,
    /// What the watched node answered.
    pub watched: Option<u64>,
    /// What is published then.
    pub snapshot: Snapshot,
}

impl Seen {
    /// The watched node.
    pub fn node(&self) -> &NodeSnapshot {
        self.snapshot.of_role(Role::Watched).next().unwrap()
    }
}

impl World {
    /// Plays the world to its end.
    pub fn play(&self, dice: &mut Dice) -> Vec<Seen> {
        let start = Moment::now().monotonic;
        let config = config_of(self.references.len());
        let mut network = Network::new(config.clone());
        let delays: Vec<f64> = (0..=self.references.len()).map(|_| dice.between(0.0, 1.5)).collect();
        let mut restart = self.restart;
        let mut seen = Vec::new();
        for round in 0..(END / POLL) as u32 {
            let at = f64::from(round) * POLL;
            if restart.take_if(|restart| *restart <= at).is_some() {
                network = Network::new(config.clone());
            }
            let mut answers: Vec<Option<u64>> = Vec::new();
            for (behaviour, delay) in [&self.watched].into_iter().chain(&self.references).zip(&delays) {
                let asked = at - delay - dice.between(0.0, 0.4);
                answers.push((!dice.chance(self.loss)).then(|| behaviour(asked, dice)));
            }
            let now = Moment { unix: at, monotonic: start + Duration::from_secs_f64(at) };
            let snapshot = network.fold(
                now,
                &Round {
                    took: Duration::ZERO,
                    answers: answers.iter().map(|block| answer(*block)).collect(),
                },
            );
            let references = answers.split_off(1);
            seen.push(Seen { at, references, watched: answers[0], snapshot });
        }
        seen
    }
}

fn answer(block: Option<u64>) -> Answer {
    let head = block.and_then(BlockNumber::new).ok_or(Reason::Timeout);
    Answer { head, took: Some(Duration::from_millis(20)) }
}

fn config_of(references: usize) -> config::Network {
    let urls: Vec<String> = (0..references).map(|index| format!("http://reference{index}")).collect();
    let text = format!(
        "networks:\n- {{name: polygon, protocol: evm, references: [{}], watched: [{{name: w, url: http://w}}]}}",
        urls.join(", ")
    );
    let config = config::read(&text, "".as_ref(), &|_| None).map_err(|problems| problems.len()).unwrap();
    config.networks.into_iter().next().unwrap()
}

/// What is true of the watched node in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It follows the chain.
    Level,
    /// It stopped, or is 40 blocks behind.
    Out,
    /// Neither: it is catching up, or something changed too short a time ago.
    Open,
}

/// A world of random nodes, in which references live, die, lie, sync or lag a little; and for
/// each of its settled rounds what is true of the watched node.
pub struct Mixture {
    /// The world.
    pub world: World,
    /// How many references follow the chain all the time, at most a little behind.
    pub honest: usize,
    watched: &'static str,
    /// When nodes die or return, or the exporter is restarted.
    changes: Vec<f64>,
}

impl Mixture {
    /// The mixture of this seed.
    pub fn new(dice: &mut Dice) -> Self {
        const KINDS: [(&str, f64); 6] =
            [("live", 6.0), ("dead", 3.0), ("rogue", 0.5), ("low", 0.3), ("syncing", 0.5), ("near", 1.0)];
        let count = dice.choice(&[2, 3, 4, 5, 7, 9]);
        let back = dice.chance(0.5).then(|| dice.between(1000.0, 1200.0));
        let restart = dice.chance(0.5).then(|| dice.between(0.0, 1400.0));
        let mut changes: Vec<f64> = [back, restart].into_iter().flatten().collect();
        let mut behaviour = |kind: &str, dice: &mut Dice| match kind {
            "live" => follows(),
            "dead" => {
                let at = dice.between(200.0, 1000.0);
                changes.push(at);
                stops(at, back)
            }
            "rogue" => elsewhere(2_000_000 + dice.between(300.0, 5000.0) as u64),
            "low" => elsewhere(500),
            "syncing" => syncs(4000, 5.0, follows()),
            "near" => trails(dice.between(0.0, 5.0) as u64),
            _ => trails(40),
        };
        let mut honest = 0;
        let mut references = Vec::new();
        for _ in 0..count {
            let total: f64 = KINDS.iter().map(|(_, weight)| weight).sum();
            let mut left = dice.between(0.0, total);
            let is_it = |(_, weight): &&(&str, f64)| {
                left -= weight;
                left < 0.0
            };
            let kind = KINDS.iter().find(is_it).map_or("live", |(kind, _)| kind);
            honest += usize::from(["live", "near"].contains(&kind));
            references.push(behaviour(kind, dice));
        }
        let watched = dice.choice(&["live", "dead", "far", "syncing"]);
        let world = World { references, watched: behaviour(watched, dice), loss: 0.1, restart };
        Self { world, honest, watched, changes }
    }

    /// What is true at a time; absent while what changed may not have been noticed.
    pub fn truth(&self, at: f64) -> Option<Truth> {
        let settles = STALL + 4.0 * POLL;
        let is_settled =
            at > settles && self.changes.iter().all(|change| at < change - POLL || at > change + settles);
        is_settled.then(|| match self.watched {
            "live" => Truth::Level,
            "far" => Truth::Out,
            "dead" if self.is_stopped(at) => Truth::Out,
            "dead" => Truth::Level,
            _ => Truth::Open,
        })
    }

    fn is_stopped(&self, at: f64) -> bool {
        // Its behaviour knows; it was settled long enough ago.
        (self.world.watched)(at, &mut Dice::new(0)) + 20 < head(at)
    }
}
