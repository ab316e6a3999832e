//! PURE: silences: which alerts they match, for how long, who made them, and the comment by which
//! the bot recognises its own.

use std::fmt;

use jiff::Timestamp;

use super::alert::{Alert, Fingerprint, Pairs};
use crate::chat::{duration, place::Place};

/// How long a silence lasts: whole seconds, from one minute to 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lasting(u32);

impl Lasting {
    /// What the buttons under an alert offer: 1, 8 and 24 hours.
    pub const OFFERED: [Self; 3] = [Self(3_600), Self(8 * 3_600), Self(24 * 3_600)];

    const SHORTEST: f64 = 60.0;
    const LONGEST: f64 = 30.0 * 86_400.0;

    /// Reads a duration such as `2h`, `90m` or `1d12h`; absent if it is none, or out of bounds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let seconds = duration::read(text)?;
        (Self::SHORTEST..=Self::LONGEST).contains(&seconds).then_some(Self(seconds as u32))
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Lasting {
    /// In hours, else in minutes, else in seconds, as [`Lasting::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            hours if hours.is_multiple_of(3_600) => write!(f, "{}h", hours / 3_600),
            minutes if minutes.is_multiple_of(60) => write!(f, "{}m", minutes / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

/// Alertmanager's name for a silence, a UUID in all known versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SilenceId(String);

impl SilenceId {
    /// Longer than a UUID, and still short enough for the data of a button.
    const LONGEST: usize = 50;

    /// Reads one; absent if it holds anything but letters, digits and hyphens, as it becomes part
    /// of a URL and of the data of a button.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let signs = text.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'-');
        ((1..=Self::LONGEST).contains(&text.len()) && signs).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One condition of a silence on the labels of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label; an alert without it has the empty value.
    pub name: String,
    /// The value, or the regular expression.
    pub value: String,
    /// Whether the value is a regular expression.
    pub is_regex: bool,
    /// Whether it has to match, and not to differ.
    pub is_equal: bool,
}

impl Matcher {
    fn accepts(&self, value: &str) -> bool {
        !self.is_regex && (self.value == value) == self.is_equal
    }
}

/// What Alertmanager says of a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    Pending,
    /// It silences.
    Active,
    /// It ran out, or somebody ended it. Alertmanager lists it for some days more.
    Expired,
}

/// A silence, as Alertmanager lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Which one it is.
    pub id: SilenceId,
    /// All of them have to match.
    pub matchers: Vec<Matcher>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends; once somebody ended it, that moment.
    pub ends_at: Timestamp,
    /// Who made it, in that person's or program's own words.
    pub created_by: String,
    /// Why, likewise.
    pub comment: String,
    /// Whether it silences.
    pub phase: Phase,
}

impl Silence {
    /// What the bot noted on it; absent if it is not the bot's, or was changed into one of another
    /// kind since.
    #[must_use]
    pub fn note(&self) -> Option<Note> {
        let plain = self.matchers.iter().all(|matcher| matcher.is_equal && !matcher.is_regex);
        plain.then(|| Note::parse(&self.comment)).flatten()
    }

    /// Whether it silences alerts with these labels; never for one with regular expressions, which
    /// only Alertmanager can match.
    #[must_use]
    pub fn covers(&self, labels: &Pairs) -> bool {
        self.matchers
            .iter()
            .all(|matcher| matcher.accepts(labels.get(&matcher.name).map(String::as_str).unwrap_or_default()))
    }

    /// Whether it silences every alert that has these labels, whatever else it has.
    #[must_use]
    pub fn covers_all(&self, labels: &Pairs) -> bool {
        self.matchers.iter().all(|matcher| labels.contains_key(&matcher.name)) && self.covers(labels)
    }

    /// Whether it silences some alerts that have these labels and others.
    #[must_use]
    pub fn covers_some(&self, labels: &Pairs) -> bool {
        self.matchers.iter().all(|matcher| labels.get(&matcher.name).is_none_or(|own| matcher.accepts(own)))
    }

    /// Whether the bot made it, and for this alert, of which a few labels are enough.
    #[must_use]
    pub fn is_of(&self, alert: &Alert) -> bool {
        self.note().is_some_and(|note| match note.of {
            Of::Alert { fingerprint, .. } => fingerprint == alert.fingerprint,
            Of::Node => self.covers(&alert.labels),
        })
    }

    /// The labels that it asks for.
    #[must_use]
    pub fn labels(&self) -> Pairs {
        self.matchers.iter().map(|matcher| (matcher.name.clone(), matcher.value.clone())).collect()
    }
}

/// A silence to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The labels that an alert must have, each with exactly this value.
    pub labels: Pairs,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Who makes it.
    pub created_by: String,
    /// By what the bot recognises it.
    pub note: Note,
}

