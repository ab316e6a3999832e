use jiff::tz::TimeZone;

use super::*;
use crate::{
    samples::{
        facts::tests::{facts, node},
        missing::Missing,
        noise::Noise,
        state::NetworkState,
        trend::Trend,
    },
    words::{ENGLISH, RUSSIAN},
};

const NOW: i64 = 86_400 + 1_800;
const UP: &str = "8 of 9 references up, times in UTC";
const QUIET: &str = "last hour; 8 of 9 references up, times in UTC";

/// The lines about the last hour up to 1970-01-02 00:30.
fn caption(state: NetworkState, nodes: Vec<NodeFacts>, warnings: &[Warning]) -> Vec<String> {
    in_words(&ENGLISH, state, nodes, warnings)
}

fn in_words(words: &Words, state: NetworkState, nodes: Vec<NodeFacts>, warnings: &[Warning]) -> Vec<String> {
    let facts = Facts { state, since: Some(86_400.0), from: NOW - 3_600, until: NOW, nodes, ..facts() };
    let times = Times { zone: &TimeZone::UTC, now: NOW, words };
    let caption = write(Story { facts: &facts, warnings, times });
    assert!(caption.encode_utf16().count() <= CAPTION_LIMIT);
    caption.lines().map(|line| line.replace('\u{a0}', " ")).collect()
}

/// A node since 00:12, which has never been anything but level before.
fn of(name: &str, state: NodeState, lag: Option<f64>) -> NodeFacts {
    NodeFacts { node: name.into(), state, lag_blocks: lag, since: Some(87_120.0), ..node() }
}

fn behind() -> NodeFacts {
    NodeFacts { behind_seconds: Some(26.0), ..of("my-node", NodeState::Behind, Some(13.0)) }
}

#[test]
fn a_calm_node_takes_two_lines() {
    let calm = of("my-node", NodeState::Ok, Some(0.0));
    let first = "🟢 level · polygon · my-node · since 00:12";
    assert_eq!(caption(NetworkState::Ok, vec![calm], &[]), [first, QUIET]);
}

#[test]
fn the_first_line_is_sign_verdict_name_and_since() {
    for (network, state, lag, first) in [
        (
            NetworkState::Ok,
            NodeState::Behind,
            Some(12.0),
            "🔴 12 blocks behind · polygon · my-node · since 00:12",
        ),
        (
            NetworkState::Ok,
            NodeState::Stalled,
            Some(40.0),
            "🔴 stalled, 40 blocks behind · polygon · my-node · since 00:12",
        ),
        (NetworkState::Ok, NodeState::WrongChain, None, "🔴 wrong chain · polygon · my-node · since 00:12"),
        (
            NetworkState::Ok,
            NodeState::Ahead,
            Some(-9.0),
            "🔵 9 blocks ahead · polygon · my-node · since 00:12",
        ),
        (NetworkState::Ok, NodeState::Gone, None, "⚪ no longer watched · polygon · my-node · since 00:12"),
        // The network's own state, and since when that is.
        (
            NetworkState::Halted,
            NodeState::Ok,
            Some(0.0),
            "⏸ the chain has halted · polygon · my-node · since 00:00",
        ),
        (
            NetworkState::Split,
            NodeState::Unknown,
            None,
            "⚪ references disagree · polygon · my-node · since 00:00",
        ),
        (
            NetworkState::Halted,
            NodeState::Unreachable,
            None,
            "🔴 no answer · polygon · the chain has halted · my-node · since 00:12",
        ),
    ] {
        assert_eq!(caption(network, vec![of("my-node", state, lag)], &[])[0], first);
    }
}

#[test]
fn trend_worst_outside_and_what_is_missing_with_its_time() {
    let mut node = behind();
    node.trend = Some(Trend::Steady { slope: 0.5, zero: 0.0 });
    node.worst = Some(Worst { lag: 1_048.0, at: 86_400.0 - 900.0 });
    node.outside_seconds = Some(840.0);
    let gap = |cause, begin, end| Gap { cause, begin, end };
    node.gaps = vec![
        gap(Cause::NoAnswer, 85_200.0, 85_320.0),
        gap(Cause::NotScraped, 85_400.0, 85_430.0),
        gap(Cause::NotScraped, 86_300.0, 86_420.0),
    ];
    node.missing_seconds.no_answer = Some(120.0);
    node.missing_seconds.not_scraped = Some(150.0);
    assert_eq!(
        caption(NetworkState::Ok, vec![node], &[Warning::Said("a store is away".into())]),
        [
            "🔴 13 blocks (26 s) behind · polygon · my-node · since 00:12",
            "losing 30 blocks a minute",
            "last hour: at worst 1,048 blocks behind (Thu 23:45); 14 minutes outside ±5 blocks; \
             no answer for 2 minutes (Thu 23:40–23:42); \
             no data in Prometheus for 3 minutes (2 times, longest Thu 23:58–00:00)",
            "Prometheus warns: a store is away",
            UP,
        ],
    );
}

