//! What a network goes through, round by round, and what is published of it then.
//!
//! A row is a round: `seconds | references | watched => network median max | references |
//! watched`. Before the arrow are the answers: a block, `-` for none in time, `w` for
//! another chain. After it are the states; a reference that answered and is not counted has a
//! `~`, an implausible one a `!`; a watched node also has its lag, the seconds behind, and its
//! regressions so far as `r2` once there are any. `15+600` is a round at 15 s by the
//! monotonic clock, before which the wall clock went 600 s further.
//!
//! Everywhere: asked every 15 s, threshold 5, stall_after 60 s, quorum 2, max_lead 100.

use super::*;
use crate::clock;

/// A network of so many nodes of which nothing is known yet.
pub fn network(references: usize, watched: usize) -> Network {
    network_with("quorum: 2", references, watched)
}

fn network_with(settings: &str, references: usize, watched: usize) -> Network {
    let nodes = |prefix: &str, count: usize| {
        let node = |index| format!("{{name: {prefix}{index}, url: 'http://{prefix}{index}'}}");
        (0..count).map(node).collect::<Vec<_>>().join(", ")
    };
    let text = format!(
        "networks:\n- {{name: polygon, protocol: evm, {settings}, references: [{}], watched: [{}]}}\n",
        nodes("reference", references),
        nodes("watched", watched),
    );
    let config = config::read(&text, "".as_ref(), &|_| None).unwrap();
    Network::new(config.networks.into_iter().next().unwrap())
}

/// A round in which the nodes answered this.
pub fn round(references: Vec<Answer>, watched: Vec<Answer>) -> Round {
    Round { took: Duration::ZERO, answers: [watched, references].concat() }
}

/// An answer with this outcome.
pub fn answer(head: Result<u64, Reason>) -> Answer {
    Answer { head: head.map(|block| BlockNumber::new(block).unwrap()), took: Some(Duration::from_millis(20)) }
}

fn answers(cell: &str) -> Vec<Answer> {
    let read = |word: &str| match word {
        "-" => Err(Reason::Timeout),
        "w" => Err(Reason::WrongChain(BlockNumber::new(1).unwrap())),
        block => Ok(block.parse().unwrap()),
    };
    cell.split_whitespace().map(|word| answer(read(word))).collect()
}

/// What is published after a round, as the right half of a row.
fn published(snapshot: &Snapshot) -> String {
    let or_none = |number: Option<String>| number.unwrap_or_else(|| "-".into());
    let median = or_none(snapshot.consensus.map(|of| of.median.block.get().to_string()));
    let max = or_none(snapshot.consensus.map(|of| of.max.block.get().to_string()));
    let state = |node: &NodeSnapshot| {
        let mark = match node.failure {
            Some(Reason::Implausible(_)) => "!",
            None if !node.is_counted => "~",
            _ => "",
        };
        format!("{}{mark}", node.state.label())
    };
    let references = snapshot.of_role(Role::Reference).map(state).collect::<Vec<_>>().join(" ");
    let watched = snapshot.of_role(Role::Watched).map(|node| {
        let lag = or_none(node.lag.map(|lag| lag.blocks().to_string()));
        let behind = or_none(node.behind_for.map(|behind| format!("{}s", behind.as_secs())));
        let regressions = if node.counters.regressions > 0 {
            format!(" r{}", node.counters.regressions)
        } else {
            String::new()
        };
        format!("{} {lag} {behind}{regressions}", node.state.label())
    });
    let watched: Vec<String> = watched.collect();
    format!("{} {median} {max} | {} | {}", snapshot.state.label(), references, watched.join(" "))
}

#[track_caller]
fn play(rows: &str) {
    play_with("quorum: 2", rows);
}

#[track_caller]
fn play_with(settings: &str, rows: &str) {
    let mut played: Option<Network> = None;
    let start = clock::now();
    let mut slept = 0.0;
    let (mut want, mut seen) = (String::new(), String::new());
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (given, wanted) = row.split_once("=>").unwrap();
        let [at, references, watched] = given.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let (at, asleep) = at.trim().split_once('+').unwrap_or((at.trim(), "0"));
        slept += asleep.parse::<f64>().unwrap();
        let seconds: u64 = at.parse().unwrap();
        let now = Moment {
            unix: 1_790_000_000.0 + seconds as f64 + slept,
            monotonic: start + Duration::from_secs(seconds),
        };
        let (references, watched) = (answers(references), answers(watched));
        let network = played.get_or_insert_with(|| network_with(settings, references.len(), watched.len()));
        let round = round(references, watched);
        let snapshot = network.fold(now, &round);
        want += &format!("{given}=> {}\n", wanted.split_whitespace().collect::<Vec<_>>().join(" "));
        seen += &format!("{given}=> {}\n", published(&snapshot).trim_end());
    }
    assert!(want == seen, "wanted\n{want}\nsaw\n{seen}");
}

