//! PURE: the JSON of Alertmanager's API, as far as the bot reads and writes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Firing;
use crate::alerts::{
    alert::{Alert, Fingerprint, Pairs},
    silences::{Draft, Matcher, Note, Phase, Silence, SilenceId},
};

/// An alert, as `GET alerts` lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawAlert {
    fingerprint: String,
    labels: Pairs,
    #[serde(default)]
    annotations: Pairs,
    #[serde(with = "rfc3339")]
    starts_at: Timestamp,
    status: RawAlertStatus,
}

/// What keeps an alert quiet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAlertStatus {
    #[serde(default)]
    silenced_by: Vec<String>,
}

impl RawAlert {
    /// The alert; absent where it has no fingerprint.
    pub fn firing(self) -> Option<Firing> {
        // Only alerts that fire are listed; their end is when they would be forgotten.
        let Self { fingerprint, labels, annotations, starts_at, status } = self;
        let fingerprint = Fingerprint::parse(&fingerprint)?;
        let silenced_by = status.silenced_by.iter().filter_map(|id| SilenceId::parse(id)).collect();
        let alert = Alert { fingerprint, labels, annotations, starts_at, ends_at: None };
        Some(Firing { alert, silenced_by })
    }
}

/// A silence, as `GET silences` lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawSilence {
    id: String,
    matchers: Vec<RawMatcher>,
    #[serde(with = "rfc3339")]
    starts_at: Timestamp,
    #[serde(with = "rfc3339")]
    ends_at: Timestamp,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
    status: RawState,
}

/// Whether it silences.
#[derive(Deserialize)]
struct RawState {
    state: RawPhase,
}

/// See [`Phase`].
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawPhase {
    Pending,
    Active,
    Expired,
}

impl RawSilence {
    /// The silence; absent where its id is odd.
    pub fn silence(self) -> Option<Silence> {
        let phase = match self.status.state {
            RawPhase::Pending => Phase::Pending,
            RawPhase::Active => Phase::Active,
            RawPhase::Expired => Phase::Expired,
        };
        Some(Silence {
            id: SilenceId::parse(&self.id)?,
            matchers: self.matchers.into_iter().map(RawMatcher::into).collect(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            created_by: self.created_by,
            comment: self.comment,
            phase,
        })
    }
}

/// See [`Matcher`].
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct RawMatcher {
    name: String,
    value: String,
    is_regex: bool,
    /// Absent in the answers of versions before 0.22.
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl From<RawMatcher> for Matcher {
    fn from(RawMatcher { name, value, is_regex, is_equal }: RawMatcher) -> Self {
        Self { name, value, is_regex, is_equal }
    }
}

impl From<Matcher> for RawMatcher {
    fn from(Matcher { name, value, is_regex, is_equal }: Matcher) -> Self {
        Self { name, value, is_regex, is_equal }
    }
}

/// What `POST silences` takes: a new silence, or with an id a changed one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RawDraft<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    matchers: Vec<RawMatcher>,
    #[serde(with = "rfc3339")]
    starts_at: Timestamp,
    #[serde(with = "rfc3339")]
    ends_at: Timestamp,
    created_by: &'a str,
    comment: String,
}

impl<'a> RawDraft<'a> {
    /// A new silence.
    pub fn new(draft: &'a Draft) -> Self {
        let matchers = draft.labels.iter().map(|(name, value)| RawMatcher {
            name: name.clone(),
            value: value.clone(),
            is_regex: false,
            is_equal: true,
        });
        Self {
            id: None,
            matchers: matchers.collect(),
            starts_at: draft.starts_at,
            ends_at: draft.ends_at,
            created_by: &draft.created_by,
            comment: draft.note.to_string(),
        }
    }

    /// The same silence with this comment.
    pub fn noted(silence: &'a Silence, note: &Note) -> Self {
        Self {
            id: Some(silence.id.to_string()),
            matchers: silence.matchers.iter().cloned().map(RawMatcher::from).collect(),
            starts_at: silence.starts_at,
            ends_at: silence.ends_at,
            created_by: &silence.created_by,
            comment: note.to_string(),
        }
    }
}

/// What it answers.
#[derive(Deserialize)]
pub struct RawMade {
    #[serde(rename = "silenceID")]
    /// The id of the silence.
    pub silence_id: String,
}

/// Of the answer to `GET status`, what the bot needs.
#[derive(Deserialize)]
pub struct RawStatus {
    /// When it started, in spite of its name.
    #[serde(with = "rfc3339")]
    pub uptime: Timestamp,
}

/// Moments as Alertmanager writes them.
mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(moment: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(moment)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(of: D) -> Result<Timestamp, D::Error> {
        String::deserialize(of)?.parse().map_err(D::Error::custom)
    }
}
