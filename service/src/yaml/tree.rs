//! YAML as a tree that knows its lines.
//!
//! A derived struct would stop at the first problem; this tree keeps unknown and
//! duplicate keys, so that a reader can report all problems together.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};

use super::report::Problem;

/// A value and the line it begins on, counted from 1.
#[derive(Debug)]
pub struct Node {
    /// Counted from 1.
    pub line: u64,
    /// The value itself.
    pub value: Value,
}

/// What YAML can say, scalars as their text.
#[derive(Debug)]
pub enum Value {
    /// Nothing behind the key.
    Null,
    /// A string, number or boolean.
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file, duplicate keys included.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// Counted from 1.
    pub line: u64,
    /// As written.
    pub name: String,
}

/// Reads one YAML document. An empty one is [`Value::Null`].
///
/// # Errors
/// The line where it stops being YAML. The text itself is not shown: it may be a secret.
pub fn read(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
    };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { line: 1, value: Value::Null });
    }
    serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options).map(|raw| node(raw, text)).map_err(
        |error| {
            let what =
                "is not valid YAML here; look for a wrong indent, an unclosed quote or bracket, a ${NAME} inside { } without quotes, a tab, or a second document (---)";
            let line = error.location().map_or(0, |at| at.line());
            Problem { line, key: String::new(), what: what.into() }
        },
    )
}

/// What the YAML reader makes of a value. It takes `y` for a boolean and `010` for a
/// number; what a user wrote as a name stays one by going back to the text.
enum Raw {
    Null,
    Text(String),
    BooleanOrNumber,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let line = raw.referenced.line();
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Scalar(text),
        Raw::BooleanOrNumber => Value::Scalar(written_at(raw.defined, text).to_owned()),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<String>, _)| {
                (Key { line: key.referenced.line(), name: key.value }, node(value, text))
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
    };
    Node { line, value }
}

fn written_at(place: Location, text: &str) -> &str {
    let span = place.span();
    let bytes = span.byte_offset().zip(span.byte_len()).and_then(|(offset, length)| {
        let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        text.get(offset..offset.checked_add(length)?)
    });
    bytes.unwrap_or_default().trim()
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::BooleanOrNumber)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::BooleanOrNumber)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::BooleanOrNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::BooleanOrNumber)
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Text(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_duplicates_and_texts_are_kept() {
        let tree = read("# comment\na: 15s\nb:\n  - 1\n  - ~\na: yes\n").unwrap();
        let Value::Map(entries) = tree.value else { panic!("{tree:?}") };
        let seen: Vec<_> = entries.iter().map(|(key, node)| (key.line, &*key.name, node.line)).collect();
        assert_eq!(seen, [(2, "a", 2), (3, "b", 4), (6, "a", 6)]);
        let Value::List(list) = &entries[1].1.value else { panic!() };
        assert!(matches!(&list[0].value, Value::Scalar(text) if text == "1"));
        assert!(matches!(list[1].value, Value::Null));
    }

    #[test]
    fn what_looks_like_a_boolean_or_a_number_is_kept_as_it_was_written() {
        for written in
            ["y", "on", "no", "1.10", "010", "0x10", "1e3", "1_000", "0o17", "-5", "+5", "1.", "TRUE"]
        {
            for text in [
                format!("a: {written}\n"),
                format!("é: [{{x: é}}]\na: {written} # é\n"),
                format!("a: \"{written}\"\n"),
            ] {
                let Value::Map(entries) = read(&text).unwrap().value else { panic!() };
                let value = &entries.last().unwrap().1.value;
                assert!(matches!(value, Value::Scalar(kept) if kept == written), "{text}{value:?}");
            }
        }
        let Value::Map(entries) = read("a: &x 1.10\nb: *x\n").unwrap().value else { panic!() };
        assert!(matches!(&entries[1].1.value, Value::Scalar(kept) if kept == "1.10"), "{entries:?}");
    }

    #[test]
    fn what_is_no_yaml_is_reported_with_its_line() {
        assert_eq!(read("a: 1\nb: [1, 2\nc: 3\n").unwrap_err().line, 3);
        assert!(matches!(read("# nothing\n\n").unwrap().value, Value::Null));
    }
}
