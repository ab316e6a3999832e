//! The chat page: what a messenger would show of the stand-in for Telegram, and
//! beside it the simulated world with its levers. It keeps nothing of its own.
//!
//! | path | what |
//! | --- | --- |
//! | `GET /`, `/page/…` | the page and its files |
//! | `GET /state?chat=V&strip=V` | what differs from these versions; waits until something does |
//! | `GET /photo/<file id>` | a picture, as Telegram would show it: as JPEG |
//! | `POST /say`, `/press`, `/lever` | what a person does, as JSON |

mod chat;
mod guard;
mod jpeg;
mod levers;
mod poll;
mod strip;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::nodes::Nodes;
use crate::server::{self, Answer};
use crate::switch::Switch;
use crate::telegram::{Store, User};

/// A message may be no longer, as in Telegram.
const MAX_TEXT: usize = 4096;

/// The files of the page: path, content type, text.
const FILES: [(&str, &str, &str); 5] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/page/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/page/page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
    ("/page/chat.js", "text/javascript; charset=utf-8", include_str!("chat.js")),
    ("/page/strip.js", "text/javascript; charset=utf-8", include_str!("strip.js")),
];

/// What the page shows and changes. Clones are the same page.
#[derive(Clone)]
pub struct Page {
    /// The stand-in for Telegram.
    pub telegram: Store,
    /// The person at the page.
    pub user: User,
    /// The simulated nodes.
    pub nodes: Arc<Nodes>,
    /// The switch of Prometheus.
    pub prometheus: Switch,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    chat: i64,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    chat: i64,
    message: i64,
    data: String,
}

impl Page {
    /// Answers a request of a browser.
    pub async fn answer(self, request: Request<Incoming>) -> Answer {
        let mut answer = match guard::check(&request) {
            Ok(()) => self.route(request).await,
            Err(why) => plain(StatusCode::FORBIDDEN, why),
        };
        // Photos of another run have the same names; scripts come from here alone.
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        for (name, value) in [
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, policy),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
        ] {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    async fn route(self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        match (request.method(), path.as_str()) {
            (&Method::GET, "/state") => poll::state(&self, request.uri().query()).await,
            (&Method::GET, path) => self.get(path),
            (&Method::POST, "/say") => self.say(request).await,
            (&Method::POST, "/press") => self.press(request).await,
            (&Method::POST, "/lever") => self.lever(request).await,
            _ => plain(StatusCode::NOT_FOUND, "not found"),
        }
    }

    fn get(&self, path: &str) -> Answer {
        if let Some((_, content_type, text)) = FILES.iter().find(|(name, ..)| *name == path) {
            return server::answer(StatusCode::OK, content_type, *text);
        }
        let picture = path.strip_prefix("/photo/").and_then(|file_id| self.telegram.picture(file_id));
        match picture.and_then(|picture| jpeg::of_png(&picture)) {
            Some(picture) => server::answer(StatusCode::OK, "image/jpeg", picture),
            None => plain(StatusCode::NOT_FOUND, "not found"),
        }
    }

    async fn say(self, request: Request<Incoming>) -> Answer {
        let Some(Say { chat, text }) = read(request).await else { return refused() };
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_TEXT {
            return refused();
        }
        let Some(chat) = self.telegram.met(chat) else {
            return plain(StatusCode::NOT_FOUND, "no such chat");
        };
        done(json!({"message": self.telegram.say_in(&chat, &self.user, text)}))
    }

    async fn press(self, request: Request<Incoming>) -> Answer {
        let Some(Press { chat, message, data }) = read(request).await else { return refused() };
        match self.telegram.press_in(chat, &self.user, message, &data) {
            Some(query) => done(json!({"press": query})),
            None => plain(StatusCode::NOT_FOUND, "no such message"),
        }
    }

    async fn lever(self, request: Request<Incoming>) -> Answer {
        let Some(order) = read(request).await else { return refused() };
        levers::pull(&self, order);
        done(json!({}))
    }
}

async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Option<T> {
    serde_json::from_slice(&server::body(request.into_body()).await?).ok()
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    server::answer(status, "text/plain; charset=utf-8", text)
}

fn refused() -> Answer {
    plain(StatusCode::BAD_REQUEST, "not understood")
}

fn done(what: serde_json::Value) -> Answer {
    server::answer(StatusCode::OK, "application/json", what.to_string())
}
