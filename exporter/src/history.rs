//! What is remembered of blocks: whether one goes on rising, and since when the median
//! has been above a given one. Pure, and bounded.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::block::BlockNumber;

/// Follows a block number, of a node or of the median, and tells for how long it has not
/// risen above all it was before.
///
/// "All before" reaches back to what still holds: a highest block that has not been seen
/// again for `stall_after` is given up for the highest since. Without that one absurd
/// answer, or a chain begun anew, would look like a standstill for ever.
#[derive(Debug, Default)]
pub struct Climb {
    highest: Option<Height>,
    /// The highest after `highest` was reached.
    since: Option<Height>,
}

/// A block, and when it was first seen.
#[derive(Debug, Clone, Copy)]
struct Height {
    block: BlockNumber,
    first: Instant,
}

impl Climb {
    /// Takes in `block`, seen at `now`; whether it rises above all before. The first one
    /// does not: nobody knows when it came.
    pub fn rises(&mut self, now: Instant, block: BlockNumber, stall_after: Duration) -> bool {
        let new = Height { block, first: now };
        let is_above = |height: Option<Height>| height.is_some_and(|height| block > height.block);
        let mut rises = is_above(self.highest);
        if rises || self.highest.is_none() {
            *self = Self { highest: Some(new), since: None };
        } else if is_above(self.since) || self.since.is_none() {
            self.since = Some(new);
        }
        if let (Some(highest), Some(since)) = (self.highest, self.since)
            && since.block < highest.block
            && now.saturating_duration_since(highest.first) >= stall_after
        {
            *self = Self { highest: Some(since), since: None };
            rises = since.first == now;
        }
        rises
    }

    /// Whether it has not risen for `stall_after`; not before it was followed for so long.
    #[must_use]
    pub fn is_still(&self, now: Instant, stall_after: Duration) -> bool {
        self.highest.is_some_and(|highest| now.saturating_duration_since(highest.first) >= stall_after)
    }
}

/// Since when the median has been at least at which block.
///
/// A median that falls, after a reorganisation or a lie, takes back what was higher: the
/// blocks stay in order, and nobody is measured against a block that is no longer held.
#[derive(Debug, Default)]
pub struct Medians(VecDeque<Height>);

impl Medians {
    /// Most that are kept; one round adds at most one, so at the usual 15 s they reach
    /// back at least a day, with some 130 KiB for a network.
    pub const MOST: usize = 5760;

    /// Takes in the median of a round.
    pub fn push(&mut self, now: Instant, block: BlockNumber) {
        let mut first = now;
        while let Some(last) = self.0.back().filter(|last| last.block >= block) {
            // It was at least at `block` then, too.
            first = last.first;
            self.0.pop_back();
        }
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(Height { block, first });
    }

    /// For how long the median has been above `block` at `now`: zero when it is not, and
    /// no more than is remembered.
    #[must_use]
    pub fn above_for(&self, block: BlockNumber, now: Instant) -> Duration {
        let above = self.0.partition_point(|height| height.block <= block);
        self.0.get(above).map_or(Duration::ZERO, |height| now.saturating_duration_since(height.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL_AFTER: Duration = Duration::from_secs(60);

    fn block(number: u64) -> BlockNumber {
        BlockNumber::new(number).unwrap()
    }

    /// Blocks seen 15 s apart, each with whether it rose and whether it then stands still.
    #[track_caller]
    fn check_climb(seen: &[(u64, bool, bool)]) {
        let start = Instant::now();
        let mut climb = Climb::default();
        for (round, (number, rises, is_still)) in seen.iter().enumerate() {
            let now = start + Duration::from_secs(15) * round as u32;
            assert_eq!(climb.rises(now, block(*number), STALL_AFTER), *rises, "round {round} rises");
            assert_eq!(climb.is_still(now, STALL_AFTER), *is_still, "round {round} is still");
        }
    }

    #[test]
    fn still_once_nothing_rose_for_long_enough() {
        let stuck = |block| [(block, false, false), (block, false, false), (block, false, false)];
        check_climb(
            &[&[(10, false, false)][..], &stuck(10), &[(10, false, true), (11, true, false)]].concat(),
        );
        // Two back ends that both move: it is the higher one that counts.
        check_climb(&[
            (10, false, false),
            (5, false, false),
            (17, true, false),
            (12, false, false),
            (24, true, false),
        ]);
        // Two that both stand still.
        check_climb(&[
            (10, false, false),
            (5, false, false),
            (10, false, false),
            (5, false, false),
            (10, false, true),
            (5, false, true),
        ]);
    }

    #[test]
    fn an_absurd_block_is_forgotten() {
        check_climb(&[
            (10, false, false),
            (9_000_000, true, false),
            (17, false, false),
            (24, false, false),
            (31, false, false),
            (38, true, false),
            (45, true, false),
        ]);
        // Whoever stands still after it is found out all the same.
        check_climb(&[
            (9_000_000, false, false),
            (10, false, false),
            (10, false, false),
            (10, false, false),
            (10, false, false),
            (10, false, true),
        ]);
    }

    /// Medians 15 s apart, and for how many seconds the last is above a block.
    #[track_caller]
    fn check_above(medians: &[u64], of: u64, seconds: u64) {
        let start = Instant::now();
        let mut seen = Medians::default();
        let mut now = start;
        for (round, median) in medians.iter().enumerate() {
            now = start + Duration::from_secs(15) * round as u32;
            seen.push(now, block(*median));
        }
        assert_eq!(seen.above_for(block(of), now).as_secs(), seconds, "{medians:?}");
    }

    #[test]
    fn time_behind_is_counted_from_when_the_median_passed() {
        check_above(&[], 5, 0);
        check_above(&[10, 20, 30], 30, 0);
        check_above(&[10, 20, 30], 29, 0);
        check_above(&[10, 20, 30], 20, 0);
        check_above(&[10, 20, 30], 19, 15);
        check_above(&[10, 20, 30], 10, 15);
        // No more than is remembered.
        check_above(&[10, 20, 30], 1, 30);
        check_above(&[10, 20, 20, 20], 15, 30);
        // After a fall, only what is still held counts.
        check_above(&[10, 20, 18, 19], 17, 30);
        check_above(&[10, 20, 18, 19], 18, 0);
        check_above(&[10, 9_000, 20, 30, 40], 25, 15);
        check_above(&[10, 9_000, 20, 30, 5], 7, 0);
    }

    #[test]
    fn memory_is_bounded() {
        let start = Instant::now();
        let mut seen = Medians::default();
        let rounds = Medians::MOST as u64 + 100;
        let at = |round| start + Duration::from_secs(15 * round);
        for round in 0..rounds {
            seen.push(at(round), block(round));
        }
        assert_eq!(seen.0.len(), Medians::MOST);
        let reach = Duration::from_secs(15 * (Medians::MOST as u64 - 1));
        assert_eq!(seen.above_for(block(0), at(rounds - 1)), reach);
    }
}
