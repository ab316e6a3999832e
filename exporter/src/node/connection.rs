//! The one connection to a node: kept alive, but not for long, and replaced when the server
//! closes it.
//!
//! Not a pool of connections: a node is asked one question at a time. So it is plain which
//! connection is fresh and how old it is, which reqwest does not reveal.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{Builder, SendRequest},
};
use hyper_util::rt::TokioIo;

use super::{
    allowance::Allowance,
    dial::{Dialed, Route},
    error_reason::reason_of,
    proxy::{REFUSED, Relay},
};
use crate::{answer::Reason, clock::now};

/// Some gateways add a header for each of their policies; hyper's default is 100. For each answer
/// hyper makes room for so many.
const MOST_HEADERS: usize = 256;

/// A connection to one server, opened when it is needed.
#[derive(Debug)]
pub struct Connection {
    route: Route,
    lifetime: Duration,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    relay: Option<Relay>,
    allowance: Allowance,
    /// After this another one is opened: the name may have moved to another address.
    until: Instant,
}

impl Connection {
    /// Not open yet. None lives longer than `lifetime`.
    pub fn new(route: Route, lifetime: Duration) -> Self {
        Self { route, lifetime, open: None }
    }

    /// Sends `request`, which must be one without side effects, and waits for the head of
    /// the answer. Where a kept-alive connection breaks before that, the request is sent
    /// once more on a fresh one: a server may close an idle connection at any time, also
    /// while the next request is on its way. What fails on a fresh connection is not repeated.
    ///
    /// Dropped before it is done, it closes the connection.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Reason> {
        if let Some(open) = self.kept_alive().await {
            match self.send_over(open, request.clone()).await {
                // Some balancers say so when they close an idle connection.
                Ok(response) if response.status() == StatusCode::REQUEST_TIMEOUT => {}
                Err(Reason::Connect(_)) => {}
                answer => return answer,
            }
        }
        // Boxed: rarely needed, and larger than all the rest that waits for an answer.
        let open = Box::pin(self.open()).await?;
        self.send_over(open, request).await
    }

    /// The connection of before, where it can be used again.
    async fn kept_alive(&mut self) -> Option<Open> {
        let mut open = self.open.take().filter(|open| now() < open.until)?;
        open.sender.ready().await.ok()?;
        Some(open)
    }

    async fn open(&self) -> Result<Open, Reason> {
        let until = now() + self.lifetime;
        let Dialed { stream, relay, allowance } = self.route.dial().await?;
        let (sender, connection) = Builder::new()
            .max_headers(MOST_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| reason_of(&error))?;
        // It ends with its sender; how it failed, the sender reports.
        tokio::spawn(connection);
        Ok(Open { sender, relay, allowance, until })
    }

    async fn send_over(
        &mut self,
        mut open: Open,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Reason> {
        open.allowance.renew();
        if let Some(relay) = &open.relay {
            relay.address(&mut request)?;
        }
        let response = open.sender.send_request(request).await;
        let response = response.map_err(|error| reason_of(&error))?;
        if open.relay.as_ref().is_some_and(|relay| relay.is_refusal(response.status())) {
            return Err(REFUSED);
        }
        self.open = Some(open);
        Ok(response)
    }
}
