//! One bounded request to one node over a kept-alive connection.

use bytes::Bytes;
use headlag_service::outbound::{self, Failure};
use reqwest::{
    Client, StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::answer::Reason;
use crate::config::Endpoint;

/// Far above any honest answer, far below what would hurt.
const MOST_BYTES: usize = 64 * 1024;

/// A node's address with what is sent along.
#[derive(Debug)]
pub struct Exchange {
    client: Client,
    url: SecretString,
    headers: HeaderMap,
}

impl Exchange {
    /// Asks the node at `endpoint`.
    #[must_use]
    pub fn new(client: Client, endpoint: &Endpoint) -> Self {
        Self { client, url: endpoint.url.clone(), headers: endpoint.headers.clone() }
    }

    /// Posts `body` and gives the whole body of the answer with status 200, when it is
    /// there before `deadline`, name look-up included.
    pub(super) async fn post_json(&self, body: &'static str, deadline: Instant) -> Result<Bytes, Reason> {
        let response = self
            .client
            .post(self.url.expose_secret())
            .timeout(deadline.saturating_duration_since(Instant::now()))
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(|error| reason(outbound::classify(&error)))?;
        match response.status() {
            StatusCode::OK => outbound::read_body(response, MOST_BYTES).await.map_err(reason),
            StatusCode::TOO_MANY_REQUESTS => Err(Reason::RateLimited),
            status => Err(Reason::HttpStatus(status.as_u16())),
        }
    }
}

fn reason(failure: Failure) -> Reason {
    match failure {
        Failure::Timeout => Reason::Timeout,
        Failure::Connect => Reason::Connect,
        Failure::Tls => Reason::Tls,
        Failure::TooLarge => Reason::TooLarge,
        Failure::Malformed => Reason::Malformed,
    }
}
