//! For tests: an Alertmanager as strict as the real one (0.25 and 0.33 compared), which fails on
//! demand.

use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
};

use headlag_service::server::{self, Reply, typed};
use http_body_util::BodyExt;
use hyper::{
    Method, Request, StatusCode, body,
    header::{DATE, HeaderValue},
};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::alertmanager::Alertmanager;
use crate::config::{HttpConfig, Upstream};

/// An Alertmanager below the path `/am`.
pub struct Stand {
    pub url: Url,
    world: Arc<Mutex<World>>,
}

/// What it knows.
pub struct World {
    pub now: Timestamp,
    pub started: Timestamp,
    /// As the API lists them, without `status`.
    pub alerts: Vec<Value>,
    pub silences: Vec<Value>,
    /// How many requests it has had.
    pub requests: usize,
    /// What is answered instead, to the requests after so many that begin like this.
    pub fault: Option<(&'static str, usize, Fault)>,
}

/// What is answered instead of the right answer.
#[derive(Clone, Copy)]
pub enum Fault {
    Says(StatusCode, &'static str),
    Silent,
}

/// The path of an answer that leads elsewhere.
const ELSEWHERE: &str = "/elsewhere";

impl Stand {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/am", listener.local_addr().unwrap())).unwrap();
        let now: Timestamp = "2026-11-29T23:12:00Z".parse().unwrap();
        let started = now - SignedDuration::from_hours(1);
        let (alerts, silences) = (Vec::new(), Vec::new());
        let world = World { now, started, alerts, silences, requests: 0, fault: None };
        let world = Arc::new(Mutex::new(world));
        let of_server = world.clone();
        let answer = move |request| answer(of_server.clone(), request);
        tokio::spawn(server::serve(listener, answer, pending()));
        Self { url, world }
    }