impl Draft {
    /// One for exactly this alert, with all of its labels. A label without a value is left out: it
    /// is the same as none, and Alertmanager refuses a silence that has no other.
    #[must_use]
    pub fn of_alert(alert: &Alert, maker: &Maker, from: Timestamp, lasting: Lasting) -> Self {
        let labels = alert.labels.iter().filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(name, value)| (name.clone(), value.clone())).collect();
        let of = Of::Alert { fingerprint: alert.fingerprint.clone(), since: alert.starts_at };
        Self::new(labels, of, maker, from, lasting)
    }

    /// One for every alert about a node.
    #[must_use]
    pub fn of_node(network: &str, node: &str, maker: &Maker, from: Timestamp, lasting: Lasting) -> Self {
        let labels = [("network", network), ("node", node)];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self::new(labels, Of::Node, maker, from, lasting)
    }

    fn new(labels: Pairs, of: Of, maker: &Maker, from: Timestamp, lasting: Lasting) -> Self {
        let ends_at = from + jiff::SignedDuration::from_secs(lasting.seconds().into());
        let Maker { who, place, message } = maker.clone();
        let note = Note { of, place, message, until: ends_at, is_ended: false };
        Self { labels, starts_at: from, ends_at, created_by: who, note }
    }
}

/// Who makes a silence, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// `@username`, or else the numeric id.
    pub who: String,
    /// In which chat.
    pub place: Place,
    /// Under which message; absent for `/silence`.
    pub message: Option<i32>,
}

/// What the bot writes into the comment of a silence, for people and for itself after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is silenced.
    pub of: Of,
    /// Where it was made.
    pub place: Place,
    /// The message that has the alert, to reply to; absent for `/silence`.
    pub message: Option<i32>,
    /// Until when it was made: if it ends earlier, somebody ended it.
    pub until: Timestamp,
    /// Whether the bot has reported that nothing fires under it any more.
    pub is_ended: bool,
}

/// What a silence of the bot is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// One alert.
    Alert {
        /// Which one.
        fingerprint: Fingerprint,
        /// When it had begun to fire.
        since: Timestamp,
    },
    /// Whatever fires about a node.
    Node,
}

const MARK: &str = "headlag-chartbot: ";

impl Note {
    /// Reads what [`Note`] writes; absent for anything else.
    #[must_use]
    pub fn parse(comment: &str) -> Option<Self> {
        let text = comment.strip_prefix(MARK)?;
        let (of, text) = text.split_once(" in ")?;
        let of = match of.strip_prefix("alert ") {
            Some(alert) => {
                let (fingerprint, since) = alert.split_once(" since ")?;
                Of::Alert { fingerprint: Fingerprint::parse(fingerprint)?, since: since.parse().ok()? }
            }
            None if of == "planned work" => Of::Node,
            None => return None,
        };
        let mut parts = text.split(", ").peekable();
        let place = Place::parse(parts.next()?)?;
        let message = match parts.next_if(|part| part.starts_with("message ")) {
            Some(part) => Some(part.strip_prefix("message ")?.parse().ok()?),
            None => None,
        };
        let until = parts.next()?.strip_prefix("until ")?.parse().ok()?;
        let is_ended = parts.next_if_eq(&"ended").is_some();
        parts.next().is_none().then_some(Self { of, place, message, until, is_ended })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)?;
        match &self.of {
            Of::Alert { fingerprint, since } => write!(f, "alert {fingerprint} since {since}")?,
            Of::Node => f.write_str("planned work")?,
        }
        write!(f, " in {}", self.place)?;
        if let Some(message) = self.message {
            write!(f, ", message {message}")?;
        }
        write!(f, ", until {}", self.until)?;
        if self.is_ended { f.write_str(", ended") } else { Ok(()) }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alert(labels: &[(&str, &str)]) -> Alert {
        Alert {
            fingerprint: Fingerprint::parse("0123456789abcdef").unwrap(),
            labels: labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            annotations: Pairs::new(),
            starts_at: "2026-11-29T21:00:00.123Z".parse().unwrap(),
            ends_at: None,
        }
    }

    fn maker() -> Maker {
        let place = Place { chat: -100_123, topic: Some(7) };
        Maker { who: "@ada".into(), place, message: Some(55) }
    }

    const ID: &str = "5b9f2a8e-7c1d-4e3f-9a0b-1c2d3e4f5a6b";

