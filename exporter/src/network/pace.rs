//! When the block time of a network is known, and when not.

use super::{
    scenarios::{answer, network, round},
    *,
};
use crate::clock;

/// Rounds of two references: when, in seconds, what they answered (0: nothing), and the state of the
/// network then, with its block time in seconds.
#[track_caller]
fn check(rounds: &[(u64, [u64; 2], &str)]) {
    let (mut network, start) = (network(2, 1), clock::now());
    for (seconds, references, want) in rounds {
        let now = Moment { unix: *seconds as f64, monotonic: start + Duration::from_secs(*seconds) };
        let said = |block: u64| answer(if block > 0 { Ok(block) } else { Err(Reason::Timeout) });
        let snapshot = network.fold(now, &round(references.map(said).to_vec(), vec![said(0)]));
        let time = snapshot.block_time.map_or("-".into(), |time| time.as_secs_f64().to_string());
        assert_eq!(format!("{} {time}", snapshot.state.label()), *want, "at {seconds} s");
    }
}

/// Five rounds from a time and a block on, after which the block time is known.
fn five(seconds: u64, block: u64) -> Vec<(u64, [u64; 2], &'static str)> {
    let want = ["ok -", "ok -", "ok -", "ok -", "ok 3"];
    let rounds = (0..5).zip(want);
    rounds.map(|(round, want)| (seconds + 15 * round, [block + 5 * round; 2], want)).collect()
}

#[test]
fn a_round_without_consensus_hides_it_and_the_next_one_knows_it_again() {
    // The other chain's block is remembered for a minute.
    let split = |at: u64| (at, [100 + at / 3; 2], "split -");
    let rounds = [
        (75, [125, 0], "no_consensus -"),
        (90, [130, 9_000], "split -"),
        split(105),
        split(120),
        split(135),
        (150, [150, 150], "ok 3"),
    ];
    check(&[&five(0, 100)[..], &rounds].concat());
}

#[test]
fn after_a_halt_and_after_a_gap_it_is_measured_afresh() {
    let halt = [
        (75, [120, 120], "ok 3"),
        (90, [120, 120], "ok 3"),
        (105, [120, 120], "ok 3"),
        (120, [120, 120], "halted -"),
    ];
    check(&[&five(0, 100)[..], &halt, &five(135, 500)].concat());
    // More than three intervals after the last round.
    check(&[&five(0, 100)[..], &five(106, 500)].concat());
}
