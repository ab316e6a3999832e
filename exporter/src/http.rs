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

use crate::{
    health::{Health, Limit},
    metrics,
    page::{self, Unfolded},
    published::Published,
    query,
    snapshot::{Moment, Snapshot},
};

/// All that an answer is made of. None of it waits for a node.
#[derive(Debug)]
pub struct Paths {
    /// For `/metrics`.
    pub registry: Registry,
    /// For the page and readiness.
    pub networks: Vec<Arc<Published>>,
    /// For the page.
    pub version: &'static str,
}

impl Paths {
    /// Answers one request. OPTIONS is answered with the status of GET, since some load
    /// balancers check with it.
    #[must_use]
    pub fn answer(self: &Arc<Self>, request: &Request<Incoming>) -> Reply {
        match *request.method() {
            Method::GET | Method::HEAD => self.get(request),
            Method::OPTIONS => without_body(self.get(request).status()),
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and OPTIONS are allowed\n"),
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
        let found = self.network(network).and_then(|network| {
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
        if names.iter().any(|name| self.network(name).is_none()) {
            return plain(StatusCode::NOT_FOUND, "no network of that name\n");
        }
        let is_named = |network: &&Arc<Published>| names.iter().any(|name| network.network.as_str() == name);
        let networks = self.networks.iter().filter(is_named).cloned().collect();
        exposition::answer(&metrics::registry_of(networks), headers)
    }

    fn network(&self, name: &str) -> Option<&Arc<Published>> {
        self.networks.iter().find(|network| network.network.as_str() == name)
    }

    fn is_ready(&self) -> bool {
        self.networks.iter().all(|network| network.newest().is_some())
    }

    fn page(&self, query: Option<&str>) -> String {
        let now = Moment::now();
        let newest = self.networks.iter().filter_map(|network| network.newest());
        let shown: Vec<Snapshot> = newest.map(|snapshot| snapshot.shown_at(now)).collect();
        let waiting = self.networks.len() - shown.len();
        page::render(self.version, now.unix, &shown, waiting, &Unfolded::of_query(query))
    }
}

fn without_body(status: StatusCode) -> Reply {
    let mut reply = Response::default();
    *reply.status_mut() = status;
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    reply
}