    /// What Alertmanager lists of a silence that was made as `draft` says.
    pub fn listed(draft: Draft, id: &str) -> Silence {
        let matcher = |(name, value)| Matcher { name, value, is_regex: false, is_equal: true };
        Silence {
            id: SilenceId::parse(id).unwrap(),
            matchers: draft.labels.into_iter().map(matcher).collect(),
            starts_at: draft.starts_at,
            ends_at: draft.ends_at,
            created_by: draft.created_by,
            comment: draft.note.to_string(),
            phase: Phase::Active,
        }
    }

    #[test]
    fn an_alert_is_silenced_by_all_of_its_labels() {
        let odd = "my \"node\" ü\n\u{202e}";
        let labels = [("alertname", "Behind"), ("network", "polygon"), ("node", odd), ("empty", "")];
        let alert = alert(&labels);
        let from = "2026-11-29T23:12:00Z".parse().unwrap();
        let silence = listed(Draft::of_alert(&alert, &maker(), from, Lasting::parse("8h").unwrap()), ID);
        let names: Vec<_> = silence.matchers.iter().map(|matcher| &*matcher.name).collect();
        assert_eq!(names, ["alertname", "network", "node"]);
        assert_eq!(silence.created_by, "@ada");
        assert_eq!(
            silence.comment,
            "headlag-chartbot: alert 0123456789abcdef since 2026-11-29T21:00:00.123Z in -100123:7, \
             message 55, until 2026-11-30T07:12:00Z"
        );
        assert!(silence.covers(&alert.labels));
        for (name, value) in [("node", "other"), ("node", ""), ("network", "gnosis")] {
            let mut labels = alert.labels.clone();
            labels.insert(name.into(), value.into());
            assert!(!silence.covers(&labels), "{name}={value}");
        }
    }

    #[test]
    fn a_node_is_silenced_whatever_fires_about_it() {
        let place = Place::chat(42);
        let maker = Maker { who: "7".into(), place, message: None };
        let from = "2026-11-29T23:12:00Z".parse().unwrap();
        let silence =
            listed(Draft::of_node("polygon", "mine", &maker, from, Lasting::parse("2h").unwrap()), ID);
        assert_eq!(silence.comment, "headlag-chartbot: planned work in 42, until 2026-11-30T01:12:00Z");
        for (labels, want) in [
            ([("alertname", "Behind"), ("network", "polygon"), ("node", "mine")], true),
            ([("alertname", "Stalled"), ("network", "polygon"), ("node", "mine")], true),
            ([("alertname", "Stalled"), ("network", "gnosis"), ("node", "mine")], false),
        ] {
            assert_eq!(silence.covers(&alert(&labels).labels), want);
        }
    }

    #[test]
    fn only_what_the_bot_wrote_is_its_own() {
        let from = "2026-11-29T23:12:00Z".parse().unwrap();
        let own = listed(Draft::of_node("polygon", "mine", &maker(), from, Lasting::OFFERED[0]), ID);
        assert_eq!(own.note().unwrap().to_string(), own.comment);
        let mut as_regex = own.clone();
        as_regex.matchers[0].is_regex = true;
        let mut inverse = own.clone();
        inverse.matchers[0].is_equal = false;
        let mut appended = own.clone();
        appended.comment.push_str(", please");
        let mut foreign = own;
        foreign.comment = "planned work in 42, until 2026-11-30T01:12:00Z".into();
        for other in [as_regex, inverse, appended, foreign] {
            assert_eq!(other.note(), None, "{other:?}");
        }
    }

    #[test]
    fn how_long_a_silence_may_last() {
        for (text, want) in [
            ("2h", Some("2h")),
            ("90m", Some("90m")),
            ("1d12h", Some("36h")),
            ("1m", Some("1m")),
            ("30d", Some("720h")),
            ("59s", None),
            ("31d", None),
            ("-2h", None),
            ("2", None),
            ("mine", None),
        ] {
            let lasting = Lasting::parse(text).map(|lasting| lasting.to_string());
            assert_eq!(lasting.as_deref(), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_note_reads_as_it_is_written(
            chat in 1_i64.., topic in proptest::option::of(1_i32..), message in any::<Option<i32>>(),
            until in 0_i64..4_000_000_000, since in any::<Option<u32>>(), is_ended: bool,
        ) {
            let of = since.map_or(Of::Node, |since| Of::Alert {
                fingerprint: Fingerprint::parse(&format!("{since:016x}")).unwrap(),
                since: Timestamp::from_millisecond(since.into()).unwrap(),
            });
            let until = Timestamp::from_second(until).unwrap();
            let note = Note { of, place: Place { chat: -chat, topic }, message, until, is_ended };
            prop_assert_eq!(Note::parse(&note.to_string()), Some(note));
        }

        #[test]
        fn any_comment_can_be_read(text in ".*") {
            let _ = Note::parse(&format!("headlag-chartbot: {text}"));
        }
    }
}
