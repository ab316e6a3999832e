//! PURE: the identity of a chain, and when two of them mean the same one.

use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

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
    /// When they are the same hash of 32 bytes: hexadecimal, with or without `0x`.
    AsHashes,
    /// The same in base64, also in the alphabet for URLs (RFC 4648, section 5).
    AsBase64,
}

/// A genesis hash has 66 letters.
const MOST_SHOWN: usize = 80;

/// The bytes of a hash.
const HASH: usize = 32;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
            Self::AsHashes => hash(text),
            Self::AsBase64 => BASE64
                .decode(text.replace('-', "+").replace('_', "/"))
                .ok()
                .filter(|bytes| bytes.len() == HASH)
                .map(|bytes| BASE64.encode(bytes)),
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

/// The name, too, where the number is that of one.
fn felt(text: &str) -> Option<String> {
    if let Some(digits) = hexadecimal(text) {
        let digits = digits.trim_start_matches('0').to_ascii_lowercase();
        let name = name_in(&digits).map(|name| format!(" ({name})"));
        return Some(format!("0x{digits}{}", name.unwrap_or_default()));
    }
    let is_short = (1..=LONGEST_SHORT_TEXT).contains(&text.len()) && text.is_ascii();
    // Digits alone would be the number in a form that no node uses.
    let is_name = is_short && !text.bytes().all(|byte| byte.is_ascii_digit());
    let number = || text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    is_name.then(|| felt(&format!("0x{}", number()))).flatten()
}

/// The text whose bytes these digits are.
fn name_in(digits: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).ok());
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    let is_text = digits.len().is_multiple_of(2) && bytes.iter().all(u8::is_ascii_graphic);
    String::from_utf8(bytes).ok().filter(|name| is_text && !name.is_empty())
}

fn hash(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase();
    let is_hash = digits.len() == 2 * HASH && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BITCOIN: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    const TON: &str = "F6OpKZKqvqeFp6CQmFomXNMfMj2EnaUSOXN+Mh+wVWk=";

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
            (AsHashes, BITCOIN, &format!("0x{}", BITCOIN.to_uppercase()), true),
            (AsHashes, BITCOIN, &BITCOIN.replace('9', "8"), false),
            (AsBase64, TON, TON.trim_end_matches('='), true),
            (AsBase64, TON, &TON.replace('+', "-"), true),
            (AsBase64, TON, &TON.replace('F', "G"), false),
        ] {
            let (a, b) = (compare.read(one).unwrap(), compare.read(other).unwrap());
            assert_eq!(a == b, are_the_same, "{compare:?}: {one} and {other}");
        }
    }

    /// As the log shows it beside what the user wrote.
    #[test]
    fn the_number_of_a_name_is_shown_with_the_name() {
        for (text, shown) in [
            ("SN_MAIN", "0x534e5f4d41494e (SN_MAIN)"),
            ("0x534E5F4D41494E", "0x534e5f4d41494e (SN_MAIN)"),
            ("0x1", "0x1"),
            ("0x0001", "0x1"),
            ("0x00", "0x"),
        ] {
            assert_eq!(Compare::AsFelts.read(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_identity_is_none() {
        for text in ["", "polygon", "-1", "+1", "0x", "1.5", "18446744073709551616", " 137"] {
            assert_eq!(Compare::AsNumbers.read(text), None, "{text}");
        }
        for text in ["", "é", "23448594291968334", &"x".repeat(32)] {
            assert_eq!(Compare::AsFelts.read(text), None, "{text}");
        }
        for text in ["", "main", &BITCOIN[1..], &format!("{BITCOIN}0"), &BITCOIN.replace('6', "g")] {
            assert_eq!(Compare::AsHashes.read(text), None, "{text}");
        }
        for text in ["", "mainnet", BITCOIN, &TON[4..]] {
            assert_eq!(Compare::AsBase64.read(text), None, "{text}");
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
