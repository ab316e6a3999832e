//! For tests: what stands where Prometheus should be.

use std::{collections::HashMap, future::pending};

use headlag_service::server::{self, typed};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, body};
use reqwest::Url;
use serde_json::{Value, json};

/// What stands where Prometheus should be.
#[derive(Clone, Copy)]
pub enum Server {
    /// A node that is 12 blocks behind, half of the time until now, with a corridor of 5.
    Behind,
    /// The same, but looking at single samples takes it too long.
    Slow,
    Empty,
    Away,
    Silent,
    Says(StatusCode, &'static str),
}

/// Everything anybody asks, answered for one watched node.
fn behind(form: &HashMap<String, String>) -> Value {
    let promql = &form["query"];
    let round = form.get("time").map_or(0, |time| time.parse::<u64>().unwrap() - 4).to_string();
    let value = [
        ("count_over_time", "1"),
        ("> bool", "0.5"),
        ("min_over_time(headlag_node_lag_blocks", "0"),
        ("headlag_node_lag_blocks", "12"),
        ("headlag_node_up", "1"),
        ("headlag_best_lead_blocks", "1"),
        ("headlag_threshold_blocks", "5"),
        ("headlag_references", "9"),
        ("headlag_poll_interval_seconds", "15"),
        ("headlag_node_behind_seconds", "24"),
        ("headlag_max_support", "5"),
        ("headlag_median_support", "3"),
        ("headlag_round_timestamp_seconds", &round),
    ];
    let labels = json!({"network": "polygon", "node": "my-node"});
    let at = |name: &str| form[name].parse::<u64>().unwrap();
    let Some((_, value)) = value.iter().find(|(part, _)| promql.contains(part)) else {
        return json!({"resultType": "vector", "result": []});
    };
    if promql.ends_with("[1h]") {
        let times = (0..240_u64).map(|i| (at("time") - 3_600 + i * 15, value));
        let values: Vec<_> = times.collect();
        json!({"resultType": "matrix", "result": [{"metric": labels, "values": values}]})
    } else if form.contains_key("step") {
        let times = (at("start")..=at("end")).step_by(at("step") as usize);
        let values: Vec<_> = times.map(|time| (time, value)).collect();
        json!({"resultType": "matrix", "result": [{"metric": labels, "values": values}]})
    } else {
        let value = (at("time"), value);
        json!({"resultType": "vector", "result": [{"metric": labels, "value": value}]})
    }
}

pub async fn answer(server: Server, request: Request<body::Incoming>) -> server::Reply {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let url = format!("http://form/?{}", String::from_utf8_lossy(&body));
    let form: HashMap<_, _> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
    let data = match server {
        Server::Slow if form["query"].contains("> bool") => return pending().await,
        Server::Behind | Server::Slow => behind(&form),
        Server::Empty => json!({"resultType": "vector", "result": []}),
        Server::Says(status, body) => return typed(status, "text/plain", body),
        Server::Away | Server::Silent => return pending().await,
    };
    let body = json!({"status": "success", "data": data}).to_string();
    typed(StatusCode::OK, "application/json", body)
}
