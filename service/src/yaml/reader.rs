//! Walks the tree and collects what is wrong with it: how to take a mapping, a list, a
//! text, a number out of it.

use std::{ops::RangeInclusive, time::Duration};

use jiff::{Span, SpanRelativeTo};

use super::{
    report::Problem,
    tree::{Node, Value},
    variables,
};

/// Looks a variable up; absent when it is not set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Longer ones may be anything but a key, so they are not shown.
const LONGEST_SHOWN_KEY: usize = 40;

/// Collects problems while it reads.
pub struct Reader<'a> {
    /// Absent where variables are not filled in.
    environment: Option<Environment<'a>>,
    problems: Vec<Problem>,
}

/// A mapping whose known keys are taken out one by one.
pub struct Section<'a> {
    /// Where it begins.
    pub line: u64,
    path: String,
    entries: Vec<(&'a str, u64, &'a Node)>,
}

/// A value with the place to name when it is wrong.
#[derive(Clone)]
pub struct Field<'a> {
    /// Counted from 1.
    pub line: u64,
    /// As `networks[0].name`.
    pub path: String,
    node: &'a Node,
}

impl<'a> Reader<'a> {
    /// Fills in `${VAR}` from `environment`.
    #[must_use]
    pub fn new(environment: Environment<'a>) -> Self {
        Self { environment: Some(environment), problems: Vec::new() }
    }

    /// For files in which a `${` is nothing special.
    #[must_use]
    pub fn without_variables() -> Self {
        Self { environment: None, problems: Vec::new() }
    }

