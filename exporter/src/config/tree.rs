//! YAML as a tree that knows its lines.
//!
//! A derived struct would stop at the first problem; this tree keeps unknown and
//! duplicate keys, so that [`super::parse`] can tell all problems at once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Spanned};

/// A value and the line it begins on, counted from 1.
#[derive(Debug)]
pub struct Node {
    /// Counted from 1.
    pub line: u64,
    /// What stands there.
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

/// Text that is no YAML.
#[derive(Debug)]
pub struct SyntaxError {
    /// Counted from 1; absent when it cannot be told.
    pub line: Option<u64>,
}

/// Reads one YAML document. An empty one is [`Value::Null`].
///
/// # Errors
/// The line where it stops being YAML. What stands there is not told: it may be a secret.
pub fn read(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
    };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { line: 1, value: Value::Null });
    }
    serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options)
        .map(Node::from)
        .map_err(|error| SyntaxError { line: error.location().map(|at| at.line()).filter(|line| *line > 0) })
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self { line: spanned.referenced.line(), value: spanned.value }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Scalar(v.to_string()))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Scalar(v.to_string()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Scalar(v.to_string()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Scalar(v.to_string()))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::Scalar(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Value>>()? {
            list.push(item.into());
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Spanned<String>, Spanned<Value>>()? {
            let key = Key { line: key.referenced.line(), name: key.value };
            entries.push((key, value.into()));
        }
        Ok(Value::Map(entries))
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
    fn what_is_no_yaml_is_told_with_its_line() {
        assert_eq!(read("a: 1\nb: [1, 2\nc: 3\n").unwrap_err().line, Some(3));
        assert!(matches!(read("# nothing\n\n").unwrap().value, Value::Null));
    }
}
