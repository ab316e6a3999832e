//! What a network goes through, round by round, and what is told of it then.
//!
//! A row is a round: `seconds | references | watched => network median max | references |
//! watched`. Before the arrow stand the answers: a block, `-` for none in time, `w` for
//! another chain. After it stand the states, with a `!` for a reference that was set aside
//! as implausible; a watched node also has its lag, the seconds behind,
//! and its regressions so far as `r2` once there are any. `15+600` is a round at 15 s by
//! the monotonic clock, before which the clock on the wall went 600 s further.
//!
//! Everywhere: asked every 15 s, threshold 5, stall_after 60 s, quorum 2, max_lead 100.

use tokio::time::Instant;

use super::*;

/// A network of so many nodes that nothing is known of yet.
pub fn network(references: usize, watched: usize) -> Network {
    let nodes = |prefix: &str, count: usize| {
        let node = |index| format!("{{name: {prefix}{index}, url: 'http://{prefix}{index}'}}");
        (0..count).map(node).collect::<Vec<_>>().join(", ")
    };
    let text = format!(
        "networks:\n- {{name: polygon, protocol: evm, chain_id: 137, references: [{}], watched: [{}]}}\n",
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

pub fn answer(head: Result<u64, Reason>) -> Answer {
    Answer { head: head.map(|block| BlockNumber::new(block).unwrap()), took: Duration::from_millis(20) }
}

fn answers(cell: &str) -> Vec<Answer> {
    let read = |word: &str| match word {
        "-" => Err(Reason::Timeout),
        "w" => Err(Reason::WrongChain(BlockNumber::new(1).unwrap())),
        block => Ok(block.parse().unwrap()),
    };
    cell.split_whitespace().map(|word| answer(read(word))).collect()
}

/// What is told after a round, as the right half of a row.
fn told(snapshot: &Snapshot) -> String {
    let or_none = |number: Option<String>| number.unwrap_or_else(|| "-".into());
    let median = or_none(snapshot.consensus.median().map(|median| median.get().to_string()));
    let max = or_none(snapshot.consensus.max().map(|max| max.get().to_string()));
    let state = |node: &NodeSnapshot| {
        let mark = if matches!(node.failure, Some(Reason::Implausible(_))) { "!" } else { "" };
        format!("{}{mark}", node.state.label())
    };
    let references = snapshot.of_role(Role::Reference).map(state).collect::<Vec<_>>().join(" ");
    let watched = snapshot.of_role(Role::Watched).map(|node| {
        let lag = or_none(node.lag.map(|lag| lag.blocks().to_string()));
        let behind = or_none(node.behind_for.map(|behind| format!("{}s", behind.as_secs())));
        let regressions =
            if node.regressions > 0 { format!(" r{}", node.regressions) } else { String::new() };
        format!("{} {lag} {behind}{regressions}", node.state.label())
    });
    let watched: Vec<String> = watched.collect();
    format!("{} {median} {max} | {} | {}", snapshot.state.label(), references, watched.join(" "))
}

#[track_caller]
fn play(rows: &str) {
    let mut played: Option<Network> = None;
    let start = Instant::now();
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
        let network = played.get_or_insert_with(|| network(references.len(), watched.len()));
        let round = round(references, watched);
        let snapshot = network.fold(now, &round);
        want += &format!("{given}=> {}\n", wanted.split_whitespace().collect::<Vec<_>>().join(" "));
        seen += &format!("{given}=> {}\n", told(&snapshot).trim_end());
    }
    assert!(want == seen, "wanted\n{want}\nsaw\n{seen}");
}

#[test]
fn a_rogue_reference_far_ahead_counts_for_nothing() {
    play(
        "0  | 100 100 101 9000000 | 100 => ok 100 101 | ok ok ok ahead! | ok 0 0s
         15 | 107 107 108 9000007 | 107 => ok 107 108 | ok ok ok ahead! | ok 0 0s
         30 | 114 115 114 9000014 | 109 => ok 114 115 | ok ok ok ahead! | ok 5 0s
         45 | 121 121 121 122     | 114 => ok 121 122 | ok ok ok ok | behind 7 0s
         60 | 128 128 128 128     | 128 => ok 128 128 | ok ok ok ok | ok 0 0s",
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
fn a_low_liar_moves_the_median_by_no_more_than_honest_ones_differ() {
    play(
        "0  | 100 1 101 100 | 100 => ok 100 101 | ok behind ok ok | ok 0 0s
         15 | 107 1 106 108 | 107 => ok 106 108 | ok behind ok ok | ok -1 0s
         30 | 114 1 114 114 | 114 => ok 114 114 | ok behind ok ok | ok 0 0s
         45 | 121 1 121 121 | 121 => ok 121 121 | ok behind ok ok | ok 0 0s
         60 | 128 1 128 128 | 128 => ok 128 128 | ok stalled ok ok | ok 0 0s",
    );
}

#[test]
fn a_wrong_chain_is_set_aside_at_the_start_and_later() {
    play(
        "0  | 100 100 w | w   => ok 100 100 | ok ok wrong_chain | wrong_chain - -
         15 | 107 107 w | 107 => ok 107 107 | ok ok wrong_chain | ok 0 0s
         30 | 114 w   w | w   => no_consensus - - | unknown wrong_chain wrong_chain | wrong_chain - -
         45 | 121 w 121 | 121 => ok 121 121 | ok wrong_chain ok | ok 0 0s",
    );
}

#[test]
fn half_of_the_references_stand_still_while_the_others_move() {
    play(
        "0   | 100 100 100 100 | 100 => ok 100 100 | ok ok ok ok | ok 0 0s
         15  | 100 100 107 107 | 107 => ok 103 107 | ok ok ok ok | ok -4 0s
         30  | 100 100 114 114 | 114 => ok 107 114 | behind behind ahead ahead | ahead -7 0s
         60  | 100 100 128 128 | 128 => ok 114 128 | stalled stalled ahead ahead | ahead -14 0s
         75  | 100 100 135 135 | 100 => ok 117 135 | stalled stalled ahead ahead | behind 17 60s r1
         90  | 100 100 400 400 | 400 => split 100 100 | stalled stalled ahead! ahead! | ahead -300 0s r1
         105 | 100 100 407 407 | 407 => split 100 100 | stalled stalled ahead! ahead! | ahead -307 0s r1",
    );
}

#[test]
fn most_references_stand_still_while_the_others_move() {
    play(
        "0  | 100 100 100 100 100 | 100 => ok 100 100 | ok ok ok ok ok | ok 0 0s
         30 | 100 100 100 114 114 | 114 => ok 100 114 | ok ok ok ahead ahead | ahead -14 0s
         60 | 100 100 100 128 128 | 128 => split 100 128 | stalled stalled stalled ahead ahead | ahead -28 0s
         75 | 135 135 100 135 135 | 135 => ok 135 135 | ok ok stalled ok ok | ok 0 0s",
    );
}

#[test]
fn a_halt_blames_nobody_and_ends_with_the_first_new_block() {
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
fn a_watched_node_that_stands_still_is_behind_and_then_stalled() {
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
        "0  | 100 100 100 | 105  => ok 100 100 | ok ok ok | ok -5 0s
         15 | 107 107 107 | 113  => ok 107 107 | ok ok ok | ahead -6 0s
         30 | 114 114 114 | 9000 => ok 114 114 | ok ok ok | ahead -8886 0s
         45 | 121 121 121 | 121  => ok 121 121 | ok ok ok | ok 0 0s r1
         60 | 128 128 128 | 128  => ok 128 128 | ok ok ok | ok 0 0s r1
         75 | 135 135 135 | 135  => ok 135 135 | ok ok ok | ok 0 0s r1
         90 | 142 142 142 | 142  => ok 142 142 | ok ok ok | ok 0 0s r1",
    );
}

#[test]
fn back_ends_that_flap_are_counted_and_not_called_stalled() {
    play(
        "0   | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15  | 107 107 107 | 98  => ok 107 107 | ok ok ok | behind 9 15s r1
         30  | 114 114 114 | 114 => ok 114 114 | ok ok ok | ok 0 0s r1
         45  | 121 121 121 | 112 => ok 121 121 | ok ok ok | behind 9 15s r2
         60  | 128 128 128 | 119 => ok 128 128 | ok ok ok | behind 9 15s r2
         75  | 135 135 135 | 118 => ok 135 135 | ok ok ok | behind 17 30s r3
         90  | 142 142 142 | 142 => ok 142 142 | ok ok ok | ok 0 0s r3",
    );
}

#[test]
fn a_reorganisation_is_no_standstill() {
    play(
        "0  | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15 | 107 107 107 | 107 => ok 107 107 | ok ok ok | ok 0 0s
         30 | 103 103 103 | 107 => ok 103 103 | ok ok ok | ok -4 0s
         45 | 105 106 106 | 103 => ok 106 106 | ok ok ok | ok 3 0s r1
         60 | 112 112 112 | 112 => ok 112 112 | ok ok ok | ok 0 0s r1",
    );
}

#[test]
fn a_chain_begun_anew_is_not_halted_for_ever() {
    play(
        "0  | 90000 90000 90000 | 90000 => ok 90000 90000 | ok ok ok | ok 0 0s
         15 | 1 1 1             | 1     => ok 1 1 | ok ok ok | ok 0 0s r1
         30 | 8 8 8             | 8     => ok 8 8 | ok ok ok | ok 0 0s r1
         45 | 15 15 15          | 15    => ok 15 15 | ok ok ok | ok 0 0s r1
         60 | 22 22 22          | 22    => ok 22 22 | ok ok ok | ok 0 0s r1
         75 | 29 29 29          | 29    => ok 29 29 | ok ok ok | ok 0 0s r1",
    );
}

#[test]
fn a_chain_that_speeds_up_is_judged_in_blocks() {
    play(
        "0  | 100 100 101 | 99  => ok 100 101 | ok ok ok | ok 1 0s
         15 | 300 299 301 | 200 => ok 300 301 | ok ok ok | behind 100 0s
         30 | 700 690 710 | 500 => ok 700 710 | ok behind ahead | behind 200 0s
         45 | 1500 1601 1499 | 1500 => ok 1499 1500 | ok ahead! ok | ok -1 0s",
    );
}

#[test]
fn after_a_start_nothing_is_still_until_it_was_watched() {
    play(
        "0  | 100 100 90 | -   => ok 100 100 | ok ok behind | unreachable - -
         15 | 100 100 90 | 90  => ok 100 100 | ok ok behind | behind 10 15s
         30 | 100 100 90 | 90  => ok 100 100 | ok ok behind | behind 10 30s
         45 | 100 100 90 | 90  => ok 100 100 | ok ok behind | behind 10 45s
         60 | 100 100 90 | 90  => halted 100 100 | ok ok behind | behind 10 60s
         75 | 101 101 90 | 90  => ok 101 101 | ok ok behind | behind 11 75s
         105 | 113 113 90 | 90 => ok 113 113 | ok ok behind | behind 23 105s
         120 | 119 119 90 | 90 => ok 119 119 | ok ok behind | behind 29 120s
         135 | 125 125 90 | 90 => ok 125 125 | ok ok stalled | stalled 35 135s",
    );
}

#[test]
fn after_a_restart_a_node_far_behind_is_behind_at_once() {
    play(
        "0  | 9000 9000 9001 | 100 => ok 9000 9001 | ok ok ok | behind 8900 0s
         15 | 9007 9007 9007 | 100 => ok 9007 9007 | ok ok ok | behind 8907 15s
         60 | 9028 9028 9028 | 100 => ok 9028 9028 | ok ok ok | stalled 8928 60s",
    );
}

#[test]
fn below_the_quorum_nobody_is_judged_and_the_time_behind_goes_on_after() {
    play(
        "0  | 100 100 | 100 => ok 100 100 | ok ok | ok 0 0s
         15 | 107 107 | 100 => ok 107 107 | ok ok | behind 7 0s
         30 | 114 -   | 100 => no_consensus - - | unknown unreachable | unknown - -
         45 | -   -   | -   => no_consensus - - | unreachable unreachable | unreachable - -
         60 | 128 129 | 100 => ok 128 129 | ok ok | stalled 28 45s",
    );
}

#[test]
fn a_machine_that_slept_watches_anew() {
    play(
        "0      | 100 100 100 | 100 => ok 100 100 | ok ok ok | ok 0 0s
         15     | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 0s
         30+600 | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 0s
         45     | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 15s
         75     | 107 107 107 | 100 => ok 107 107 | ok ok ok | behind 7 45s
         90     | 108 108 108 | 100 => ok 108 108 | ok ok ok | behind 8 60s
         600    | 108 108 108 | 100 => ok 108 108 | ok ok ok | behind 8 0s",
    );
}
