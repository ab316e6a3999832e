//! PURE: block numbers and the distance between two of them.

use std::fmt;

/// The number of a block, at most 2^53: exact in a Prometheus sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockNumber(u64);

/// Blocks behind the median; negative when ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lag(i64);

impl BlockNumber {
    /// The largest whole number up to which every one is exact as a 64-bit float.
    pub const MAX: u64 = 1 << 53;

    /// The block number, when it is at most [`Self::MAX`].
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (number <= Self::MAX).then_some(Self(number))
    }

    /// The plain number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// How far `block` is behind `self`.
    #[must_use]
    pub fn lag_of(self, block: Self) -> Lag {
        // Both are at most 2^53, so neither the cast nor the difference can overflow.
        Lag(self.0 as i64 - block.0 as i64)
    }

    /// Halfway between two blocks, truncated to a whole one.
    #[must_use]
    pub fn midpoint(self, other: Self) -> Self {
        Self(self.0.midpoint(other.0))
    }
}

impl Lag {
    /// Blocks behind; negative when ahead.
    #[must_use]
    pub fn blocks(self) -> i64 {
        self.0
    }

    /// Whether it is behind by more than `blocks`.
    #[must_use]
    pub fn is_behind_by_more_than(self, blocks: u64) -> bool {
        self.0 > 0 && self.0.unsigned_abs() > blocks
    }

    /// Whether it is ahead by more than `blocks`.
    #[must_use]
    pub fn is_ahead_by_more_than(self, blocks: u64) -> bool {
        self.0 < 0 && self.0.unsigned_abs() > blocks
    }
}

impl fmt::Display for Lag {
    /// In words, since a bare sign is read either way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.pad("level"),
            behind @ 1.. => f.pad(&format!("{behind} behind")),
            ahead => f.pad(&format!("{} ahead", -ahead)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_positive_behind_and_negative_ahead() {
        let block = |number| BlockNumber::new(number).unwrap();
        assert_eq!(block(100).lag_of(block(88)).blocks(), 12);
        assert_eq!(block(100).lag_of(block(103)).blocks(), -3);
        assert_eq!(block(0).lag_of(block(BlockNumber::MAX)).blocks(), -(1 << 53));
        let words = [100, 88, 103].map(|number| block(100).lag_of(block(number)).to_string());
        assert_eq!(words, ["level", "12 behind", "3 ahead"]);
    }
}
