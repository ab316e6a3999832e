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

/// What came of comparing the references of one round with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Of those that were not set aside.
    pub consensus: Consensus,
    /// Which ones lead the median of all by too much to be believed.
    pub set_aside: Vec<usize>,
    /// Whether fewer than half of all are near the median of all, so that nobody can
    /// tell who is right.
    pub is_divided: bool,
}

impl Comparison {
    /// Compares `blocks`: one place for each reference, empty where it gave no usable
    /// block. One that leads the median of all by more than `max_lead` is set aside.
    ///
    /// Nothing of an earlier round counts, so that an honest jump locks nobody out. As
    /// long as more than half of three or more references are honest and within
    /// `max_lead` of each other, none of those is set aside and the median lies between
    /// their blocks.
    #[must_use]
    pub fn of(blocks: &[Option<BlockNumber>], quorum: usize, max_lead: u64) -> Self {
        let all: Vec<BlockNumber> = blocks.iter().flatten().copied().collect();
        let all_median = Consensus::of(all.clone(), 1).median();
        let leads_too_far = |block: BlockNumber| {
            all_median.is_some_and(|median| median.lag_of(block).is_ahead_by_more_than(max_lead))
        };
        let trails_too_far = |block: BlockNumber| {
            all_median.is_some_and(|median| median.lag_of(block).is_behind_by_more_than(max_lead))
        };
        let is_near = |block: &BlockNumber| !leads_too_far(*block) && !trails_too_far(*block);
        let near = all.iter().filter(|block| is_near(block)).count();
        let set_aside = (0..blocks.len()).filter(|index| blocks[*index].is_some_and(leads_too_far));
        Self {
            set_aside: set_aside.collect(),
            is_divided: 2 * near < all.len(),
            consensus: Consensus::of(
                all.into_iter().filter(|block| !leads_too_far(*block)).collect(),
                quorum,
            ),
        }
    }
}

impl Consensus {
    /// The consensus of `blocks`, one for each usable answer, in any order.
    ///
    /// The median is that of `int(numpy.median(blocks))`: the middle block, or between
    /// the two middle ones their mean, truncated.
    #[must_use]
    fn of(mut blocks: Vec<BlockNumber>, quorum: usize) -> Self {
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

    /// The highest block, where it is known.
    #[must_use]
    pub fn max(&self) -> Option<BlockNumber> {
        match self {
            Self::Known { max, .. } => Some(max.block),
            Self::NoQuorum => None,
        }
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

    /// Blocks with 0 for none; whose places are set aside, the median, and whether the
    /// references are divided.
    #[track_caller]
    fn check_comparison(blocks: &[u64], set_aside: &[usize], median: Option<u64>, is_divided: bool) {
        let blocks: Vec<_> =
            blocks.iter().map(|block| BlockNumber::new(*block).filter(|block| block.get() > 0)).collect();
        let compared = Comparison::of(&blocks, 2, 100);
        assert_eq!(compared.set_aside, set_aside, "{blocks:?}");
        assert_eq!(compared.consensus.median().map(BlockNumber::get), median, "{blocks:?}");
        assert_eq!(compared.is_divided, is_divided, "{blocks:?}");
    }

    #[test]
    fn whoever_leads_by_too_much_is_set_aside() {
        check_comparison(&[], &[], None, false);
        check_comparison(&[0, 0], &[], None, false);
        check_comparison(&[1000, 1001, 1003], &[], Some(1001), false);
        check_comparison(&[1000, 1101, 1001], &[], Some(1001), false);
        check_comparison(&[1000, 1102, 1001], &[1], Some(1000), false);
        check_comparison(&[0, 9000, 1000, 1001, 9001, 1002], &[1, 4], Some(1001), false);
        // Below, one counts as it is: it may be right and the rest ahead of the chain.
        check_comparison(&[5, 1000, 1001], &[], Some(1000), false);
        // The quorum is taken over the rest; of two, nobody knows which one is right.
        check_comparison(&[1000, 1_000_000], &[1], None, true);
        check_comparison(&[1000, 1000, 1202, 1202], &[2, 3], Some(1000), true);
        check_comparison(&[1000, 1000, 1200, 1200], &[], Some(1100), false);
        check_comparison(&[1, 1000, 2000, 3000, 4000], &[3, 4], Some(1000), true);
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
        fn with_an_honest_majority_the_median_lies_between_honest_blocks(
            honest in proptest::collection::vec(10_000_u64..10_100, 2..8),
            lies in proptest::collection::vec(
                prop_oneof![0_u64..20_000, 9_900_u64..10_300, 0..=BlockNumber::MAX], 1..7),
            max_lead in 100_u64..1000,
        ) {
            let lies = &lies[..lies.len().min(honest.len() - 1)];
            let blocks: Vec<_> = honest.iter().chain(lies).map(|block| BlockNumber::new(*block)).collect();
            let compared = Comparison::of(&blocks, 2, max_lead);
            let median = compared.consensus.median().unwrap().get();
            prop_assert!(honest.iter().any(|block| *block <= median));
            prop_assert!(honest.iter().any(|block| *block >= median));
            prop_assert!(compared.set_aside.iter().all(|index| *index >= honest.len()));
            prop_assert!(!compared.is_divided);
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
