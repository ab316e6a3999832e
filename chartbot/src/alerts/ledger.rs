//! PURE: what one chat knows: which alert is in which message, and so what of a webhook is new to
//! it, what ended, and what is a repeat or an echo.
//!
//! An alert is its fingerprint and start. An equal or earlier start is a repeat, and a later one a
//! new firing. After an end with a known cause, a repeat is an echo: a second Alertmanager of a
//! cluster is late. After an end that left open whether the trouble is over, the alert goes on:
//! Prometheus could not reach Alertmanager, and does again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::alert::{Alert, Fingerprint};

/// An ended alert is remembered for so long, for echoes of it.
const ECHOES: SignedDuration = SignedDuration::from_hours(24);
/// An alert that fires so soon after an end that left open whether the trouble is over goes on: the
/// exporter or Prometheus was away for some minutes, and an alert takes 10 to begin at most.
const RESUMES: SignedDuration = SignedDuration::from_mins(15);
/// So many alerts are remembered. Of more, first the ended ones are forgotten, the oldest first,
/// then those that were not heard of for longest.
const ALERTS: usize = 4_096;
/// So many messages with their alerts are remembered, the newest, ...
const MESSAGES: usize = 1_000;
/// ... as long as they are about no more alerts than this in total.
const IN_MESSAGES: usize = 20_000;
/// The labels that are kept of an alert: those that texts and cards need. A silence takes all
/// labels from Alertmanager.
const KEPT: [&str; 4] = ["alertname", "network", "node", "severity"];
/// Longer values are not kept, in bytes.
const LONGEST: usize = 256;

/// What one chat knows of alerts.
#[derive(Debug, Default)]
pub struct Ledger {
    alerts: BTreeMap<Fingerprint, Entry>,
    /// The alerts that each message announced.
    messages: BTreeMap<i32, Vec<Fingerprint>>,
    /// Replies about ends that left it open whether the trouble is over.
    open_ends: BTreeMap<i32, OpenEnd>,
}

#[derive(Debug)]
struct Entry {
    alert: Alert,
    /// The message that announced it; absent where Telegram did not say which.
    message: Option<i32>,
    /// When it was last in a webhook.
    heard: Timestamp,
    /// When the chat last read that it fires, or that it ended.
    said: Timestamp,
    phase: Phase,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Firing {
        /// Whether the bot silenced it since it was last mentioned.
        silenced: bool,
    },
    /// Its end was reported, in this message if that left open whether the trouble is over.
    Ended(Option<i32>),
}

#[derive(Debug)]
struct OpenEnd {
    text: String,
    at: Timestamp,
}

/// What a chat does not know yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Alerts that began to fire.
    pub fresh: Vec<Alert>,
    /// Alerts that ended, by the message that announced them; each is one reply.
    pub ended: Vec<(Option<i32>, Vec<Alert>)>,
    /// Alerts that still fire after a silence, by the message that announced them.
    pub reminded: Vec<(Option<i32>, Vec<Alert>)>,
    /// Alerts that go on after an end that left open whether the trouble is over.
    pub resumed: Vec<Resumed>,
}

/// Alerts that go on, and the reply that reported their end.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The reply.
    pub message: i32,
    /// Its text.
    pub text: String,
    /// The alerts, as they fire now.
    pub alerts: Vec<Alert>,
}

impl Ledger {
    /// What is news in these alerts, each of which is there once.
    #[must_use]
    pub fn news(&self, alerts: &[Alert], now: Timestamp) -> News {
        let mut news = News::default();
        let (mut ended, mut reminded) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        let mut resumed = BTreeMap::<i32, Vec<Alert>>::new();
        for alert in alerts {
            let entry = self.alerts.get(&alert.fingerprint);
            match (entry, alert.ends_at) {
                (None, None) => news.fresh.push(alert.clone()),
                (None, Some(_)) => ended.entry(None).or_default().push(alert.clone()),
                (Some(entry), None) => match self.open_end(entry, now) {
                    Some(end) => resumed.entry(end).or_default().push(alert.clone()),
                    None if alert.starts_at > entry.alert.starts_at => news.fresh.push(alert.clone()),
                    None if entry.phase == (Phase::Firing { silenced: true }) => {
                        reminded.entry(entry.message).or_default().push(alert.clone());
                    }
                    None => {}
                },
                (Some(entry), Some(ends_at)) => match entry.phase {
                    // The end of an earlier firing is an echo; the start may have moved.
                    Phase::Firing { .. }
                        if ends_at > entry.alert.starts_at || alert.starts_at >= entry.alert.starts_at =>
                    {
                        ended.entry(entry.message).or_default().push(alert.clone());
                    }
                    Phase::Ended(_) if alert.starts_at > entry.alert.starts_at => {
                        ended.entry(None).or_default().push(alert.clone());
                    }
                    Phase::Firing { .. } | Phase::Ended(_) => {}
                },
            }
        }
        news.ended = ended.into_iter().collect();
        news.reminded = reminded.into_iter().collect();
        news.resumed = resumed
            .into_iter()
            .filter_map(|(message, alerts)| {
                Some(Resumed { message, text: self.open_ends.get(&message)?.text.clone(), alerts })
            })
            .collect();
        news
    }