    pub fn client(&self) -> Alertmanager {
        Alertmanager::new(&Upstream { url: self.url.clone(), http: HttpConfig::default() }).unwrap()
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl World {
    /// An alert about a node fires since an hour; its fingerprint ends with this number.
    pub fn fires(&mut self, number: u64, name: &str, node: &str) {
        let starts_at = (self.now - SignedDuration::from_hours(1)).to_string();
        self.alerts.push(json!({
            "fingerprint": format!("{number:016x}"), "startsAt": starts_at, "updatedAt": starts_at,
            "endsAt": (self.now + SignedDuration::from_mins(4)).to_string(),
            "labels": {"alertname": name, "network": "polygon", "node": node, "severity": "critical"},
            "annotations": {}, "receivers": [{"name": "chat"}],
        }));
    }

    pub fn active(&self) -> Vec<&Value> {
        self.silences.iter().filter(|silence| self.phase(silence) == "active").collect()
    }

    fn phase(&self, silence: &Value) -> &'static str {
        let at = |name: &str| silence[name].as_str().unwrap().parse::<Timestamp>().unwrap();
        match self.now {
            now if now >= at("endsAt") => "expired",
            now if now < at("startsAt") => "pending",
            _ => "active",
        }
    }

    fn alerts(&self) -> Value {
        let listed = self.alerts.iter().map(|alert| {
            let matches = |silence: &&&Value| {
                silence["matchers"].as_array().unwrap().iter().all(|matcher| {
                    let own = alert["labels"][matcher["name"].as_str().unwrap()].as_str();
                    matcher["value"].as_str() == Some(own.unwrap_or_default())
                })
            };
            let active = self.active();
            let by: Vec<_> = active.iter().filter(matches).map(|silence| silence["id"].clone()).collect();
            let state = if by.is_empty() { "active" } else { "suppressed" };
            let mut alert = alert.clone();
            alert["status"] = json!({"state": state, "silencedBy": by, "inhibitedBy": []});
            alert
        });
        listed.collect()
    }

    fn post(&mut self, mut silence: Value) -> Reply {
        let missing = |name: &str| format!("{name} in body is required");
        for name in ["matchers", "startsAt", "endsAt", "createdBy", "comment"] {
            if silence[name].is_null() {
                return no(422, &json!({"code": 602, "message": missing(name)}));
            }
        }
        let matchers = silence["matchers"].as_array().unwrap();
        if matchers.is_empty() {
            return no(
                422,
                &json!({"code": 612, "message": "matchers in body should have at least 1 items"}),
            );
        }
        let is_odd = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        for matcher in matchers {
            if !matcher["isRegex"].is_boolean() || matcher["value"].is_null() {
                return no(422, &json!({"code": 602, "message": missing("matchers.0")}));
            }
            if matcher["name"].as_str().unwrap().contains(is_odd) {
                return no(400, &json!("silence invalid: invalid label matcher 0: invalid label name"));
            }
        }
        if matchers.iter().all(|matcher| matcher["value"] == "") {
            return no(400, &json!("silence invalid: at least one matcher must not match the empty string"));
        }
        let at = |name: &str| silence[name].as_str().unwrap().parse::<Timestamp>();
        let (Ok(starts_at), Ok(ends_at)) = (at("startsAt"), at("endsAt")) else {
            return no(400, &json!({"code": 400, "message": "parsing body body failed"}));
        };
        if ends_at < self.now {
            return no(400, &json!("Failed to create silence: end time can't be in the past"));
        }
        if starts_at >= ends_at {
            return no(400, &json!("Failed to create silence: start time must be before end time"));
        }
        let known = self.silences.iter().position(|known| known["id"] == silence["id"]);
        if let (Some(_), None) = (silence["id"].as_str(), known) {
            return no(404, &json!("silence not found"));
        }
        if let Some(place) = known
            && self.silences[place]["matchers"] == silence["matchers"]
            && self.silences[place]["startsAt"] == silence["startsAt"]
        {
            self.silences[place] = silence.clone();
        } else {
            silence["id"] = format!("5b9f2a8e-7c1d-4e3f-9a0b-{:012}", self.silences.len()).into();
            silence["startsAt"] = starts_at.max(self.now).to_string().into();
            self.silences.push(silence.clone());
        }
        typed(StatusCode::OK, "application/json", json!({"silenceID": silence["id"]}).to_string())
    }

    fn delete(&mut self, id: &str) -> Reply {
        if id.len() != 36 {
            return no(422, &json!({"code": 601, "message": "silenceID in path must be of type uuid"}));
        }
        let Some(place) = self.silences.iter().position(|silence| silence["id"] == id) else {
            return no(404, &json!("silence not found"));
        };
        if self.phase(&self.silences[place]) != "expired" {
            self.silences[place]["endsAt"] = self.now.to_string().into();
        }
        typed(StatusCode::OK, "application/json", "")
    }

    fn answer(&mut self, method: &Method, path: &str, body: &[u8]) -> Reply {
        let json = |value: Value| typed(StatusCode::OK, "application/json", value.to_string());
        match (method, path) {
            (&Method::GET, "alerts") => json(self.alerts()),
            (&Method::GET, "silences") => {
                let listed = self.silences.iter().map(|silence| {
                    let mut listed = silence.clone();
                    listed["status"] = json!({"state": self.phase(silence)});
                    listed
                });
                json(listed.collect())
            }
            (&Method::GET, "status") => json(json!({"uptime": self.started.to_string(), "config": {}})),
            (&Method::POST, "silences") => self.post(serde_json::from_slice(body).unwrap()),
            (&Method::DELETE, path) if path.starts_with("silence/") => {
                self.delete(path.trim_start_matches("silence/"))
            }
            _ => no(404, &json!({"code": 404, "message": "path was not found"})),
        }
    }

    fn fault(&mut self, request: &str) -> Option<Fault> {
        self.requests += 1;
        let (_, after, fault) = self.fault.as_mut().filter(|(of, ..)| request.starts_with(*of))?;
        match after.checked_sub(1) {
            Some(left) => {
                *after = left;
                None
            }
            None => Some(*fault),
        }
    }
}

async fn answer(world: Arc<Mutex<World>>, request: Request<body::Incoming>) -> Reply {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    assert_ne!(path, ELSEWHERE, "a redirect was followed");
    let Some(path) = path.strip_prefix("/am/api/v2/") else {
        return typed(StatusCode::NOT_FOUND, "text/plain", "404 page not found");
    };
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let fault = world.lock().unwrap().fault(&format!("{method} {path}"));
    let mut reply = match fault {
        Some(Fault::Silent) => pending().await,
        Some(Fault::Says(status, body)) => {
            let mut reply = typed(status, "application/json", body);
            reply.headers_mut().insert("location", HeaderValue::from_static(ELSEWHERE));
            reply
        }
        None => world.lock().unwrap().answer(&method, path, &body),
    };
    let now = world.lock().unwrap().now;
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
    reply.headers_mut().insert(DATE, HeaderValue::from_str(&date).unwrap());
    reply
}

fn no(status: u16, body: &Value) -> Reply {
    typed(StatusCode::from_u16(status).unwrap(), "application/json", body.to_string())
}
