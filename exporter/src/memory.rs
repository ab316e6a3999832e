//! PURE, and bounded: what is remembered of the blocks of one node.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::block::BlockNumber;

/// The answers of one node over the last `stall_after`, so that a lost answer or an old one
/// (from a stuck back end behind a load balancer) changes no verdict.
#[derive(Debug, Default)]
pub struct Memory {
    /// The answers that no later one reached: in the order of time, the highest first.
    recent: VecDeque<Seen>,
    /// The highest before the node gave no answer for `stall_after` or longer.
    before_silence: Option<BlockNumber>,
    /// When an answer was last above all before it; at first, when the node first answered.
    rose: Option<Instant>,
    /// Whether that was ever seen to happen: the first answer may be an old one.
    has_risen: bool,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    block: BlockNumber,
    at: Instant,
}

impl Memory {
    /// Takes in what the node answered in the round at `now`, if it did; whether its block
    /// rose above all before. "All" reaches back `stall_after`: without that limit one absurd
    /// answer, or a chain that starts anew, would look still for ever.
    pub fn take_in(&mut self, now: Instant, answer: Option<BlockNumber>, stall_after: Duration) -> bool {
        let was = self.top();
        while self.recent.front().is_some_and(|seen| now.saturating_duration_since(seen.at) >= stall_after) {
            self.recent.pop_front();
        }
        if self.recent.is_empty() && was.is_some() {
            self.before_silence = was;
        }
        let Some(block) = answer else { return false };
        let before = self.top().or(self.before_silence);
        let rises = before.is_some_and(|before| block > before);
        if rises || before.is_none() {
            self.rose = Some(now);
        }
        self.has_risen |= rises;
        while self.recent.back().is_some_and(|seen| seen.block <= block) {
            self.recent.pop_back();
        }
        self.recent.push_back(Seen { block, at: now });
        rises
    }

    /// The highest of the remembered answers; absent when there is none.
    #[must_use]
    pub fn top(&self) -> Option<BlockNumber> {
        self.recent.front().map(|seen| seen.block)
    }

    /// Whether no answer was above all before it for `stall_after`.
    #[must_use]
    pub fn is_still(&self, now: Instant, stall_after: Duration) -> bool {
        self.rose.is_some_and(|rose| now.saturating_duration_since(rose) >= stall_after)
    }

    /// Whether an answer was seen to rise above all before it within `stall_after`.
    #[must_use]
    pub fn is_rising(&self, now: Instant, stall_after: Duration) -> bool {
        self.has_risen && self.top().is_some() && !self.is_still(now, stall_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const STALL_AFTER: Duration = Duration::from_secs(60);

    /// Answers 15 s apart, 0 for a lost one; after each the top (0: none), and `^` while the
    /// node is rising, `=` while it is still, nothing while neither is known.
    #[track_caller]
    fn check(rounds: &[(u64, u64, &str)]) {
        let start = clock::now();
        let mut memory = Memory::default();
        for (round, (answer, top, sign)) in rounds.iter().enumerate() {
            let now = start + Duration::from_secs(15) * round as u32;
            let block = |number: u64| BlockNumber::new(number).filter(|_| number > 0);
            memory.take_in(now, block(*answer), STALL_AFTER);
            let is_rising = memory.is_rising(now, STALL_AFTER);
            let is_still = memory.is_still(now, STALL_AFTER);
            let seen = if is_rising { "^" } else { "" }.to_owned() + if is_still { "=" } else { "" };
            assert_eq!((memory.top(), seen.as_str()), (block(*top), *sign), "round {round} of {rounds:?}");
        }
    }

    #[test]
    fn still_once_nothing_rose_for_long_enough() {
        check(&[(10, 10, ""), (10, 10, ""), (10, 10, ""), (10, 10, ""), (10, 10, "="), (11, 11, "^")]);
        check(&[(10, 10, ""), (11, 11, "^"), (11, 11, "^"), (11, 11, "^"), (11, 11, "^"), (11, 11, "=")]);
    }

    #[test]
    fn a_lost_or_an_old_answer_changes_nothing() {
        check(&[(10, 10, ""), (17, 17, "^"), (0, 17, "^"), (24, 24, "^"), (3, 24, "^"), (31, 31, "^")]);
        // Two back ends that are both stuck.
        check(&[(10, 10, ""), (5, 10, ""), (10, 10, ""), (5, 10, ""), (10, 10, "="), (5, 10, "=")]);
    }

    #[test]
    fn an_absurd_block_is_forgotten() {
        check(&[
            (10, 10, ""),
            (9000, 9000, "^"),
            (17, 9000, "^"),
            (24, 9000, "^"),
            (31, 9000, "^"),
            (38, 38, "^"),
            (45, 45, "^"),
        ]);
    }

    #[test]
    fn a_chain_that_starts_anew_is_followed() {
        check(&[
            (9000, 9000, ""),
            (1, 9000, ""),
            (8, 9000, ""),
            (15, 9000, ""),
            (22, 22, "^"),
            (29, 29, "^"),
        ]);
    }

    #[test]
    fn a_long_silence_is_no_rise() {
        let silence = [(0, 10, "^"), (0, 10, "^"), (0, 10, "^"), (0, 0, "="), (0, 0, "=")];
        let start = [(9, 9, ""), (10, 10, "^")];
        check(&[&start[..], &silence, &[(10, 10, "="), (10, 10, "="), (11, 11, "^")]].concat());
        check(&[&start[..], &silence, &[(45, 45, "^")]].concat());
    }
}