    /// The reply that reported the end of an alert recently, and left open whether the trouble is
    /// over.
    fn open_end(&self, entry: &Entry, now: Timestamp) -> Option<i32> {
        let Phase::Ended(Some(message)) = entry.phase else { return None };
        let end = self.open_ends.get(&message)?;
        (now.duration_since(end.at) <= RESUMES).then_some(message)
    }

    /// Takes note of a webhook that was heard of: repeats keep alerts from being forgotten.
    pub fn heard(&mut self, alerts: &[Alert], now: Timestamp) {
        for alert in alerts {
            if let Some(entry) = self.alerts.get_mut(&alert.fingerprint) {
                entry.heard = now;
            }
        }
        self.forget(now);
    }

    /// These alerts were announced by a message.
    pub fn announced(&mut self, alerts: &[Alert], message: Option<i32>, now: Timestamp) {
        for alert in alerts {
            let phase = Phase::Firing { silenced: false };
            let alert = self.latest(alert);
            let entry = Entry { message, heard: now, said: now, phase, alert };
            self.alerts.insert(entry.alert.fingerprint.clone(), entry);
        }
        if let Some(message) = message {
            let of = alerts.iter().map(|alert| alert.fingerprint.clone());
            self.messages.insert(message, of.collect());
        }
        self.forget(now);
    }

    /// The end of these alerts was reported; `open` is the reply with its text where it left open
    /// whether the trouble is over.
    pub fn ended(&mut self, alerts: &[Alert], open: Option<(i32, String)>, now: Timestamp) {
        let message = open.as_ref().map(|(message, _)| *message);
        if let Some((message, text)) = open {
            self.open_ends.insert(message, OpenEnd { text, at: now });
        }
        for alert in alerts {
            let (announced, alert) = (self.message(&alert.fingerprint), self.latest(alert));
            let phase = Phase::Ended(message);
            let entry = Entry { message: announced, heard: now, said: now, phase, alert };
            self.alerts.insert(entry.alert.fingerprint.clone(), entry);
        }
        self.forget(now);
    }

    /// It was said that these alerts go on; the reply that reported their end now has this text.
    pub fn resumed(&mut self, alerts: &[Alert], message: i32, text: String, now: Timestamp) {
        for alert in alerts {
            let (announced, alert) = (self.message(&alert.fingerprint), self.latest(alert));
            let phase = Phase::Firing { silenced: false };
            let entry = Entry { message: announced, heard: now, said: now, phase, alert };
            self.alerts.insert(entry.alert.fingerprint.clone(), entry);
        }
        if let Some(end) = self.open_ends.get_mut(&message) {
            end.text = text;
        }
    }

    /// The bot silenced these alerts, so that their next repeat is news, or no longer.
    pub fn silenced(&mut self, which: impl Fn(&Alert) -> bool, is_silenced: bool) {
        for entry in self.alerts.values_mut().filter(|entry| which(&entry.alert)) {
            if let Phase::Firing { silenced } = &mut entry.phase {
                *silenced = is_silenced;
            }
        }
    }

    /// A message reported that these alerts fire after a silence, under which they may have begun.
    pub fn reminded(&mut self, alerts: &[Alert], message: Option<i32>, now: Timestamp) {
        for alert in alerts {
            let known = self.alerts.remove(&alert.fingerprint);
            let known = known.filter(|entry| matches!(entry.phase, Phase::Firing { .. }));
            let mut alert = kept(alert);
            if let Some(known) = &known {
                alert.starts_at = alert.starts_at.max(known.alert.starts_at);
            }
            let message = known.and_then(|entry| entry.message).or(message);
            let phase = Phase::Firing { silenced: false };
            let entry = Entry { message, heard: now, said: now, phase, alert };
            self.alerts.insert(entry.alert.fingerprint.clone(), entry);
        }
        self.forget(now);
    }

