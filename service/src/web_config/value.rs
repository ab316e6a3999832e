//! Values as the toolkit's reader takes them.

use crate::yaml::reader::{Field, Reader, Section};

/// The value of `key`; a key without a value, or with an empty text, counts as absent, as in the
/// toolkit.
pub fn given<'a>(section: &Section<'a>, key: &str) -> Option<Field<'a>> {
    section.get(key).filter(|field| !field.is_blank())
}

/// The value of `key`, which protects something: without a value it would silently protect nothing,
/// so that is a problem, and `what` is to be named.
pub fn protecting<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    key: &str,
    what: &str,
) -> Option<Field<'a>> {
    let field = section.get(key)?;
    if field.is_empty() {
        return reader.wrong(&field, format!("is empty; name {what}, or remove the key"));
    }
    Some(field)
}
