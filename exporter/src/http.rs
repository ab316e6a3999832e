//! The paths the exporter answers.

use std::sync::Arc;

use headlag_service::{
    exposition,
    server::{Reply, plain, typed},
};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, HeaderValue},
};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};

use crate::{
    health::{Health, Limit},
    metrics,
    page::{self, Unfolded},
    published::{Current, Published},
    query,
    snapshot::{Moment, Snapshot},
};

/// Where a reload is asked for.
const RELOAD: &str = "/-/reload";

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
    /// Answers one request. OPTIONS is answered with the status of GET, since some load
    /// balancers check with it.
    #[must_use]
    pub async fn answer(&self, request: &Request<Incoming>) -> Reply {
        match *request.method() {
            Method::POST if request.uri().path() == RELOAD => self.reload().await,
            _ if request.uri().path() == RELOAD => not_allowed("POST"),
            Method::GET | Method::HEAD => self.get(request),
            Method::OPTIONS => without_body(self.get(request).status()),
            _ => not_allowed("GET, HEAD, OPTIONS"),
        }
    }

    fn get(&self, request: &Request<Incoming>) -> Reply {
        let (path, query) = (request.uri().path(), request.uri().query());
        if let Some(reply) = self.probed(path, query) {
            return reply;
        }
        match path {
            "/metrics" => self.metrics(query, request.headers()),
            "/" => typed(StatusCode::OK, "text/html; charset=utf-8", self.page(query)),
            _ => plain(StatusCode::NOT_FOUND, "not found; try / or /metrics\n"),
        }
    }

    /// The answer where load balancers and probes ask; absent for other paths.
    fn probed(&self, path: &str, query: Option<&str>) -> Option<Reply> {
        Some(match path {
            "/-/healthy" => plain(StatusCode::OK, "headlag-exporter is healthy\n"),
            "/-/ready" if self.is_ready() => plain(StatusCode::OK, "headlag-exporter is ready\n"),
            "/-/ready" => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: a network has not finished its first round\n",
            ),
            _ => {
                let (network, node) = path.strip_prefix("/health/")?.split_once('/')?;
                self.health(network, node, query)
            }
        })
    }

    fn health(&self, network: &str, node: &str, query: Option<&str>) -> Reply {
        let current = self.current.get();
        let found = current.network(network).and_then(|network| {
            let index = network.nodes.iter().position(|(name, _)| name.as_str() == node)?;
            Some((network, index))
        });
        let Some((network, index)) = found else {
            return plain(StatusCode::NOT_FOUND, "no node of that name; it is /health/NETWORK/NODE\n");
        };
        let limit = match Limit::of_query(query) {
            Ok(limit) => limit,
            Err(problem) => return plain(StatusCode::BAD_REQUEST, problem),
        };
        let health = Health::of(network.newest().as_deref(), index, limit, Moment::now());
        let status = if health.may_serve { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        plain(status, format!("{}\n", health.state))
    }

    /// All metrics, or those of the networks that the query names.
    fn metrics(&self, query: Option<&str>, headers: &HeaderMap) -> Reply {
        let wanted = query::parameters(query).filter(|(parameter, _)| *parameter == "network");
        let names: Vec<_> = wanted.map(|(_, name)| name).collect();
        if names.is_empty() {
            return exposition::answer(&self.registry, headers);
        }
        // All of them from one config, each once.
        let current = self.current.get();
        if names.iter().any(|name| current.network(name).is_none()) {
            return plain(StatusCode::NOT_FOUND, "no network of that name\n");
        }
        let is_named = |network: &&Arc<Published>| names.iter().any(|name| network.network.as_str() == name);
        let networks = current.networks.iter().filter(is_named).cloned().collect();
        exposition::answer(&metrics::registry_of(networks), headers)
    }

    async fn reload(&self) -> Reply {
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
        let unfolded = Unfolded::of_query(query);
        page::render(self.version, now.unix, &shown, waiting, current.refused_since, &unfolded)
    }
}

fn not_allowed(methods: &'static str) -> Reply {
    let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED, format!("allowed here: {methods}\n"));
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    reply
}

fn without_body(status: StatusCode) -> Reply {
    let mut reply = Response::default();
    *reply.status_mut() = status;
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    reply
}
