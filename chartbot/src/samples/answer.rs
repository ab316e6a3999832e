//! PURE: how an answer of the Prometheus HTTP API reads.

use std::{collections::BTreeMap, fmt};

use reqwest::StatusCode;
use serde::{Deserialize, Deserializer, de};

use super::client::Error;
use crate::remote;

/// How the warning of Thanos begins that a store did not answer; what follows are the addresses of
/// the store (<https://github.com/thanos-io/thanos>, `pkg/store`; seen with v0.42.0).
const STORE_AWAY: &str = "fetch series for ";

/// Label names and values, without the metric's name unless the query asked for several.
pub type Labels = BTreeMap<String, String>;

/// One time series: its labels, and its samples in order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What it is of.
    pub labels: Labels,
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
        self.warnings.extend(later.warnings.into_iter().filter(|it| !it.is_empty()));
        self.partial |= later.partial;
    }
}

/// A null counts as nothing: some servers send it for an empty list or text.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(of: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(of)?.unwrap_or_default())
}

#[derive(Deserialize)]
struct Answer {
    status: Status,
    data: Option<Data>,
    #[serde(rename = "errorType", default, deserialize_with = "or_empty")]
    error_type: String,
    #[serde(default, deserialize_with = "or_empty")]
    error: String,
    #[serde(default, deserialize_with = "or_empty")]
    warnings: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    infos: Vec<String>,
    /// Of VictoriaMetrics.
    #[serde(rename = "isPartial", default, deserialize_with = "or_empty")]
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
    Scalar(Option<Sample>),
    #[serde(deserialize_with = "or_empty")]
    Vector(Vec<Instant>),
    #[serde(deserialize_with = "or_empty")]
    Matrix(Vec<Matrix>),
}

#[derive(Deserialize)]
struct Instant {
    #[serde(default, deserialize_with = "or_empty")]
    metric: Labels,
    value: Sample,
}

#[derive(Deserialize)]
struct Matrix {
    #[serde(default, deserialize_with = "or_empty")]
    metric: Labels,
    #[serde(default, deserialize_with = "or_empty")]
    values: Vec<Sample>,
}

/// Unix seconds and the value, which comes as text: a number, `NaN`, `+Inf` or `-Inf`.
#[derive(Deserialize)]
struct Sample(f64, #[serde(deserialize_with = "number")] f64);

/// Reads a number from text without a copy of it: there may be a million of them.
fn number<'de, D: Deserializer<'de>>(of: D) -> Result<f64, D::Error> {
    struct Text;
    impl de::Visitor<'_> for Text {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number as text")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
            text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }
    of.deserialize_str(Text)
}

/// What an answer found.
///
/// # Errors
/// When it says that it failed, or is none of the Prometheus HTTP API.
pub fn read(answered: &remote::Answer) -> Result<Found, Error> {
    let remote::Answer { status, body, secrets, .. } = answered;
    if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(status) {
        return Err(Error::Refused(status.as_u16()));
    }
    let status = status.as_u16();
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return Err(if answered.is_temporary() {
            Error::Failed { status, kind: String::new(), words: String::new() }
        } else {
            Error::NotPrometheus(status)
        });
    };
    if answer.status == Status::Error {
        return Err(match answer.error_type.as_str() {
            "timeout" | "canceled" => Error::Timeout,
            kind => Error::Failed {
                status,
                kind: secrets.passed_on(kind),
                words: secrets.passed_on(&answer.error),
            },
        });
    }
    let series = match answer.data {
        Some(Data::Scalar(Some(sample))) => vec![series(Labels::new(), vec![sample])],
        Some(Data::Vector(vector)) => {
            vector.into_iter().map(|instant| series(instant.metric, vec![instant.value])).collect()
        }
        Some(Data::Matrix(matrix)) => {
            matrix.into_iter().map(|matrix| series(matrix.metric, matrix.values)).collect()
        }
        Some(Data::Scalar(None)) | None => return Err(Error::NotPrometheus(status)),
    };
    let notes = answer.warnings.iter().chain(&answer.infos);
    let (lost, notes): (Vec<_>, Vec<_>) = notes.partition(|note| note.starts_with(STORE_AWAY));
    let warnings = notes.into_iter().map(|note| secrets.passed_on(note)).collect();
    Ok(Found { series, warnings, partial: answer.is_partial || !lost.is_empty() })
}

fn series(labels: Labels, samples: Vec<Sample>) -> Series {
    let samples = samples.into_iter().map(|Sample(time, value)| (time, value));
    Series { labels, samples: samples.filter(|(_, value)| !value.is_nan()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign::{MAX_WORDS, Secrets};
    use bytes::Bytes;

    fn read(status: StatusCode, body: &[u8]) -> Result<Found, Error> {
        let (body, secrets) = (Bytes::copy_from_slice(body), Secrets::default());
        super::read(&remote::Answer { status, at: None, body, secrets })
    }

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
        check(429, "<html>too many requests", failed(429, "", ""));
        check(429, r#"{"message":"API rate limit exceeded"}"#, failed(429, "", ""));
        check(408, "", failed(408, "", ""));
        check(401, "Unauthorized", Err(Error::Refused(401)));
        check(403, r#"{"status":"error"}"#, Err(Error::Refused(403)));
        for (status, body) in [
            (200, "<html>hello"),
            (404, "404 page not found"),
            (302, ""),
            (200, "{}"),
            (200, r#"{"status":"success"}"#),
            (200, r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#),
            (
                200,
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#,
            ),
        ] {
            check(status, body, Err(Error::NotPrometheus(status)));
        }
    }

    #[test]
    fn a_null_is_an_empty_list_or_text() {
        for result in [r#""vector","result":null"#, r#""matrix","result":null"#] {
            let body = format!(
                r#"{{"status":"success","data":{{"resultType":{result}}},"warnings":null,"infos":null,
                   "errorType":null,"error":null,"isPartial":null}}"#
            );
            assert_eq!(read(StatusCode::OK, body.as_bytes()), Ok(Found::default()), "{body}");
        }
        check(
            200,
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":null,"values":null}]}}"#,
            Ok(&[]),
        );
        let body = r#"{"status":"error","errorType":"bad_data","error":null}"#;
        let failed = Error::Failed { status: 400, kind: "bad_data".into(), words: String::new() };
        check(400, body, Err(failed));
    }

    #[test]
    fn the_time_of_the_server_is_a_scalar() {
        check(
            200,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1764093600.5,"1764093600.5"]}}"#,
            Ok(&[(1_764_093_600.5, 1_764_093_600.5)]),
        );
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
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[]},
            "warnings":["fetch series for {replica=\"b\"} Addr: 10.0.0.7:10901: connection refused"]}"#;
        let found = read(StatusCode::OK, body.as_bytes()).unwrap();
        assert_eq!((found.partial, found.warnings), (true, vec![]));
    }
}
