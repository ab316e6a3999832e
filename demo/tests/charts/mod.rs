//! What the bot draws, and the facts that it draws from, without Telegram.

#![allow(dead_code, reason = "each test uses its part")]

use std::{net::SocketAddr, process::Output};

use headlag_demo::process::beside;
use serde_json::Value;
use tokio::process::Command;

/// How often the same second is tried for.
const ATTEMPTS: usize = 40;

/// A picture, and its facts.
pub type Chart = (Vec<u8>, Value);

/// A server that the bot reads from, as its flags say.
#[derive(Clone, Debug)]
pub struct Source(Vec<String>);

impl Source {
    /// A server without a tenant.
    pub fn of(server: SocketAddr) -> Self {
        Self::at(&format!("http://{server}"))
    }

    /// The API below this URL.
    pub fn at(url: &str) -> Self {
        Self(vec!["--prometheus.url".into(), url.into()])
    }

    /// What this file says is sent along.
    pub fn with(mut self, http_config: &std::path::Path) -> Self {
        self.0.extend(["--prometheus.http-config-file".into(), http_config.display().to_string()]);
        self
    }

    /// The chart of a range, or why there is none.
    pub async fn try_chart(&self, range: &str) -> Result<Chart, String> {
        let picture = tempfile::NamedTempFile::new().unwrap();
        let mut program = Command::new(beside("headlag-chartbot").unwrap());
        program.args(["chart", range, "--json", "--output"]).arg(picture.path()).args(&self.0);
        let Output { status, stdout, stderr } = program.output().await.unwrap();
        if !status.success() {
            return Err(String::from_utf8_lossy(&stderr).into_owned());
        }
        Ok((std::fs::read(picture.path()).unwrap(), serde_json::from_slice(&stdout).unwrap()))
    }

    /// The chart of a range.
    pub async fn chart(&self, range: &str) -> Chart {
        self.try_chart(range).await.unwrap_or_else(|reason| panic!("{range}: {reason}"))
    }
}

/// Charts of the same second from two servers.
pub async fn in_one_second(range: &str, one: &Source, other: &Source) -> [Chart; 2] {
    for _ in 0..ATTEMPTS {
        let (one, other) = tokio::join!(one.chart(range), other.chart(range));
        if one.1["until"] == other.1["until"] {
            return [one, other];
        }
    }
    panic!("no two charts of {range} are of the same second");
}
