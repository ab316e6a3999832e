//! One node on the page: a card for a watched one, a row for a reference.

use std::fmt::Write;

use super::{since, words};
use crate::{
    snapshot::{NodeSnapshot, UnixTime},
    verdict::NodeState,
};

/// A watched node, large.
pub fn write_card(page: &mut String, now: UnixTime, node: &NodeSnapshot) {
    let state = node.state.label();
    let _ = write!(
        page,
        "<article class=\"card {state}\"><div class=\"top\"><h3>{}</h3>{}</div>",
        node.name,
        marked_state(node.state),
    );
    if let Some(lag) = lag(node) {
        let _ = write!(page, "<p class=\"lag\">{lag}</p>");
    }
    if let Some(reason) = node.failure {
        let _ = write!(page, "<p>{}</p>", words::reason(reason));
    }
    let _ = write!(
        page,
        "<p>{}</p><p class=\"dim\">{}</p></article>",
        since(now, node.state_since),
        fine_print(node)
    );
}

/// A reference, in one line or two.
pub fn write_row(page: &mut String, now: UnixTime, node: &NodeSnapshot) {
    let _ = write!(
        page,
        "<li><div class=\"top\"><span>{}</span>{}</div><p class=\"dim\">",
        node.name,
        marked_state(node.state),
    );
    for part in [lag(node), node.failure.map(words::reason)].into_iter().flatten() {
        let _ = write!(page, "{part} · ");
    }
    let set_aside = if node.failure.is_none() && !node.is_counted { "not counted · " } else { "" };
    let _ = write!(page, "{set_aside}{} · {}</p></li>", since(now, node.state_since), fine_print(node));
}

fn marked_state(state: NodeState) -> String {
    format!("<span class=\"state {}\">{}</span>", state.label(), words::node_state(state))
}

/// "13 blocks behind (26 s)"; absent when the lag is unknown.
fn lag(node: &NodeSnapshot) -> Option<String> {
    let blocks = words::lag(node.lag?);
    let seconds = node.behind_for.map(|behind| behind.as_secs()).filter(|seconds| *seconds > 0);
    let seconds = seconds.map(|seconds| format!(" <small>({})</small>", words::duration(seconds)));
    Some(blocks + &seconds.unwrap_or_default())
}

/// Its block, and how long it took to answer or fail.
fn fine_print(node: &NodeSnapshot) -> String {
    let took = match node.took.map(|took| took.as_millis()) {
        None => return "paused, not asked".into(),
        Some(0) => "&lt;1\u{a0}ms".into(),
        Some(millis) => format!("{millis}\u{a0}ms"),
    };
    match node.answered() {
        Some(block) => format!("block {} in {took}", block.get()),
        None => format!("failed after {took}"),
    }
}
