//! PURE: what the references of one round agree on, and which of them are set aside.

use crate::{
    block::{BlockNumber, Lag},
    config::Role,
};

/// A block, and how many of the counted references are at exactly that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// The block.
    pub block: BlockNumber,
    /// References at exactly that block; may be 0 for a median between two blocks.
    pub count: usize,
}

/// The highest and the median block of the counted references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consensus {
    /// The highest block.
    pub max: Support,
    /// The median, truncated to a whole block.
    pub median: Support,
}

/// The settings of a network that a comparison depends on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// References that must be counted.
    pub quorum: usize,
    /// A node at most so far from another is level with it.
    pub threshold: u64,
    /// A reference further than this from the median is not counted.
    pub max_lead: u64,
}

/// One node as it is compared: its answer, and what its memory makes of it.
#[derive(Debug, Clone, Copy)]
pub struct Witness {
    /// Only references are counted.
    pub role: Role,
    /// Its usable answer of this round, if any.
    pub answer: Option<BlockNumber>,
    /// The highest of its answers of the last `stall_after`; absent when it gave none, or is
    /// on another chain.
    pub top: Option<BlockNumber>,
    /// Its block has not risen for `stall_after`.
    pub is_still: bool,
    /// Its block was seen to rise within `stall_after`.
    pub is_rising: bool,
    /// It was far ahead when enough live references agreed with each other.
    pub is_rogue: bool,
}

/// What becomes of a node's answer in the consensus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The consensus is made of it.
    Counted,
    /// It is no reference, gave no answer, or is set aside.
    NotCounted,
    /// Set aside, because it is too far ahead.
    Implausible,
}

/// What came of comparing the nodes of one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// One for each node.
    pub standings: Vec<Standing>,
    /// Whether the references contradict each other, so that none of them can be believed.
    pub is_split: bool,
    /// Of those that are counted; absent when they are fewer than the quorum, or split.
    pub consensus: Option<Consensus>,
    /// For each node whether it is a rogue from now on; absent when too few live references
    /// are near each other to judge.
    pub rogues: Option<Vec<bool>>,
}

impl Witness {
    /// Whether its block rises and can be believed.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_rising && !self.is_rogue
    }

    fn top_if_reference(&self) -> Option<BlockNumber> {
        self.top.filter(|_| self.role == Role::Reference)
    }

    /// Whether it is live, with a top above `block` by more than the threshold.
    fn has_left_behind(&self, block: BlockNumber, limits: Limits) -> bool {
        self.is_live()
            && self.top.is_some_and(|top| top.lag_of(block).is_behind_by_more_than(limits.threshold))
    }
}

impl Comparison {
    /// Compares the nodes of a round.
    ///
    /// Set aside are still references that a quorum of live ones has left behind, rogues, and
    /// answers too far from the median of the tops of all other references. Judged by tops, a
    /// lost or an old answer moves nothing but its own count.
    #[must_use]
    pub fn of(witnesses: &[Witness], limits: Limits) -> Self {
        let is_left_behind = |block| {
            let live = witnesses.iter().filter(|other| other.role == Role::Reference);
            live.filter(|other| other.has_left_behind(block, limits)).count() >= limits.quorum
        };
        let is_eligible = |node: &Witness| {
            let is_motionless = |top| node.is_still && is_left_behind(top);
            node.top_if_reference().is_some_and(|top| !node.is_rogue && !is_motionless(top))
        };
        let eligible: Vec<&Witness> = witnesses.iter().filter(|node| is_eligible(node)).collect();
        let tops: Vec<BlockNumber> = eligible.iter().filter_map(|node| node.top).collect();
        let middle = Consensus::of(tops.clone()).map(|of| of.median.block);
        let lead = |block: BlockNumber| middle.map(|middle| middle.lag_of(block));
        let leads = |block| lead(block).is_some_and(|lag| lag.is_ahead_by_more_than(limits.max_lead));
        let trails = |block| lead(block).is_some_and(|lag| lag.is_behind_by_more_than(limits.max_lead));
        let is_near = |block| !leads(block) && !trails(block);

        let near = tops.iter().filter(|top| is_near(**top)).count();
        let still: Vec<BlockNumber> =
            eligible.iter().filter(|node| node.is_still).filter_map(|node| node.top).collect();
        let is_led_by_the_still = 2 * still.len() >= tops.len()
            && still
                .iter()
                .max()
                .is_some_and(|highest| witnesses.iter().any(|node| node.has_left_behind(*highest, limits)));
        let is_split = 2 * near < tops.len() || is_led_by_the_still;

        // With nothing to compare it with, a rogue is still what it was.
        let is_implausible = |node: &Witness, answer| {
            node.role == Role::Reference
                && !is_split
                && (leads(answer) || (node.is_rogue && middle.is_none()))
        };
        let standing = |node: &Witness| match node.answer {
            Some(answer) if is_eligible(node) && (is_split || is_near(answer)) => Standing::Counted,
            Some(answer) if is_implausible(node, answer) => Standing::Implausible,
            _ => Standing::NotCounted,
        };
        let standings: Vec<Standing> = witnesses.iter().map(standing).collect();
        let counted = || {
            let pairs = witnesses.iter().zip(&standings);
            pairs.filter(|(_, standing)| **standing == Standing::Counted).map(|(node, _)| node)
        };
        let has_quorum = counted().count() >= limits.quorum;
        let agreeing = counted().filter(|node| node.is_live() && node.top.is_some_and(is_near)).count();
        let rogues = (agreeing >= limits.quorum)
            .then(|| witnesses.iter().map(|node| node.top.is_some_and(leads)).collect());
        Self {
            is_split,
            consensus: Consensus::of(counted().filter_map(|node| node.answer).collect())
                .filter(|_| has_quorum && !is_split),
            standings,
            rogues,
        }
    }

