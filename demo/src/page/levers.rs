//! The levers of the side strip: what a person may do to the simulated world.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Page;
use crate::chain::{Lever, Node, REFERENCES};
use crate::telegram::Trouble;

/// The reference that lies. It is the last that the lever of the dead takes.
const LIAR: Node = Node::Reference(0);
/// How far off a lie is.
const LIE: u64 = 1_000_000;
/// A node cannot be let fall further behind.
const MAX_BEHIND: u64 = 10_000;

/// What a person asks for, as `{"lever": …, "to": …}`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "lever", content = "to", rename_all = "snake_case")]
pub enum Order {
    /// Blocks that the watched node is to fall behind; 0 lets it catch up.
    Behind(u64),
    /// How the watched node is to be stopped.
    Stop(Option<Stop>),
    /// Whether the chain is to halt.
    Halt(bool),
    /// How many references are to be dead.
    Kill(usize),
    /// Which false block one reference is to report.
    Lie(Option<Lie>),
    /// What is to be wrong with Telegram.
    Telegram(Option<Broken>),
    /// Whether Prometheus is to be stopped.
    Prometheus(bool),
    /// Everything as it was.
    Normal,
}

/// How a node is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It refuses connections.
    Refuse,
    /// It takes questions and never answers.
    Hang,
}

/// How a reference lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// It reports blocks that do not exist yet.
    High,
    /// It claims to be far behind.
    Low,
}

/// The troubles of Telegram that a bot outlives and a page too: a wrong token
/// would end the bot, a shut door the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// See [`Trouble::BadGateway`], and so on.
    BadGateway,
    /// A page instead of an answer.
    Html,
    /// Never an answer.
    Silent,
    /// An answer after seconds.
    Slow,
    /// Too many messages.
    TooManyRequests,
    /// A second poller.
    Conflict,
}

impl Broken {
    const ALL: [Broken; 6] = [
        Broken::BadGateway,
        Broken::Html,
        Broken::Silent,
        Broken::Slow,
        Broken::TooManyRequests,
        Broken::Conflict,
    ];

    fn trouble(self) -> Trouble {
        match self {
            Broken::BadGateway => Trouble::BadGateway,
            Broken::Html => Trouble::Html,
            Broken::Silent => Trouble::Silent,
            Broken::Slow => Trouble::Slow(Duration::from_secs(3)),
            Broken::TooManyRequests => Trouble::TooManyRequests(5),
            Broken::Conflict => Trouble::Conflict,
        }
    }
}

/// The positions of the levers; each is what its [`Order`] would say.
#[derive(Debug, Serialize)]
pub struct Levers {
    behind: u64,
    stop: Option<Stop>,
    halt: bool,
    kill: usize,
    lie: Option<Lie>,
    telegram: Option<Broken>,
    prometheus: bool,
}

/// Reads the levers off the world itself, so that it does not matter what pulled them.
pub fn read(page: &Page) -> Levers {
    let pulled = page.nodes.pulled();
    let dead = (0..REFERENCES).filter(|index| pulled.get(&Node::Reference(*index)) == Some(&Lever::Refuse));
    let trouble = page.telegram.trouble();
    Levers {
        behind: match pulled.get(&Node::Watched) {
            Some(Lever::Behind(blocks) | Lever::Late { blocks, .. }) => *blocks,
            _ => 0,
        },
        stop: match pulled.get(&Node::Watched) {
            Some(Lever::Refuse) => Some(Stop::Refuse),
            Some(Lever::Hang) => Some(Stop::Hang),
            _ => None,
        },
        halt: page.nodes.is_halted(),
        kill: dead.count(),
        lie: match pulled.get(&LIAR) {
            Some(Lever::Ahead(_)) => Some(Lie::High),
            Some(Lever::Behind(_)) => Some(Lie::Low),
            _ => None,
        },
        telegram: Broken::ALL.into_iter().find(|broken| broken.trouble() == trouble),
        prometheus: !page.prometheus.is_on(),
    }
}

/// Does what is asked for.
pub fn pull(page: &Page, order: Order) {
    let nodes = &page.nodes;
    match order {
        Order::Behind(0) | Order::Stop(None) => set(page, Node::Watched, None),
        Order::Behind(blocks) => nodes.fall_behind(blocks.min(MAX_BEHIND)),
        Order::Stop(Some(Stop::Refuse)) => set(page, Node::Watched, Some(Lever::Refuse)),
        Order::Stop(Some(Stop::Hang)) => set(page, Node::Watched, Some(Lever::Hang)),
        Order::Halt(halted) => nodes.halt(halted),
        Order::Kill(count) => nodes.pull(|levers| {
            levers.retain(|node, lever| *node == Node::Watched || *lever != Lever::Refuse);
            let dead = (0..REFERENCES).rev().take(count).map(Node::Reference);
            levers.extend(dead.map(|node| (node, Lever::Refuse)));
        }),
        Order::Lie(None) => set(page, LIAR, None),
        Order::Lie(Some(Lie::High)) => set(page, LIAR, Some(Lever::Ahead(LIE))),
        Order::Lie(Some(Lie::Low)) => set(page, LIAR, Some(Lever::Behind(LIE))),
        Order::Telegram(broken) => {
            page.telegram.set_trouble(broken.map_or(Trouble::Ok, Broken::trouble));
        }
        Order::Prometheus(stopped) => page.prometheus.set(!stopped),
        Order::Normal => {
            nodes.pull(|levers| levers.clear());
            nodes.halt(false);
            page.telegram.set_trouble(Trouble::Ok);
            page.prometheus.set(true);
        }
    }
}

fn set(page: &Page, node: Node, lever: Option<Lever>) {
    page.nodes.pull(|levers| match lever {
        Some(lever) => _ = levers.insert(node, lever),
        None => _ = levers.remove(&node),
    });
}
