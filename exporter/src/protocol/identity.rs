//! PURE: the identity of a chain, and when two of them mean the same one.

use std::fmt;

/// The identity of a chain, in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainId(String);

/// On one line and cut short: it comes from a node.
impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().take(MOST_SHOWN).try_for_each(|sign| write!(f, "{}", sign.escape_debug()))
    }
}

/// When two identities mean the same chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// When they are the same text.
    AsText,
    /// When they are the same number, below 2^64: decimal, or `0x` and hexadecimal.
    AsNumbers,
    /// When they are the same field element of Starknet: `0x` and hexadecimal, or the short text
    /// whose bytes those are.
    AsFelts,
}

/// A genesis hash has 66 letters.
const MOST_SHOWN: usize = 80;

/// The longest text that fits into a field element of Starknet.
const LONGEST_SHORT_TEXT: usize = 31;

impl Compare {
    /// The identity that `text` means; absent when it means none.
    #[must_use]
    pub fn read(self, text: &str) -> Option<ChainId> {
        let compared = match self {
            Self::AsText => Some(text.to_owned()).filter(|text| !text.is_empty()),
            Self::AsNumbers => quantity(text).or_else(|| decimal(text)).map(|number| number.to_string()),
            Self::AsFelts => felt(text),
        };
        compared.map(ChainId)
    }
}

/// Reads a quantity as EIP-1474 writes it: `0x`, then hexadecimal digits. Leading zeros do no
/// harm, since the number is clear.
pub fn quantity(text: &str) -> Option<u64> {
    u64::from_str_radix(hexadecimal(text)?, 16).ok()
}

/// Reads a string of decimal digits.
pub fn decimal(text: &str) -> Option<u64> {
    // `parse` would take a sign as well.
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The digits behind `0x`; absent where they are no hexadecimal ones.
fn hexadecimal(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").filter(|digits| !digits.is_empty())?;
    // from_str_radix would take a sign as well.
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
}

fn felt(text: &str) -> Option<String> {
    if let Some(digits) = hexadecimal(text) {
        return Some(digits.trim_start_matches('0').to_ascii_lowercase());
    }
    let is_short = (1..=LONGEST_SHORT_TEXT).contains(&text.len()) && text.is_ascii();
    is_short.then(|| text.bytes().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_compared_as_their_chain_writes_them() {
        use Compare::*;
        for (compare, one, other, are_the_same) in [
            (AsNumbers, "137", "0x89", true),
            (AsNumbers, "137", "0x089", true),
            (AsNumbers, "31", "0x1f", true),
            (AsNumbers, "137", "0x137", false),
            (AsNumbers, "728126428", "0x2b6653dc", true),
            (AsText, "137", "0x89", false),
            (AsText, "00120e45", "00120e45", true),
            (AsText, "00120e45", "120e45", false),
            (AsText, "mainnet", "Mainnet", false),
            (AsFelts, "SN_MAIN", "0x534e5f4d41494e", true),
            (AsFelts, "SN_MAIN", "0x00534E5F4D41494E", true),
            (AsFelts, "SN_MAIN", "SN_SEPOLIA", false),
        ] {
            let (a, b) = (compare.read(one).unwrap(), compare.read(other).unwrap());
            assert_eq!(a == b, are_the_same, "{compare:?}: {one} and {other}");
        }
    }

    #[test]
    fn what_is_no_identity_is_none() {
        for text in ["", "polygon", "-1", "+1", "0x", "1.5", "18446744073709551616", " 137"] {
            assert_eq!(Compare::AsNumbers.read(text), None, "{text}");
        }
        for text in ["", "é", &"x".repeat(32)] {
            assert_eq!(Compare::AsFelts.read(text), None, "{text}");
        }
        assert_eq!(Compare::AsText.read(""), None);
    }

    #[test]
    fn a_quantity_is_a_number_or_nothing() {
        let sixty_four = format!("0x{}", "f".repeat(64));
        let padded = format!("0x{}1", "0".repeat(63));
        for (text, number) in [
            ("0x0", Some(0)),
            ("0x1b4", Some(436)),
            ("0x1B4", Some(436)),
            ("0x0400", Some(1024)),
            (&*padded, Some(1)),
            ("0x20000000000000", Some(1 << 53)),
            ("0xffffffffffffffff", Some(u64::MAX)),
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
            assert_eq!(quantity(text), number, "{text}");
        }
    }
}
