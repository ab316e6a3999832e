//! A server that headlag asks over HTTP: its address, what is sent with every request, and
//! answers of bounded length.

use std::time::Duration;

use bytes::Bytes;
use headlag_service::outbound::{self, Failure, Renewed};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client, RequestBuilder, StatusCode, Url,
    header::{ACCEPT_ENCODING, DATE},
};

use crate::{config::HttpConfig, foreign::Secrets};

/// A server at an address that may have a path prefix.
pub struct Remote {
    client: Renewed,
    base: Url,
    /// Whether the server is on this machine, where compressing costs more than it saves.
    is_here: bool,
    /// How many bytes of an answer are read.
    longest: usize,
    secrets: Secrets,
}

/// An answer, whatever its status.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// When the server answered, by its own clock, in whole seconds; absent if it did not say so.
    pub at: Option<Timestamp>,
    /// The whole body.
    pub body: Bytes,
    /// What it may echo, and no text may show.
    pub secrets: Secrets,
}

impl Remote {
    /// The server at `base`, asked as `http` says. A request may take `timeout`, and its answer
    /// have `longest` bytes.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base: &Url, http: &HttpConfig, timeout: Duration, longest: usize) -> reqwest::Result<Self> {
        let build = {
            let (http, base) = (http.clone(), base.clone());
            move || http.apply(outbound::client(timeout), base.clone()).0
        };
        let client = Renewed::new(build)?;
        let is_here = matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let (_, base) = http.apply(outbound::client(timeout), base.clone());
        let secrets = http.secrets(Secrets::default().of_url(&base));
        Ok(Self { client, base, is_here, longest, secrets })
    }

    /// The URL of `path`, which begins without a slash, below the server's own path.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Sends a request that changes nothing; it is sent again where a kept-alive connection was
    /// closed.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, request: impl Fn(Client) -> RequestBuilder) -> Result<Answer, Failure> {
        let send = |client| self.send(request(client));
        self.client.ask(send, |failure: &Failure| Some(*failure)).await
    }

    /// Sends a request that changes something, once.
    ///
    /// # Errors
    /// Why there is no answer; the change may have been made all the same.
    pub async fn act(&self, request: impl FnOnce(Client) -> RequestBuilder) -> Result<Answer, Failure> {
        self.send(request(self.client.client())).await
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Answer, Failure> {
        if !self.is_here {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        let response = request.send().await.map_err(|error| outbound::classify(&error))?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let at = date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
        let status = response.status();
        let body = outbound::read_body(response, self.longest).await?;
        Ok(Answer { status, at, body, secrets: self.secrets.clone() })
    }
}
