//! Block numbers and the distance between two of them.

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

    /// Reads a quantity as Ethereum's JSON-RPC writes it (EIP-1474): `0x`, then
    /// hexadecimal digits. Leading zeros are no harm, since the number stays clear.
    #[must_use]
    pub fn from_quantity(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").filter(|digits| !digits.is_empty())?;
        // from_str_radix would take a sign as well.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        u64::from_str_radix(digits, 16).ok().and_then(Self::new)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_a_block_or_nothing() {
        let sixty_four = format!("0x{}", "f".repeat(64));
        let padded = format!("0x{}1", "0".repeat(63));
        for (text, block) in [
            ("0x0", Some(0)),
            ("0x1b4", Some(436)),
            ("0x1B4", Some(436)),
            ("0x0400", Some(1024)),
            (&*padded, Some(1)),
            ("0x20000000000000", Some(1 << 53)),
            ("0x20000000000001", None),
            ("0xffffffffffffffff", None),
            ("0x10000000000000000", None),
            (&*sixty_four, None),
            ("0x", None),
            ("", None),
            ("1b4", None),
            ("0X1b4", None),
            ("0x-1", None),
            ("0x+1", None),
            (" 0x1", None),
            ("0x1 ", None),
            ("0xg", None),
        ] {
            assert_eq!(BlockNumber::from_quantity(text).map(BlockNumber::get), block, "{text}");
        }
    }

    #[test]
    fn lag_is_positive_behind_and_negative_ahead() {
        let block = |number| BlockNumber::new(number).unwrap();
        assert_eq!(block(100).lag_of(block(88)).blocks(), 12);
        assert_eq!(block(100).lag_of(block(103)).blocks(), -3);
        assert_eq!(block(0).lag_of(block(BlockNumber::MAX)).blocks(), -(1 << 53));
    }
}
