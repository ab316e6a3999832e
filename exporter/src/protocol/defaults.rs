//! PURE: the settings of a network that follow from how fast its chain is.

use std::time::Duration;

/// A node that is so far behind is still level: answers come apart by the time they travel, and
/// nodes get the same block one after the other.
const CORRIDOR: Duration = Duration::from_secs(10);
/// However slow the chain is: one block that is on its way, and one that another replaces.
const NARROWEST_CORRIDOR: u64 = 2;
/// Where blocks come at random, a gap of so many of them is one in e^12, some 160,000.
const STALL_BLOCKS: u32 = 12;
/// However fast the chain is: four rounds at the usual interval.
const SHORTEST_STALL: Duration = Duration::from_secs(60);
/// A reference that is so many corridors away did not just answer early or late.
const LEAD_CORRIDORS: u64 = 20;

/// What a network gets where its config does not set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// Blocks from the median that are still level.
    pub threshold_blocks: u64,
    /// A block that has not risen for so long is still.
    pub stall_after: Duration,
    /// A reference further than this from the median is not counted.
    pub max_lead_blocks: u64,
}

/// The settings for a chain that usually makes a block in `block_time`.
#[must_use]
pub fn defaults(block_time: Duration) -> Defaults {
    let corridor = CORRIDOR.as_millis().div_ceil(block_time.as_millis().max(1));
    let threshold_blocks = u64::try_from(corridor).unwrap_or(u64::MAX).max(NARROWEST_CORRIDOR);
    Defaults {
        threshold_blocks,
        stall_after: (block_time * STALL_BLOCKS).max(SHORTEST_STALL),
        max_lead_blocks: threshold_blocks * LEAD_CORRIDORS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_chain_gets_a_narrow_corridor_and_a_long_patience() {
        for (millis, want) in [
            (100, (100, 60, 2000)),
            (400, (25, 60, 500)),
            // evm
            (2_000, (5, 60, 100)),
            (6_000, (2, 72, 40)),
            (20_000, (2, 240, 40)),
            (600_000, (2, 7200, 40)),
        ] {
            let Defaults { threshold_blocks, stall_after, max_lead_blocks } =
                defaults(Duration::from_millis(millis));
            assert_eq!((threshold_blocks, stall_after.as_secs(), max_lead_blocks), want, "{millis} ms");
        }
    }

    #[test]
    fn answers_that_come_apart_by_300_ms_are_inside_the_corridor() {
        for millis in (100..=12_000).step_by(50) {
            let block_time = Duration::from_millis(millis);
            // A block more than fit into the difference, where one is made at its very end.
            let apart = 300 / millis + 1;
            let threshold = defaults(block_time).threshold_blocks;
            assert!(apart <= threshold, "{apart} blocks apart, threshold {threshold}, at {block_time:?}");
        }
    }
}
