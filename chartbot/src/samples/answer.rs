//! PURE: how an answer of the Prometheus HTTP API reads.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;

use super::client::Error;

/// How much of a server's own words is passed on.
const MAX_WORDS: usize = 200;

/// One time series: its labels, and its samples in order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Label names and values, without the metric's name.
    pub labels: BTreeMap<String, String>,
    /// Unix time in seconds and value. What was not a number is not here.
    pub samples: Vec<(f64, f64)>,
}

impl Series {
    /// The value of a label; empty when the series has no such label.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The newest sample's value; absent when there is none.
    #[must_use]
    pub fn newest(&self) -> Option<f64> {
        self.samples.last().map(|(_, value)| *value)
    }
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// In the order of the answer.
    pub series: Vec<Series>,
    /// What the server warns of, cut short.
    pub warnings: Vec<String>,
    /// Whether the server says that a part of its storage did not answer.
    pub partial: bool,
}

impl Found {
    /// What was found up to `last`, in unix seconds.
    pub fn until(mut self, last: i64) -> Self {
        for series in &mut self.series {
            series.samples.retain(|(time, _)| *time <= last as f64);
        }
        self.series.retain(|series| !series.samples.is_empty());
        self
    }

    /// Takes up what the same question found at a later time.
    pub fn append(&mut self, later: Self) {
        for series in later.series {
            match self.series.iter_mut().find(|known| known.labels == series.labels) {
                Some(known) => known.samples.extend(series.samples),
                None => self.series.push(series),
            }
        }
        self.warnings.extend(later.warnings);
        self.partial |= later.partial;
    }
}

#[derive(Deserialize)]
struct Answer {
    status: Status,
    data: Option<Data>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
    /// Of VictoriaMetrics.
    #[serde(rename = "isPartial", default)]
    is_partial: bool,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Error,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Instant>),
    Matrix(Vec<Matrix>),
}

#[derive(Deserialize)]
struct Instant {
    metric: BTreeMap<String, String>,
    value: Sample,
}

#[derive(Deserialize)]
struct Matrix {
    metric: BTreeMap<String, String>,
    values: Vec<Sample>,
}

/// Unix seconds and the value as text: a number, `NaN`, `+Inf` or `-Inf`.
#[derive(Deserialize)]
struct Sample(f64, String);

/// What the answer with this status and body found.
///
/// # Errors
/// When it says that it failed, or is none of the Prometheus HTTP API.
pub fn read(status: StatusCode, body: &[u8]) -> Result<Found, Error> {
    if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status) {
        return Err(Error::Refused(status.as_u16()));
    }
    let status = status.as_u16();
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return Err(if status >= 500 {
            Error::Failed { status, kind: String::new(), words: String::new() }
        } else {
            Error::NotPrometheus(status)
        });
    };
    if answer.status == Status::Error {
        return Err(match answer.error_type.as_str() {
            "timeout" | "canceled" => Error::Timeout,
            kind => Error::Failed { status, kind: passed_on(kind), words: passed_on(&answer.error) },
        });
    }
    let series = match answer.data {
        Some(Data::Vector(vector)) => vector
            .into_iter()
            .map(|instant| series(instant.metric, vec![instant.value]))
            .collect::<Option<_>>(),
        Some(Data::Matrix(matrix)) => {
            matrix.into_iter().map(|matrix| series(matrix.metric, matrix.values)).collect()
        }
        None => None,
    };
    let notes = answer.warnings.iter().chain(&answer.infos);
    Ok(Found {
        series: series.ok_or(Error::NotPrometheus(status))?,
        warnings: notes.map(|note| passed_on(note)).collect(),
        partial: answer.is_partial,
    })
}

fn series(labels: BTreeMap<String, String>, samples: Vec<Sample>) -> Option<Series> {
    let samples =
        samples.into_iter().map(|Sample(time, value)| value.parse().ok().map(|value| (time, value)));
    let samples: Option<Vec<(f64, f64)>> = samples.collect();
    let known = samples?.into_iter().filter(|(_, value)| !value.is_nan());
    Some(Series { labels, samples: known.collect() })
}

/// A server's own words on one line, cut short, and never with an address in them.
fn passed_on(words: &str) -> String {
    let harmless = words.split_whitespace().filter(|word| !word.contains("://"));
    let line: Vec<_> = harmless.collect();
    line.join(" ").chars().take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, want: Result<&[(f64, f64)], Error>) {
        let found = read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let samples = found.map(|found| found.series[0].samples.clone());
        assert_eq!(samples.as_deref(), want.as_ref().map(|samples| *samples));
    }

    #[test]
    fn answers() {
        check(
            200,
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},
               "values":[[1.5,"1"],[2,"NaN"],[3,"+Inf"],[4,"-Inf"],[5,"-2e3"]]}]}}"#,
            Ok(&[(1.5, 1.0), (3.0, f64::INFINITY), (4.0, f64::NEG_INFINITY), (5.0, -2_000.0)]),
        );
        check(
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},
               "value":[1700000000.123,"7"]}],"stats":{}},"isPartial":false}"#,
            Ok(&[(1_700_000_000.123, 7.0)]),
        );
        let failed = |status, kind: &str, words: &str| {
            Err(Error::Failed { status, kind: kind.into(), words: words.into() })
        };
        check(
            400,
            r#"{"status":"error","errorType":"bad_data","error":"exceeded  maximum\nof http://user:pass@host/ 11,000"}"#,
            failed(400, "bad_data", "exceeded maximum of 11,000"),
        );
        check(
            422,
            r#"{"status":"error","errorType":"422","error":"too many points"}"#,
            failed(422, "422", "too many points"),
        );
        check(
            503,
            r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#,
            Err(Error::Timeout),
        );
        check(503, "Service Unavailable", failed(503, "", ""));
        check(502, "<html>bad gateway", failed(502, "", ""));
        check(401, "Unauthorized", Err(Error::Refused(401)));
        check(403, r#"{"status":"error"}"#, Err(Error::Refused(403)));
        for (status, body) in [
            (200, "<html>hello"),
            (404, "404 page not found"),
            (302, ""),
            (200, "{}"),
            (200, r#"{"status":"success"}"#),
            (
                200,
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#,
            ),
        ] {
            check(status, body, Err(Error::NotPrometheus(status)));
        }
    }

    #[test]
    fn warnings_are_kept_and_cut_short() {
        let body = serde_json::json!({
            "status": "success",
            "data": {"resultType": "vector", "result": []},
            "warnings": ["w".repeat(1_000)],
            "infos": ["a store is away"],
        });
        let found = read(StatusCode::OK, body.to_string().as_bytes()).unwrap();
        assert_eq!(found.series, []);
        assert_eq!(found.warnings, ["w".repeat(MAX_WORDS), "a store is away".into()]);
        assert!(!found.partial);
        let body = r#"{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}"#;
        assert!(read(StatusCode::OK, body.as_bytes()).unwrap().partial);
    }
}
