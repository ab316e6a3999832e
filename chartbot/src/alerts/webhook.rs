//! PURE: Alertmanager's webhook: bytes -> the alerts in it, or why it is refused.
//!
//! Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::alert::{Alert, Fingerprint, Pairs};

/// The longest body that is read, in bytes.
pub const LIMIT: usize = 1 << 20;
/// The only version there is.
const VERSION: &str = "4";

/// What one webhook holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Each alert once, in the order of the fingerprints.
    pub alerts: Vec<Alert>,
    /// How many more Alertmanager left out, because of its `max_alerts`.
    pub truncated: u64,
    /// Why other alerts of the list could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// Why a body is refused. Alertmanager logs this, and sends the alerts again at the next
/// `group_interval`, not before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a JSON object.
    #[error("the body is not a JSON object; POST here what Alertmanager's webhook_configs send")]
    NotJson,
    /// Another version of the format, which is given as far as it can be read.
    #[error("the version is {0}; only \"{VERSION}\" is understood, which Alertmanager sends since 0.5")]
    Version(Value),
    /// No list of alerts.
    #[error("there is no list \"alerts\"")]
    NoList,
    /// A list of which not one alert can be read.
    #[error("none of the alerts can be read; of the first, {0}")]
    Nothing(Unreadable),
}

/// Why one alert of the list cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No `fingerprint` of sixteen hexadecimal digits.
    #[error("the fingerprint is missing or odd")]
    Fingerprint,
    /// A `status` that is neither `firing` nor `resolved`.
    #[error("the status is neither firing nor resolved")]
    Status,
    /// A `startsAt`, or the `endsAt` of one that is resolved, that is no moment.
    #[error("a time is missing or odd")]
    Time,
    /// `labels` or `annotations` that are not texts by name.
    #[error("labels or annotations are not texts")]
    Pairs,
}

impl Webhook {
    /// Reads a body. Unknown fields are ignored. An alert that cannot be read costs no other its
    /// delivery.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn read(body: &[u8]) -> Result<Self, Refused> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Refused::NotJson)?;
        if !body.is_object() {
            return Err(Refused::NotJson);
        }
        if body["version"] != VERSION {
            return Err(Refused::Version(in_short(&body["version"])));
        }
        let listed = body["alerts"].as_array().ok_or(Refused::NoList)?;
        let mut alerts = BTreeMap::<Fingerprint, Alert>::new();
        let mut unreadable = Vec::new();
        for read in listed.iter().map(alert) {
            match read {
                Ok(alert) => {
                    let newest = |of: &Alert| (of.starts_at, of.ends_at);
                    let listed = alerts.entry(alert.fingerprint.clone()).or_insert_with(|| alert.clone());
                    if newest(&alert) > newest(listed) {
                        *listed = alert;
                    }
                }
                Err(reason) => unreadable.push(reason),
            }
        }
        if let (true, Some(first)) = (alerts.is_empty(), unreadable.first()) {
            return Err(Refused::Nothing(*first));
        }
        let truncated = body["truncatedAlerts"].as_u64().unwrap_or_default();
        Ok(Self { alerts: alerts.into_values().collect(), truncated, unreadable })
    }
}

/// What a reader of the reason can make use of.
fn in_short(version: &Value) -> Value {
    match version {
        Value::Number(_) | Value::Null => version.clone(),
        Value::String(text) if text.len() <= 20 => version.clone(),
        _ => Value::from("something else"),
    }
}