#[test]
fn nothing_is_said_twice() {
    // The worst is now; the only gap is the present state.
    let mut node = behind();
    node.worst = Some(Worst { lag: 13.0, at: 88_190.0 });
    node.outside_seconds = Some(1_080.0);
    let lines = caption(NetworkState::Ok, vec![node], &[]);
    assert_eq!(lines[1], "last hour: 18 minutes outside ±5 blocks");
    let mut away = of("my-node", NodeState::Unreachable, None);
    away.gaps = vec![Gap { cause: Cause::NoAnswer, begin: 87_120.0, end: NOW as f64 }];
    away.missing_seconds.no_answer = Some(1_080.0);
    let first = "🔴 no answer · polygon · my-node · since 00:12";
    assert_eq!(caption(NetworkState::Ok, vec![away.clone()], &[]), [first, QUIET]);
    // Where its beginning is unknown, how long it is says something.
    away.since = None;
    let lines = caption(NetworkState::Ok, vec![away], &[]);
    assert_eq!(lines[1], "last hour: no answer for 18 minutes (00:12–00:30)");
}

#[test]
fn a_node_that_catches_up_has_its_forecast_and_noise_its_advice() {
    let mut node = NodeFacts { level_at: Some(NOW as f64 + 1_800.0), ..behind() };
    node.noise = Some(Noise { reach: 8.0, threshold: 12.0 });
    let lines = caption(NetworkState::Ok, vec![node.clone()], &[]);
    assert_eq!(lines[1..3], ["level at about 01:00", "noise here reaches ±8; a threshold of 12 would fit"]);
    let lines = in_words(&RUSSIAN, NetworkState::Ok, vec![node], &[]);
    assert_eq!(lines[0], "🔴 отстаёт на 13 блоков (26 с) · polygon · my-node · с 00:12");
    assert_eq!(lines[1], "догонит примерно к 01:00");
}

#[test]
fn a_threshold_that_changed_is_named_with_both_values() {
    let of = |words: &Words| (words.outside)(60.0, (5.0, 9.0)).replace('\u{a0}', " ");
    assert_eq!(of(&ENGLISH), "1 minute outside ±5 to ±9 blocks");
    assert_eq!(of(&RUSSIAN), "1 минута вне коридора от ±5 до ±9 блоков");
}

#[test]
fn several_nodes_the_worst_first() {
    let mut past = of("a", NodeState::Ok, Some(1.0));
    past.worst = Some(Worst { lag: 9.0, at: 86_500.0 });
    past.outside_seconds = Some(300.0);
    let mut nodes = vec![
        of("b", NodeState::NotScraped, None),
        of("d", NodeState::Behind, Some(12.0)),
        of("c", NodeState::Ahead, Some(-6.0)),
        past,
        of("quiet", NodeState::Ok, Some(0.0)),
        of("old", NodeState::Gone, None),
    ];
    assert_eq!(
        caption(NetworkState::Ok, nodes.clone(), &[]),
        [
            "⚪ no data in Prometheus · polygon · b · since 00:12 · 2 of 5 nodes ok",
            "8 of 9 references up, times in UTC; last hour:",
            "🔴 d: 12 blocks behind since 00:12",
            "🔵 c: 6 blocks ahead since 00:12",
            "🟢 a: at worst 9 blocks behind (00:01); 5 minutes outside ±5 blocks",
            "⚪ old: no longer watched since 00:12; no data in this range",
        ],
    );
    nodes.drain(..3);
    nodes.pop();
    let lines = caption(NetworkState::Ok, nodes, &[]);
    assert_eq!(lines[0], "🟢 level · polygon · since 00:12 · 2 of 2 nodes ok");
}

#[test]
fn eight_long_names_leave_room_for_all_that_matters() {
    let node = |i| {
        let mut node = of(&format!("{}{i}", "m".repeat(62)), NodeState::Behind, Some(48.0));
        node.outside_seconds = Some(80_000.0);
        node.missing_seconds = Missing { no_answer: Some(80_000.0), ..Missing::default() };
        node.gaps = vec![Gap { cause: Cause::NoAnswer, begin: 0.0, end: 80_000.0 }];
        node
    };
    for warnings in [vec![], vec![Warning::Said("so many words ".repeat(100))]] {
        let lines = caption(NetworkState::Halted, (0..8).map(node).collect(), &warnings);
        assert!(lines[0].starts_with("🔴 48 blocks behind · polygon · the chain has halted · mmm"));
        assert!(lines[0].ends_with(" · since 00:12 · 0 of 8 nodes ok"), "{lines:?}");
        assert!(lines.contains(&format!("{UP}; last hour:")));
        assert_eq!(lines.iter().filter(|line| line.starts_with("🔴")).count(), 8, "{lines:?}");
    }
}
