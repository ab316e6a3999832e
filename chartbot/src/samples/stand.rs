//! For tests: what answers where Prometheus should be, and a history whose truth is known.

use std::{collections::BTreeMap, collections::HashMap, future::pending};

use headlag_service::server::{self, typed};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, body};
use reqwest::Url;
use serde_json::{Value, json};

/// When the newest sample was taken.
pub const NOW: u64 = 1_800_000_000;
/// The server's time is so many seconds after the newest sample.
const AGE: u64 = 4;
/// The node is behind for so many seconds up to now.
pub const BEHIND_FOR: u64 = 1_800;
/// Seconds between two samples.
const SPACING: u64 = 60;

/// What answers where Prometheus should be.
#[derive(Clone, Copy)]
pub enum Server {
    /// A node that is 12 blocks behind since half an hour, with a corridor of 5.
    Behind,
    /// The same so many seconds later, without newer samples; or earlier, below zero.
    Later(i64),
    /// The same from an exporter that has just been started: for how long is not known yet.
    JustStarted,
    /// The same, for those who use GET.
    OnlyGet(StatusCode),
    /// The same, for those who ask for at most so many days.
    Limited(u64),
    /// The same with a target that has a label `node` of its own.
    Renames,
    /// More than anybody reads.
    Huge,
    /// Success without anything, but with a warning.
    Warns,
    Empty,
    Away,
    Silent,
    Says(StatusCode, &'static str),
}

type Sampled = (&'static str, &'static [(&'static str, &'static str)], fn(u64) -> f64);

const fn is_behind(time: u64) -> bool {
    time >= NOW - BEHIND_FOR
}

const NODE: &[(&str, &str)] = &[("node", "my-node"), ("role", "watched")];

/// Everything that an exporter reports, as a function of time.
const SAMPLED: &[Sampled] = &[
    ("headlag_node_up", NODE, |_| 1.0),
    ("headlag_node_lag_blocks", NODE, |time| if is_behind(time) { 12.0 } else { 0.0 }),
    ("headlag_node_behind_seconds", NODE, |time| if is_behind(time) { 24.0 } else { 0.0 }),
    ("headlag_node_state", &[("node", "my-node"), ("role", "watched"), ("state", "behind")], |time| {
        f64::from(u8::from(is_behind(time)))
    }),
    ("headlag_node_state", &[("node", "my-node"), ("role", "watched"), ("state", "ok")], |time| {
        f64::from(u8::from(!is_behind(time)))
    }),
    ("headlag_network_state", &[("state", "ok")], |_| 1.0),
    ("headlag_network_state", &[("state", "halted")], |_| 0.0),
    ("headlag_best_lead_blocks", &[], |_| 1.0),
    ("headlag_threshold_blocks", &[], |_| 5.0),
    ("headlag_block_time_seconds", &[], |_| 2.5),
    ("headlag_references", &[], |_| 9.0),
    ("headlag_references_up", &[], |_| 9.0),
    ("headlag_poll_interval_seconds", &[], |_| SPACING as f64),
    ("headlag_max_support", &[], |_| 5.0),
    ("headlag_median_support", &[], |_| 3.0),
    ("headlag_round_timestamp_seconds", &[], |time| time as f64 - 4.0),
];

/// A series: its labels and samples.
type Evaluated = (BTreeMap<&'static str, &'static str>, Vec<(u64, f64)>);

/// Whether a selector such as `{state!="ok",network="polygon"}` takes labels.
fn takes(selector: &str, labels: &BTreeMap<&str, &str>) -> bool {
    let parts = selector.split("\",").filter(|part| part.contains('"'));
    parts.into_iter().all(|part| {
        let (name, value) = part.split_once('"').unwrap();
        let value = value.trim_end_matches('"');
        let (name, sign) = name.split_at(name.find(['=', '!']).unwrap());
        let own = labels.get(name).copied().unwrap_or_default();
        match sign {
            "=" => own == value,
            "!=" => own != value,
            _ => value.split('|').any(|one| one.replace('\\', "") == own),
        }
    })
}

/// The value of a question at one moment, and whether it is one number for each series or all
/// of their samples.
fn evaluate(promql: &str, time: u64) -> Vec<Evaluated> {
    let Some((selector, window)) = promql.split_once('{').and_then(|(_, rest)| rest.split_once('}')) else {
        return Vec::new();
    };
    let window = &window[1..window.find(']').unwrap()];
    let millis = match window.strip_suffix("ms") {
        Some(millis) => millis.parse().unwrap(),
        None => window.trim_end_matches(['s', 'm', 'h']).parse::<u64>().unwrap() * 1_000,
    };
    let first = (time * 1_000 - millis).div_euclid(SPACING * 1_000) + 1;
    let times = (first..=time / SPACING).map(|i| i * SPACING).filter(|time| *time <= NOW);
    let times: Vec<u64> = times.collect();
    let sampled = SAMPLED.iter().filter(|(metric, ..)| {
        promql.contains(&format!("{metric}{{")) || selector.contains("__name__") && selector.contains(metric)
    });
    sampled
        .map(|(metric, labels, value)| {
            let mut labels: BTreeMap<_, _> = labels.iter().copied().collect();
            labels.extend([("network", "polygon"), ("job", "headlag-exporter"), ("__name__", *metric)]);
            (labels, times.iter().map(|time| (*time, value(*time))).collect::<Vec<_>>())
        })
        .filter(|(labels, samples)| {
            let names_many = selector.contains("__name__");
            let selector = if names_many { selector.split("__name__").next().unwrap() } else { selector };
            takes(selector, labels) && !samples.is_empty()
        })
        .collect()
}

/// Alerts by Prometheus' own rules: two about the node, of which one has just begun, and a watchdog.
fn fires(promql: &str) -> Value {
    let alerts = [
        (json!({"alertname": "Slow", "network": "polygon", "node": "my-node", "severity": "warning"}), true),
        (
            json!({"alertname": "Behind", "network": "polygon", "node": "my-node", "severity": "critical"}),
            false,
        ),
        (json!({"alertname": "Watchdog", "severity": "none"}), true),
    ];
    let is_start = promql == super::promql::HOLDING_SINCE;
    let series =
        alerts.into_iter().filter(|(_, has_start)| !is_start || *has_start).map(|(mut metric, _)| {
            metric["__name__"] = if is_start { "ALERTS_FOR_STATE" } else { "ALERTS" }.into();
            if !is_start {
                metric["alertstate"] = "firing".into();
            }
            let value = if is_start { NOW - BEHIND_FOR } else { 1 };
            json!({"metric": metric, "value": [NOW, value.to_string()]})
        });
    json!({"resultType": "vector", "result": series.collect::<Vec<_>>()})
}

fn behind(form: &HashMap<String, String>, later: i64) -> Value {
    let promql = form["query"].as_str();
    let at = |name: &str| form.get(name).map(|time| time.parse::<u64>().unwrap());
    if promql == "time()" {
        let now = (NOW + AGE).saturating_add_signed(later);
        return json!({"resultType": "scalar", "result": [now, now.to_string()]});
    }
    if [super::promql::FIRING, super::promql::HOLDING_SINCE].contains(&promql) {
        return fires(promql);
    }
    let over = |samples: &[(u64, f64)]| {
        let values = || samples.iter().map(|(_, value)| *value);
        let function = promql.split("_over_time(").next().unwrap().split(['(', ' ']).next_back().unwrap();
        match function {
            "sum" => values().sum(),
            "count" => samples.len() as f64,
            "min" => values().fold(f64::MAX, f64::min),
            "max" => values().fold(f64::MIN, f64::max),
            "avg" => values().sum::<f64>() / samples.len() as f64,
            _ => values().next_back().unwrap(),
        }
    };
    let passes = |value: f64| match promql {
        _ if promql.ends_with("== 1") => value == 1.0,
        _ if promql.ends_with("> 0") => value > 0.0,
        _ => true,
    };
    let text = |(time, value): &(u64, f64)| json!([time, value.to_string()]);
    if let Some(step) = at("step") {
        let mut series: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        for time in (at("start").unwrap()..=at("end").unwrap()).step_by(step as usize) {
            for (labels, samples) in evaluate(promql, time) {
                let value = over(&samples);
                if passes(value) {
                    series.entry(labels).or_default().push(text(&(time, value)));
                }
            }
        }
        let series = series.iter().map(|(labels, values)| json!({"metric": labels, "values": values}));
        return json!({"resultType": "matrix", "result": series.collect::<Vec<_>>()});
    }
    let time = at("time").unwrap();
    let found = evaluate(promql, time);
    if promql.ends_with(']') {
        let series = found.iter().map(|(labels, samples)| {
            json!({"metric": labels, "values": samples.iter().map(text).collect::<Vec<_>>()})
        });
        return json!({"resultType": "matrix", "result": series.collect::<Vec<_>>()});
    }
    let series = found.iter().map(|(labels, samples)| (labels, over(samples)));
    let series = series.filter(|(_, value)| passes(*value));
    let series = series.map(|(labels, value)| json!({"metric": labels, "value": text(&(time, value))}));
    json!({"resultType": "vector", "result": series.collect::<Vec<_>>()})
}

/// The longest window of a question, in days.
fn days(promql: &str) -> u64 {
    let window = promql.rsplit_once('[').map_or("", |(_, rest)| rest.split(']').next().unwrap());
    window.strip_suffix("ms").or(window.strip_suffix('s')).map_or(0, |it| {
        let number: u64 = it.parse().unwrap();
        if window.ends_with("ms") { number / 86_400_000 } else { number / 86_400 }
    })
}

pub async fn answer(server: Server, request: Request<body::Incoming>) -> server::Reply {
    let is_get = request.method() == hyper::Method::GET;
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let form = if is_get { query } else { String::from_utf8_lossy(&body).into_owned() };
    let url = format!("http://form/?{form}");
    let form: HashMap<_, _> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
    let data = match server {
        Server::OnlyGet(status) if !is_get => return typed(status, "text/plain", "POST is not allowed"),
        Server::Limited(most) if days(&form["query"]) > most => {
            let body = r#"{"status":"error","errorType":"execution","error":"the query time range exceeds the limit"}"#;
            return typed(StatusCode::UNPROCESSABLE_ENTITY, "application/json", body);
        }
        Server::Renames if form["query"].starts_with("count by (exported_") => {
            let value = (NOW, "1");
            json!({"resultType": "vector", "result": [{"metric": {"exported_node": "mine"}, "value": value}]})
        }
        Server::Huge => return typed(StatusCode::OK, "text/plain", vec![b' '; 33 << 20]),
        Server::Behind | Server::OnlyGet(_) | Server::Limited(_) | Server::Renames => behind(&form, 0),
        Server::JustStarted if form["query"].contains(super::promql::BEHIND_SECONDS) => {
            json!({"resultType": "matrix", "result": []})
        }
        Server::JustStarted => behind(&form, 0),
        Server::Later(seconds) => behind(&form, seconds),
        Server::Empty | Server::Warns if form["query"] == "time()" => behind(&form, 0),
        Server::Empty => json!({"resultType": "vector", "result": []}),
        Server::Warns => {
            let body = r#"{"status":"success","data":{"resultType":"vector","result":[]},
                "warnings":["no store matched"]}"#;
            return typed(StatusCode::OK, "application/json", body);
        }
        Server::Says(status, body) => return typed(status, "text/plain", body),
        Server::Away | Server::Silent => return pending().await,
    };
    let body = json!({"status": "success", "data": data}).to_string();
    typed(StatusCode::OK, "application/json", body)
}