#[test]
fn a_rogue_reference_far_ahead_counts_for_nothing() {
    play(
        "0  | 100 100 101 9000000 | 100 => ok 100 101 | ok ok ok ahead! | ok 0 0s
         15 | 107 107 108 9000007 | 107 => ok 107 108 | ok ok ok ahead! | ok 0 0s
         30 | 114 115 114 9000014 | 109 => ok 114 115 | ok ok ok ahead! | ok 5 0s
         45 | 121 121 121 122     | 114 => ok 121 121 | ok ok ok ok~ | behind 7 0s
         60 | 128 128 128 128     | 128 => ok 128 128 | ok ok ok ok~ | ok 0 0s
         75 | 135 135 135 135     | 135 => ok 135 135 | ok ok ok ok~ | ok 0 0s
         90 | 142 142 142 142     | 142 => ok 142 142 | ok ok ok ok~ | ok 0 0s
         105 | 149 149 149 149     | 149 => ok 149 149 | ok ok ok ok | ok 0 0s",
    );
}

#[test]
fn a_rogue_reference_slightly_ahead_moves_the_median_by_no_more_than_honest_ones_differ() {
    play(
        "0  | 100 100 101 200 | 100 => ok 100 200 | ok ok ok ahead | ok 0 0s
         15 | 107 106 108 207 | 107 => ok 107 207 | ok ok ok ahead | ok 0 0s
         30 | 114 115 114 214 | 114 => ok 114 214 | ok ok ok ahead | ok 0 0s",
    );
}

#[test]
fn a_low_liar_counts_for_nothing() {
    play(
        "0  | 1000 1 1001 1000 | 1000 => ok 1000 1001 | ok behind~ ok ok | ok 0 0s
         15 | 1007 1 1006 1008 | 1007 => ok 1007 1008 | ok behind~ ok ok | ok 0 0s
         30 | 1014 1 1014 1014 | 1014 => ok 1014 1014 | ok behind~ ok ok | ok 0 0s
         45 | 1021 1 1021 1021 | 1021 => ok 1021 1021 | ok behind~ ok ok | ok 0 0s
         60 | 1028 1 1028 1028 | 1028 => ok 1028 1028 | ok stalled~ ok ok | ok 0 0s",
    );
}

#[test]
fn a_wrong_chain_is_set_aside_at_the_start_and_later() {
    play(
        "0  | 100 100 w | w => ok 100 100 | ok ok wrong_chain | wrong_chain - -
         15 | 107 107 w | 107 => ok 107 107 | ok ok wrong_chain | ok 0 0s
         30 | 114 w   w | w => no_consensus - - | unknown wrong_chain wrong_chain | wrong_chain - -
         45 | 121 w 121 | 121 => ok 121 121 | ok wrong_chain ok | ok 0 0s
         60 | 128 -   - | 128 => no_consensus - - | unknown unreachable unreachable | unknown - -",
    );
}

#[test]
fn what_a_node_answered_before_it_turned_to_another_chain_counts_no_longer() {
    play(
        "0  | 1000 1000 1000 | 1000 => ok 1000 1000 | ok ok ok | ok 0 0s
         15 | 1007 1207 w    | 1007 => ok 1107 1207 | behind ahead wrong_chain | behind 100 0s",
    );
}

