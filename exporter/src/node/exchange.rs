//! One bounded request to one node.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::Context;
use bytes::Bytes;
use headlag_service::outbound::{self, USER_AGENT, basic_auth, login_of};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use reqwest::Url;
use secrecy::ExposeSecret;
use tokio::time::timeout_at;

use super::{
    authorization::Authorization,
    connection::Connection,
    dial::Dialer,
    error_reason::reason_of_failure,
    retry_after,
    tcp::{Server, authority},
};
use crate::{
    answer::Reason,
    clock,
    config::{Endpoint, NetworkName},
    protocol::{self, Question},
};

/// The longest answer that is read; far above any honest one, far below what would hurt.
const MOST_BYTES: usize = 1 << 20;

/// A node's connection, with what is sent in every request.
pub struct Exchange {
    connection: Connection,
    headers: HeaderMap,
    /// Absent where there is none, or where it is one of the headers.
    authorization: Option<Authorization>,
}

/// Shows nothing, not even the host.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}

/// A question, and where at a node it is asked.
pub struct Ask {
    /// What is asked.
    pub question: Question,
    target: Uri,
}

/// Shows nothing: the target may hold a key.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ask")
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
    /// The whole body. Empty, too, where the status is none of an answer and the body cannot be
    /// read.
    pub body: Bytes,
}

impl Ask {
    /// To ask `question` at the node at `endpoint`, which is asked `head` for its newest block.
    ///
    /// # Errors
    /// When its URL cannot be used.
    pub fn new(question: &Question, head: &Question, endpoint: &Endpoint) -> anyhow::Result<Self> {
        // The parser's error says what is wrong without showing the URL.
        let url = Url::parse(endpoint.url.expose_secret())?;
        let base = protocol::base(url.path(), head.request.path());
        let target = protocol::join(base, url.query(), question.request.path());
        let target = target.try_into().context("its path cannot be sent")?;
        Ok(Self { question: question.clone(), target })
    }
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
        let mut headers = HeaderMap::from_iter([
            (header::HOST, authority(&url).context("its host cannot be sent")?),
            (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
            (header::ACCEPT, HeaderValue::from_static("*/*")),
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        ]);
        headers.extend(credentials(&url));
        headers.extend(endpoint.headers.clone());
        let credentials = endpoint.access.credentials.clone();
        let authorization = credentials
            .map(|credentials| Authorization::new(network.clone(), endpoint.name.clone(), credentials))
            .transpose()?;
        let route = dialer.route(server, &endpoint.access).context("TLS cannot be set up")?;
        Ok(Self { connection: Connection::new(route, lifetime), headers, authorization })
    }

    /// Asks with this `id` and gives the answer, when it is complete before `deadline`, name
    /// look-up included. Where the credentials are refused and their file holds others by now,
    /// it is asked once more: bitcoind writes a new cookie at each start.
    pub async fn ask(&mut self, ask: &Ask, id: u64, deadline: Instant) -> Result<Reply, Reason> {
        let authorization = self.authorization.as_mut().map(Authorization::current);
        let reply = self.ask_with(authorization, ask, id, deadline).await?;
        let renewed = match &mut self.authorization {
            Some(authorization) if reply.status == StatusCode::UNAUTHORIZED => authorization.renewed(),
            _ => None,
        };
        match renewed {
            Some(renewed) => self.ask_with(Some(renewed), ask, id, deadline).await,
            None => Ok(reply),
        }
    }

    async fn ask_with(
        &mut self,
        authorization: Option<HeaderValue>,
        Ask { question, target }: &Ask,
        id: u64,
        deadline: Instant,
    ) -> Result<Reply, Reason> {
        let body = question.request.body(id);
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut headers = self.headers.clone();
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.entry(header::CONTENT_TYPE).or_insert(json);
        }
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        let mut request = Request::new(Full::from(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = target.clone();
        *request.headers_mut() = headers;
        let deadline = deadline.into();
        let response = timeout_at(deadline, self.connection.send(request)).await;
        let response = response.map_err(|_| Reason::Timeout)??;
        let (status, retry_after) = (response.status(), asks_to_wait(&response));
        let body = match timeout_at(deadline, read(response)).await.map_err(|_| Reason::Timeout) {
            Ok(Ok(body)) => body,
            // The status says enough.
            _ if !question.accepted.contains(&status.as_u16()) => Bytes::new(),
            Ok(Err(reason)) | Err(reason) => return Err(reason),
        };
        Ok(Reply { status, retry_after, body })
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, Reason> {
    let (parts, body) = response.into_parts();
    outbound::collect(&parts.headers, body, MOST_BYTES).await.map_err(reason_of_failure)
}

/// `Retry-After` where it means this server rather than the moved page (RFC 9110, 10.2.3).
fn asks_to_wait(response: &Response<Incoming>) -> Option<Duration> {
    if ![StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&response.status()) {
        return None;
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    retry_after::read(text(header::RETRY_AFTER)?, text(header::DATE), clock::wall())
}

/// The user and password of a URL as a header.
fn credentials(url: &Url) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::try_from(basic_auth(login_of(url)?)).ok()?;
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
