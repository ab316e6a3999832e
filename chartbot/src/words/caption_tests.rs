use super::*;
use crate::{
    samples::grid::{Cause, Column, Envelope, Grid},
    words::ENGLISH,
};

const SEEN: Column =
    Column { seen: Some(Envelope { min: -2.0, mean: 0.0, max: 1.0 }), missing: None, known: 1.0 };
const CALM: Tally = Tally { outside: Some(0.0), missing: 0.0, missing_since: None, worst: None };
const GONE: Column = Column { seen: None, missing: Some(Cause::NoAnswer), known: 0.0 };

type Now = (State, Option<f64>);

/// Two columns of half an hour up to 1970-01-02 00:30, for each node.
#[track_caller]
fn check(nodes: &[(&str, Now, [Column; 2], Tally)], notes: &[String], want: &[&str]) {
    check_in(Some(NetworkState::Ok), nodes, notes, want);
}

#[track_caller]
fn check_in(
    state: Option<NetworkState>,
    nodes: &[(&str, Now, [Column; 2], Tally)],
    notes: &[String],
    want: &[&str],
) {
    assert_eq!(caption(state, nodes, notes), want);
}

/// The lines of a caption.
fn caption(
    state: Option<NetworkState>,
    nodes: &[(&str, Now, [Column; 2], Tally)],
    notes: &[String],
) -> Vec<String> {
    let start = 86_400 - 1_800;
    let history = History {
        network: "polygon".into(),
        since: start,
        until: start + 3_600,
        grid: Grid { start, step: 1_800, len: 2 },
        watched: nodes
            .iter()
            .map(|(node, _, columns, _)| Watched { node: (*node).into(), columns: columns.to_vec() })
            .collect(),
        best: vec![None; 2],
        threshold: vec![Some(5.0), None],
    };
    let network = Network {
        name: "polygon".into(),
        nodes: nodes
            .iter()
            .map(|(name, (state, offset), ..)| Node { name: (*name).into(), state: *state, offset: *offset })
            .collect(),
        state,
        references: Some(9.0),
        references_up: Some(8.0),
        spacing: 15,
        newest: None,
    };
    let tallies: Vec<_> = nodes
        .iter()
        .map(|(.., columns, tally)| Tally {
            worst: crate::samples::tally::worst(&history, columns),
            ..*tally
        })
        .collect();
    let caption = write(Story {
        network: &network,
        history: &history,
        tallies: &tallies,
        notes,
        zone: &TimeZone::UTC,
        words: &ENGLISH,
    });
    assert!(caption.encode_utf16().count() <= LIMIT);
    caption.lines().map(str::to_owned).collect()
}

#[test]
fn one_node() {
    let spike =
        Column { seen: Some(Envelope { min: -48.0, mean: -3.0, max: 1.0 }), missing: None, known: 1.0 };
    let tally = Tally { outside: Some(840.0), missing: 180.0, ..CALM };
    check(
        &[("my-node", (State::Behind, Some(-12.0)), [spike, SEEN], tally)],
        &["Prometheus warns: a store is away".into()],
        &[
            "polygon · my-node: 12 blocks behind",
            "last hour, corridor ±5 blocks",
            "Prometheus warns: a store is away",
            "at worst 48 blocks behind (Thu 1 Jan, 23:45); 14 minutes outside the corridor; \
             3 minutes without data",
            "8 of 9 references up, times in UTC",
        ],
    );
    let tally = Tally { outside: Some(0.0), missing: 1_800.0, missing_since: Some(86_700.0), worst: None };
    check(
        &[("my-node", (State::Unreachable, None), [SEEN, GONE], tally)],
        &[],
        &[
            "polygon · my-node: no answer since 00:05",
            "last hour, corridor ±5 blocks",
            "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor; \
             30 minutes without data",
            "8 of 9 references up, times in UTC",
        ],
    );
}

