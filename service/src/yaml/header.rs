//! HTTP headers that a user writes into a config file.

use reqwest::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, UPGRADE,
};

use super::reader::{Field, Reader};

/// Set by the HTTP client itself: another value would break every request.
const OURS: [HeaderName; 9] =
    [ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE];

/// The header called `key`, which stands at `field`, unless it is none or not the user's to set.
pub fn name(reader: &mut Reader<'_>, field: &Field<'_>, key: &str) -> Option<HeaderName> {
    match HeaderName::from_bytes(key.as_bytes()) {
        Ok(name) if OURS.contains(&name) => reader.wrong(field, "is set by headlag itself; take it out"),
        Ok(name) => Some(name),
        Err(_) => reader.wrong(field, "holds a name that no HTTP header can have"),
    }
}

/// `text`, which stands at `field`, as a value that no log shows.
pub fn sensitive(reader: &mut Reader<'_>, field: &Field<'_>, text: &str) -> Option<HeaderValue> {
    match HeaderValue::from_str(text) {
        Ok(mut value) => {
            value.set_sensitive(true);
            Some(value)
        }
        Err(_) => reader.wrong(field, "holds characters that an HTTP header cannot carry"),
    }
}
