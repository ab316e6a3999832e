//! The bot's own pages: metrics, health, readiness; and the way in for alerts.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use headlag_service::{
    exposition,
    server::{Reply, plain, typed},
};
use hyper::{Method, Request, StatusCode, body::Incoming};
use prometheus_client::registry::Registry;

use crate::{alerts::intake::Intake, clock};

/// The bot is not ready after so long without an answer from Telegram: an outage and a long poll.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where Alertmanager hands in its webhooks.
pub const ALERTS: &str = "/alerts";

/// Whether Telegram answered recently. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<Option<Instant>>>);

impl Readiness {
    /// Telegram answered at this moment.
    pub fn reached(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether that was recently.
    #[must_use]
    pub fn is_reached(&self, now: Instant) -> bool {
        let reached = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reached.is_some_and(|at| now.duration_since(at) <= PATIENCE)
    }
}

/// What the pages show, and where alerts come in.
pub struct Pages {
    /// All metrics.
    pub registry: Registry,
    /// Whether Telegram answered recently.
    pub ready: Readiness,
    /// Absent where no chat gets alerts.
    pub intake: Option<Intake>,
}

/// Answers one request.
pub async fn answer(request: Request<Incoming>, pages: Arc<Pages>) -> Reply {
    match &pages.intake {
        Some(intake) if request.uri().path() == ALERTS => intake.answer(request).await,
        _ => page(&request, &pages),
    }
}

fn page(request: &Request<Incoming>, pages: &Pages) -> Reply {
    let Pages { registry, ready, .. } = pages;
    if request.uri().path() == ALERTS {
        let text = "not found; alerts need --telegram.alert-chats and --alerts.secret-file\n";
        return plain(StatusCode::NOT_FOUND, text);
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    match request.uri().path() {
        "/" => typed(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        "/metrics" => exposition::answer(registry, request.headers()),
        "/-/healthy" => plain(StatusCode::OK, "headlag-chartbot is healthy\n"),
        "/-/ready" if ready.is_reached(clock::now()) => plain(StatusCode::OK, "headlag-chartbot is ready\n"),
        "/-/ready" => plain(StatusCode::SERVICE_UNAVAILABLE, "headlag-chartbot cannot reach Telegram\n"),
        _ => plain(StatusCode::NOT_FOUND, "not found; see /\n"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_while_telegram_answers() {
        let (ready, start) = (Readiness::default(), clock::now());
        assert!(!ready.is_reached(start));
        ready.clone().reached(start);
        assert!(ready.is_reached(start + PATIENCE));
        assert!(!ready.is_reached(start + PATIENCE + Duration::from_secs(1)));
        ready.reached(start + PATIENCE * 2);
        assert!(ready.is_reached(start + PATIENCE * 2));
    }
}
