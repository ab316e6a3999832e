//! PURE, and bounded: how long a network takes for a block, measured from its own rounds.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::block::BlockNumber;

/// A median, and the beginning of the round that was the first to find it.
#[derive(Debug, Clone, Copy)]
struct Sight {
    at: Instant,
    block: BlockNumber,
}

/// The pace of the medians of rounds that follow each other.
///
/// A median counts once the next round is not below it, and only when it is above all that counted
/// before. So one round with a rogue median or an old one adds nothing. The first median is not
/// counted either: for how long the network had been there is unknown.
#[derive(Debug, Default)]
pub struct BlockTime {
    rounds: u32,
    /// The newest round, which the next one has not confirmed yet.
    newest: Option<Sight>,
    /// The highest confirmed median.
    top: Option<BlockNumber>,
    /// When it rose, the oldest first.
    rises: VecDeque<Sight>,
    /// How many rounds in a row were below the highest.
    below: u32,
}

impl BlockTime {
    /// Before so many rounds nothing is known. After as many below the highest median, that one was
    /// a lie or the chain began anew, and so does this.
    const ROUNDS: u32 = 5;
    /// Before the median rose by so many blocks nothing is known.
    const BLOCKS: u64 = 3;
    /// Most rises that are kept: 25 minutes of rounds 15 s apart or, where blocks are slower than
    /// rounds, 100 blocks.
    const MOST: usize = 100;

    /// Takes in the median of a round that began at `at`.
    pub fn take_in(&mut self, at: Instant, block: BlockNumber) {
        self.rounds = self.rounds.saturating_add(1);
        let confirmed = self.newest.replace(Sight { at, block }).filter(|newest| newest.block <= block);
        if let Some(sight) = confirmed {
            self.confirm(sight);
        }
        self.below = if self.top.is_some_and(|top| block < top) { self.below + 1 } else { 0 };
        if self.below == Self::ROUNDS {
            *self = Self { rounds: 1, newest: self.newest, ..Self::default() };
        }
    }

    fn confirm(&mut self, sight: Sight) {
        let Some(top) = self.top else {
            self.top = Some(sight.block);
            return;
        };
        if sight.block > top {
            self.top = Some(sight.block);
            if self.rises.len() == Self::MOST {
                self.rises.pop_front();
            }
            self.rises.push_back(sight);
        }
    }

    /// The time of a block; absent until it is steady.
    #[must_use]
    pub fn get(&self) -> Option<Duration> {
        let (first, last) = (self.rises.front()?, self.rises.back()?);
        let blocks = last.block.get().saturating_sub(first.block.get());
        let is_steady = self.rounds >= Self::ROUNDS && blocks >= Self::BLOCKS;
        is_steady.then(|| last.at.saturating_duration_since(first.at).div_f64(blocks as f64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    fn block(number: u64) -> BlockNumber {
        BlockNumber::new(number).unwrap()
    }

    /// Medians 15 s apart, and the time of a block after the last one in seconds; 0 for none.
    #[track_caller]
    fn check(medians: &[u64], seconds: f64) {
        let (start, mut pace) = (clock::now(), BlockTime::default());
        for (round, median) in medians.iter().enumerate() {
            pace.take_in(start + Duration::from_secs(15) * round as u32, block(*median));
        }
        let seen = pace.get().map_or(0.0, |time| time.as_secs_f64());
        assert!((seen - seconds).abs() < 1e-6, "{seen} s after {medians:?}");
    }

    #[test]
    fn nothing_is_known_before_five_rounds_and_three_blocks() {
        check(&[], 0.0);
        check(&[100, 110, 120, 130], 0.0);
        check(&[100, 110, 120, 130, 140], 1.5);
        check(&[100, 101, 102, 103, 104], 0.0);
        check(&[100, 101, 102, 103, 104, 105], 15.0);
        check(&[100, 100, 100, 100, 100, 100, 100], 0.0);
    }

    #[test]
    fn blocks_slower_than_rounds_are_measured_from_when_they_came() {
        let slow: Vec<u64> = (0..30).map(|round| 100 + round / 4).collect();
        check(&slow, 60.0);
        // The first one may have been there for long, the last one is still there.
        check(&[&[99; 50], &slow[..], &[107; 50]].concat(), 60.0);
    }

    #[test]
    fn one_rogue_or_old_round_changes_nothing() {
        let honest: Vec<u64> = (0..9).map(|round| 100 + 10 * round).collect();
        check(&honest, 1.5);
        for odd in [0, 5, 100, 131, 185, 9_000_000] {
            for round in 0..honest.len() {
                let mut medians = honest.clone();
                medians[round] = odd;
                check(&medians, 1.5);
            }
        }
    }

    #[test]
    fn a_lie_that_lasted_and_a_chain_that_starts_anew_are_forgotten() {
        let honest = |rounds: u64| (2..2 + rounds).map(|round| 100 + 10 * round).collect::<Vec<_>>();
        let lie = [100, 110, 9_000, 9_000, 9_000];
        check(&[&lie[..], &honest(8)].concat(), 0.0);
        check(&[&lie[..], &honest(9)].concat(), 1.5);
        let anew = [9_000, 9_010, 9_020, 9_030, 9_040, 1, 11, 21, 31];
        check(&anew, 1.5);
        check(&[&anew[..], &[41]].concat(), 0.0);
        check(&[&anew[..], &[41, 51, 61, 71, 81]].concat(), 1.5);
    }

    #[test]
    fn a_chain_that_changes_its_pace_is_followed_and_memory_is_bounded() {
        let slow = (0..500).map(|round| 100 + 10 * round);
        let fast = (1..=BlockTime::MOST as u64 + 1).map(|round| 5_090 + 30 * round);
        check(&slow.chain(fast).collect::<Vec<_>>(), 0.5);
    }

    proptest! {
        #[test]
        fn the_time_is_as_exact_as_the_rounds_allow(
            millis in 50_u64..60_000,
            poll in 1_u64..=15,
            delays in prop::collection::vec(0_u64..600, 250),
            odd in (0_usize..250, 0..=BlockNumber::MAX),
        ) {
            let (start, mut pace) = (clock::now(), BlockTime::default());
            for (round, delay) in delays.iter().enumerate() {
                let at = round as u64 * poll * 1000;
                let head = if round == odd.0 { odd.1 } else { 1_000 + (at + delay) / millis };
                pace.take_in(start + Duration::from_millis(at), block(head));
            }
            // Each end of what is measured is off by a block, or by two rounds where those are shorter,
            // and by the delay of an answer.
            let blocks = pace.rises.back().zip(pace.rises.front()).map(|(last, first)| last.block.get() - first.block.get());
            let off = (millis.min(2 * poll * 1000) + 600) as f64 / 1000.0;
            if let Some(time) = pace.get() {
                let error = (time.as_secs_f64() - millis as f64 / 1000.0).abs();
                prop_assert!(error * blocks.unwrap() as f64 <= off, "{time:?} for {millis} ms, {blocks:?} blocks");
            } else {
                prop_assert!(250 * poll * 1000 < 6 * millis, "absent");
            }
        }
    }
}
