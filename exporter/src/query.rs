//! PURE: the query of an address.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Its parameters in their order, decoded; one without `=` has an empty value, and what is not
/// UTF-8 becomes `�`, which no name or number contains.
pub fn parameters(query: Option<&str>) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (name, percent_decode_str(value).decode_utf8_lossy())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_their_order() {
        let of = |query| parameters(query).map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>();
        assert_eq!(of(Some("a=1&b&&a=x%2Dy&c=%ff")), ["a 1", "b ", "a x-y", "c \u{fffd}"]);
        assert!(of(None).is_empty() && of(Some("")).is_empty());
    }
}
