//! The paths the exporter answers.

use std::sync::Arc;

use headlag_service::{
    exposition,
    server::{Reply, plain, typed},
};
use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};

use crate::{
    page::{self, Unfolded},
    published::Current,
    snapshot::{Moment, Snapshot},
};

/// All that an answer is made of. None of it waits for a node, but a reload for its first round.
#[derive(Debug)]
pub struct Paths {
    /// For `/metrics`.
    pub registry: Registry,
    /// For the page and readiness.
    pub current: Arc<Current>,
    /// For the page.
    pub version: &'static str,
    /// Where reloads are asked for.
    pub reload: mpsc::Sender<Reload>,
}

/// Receives the lines of what a reload changed, or why it was refused.
pub type Reload = oneshot::Sender<anyhow::Result<Vec<String>>>;

impl Paths {
    /// Answers one request.
    #[must_use]
    pub async fn answer(&self, request: &Request<Incoming>) -> Reply {
        if request.uri().path() == "/-/reload" {
            return self.reload(request.method()).await;
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed\n");
        }
        match request.uri().path() {
            "/metrics" => exposition::answer(&self.registry, request.headers()),
            "/" => typed(StatusCode::OK, "text/html; charset=utf-8", self.page(request.uri().query())),
            "/-/healthy" => plain(StatusCode::OK, "headlag-exporter is healthy\n"),
            "/-/ready" if self.is_ready() => plain(StatusCode::OK, "headlag-exporter is ready\n"),
            "/-/ready" => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: a network has not finished its first round\n",
            ),
            _ => plain(StatusCode::NOT_FOUND, "not found; try / or /metrics\n"),
        }
    }

    async fn reload(&self, method: &Method) -> Reply {
        if method != Method::POST {
            let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED, "only POST is allowed\n");
            reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            return reply;
        }
        let (reply, reloaded) = oneshot::channel();
        // Without a receiver the process is about to end.
        let _ = self.reload.send(reply).await;
        match reloaded.await {
            Ok(Ok(changes)) if changes.is_empty() => plain(StatusCode::OK, "nothing changed\n"),
            Ok(Ok(changes)) => plain(StatusCode::OK, changes.join("\n") + "\n"),
            Ok(Err(refused)) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{refused:#}\n")),
            Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the exporter is stopping\n"),
        }
    }

    fn is_ready(&self) -> bool {
        self.current.get().networks.iter().all(|network| network.newest().is_some())
    }

    fn page(&self, query: Option<&str>) -> String {
        let now = Moment::now();
        let current = self.current.get();
        let newest = current.networks.iter().filter_map(|network| network.newest());
        let shown: Vec<Snapshot> = newest.map(|snapshot| snapshot.shown_at(now)).collect();
        let waiting = current.networks.len() - shown.len();
        page::render(self.version, now.unix, &shown, waiting, &Unfolded::of_query(query))
    }
}
