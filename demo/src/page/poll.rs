//! The long poll: an answer comes when the chat or the strip is no longer what
//! the browser has, or after a while. A version is a fingerprint of the text,
//! so nothing is remembered for a browser, and a new run of the demo is noticed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Page, chat, strip};
use crate::server::{self, Answer};

/// How long a browser is kept waiting.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often the nodes are looked at. They make a block every two seconds.
const LOOK: Duration = Duration::from_secs(1);

/// Answers `GET /state`.
pub async fn state(page: &Page, query: Option<&str>) -> Answer {
    let known = |name: &str| {
        let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map_or("", |(_, version)| version)
    };
    let (known_chat, known_strip) = (known("chat"), known("strip"));
    let mut telegram = page.telegram.watch();
    let mut prometheus = page.prometheus.condition();
    let mut pulled = page.nodes.watch();
    let until = Instant::now() + PATIENCE;
    loop {
        // Before the look, so that no change falls between the two.
        prometheus.mark_unchanged();
        pulled.mark_unchanged();
        let mut news = Map::new();
        add(&mut news, "chat", known_chat, &chat::view(&telegram.borrow_and_update(), &page.user));
        add(&mut news, "strip", known_strip, &strip::view(page));
        if !news.is_empty() || Instant::now() >= until {
            return server::answer(StatusCode::OK, "application/json", Value::Object(news).to_string());
        }
        let change = async {
            tokio::select! {
                _ = telegram.changed() => {}
                _ = prometheus.changed() => {}
                _ = pulled.changed() => {}
                () = sleep(LOOK) => {}
            }
        };
        // Late or not: the next look shows it.
        let _ = timeout_at(until, change).await;
    }
}

/// Adds a part with its version, unless the browser has just that.
fn add(news: &mut Map<String, Value>, name: &str, known: &str, part: &impl Serialize) {
    let text = serde_json::to_string(part).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let version = format!("{:016x}", hasher.finish());
    if version != known {
        let mut part = serde_json::from_str(&text).unwrap_or(Value::Null);
        part["version"] = version.into();
        news.insert(name.into(), part);
    }
}
