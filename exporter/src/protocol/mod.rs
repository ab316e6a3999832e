//! PURE: the chains that headlag knows, as one table: a row says what to send to a node and how
//! to read its answer.
//!
//! Nothing elsewhere depends on a chain: a new one is a new row in `table.rs`.

mod identity;
mod path;
mod read;
mod table;

#[cfg(test)]
mod document;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

pub use self::{
    identity::{ChainId, Compare, decimal, quantity},
    path::{base, join},
    read::Head,
    table::{ask, rows},
};

/// Written in the table, or by a user in the config.
pub type Text = Cow<'static, str>;

/// The name of the protocol that a user describes in the config.
pub const JSON: &str = "json";

/// How the nodes of a chain, or of many chains alike, are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The value of `protocol` in the config.
    pub name: &'static str,
    /// For people.
    pub about: About,
    /// The usual time between two blocks; absent where only the user knows it.
    pub block_time: Option<Duration>,
    /// The question for the newest block.
    pub head: Question,
    /// Where a node reports its chain.
    pub chain: Identity,
    /// When two identities mean the same chain.
    pub compare: Compare,
    /// Where an answer has an error, if it is one.
    pub error: ErrorAt,
    /// The codes of errors that mean that the rate is limited, besides 429.
    pub limit_codes: Vec<i64>,
    /// Words of answers that mean the same; only in answers without a usable block.
    pub limit_words: Vec<&'static str>,
    /// What a node answers that has nothing yet.
    pub unsynced: Vec<Unsynced>,
}

/// What the documentation says of a row. All of it is empty where a user wrote the row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct About {
    /// The chains, as their users call them.
    pub title: &'static str,
    /// The name of the network in the example.
    pub network: &'static str,
    /// The identity of the chain in the example.
    pub chain_id: &'static str,
    /// The address of the node in the example, at the usual port.
    pub url: &'static str,
    /// Further lines of the node in the example.
    pub login: &'static str,
    /// What a user has to know.
    pub note: &'static str,
    /// Where the facts are from.
    pub source: &'static str,
}

/// One question to a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is sent.
    pub request: Request,
    /// The HTTP statuses of answers that are read; none of them means an error.
    pub accepted: &'static [u16],
    /// Where the value is in the answer.
    pub field: Field,
}

/// What is sent to a node. Its `Debug` hides what a user wrote, since that may hold a key.
#[derive(Clone, PartialEq)]
pub enum Request {
    /// GET of this path, joined to the node's URL as [`join`] says.
    Get {
        /// From its first slash on, perhaps with a query; empty: the URL as it is.
        path: Text,
    },
    /// POST of this body.
    Post {
        /// As for GET.
        path: Text,
        /// Sent as it is.
        body: Text,
    },
    /// POST of a JSON-RPC call to the URL as it is. The servers echo the id of the request.
    Rpc {
        /// Of JSON-RPC.
        version: &'static str,
        /// What is called.
        method: &'static str,
        /// A JSON array; empty: none are sent.
        params: &'static str,
    },
}

/// A value in a JSON answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// A JSON pointer (RFC 6901).
    pub pointer: Text,
    /// How the value is written.
    pub form: Form,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string of `0x` and hexadecimal digits. A JSON number, which some servers send instead,
    /// is as clear.
    Hex,
    /// A string of decimal digits.
    Decimal,
    /// A JSON number.
    Number,
    /// A string, or a number taken as text: not for blocks.
    Text,
}

/// Where a node reports its chain.
#[derive(Debug, Clone, PartialEq)]
pub enum Identity {
    /// Nowhere that is known.
    Nowhere,
    /// In the answer that holds its block.
    InHead(Field),
    /// In the answer to another question.
    Asked(Question),
}

/// Where an answer has an error, if it is one, and where that has its code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorAt {
    /// What makes the answer an error.
    pub sign: Sign,
    /// A JSON pointer to the code.
    pub code: &'static str,
}

/// What makes an answer an error; with a JSON pointer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sign {
    /// There is something, and more than null, false, an empty string or an empty list.
    Present(&'static str),
    /// There is false.
    False(&'static str),
}

/// What a node answers that has no block yet, since it is starting or still syncing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unsynced {
    /// An error of this code.
    Code(i64),
    /// Block 0.
    Zero,
    /// No value at this JSON pointer, though the object for it is there.
    Absent(&'static str),
    /// At this JSON pointer this text.
    Says(&'static str, &'static str),
}

impl Request {
    /// The path that is joined to the node's URL; empty: the URL as it is.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Get { path } | Self::Post { path, .. } => path,
            Self::Rpc { .. } => "",
        }
    }

    /// What is posted; absent for GET. No other request to this node shares the `id`.
    #[must_use]
    pub fn body(&self, id: u64) -> Option<String> {
        match self {
            Self::Get { .. } => None,
            Self::Post { body, .. } => Some(body.clone().into_owned()),
            Self::Rpc { version, method, params } => {
                let params = if params.is_empty() { String::new() } else { format!(r#","params":{params}"#) };
                Some(format!(r#"{{"jsonrpc":"{version}","id":{id},"method":"{method}"{params}}}"#))
            }
        }
    }

    /// Whether an answer with another id answers another request.
    fn is_echoed(&self) -> bool {
        matches!(self, Self::Rpc { .. })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get { .. } => f.write_str("GET"),
            Self::Post { .. } => f.write_str("POST"),
            Self::Rpc { method, .. } => f.write_str(method),
        }
    }
}

/// The row of this name.
#[must_use]
pub fn find(name: &str) -> Option<Arc<Row>> {
    rows().iter().find(|row| row.name == name).cloned()
}

/// The row of a chain that a user describes in the config: these questions, and JSON-RPC's errors.
/// Block 0 means that there is none yet.
#[must_use]
pub fn written(head: Question, chain: Identity, compare: Compare) -> Row {
    Row { chain, compare, unsynced: vec![Unsynced::Zero], ..table::row(JSON, head) }
}

/// The row that somebody may have meant by `name`: the one that lists a chain of that name, or
/// begins like it.
#[must_use]
pub fn suggest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let lists = |row: &&Arc<Row>| {
        let mut words = row.about.title.split(|c: char| !c.is_alphanumeric());
        words.any(|word| !word.is_empty() && word.to_lowercase() == name)
    };
    let begins = |row: &&Arc<Row>| name.get(..3).is_some_and(|begin| row.name.starts_with(begin));
    rows().iter().find(lists).or_else(|| rows().iter().find(begins)).map(|row| row.name)
}
