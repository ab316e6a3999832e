//! `/bot<token>/<method>`: from a request to an answer, with the long poll.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::params::Params;
use super::state::{Call, State};
use super::trouble::{Refusal, Trouble};
use super::{methods, now};
use crate::server::{self, Answer};

type Shared = Arc<watch::Sender<State>>;

/// Longest long poll.
const MAX_POLL: i64 = 50;
const GET_UPDATES: &str = "getUpdates";

pub async fn answer(state: Shared, token: Arc<str>, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let Some((given, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Refusal::new(404, "Not Found").answer();
    };
    let (authorized, method) = (given == &*token, method.to_owned());
    let lower = method.to_ascii_lowercase();
    let troubles = troubles(&state.borrow(), &lower);
    let params = read(request).await;
    for trouble in troubles {
        if trouble.spoils(&lower) {
            let params = params.as_ref().map_or(Value::Null, Params::to_json);
            record(&state, &method, params, Some(format!("{trouble:?}")));
        }
        if let Some(instead) = trouble.answer(&lower).await {
            return instead;
        }
    }
    let afterwards = troubles.into_iter().find_map(Trouble::afterwards);
    respond(match params {
        _ if !authorized => Err(Refusal::unauthorized()),
        Err(refusal) => Err(refusal),
        Ok(params) if method.eq_ignore_ascii_case(GET_UPDATES) => {
            let outcome = tokio::select! {
                outcome = get_updates(&state, &params) => outcome,
                trouble = struck(&state, &lower) => {
                    record(&state, GET_UPDATES, params.to_json(), Some(format!("{trouble:?}")));
                    match trouble.answer(&lower).await {
                        Some(instead) => return instead,
                        None => return respond(Ok(json!([]))),
                    }
                }
            };
            let outcome = replaced(outcome, afterwards);
            record(&state, GET_UPDATES, params.to_json(), refused(&outcome));
            outcome
        }
        Ok(params) => run(&state, &method, &params, afterwards),
    })
}

/// What is wrong with every method, and with this one (in lower case).
fn troubles(state: &State, method: &str) -> [Trouble; 2] {
    [state.trouble, state.trouble_with.get(method).copied().unwrap_or_default()]
}

/// Waits until a trouble comes that ends a long poll too, as a gateway that fails does.
async fn struck(state: &Shared, method: &str) -> Trouble {
    let mut changes = state.subscribe();
    loop {
        let troubles = troubles(&changes.borrow_and_update(), method);
        if let Some(trouble) = troubles.into_iter().find(|trouble| trouble.spoils(method)) {
            return trouble;
        }
        // The state lives as long as the poll.
        let _ = changes.changed().await;
    }
}

async fn read(request: Request<Incoming>) -> Result<Params, Refusal> {
    if ![Method::GET, Method::POST].contains(request.method()) {
        return Err(Refusal::new(405, "Method Not Allowed"));
    }
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let query = request.uri().query().map(str::to_owned);
    let too_large = || Refusal::new(413, "Request Entity Too Large");
    let body = server::body(request.into_body()).await.ok_or_else(too_large)?;
    Params::read(query.as_deref(), &content_type, body).await
}

fn respond(outcome: Result<Value, Refusal>) -> Answer {
    match outcome {
        Ok(result) => {
            let body = json!({"ok": true, "result": result}).to_string();
            server::answer(StatusCode::OK, "application/json", body)
        }
        Err(refusal) => refusal.answer(),
    }
}

/// What is answered, if a trouble replaces the result of what was carried out.
fn replaced(outcome: Result<Value, Refusal>, afterwards: Option<Refusal>) -> Result<Value, Refusal> {
    outcome.and_then(|result| afterwards.map_or(Ok(result), Err))
}

/// Runs a method and records it, in one step: the effect is never seen without the call.
fn run(state: &Shared, name: &str, params: &Params, afterwards: Option<Refusal>) -> Result<Value, Refusal> {
    let Some(method) = methods::find(name) else {
        record(state, name, params.to_json(), Some("Not Found".into()));
        return Err(Refusal::new(404, "Not Found"));
    };
    let mut outcome = Ok(Value::Null);
    state.send_modify(|state| {
        let carried_out = params.only(method.params).and_then(|()| (method.run)(state, params, now()));
        outcome = replaced(carried_out, afterwards);
        state.record(call(method.name, params.to_json(), refused(&outcome)));
    });
    outcome
}

fn record(state: &Shared, name: &str, params: Value, error: Option<String>) {
    let name = match methods::find(name) {
        Some(method) => method.name,
        None if name.eq_ignore_ascii_case(GET_UPDATES) => GET_UPDATES,
        None => name,
    };
    state.send_modify(|state| state.record(call(name, params, error)));
}

fn refused(outcome: &Result<Value, Refusal>) -> Option<String> {
    outcome.as_ref().err().map(|refusal| refusal.description.clone())
}

fn call(method: &str, params: Value, error: Option<String>) -> Call {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Call { method: method.to_owned(), params, at: since.as_secs_f64(), error }
}

/// <https://core.telegram.org/bots/api#getupdates>
async fn get_updates(state: &Shared, params: &Params) -> Result<Value, Refusal> {
    params.only(&["offset", "limit", "timeout", "allowed_updates"])?;
    let offset = params.number("offset")?.unwrap_or(0);
    let limit = params.number("limit")?.unwrap_or(100).clamp(1, 100);
    let timeout = params.number("timeout")?.unwrap_or(0).clamp(0, MAX_POLL);
    let allowed = params.object::<Vec<String>>("allowed_updates")?;
    let mut changes = state.subscribe();
    let mut turn = 0;
    state.send_modify(|state| {
        state.polls += 1;
        turn = state.polls;
        if let Some(allowed) = allowed {
            state.allowed_updates = allowed;
        }
        // A negative offset asks for the last ones and forgets those before.
        let last = state.updates.len() as i64;
        let confirmed = if offset < 0 {
            (last + offset).max(0)
        } else {
            state.updates.iter().filter(|(id, _)| *id < offset).count() as i64
        };
        state.updates.drain(..confirmed as usize);
    });
    let until = Instant::now() + Duration::from_secs(timeout.unsigned_abs());
    loop {
        {
            let state = changes.borrow_and_update();
            if state.polls != turn {
                return Err(Refusal::conflict());
            }
            if !state.updates.is_empty() {
                let updates = state.updates.iter().take(limit as usize);
                return Ok(updates.map(|(_, update)| update.clone()).collect());
            }
        }
        if tokio::time::timeout_at(until, changes.changed()).await.is_err() {
            return Ok(json!([]));
        }
    }
}
