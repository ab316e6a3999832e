//! Passwords as bcrypt keeps them.
//!
//! Source of the format: crypt(5), "bcrypt": `$2b$`, the cost, `$`, 22 characters of salt, 31 of
//! the hash.

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

/// bcrypt's own alphabet. The last character of a salt has bits to spare, which some programs set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

/// bcrypt reads so much of a password and its end; the rest does not count.
const LONGEST_PASSWORD: usize = 72;

/// The lowest that bcrypt allows, and one with which a comparison takes some 20 s; each one more
/// doubles that.
const COSTS: std::ops::RangeInclusive<u32> = 4..=18;

/// What a password is compared with.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

/// Why a text is no hash of bcrypt. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoHash {
    /// Perhaps the password itself.
    #[error("is not a hash of bcrypt; make one with `htpasswd -nBC 10 USER`, it begins with $2y$")]
    Form,
    /// A comparison would take minutes, or the cost is none.
    #[error("has a cost outside of {} to {}; 10 to 12 are usual", COSTS.start(), COSTS.end())]
    Cost,
}

impl PasswordHash {
    /// Reads a hash of the versions 2a, 2b and 2y, which differ in the bugs of the programs that
    /// once made them.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, NoHash> {
        let parts: Vec<_> = text.split('$').collect();
        let ["", "2a" | "2b" | "2y", cost, rest] = parts[..] else { return Err(NoHash::Form) };
        let (salt, hash) = rest.split_at_checked(22).ok_or(NoHash::Form)?;
        let decoded = |text: &str| BASE64.decode(text).map_err(|_| NoHash::Form);
        let salt = decoded(salt)?.try_into().map_err(|_| NoHash::Form)?;
        let hash = decoded(hash)?.try_into().map_err(|_| NoHash::Form)?;
        if cost.len() != 2 {
            return Err(NoHash::Form);
        }
        let cost = cost.parse().map_err(|_| NoHash::Form)?;
        if COSTS.contains(&cost) { Ok(Self { cost, salt, hash }) } else { Err(NoHash::Cost) }
    }

    /// Whether it is the hash of `password`. Takes long, as it should.
    #[must_use]
    pub fn matches(&self, password: &[u8]) -> bool {
        let mut ended = password[..password.len().min(LONGEST_PASSWORD)].to_vec();
        ended.push(0);
        ended.truncate(LONGEST_PASSWORD);
        // Nobody can choose the hash that is compared, so its bytes need no constant time.
        bcrypt::bcrypt(self.cost, self.salt, &ended)[..self.hash.len()] == self.hash
    }

    /// Its bytes, by which it differs from all other hashes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&self.cost.to_be_bytes()[..], &self.salt, &self.hash].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `s3cret`.
    const SECRET: &str = "$2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu";

    #[test]
    fn the_password_of_a_hash_is_the_only_one() {
        for version in ["$2a$", "$2b$", "$2y$"] {
            let hash = PasswordHash::parse(&SECRET.replace("$2b$", version)).unwrap();
            for (password, want) in [("s3cret", true), ("s3cre", false), ("s3cret2", false), ("", false)] {
                assert_eq!(hash.matches(password.as_bytes()), want, "{version} {password}");
            }
            assert!(!hash.matches(&[b'x'; 1000]), "a long one does no harm");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for (text, want) in [
            ("s3cret", NoHash::Form),
            ("", NoHash::Form),
            ("$2b$04$s3cret", NoHash::Form),
            ("$2x$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu", NoHash::Form),
            ("$2b$4$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu", NoHash::Form),
            ("$2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWuu", NoHash::Form),
            ("$2b$04$headlagheadlagheadlagéEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu", NoHash::Form),
            ("$6$salt$hash", NoHash::Form),
            ("$2b$03$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu", NoHash::Cost),
            ("$2b$31$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu", NoHash::Cost),
        ] {
            assert_eq!(PasswordHash::parse(text).err(), Some(want), "{text}");
        }
    }
}
