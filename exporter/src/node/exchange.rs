//! One bounded request to one node.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use headlag_service::outbound::{self, Failure, USER_AGENT};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::ExposeSecret;
use tokio::time::timeout_at;

use super::{
    authorization::Authorization,
    connection::Connection,
    dial::Dialer,
    retry_after,
    tcp::{Server, authority},
};
use crate::{
    clock,
    config::{Endpoint, NetworkName},
};

/// The longest answer that is read; far above any honest one, far below what would hurt.
const MOST_BYTES: usize = 1 << 20;

/// A node's connection, with what is sent in every request.
pub struct Exchange {
    connection: Connection,
    target: Uri,
    headers: HeaderMap,
    /// Absent where there is none, or where it is one of the headers.
    authorization: Option<Authorization>,
}

/// Shows nothing: the target may hold a key.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}

/// An answer that arrived.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// How long the server asks to be left alone, at most the longest pause; absent where it
    /// does not.
    pub retry_after: Option<Duration>,
    /// The whole body. Empty, too, where the status is not 200 and the body cannot be read.
    pub body: Bytes,
}

impl Exchange {
    /// Asks the node at `endpoint` of `network`, over connections that live for `lifetime` at
    /// most.
    ///
    /// # Errors
    /// When its URL or its credentials cannot be used.
    pub fn new(
        dialer: &Dialer,
        network: &NetworkName,
        endpoint: &Endpoint,
        lifetime: Duration,
    ) -> anyhow::Result<Self> {
        // The parser's error says what is wrong without showing the URL.
        let url = Url::parse(endpoint.url.expose_secret())?;
        let server = Server::of(&url).context("it has no host")?;
        let target = url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut headers = HeaderMap::from_iter([
            (header::HOST, authority(&url).context("its host cannot be sent")?),
            (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
            (header::ACCEPT, HeaderValue::from_static("*/*")),
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        headers.extend(credentials(&url));
        headers.extend(endpoint.headers.clone());
        let credentials = endpoint.access.credentials.clone();
        let authorization = credentials
            .map(|credentials| Authorization::new(network.clone(), endpoint.name.clone(), credentials))
            .transpose()?;
        let route = dialer.route(server, &endpoint.access).context("TLS cannot be set up")?;
        let target = target.try_into().context("its path cannot be sent")?;
        Ok(Self { connection: Connection::new(route, lifetime), target, headers, authorization })
    }

    /// Posts `body` and gives the answer, when it is complete before `deadline`, name
    /// look-up included. Where the credentials are refused and their file holds others by now,
    /// it is posted once more: bitcoind writes a new cookie at each start.
    pub async fn post(&mut self, body: String, deadline: Instant) -> Result<Reply, Failure> {
        let authorization = self.authorization.as_mut().map(Authorization::current);
        let reply = self.post_with(authorization, body.clone(), deadline).await?;
        let renewed = match &mut self.authorization {
            Some(authorization) if reply.status == StatusCode::UNAUTHORIZED => authorization.renewed(),
            _ => None,
        };
        match renewed {
            Some(renewed) => self.post_with(Some(renewed), body, deadline).await,
            None => Ok(reply),
        }
    }

    async fn post_with(
        &mut self,
        authorization: Option<HeaderValue>,
        body: String,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        let deadline = deadline.into();
        let response = timeout_at(deadline, self.connection.send(request)).await;
        let response = response.map_err(|_| Failure::Timeout)??;
        let (status, retry_after) = (response.status(), asks_to_wait(&response));
        let body = match timeout_at(deadline, read(response)).await.map_err(|_| Failure::Timeout) {
            Ok(Ok(body)) => body,
            // The status says enough.
            _ if status != StatusCode::OK => Bytes::new(),
            Ok(Err(failure)) | Err(failure) => return Err(failure),
        };
        Ok(Reply { status, retry_after, body })
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, Failure> {
    let (parts, body) = response.into_parts();
    outbound::collect(&parts.headers, body, MOST_BYTES).await
}

/// `Retry-After` where it means this server rather than the moved page (RFC 9110, 10.2.3).
fn asks_to_wait(response: &Response<Incoming>) -> Option<Duration> {
    if ![StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status()) {
        return None;
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    retry_after::read(text(header::RETRY_AFTER)?, text(header::DATE), clock::wall())
}

/// The user and password of a URL as a header (RFC 7617).
fn credentials(url: &Url) -> Option<(HeaderName, HeaderValue)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let pair = [decoded(url.username()), decoded(url.password().unwrap_or_default())].join(&b':');
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some((header::AUTHORIZATION, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_become_a_header() {
        let header = |url| credentials(&Url::parse(url).unwrap()).map(|(_, value)| value);
        // base64 of "user:p@ss" and of "user:".
        assert_eq!(header("http://user:p%40ss@node.example/").unwrap(), "Basic dXNlcjpwQHNz");
        assert_eq!(header("http://user@node.example/").unwrap(), "Basic dXNlcjo=");
        assert_eq!(header("http://node.example/"), None);
    }
}
