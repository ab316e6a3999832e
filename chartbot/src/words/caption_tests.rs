use super::*;
use crate::{
    samples::{
        facts::Missing,
        grid::{Grid, Watched},
    },
    words::ENGLISH,
};

const NOW: i64 = 86_400 + 1_800;

/// A calm node.
fn node(name: &str, state: NodeState, lag: Option<f64>) -> NodeFacts {
    NodeFacts {
        node: name.into(),
        state,
        since: None,
        lag_blocks: lag,
        behind_seconds: None,
        worst: Some(Worst { lag: 2.0, at: 86_400.0 - 900.0 }),
        outside_seconds: Some(0.0),
        missing_seconds: Missing::default(),
        level_at: None,
        trend: None,
    }
}

fn ok(name: &str, lag: f64) -> NodeFacts {
    node(name, NodeState::Ok, Some(lag))
}

/// The lines about the last hour up to 1970-01-02 00:30.
fn caption(state: NetworkState, nodes: &[NodeFacts], warnings: &[Warning]) -> Vec<String> {
    let watched = |node: &NodeFacts| Watched { node: node.node.clone(), columns: Vec::new() };
    let history = History {
        network: "polygon".into(),
        since: NOW - 3_600,
        until: NOW,
        grid: Grid { start: NOW - 3_600, step: 1_800, len: 2 },
        watched: nodes.iter().take(8).map(watched).collect(),
        nodes: nodes.len(),
        best: vec![None; 2],
        threshold: vec![Some(5.0), None],
    };
    let facts = Facts {
        network: "polygon".into(),
        state,
        since: None,
        from: NOW - 3_600,
        until: NOW,
        step_seconds: 1_800,
        references: Some(9.0),
        references_up: Some(8.0),
        threshold_blocks: Some(5.0),
        warnings: Vec::new(),
        nodes: nodes.to_vec(),
        thresholds: Some((5.0, 5.0)),
    };
    let zone = &TimeZone::UTC;
    let caption = write(Story { facts: &facts, history: &history, warnings, zone, words: &ENGLISH });
    assert!(caption.encode_utf16().count() <= LIMIT);
    caption.lines().map(str::to_owned).collect()
}

const LAST: &str = "last hour, corridor ±5 blocks";
const UP: &str = "8 of 9 references up, times in UTC";
const PAST: &str = "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor";

#[test]
fn one_node() {
    let mut behind = node("my-node", NodeState::Behind, Some(12.0));
    behind.worst = Some(Worst { lag: 48.0, at: 86_400.0 - 900.0 });
    behind.outside_seconds = Some(840.0);
    behind.missing_seconds.no_answer = Some(120.0);
    behind.missing_seconds.not_scraped = Some(60.0);
    assert_eq!(
        caption(NetworkState::Ok, &[behind], &[Warning::Said("a store is away".into())]),
        [
            "polygon · my-node: 12 blocks behind",
            LAST,
            "Prometheus warns: a store is away",
            "at worst 48 blocks behind (Thu 1 Jan, 23:45); 14 minutes outside the corridor; \
             3 minutes without data",
            UP,
        ],
    );
    let mut away = node("my-node", NodeState::Unreachable, None);
    away.since = Some(86_700.0);
    away.missing_seconds.no_answer = Some(1_800.0);
    assert_eq!(
        caption(NetworkState::Ok, &[away], &[]),
        ["polygon · my-node: no answer since 00:05", LAST, &format!("{PAST}; 30 minutes without data"), UP],
    );
}

#[test]
fn what_the_exporter_says_of_node_and_network() {
    for (network, state, lag, first) in [
        (NetworkState::Halted, NodeState::Ok, Some(0.0), "level with the median; the chain has halted"),
        (NetworkState::Ok, NodeState::Stalled, Some(40.0), "stalled, 40 blocks behind"),
        (NetworkState::Ok, NodeState::WrongChain, None, ENGLISH.wrong_chain),
        (NetworkState::Ok, NodeState::Gone, None, "no longer watched"),
    ] {
        assert_eq!(
            caption(network, &[node("my-node", state, lag)], &[]),
            [&format!("polygon · my-node: {first}"), LAST, PAST, UP],
        );
    }
}