fn alert(listed: &Value) -> Result<Alert, Unreadable> {
    let fingerprint = listed["fingerprint"].as_str().and_then(Fingerprint::parse);
    let time = |name: &str| {
        let time = listed[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        time.ok_or(Unreadable::Time)
    };
    Ok(Alert {
        fingerprint: fingerprint.ok_or(Unreadable::Fingerprint)?,
        labels: pairs(&listed["labels"])?,
        annotations: pairs(&listed["annotations"])?,
        starts_at: time("startsAt")?,
        ends_at: match listed["status"].as_str() {
            // Of one that fires, it is when Prometheus will have to have reported it again.
            Some("firing") => None,
            Some("resolved") => Some(time("endsAt")?),
            _ => return Err(Unreadable::Status),
        },
    })
}

fn pairs(listed: &Value) -> Result<Pairs, Unreadable> {
    match listed {
        Value::Null => Ok(Pairs::new()),
        Value::Object(pairs) => pairs
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or(Unreadable::Pairs)?.to_owned())))
            .collect(),
        _ => Err(Unreadable::Pairs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// As Alertmanager 0.25 sends it.
    fn listed(fingerprint: &str, status: &str) -> Value {
        json!({
            "status": status, "fingerprint": fingerprint,
            "labels": {"alertname": "HeadlagNodeBehind", "network": "polygon", "node": "my-node"},
            "annotations": {"summary": "my-node is 50 blocks behind"},
            "startsAt": "2026-11-25T03:12:00.123456789+03:00",
            "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-25T00:30:00Z" },
            "generatorURL": "http://prometheus/graph",
        })
    }

    fn body(alerts: &Value) -> Value {
        json!({
            "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 3, "status": "firing", "receiver": "bot",
            "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://a",
            "notification_reason": "of next year", "alerts": alerts,
        })
    }

    fn read(body: &Value) -> Result<Webhook, Refused> {
        Webhook::read(body.to_string().as_bytes())
    }

    const FIRST: &str = "0123456789abcdef";
    const SECOND: &str = "fedcba9876543210";

    #[test]
    fn what_alertmanager_sends() {
        let webhook = read(&body(&json!([listed(SECOND, "resolved"), listed(FIRST, "firing")]))).unwrap();
        assert_eq!((webhook.truncated, webhook.unreadable.len()), (3, 0));
        let [firing, resolved] = webhook.alerts.as_slice() else { panic!("{webhook:?}") };
        assert_eq!((firing.fingerprint.to_string(), firing.ends_at), (FIRST.to_owned(), None));
        assert_eq!(firing.starts_at.to_string(), "2026-11-25T00:12:00.123456789Z");
        assert_eq!(resolved.ends_at, Some("2026-11-25T00:30:00Z".parse().unwrap()));
        assert_eq!(resolved.label("node"), Some("my-node"));
        assert_eq!(read(&json!({"version": "4", "alerts": []})).unwrap().alerts, []);
    }

    #[test]
    fn of_one_alert_the_newest_counts() {
        let mut later = listed(FIRST, "firing");
        later["startsAt"] = json!("2026-11-25T00:40:00Z");
        for list in [json!([listed(FIRST, "resolved"), later]), json!([later, listed(FIRST, "resolved")])] {
            let webhook = read(&body(&list)).unwrap();
            assert_eq!(webhook.alerts.len(), 1);
            assert_eq!(webhook.alerts[0].ends_at, None);
        }
    }

    #[test]
    fn one_odd_alert_costs_no_other() {
        let with = |name: &str, value: Value| {
            let mut odd = listed(SECOND, "resolved");
            odd[name] = value;
            odd
        };
        for (odd, reason) in [
            (with("fingerprint", Value::Null), Unreadable::Fingerprint),
            (with("fingerprint", json!("0123")), Unreadable::Fingerprint),
            (with("startsAt", json!("yesterday")), Unreadable::Time),
            (with("startsAt", json!(1_800_000_000)), Unreadable::Time),
            (with("endsAt", Value::Null), Unreadable::Time),
            (with("status", json!("suppressed")), Unreadable::Status),
            (with("labels", json!({"node": 5})), Unreadable::Pairs),
            (with("annotations", json!("none")), Unreadable::Pairs),
            (json!("an alert"), Unreadable::Fingerprint),
        ] {
            let webhook = read(&body(&json!([odd, listed(FIRST, "firing")]))).unwrap();
            assert_eq!((webhook.alerts.len(), &*webhook.unreadable), (1, &[reason][..]), "{odd}");
            assert_eq!(read(&body(&json!([odd]))), Err(Refused::Nothing(reason)), "{odd}");
        }
    }

    #[test]
    fn what_is_refused_has_a_reason() {
        let version = |version: Value| {
            let mut body = body(&json!([]));
            body["version"] = version;
            read(&body).unwrap_err().to_string()
        };
        assert!(version(json!("5")).starts_with("the version is \"5\"; only \"4\" is understood"));
        assert!(version(json!(4)).starts_with("the version is 4; only \"4\""));
        assert!(version(Value::Null).starts_with("the version is null"));
        assert!(version(json!("4".repeat(90))).starts_with("the version is \"something else\""));
        assert_eq!(read(&json!({"version": "4"})), Err(Refused::NoList));
        for odd in ["", "[]", "4", "{\"version\":", "<html>", &"[".repeat(100_000)] {
            assert_eq!(Webhook::read(odd.as_bytes()), Err(Refused::NotJson));
        }
        assert_eq!(Webhook::read(b"\xff\xfe"), Err(Refused::NotJson));
    }

    proptest! {
        #[test]
        fn any_body_can_be_read(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Webhook::read(&body);
        }
    }
}
