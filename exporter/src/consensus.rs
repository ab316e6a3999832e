//! What the references of one round agree on. Pure arithmetic.

use crate::block::{BlockNumber, Lag};

/// A block, and how many references stand at exactly that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// The block.
    pub block: BlockNumber,
    /// References at exactly that block; may be 0 for a median between two blocks.
    pub count: usize,
}

/// The highest and the median block of the references, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consensus {
    /// Enough references answered.
    Known {
        /// The highest block.
        max: Support,
        /// The median, truncated to a whole block.
        median: Support,
    },
    /// Too few references answered.
    NoQuorum,
}

impl Consensus {
    /// The consensus of `blocks`, one for each usable answer, in any order.
    ///
    /// The median is that of `int(numpy.median(blocks))`: the middle block, or between
    /// the two middle ones their mean, truncated.
    #[must_use]
    pub fn of(mut blocks: Vec<BlockNumber>, quorum: usize) -> Self {
        blocks.sort_unstable();
        let middle = blocks.len() / 2;
        let (Some(max), Some(upper)) = (blocks.last(), blocks.get(middle)) else {
            return Self::NoQuorum;
        };
        if blocks.len() < quorum {
            return Self::NoQuorum;
        }
        let median =
            if blocks.len().is_multiple_of(2) { blocks[middle - 1].midpoint(*upper) } else { *upper };
        let support =
            |block| Support { block, count: blocks.iter().filter(|other| **other == block).count() };
        Self::Known { max: support(*max), median: support(median) }
    }

    /// The median, where there is one.
    #[must_use]
    pub fn median(&self) -> Option<BlockNumber> {
        match self {
            Self::Known { median, .. } => Some(median.block),
            Self::NoQuorum => None,
        }
    }

    /// How far the best reference is ahead of the median, where there is one.
    #[must_use]
    pub fn best_lead(&self) -> Option<Lag> {
        match self {
            Self::Known { max, median } => Some(max.block.lag_of(median.block)),
            Self::NoQuorum => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(blocks: &[u64], quorum: usize) -> Option<(u64, usize, u64, usize)> {
        let blocks = blocks.iter().map(|block| BlockNumber::new(*block).unwrap()).collect();
        match Consensus::of(blocks, quorum) {
            Consensus::Known { max, median } => {
                Some((max.block.get(), max.count, median.block.get(), median.count))
            }
            Consensus::NoQuorum => None,
        }
    }

    #[track_caller]
    fn check(blocks: &[u64], want: (u64, usize, u64, usize)) {
        assert_eq!(of(blocks, 1), Some(want), "{blocks:?}");
    }

    #[test]
    fn highest_and_median_with_their_supports() {
        check(&[100], (100, 1, 100, 1));
        check(&[100, 101, 103], (103, 1, 101, 1));
        check(&[103, 100, 101], (103, 1, 101, 1));
        check(&[100, 100, 100], (100, 3, 100, 3));
        check(&[5, 7, 7, 7, 9, 9, 9, 9, 9], (9, 5, 9, 5));
        check(&[1, 7, 7, 8, 8], (8, 2, 7, 2));
        check(&[0, 0], (0, 2, 0, 2));
    }

    #[test]
    fn between_two_middle_blocks_the_mean_is_truncated() {
        check(&[100, 101], (101, 1, 100, 1));
        check(&[100, 102], (102, 1, 101, 0));
        check(&[100, 103], (103, 1, 101, 0));
        check(&[10, 20, 30, 41], (41, 1, 25, 0));
        check(&[10, 20, 20, 40], (40, 1, 20, 2));
        check(&[1 << 53, (1 << 53) - 1], (1 << 53, 1, (1 << 53) - 1, 1));
    }

    #[test]
    fn below_the_quorum_nothing_is_known() {
        assert_eq!(of(&[], 1), None);
        assert_eq!(of(&[100], 2), None);
        assert_eq!(of(&[100, 100], 3), None);
        assert!(of(&[100, 100], 2).is_some());
    }

    /// A plain second definition: by ranks instead of sorting, by i128 instead of midpoints.
    fn plainly(blocks: &[u64]) -> (u64, usize, u64, usize) {
        let ranked = |rank: usize| {
            let at = |value: u64| {
                let below = blocks.iter().filter(|block| **block < value).count();
                let equal = blocks.iter().filter(|block| **block == value).count();
                (below..below + equal).contains(&rank)
            };
            i128::from(*blocks.iter().find(|block| at(**block)).unwrap())
        };
        let n = blocks.len();
        let median = u64::try_from((ranked((n - 1) / 2) + ranked(n / 2)) / 2).unwrap();
        let max = blocks.iter().copied().fold(0, u64::max);
        let count = |block| blocks.iter().filter(|other| **other == block).count();
        (max, count(max), median, count(median))
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_second_definition(
            close in proptest::collection::vec(0_u64..20, 1..12),
            base in 0_u64..(1 << 53) - 20,
        ) {
            let blocks: Vec<u64> = close.iter().map(|block| base + block).collect();
            prop_assert_eq!(of(&blocks, 1), Some(plainly(&blocks)));
        }

        #[test]
        fn the_order_of_the_nodes_changes_nothing(
            (blocks, shuffled) in proptest::collection::vec(0_u64..1000, 1..12)
                .prop_flat_map(|blocks| (Just(blocks.clone()), Just(blocks).prop_shuffle())),
        ) {
            prop_assert_eq!(of(&blocks, 1), of(&shuffled, 1));
        }
    }
}
