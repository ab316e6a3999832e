//! PURE: what alerts are about: networks, and nodes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::alert::Alert;

/// Networks with nodes of theirs, possibly none. Names come from outside: what Prometheus does not
/// know is of no effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject(BTreeMap<String, BTreeSet<String>>);

impl Subject {
    /// What these alerts are about.
    #[must_use]
    pub fn of<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> Self {
        let mut subject = Self::default();
        for alert in alerts {
            let Some(network) = alert.label("network") else { continue };
            let nodes = subject.0.entry(network.to_owned()).or_default();
            nodes.extend(alert.label("node").map(str::to_owned));
        }
        subject
    }

    /// What a message of the bot's own is about, by its text alone, as after a restart: any part of
    /// a line may be a network, and any other part of that line a node of it.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut subject = Self::default();
        for line in text.lines() {
            let parts: Vec<_> = line.split(" · ").map(str::trim).filter(|part| !part.is_empty()).collect();
            for part in &parts {
                let nodes = parts.iter().filter(|other| *other != part).map(|node| (*node).to_owned());
                subject.0.entry((*part).to_owned()).or_default().extend(nodes);
            }
        }
        subject
    }

    /// Whether it is about no network.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its nodes of this network; absent where it is not about the network.
    #[must_use]
    pub fn nodes(&self, network: &str) -> Option<&BTreeSet<String>> {
        self.0.get(network)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        alerts::alert::tests::alert,
        words::{ENGLISH, alert::firing, moment::Times},
    };

    #[test]
    fn by_labels_and_by_the_bots_own_text() {
        let mut network = alert("HeadlagChainHalted");
        network.labels.insert("network".into(), "gnosis".into());
        network.labels.remove("node");
        let mut other = alert("HeadlagDown");
        other.labels.clear();
        let alerts = [alert("HeadlagNodeBehind"), network, other];
        let subject = Subject::of(&alerts);
        assert_eq!(subject.nodes("polygon"), Some(&["my-node".to_owned()].into()));
        assert_eq!(subject.nodes("gnosis"), Some(&BTreeSet::new()));
        assert!(subject.nodes("ethereum").is_none() && Subject::of(&alerts[2..]).is_empty());
        let times = Times { zone: &TimeZone::UTC, now: 1_795_578_000, words: &ENGLISH };
        for alerts in [&alerts[..], &alerts[..1]] {
            let subject = Subject::of_text(&firing(alerts, 0, times));
            assert!(subject.nodes("polygon").is_some_and(|nodes| nodes.contains("my-node")), "{subject:?}");
            assert_eq!(subject.nodes("gnosis").is_some(), alerts.len() > 1);
        }
    }
}