#[test]
fn half_of_the_references_are_stuck_and_so_is_the_watched_node() {
    play(
        "0   | 100 100 100 100 | 100 => ok 100 100 | ok ok ok ok | ok 0 0s
         15  | 100 100 107 107 | 100 => ok 103 107 | ok ok ok ok | ok 3 0s
         30  | 100 100 114 114 | 100 => ok 107 114 | behind behind ahead ahead | behind 7 15s
         45  | 100 100 121 121 | 100 => ok 110 121 | behind behind ahead ahead | behind 10 30s
         60  | 100 100 128 128 | 100 => ok 128 128 | stalled~ stalled~ ok ok | stalled 28 45s
         75  | 100 100 135 135 | 100 => ok 135 135 | stalled~ stalled~ ok ok | stalled 35 60s
         90  | 100 100 240 240 | 100 => ok 240 240 | stalled~ stalled~ ok ok | stalled 140 75s
         105 | 100 100 407 407 | 100 => ok 407 407 | stalled~ stalled~ ok ok | stalled 307 90s
         120 | 100 100 414 414 | 414 => ok 414 414 | stalled~ stalled~ ok ok | ok 0 0s",
    );
}

#[test]
fn most_references_are_stuck() {
    play(
        "0  | 100 100 100 100 100 | 100 => ok 100 100 | ok ok ok ok ok | ok 0 0s
         30 | 100 100 100 114 114 | 114 => ok 100 114 | ok ok ok ahead ahead | ahead -14 0s
         60 | 100 100 100 128 128 | 128 => ok 128 128 | stalled~ stalled~ stalled~ ok ok | ok 0 0s
         75 | 135 135 100 135 135 | 135 => ok 135 135 | ok ok stalled~ ok ok | ok 0 0s",
    );
}

#[test]
fn stuck_references_and_fewer_others_than_the_quorum_are_split() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 100 100 107 | 100 => ok 100 107 | ok ok ahead | ok 0 0s
         45  | 100 100 121 | 100 => ok 100 121 | ok ok ahead | ok 0 0s
         60  | 100 100 128 | 100 => split - - | unknown unknown unknown | unknown - -
         90  | 100 100 242 | 100 => split - - | unknown unknown unknown | unknown - -
         135 | 100 100 360 | 100 => split - - | unknown unknown unknown | unknown - -
         150 | 367 100 367 | 100 => ok 367 367 | ok stalled~ ok | stalled 267 0s",
    );
}

#[test]
fn a_halt_blames_no_node_and_ends_with_the_first_new_block() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 107 107 107 | 101 => ok 107 107 | ok ok ok | behind 6 0s
         30  | 107 107 107 | 101 => ok 107 107 | ok ok ok | behind 6 15s
         45  | 107 107 107 | 101 => ok 107 107 | ok ok ok | behind 6 30s
         60  | 107 107 107 | 101 => ok 107 107 | ok ok ok | behind 6 45s
         75  | 107 107 107 | 101 => halted 107 107 | ok ok ok | behind 6 60s
         90  | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         105 | 108 108 107 | 107 => ok 108 108 | ok ok ok | ok 1 0s
         120 | 114 114 114 | 114 => ok 114 114 | ok ok ok | ok 0 0s",
    );
}

#[test]
fn a_halt_beside_a_rogue_that_was_never_believed() {
    play(
        "0   | 100 100 100 9000 | 100 => ok 100 100 | ok ok ok ahead! | ok 0 0s
         15  | 107 107 107 9005 | 107 => ok 107 107 | ok ok ok ahead! | ok 0 0s
         30  | 107 107 107 9010 | 107 => ok 107 107 | ok ok ok ahead! | ok 0 0s
         60  | 107 107 107 9020 | 107 => ok 107 107 | ok ok ok ahead! | ok 0 0s
         75  | 107 107 107 9025 | 107 => halted 107 107 | ok ok ok ahead! | ok 0 0s
         90  | 107 107 107 9030 | 107 => halted 107 107 | ok ok ok ahead! | ok 0 0s
         135 | 107 107 107 9045 | 107 => halted 107 107 | ok ok ok ahead! | ok 0 0s
         150 | 114 114 114 9050 | 114 => ok 114 114 | ok ok ok ahead! | ok 0 0s",
    );
}

#[test]
fn a_halt_beside_nodes_that_catch_up_from_far_below() {
    play(
        "0   | 9000 9000 9000 100 | 200 => ok 9000 9000 | ok ok ok behind~ | behind 8800 0s
         15  | 9007 9007 9007 900 | 950 => ok 9007 9007 | ok ok ok behind~ | behind 8057 15s
         30  | 9007 9007 9007 1700 | 1700 => ok 9007 9007 | ok ok ok behind~ | behind 7307 30s
         60  | 9007 9007 9007 3300 | 3200 => ok 9007 9007 | ok ok ok behind~ | behind 5807 60s
         75  | 9007 9007 9007 4100 | 3950 => halted 9007 9007 | ok ok ok behind~ | behind 5057 75s
         90  | 9007 9007 9007 4900 | 4700 => halted 9007 9007 | ok ok ok behind~ | behind 4307 90s",
    );
}

