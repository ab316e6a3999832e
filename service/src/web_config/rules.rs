//! A web config as it is in force, and how it is read.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hyper::{
    HeaderMap,
    header::{
        CONTENT_SECURITY_POLICY, HeaderName, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS, X_XSS_PROTECTION,
    },
};

use super::{
    files::Files,
    logins::Users,
    password::PasswordHash,
    rate::Rate,
    tls::{self, Tls},
    value::{given, protecting},
};
use crate::yaml::{
    header,
    reader::{Field, Reader, Section},
    report::{Problem, Report},
    tree,
};

const KEYS: [&str; 4] = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"];

/// The headers that may be set, and the values where only some are allowed.
const HEADERS: [(&str, HeaderName, &[&str]); 5] = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY, &[]),
    ("X-Frame-Options", X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-Content-Type-Options", X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-XSS-Protection", X_XSS_PROTECTION, &[]),
    ("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY, &[]),
];

const LONGEST_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// What a web config demands. The default demands nothing.
#[derive(Default)]
pub struct Rules {
    /// Absent where no TLS is spoken.
    pub tls: Option<Tls>,
    /// Who may ask; anyone where there are none.
    pub users: Users,
    /// Sent with every answer.
    pub headers: HeaderMap,
    /// How many requests may come; absent where any number may.
    pub rate: Option<Rate>,
}

impl Rules {
    /// Whether the rate of all requests allows for one more at `now`.
    pub fn allow_one_more(&self, now: Instant) -> bool {
        self.rate.as_ref().is_none_or(|rate| rate.allows(now))
    }

    /// What keeps clients out under these rules and would not under `new` ones.
    pub fn lost_in(&self, new: &Self) -> Vec<&'static str> {
        let pairs = self.barriers().into_iter().zip(new.barriers());
        pairs.filter(|((_, is), (_, will_be))| *is && !will_be).map(|((what, _), _)| what).collect()
    }

    /// All that can keep clients out, and whether it does.
    fn barriers(&self) -> [(&'static str, bool); 5] {
        let tls = |demands: fn(&Tls) -> bool| self.tls.as_ref().is_some_and(demands);
        [
            ("TLS", self.tls.is_some()),
            ("the demand for client certificates", tls(|tls| tls.requires_certificate)),
            ("their check against client_ca_file", tls(|tls| tls.requires_authority)),
            ("client_allowed_sans", tls(|tls| tls.requires_name)),
            ("the login", !self.users.is_empty()),
        ]
    }
}

/// Reads the file at `path`, and notes in `files` what was read for it.
///
/// # Errors
/// Every problem in one report, without a key or a hash.
pub fn load(path: &Path, files: &mut Files) -> Result<Rules, Report> {
    let report = |problems| Report { file: path.display().to_string(), problems };
    let text = files
        .read(path)
        .map_err(|error| report(vec![Problem { line: 0, key: String::new(), what: error.to_string() }]))?;
    parse(&text, path.parent().unwrap_or(Path::new(".")), files).map_err(report)
}

/// Reads `text`; relative names of files in it start at `folder`.
///
/// # Errors
/// Every problem.
pub fn parse(text: &str, folder: &Path, files: &mut Files) -> Result<Rules, Vec<Problem>> {
    let tree = tree::read(text).map_err(|problem| vec![problem])?;
    let root = Field::root(&tree);
    if root.is_null() {
        return Ok(Rules::default());
    }
    let mut reader = Reader::without_variables();
    let rules = reader.section(&root, &KEYS).map(|top| read(&mut reader, &top, folder, files));
    let problems = reader.into_problems();
    rules.filter(|_| problems.is_empty()).ok_or(problems)
}

fn read<'a>(reader: &mut Reader<'a>, top: &Section<'a>, folder: &Path, files: &mut Files) -> Rules {
    let tls = protecting(reader, top, "tls_server_config", "cert_file and key_file").and_then(|field| {
        let tls = tls::read(reader, &field, folder, files);
        // Whatever the reason: without TLS the service would serve in the clear.
        if tls.is_none() && !reader.has_problems() {
            reader.problem(field.line, &field.path, "cannot be used; check its certificates and versions");
        }
        tls
    });
    let headers = given(top, "http_server_config").map(|field| read_headers(reader, &field));
    let users = protecting(reader, top, "basic_auth_users", "at least one user")
        .map(|field| read_users(reader, &field));
    let rate = given(top, "rate_limit").and_then(|field| read_rate(reader, &field));
    Rules { tls, headers: headers.unwrap_or_default(), users: users.unwrap_or_default(), rate }
}

fn read_headers<'a>(reader: &mut Reader<'a>, field: &Field<'a>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(section) = reader.section(field, &["http2", "headers"]) else { return headers };
    // HTTP/1.1 is served in any case: nobody who asks once a scrape gains from HTTP/2.
    given(&section, "http2").and_then(|field| reader.boolean(&field));
    let Some(field) = given(&section, "headers") else { return headers };
    let Some(section) = reader.section(&field, &HEADERS.map(|(name, ..)| name)) else { return headers };
    for (key, name, allowed) in HEADERS {
        let Some(field) = given(&section, key) else { continue };
        let Some(text) = reader.verbatim(&field) else { continue };
        if !allowed.is_empty() && !allowed.contains(&text.as_str()) {
            reader.problem(field.line, &field.path, format!("must be {}", allowed.join(" or ")));
        }
        if let Some(mut value) = header::sensitive(reader, &field, &text) {
            value.set_sensitive(false);
            headers.insert(name, value);
        }
    }
    headers
}

fn read_users<'a>(reader: &mut Reader<'a>, field: &Field<'a>) -> Users {
    let mut users = Users::new();
    for (name, field) in reader.entries(field).unwrap_or_default() {
        let Some(hash) = reader.verbatim(&field) else { continue };
        if name.is_empty() || name.contains(':') {
            reader.problem(
                field.line,
                &field.path,
                "holds a name that cannot log in: it is empty or has a colon",
            );
            continue;
        }
        match PasswordHash::parse(&hash) {
            Ok(hash) => {
                if users.insert(name.to_owned(), hash).is_some() {
                    reader.problem(field.line, &field.path, "repeats a user; keep one of the two");
                }
            }
            Err(error) => reader.problem(field.line, &field.path, error.to_string()),
        }
    }
    users
}

fn read_rate<'a>(reader: &mut Reader<'a>, field: &Field<'a>) -> Option<Rate> {
    let section = reader.section(field, &["interval", "burst"])?;
    let interval = given(&section, "interval")
        .and_then(|field| reader.duration(&field, Duration::ZERO..=LONGEST_INTERVAL));
    let burst = given(&section, "burst").and_then(|field| reader.number(&field, 0..=1_000_000));
    let interval = interval.filter(|interval| !interval.is_zero())?;
    match burst {
        None | Some(0) => {
            reader.wrong(field, "needs a burst of at least 1, or every request would be refused")
        }
        Some(burst) => Some(Rate::new(interval, u32::try_from(burst).unwrap_or(u32::MAX))),
    }
}

#[cfg(test)]
mod tests;
