//! `headlag.yml`: from text to a [`Config`] that cannot be wrong.

mod access;
mod credentials;
pub mod difference;
#[cfg(test)]
mod document;
mod endpoint;
pub mod notes;
mod parse;
mod protocol;
mod proxy;
#[cfg(test)]
mod tests;
mod tls;

pub use self::{
    access::Access,
    credentials::{Credentials, CredentialsError},
    proxy::{Proxy, ProxyKind},
    tls::Tls,
};

use std::{fmt, io::ErrorKind, path::Path, sync::Arc, time::Duration};

use headlag_service::{
    text_file::{TextFileError, read_text},
    yaml::{
        reader::{self, Environment},
        report::{self, Problem, Report},
        tree,
    },
};
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use crate::protocol::{ChainId, Row};

/// Far more than thousands of nodes need.
const LONGEST: u64 = 4 << 20;

/// The whole file, valid.
#[derive(Debug)]
pub struct Config {
    /// At least one, with different names.
    pub networks: Vec<Network>,
}

/// One network: which nodes are compared with which, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Unique in the file.
    pub name: NetworkName,
    /// How its nodes are asked.
    pub protocol: Arc<Row>,
    /// The chain every node should be on; absent: none is asked for its chain.
    pub chain_id: Option<ChainId>,
    /// How often every node is asked.
    pub poll_interval: Duration,
    /// For everything asked of a node in one round; below `poll_interval`.
    pub timeout: Duration,
    /// A node at most so many blocks from the median is level.
    pub threshold_blocks: u64,
    /// A block that has not risen for so long is still; at least three of `poll_interval`.
    pub stall_after: Duration,
    /// A reference further than this from the median is not counted.
    pub max_lead_blocks: u64,
    /// References that must be counted before there is a consensus; from 1 to their number.
    pub quorum: usize,
    /// The watched ones first; at least one of each role.
    pub nodes: Vec<Endpoint>,
}

/// What a node is there for: the values of the label `role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Compared with the other references, it is part of the consensus.
    Reference,
    /// Compared with the consensus, it is no part of it.
    Watched,
}

/// How one node is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Unique in the network, in both roles.
    pub name: NodeName,
    /// What it is there for.
    pub role: Role,
    /// Often holds an API key, so it never leaves this program except in a request.
    pub url: SecretString,
    /// Sent with every request; values are sensitive.
    pub headers: HeaderMap,
    /// Timeout, credentials, certificates, proxy.
    pub access: Access,
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        let Self { name, role, url, headers, access } = self;
        (name, role, headers, access) == (&other.name, &other.role, &other.headers, &other.access)
            && url.expose_secret() == other.url.expose_secret()
    }
}

impl Endpoint {
    /// Whether both have the same name and role, so that the series of one go on in the other.
    #[must_use]
    pub fn is_same_node(&self, other: &Self) -> bool {
        (&self.name, self.role) == (&other.name, other.role)
    }

    /// Whether both ask the same server, so that the blocks of one go on in the other.
    #[must_use]
    pub fn is_same_server(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret()
    }
}

impl Network {
    /// Whether the blocks of both are those of one chain, as far as the config says.
    #[must_use]
    pub fn is_same_chain(&self, other: &Self) -> bool {
        (&self.protocol, &self.chain_id) == (&other.protocol, &other.chain_id)
    }
}

impl Role {
    /// The value of the label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Watched => "watched",
        }
    }
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
    let text = read_text(path, LONGEST).map_err(|error| match error {
        TextFileError::Unreadable(error) if error.kind() == ErrorKind::NotFound => whole(
            "there is no such file; name yours with --config.file, or copy \
             headlag.example.yml, which comes with headlag"
                .into(),
        ),
        error => whole(error.to_string()),
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    read(&text, folder, &|name| std::env::var(name).ok()).map_err(|problems| Report { file, problems })
}

/// Reads and checks the text of a file in `folder`.
///
/// # Errors
/// Every problem of the text, by line.
pub fn read(text: &str, folder: &Path, environment: Environment<'_>) -> Result<Config, Vec<Problem>> {
    parse::parse(text, folder, environment)
}