    /// How many references are counted.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.standings.iter().filter(|standing| **standing == Standing::Counted).count()
    }
}

impl Consensus {
    /// The consensus of `blocks`, one for each reference, in any order; absent without any.
    ///
    /// The median is that of `int(numpy.median(blocks))`: the middle block, or between
    /// the two middle ones their mean, truncated.
    #[must_use]
    fn of(mut blocks: Vec<BlockNumber>) -> Option<Self> {
        blocks.sort_unstable();
        let middle = blocks.len() / 2;
        let (max, upper) = (blocks.last()?, blocks.get(middle)?);
        let median =
            if blocks.len().is_multiple_of(2) { blocks[middle - 1].midpoint(*upper) } else { *upper };
        let support =
            |block| Support { block, count: blocks.iter().filter(|other| **other == block).count() };
        Some(Self { max: support(*max), median: support(median) })
    }

    /// How far the best reference is ahead of the median.
    #[must_use]
    pub fn best_lead(&self) -> Lag {
        self.max.block.lag_of(self.median.block)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(blocks: &[u64]) -> Option<(u64, usize, u64, usize)> {
        let blocks = blocks.iter().map(|block| BlockNumber::new(*block).unwrap()).collect();
        let Consensus { max, median } = Consensus::of(blocks)?;
        Some((max.block.get(), max.count, median.block.get(), median.count))
    }

    #[track_caller]
    fn check(blocks: &[u64], want: (u64, usize, u64, usize)) {
        assert_eq!(of(blocks), Some(want), "{blocks:?}");
    }

    #[test]
    fn highest_and_median_with_their_supports() {
        assert_eq!(of(&[]), None);
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

    const LIMITS: Limits = Limits { quorum: 2, threshold: 5, max_lead: 100 };

    /// References in signs: each its answer (`-`: lost), with `^` when its block rises, `=` when it is
    /// still, `!` when it is a rogue, and where its top is another block `/` and that.
    fn witnesses(signs: &str) -> Vec<Witness> {
        let read = |word: &str| {
            let (answer, top) = word.split_once('/').unwrap_or((word, word));
            let block =
                |text: &str| text.trim_matches(['^', '=', '!']).parse().ok().and_then(BlockNumber::new);
            Witness {
                role: Role::Reference,
                answer: block(answer),
                top: block(top),
                is_still: word.contains('='),
                is_rising: word.contains('^'),
                is_rogue: word.contains('!'),
            }
        };
        signs.split_whitespace().map(read).collect()
    }

    /// What becomes of each (`c`ounted, `n`ot, `i`mplausible), and the median, or `split`, or `-`.
    #[track_caller]
    fn check_comparison(signs: &str, want: &str) {
        let compared = Comparison::of(&witnesses(signs), LIMITS);
        let standings = compared.standings.iter().map(|standing| match standing {
            Standing::Counted => 'c',
            Standing::NotCounted => 'n',
            Standing::Implausible => 'i',
        });
        let median = match compared.consensus {
            _ if compared.is_split => "split".into(),
            Some(of) => of.median.block.get().to_string(),
            None => "-".into(),
        };
        assert_eq!(format!("{} {median}", standings.collect::<String>()), want, "{signs}");
    }

    #[test]
    fn answers_too_far_from_the_median_are_not_counted() {
        check_comparison("- -", "nn -");
        check_comparison("1000^ 1001^ 1003^", "ccc 1001");
        check_comparison("1000^ 1101^ 1001^", "ccc 1001");
        check_comparison("1000^ 1102^ 1001^", "cic 1000");
        check_comparison("- 9000^ 1000^ 1001^ 9001^ 1002^", "niccic 1001");
        check_comparison("901^ 1001^ 1002^", "ccc 1001");
        check_comparison("900^ 1001^ 1002^", "ncc 1001");
        // Behind a balancer: judged by the top, and not counted in a round with an old answer.
        check_comparison("5/1000^ 1000^ 1001^", "ncc 1000");
        check_comparison("995/1000^ 1000^ 1001^", "ccc 1000");
        // Below the quorum nothing is known.
        check_comparison("1000^ -/1001^ 9000^", "cni -");
    }

    #[test]
    fn references_that_contradict_each_other_are_split() {
        check_comparison("1000^ 1000000^", "cc split");
        check_comparison("0= 0= 1000^ 1000^", "nncc 1000");
        check_comparison("0 0 1000^ 1000^", "cccc split");
        check_comparison("1000^ 1000^ 1202^ 1202^", "cccc split");
        check_comparison("1000^ 1000^ 1200^ 1200^", "cccc 1100");
        check_comparison("1^ 1000^ 2000^ 3000^ 4000^", "ccccc split");
        // None of them is blamed then.
        check_comparison("0 0 1000^ 1000^ 9000^!", "ccccn split");
    }

    #[test]
    fn still_references_are_set_aside_once_a_quorum_has_left_them_behind() {
        check_comparison("1000= 1000= 1006^ 1006^", "nncc 1006");
        check_comparison("1000= 1000= 1005^ 1005^", "cccc 1002");
        check_comparison("1000= 1000= 1000= 1006^ 1006^", "nnncc 1006");
        // One live reference alone proves nothing, but that nobody can be believed.
        check_comparison("1000= 1000= 1006^", "ccc split");
        check_comparison("1000= 1000^ 1006^", "ccc 1000");
        // A halt, beside a node that catches up or never was believed.
        check_comparison("1000= 1000= 1000= 700^", "cccn 1000");
        check_comparison("1000= 1000= 1000= 9000^!", "ccci 1000");
        check_comparison("1000= 1000= 1000= 1006!", "cccn 1000");
    }

    #[test]
    fn a_rogue_leads_those_that_agree_and_live() {
        let rogues = |signs| Comparison::of(&witnesses(signs), LIMITS).rogues;
        assert_eq!(rogues("1000^ 1000^ 1101^"), Some(vec![false, false, true]));
        assert_eq!(rogues("1000^ 1000^ 1100^"), Some(vec![false, false, false]));
        assert_eq!(rogues("1000^ 1000^ 1000^!"), Some(vec![false, false, false]));
        // Alone it is still what it was.
        check_comparison("- - 9000^!", "nni -");
        // Neither still nor silent references are evidence.
        assert_eq!(rogues("1000^ 1000= 1000= 1101^"), None);
        assert_eq!(rogues("1000^ -/1000^ 1101^"), None);
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
            prop_assert_eq!(of(&blocks), Some(plainly(&blocks)));
        }

        #[test]
        fn with_an_honest_majority_the_median_lies_between_honest_blocks(
            honest in proptest::collection::vec(10_000_u64..10_100, 2..8),
            lies in proptest::collection::vec(
                prop_oneof![0_u64..20_000, 9_900_u64..10_300, 0..=BlockNumber::MAX], 1..7),
            max_lead in 100_u64..1000,
        ) {
            let lies = &lies[..lies.len().min(honest.len() - 1)];
            let witness = |block: &u64| Witness {
                role: Role::Reference,
                answer: BlockNumber::new(*block),
                top: BlockNumber::new(*block),
                is_still: false,
                is_rising: true,
                is_rogue: false,
            };
            let witnesses: Vec<_> = honest.iter().chain(lies).map(witness).collect();
            let compared = Comparison::of(&witnesses, Limits { max_lead, ..LIMITS });
            prop_assert!(!compared.is_split);
            let median = compared.consensus.unwrap().median.block.get();
            prop_assert!(honest.iter().any(|block| *block <= median));
            prop_assert!(honest.iter().any(|block| *block >= median));
            prop_assert!(compared.standings[..honest.len()].iter().all(|of| *of == Standing::Counted));
        }

        #[test]
        fn the_order_of_the_nodes_changes_nothing(
            (blocks, shuffled) in proptest::collection::vec(0_u64..1000, 1..12)
                .prop_flat_map(|blocks| (Just(blocks.clone()), Just(blocks).prop_shuffle())),
        ) {
            prop_assert_eq!(of(&blocks), of(&shuffled));
        }
    }
}
