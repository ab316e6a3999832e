//! All problems of one config file, reported together.

use std::fmt;

/// One thing that is wrong, and what would be right. Never a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Counted from 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// The way to the key, as `networks[0].watched[1].url`.
    pub key: String,
    /// A sentence.
    pub what: String,
}

/// Every problem of a file, by line.
#[derive(Debug, thiserror::Error)]
pub struct Report {
    /// The file as the user named it.
    pub file: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, noun) = match self.problems.len() {
            1 => ("one".to_owned(), "problem"),
            many => (many.to_string(), "problems"),
        };
        write!(f, "{} has {count} {noun}:", self.file)?;
        for Problem { line, key, what } in &self.problems {
            write!(f, "\n  {}", self.file)?;
            if *line > 0 {
                write!(f, ":{line}")?;
            }
            if !key.is_empty() {
                write!(f, ": {key}")?;
            }
            write!(f, ": {what}")?;
        }
        Ok(())
    }
}
