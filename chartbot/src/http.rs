//! The bot's own pages: metrics, health, readiness.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use headlag_service::{
    exposition,
    server::{Reply, plain, typed},
};
use hyper::{Method, Request, StatusCode, body::Incoming};
use prometheus_client::registry::Registry;

/// Whether Telegram has ever known the bot. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on the bot is ready.
    pub fn reached(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Answers one request.
#[must_use]
pub fn answer(request: &Request<Incoming>, registry: &Registry, ready: &Readiness) -> Reply {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    match request.uri().path() {
        "/" => typed(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        "/metrics" => exposition::answer(registry, request.headers()),
        "/-/healthy" => plain(StatusCode::OK, "headlag-chartbot is healthy\n"),
        "/-/ready" if ready.is_reached() => plain(StatusCode::OK, "headlag-chartbot is ready\n"),
        "/-/ready" => {
            plain(StatusCode::SERVICE_UNAVAILABLE, "headlag-chartbot has not reached Telegram yet\n")
        }
        _ => plain(StatusCode::NOT_FOUND, "there is nothing here; see /\n"),
    }
}

const PAGE: &str = concat!(
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width\">",
    "<title>headlag-chartbot</title>",
    "<h1>headlag-chartbot ",
    env!("CARGO_PKG_VERSION"),
    "</h1><p>A Telegram bot that draws the lag of blockchain nodes from Prometheus.</p>",
    "<ul><li><a href=\"metrics\">metrics</a></li>",
    "<li><a href=\"-/healthy\">health</a></li>",
    "<li><a href=\"-/ready\">readiness</a></li></ul></html>\n",
);
