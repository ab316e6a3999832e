//! The client of Alertmanager's HTTP API, version 2, and its only user.
//!
//! Source: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>. Versions
//! differ in statuses: 0.25 answers 500 where newer ones answer 404 to the end of a silence that
//! does not exist.

mod wire;

use std::{sync::Arc, time::Duration};

use headlag_service::outbound::Failure;
use jiff::Timestamp;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

use self::wire::{RawAlert, RawDraft, RawMade, RawSilence, RawStatus};
use super::{
    alert::Alert,
    silences::{Draft, Note, Silence, SilenceId},
};
use crate::{
    clock,
    config::{HttpConfig, Upstream},
    remote::{Answer, Remote},
};

/// How long one request may take, its answer included.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Ten thousand alerts have a good ten million bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// Why Alertmanager did not do what it was asked. No text of it holds a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke.
    #[error("cannot be reached: {0}")]
    Away(Failure),
    /// No complete answer within the time.
    #[error("did not answer in time")]
    Timeout,
    /// Status 401 or 403.
    #[error("refused the request with status {0}")]
    Refused(u16),
    /// An answer that says it failed.
    #[error("answered with status {status}: {words}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// Its words, cut short; empty when it gave none.
        words: String,
    },
    /// More than 32 MiB.
    #[error("gave an answer of more than {} MiB", MAX_BODY / 1024 / 1024)]
    TooLarge,
    /// Some other server, or a broken answer.
    #[error("answered with status {0} and no Alertmanager API response")]
    NotAlertmanager(u16),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Timeout => Self::Timeout,
            Failure::TooLarge => Self::TooLarge,
            away => Self::Away(away),
        }
    }
}

impl Error {
    /// Its kind, for a log line on the first of each.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::Timeout => "timeout",
            Self::Refused(_) => "refused",
            Self::Failed { .. } => "failed",
            Self::TooLarge => "too_large",
            Self::NotAlertmanager(_) => "not_alertmanager",
        }
    }
}

/// An alert that fires, and what keeps it quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// The alert.
    pub alert: Alert,
    /// The silences that match it now.
    pub silenced_by: Vec<SilenceId>,
}

/// An Alertmanager. Clones share its connections.
#[derive(Clone)]
pub struct Alertmanager {
    remote: Arc<Remote>,
}

impl Alertmanager {
    /// The Alertmanager that flags name.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(Upstream { url, http }: &Upstream) -> reqwest::Result<Self> {
        Ok(Self { remote: Arc::new(Remote::new(url, http, TIMEOUT, MAX_BODY)?) })
    }

    /// Asks as `http` says from now on; clones do, too.
    ///
    /// # Errors
    /// When TLS cannot be set up; then it asks as before.
    pub fn renew(&self, http: &HttpConfig) -> reqwest::Result<()> {
        self.remote.renew(http)
    }

    /// All alerts that fire, silenced or not, and the time by Alertmanager's own clock.
    ///
    /// # Errors
    /// Why they are not known.
    pub async fn alerts(&self) -> Result<(Timestamp, Vec<Firing>), Error> {
        let answer = self.get("alerts").await?;
        Ok((now(&answer), firing(&answer)?))
    }

    /// All silences, also those that ended within some days, and the time by Alertmanager's own clock.
    ///
    /// # Errors
    /// Why they are not known.
    pub async fn silences(&self) -> Result<(Timestamp, Vec<Silence>), Error> {
        let answer = self.get("silences").await?;
        Ok((now(&answer), silences(&answer)?))
    }

    /// How long it has been running, by its own clock.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn uptime(&self) -> Result<Duration, Error> {
        let answer = self.get("status").await?;
        let RawStatus { uptime } = read(&answer)?;
        Ok(now(&answer).duration_since(uptime).try_into().unwrap_or_default())
    }

    /// Makes a silence.
    ///
    /// # Errors
    /// Why it was not made. After [`Error::Timeout`] and [`Error::Away`] it may have been.
    pub async fn silence(&self, draft: &Draft) -> Result<SilenceId, Error> {
        self.post(&RawDraft::new(draft)).await
    }

    /// Writes a note into a silence that exists, and changes nothing else of it.
    ///
    /// # Errors
    /// Why it was not written.
    pub async fn annotate(&self, silence: &Silence, note: &Note) -> Result<(), Error> {
        self.post(&RawDraft::noted(silence, note)).await.map(drop)
    }

    /// Ends a silence. One that is over, or that Alertmanager does not know, stays as it is.
    ///
    /// # Errors
    /// Why it did not end. 0.25 fails with 500 for one that it does not know.
    pub async fn expire(&self, id: &SilenceId) -> Result<(), Error> {
        let url = self.endpoint(&format!("silence/{id}"));
        let answer = self.remote.act(|client| client.delete(url)).await?;
        let is_done = answer.status.is_success() || answer.status == StatusCode::NOT_FOUND;
        if is_done { Ok(()) } else { Err(failed(&answer)) }
    }

    async fn get(&self, path: &str) -> Result<Answer, Error> {
        let url = self.endpoint(path);
        Ok(self.remote.ask(|client| client.get(url.clone())).await?)
    }

    async fn post(&self, draft: &RawDraft<'_>) -> Result<SilenceId, Error> {
        let url = self.endpoint("silences");
        let answer = self.remote.act(|client| client.post(url).json(draft)).await?;
        let RawMade { silence_id } = read(&answer)?;
        SilenceId::parse(&silence_id).ok_or(Error::NotAlertmanager(answer.status.as_u16()))
    }

    fn endpoint(&self, path: &str) -> Url {
        self.remote.endpoint(&format!("api/v2/{path}"))
    }
}

