//! The client of the Prometheus HTTP API.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/api/>. Other servers
//! speak it too; so nothing is relied on that only Prometheus does.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headlag_service::outbound::{self, Failure};
use reqwest::{Client, Url};

use super::answer::{self, Found, Series};
use crate::{config::HttpConfig, words::Words};

/// How long Prometheus may work on one query; it gives up by itself then.
const QUERY_TIMEOUT: &str = "8s";
/// How long the client waits for the whole answer, a little longer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Far above the answer to any chart.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// How many seconds a range goes on after its end, which is then cut off again. In a range that
/// ends now, and not a good deal later, VictoriaMetrics repeats an older value in place of those
/// of the newest half minute.
const MARGIN: i64 = 240;
/// Into how many parts a question is cut at most: enough for a year of samples every 15 s.
const MAX_PARTS: i64 = 128;

/// Why a query found nothing out. No text of it holds a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke.
    #[error("cannot be reached: {0}")]
    Away(Failure),
    /// No complete answer within the time, or the server gave up.
    #[error("did not answer in time")]
    Timeout,
    /// Status 401 or 403.
    #[error("refused the query with status {0}")]
    Refused(u16),
    /// An answer that says it failed.
    #[error("answered with status {status} {kind}: {words}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// `errorType` of the answer, such as `bad_data`; empty when it gave none.
        kind: String,
        /// `error` of the answer, cut short; empty when it gave none.
        words: String,
    },
    /// Some other server, or a broken answer.
    #[error("answered with status {0} and no Prometheus API response")]
    NotPrometheus(u16),
}

/// A Prometheus, or what speaks its HTTP API.
#[derive(Clone)]
pub struct Prometheus {
    client: Client,
    query: Url,
    query_range: Url,
}

impl Prometheus {
    /// The server at `base`, whose path has no trailing slash, asked as `http` says.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base: &Url, http: &HttpConfig) -> reqwest::Result<Self> {
        let (client, base) = http.apply(outbound::client(TIMEOUT), base.clone());
        let endpoint = |name| {
            let mut url = base.clone();
            url.set_path(&format!("{}/api/v1/{name}", base.path().trim_end_matches('/')));
            url
        };
        Ok(Self { client: client.build()?, query: endpoint("query"), query_range: endpoint("query_range") })
    }

    /// Evaluates `promql` at `time` (unix seconds).
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn query(&self, promql: &str, time: i64) -> Result<Found, Error> {
        self.post(&self.query, promql, &[("time", time.to_string())]).await
    }

    /// Evaluates `promql` at `first`, then every `step` seconds, up to `last`.
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn query_range(
        &self,
        promql: &str,
        (first, last): (i64, i64),
        step: u32,
    ) -> Result<Found, Error> {
        let mut parts = 1;
        let finest = MAX_PARTS.min((last - first) / i64::from(step.max(1)) + 1);
        loop {
            match self.query_parts(promql, (first, last), step, parts).await {
                // Too much at a time. VictoriaMetrics, for one, counts the points of a subquery,
                // too, and takes 30,000 of them at most.
                Err(Error::Failed { status: 422, .. }) if parts < finest => parts *= 2,
                found => return found.map(|found| found.until(last)),
            }
        }
    }

    /// Asks for one of so many `parts` of the time after the other.
    async fn query_parts(
        &self,
        promql: &str,
        (first, last): (i64, i64),
        step: u32,
        parts: i64,
    ) -> Result<Found, Error> {
        let step = i64::from(step.max(1));
        let length = ((last - first) / step / parts + 1) * step;
        let mut whole = Found::default();
        let mut start = first;
        while start <= last {
            let end = start + length - step;
            let end = if end < last { end } else { last + MARGIN };
            let times = [("start", start), ("end", end), ("step", step)];
            let times = times.map(|(name, time)| (name, time.to_string()));
            whole.append(self.post(&self.query_range, promql, &times).await?);
            start += length;
        }
        Ok(whole)
    }

    async fn post(&self, url: &Url, promql: &str, times: &[(&str, String)]) -> Result<Found, Error> {
        // VictoriaMetrics keeps the newest half minute back unless it is told not to cache;
        // others take no notice.
        let mut form = vec![("query", promql), ("timeout", QUERY_TIMEOUT), ("nocache", "1")];
        form.extend(times.iter().map(|(name, time)| (*name, time.as_str())));
        let response = self.client.post(url.clone()).form(&form).send().await;
        let response = response.map_err(|error| unanswered(outbound::classify(&error)))?;
        let status = response.status();
        let body = outbound::read_body(response, MAX_BODY).await;
        let body = body.map_err(unanswered)?;
        answer::read(status, &body)
    }
}

/// Several questions for one answer to a user, and what the server said on any of them.
pub struct Questions<'a> {
    prometheus: &'a Prometheus,
    warnings: Mutex<BTreeSet<String>>,
    partial: AtomicBool,
}

impl<'a> Questions<'a> {
    /// None asked yet.
    #[must_use]
    pub fn new(prometheus: &'a Prometheus) -> Self {
        Self { prometheus, warnings: Mutex::default(), partial: AtomicBool::new(false) }
    }

    /// As [`Prometheus::query`].
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn query(&self, promql: &str, time: i64) -> Result<Vec<Series>, Error> {
        Ok(self.keep(self.prometheus.query(promql, time).await?))
    }

    /// As [`Prometheus::query_range`].
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn query_range(
        &self,
        promql: &str,
        times: (i64, i64),
        step: u32,
    ) -> Result<Vec<Series>, Error> {
        Ok(self.keep(self.prometheus.query_range(promql, times, step).await?))
    }

    /// What a user has to know of the answers themselves, the most important first.
    pub fn notes(&self, words: &Words) -> Vec<String> {
        let partial = self.partial.load(Ordering::Relaxed).then(|| words.partial.to_owned());
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        partial.into_iter().chain(warnings.iter().map(|warning| (words.warning)(warning))).collect()
    }

    fn keep(&self, found: Found) -> Vec<Series> {
        self.partial.fetch_or(found.partial, Ordering::Relaxed);
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.extend(found.warnings);
        found.series
    }
}

fn unanswered(failure: Failure) -> Error {
    match failure {
        Failure::Timeout => Error::Timeout,
        away => Error::Away(away),
    }
}