    /// Whether anything is wrong so far.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// All problems so far, by line.
    #[must_use]
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems.dedup();
        self.problems
    }

    /// A problem with the value of `key` on `line`.
    pub fn problem(&mut self, line: u64, key: &str, what: impl Into<String>) {
        self.problems.push(Problem { line, key: key.to_owned(), what: what.into() });
    }

    /// A problem of the value of `field`; always `None`, so that it can be returned.
    pub fn wrong<T>(&mut self, field: &Field<'_>, what: impl Into<String>) -> Option<T> {
        self.problem(field.line, &field.path, what);
        None
    }

    /// The mapping at `field`, whose keys may only be the `known` ones, each once.
    pub fn section(&mut self, field: &Field<'a>, known: &[&str]) -> Option<Section<'a>> {
        let Value::Map(entries) = &field.node.value else {
            return self.wrong(field, format!("must be a mapping with the keys {}", known.join(", ")));
        };
        let mut section = Section { line: field.line, path: field.path.clone(), entries: Vec::new() };
        for (key, node) in entries {
            let path = section.path_of(&key.name);
            if !known.contains(&key.name.as_str()) {
                // A pasted URL can end up as a key: only what looks like one is shown.
                let shown = if is_like_a_key(&key.name) { path } else { section.path.clone() };
                self.problem(key.line, &shown, format!("unknown key; known here: {}", known.join(", ")));
            } else if let Some((_, first, _)) = section.entries.iter().find(|(name, ..)| *name == key.name) {
                let first = *first;
                self.problem(
                    key.line,
                    &path,
                    format!("repeats the key of line {first}; keep one of the two"),
                );
            } else {
                section.entries.push((&key.name, key.line, node));
            }
        }
        Some(section)
    }

    /// The items of the list at `field`.
    pub fn list(&mut self, field: &Field<'a>) -> Option<Vec<Field<'a>>> {
        let Value::List(items) = &field.node.value else {
            return self.wrong(field, "must be a list: each item on a line of its own, after a dash");
        };
        let items = items.iter().enumerate().map(|(index, node)| Field {
            line: node.line,
            path: format!("{}[{index}]", field.path),
            node,
        });
        Some(items.collect())
    }

    /// The entries of the mapping at `field`, whatever their keys.
    pub fn entries(&mut self, field: &Field<'a>) -> Option<Vec<(&'a str, Field<'a>)>> {
        let Value::Map(entries) = &field.node.value else {
            return self.wrong(field, "must be a mapping of names to values");
        };
        let entries = entries.iter().map(|(key, node)| {
            let path = if is_like_a_key(&key.name) {
                format!("{}.{}", field.path, key.name)
            } else {
                field.path.clone()
            };
            (key.name.as_str(), Field { line: key.line, path, node })
        });
        Some(entries.collect())
    }

    /// The text at `field` with its `${VAR}` filled in. Not to be shown: it may be a secret.
    pub fn text(&mut self, field: &Field<'_>) -> Option<String> {
        match &field.node.value {
            Value::Scalar(text) if !text.trim().is_empty() => self.fill_in(field, text),
            Value::Scalar(_) | Value::Null => self.wrong(field, "is empty; give it a value"),
            Value::List(_) | Value::Map(_) => self.wrong(field, "must be a single value"),
        }
    }

    /// The text at `field` exactly as written, where a `${` is nothing special. Not to be
    /// shown: it may be a secret.
    pub fn verbatim(&mut self, field: &Field<'_>) -> Option<String> {
        match &field.node.value {
            Value::Scalar(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Scalar(_) | Value::Null => self.wrong(field, "is empty; give it a value"),
            Value::List(_) | Value::Map(_) => self.wrong(field, "must be a single value"),
        }
    }

    fn fill_in(&mut self, field: &Field<'_>, text: &str) -> Option<String> {
        let Some(environment) = self.environment else { return Some(text.to_owned()) };
        match variables::fill_in(text, environment) {
            Ok(filled) => Some(filled),
            Err(gaps) => {
                for gap in gaps {
                    self.problem(field.line, &field.path, gap.to_string());
                }
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        match self.text(field)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => self.wrong(field, "must be true or false"),
        }
    }

    /// A whole number within `range`.
    pub fn number(&mut self, field: &Field<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(field)?;
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (low, high) = range.into_inner();
                self.wrong(field, format!("must be a whole number from {low} to {high}"))
            }
        }
    }

    /// A length of time such as 15s or 1m30s, within `range`.
    pub fn duration(&mut self, field: &Field<'_>, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = self.text(field)?;
        let parsed = text.parse::<Span>().ok();
        let duration = parsed
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
            .and_then(|duration| Duration::try_from(duration).ok());
        match duration {
            Some(duration) if range.contains(&duration) => Some(duration),
            _ => {
                let (low, high) = range.into_inner();
                self.wrong(
                    field,
                    format!(
                        "must be a length of time with its unit, such as 15s or 1m30s, from {} to {}",
                        in_units(low),
                        in_units(high)
                    ),
                )
            }
        }
    }
}

/// As people write it: in the largest unit that leaves nothing over.
fn in_units(time: Duration) -> String {
    const UNITS: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let millis = time.as_millis();
    let whole = UNITS.iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}

impl<'a> Section<'a> {
    /// The value of `key`, when it is present.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Field<'a>> {
        let (_, line, node) = self.entries.iter().find(|(name, ..)| *name == key)?;
        Some(Field { line: *line, path: self.path_of(key), node })
    }

    /// The value behind `key`, or the problem that it is missing and `what` to do.
    pub fn require(&self, reader: &mut Reader<'a>, key: &str, what: &str) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            reader.problem(self.line, &self.path_of(key), format!("is missing; {what}"));
        }
        field
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'a> Field<'a> {
    /// The whole document.
    #[must_use]
    pub fn root(node: &'a Node) -> Self {
        Self { line: node.line, path: String::new(), node }
    }

    /// Whether this is a single value, rather than a mapping or a list.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        matches!(self.node.value, Value::Scalar(_))
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// Whether there is no value, or one with nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.node.value {
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
            Value::Null | Value::Scalar(_) => self.is_blank(),
        }
    }

    /// Whether there is no value, or nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        matches!(&self.node.value, Value::Scalar(text) if text.trim().is_empty()) || self.is_null()
    }
}

/// Whether a key may be shown: a secret may stand there for want of a colon or too many of them,
/// and most have digits.
fn is_like_a_key(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() <= 2
        && text.len() <= LONGEST_SHOWN_KEY
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}
