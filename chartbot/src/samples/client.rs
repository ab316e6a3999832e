//! The client of the Prometheus HTTP API.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/api/>. Other servers
//! speak it too; so nothing is relied on that only Prometheus does.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headlag_service::outbound::Failure;
use reqwest::{Client, RequestBuilder, StatusCode, Url};

use super::{
    answer::{self, Found, Series},
    warning::Warning,
};
use crate::{
    config::HttpConfig,
    remote::{Answer, Remote},
};

/// One moment.
const QUERY: &str = "api/v1/query";
/// Steps over a range.
const QUERY_RANGE: &str = "api/v1/query_range";
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
/// Into how many parts a range query is cut at most.
const MAX_PARTS: i64 = 128;
/// How far one selector looks back, in seconds: some servers allow 32 days and no more (Cortex'
/// `max_query_length`, for one), and an answer must not grow without bound.
const LONGEST_SELECTOR: i64 = 30 * 86_400;

/// The same where even that is too much for a server: not cut shorter than an hour.
const SHORTEST_SELECTOR: i64 = 3_600;

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
    /// More than 32 MiB.
    #[error("gave an answer of more than {} MiB", MAX_BODY / 1024 / 1024)]
    TooLarge,
    /// Some other server, or a broken answer.
    #[error("answered with status {0} and no Prometheus API response")]
    NotPrometheus(u16),
}

impl Error {
    /// Whether less at a time may do: a limit on points, samples or the length of a range was
    /// exceeded, and not some other fault of the query.
    fn is_too_much(&self) -> bool {
        const LIMITS: [&str; 8] =
            ["too many", "too long", "exceed", "limit", "maximum", "max ", "bigger than", "more than"];
        match self {
            Self::TooLarge | Self::NotPrometheus(413) => true,
            Self::Failed { status: 400 | 413 | 422, words, .. } => {
                let words = words.to_lowercase();
                LIMITS.iter().any(|limit| words.contains(limit))
            }
            _ => false,
        }
    }
}

/// Statuses by which a server, or a proxy in front of it, refuses the method POST.
const REFUSES_POST: [StatusCode; 3] =
    [StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];

/// A Prometheus, or what speaks its HTTP API.
#[derive(Clone)]
pub struct Prometheus {
    remote: Arc<Remote>,
    /// Whether the server, or what is in front of it, refuses POST.
    wants_get: Arc<AtomicBool>,
}

