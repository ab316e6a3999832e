//! Values as the toolkit's reader takes them.

use crate::yaml::reader::{Field, Reader, Section};

/// The value of `key`; a key without a value, or with an empty text, counts as absent, as in the
/// toolkit.
pub fn given<'a>(section: &Section<'a>, key: &str) -> Option<Field<'a>> {
    section.get(key).filter(|field| !field.is_blank())
}

/// `true` or `false`.
pub fn boolean(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<bool> {
    match reader.verbatim(field)?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => reader.wrong(field, "must be true or false"),
    }
}
