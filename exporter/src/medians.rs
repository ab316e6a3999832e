//! PURE, and bounded: since when the median has been above a given block.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::block::BlockNumber;

/// A block, and since when the median has been at it.
#[derive(Debug, Clone, Copy)]
struct Height {
    block: BlockNumber,
    first: Instant,
}

/// Since when the median has been at least at which block.
///
/// A median that falls, after a reorganisation or a lie, takes back what was higher: the
/// blocks stay in order, and no node is measured against a block that is no longer held.
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
    use crate::clock;

    fn block(number: u64) -> BlockNumber {
        BlockNumber::new(number).unwrap()
    }

    /// Medians 15 s apart, and for how many seconds the last is above a block.
    #[track_caller]
    fn check_above(medians: &[u64], of: u64, seconds: u64) {
        let start = clock::now();
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
        let start = clock::now();
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
