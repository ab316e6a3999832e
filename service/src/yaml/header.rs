//! HTTP headers that a user writes into a config file.

use reqwest::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, UPGRADE,
};

use super::reader::{Field, Reader};
use crate::invisible::Invisible;

/// Set by the HTTP client itself: another value would break every request.
const OURS: [HeaderName; 9] =
    [ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE];

/// The header called `key` at `field`, unless it is none or not the user's to set.
pub fn name(reader: &mut Reader<'_>, field: &Field<'_>, key: &str) -> Option<HeaderName> {
    match HeaderName::from_bytes(key.as_bytes()) {
        Ok(name) if OURS.contains(&name) => reader.wrong(field, "is set by headlag itself; take it out"),
        Ok(name) => Some(name),
        Err(_) => reader.wrong(field, "holds a name that no HTTP header can have"),
    }
}

/// `text`, the value at `field`, as a header's value that no log shows.
pub fn sensitive(reader: &mut Reader<'_>, field: &Field<'_>, text: &str) -> Option<HeaderValue> {
    if let Some(invisible) = Invisible::find(text) {
        return reader.wrong(field, format!("holds {invisible}, which is invisible; remove that character"));
    }
    match HeaderValue::from_str(text) {
        Ok(mut value) => {
            value.set_sensitive(true);
            Some(value)
        }
        Err(_) => reader.wrong(field, "holds characters that an HTTP header cannot carry"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tree;

    #[test]
    fn a_value_that_cannot_be_sent_is_refused_by_the_name_of_its_character() {
        for (text, want) in [
            ("k\u{200b}ey", Some("U+200B ZERO WIDTH SPACE")),
            ("k\ney", Some("U+000A LINE FEED")),
            ("schlüssel", None),
            ("key", None),
        ] {
            let tree = tree::read("x: 1").unwrap();
            let mut reader = Reader::new(&|_| None);
            let value = sensitive(&mut reader, &Field::root(&tree), text);
            assert_eq!(value.is_some(), want.is_none(), "{text:?}");
            let problem = reader.into_problems().pop().map(|problem| problem.what);
            assert!(problem.as_deref().zip(want).is_none_or(|(problem, want)| problem.contains(want)));
            assert!(problem.is_none_or(|problem| !problem.contains("key")));
        }
    }
}