#[test]
fn a_node_that_gets_the_first_block_after_a_halt_late_is_not_stalled() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         60  | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         75  | 107 107 107 | 107 => halted 107 107 | ok ok ok | ok 0 0s
         90  | 107 107 107 | 107 => halted 107 107 | ok ok ok | ok 0 0s
         105 | 108 108 108 | 107 => ok 108 108 | ok ok ok | ok 1 0s
         120 | 109 109 109 | 107 => ok 109 109 | ok ok ok | ok 2 15s
         150 | 112 112 112 | 107 => ok 112 112 | ok ok ok | ok 5 45s
         165 | 114 114 114 | 107 => ok 114 114 | ok ok ok | stalled 7 60s",
    );
}

#[test]
fn a_halt_that_ends_while_references_are_lost_blames_no_node() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         45  | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         75  | 107 107 107 | 107 => halted 107 107 | ok ok ok | ok 0 0s
         90  | -   -   108 | 107 => no_consensus - - | unreachable unreachable unknown | unknown - -
         105 | 108 108 108 | 107 => ok 108 108 | ok ok ok | ok 1 0s
         120 | 108 108 108 | 108 => ok 108 108 | ok ok ok | ok 0 0s",
    );
}

#[test]
fn on_a_quiet_chain_no_node_is_stalled_for_having_been_first() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 100 100 100 | 101 => ok 100 100 | ok ok ok | ok -1 0s
         30  | 101 101 101 | 101 => ok 101 101 | ok ok ok | ok 0 0s
         75  | 101 101 101 | 101 => ok 101 101 | ok ok ok | ok 0 0s
         90  | 101 101 101 | 101 => halted 101 101 | ok ok ok | ok 0 0s
         105 | 101 101 101 | 101 => halted 101 101 | ok ok ok | ok 0 0s",
    );
}

#[test]
fn references_that_sync_and_answer_0_are_split_until_they_are_still() {
    play(
        "0   | 0 0 9000 9000 | 9000 => split - - | unknown unknown unknown unknown | unknown - -
         15  | 0 0 9007 9007 | 9007 => split - - | unknown unknown unknown unknown | unknown - -
         45  | 0 0 9021 9021 | 9021 => split - - | unknown unknown unknown unknown | unknown - -
         60  | 0 0 9028 9028 | 9028 => ok 9028 9028 | stalled~ stalled~ ok ok | ok 0 0s
         75  | 0 0 9035 9035 | 9035 => ok 9035 9035 | stalled~ stalled~ ok ok | ok 0 0s",
    );
}

#[test]
fn two_references_that_contradict_each_other_are_split() {
    play_with(
        "quorum: 1",
        "0   | 0 9000 | 9000 => split - - | unknown unknown | unknown - -
         15  | 0 9007 | 9007 => split - - | unknown unknown | unknown - -
         60  | 0 9028 | 9028 => ok 9028 9028 | stalled~ ok | ok 0 0s
         75  | 0 9035 | - => ok 9035 9035 | stalled~ ok | unreachable - -",
    );
}

#[test]
fn references_behind_balancers_with_a_stuck_back_end() {
    play(
        "0   | 900 900 900 900 | 900 => ok 900 900 | ok ok ok ok | ok 0 0s
         15  | 907 50 907 907  | 907 => ok 907 907 | ok behind~ ok ok | ok 0 0s
         30  | 50 914 50 914   | 914 => ok 914 914 | behind~ ok behind~ ok | ok 0 0s
         45  | 921 50 921 50   | 921 => ok 921 921 | ok behind~ ok behind~ | ok 0 0s
         60  | 50 50 928 928   | 928 => ok 928 928 | behind~ behind~ ok ok | ok 0 0s
         75  | 935 50 50 50    | 935 => no_consensus - - | unknown unknown~ unknown~ unknown~ | unknown - -
         90  | 50 942 50 942   | 942 => ok 942 942 | behind~ ok behind~ ok | ok 0 0s",
    );
}

