//! How often three ways to judge a node are wrong, over 100,000 rounds of random outages: a
//! table of docs/performance.md. `cargo bench -p headlag-exporter --bench outages`

#![allow(clippy::print_stdout, reason = "a table on stdout is what it is for")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/worlds/mod.rs"]
mod worlds;

use headlag_exporter::verdict::NodeState;
use worlds::{Dice, Mixture, Seen, THRESHOLD, Truth};

const ROUNDS: u64 = 100_000;

/// What a way to judge says of the watched node; absent: it cannot say.
///
/// That headlag cannot say in some 5 % of the rounds is the price of its quorum: one in ten
/// answers is lost, and where two references are healthy and two must be counted, one of them
/// is missing in 19 % of the rounds. The other ways judge by whichever reference answered.
type Verdict = Option<Said>;

#[derive(Clone, Copy, PartialEq)]
enum Said {
    Behind,
    NotBehind,
}

struct Judge {
    name: &'static str,
    verdict: fn(&Seen, i64) -> Verdict,
    false_alarms: u64,
    missed: u64,
    silent: u64,
}

fn main() {
    let judge = |name, verdict| Judge { name, verdict, false_alarms: 0, missed: 0, silent: 0 };
    let mut judges = [
        judge("median of all answers", by_median),
        judge("highest head", by_highest),
        judge("headlag", by_headlag),
    ];
    let mut rounds = 0;
    for seed in 0.. {
        if rounds >= ROUNDS {
            break;
        }
        let mut dice = Dice::new(seed);
        let mixture = Mixture::new(&mut dice);
        if mixture.honest < 2 {
            continue;
        }
        for seen in mixture.world.play(&mut dice) {
            // Without an answer of the node there is nothing to judge.
            let (Some(truth), Some(block)) = (mixture.truth(seen.at), seen.watched) else { continue };
            rounds += 1;
            for judge in &mut judges {
                match ((judge.verdict)(&seen, block as i64), truth) {
                    (None, _) => judge.silent += 1,
                    (Some(Said::Behind), Truth::Level) => judge.false_alarms += 1,
                    (Some(Said::NotBehind), Truth::Out) => judge.missed += 1,
                    _ => {}
                }
            }
        }
    }
    println!("| compared with | false alarms | outages missed | no verdict |");
    println!("| --- | --- | --- | --- |");
    for judge in &judges {
        let share = |count: u64| format!("{:.2} %", count as f64 * 100.0 / rounds as f64);
        println!(
            "| {} | {} | {} | {} |",
            judge.name,
            share(judge.false_alarms),
            share(judge.missed),
            share(judge.silent)
        );
    }
    println!("\nOf {rounds} rounds in which the node answered and at least two references were healthy.");
}

fn is_behind(lag: i64) -> Verdict {
    Some(if lag > THRESHOLD { Said::Behind } else { Said::NotBehind })
}

fn by_median(seen: &Seen, block: i64) -> Verdict {
    let mut blocks: Vec<i64> = seen.references.iter().flatten().map(|block| *block as i64).collect();
    blocks.sort_unstable();
    let upper = blocks.get(blocks.len() / 2)?;
    let lower = blocks.get((blocks.len() - 1) / 2)?;
    is_behind((lower + upper) / 2 - block)
}

fn by_highest(seen: &Seen, block: i64) -> Verdict {
    let highest = seen.references.iter().flatten().max()?;
    is_behind(*highest as i64 - block)
}

fn by_headlag(seen: &Seen, _: i64) -> Verdict {
    match seen.node().state {
        NodeState::Unknown | NodeState::Unreachable | NodeState::WrongChain => None,
        NodeState::Behind | NodeState::Stalled => Some(Said::Behind),
        NodeState::Ahead | NodeState::Ok => Some(Said::NotBehind),
    }
}