#[test]
fn what_the_exporter_says_of_node_and_network() {
    let tally = CALM;
    let past = "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor";
    let last = "last hour, corridor ±5 blocks";
    for (network, now, first) in [
        (NetworkState::Halted, (State::Ok, Some(0.0)), "level with the median; the chain has halted"),
        (
            NetworkState::Split,
            (State::Stalled, Some(-40.0)),
            "stalled, 40 blocks behind; the references disagree",
        ),
        (NetworkState::Ok, (State::WrongChain, None), "wrong chain"),
    ] {
        check_in(
            Some(network),
            &[("my-node", now, [SEEN; 2], tally)],
            &[],
            &[&format!("polygon · my-node: {first}"), last, past, "8 of 9 references up, times in UTC"],
        );
    }
}

#[test]
fn several_nodes_the_worst_first() {
    let known = |offset| (State::Ok, Some(offset));
    let mut nodes = vec![
        ("a", known(-1.0), [SEEN; 2], CALM),
        ("b", (State::NotScraped, None), [GONE; 2], CALM),
        ("c", (State::Ahead, Some(6.0)), [SEEN; 2], CALM),
        ("d", (State::NoConsensus, None), [SEEN; 2], CALM),
    ];
    const PAST: &str = "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor";
    let last = "last hour, corridor ±5 blocks";
    let up = "8 of 9 references up, times in UTC";
    check(
        &nodes,
        &[],
        &[
            "polygon · 1 of 4 nodes ok; d: no consensus among the references",
            last,
            up,
            &format!("d: no consensus among the references; {PAST}"),
            &format!("c: 6 blocks ahead; {PAST}"),
            &format!("a: 1 block behind; {PAST}"),
            "b: no data in Prometheus; no data in this range",
        ],
    );
    nodes.extend(["e", "f", "g", "h", "i"].map(|name| (name, known(0.0), [SEEN; 2], CALM)));
    let level = |name| format!("{name}: level with the median; {PAST}");
    check(
        &nodes,
        &[],
        &[
            "polygon · 6 of 9 nodes ok; d: no consensus among the references",
            "last hour, corridor ±5 blocks, the 8 worst of 9 nodes are shown",
            up,
            &format!("d: no consensus among the references; {PAST}"),
            &format!("c: 6 blocks ahead; {PAST}"),
            &format!("a: 1 block behind; {PAST}"),
            &level("e"),
            &level("f"),
            &level("g"),
            &level("h"),
            // It gave no answer, so it is one of the worst that the chart shows.
            "b: no data in Prometheus; no data in this range",
        ],
    );
}

#[test]
fn eight_long_names_leave_room_for_all_that_matters() {
    let names: Vec<String> = (0..8).map(|i| format!("{}{i}", "m".repeat(62))).collect();
    let away = Tally { outside: Some(80_000.0), missing: 80_000.0, missing_since: Some(90.0), worst: None };
    let check = |state, notes: &[String], last: &str| {
        let node = |name: &String| (name.clone(), (state, Some(-48.0)), [SEEN; 2], away);
        let nodes: Vec<_> = names.iter().map(node).collect();
        let nodes: Vec<_> = nodes.iter().map(|it| (it.0.as_str(), it.1, it.2, it.3)).collect();
        let lines = caption(Some(NetworkState::Halted), &nodes, notes);
        assert_eq!(lines.len(), 11 + notes.len());
        assert!(lines[0].starts_with("polygon · the chain has halted; 0 of 8 nodes ok; mmm"), "{lines:?}");
        assert_eq!(lines[2], "8 of 9 references up, times in UTC");
        assert!(lines[10 + notes.len()].ends_with(last), "{lines:?}");
    };
    check(State::Behind, &[], "mmm7: 48 blocks behind; at worst 2 blocks behind (Thu 1 Jan, 23:45)");
    let wordy = ["so many words ".repeat(100)];
    check(State::NoConsensus, &wordy, "mmm7: no consensus among the references since Thu 1 Jan, 00:01");
}