#[test]
fn a_lost_answer_beside_a_rogue_and_a_low_one_changes_nothing() {
    play(
        "0   | 1000 1000 1000 9000 5 | 1000 => ok 1000 1000 | ok ok ok ahead! behind~ | ok 0 0s
         15  | 1007 1007 -    9007 6 | 1007 => ok 1007 1007 | ok ok unreachable ahead! behind~ | ok 0 0s
         30  | 1014 -    1014 9014 7 | 1014 => ok 1014 1014 | ok unreachable ok ahead! behind~ | ok 0 0s
         45  | -    -    1021 9021 8 | 1021 => no_consensus - - | unreachable unreachable unknown unknown! unknown~ | unknown - -
         60  | 1028 1028 1028 9028 9 | - => ok 1028 1028 | ok ok ok ahead! behind~ | unreachable - -",
    );
}

#[test]
fn a_watched_node_that_is_stuck_is_behind_and_then_stalled() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 104 104 104 | 102 => ok 104 104 | ok ok ok | ok 2 0s
         30  | 109 109 109 | 102 => ok 109 109 | ok ok ok | behind 7 15s
         45  | 114 114 114 | 102 => ok 114 114 | ok ok ok | behind 12 30s
         60  | 119 119 119 | 102 => ok 119 119 | ok ok ok | behind 17 45s
         75  | 124 124 124 | 102 => ok 124 124 | ok ok ok | stalled 22 60s
         90  | 129 129 129 | 103 => ok 129 129 | ok ok ok | behind 26 75s
         105 | 134 134 134 | 134 => ok 134 134 | ok ok ok | ok 0 0s",
    );
}

#[test]
fn a_watched_node_may_be_ahead() {
    play(
        "0  | 100 100 100 | 105 => ok 100 100 | ok ok ok | ok -5 0s
         15 | 107 107 107 | 113 => ok 107 107 | ok ok ok | ahead -6 0s
         30 | 114 114 114 | 9000 => ok 114 114 | ok ok ok | ahead -8886 0s
         45 | 121 121 121 | 121 => ok 121 121 | ok ok ok | ok 0 0s r1
         60 | 128 128 128 | 128 => ok 128 128 | ok ok ok | ok 0 0s r1
         75 | 135 135 135 | 135 => ok 135 135 | ok ok ok | ok 0 0s r1
         90 | 142 142 142 | 142 => ok 142 142 | ok ok ok | ok 0 0s r1",
    );
}

#[test]
fn back_ends_that_flap_are_counted_and_not_stalled() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 107 107 107 | 98 => ok 107 107 | ok ok ok | behind 9 15s r1
         30  | 114 114 114 | 114 => ok 114 114 | ok ok ok | ok 0 0s r1
         45  | 121 121 121 | 112 => ok 121 121 | ok ok ok | behind 9 15s r2
         60  | 128 128 128 | 119 => ok 128 128 | ok ok ok | behind 9 15s r2
         75  | 135 135 135 | 118 => ok 135 135 | ok ok ok | behind 17 30s r3
         90  | 142 142 142 | 142 => ok 142 142 | ok ok ok | ok 0 0s r3",
    );
}

#[test]
fn after_a_reorganisation_no_node_is_still() {
    play(
        "0  | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15 | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         30 | 103 103 103 | 107 => ok 103 103 | ok ok ok | ok -4 0s
         45 | 105 106 106 | 103 => ok 106 106 | ok ok ok | ok 3 0s r1
         60 | 112 112 112 | 112 => ok 112 112 | ok ok ok | ok 0 0s r1",
    );
}

#[test]
fn a_chain_that_starts_anew_is_followed() {
    play(
        "0  | 90000 90000 90000 | 90000 => ok 90000 90000 | ok ok ok | ok 0 0s
         15 | 1 1 1             | 1 => no_consensus - - | unknown~ unknown~ unknown~ | unknown - - r1
         30 | 8 8 8             | 8 => no_consensus - - | unknown~ unknown~ unknown~ | unknown - - r1
         45 | 15 15 15          | 15 => no_consensus - - | unknown~ unknown~ unknown~ | unknown - - r1
         60 | 22 22 22          | 22 => ok 22 22 | ok ok ok | ok 0 0s r1
         75 | 29 29 29          | 29 => ok 29 29 | ok ok ok | ok 0 0s r1
         90 | 36 36 36          | 29 => ok 36 36 | ok ok ok | behind 7 0s r1
         135 | 57 57 57          | 29 => ok 57 57 | ok ok ok | stalled 28 45s r1",
    );
}

