//! The script of incidents: what goes wrong, and when, in every simulated week.
//!
//! Times are counted from the start of the demo and repeat every week, so what
//! is written here for one hour before the start is seen at the right of every
//! chart, and comes again a week later.

use std::ops::Range;

use crate::chain::{BLOCK_TIME, Millis, Node, REFERENCES, noise};

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
const WEEK: Millis = 7 * DAY;

/// What is wrong at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// The node sees the chain as it was so many milliseconds ago.
    Late(Node, Millis),
    /// The node refuses connections.
    Refuses(Node),
    /// The node takes questions and never answers.
    Hangs(Node),
    /// The exporter is not scraped.
    Unscraped,
}

/// The watched node falls behind, stays there for a while and catches up.
struct Dip {
    start: Millis,
    blocks: i64,
    fall: Millis,
    stay: Millis,
    rise: Millis,
}

/// Falling takes at least as long as the blocks missed, or the head would run backwards.
const DIPS: [Dip; 8] = [
    dip(-6 * DAY - 3 * HOUR, 8, 6 * MINUTE, 20 * MINUTE, 4 * MINUTE),
    dip(-4 * DAY - 7 * HOUR, 14, 22 * MINUTE, 30 * MINUTE, 8 * MINUTE),
    dip(-2 * DAY - 5 * HOUR, 4, 10 * MINUTE, 90 * MINUTE, 10 * MINUTE),
    dip(-30 * HOUR, 10, 24 * SECOND, 20 * SECOND, 4 * SECOND),
    dip(-15 * HOUR, 7, 8 * MINUTE, 25 * MINUTE, 6 * MINUTE),
    dip(-6 * HOUR, 9, 20 * SECOND, 25 * SECOND, 5 * SECOND),
    dip(-34 * MINUTE, 8, 3 * MINUTE, 2 * MINUTE, 2 * MINUTE),
    dip(6 * MINUTE, 9, 2 * MINUTE, 3 * MINUTE, MINUTE),
];

const fn dip(start: Millis, blocks: i64, fall: Millis, stay: Millis, rise: Millis) -> Dip {
    Dip { start, blocks, fall, stay, rise }
}

/// When the watched node gives no answer: two hours in the week.
const SILENCE: (Millis, Millis) = (-3 * DAY - 9 * HOUR, 2 * HOUR);
/// When the exporter is not scraped.
const UNSCRAPED: (Millis, Millis) = (-DAY - 20 * HOUR, 50 * MINUTE);
/// When all references but one are away: no consensus.
const LONELY: (Millis, Millis) = (-5 * DAY - 2 * HOUR, 45 * MINUTE);
/// Single references that die and return: index, start, length.
const DEATHS: [(usize, Millis, Millis); 4] = [
    (3, -6 * DAY, 2 * HOUR),
    (7, -2 * DAY, 5 * HOUR),
    (3, -9 * HOUR, 70 * MINUTE),
    (5, -20 * MINUTE, 4 * MINUTE),
];

/// Everything that is wrong `since` the start of the demo; negative is before it.
pub fn at(seed: u64, since: Millis) -> Vec<Incident> {
    let mut wrong = Vec::new();
    let late = DIPS
        .iter()
        .map(|dip| depth(dip, since_start(since, dip.start)))
        .max()
        .unwrap_or(0)
        .max(hiccup(seed, since));
    if late > 0 {
        wrong.push(Incident::Late(Node::Watched, late));
    }
    if within(since, SILENCE) {
        wrong.push(Incident::Hangs(Node::Watched));
    }
    if within(since, UNSCRAPED) {
        wrong.push(Incident::Unscraped);
    }
    if within(since, LONELY) {
        wrong.extend((1..REFERENCES).map(|index| Incident::Refuses(Node::Reference(index))));
    }
    for (index, start, length) in DEATHS {
        if within(since, (start, length)) {
            wrong.push(Incident::Refuses(Node::Reference(index)));
        }
    }
    wrong
}

/// For how long the script leaves the watched node without a lag, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The node gives no answer.
    pub no_answer: Millis,
    /// Too few references answer.
    pub no_consensus: Millis,
    /// The exporter is not scraped.
    pub not_scraped: Millis,
}

/// What the script leaves out within a span, in time since the start of the demo.
pub fn missing(span: &Range<Millis>) -> Missing {
    Missing {
        no_answer: overlap(span, SILENCE),
        no_consensus: overlap(span, LONELY),
        not_scraped: overlap(span, UNSCRAPED),
    }
}

/// How much of a span an incident takes, in every week that the span touches.
fn overlap(span: &Range<Millis>, (start, length): (Millis, Millis)) -> Millis {
    let weeks = (span.start - start - length).div_euclid(WEEK)..=(span.end - start).div_euclid(WEEK);
    let within = |week: Millis| {
        let begin = start + week * WEEK;
        ((begin + length).min(span.end) - begin.max(span.start)).max(0)
    };
    weeks.map(within).sum()
}

/// Time since an incident began, in the week that repeats.
fn since_start(since: Millis, start: Millis) -> Millis {
    (since - start).rem_euclid(WEEK)
}

fn within(since: Millis, (start, length): (Millis, Millis)) -> bool {
    since_start(since, start) < length
}

/// How late the node is so long into a dip.
fn depth(dip: &Dip, into: Millis) -> Millis {
    let full = dip.blocks * BLOCK_TIME;
    let left = dip.fall + dip.stay + dip.rise - into;
    if into < dip.fall {
        full * into / dip.fall
    } else if left > dip.rise {
        full
    } else {
        full * left.max(0) / dip.rise
    }
}

/// The small change of every day: about every other hour the node is one to four blocks late.
fn hiccup(seed: u64, since: Millis) -> Millis {
    let (hour, into) = (since.div_euclid(HOUR), since.rem_euclid(HOUR));
    let roll = noise(seed, &[hour as u64]);
    if roll & 1 == 0 {
        return 0;
    }
    let start = (roll >> 8) as Millis & 0xFF_FFFF;
    let small = Dip {
        start: start % (45 * MINUTE),
        blocks: 1 + (roll >> 4 & 3) as i64,
        fall: MINUTE,
        stay: 3 * MINUTE,
        rise: MINUTE,
    };
    if into < small.start { 0 } else { depth(&small, into - small.start) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_again_every_week() {
        let whole = Missing { no_answer: 2 * HOUR, no_consensus: 45 * MINUTE, not_scraped: 50 * MINUTE };
        assert_eq!(missing(&(-WEEK..0)), whole);
        assert_eq!(missing(&(-3 * DAY..4 * DAY)), whole);
        assert_eq!(missing(&(-HOUR..0)), Missing::default());
        // Half of the silence, at the edge of a span.
        let half = SILENCE.0 + HOUR;
        assert_eq!(missing(&(half..half + DAY)).no_answer, HOUR);
        assert_eq!(missing(&(half + WEEK - DAY..half + WEEK)).no_answer, HOUR);
    }
}
