//! Where a list comes from: a file, or a server.

use std::{fmt, path::Path, time::Duration};

use anyhow::{Context, anyhow, bail};
use headlag_service::{
    outbound::{self, Failure, classify},
    text_file::read_text,
};
use reqwest::{
    Url,
    header::{ACCEPT, ACCEPT_ENCODING},
};

use crate::node::Reach;

/// Ten times the list of all chains in 2026.
const LONGEST: usize = 32 << 20;

/// For the whole list.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A list, by its place. Shown without what may be a key.
#[derive(Debug)]
pub enum Source {
    /// A file of this name.
    File(String),
    /// What a server at this address answers.
    Server(Url),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(path),
            Self::Server(url) => write!(f, "at {}", url.host_str().unwrap_or_default()),
        }
    }
}

impl Source {
    /// An address where `text` is one, else a file.
    ///
    /// # Errors
    /// When it is an address of another kind, or of nothing.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let Some((scheme, _)) = text.split_once("://") else { return Ok(Self::File(text.to_owned())) };
        let url = Url::parse(text).ok().filter(|url| url.has_host());
        // The text is not shown: it may hold a key.
        url.filter(|_| ["http", "https"].contains(&scheme.to_lowercase().as_str()))
            .map(Self::Server)
            .context("--source has to be a file, or an address such as https://chainlist.org/rpcs.json")
    }

    /// The text of the list, and where its nodes may be.
    ///
    /// # Errors
    /// Why there is none, and what to do. Holds nothing of an address but its host.
    pub async fn read(&self) -> anyhow::Result<(String, Reach)> {
        match self {
            Self::File(path) => {
                let text = read_text(Path::new(path), LONGEST as u64).map_err(|error| anyhow!("{error}"))?;
                Ok((text, Reach::Any))
            }
            Self::Server(url) => download(url).await,
        }
    }
}

async fn download(url: &Url) -> anyhow::Result<(String, Reach)> {
    let client = outbound::client(TIMEOUT).build().map_err(|_| anyhow!("cannot set up TLS"))?;
    let request = client.get(url.clone()).header(ACCEPT, "application/json").header(ACCEPT_ENCODING, "gzip");
    let response = request.send().await.map_err(|error| anyhow!(classify(&error)))?;
    let status = response.status();
    if status.is_redirection() {
        bail!(
            "it answers with status {}, and redirects are not followed; give --source the address that it \
             leads to, or download it with curl -L and give the file",
            status.as_u16()
        );
    }
    if !status.is_success() {
        bail!(
            "it answers with status {}; check the address, or download it with a browser and give --source \
             the file",
            status.as_u16()
        );
    }
    let reach = Reach::of_nodes_from(response.remote_addr().map(|address| address.ip()));
    let body = outbound::read_body(response, LONGEST).await.map_err(|failure| match failure {
        Failure::TooLarge => anyhow!("it is longer than {LONGEST} bytes; is it the right address?"),
        failure => anyhow!(failure),
    })?;
    let text = String::from_utf8(body.into()).map_err(|_| anyhow!("it is not UTF-8 text"))?;
    Ok((text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), reach))
}