#[test]
fn a_chain_that_speeds_up_is_judged_in_blocks() {
    play(
        "0  | 100 100 101 | 99 => ok 100 101 | ok ok ok | ok 1 0s
         15 | 300 299 301 | 200 => ok 300 301 | ok ok ok | behind 100 0s
         30 | 700 690 710 | 500 => ok 700 710 | ok behind ahead | behind 200 0s
         45 | 1500 1601 1499 | 1500 => ok 1499 1500 | ok ahead! ok | ok -1 0s",
    );
}

#[test]
fn after_a_start_nothing_is_still_until_it_was_observed() {
    play(
        "0  | 100 100 90 | - => ok 100 100 | ok ok behind | unreachable - -
         15 | 100 100 90 | 90 => ok 100 100 | ok ok behind | behind 10 15s
         30 | 100 100 90 | 90 => ok 100 100 | ok ok behind | behind 10 30s
         45 | 100 100 90 | 90 => ok 100 100 | ok ok behind | behind 10 45s
         60 | 100 100 90 | 90 => halted 100 100 | ok ok behind | behind 10 60s
         75 | 101 101 90 | 90 => ok 101 101 | ok ok behind~ | behind 11 75s
         105 | 113 113 90 | 90 => ok 113 113 | ok ok behind~ | behind 23 105s
         120 | 119 119 90 | 90 => ok 119 119 | ok ok behind~ | behind 29 120s
         135 | 125 125 90 | 90 => ok 125 125 | ok ok stalled~ | stalled 35 135s",
    );
}

#[test]
fn after_a_restart_a_node_far_behind_is_behind_at_once() {
    play(
        "0  | 9000 9000 9001 | 100 => ok 9000 9001 | ok ok ok | behind 8900 0s
         15 | 9007 9007 9007 | 100 => ok 9007 9007 | ok ok ok | behind 8907 15s
         45 | 9021 9021 9021 | 100 => ok 9021 9021 | ok ok ok | behind 8921 45s
         60 | 9028 9028 9028 | 100 => ok 9028 9028 | ok ok ok | stalled 8928 60s",
    );
}

#[test]
fn below_the_quorum_no_node_is_judged_and_the_time_behind_goes_on_after() {
    play(
        "0  | 100 100 | 100 => ok 100 100 | ok ok | ok 0 0s
         15 | 107 107 | 100 => ok 107 107 | ok ok | behind 7 0s
         30 | 114 -   | 100 => no_consensus - - | unknown unreachable | unknown - -
         45 | -   -   | - => no_consensus - - | unreachable unreachable | unreachable - -
         60 | 128 129 | 100 => ok 128 129 | ok ok | stalled 28 45s",
    );
}

#[test]
fn after_the_machine_was_suspended_the_history_starts_afresh() {
    play(
        "0      | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15     | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 0s
         30+600 | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 0s
         45     | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 15s
         75     | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 45s
         90     | 107 107 107 | 100 => halted 107 107 | ok ok ok | behind 7 60s
         105    | 114 114 114 | 100 => ok 114 114 | ok ok ok | behind 14 75s
         600    | 121 121 121 | 100 => ok 121 121 | ok ok ok | behind 21 0s",
    );
}

#[test]
fn a_paused_node_is_unreachable_and_nothing_of_it_is_counted() {
    let mut network = network(2, 1);
    let mut now = Moment { unix: 0.0, monotonic: clock::now() };
    let mut snapshots = [Some(Duration::ZERO), None, None].map(|took| {
        now = Moment { unix: now.unix + 15.0, monotonic: now.monotonic + Duration::from_secs(15) };
        let dead = Answer { took, ..answer(Err(Reason::Timeout)) };
        network.fold(now, &round(vec![answer(Ok(100)), dead], vec![answer(Ok(100))]))
    });
    let dead = |snapshot: &Snapshot| snapshot.nodes[2].clone();
    let counters = dead(&snapshots[0]).counters;
    assert_eq!(counters.errors.iter().sum::<u64>(), 1);
    for snapshot in &mut snapshots[1..] {
        assert_eq!(dead(snapshot).state, NodeState::Unreachable);
        assert_eq!(dead(snapshot).counters, counters);
    }
}
