//! PURE: user and password in one header (RFC 7617).

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use percent_encoding::percent_decode_str;
use reqwest::Url;

/// The value of `Authorization` for a pair of the form `user:password`. It is secret.
#[must_use]
pub fn basic_auth(pair: impl AsRef<[u8]>) -> String {
    format!("Basic {}", BASE64.encode(pair))
}

/// The pair `user:password` of a URL; absent where it has neither.
#[must_use]
pub fn login_of(url: &Url) -> Option<Vec<u8>> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    Some([decoded(url.username()), decoded(url.password().unwrap_or_default())].join(&b':'))
}