    /// Whether the chat has an alert for which it knows of no end.
    #[must_use]
    pub fn is_firing(&self, fingerprint: &Fingerprint) -> bool {
        let entry = self.alerts.get(fingerprint);
        entry.is_some_and(|entry| matches!(entry.phase, Phase::Firing { .. }))
    }

    /// Whether the chat read that an alert ended, or that it fires again since `again`.
    #[must_use]
    pub fn is_end_said(&self, alert: &Alert, again: Option<Timestamp>) -> bool {
        self.alerts.get(&alert.fingerprint).is_some_and(|entry| match entry.phase {
            Phase::Firing { .. } => again.is_some_and(|again| again <= entry.alert.starts_at),
            Phase::Ended(_) => alert.starts_at <= entry.alert.starts_at,
        })
    }

    /// The message that announced an alert, as far as it is known.
    #[must_use]
    pub fn message(&self, fingerprint: &Fingerprint) -> Option<i32> {
        self.alerts.get(fingerprint).and_then(|entry| entry.message)
    }

    /// Whether the chat read within the last `time` that this alert fires.
    #[must_use]
    pub fn is_said_within(&self, alert: &Alert, time: SignedDuration, now: Timestamp) -> bool {
        self.alerts.get(&alert.fingerprint).is_some_and(|entry| {
            let is_same = alert.starts_at <= entry.alert.starts_at;
            let is_firing = matches!(entry.phase, Phase::Firing { .. });
            is_same && is_firing && now.duration_since(entry.said) <= time
        })
    }

    /// The alerts that a message announced, also those that ended long ago; absent where that is
    /// not known, or no longer.
    #[must_use]
    pub fn of_message(&self, message: i32) -> Option<&[Fingerprint]> {
        self.messages.get(&message).map(Vec::as_slice)
    }

    /// An alert that the chat knows.
    #[must_use]
    pub fn alert(&self, fingerprint: &Fingerprint) -> Option<&Alert> {
        self.alerts.get(fingerprint).map(|entry| &entry.alert)
    }

    /// The group got a new id: messages have other ids there.
    pub fn forget_messages(&mut self) {
        self.messages.clear();
        self.open_ends.clear();
        for entry in self.alerts.values_mut() {
            entry.message = None;
        }
    }

    /// What is remembered of an alert, with its latest start: an earlier one is a repeat.
    fn latest(&self, alert: &Alert) -> Alert {
        let known = self.alert(&alert.fingerprint);
        let starts_at = known.map_or(alert.starts_at, |known| known.starts_at.max(alert.starts_at));
        Alert { starts_at, ..kept(alert) }
    }

    /// Keeps the memory within its bounds.
    fn forget(&mut self, now: Timestamp) {
        self.open_ends.retain(|_, end| now.duration_since(end.at) <= RESUMES);
        self.alerts.retain(|_, entry| {
            let is_firing = matches!(entry.phase, Phase::Firing { .. });
            is_firing || now.duration_since(entry.heard) <= ECHOES
        });
        if let Some(surplus) = self.alerts.len().checked_sub(ALERTS + 1) {
            let mut oldest: Vec<_> = self.alerts.iter().collect();
            oldest.sort_by_key(|(_, entry)| (matches!(entry.phase, Phase::Firing { .. }), entry.heard));
            let oldest = oldest.iter().take(surplus + 1).map(|(of, _)| (*of).clone());
            let oldest: BTreeSet<Fingerprint> = oldest.collect();
            self.alerts.retain(|fingerprint, _| !oldest.contains(fingerprint));
        }
        let mut total: usize = self.messages.values().map(Vec::len).sum();
        while self.messages.len() > MESSAGES || total > IN_MESSAGES && self.messages.len() > 1 {
            total -= self.messages.pop_first().map_or(0, |(_, of)| of.len());
        }
    }
}

/// What is remembered of an alert.
fn kept(alert: &Alert) -> Alert {
    let labels =
        alert.labels.iter().filter(|(name, value)| KEPT.contains(&name.as_str()) && value.len() <= LONGEST);
    let labels = labels.map(|(name, value)| (name.clone(), value.clone())).collect();
    Alert { labels, annotations: BTreeMap::new(), ..alert.clone() }
}

#[cfg(test)]
mod tests;
