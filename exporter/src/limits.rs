//! PURE: the limits that fit a chain, from its block time.
//!
//! Answers to one round are not of one instant: a request takes half a round trip to its node, three
//! more round trips on a new connection, and a block takes a while to reach every node. So healthy
//! nodes differ by blocks, on fast chains by many. `tests/links.rs` plays rounds of healthy nodes on links
//! from 5 to 600 ms, with each of them near while the others are far and the reverse. No node was called
//! behind with the threshold of the second column or a higher one:
//!
//! | block time | quiet from | default |
//! | --- | --- | --- |
//! | 0.1 s | 29 | 100 |
//! | 0.25 s | 12 | 40 |
//! | 0.4 s | 7 | 25 |
//! | 1 s | 2 | 10 |
//! | 2 s | 1 | 5 |
//! | 3 s | 1 | 4 |
//! | 5 s | 1 | 2 |
//! | 6 s | 1 | 2 |
//! | 12 s | 1 | 2 |

use std::time::Duration;

/// Healthy nodes differ by no more than the blocks of this time: three times what links and late blocks
/// caused in the table above, for what the simulation leaves out, such as caches in front of a node.
const SPREAD: Duration = Duration::from_secs(10);
/// A threshold of one block would be exceeded by two blocks in quick succession.
const LEAST_THRESHOLD: u64 = 2;

/// So many block times without a block are no pause. Where blocks come at random, with bitcoin at ten
/// minutes on average, so long a pause follows one block in 160,000 (e^-12): once in three years.
const STILL: u32 = 12;
/// Four rounds at the usual interval of 15 s, where at least three are needed.
const LEAST_STALL: Duration = Duration::from_secs(60);

/// What a believable node may lead by, in time: twenty times the spread, and above all that a chain
/// makes between two rounds.
const LEAD: Duration = Duration::from_secs(200);
/// On slow chains a reference that syncs, or one on a fork of a few blocks, is near.
const LEAST_LEAD: u64 = 100;

/// The settings of a network that follow from its block time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A node at most so many blocks from the median is level.
    pub threshold_blocks: u64,
    /// A block that has not risen for so long is still.
    pub stall_after: Duration,
    /// A reference further than this from the median is not counted.
    pub max_lead_blocks: u64,
}

/// The limits of a chain that makes a block in `block_time` on average.
#[must_use]
pub fn defaults(block_time: Duration) -> Limits {
    Limits {
        threshold_blocks: blocks_in(SPREAD, block_time).max(LEAST_THRESHOLD),
        stall_after: (block_time * STILL).max(LEAST_STALL),
        max_lead_blocks: blocks_in(LEAD, block_time).max(LEAST_LEAD),
    }
}

/// Blocks in so much time, a part counted as a whole.
fn blocks_in(time: Duration, block_time: Duration) -> u64 {
    let blocks = time.as_nanos().div_ceil(block_time.as_nanos().max(1));
    u64::try_from(blocks).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_the_block_time() {
        for (millis, threshold_blocks, stall_after, max_lead_blocks) in [
            (100, 100, 60, 2000),
            (250, 40, 60, 800),
            (400, 25, 60, 500),
            (1_000, 10, 60, 200),
            (2_000, 5, 60, 100),
            (3_000, 4, 60, 100),
            (6_000, 2, 72, 100),
            (12_000, 2, 144, 100),
            (30_000, 2, 360, 100),
            (600_000, 2, 7_200, 100),
        ] {
            let stall_after = Duration::from_secs(stall_after);
            let wanted = Limits { threshold_blocks, stall_after, max_lead_blocks };
            assert_eq!(defaults(Duration::from_millis(millis)), wanted, "{millis} ms");
        }
    }
}
