//! `headlag.yml`: from text to a [`Config`] that cannot be wrong.

mod endpoint;
mod parse;
#[cfg(test)]
mod tests;

use std::{
    fmt, fs,
    io::{ErrorKind, Read},
    path::Path,
    time::Duration,
};

use headlag_service::yaml::{
    reader,
    report::{self, Problem, Report},
    tree,
};
use reqwest::header::HeaderMap;
use secrecy::SecretString;

/// Far more than thousands of nodes need.
const LONGEST: u64 = 4 << 20;

/// The whole file, valid.
#[derive(Debug)]
pub struct Config {
    /// At least one, with different names.
    pub networks: Vec<Network>,
}

/// One network: who is compared with whom, and how.
#[derive(Debug, Clone)]
pub struct Network {
    /// Unique in the file.
    pub name: NetworkName,
    /// The chain every node should be on; none is asked for its chain when absent.
    pub chain_id: Option<u64>,
    /// How often every node is asked.
    pub poll_interval: Duration,
    /// For all that is asked of a node in a round; below `poll_interval`.
    pub timeout: Duration,
    /// Half the height of the corridor in which a node counts as level.
    pub threshold_blocks: u64,
    /// A block that has not risen for so long stands still.
    pub stall_after: Duration,
    /// A reference that leads the median of a round by more is not believed.
    pub max_lead_blocks: u64,
    /// References that must answer before there is a consensus; from 1 to their number.
    pub quorum: usize,
    /// At least one.
    pub references: Vec<Endpoint>,
    /// At least one.
    pub watched: Vec<Endpoint>,
}

/// How one node is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Unique in the network, in both roles.
    pub name: NodeName,
    /// Often holds an API key, so it never leaves this program but as a request.
    pub url: SecretString,
    /// Sent with every request, `Authorization` among them; values are sensitive.
    pub headers: HeaderMap,
}

/// `[a-z0-9][a-z0-9_.-]*`, at most 32: fit for a label, a log field and a button.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkName(String);

/// `[a-z0-9][a-z0-9_.-]*`, at most 63: fit for a label, a log field and a button.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(String);

impl NetworkName {
    /// Longest name of a network.
    pub const MAX: usize = 32;

    /// The name, when `text` is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        is_name(text, Self::MAX).then(|| Self(text.to_owned()))
    }

    /// The plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NodeName {
    /// Longest name of a node.
    pub const MAX: usize = 63;

    /// The name, when `text` is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        is_name(text, Self::MAX).then(|| Self(text.to_owned()))
    }

    /// The plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(text: &str, max: usize) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= max
        && text.starts_with(alphanumeric)
        && text.chars().all(|c| alphanumeric(c) || "_.-".contains(c))
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads and checks `path`. Secrets come from the environment and from the files it
/// names; relative names of such files start at its folder.
///
/// # Errors
/// Every problem of the file in one report.
pub fn load(path: &Path) -> Result<Config, Report> {
    let file = path.display().to_string();
    let whole = |what: String| Report {
        file: file.clone(),
        problems: vec![Problem { line: 0, key: String::new(), what }],
    };
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => whole(
            "there is no such file; name yours with --config.file, or start from the headlag.yml \
             that comes with headlag"
                .into(),
        ),
        ErrorKind::InvalidData => whole("it is not UTF-8 text".into()),
        _ => whole(format!("it cannot be read: {error}")),
    })?;
    if text.len() as u64 > LONGEST {
        return Err(whole("it is longer than 4 MiB; is it the right file?".into()));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    parse::parse(&text, folder, &|name| std::env::var(name).ok())
        .map_err(|problems| Report { file: file.clone(), problems })
}
