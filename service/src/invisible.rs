//! Characters that cannot be seen: pasted into a secret they make it a wrong one that looks
//! right.

use std::fmt;

/// Controls, formats, blanks other than the plain space, and other characters without a
/// glyph; ranges with the names that the Unicode Character Database gives them.
const TABLE: [(u32, u32, &str); 43] = [
    (0x0009, 0x0009, "CHARACTER TABULATION"),
    (0x000A, 0x000A, "LINE FEED"),
    (0x000D, 0x000D, "CARRIAGE RETURN"),
    (0x0000, 0x001F, "CONTROL CHARACTER"),
    (0x007F, 0x009F, "CONTROL CHARACTER"),
    (0x00A0, 0x00A0, "NO-BREAK SPACE"),
    (0x00AD, 0x00AD, "SOFT HYPHEN"),
    (0x034F, 0x034F, "COMBINING GRAPHEME JOINER"),
    (0x061C, 0x061C, "ARABIC LETTER MARK"),
    (0x115F, 0x1160, "HANGUL FILLER"),
    (0x1680, 0x1680, "OGHAM SPACE MARK"),
    (0x17B4, 0x17B5, "KHMER INHERENT VOWEL"),
    (0x180B, 0x180D, "MONGOLIAN VARIATION SELECTOR"),
    (0x180E, 0x180E, "MONGOLIAN VOWEL SEPARATOR"),
    (0x180F, 0x180F, "MONGOLIAN VARIATION SELECTOR"),
    (0x2007, 0x2007, "FIGURE SPACE"),
    (0x2009, 0x2009, "THIN SPACE"),
    (0x200A, 0x200A, "HAIR SPACE"),
    (0x2000, 0x2008, "SPACE OF A FIXED WIDTH"),
    (0x200B, 0x200B, "ZERO WIDTH SPACE"),
    (0x200C, 0x200C, "ZERO WIDTH NON-JOINER"),
    (0x200D, 0x200D, "ZERO WIDTH JOINER"),
    (0x200E, 0x200E, "LEFT-TO-RIGHT MARK"),
    (0x200F, 0x200F, "RIGHT-TO-LEFT MARK"),
    (0x2028, 0x2028, "LINE SEPARATOR"),
    (0x2029, 0x2029, "PARAGRAPH SEPARATOR"),
    (0x202A, 0x202E, "BIDIRECTIONAL EMBEDDING OR OVERRIDE"),
    (0x202F, 0x202F, "NARROW NO-BREAK SPACE"),
    (0x205F, 0x205F, "MEDIUM MATHEMATICAL SPACE"),
    (0x2060, 0x2060, "WORD JOINER"),
    (0x2061, 0x2065, "INVISIBLE OPERATOR"),
    (0x2066, 0x2069, "BIDIRECTIONAL ISOLATE"),
    (0x206A, 0x206F, "DEPRECATED FORMAT CHARACTER"),
    (0x2800, 0x2800, "BRAILLE PATTERN BLANK"),
    (0x3000, 0x3000, "IDEOGRAPHIC SPACE"),
    (0x3164, 0x3164, "HANGUL FILLER"),
    (0xFE00, 0xFE0F, "VARIATION SELECTOR"),
    (0xFEFF, 0xFEFF, "ZERO WIDTH NO-BREAK SPACE"),
    (0xFFA0, 0xFFA0, "HALFWIDTH HANGUL FILLER"),
    (0xFFF0, 0xFFFB, "FORMAT CHARACTER"),
    (0x1BCA0, 0x1BCA3, "SHORTHAND FORMAT CHARACTER"),
    (0x1D173, 0x1D17A, "MUSICAL FORMAT CHARACTER"),
    (0xE0000, 0xE0FFF, "TAG OR VARIATION SELECTOR"),
];

/// A character that cannot be seen; shown as its code point and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invisible {
    code_point: u32,
    name: &'static str,
}

impl Invisible {
    /// The first one in `text`. The plain space is none.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        text.chars().map(u32::from).find_map(|code_point| {
            let row = TABLE.iter().find(|(first, last, _)| (*first..=*last).contains(&code_point))?;
            Some(Self { code_point, name: row.2 })
        })
    }
}

impl fmt::Display for Invisible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X} {}", self.code_point, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_has_a_name() {
        for (text, want) in [
            ("a\u{200b}b", Some("U+200B ZERO WIDTH SPACE")),
            ("a\u{a0}", Some("U+00A0 NO-BREAK SPACE")),
            ("a\tb", Some("U+0009 CHARACTER TABULATION")),
            ("\u{7}", Some("U+0007 CONTROL CHARACTER")),
            ("a\u{feff}", Some("U+FEFF ZERO WIDTH NO-BREAK SPACE")),
            ("\u{2007}", Some("U+2007 FIGURE SPACE")),
            ("\u{e0041}", Some("U+E0041 TAG OR VARIATION SELECTOR")),
            ("a b", None),
            ("пароль-日本-é~!", None),
        ] {
            assert_eq!(Invisible::find(text).map(|found| found.to_string()).as_deref(), want, "{text:?}");
        }
    }

    /// What the standard library calls a control or white space is in the table too.
    #[test]
    fn no_control_and_no_white_space_is_left_out() {
        let unseen = |c: &char| c.is_control() || (c.is_whitespace() && *c != ' ');
        for c in ('\0'..=char::MAX).filter(unseen) {
            assert!(Invisible::find(&c.to_string()).is_some(), "{c:?}");
        }
    }
}
