//! What the side strip shows: the simulated world right now, and its levers.

use serde::Serialize;

use super::Page;
use super::levers::{self, Levers};
use crate::backfill;
use crate::chain::{Lever, Node};
use crate::config::THRESHOLD_BLOCKS;
use crate::switch::Condition;

/// The strip as the browser gets it.
#[derive(Serialize)]
pub struct View {
    /// Blocks; further from the median is outside the corridor.
    threshold: i64,
    /// Of the references that answer; absent without a quorum of them.
    median: Option<i64>,
    nodes: Vec<Shown>,
    prometheus: Condition,
    levers: Levers,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    role: &'static str,
    /// Absent where the node gives no answer.
    block: Option<u64>,
    /// What a lever makes of it, in a word.
    lever: Option<&'static str>,
}

/// The world now.
pub fn view(page: &Page) -> View {
    let pulled = page.nodes.pulled();
    let answers: Vec<_> = page.nodes.answers().map(|(node, answer)| (node, answer.block())).collect();
    let references = answers.iter().filter(|(node, _)| *node != Node::Watched);
    let blocks = references.filter_map(|(_, block)| block.map(|block| block as i64)).collect();
    let shown = answers.iter().map(|&(node, block)| Shown {
        name: node.name(),
        role: node.role(),
        block,
        lever: pulled.get(&node).map(|lever| word(node, lever)),
    });
    View {
        threshold: THRESHOLD_BLOCKS,
        median: backfill::consensus(blocks).map(|consensus| consensus.median),
        nodes: shown.collect(),
        prometheus: page.prometheus.condition().borrow().clone(),
        levers: levers::read(page),
    }
}

fn word(node: Node, lever: &Lever) -> &'static str {
    match lever {
        Lever::Ahead(_) | Lever::Behind(_) if node != Node::Watched => "lies",
        Lever::Ahead(_) => "leads",
        Lever::Behind(_) | Lever::Late { .. } => "late",
        Lever::Refuse => "refuses",
        Lever::Hang => "hangs",
    }
}
