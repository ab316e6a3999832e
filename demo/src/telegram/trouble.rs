//! What can be wrong with the Bot API, as bots have met it.

use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::server::{self, Answer};

/// A refusal: HTTP status and description, as in
/// <https://core.telegram.org/bots/api#making-requests>.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub(super) code: u16,
    pub(super) description: String,
    /// What helps a bot to go on
    /// (<https://core.telegram.org/bots/api#responseparameters>).
    pub(super) parameters: Option<Value>,
}

impl Refusal {
    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Refusal { code, description: description.into(), parameters: None }
    }

    pub(super) fn bad_request(what: impl AsRef<str>) -> Self {
        Refusal::new(400, format!("Bad Request: {}", what.as_ref()))
    }

    pub(super) fn unauthorized() -> Self {
        Refusal::new(401, "Unauthorized")
    }

    pub(super) fn conflict() -> Self {
        Refusal::new(
            409,
            "Conflict: terminated by other getUpdates request; \
             make sure that only one bot instance is running",
        )
    }

    pub(super) fn server_error(code: u16) -> Self {
        let description = match code {
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        Refusal::new(code, description)
    }

    pub(super) fn answer(&self) -> Answer {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(parameters) = &self.parameters {
            body["parameters"] = parameters.clone();
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST);
        server::answer(status, "application/json", body.to_string())
    }
}

/// How the Bot API behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// As it should.
    #[default]
    Ok,
    /// The token is not valid (any more): 401.
    Unauthorized,
    /// Somebody else polls with the same token: 409 to getUpdates.
    Conflict,
    /// Too many messages: 429 and how many seconds to wait.
    TooManyRequests(u64),
    /// A proxy before the API fails: 502 with a page.
    BadGateway,
    /// Status 500, 502 or 503 as JSON, before anything of the request was carried out.
    FailsBefore(u16),
    /// The same after all of it was carried out, such as a photo that has arrived.
    FailsAfter(u16),
    /// A page with status 200, as captive portals answer.
    Html,
    /// Takes the request and never answers.
    Silent,
    /// Answers right, but so late.
    Slow(Duration),
    /// Refuses connections. Only for the whole API, not for a single method.
    Gone,
}

impl Trouble {
    /// Whether the right answer of this method (in lower case) will not come.
    pub(super) fn spoils(self, method: &str) -> bool {
        match self {
            Trouble::Ok | Trouble::Gone | Trouble::Slow(_) | Trouble::FailsAfter(_) => false,
            Trouble::Conflict => method == "getupdates",
            _ => true,
        }
    }

    /// What is answered after the method was carried out, instead of its result.
    pub(super) fn afterwards(self) -> Option<Refusal> {
        match self {
            Trouble::FailsAfter(code) => Some(Refusal::server_error(code)),
            _ => None,
        }
    }

    /// The answer instead of the right one, or nothing where the right one may follow.
    pub(super) async fn answer(self, method: &str) -> Option<Answer> {
        let page = |status, title: &str| {
            let text = format!("<html><head><title>{title}</title></head><body>{title}</body></html>");
            Some(server::answer(status, "text/html", text))
        };
        match self {
            Trouble::Ok | Trouble::Gone | Trouble::FailsAfter(_) => None,
            Trouble::FailsBefore(code) => Some(Refusal::server_error(code).answer()),
            Trouble::Unauthorized => Some(Refusal::unauthorized().answer()),
            Trouble::Conflict => self.spoils(method).then(|| Refusal::conflict().answer()),
            Trouble::TooManyRequests(seconds) => {
                let description = format!("Too Many Requests: retry after {seconds}");
                let mut refusal = Refusal::new(429, description);
                refusal.parameters = Some(json!({"retry_after": seconds}));
                Some(refusal.answer())
            }
            Trouble::BadGateway => page(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
            Trouble::Html => page(StatusCode::OK, "Welcome to this network"),
            Trouble::Silent => std::future::pending().await,
            Trouble::Slow(time) => {
                tokio::time::sleep(time).await;
                None
            }
        }
    }
}