#[test]
fn a_threshold_that_changed_is_named_with_both_values() {
    assert_eq!((ENGLISH.corridor)(5.0, 9.0), "corridor ±5 to ±9 blocks");
    assert_eq!((crate::words::RUSSIAN.corridor)(5.0, 9.0), "коридор от ±5 до ±9 блоков");
}

#[test]
fn several_nodes_the_worst_first() {
    let mut lost = node("b", NodeState::NotScraped, None);
    lost.worst = None;
    let mut nodes = vec![
        lost,
        node("d", NodeState::Unknown, None),
        node("c", NodeState::Ahead, Some(-6.0)),
        ok("a", 1.0),
        node("old", NodeState::Gone, None),
    ];
    let first = [
        "b: no data in Prometheus; no data in this range".to_owned(),
        format!("d: no consensus among the references; {PAST}"),
        format!("c: 6 blocks ahead; {PAST}"),
        format!("a: 1 block behind; {PAST}"),
    ];
    let lines = caption(NetworkState::Ok, &nodes, &[]);
    assert_eq!(lines[..3], ["polygon · 1 of 4 nodes ok; b: no data in Prometheus", LAST, UP]);
    assert_eq!(lines[3..7], first);
    assert_eq!(lines[7], format!("old: no longer watched; {PAST}"));
    nodes.pop();
    nodes.extend(["e", "f", "g", "h", "i"].map(|name| ok(name, 0.0)));
    let lines = caption(NetworkState::Ok, &nodes, &[]);
    assert_eq!(lines[0], "polygon · 6 of 9 nodes ok; b: no data in Prometheus");
    assert_eq!(lines[1], format!("{LAST}, the 8 worst of 9 nodes are shown"));
    assert_eq!(lines[3..7], first);
    assert_eq!(lines.len(), 3 + 8);
}

#[test]
fn eight_long_names_leave_room_for_all_that_matters() {
    let check = |state, since, warnings: &[Warning], end: &str| {
        let nodes: Vec<_> = (0..8)
            .map(|i| {
                let mut node = node(&format!("{}{i}", "m".repeat(62)), state, Some(48.0));
                node.outside_seconds = Some(80_000.0);
                node.missing_seconds.no_answer = Some(80_000.0);
                node.since = since;
                node
            })
            .collect();
        let lines = caption(NetworkState::Halted, &nodes, warnings);
        assert_eq!(lines.len(), 11 + warnings.len());
        assert!(lines[0].starts_with("polygon · the chain has halted; 0 of 8 nodes ok; mmm"), "{lines:?}");
        assert_eq!(lines[2], UP);
        assert!(lines[10 + warnings.len()].ends_with(end), "{lines:?}");
    };
    check(
        NodeState::Behind,
        None,
        &[],
        "mmm7: 48 blocks behind; at worst 2 blocks behind (Thu 1 Jan, 23:45)",
    );
    let wordy = [Warning::Said("so many words ".repeat(100))];
    let end = "mmm7: no consensus among the references since Thu 1 Jan, 00:01";
    check(NodeState::Unknown, Some(90.0), &wordy, end);
}

#[test]
fn a_time_that_comes_twice_has_its_zone() {
    let facts = |until| Facts {
        network: "polygon".into(),
        state: NetworkState::Ok,
        since: None,
        from: 0,
        until,
        step_seconds: 30,
        references: None,
        references_up: None,
        threshold_blocks: None,
        warnings: Vec::new(),
        nodes: Vec::new(),
        thresholds: None,
    };
    // Clocks in Berlin were set back on 2026-10-25 at 01:00 UTC.
    let (back, zone) = (1_792_890_000, TimeZone::get("Europe/Berlin").unwrap());
    let facts = facts(back + 7_200);
    let history = History {
        network: "polygon".into(),
        since: 0,
        until: back + 7_200,
        grid: Grid { start: 0, step: 30, len: 0 },
        watched: Vec::new(),
        nodes: 0,
        best: Vec::new(),
        threshold: Vec::new(),
    };
    let story = Story { facts: &facts, history: &history, warnings: &[], zone: &zone, words: &ENGLISH };
    for (seconds, want) in [(-5_400, "01:30"), (-1_800, "02:30 CEST"), (1_800, "02:30 CET"), (5_400, "03:30")]
    {
        assert_eq!(story.moment((back + seconds) as f64), want);
    }
}