/// PURE: the alerts that an answer lists; an odd one hides no other.
///
/// # Errors
/// When it is no list.
pub fn firing(answer: &Answer) -> Result<Vec<Firing>, Error> {
    let alerts: Vec<Value> = read(answer)?;
    Ok(alerts.into_iter().filter_map(|alert| RawAlert::deserialize(alert).ok()?.firing()).collect())
}

/// PURE: the silences that an answer lists; an odd one hides no other.
///
/// # Errors
/// When it is no list.
pub fn silences(answer: &Answer) -> Result<Vec<Silence>, Error> {
    let silences: Vec<Value> = read(answer)?;
    Ok(silences.into_iter().filter_map(|silence| RawSilence::deserialize(silence).ok()?.silence()).collect())
}

fn now(answer: &Answer) -> Timestamp {
    answer.at.unwrap_or_else(clock::wall)
}

/// The body of a success.
fn read<T: for<'a> Deserialize<'a>>(answer: &Answer) -> Result<T, Error> {
    if !answer.status.is_success() {
        return Err(failed(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| Error::NotAlertmanager(answer.status.as_u16()))
}

/// Alertmanager's reasons are a JSON text, or an object with a `message`.
fn failed(answer: &Answer) -> Error {
    let status = answer.status.as_u16();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = body.as_str().or(body["message"].as_str()).map(|words| answer.secrets.passed_on(words));
    match (status, words) {
        (401 | 403, _) => Error::Refused(status),
        (404, _) => Error::NotAlertmanager(status),
        (400.., Some(words)) => Error::Failed { status, words },
        (_, None) if answer.is_temporary() => Error::Failed { status, words: String::new() },
        _ => Error::NotAlertmanager(status),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::alerts::{
        silences::{Lasting, Maker, Phase},
        stand::{Fault, Stand},
    };

    #[tokio::test]
    async fn an_odd_entry_hides_no_other() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        stand.world().alerts.extend([
            json!({"fingerprint": "odd", "labels": {}, "startsAt": "2026-11-29T23:12:00Z"}),
            json!({"fingerprint": "0123456789abcdef", "labels": {"n": 5}, "startsAt": "2026-11-29T23:12:00Z"}),
            json!({"fingerprint": "0123456789abcdef", "labels": {}, "startsAt": "yesterday"}),
        ]);
        let (now, firing) = stand.client().alerts().await.unwrap();
        assert_eq!(now, stand.world().now);
        assert_eq!(firing.iter().map(|it| &*it.alert.labels["node"]).collect::<Vec<_>>(), ["mine"]);
        assert_eq!(stand.client().uptime().await.unwrap(), Duration::from_secs(3_600));
    }

    #[tokio::test(start_paused = true)]
    async fn why_there_is_no_answer() {
        let failed = |status, words: &str| Error::Failed { status, words: words.into() };
        for (status, body, want) in [
            (200, "<html>", Error::NotAlertmanager(200)),
            (200, "{}", Error::NotAlertmanager(200)),
            (302, "", Error::NotAlertmanager(302)),
            (401, "no", Error::Refused(401)),
            (403, "{}", Error::Refused(403)),
            (404, "404 page not found", Error::NotAlertmanager(404)),
            (400, "\"bad http://user:s3cret@host matcher\"", failed(400, "bad matcher")),
            (422, r#"{"code":612,"message":"too few"}"#, failed(422, "too few")),
            (502, "<html>", failed(502, "")),
            (429, "<html>", failed(429, "")),
        ] {
            let stand = Stand::new().await;
            let status = StatusCode::from_u16(status).unwrap();
            stand.world().fault = Some(("GET alerts", 0, Fault::Says(status, body)));
            assert_eq!(stand.client().alerts().await.unwrap_err(), want, "{body}");
        }
        let stand = Stand::new().await;
        stand.world().fault = Some(("GET", 0, Fault::Silent));
        assert_eq!(stand.client().silences().await.unwrap_err(), Error::Timeout);
    }

    #[tokio::test]
    async fn a_note_changes_nothing_else_of_a_silence() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "my \"node\" ü\n\u{202e}");
        let client = stand.client();
        let (now, firing) = client.alerts().await.unwrap();
        let maker =
            Maker { who: "@ada".into(), place: crate::chat::place::Place::chat(-7), message: Some(5) };
        let draft = Draft::of_alert(&firing[0].alert, &maker, now, Lasting::OFFERED[1]);
        let id = client.silence(&draft).await.unwrap();
        let (_, before) = client.silences().await.unwrap();
        assert_eq!(before[0].note(), Some(draft.note.clone()));
        assert_eq!(client.alerts().await.unwrap().1[0].silenced_by, std::slice::from_ref(&id));
        let note = Note { is_ended: true, ..draft.note };
        client.annotate(&before[0], &note).await.unwrap();
        let (_, after) = client.silences().await.unwrap();
        let want = Silence { comment: note.to_string(), ..before[0].clone() };
        assert_eq!(after, [want]);
        client.expire(&id).await.unwrap();
        client.expire(&id).await.unwrap();
        assert_eq!(client.silences().await.unwrap().1[0].phase, Phase::Expired);
        let unknown = SilenceId::parse("00000000-0000-0000-0000-000000000000").unwrap();
        client.expire(&unknown).await.unwrap();
    }
}