impl Prometheus {
    /// The server at `base`, whose path has no trailing slash, asked as `http` says.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base: &Url, http: &HttpConfig) -> reqwest::Result<Self> {
        let remote = Arc::new(Remote::new(base, http, TIMEOUT, MAX_BODY)?);
        Ok(Self { remote, wants_get: Arc::default() })
    }

    /// Asks as `http` says from now on; clones do, too.
    ///
    /// # Errors
    /// When TLS cannot be set up; then it asks as before.
    pub fn renew(&self, http: &HttpConfig) -> reqwest::Result<()> {
        self.remote.renew(http)
    }

    /// The server's own time in unix seconds.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn now(&self) -> Result<f64, Error> {
        let found = self.ask(QUERY, "time()", &[]).await?;
        found.series.first().and_then(Series::newest).ok_or(Error::NotPrometheus(200))
    }

    /// Evaluates `promql` at one moment (unix seconds); of a range selector these are the raw
    /// samples.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn query(&self, promql: &str, time: i64) -> Result<Found, Error> {
        self.ask(QUERY, promql, &[("time", time.to_string())]).await
    }

    /// Evaluates for the time `from` to `until` (unix seconds) what `promql` makes of a window
    /// such as `[3600s]`, in parts where that is long: the samples of a series in order, each
    /// at most once per part that it is in.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn query_window(
        &self,
        promql: impl Fn(&str) -> String,
        (from, until): (i64, i64),
    ) -> Result<Found, Error> {
        let mut whole = Found::default();
        let (mut begin, mut longest) = (from, LONGEST_SELECTOR);
        while begin < until {
            let end = until.min(begin + longest);
            match self.query(&promql(&format!("[{}s]", end - begin)), end).await {
                Err(error) if error.is_too_much() && longest > SHORTEST_SELECTOR => longest /= 2,
                found => {
                    whole.append(found?);
                    begin = end;
                }
            }
        }
        Ok(whole)
    }

    /// Evaluates `promql` every `step` seconds from the first to the last moment (unix seconds).
    ///
    /// # Errors
    /// Why there is no answer.
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
                Err(error) if error.is_too_much() && parts < finest => parts *= 2,
                found => return found.map(|found| found.until(last)),
            }
        }
    }

    /// The same in so many parts, one after the other.
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
            whole.append(self.ask(QUERY_RANGE, promql, &times).await?);
            start += length;
        }
        Ok(whole)
    }

    /// POST, since a query may be longer than a URL; GET where that is what is allowed, as
    /// Prometheus' own client does.
    async fn ask(&self, path: &str, promql: &str, times: &[(&str, String)]) -> Result<Found, Error> {
        let url = self.remote.endpoint(path);
        // VictoriaMetrics keeps the newest half minute back unless it is asked not to cache;
        // others take no notice.
        let mut form = vec![("query", promql), ("timeout", QUERY_TIMEOUT), ("nocache", "1")];
        form.extend(times.iter().map(|(name, time)| (*name, time.as_str())));
        if !self.wants_get.load(Ordering::Relaxed) {
            let of_post = self.send(|client| client.post(url.clone()).form(&form)).await?;
            if !REFUSES_POST.contains(&of_post.status) {
                return answer::read(&of_post);
            }
            let of_get = self.send(|client| client.get(url.clone()).query(&form)).await?;
            // A login that is wrong is refused either way, and then POST is no worse.
            self.wants_get.store(of_get.status.is_success(), Ordering::Relaxed);
            return answer::read(&of_get);
        }
        answer::read(&self.send(|client| client.get(url.clone()).query(&form)).await?)
    }

    async fn send(&self, request: impl Fn(Client) -> RequestBuilder) -> Result<Answer, Error> {
        self.remote.ask(request).await.map_err(unanswered)
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

    /// As [`Prometheus::now`].
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn now(&self) -> Result<f64, Error> {
        self.prometheus.now().await
    }

    /// As [`Prometheus::query`].
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn query(&self, promql: &str, time: i64) -> Result<Vec<Series>, Error> {
        Ok(self.keep(self.prometheus.query(promql, time).await?))
    }

    /// As [`Prometheus::query_window`].
    ///
    /// # Errors
    /// When there was no answer, or one that is of no use.
    pub async fn query_window(
        &self,
        promql: impl Fn(&str) -> String,
        span: (i64, i64),
    ) -> Result<Vec<Series>, Error> {
        Ok(self.keep(self.prometheus.query_window(promql, span).await?))
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

    /// What the server said of its own answers, the most important first.
    pub fn warnings(&self) -> Vec<Warning> {
        let partial = self.partial.load(Ordering::Relaxed).then_some(Warning::Partial);
        let said = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        partial.into_iter().chain(said.iter().cloned().map(Warning::Said)).collect()
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
        Failure::TooLarge => Error::TooLarge,
        away => Error::Away(away),
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::atomic::AtomicUsize};

    use headlag_service::server::{self, typed};
    use hyper::Request;
    use tokio::net::TcpListener;

    use super::*;

    /// How often a server is asked that refuses every query in these words.
    async fn asked(words: &'static str) -> (usize, Error) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let answer = move |_: Request<hyper::body::Incoming>| {
            counted.fetch_add(1, Ordering::Relaxed);
            let body = serde_json::json!({"status": "error", "errorType": "execution", "error": words});
            async move { typed(StatusCode::UNPROCESSABLE_ENTITY, "application/json", body.to_string()) }
        };
        tokio::spawn(server::serve(listener, answer, pending()));
        let prometheus = Prometheus::new(&url, &HttpConfig::default()).unwrap();
        let error = prometheus.query_range("up", (0, 100 * 86_400), 7_200).await.unwrap_err();
        (count.load(Ordering::Relaxed), error)
    }

    #[tokio::test]
    async fn only_what_was_too_much_is_asked_for_in_parts() {
        let (times, error) = asked("found duplicate series for the match group").await;
        assert_eq!(times, 1, "{error}");
        for words in [
            "the query time range exceeds the limit (query length: 2400h, limit: 768h)",
            "too many points for the given step",
            "cannot select more than -search.maxSamplesPerQuery=1000000000 samples; possible solutions: \
             reduce time range for the query",
            "query processing would load too many samples into memory",
        ] {
            assert_eq!(asked(words).await.0, 8, "{words}");
        }
    }
}
