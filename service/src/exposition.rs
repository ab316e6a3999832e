//! The answer to a scrape: OpenMetrics text, or the older text format 0.0.4.
//!
//! Sources: the OpenMetrics specification 1.0, and "Exposition formats" and "Content
//! negotiation" in the Prometheus documentation.

use std::{
    fmt,
    io::{self, Write},
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

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
    write(&mut text, registry, format)?;
    Ok(text)
}

fn write(to: &mut impl fmt::Write, registry: &Registry, format: Format) -> fmt::Result {
    match format {
        Format::OpenMetrics | Format::OpenMetricsDraft => encode(to, registry),
        Format::Text => encode(&mut Older::new(to), registry),
    }
}

/// Answers a scrape in the format and the encoding its headers accept.
#[must_use]
pub fn answer(registry: &Registry, headers: &HeaderMap) -> Reply {
    let format = Format::accepted(headers);
    let gzip = best_quality(headers, &ACCEPT_ENCODING, |element| {
        element.split(';').next().is_some_and(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
    }) > 0.0;
    let body = if gzip { compressed(registry, format) } else { render(registry, format).map(Bytes::from) };
    let Ok(body) = body else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be encoded\n");
    };
    let mut response = Response::builder()
        .header(CONTENT_TYPE, format.content_type())
        .header(VARY, "Accept, Accept-Encoding");
    if gzip {
        response = response.header(CONTENT_ENCODING, "gzip");
    }
    let reply = response.body(Full::from(body));
    reply.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "no answer could be built\n"))
}

fn compressed(registry: &Registry, format: Format) -> Result<Bytes, fmt::Error> {
    let mut gzip = Gzip::new();
    write(&mut gzip, registry, format)?;
    gzip.finish().map_err(|_| fmt::Error)
}

/// Compresses text while it is written: that of thousands of nodes is never whole in memory. What is
/// longer than a part is compressed by a second thread, since to write it takes about as long.
struct Gzip {
    part: String,
    /// From the first full part on.
    encoder: Option<Encoder>,
}

/// The second thread.
struct Encoder {
    parts: SyncSender<String>,
    done: JoinHandle<io::Result<Vec<u8>>>,
}

impl Encoder {
    fn start() -> io::Result<Self> {
        let (parts, waiting) = sync_channel::<String>(Gzip::WAITING);
        let done = thread::Builder::new().name("gzip".into()).spawn(move || compress(waiting))?;
        Ok(Self { parts, done })
    }
}

fn compress(parts: impl IntoIterator<Item = String>) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        encoder.write_all(part.as_bytes())?;
    }
    encoder.finish()
}

impl Gzip {
    /// So many bytes are compressed at once.
    const PART: usize = 32 * 1024;
    /// So many parts may wait for it.
    const WAITING: usize = 8;

    fn new() -> Self {
        Self { part: String::new(), encoder: None }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => Encoder::start()?,
        };
        let part = std::mem::replace(&mut self.part, String::with_capacity(Self::PART + 1024));
        let sent = encoder.parts.send(part).map_err(io::Error::other);
        self.encoder = Some(encoder);
        sent
    }

    fn finish(mut self) -> io::Result<Bytes> {
        if self.encoder.is_some() {
            self.pass_on()?;
        }
        let compressed = match self.encoder {
            None => compress([self.part]),
            Some(Encoder { parts, done }) => {
                drop(parts);
                done.join().map_err(|_| io::Error::other("the thread that compresses panicked"))?
            }
        };
        compressed.map(Bytes::from)
    }
}

impl fmt::Write for Gzip {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.part.push_str(text);
        if self.part.len() >= Self::PART { self.pass_on().map_err(|_| fmt::Error) } else { Ok(()) }
    }
}

/// Rewrites OpenMetrics text as it is written: in the older format a counter carries `_total` also
/// in its HELP and TYPE, an unknown is `untyped`, and UNIT and EOF are mere comments. HELP is held
/// back until TYPE shows which name it needs.
struct Older<'a, W> {
    to: &'a mut W,
    is_line_new: bool,
    is_comment: bool,
    /// What has come of a line that is one.
    comment: String,
    /// Of the metric whose TYPE comes next.
    help: Option<String>,
}

impl<'a, W: fmt::Write> Older<'a, W> {
    fn new(to: &'a mut W) -> Self {
        Self { to, is_line_new: true, is_comment: false, comment: String::new(), help: None }
    }

    fn end_comment(&mut self) -> fmt::Result {
        let line = std::mem::take(&mut self.comment);
        let line = line.trim_end();
        if let Some(held) = line.strip_prefix("# HELP ") {
            self.help = held.split_once(' ').map(|(_, words)| words.to_owned());
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|kind| kind.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            if let Some(words) = self.help.take() {
                writeln!(self.to, "# HELP {name}{suffix} {words}")?;
            }
            writeln!(self.to, "# TYPE {name}{suffix} {kind}")?;
        }
        Ok(())
    }
}

impl<W: fmt::Write> fmt::Write for Older<'_, W> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while !text.is_empty() {
            let (part, rest) = text.split_at(text.find('\n').map_or(text.len(), |end| end + 1));
            if self.is_line_new {
                self.is_comment = part.starts_with('#');
            }
            self.is_line_new = part.ends_with('\n');
            if !self.is_comment {
                self.to.write_str(part)?;
            } else {
                self.comment.push_str(part);
                if self.is_line_new {
                    self.end_comment()?;
                }
            }
            text = rest;
        }
        Ok(())
    }
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
    }

    #[test]
    fn what_is_compressed_in_parts_is_whole() {
        for lines in [0, 1, 20_000] {
            let text: String = (0..lines).map(|line| format!("a{{b=\"{line}\"}} 1\n")).collect();
            assert_eq!(text.len() > 5 * Gzip::PART, lines == 20_000);
            let mut gzip = Gzip::new();
            for line in text.split_inclusive('\n') {
                fmt::Write::write_str(&mut gzip, line).unwrap();
            }
            let mut plain = String::new();
            flate2::read::GzDecoder::new(&gzip.finish().unwrap()[..]).read_to_string(&mut plain).unwrap();
            assert_eq!(plain, text);
        }
    }

    #[test]
    fn the_older_format_names_counters_in_full_and_ends_without_eof() {
        let open = "# HELP a_seconds Some help with spaces.\n# TYPE a_seconds counter\n\
            # UNIT a_seconds seconds\na_seconds_total{b=\"#\"} 1\n# TYPE c unknown\nc 2\n# EOF\n";
        let older = "# HELP a_seconds_total Some help with spaces.\n# TYPE a_seconds_total counter\n\
            a_seconds_total{b=\"#\"} 1\n# TYPE c untyped\nc 2\n";
        // In whatever parts it comes.
        for size in 1..=open.len() {
            let mut text = String::new();
            let mut rewriting = Older::new(&mut text);
            for part in open.as_bytes().chunks(size) {
                fmt::Write::write_str(&mut rewriting, std::str::from_utf8(part).unwrap()).unwrap();
            }
            assert_eq!(text, older, "{size} bytes at a time");
        }
    }
}
