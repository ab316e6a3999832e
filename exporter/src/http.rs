//! The paths the exporter answers.

use std::sync::Arc;

use headlag_service::{
    exposition,
    server::{Reply, plain, typed},
};
use hyper::{Method, Request, StatusCode, body::Incoming};
use prometheus_client::registry::Registry;

use crate::{
    page::{self, Unfolded},
    published::Published,
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
    /// Answers one request.
    #[must_use]
    pub fn answer(self: &Arc<Self>, request: &Request<Incoming>) -> Reply {
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
