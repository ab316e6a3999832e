//! The answer to a scrape: OpenMetrics text, or the older text format 0.0.4.
//!
//! Sources: the OpenMetrics specification 1.0, and "Exposition formats" and "Content
//! negotiation" in the Prometheus documentation.

use std::{fmt, io::Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, VARY},
};
use prometheus_client::{encoding::text::encode, registry::Registry};

use crate::server::{Reply, plain};

/// One of the text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/openmetrics-text`, version 1.0.0.
    OpenMetrics,
    /// `application/openmetrics-text`, version 0.0.1: the draft, of which all that is written
    /// here is part as well.
    OpenMetricsDraft,
    /// `text/plain`, version 0.0.4.
    Text,
}

impl Format {
    /// What the `Accept` header prefers; of equals the newest, and text 0.0.4 where it names
    /// none of them.
    fn accepted(headers: &HeaderMap) -> Self {
        let quality = |format: Self| best_quality(headers, &ACCEPT, |range| format.is_named_by(range));
        // The last of the highest wins.
        [Self::Text, Self::OpenMetricsDraft, Self::OpenMetrics]
            .into_iter()
            .filter(|format| quality(*format) > 0.0)
            .max_by(|a, b| quality(*a).total_cmp(&quality(*b)))
            .unwrap_or(Self::Text)
    }

    fn is_named_by(self, range: &str) -> bool {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let version = parts.find_map(|part| part.strip_prefix("version=")).map(|text| text.trim_matches('"'));
        let is = |name| kind.eq_ignore_ascii_case(name);
        match self {
            Self::OpenMetrics => {
                is("application/openmetrics-text") && matches!(version, None | Some("1.0.0"))
            }
            Self::OpenMetricsDraft => is("application/openmetrics-text") && version == Some("0.0.1"),
            Self::Text => is("text/plain") || is("text/*"),
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::OpenMetricsDraft => "application/openmetrics-text; version=0.0.1; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The highest `q` among the header's elements that are `wanted`; 0 where none is.
fn best_quality(headers: &HeaderMap, name: &HeaderName, wanted: impl Fn(&str) -> bool) -> f32 {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter(|element| wanted(element))
        .map(|element| {
            let q = element.split(';').filter_map(|part| part.trim().strip_prefix("q=")).next();
            q.map_or(1.0, |q| q.parse().unwrap_or(0.0))
        })
        .fold(0.0, f32::max)
}

/// All metrics of `registry` in `format`.
///
/// # Errors
/// When a collector fails.
pub fn render(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    Ok(match format {
        Format::OpenMetrics | Format::OpenMetricsDraft => text,
        Format::Text => as_text_0_0_4(&text),
    })
}

/// Answers a scrape in the format and the encoding its headers accept.
#[must_use]
pub fn answer(registry: &Registry, headers: &HeaderMap) -> Reply {
    let format = Format::accepted(headers);
    let Ok(text) = render(registry, format) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be encoded\n");
    };
    let gzip = best_quality(headers, &ACCEPT_ENCODING, |element| {
        element.split(';').next().is_some_and(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
    }) > 0.0;
    let response = Response::builder()
        .header(CONTENT_TYPE, format.content_type())
        .header(VARY, "Accept, Accept-Encoding");
    let reply = match gzip.then(|| compressed(&text)).flatten() {
        Some(body) => response.header(CONTENT_ENCODING, "gzip").body(Full::from(body)),
        None => response.body(Full::from(text)),
    };
    reply.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "no answer could be built\n"))
}

fn compressed(text: &str) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text.as_bytes()).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Rewrites OpenMetrics text line by line: in the older format a counter carries
/// `_total` also in its HELP and TYPE, an unknown is `untyped`, and UNIT and EOF are
/// mere comments. HELP is held back until TYPE shows which name it needs.
fn as_text_0_0_4(open: &str) -> String {
    let mut text = String::with_capacity(open.len() + 1024);
    let mut help = None;
    for line in open.lines() {
        if let Some(held) = line.strip_prefix("# HELP ") {
            help = held.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|kind| kind.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((_, words)) = help.take() {
                text.push_str(&format!("# HELP {name}{suffix} {words}\n"));
            }
            text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use std::io::Read;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_accept_header_decides_the_format() {
        let of = |accept| Format::accepted(&headers(ACCEPT, accept));
        let prometheus = "application/openmetrics-text;version=1.0.0,\
            application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(of(prometheus), Format::OpenMetrics);
        assert_eq!(of("application/openmetrics-text"), Format::OpenMetrics);
        assert_eq!(of("text/plain;version=0.0.4"), Format::Text);
        assert_eq!(of("text/plain;version=0.0.4,application/openmetrics-text;q=0.3"), Format::Text);
        assert_eq!(of("application/openmetrics-text;q=0"), Format::Text);
        assert_eq!(of("application/openmetrics-text;version=9.0.0"), Format::Text);
        assert_eq!(of("application/openmetrics-text; version=0.0.1"), Format::OpenMetricsDraft);
        assert_eq!(
            of("application/openmetrics-text;version=0.0.1,text/plain;q=0.5"),
            Format::OpenMetricsDraft
        );
        assert_eq!(
            of("text/plain;version=0.0.4,application/openmetrics-text;version=0.0.1"),
            Format::OpenMetricsDraft
        );
        assert_eq!(of("*/*"), Format::Text);
        assert_eq!(of("text/html"), Format::Text);
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn the_version_that_was_asked_for_is_the_one_named() {
        for version in ["0.0.1", "1.0.0"] {
            let accept = format!("application/openmetrics-text;version={version}");
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(&accept).unwrap())]);
            let reply = answer(&Registry::default(), &headers);
            let content_type = reply.headers()[CONTENT_TYPE].to_str().unwrap();
            assert!(content_type.contains(&format!("version={version};")), "{content_type}");
        }
    }

    #[test]
    fn gzip_only_where_it_is_accepted() {
        let registry = Registry::default();
        let encoding = |accept| {
            let reply = answer(&registry, &headers(ACCEPT_ENCODING, accept));
            reply.headers().get(CONTENT_ENCODING).cloned()
        };
        assert_eq!(encoding("gzip, deflate").unwrap(), "gzip");
        assert_eq!(encoding("identity"), None);
        assert_eq!(encoding("gzip;q=0"), None);
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&compressed("a 1\n").unwrap()[..]).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "a 1\n");
    }

    #[test]
    fn the_older_format_names_counters_in_full_and_ends_without_eof() {
        let open = "# HELP a_seconds Some help with spaces.\n# TYPE a_seconds counter\n\
            # UNIT a_seconds seconds\na_seconds_total{b=\"#\"} 1\n# TYPE c unknown\nc 2\n# EOF\n";
        assert_eq!(
            as_text_0_0_4(open),
            "# HELP a_seconds_total Some help with spaces.\n# TYPE a_seconds_total counter\n\
            a_seconds_total{b=\"#\"} 1\n# TYPE c untyped\nc 2\n"
        );
    }
}
