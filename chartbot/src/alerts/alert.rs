//! PURE: one alert, in the shape that Alertmanager's webhook and its API share.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

/// Labels or annotations, in the order of their names.
pub type Pairs = BTreeMap<String, String>;

/// Alertmanager's hash of all labels of an alert: sixteen hexadecimal digits. The same trouble
/// has the same one each time it fires.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads one; absent if it is anything but sixteen lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        (text.len() == 16 && digits).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which one it is.
    pub fingerprint: Fingerprint,
    /// All of its labels, `alertname` among them.
    pub labels: Pairs,
    /// Its summary, description and runbook, as the rule has them.
    pub annotations: Pairs,
    /// When it began to fire. Alertmanager may report an earlier start later on.
    pub starts_at: Timestamp,
    /// When it ended; absent while it fires.
    pub ends_at: Option<Timestamp>,
}

impl Alert {
    /// The value of a label; absent if the alert has none of that name, or an empty one, which
    /// means the same to Prometheus.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// One of this name about my-node of polygon, which fires since 2026-11-25, 03:12 UTC.
    pub fn alert(name: &str) -> Alert {
        let labels =
            [("alertname", name), ("network", "polygon"), ("node", "my-node"), ("severity", "critical")];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Alert {
            fingerprint: Fingerprint("0123456789abcdef".to_owned()),
            labels: labels.map(owned).into(),
            annotations: [("summary", "my-node is 50 blocks behind")].map(owned).into(),
            starts_at: Timestamp::constant(1_795_576_320, 0),
            ends_at: None,
        }
    }
}
