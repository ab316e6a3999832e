//! From Alertmanager's webhook to the messages that a chat reads, and presses on their buttons.

mod bad_input;
mod chats;
mod delivery;
mod presses;
mod silences;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::bot_api::Stand;
use super::running::{Running, SECRET};
use crate::samples::stand::NOW;

/// A long time for deliveries, with all further attempts.
const LATER: Duration = Duration::from_secs(120);

/// An alert of my-node by the last digit of its fingerprint. It fires since half an hour.
fn firing(digit: char) -> Value {
    json!({
        "status": "firing", "fingerprint": format!("000000000000000{digit}"),
        "labels": {
            "alertname": "HeadlagNodeBehind", "network": "polygon", "node": "my-node", "severity": "critical",
        },
        "annotations": {
            "summary": format!("alert {digit}: my-node is 12 blocks behind"),
            "runbook_url": "https://example.org/HeadlagNodeBehind",
        },
        "startsAt": moment(-1_800), "endsAt": "0001-01-01T00:00:00Z",
    })
}

/// The same ended just now.
fn resolved(digit: char) -> Value {
    let mut alert = firing(digit);
    alert["status"] = json!("resolved");
    alert["endsAt"] = json!(moment(0));
    alert
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(NOW as i64 + seconds).unwrap().to_string()
}

fn webhook(alerts: &[Value]) -> Value {
    json!({"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "alerts": alerts})
}

impl Running {
    async fn post(&self, secret: &str, body: impl Into<reqwest::Body>) -> (StatusCode, String) {
        let client = Client::builder().no_proxy().build().unwrap();
        let request = client.post(self.pages.join("alerts").unwrap()).bearer_auth(secret).body(body);
        let reply = request.send().await.unwrap();
        (reply.status(), reply.text().await.unwrap())
    }

    /// Alertmanager hands in these alerts; returns the status of the answer.
    async fn alerts(&self, alerts: &[Value]) -> u16 {
        self.post(SECRET, webhook(alerts).to_string()).await.0.as_u16()
    }
}

/// The texts of the messages so far, with plain spaces.
async fn texts(stand: &Stand) -> Vec<String> {
    let text = |body: &String| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["text"].as_str().unwrap().replace('\u{a0}', " ")
    };
    stand.hears("sendmessage", 0).await.iter().map(text).collect()
}

/// Of the messages so far, a parameter of each.
async fn parameter(stand: &Stand, name: &str) -> Vec<Value> {
    let of = |body: &String| serde_json::from_str::<Value>(body).unwrap()[name].clone();
    stand.hears("sendmessage", 0).await.iter().map(of).collect()
}
