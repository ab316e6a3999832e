//! `--prometheus.http-config-file` and `--alertmanager.http-config-file`: what is sent with every
//! request to that server, in the format of promtool's `--http.config.file`.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/configuration/promtool/>.

mod tls;

use std::path::Path;

use headlag_service::{
    outbound::basic_auth,
    secret_file::read_secret,
    text_file::read_text,
    yaml::{
        header,
        reader::{Field, Reader, Section},
        report::{Problem, Report},
        tree,
    },
};
use reqwest::{
    ClientBuilder, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

use self::tls::Tls;
use super::shown;
use crate::foreign::Secrets;

/// Far more than this file, or a bundle of certificates, needs.
const LONGEST: u64 = 4 << 20;

const KEYS: [&str; 4] = ["authorization", "basic_auth", "tls_config", "http_headers"];

/// What is sent with every request to a server.
#[derive(Debug, Clone, Default)]
pub struct HttpConfig {
    /// Values are sensitive, so that no log shows them.
    headers: HeaderMap,
    tls: Tls,
}

impl HttpConfig {
    /// Whether the requests carry credentials.
    pub fn has_credentials(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    /// These and the values of the headers.
    pub fn secrets(&self, others: Secrets) -> Secrets {
        others.of_headers(&self.headers)
    }

    /// A client that does as the file says, and the URL by which it reaches the server at `url`.
    pub fn apply(&self, client: ClientBuilder, url: Url) -> (ClientBuilder, Url) {
        self.tls.apply(client.default_headers(self.headers.clone()), url)
    }
}

/// Reads a file; relative names of files in it start at its folder.
///
/// # Errors
/// Every problem of the file in one report, without the value of a secret.
pub fn load(path: &Path) -> Result<HttpConfig, Report> {
    let report = |problems| Report { file: shown::file(path), problems };
    let text = read_text(path, LONGEST)
        .map_err(|error| report(vec![Problem { line: 0, key: String::new(), what: error.to_string() }]))?;
    parse(&text, path.parent().unwrap_or(Path::new("."))).map_err(report)
}

/// Reads the text of a file in `folder`.
///
/// # Errors
/// Every problem of the text, by line.
pub fn parse(text: &str, folder: &Path) -> Result<HttpConfig, Vec<Problem>> {
    let tree = tree::read(text).map_err(|problem| vec![problem])?;
    let root = Field::root(&tree);
    if root.is_null() {
        return Ok(HttpConfig::default());
    }
    let mut reader = Reader::without_variables();
    let config = read(&mut reader, &root, folder);
    let problems = reader.into_problems();
    config.filter(|_| problems.is_empty()).ok_or(problems)
}

fn read<'a>(reader: &mut Reader<'a>, root: &Field<'a>, folder: &Path) -> Option<HttpConfig> {
    let top = reader.section(root, &KEYS)?;
    let headers = top.get("http_headers").map(|field| read_headers(reader, &field, folder));
    let tls = top.get("tls_config").map(|field| tls::read(reader, &field, folder));
    let authorization = top.get("authorization").map(|field| read_authorization(reader, &field, folder));
    let basic = top.get("basic_auth").map(|field| read_basic(reader, &field, folder));
    if let (Some(field), Some(_)) = (top.get("basic_auth"), &authorization) {
        reader.problem(field.line, &field.path, "is set together with authorization; keep one of the two");
    }
    let mut headers = headers.unwrap_or_default();
    if let Some(value) = authorization.or(basic).flatten()
        && headers.insert(AUTHORIZATION, value).is_some()
    {
        let line = top.get("http_headers").map_or(root.line, |field| field.line);
        reader.problem(line, "http_headers", "holds Authorization beside other credentials; keep one");
    }
    Some(HttpConfig { headers, tls: tls.unwrap_or_default() })
}

/// A secret in the file itself or in a file that it names.
fn read_either<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    (inside, beside): (&str, &str),
    folder: &Path,
) -> Option<SecretString> {
    match (section.get(inside), section.get(beside)) {
        (Some(_), Some(file)) => {
            reader.wrong(&file, format!("is set together with {inside}; keep one of the two"))
        }
        (Some(field), None) => reader.verbatim(&field).map(SecretString::from),
        (None, Some(field)) => {
            let path = folder.join(reader.verbatim(&field)?);
            let read = read_secret(&path);
            read.map_err(|error| {
                reader.problem(field.line, &field.path, format!("the file it names: {error}"));
            })
            .ok()
        }
        (None, None) => {
            section.require(reader, beside, &format!("name one, or write {inside} itself"));
            None
        }
    }
}

fn read_authorization<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path) -> Option<HeaderValue> {
    let section = reader.section(field, &["type", "credentials", "credentials_file"])?;
    let kind = section.get("type").map_or(Some("Bearer".to_owned()), |kind| reader.verbatim(&kind));
    if kind.as_ref().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("basic")) {
        reader.problem(field.line, &field.path, "has the type Basic; write basic_auth instead");
    }
    let secret = read_either(reader, &section, ("credentials", "credentials_file"), folder);
    header::sensitive(reader, field, &format!("{} {}", kind?.trim(), secret?.expose_secret()))
}

fn read_basic<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path) -> Option<HeaderValue> {
    let section = reader.section(field, &["username", "password", "password_file"])?;
    let username = section.require(reader, "username", "write the user's name");
    let username = username.and_then(|field| reader.verbatim(&field));
    let password = read_either(reader, &section, ("password", "password_file"), folder);
    let pair = format!("{}:{}", username?, password?.expose_secret());
    header::sensitive(reader, field, &basic_auth(pair))
}

/// Each header has any number of `values`, of `secrets`, and of `files` with one each.
fn read_headers<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (key, field) in reader.entries(field).unwrap_or_default() {
        let Some(name) = header::name(reader, &field, key) else { continue };
        let mut lines = Vec::new();
        let Some(section) = reader.section(&field, &["values", "secrets", "files"]) else { continue };
        for kind in ["values", "secrets", "files"] {
            let items = section.get(kind).and_then(|field| reader.list(&field)).unwrap_or_default();
            for item in items {
                let Some(text) = reader.verbatim(&item) else { continue };
                let text = if kind == "files" {
                    match read_secret(&folder.join(&text)) {
                        Ok(secret) => secret.expose_secret().to_owned(),
                        Err(error) => {
                            reader.problem(item.line, &item.path, format!("the file it names: {error}"));
                            continue;
                        }
                    }
                } else {
                    text
                };
                if header::sensitive(reader, &item, &text).is_some() {
                    lines.push(text);
                }
            }
        }
        // Several lines of one header are the same as one line with commas (RFC 9110, 5.3),
        // and one line is what the HTTP client keeps.
        if let Some(value) =
            (!lines.is_empty()).then(|| header::sensitive(reader, &field, &lines.join(", "))).flatten()
        {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::future::pending;

    use headlag_service::{outbound, server};
    use hyper::{Request, StatusCode, body::Incoming};
    use tokio::net::TcpListener;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "s3cret\n").unwrap();
        fs::write(folder.path().join("no.pem"), "no certificate").unwrap();
        folder
    }

    #[track_caller]
    fn sent(text: &str) -> String {
        let folder = folder();
        let config = parse(text, folder.path()).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        let headers = config.headers.iter();
        let headers: Vec<_> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        headers.join("\n")
    }

    #[test]
    fn an_endless_file_is_refused_at_once() {
        let report = load(Path::new("/dev/zero")).unwrap_err();
        assert!(report.to_string().contains("is it the right file?"), "{report}");
    }

    #[test]
    fn what_is_right() {
        assert_eq!(sent(""), "");
        assert_eq!(sent("authorization: {credentials_file: token}"), "authorization: Bearer s3cret");
        assert_eq!(
            sent("authorization: {type: Token, credentials: 's3cret${X}'}"),
            "authorization: Token s3cret${X}"
        );
        assert_eq!(
            sent(
                "basic_auth:\n  username: me\n  password_file: token\ntls_config:\n  insecure_skip_verify: true\n"
            ),
            "authorization: Basic bWU6czNjcmV0"
        );
        assert_eq!(
            sent(
                "http_headers:\n  X-Scope-OrgID: {values: [a, b]}\n  X-Key: {secrets: [s3cret], files: [token]}\n"
            ),
            "x-scope-orgid: a, b\nx-key: s3cret, s3cret"
        );
    }

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let folder = folder();
        let problems = parse(text, folder.path()).unwrap_err();
        let shown: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {}: {}", problem.line, problem.key, problem.what))
            .collect();
        assert!(!shown.join("\n").contains("s3cret"), "{shown:?}");
        assert_eq!(shown, want);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_without_secrets() {
        check(
            "authorization:\n  type: Basic\n  credentials: s3cret\n  credentials_file: token\nbasic_auth:\n  \
             username: me\nbearer_token: s3cret\ntls_config:\n  ca_file: no.pem\n  cert_file: no.pem\n  server_name: 10.0.0.5\n  \
             insecure_skip_verify: maybe\n  min_version: TLS11\n",
            &[
                "1: authorization: has the type Basic; write basic_auth instead",
                "4: authorization.credentials_file: is set together with credentials; keep one of the two",
                "5: basic_auth: is set together with authorization; keep one of the two",
                "5: basic_auth.password_file: is missing; name one, or write password itself",
                "7: bearer_token: unknown key; known here: authorization, basic_auth, tls_config, http_headers",
                "9: tls_config.ca_file: the file it names holds no certificates in PEM",
                "10: tls_config.cert_file: is given without key_file; a certificate needs its key",
                "11: tls_config.server_name: must be the name of a host, such as prometheus.example.org",
                "12: tls_config.insecure_skip_verify: must be true or false",
                "13: tls_config.min_version: must be TLS12 or TLS13",
            ],
        );
        check(
            "authorization: {credentials: s3cret, credentials_file: token}\nhttp_headers:\n  'a b': {values: [x]}\n  \
             X-Key: {files: [nowhere], secrets: [\"s3cret\\n\"]}\n  Host: {values: [x]}\ntls_config: {min_version: TLS13, max_version: TLS12}\n",
            &[
                "1: authorization.credentials_file: is set together with credentials; keep one of the two",
                "3: http_headers: holds a name that no HTTP header can have",
                "4: http_headers.X-Key.files[0]: the file it names: cannot read it: No such file or directory \
                 (os error 2)",
                "4: http_headers.X-Key.secrets[0]: holds U+000A LINE FEED, which is invisible; remove that character",
                "5: http_headers.Host: is set by headlag itself; take it out",
                "6: tls_config.max_version: is below min_version; swap the two",
            ],
        );
    }

    #[tokio::test]
    async fn it_goes_along_with_every_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answer = |request: Request<Incoming>| async move {
            let sent = request.headers().get("x-key").cloned();
            server::plain(StatusCode::OK, sent.map_or(Vec::new(), |value| value.as_bytes().to_vec()))
        };
        tokio::spawn(server::serve(listener, answer, pending()));
        let config = parse("http_headers: {X-Key: {secrets: [s3cret]}}", Path::new(".")).unwrap();
        let client = outbound::client(std::time::Duration::from_secs(5));
        let (client, url) = config.apply(client, Url::parse(&url).unwrap());
        assert_eq!(client.build().unwrap().post(url).send().await.unwrap().text().await.unwrap(), "s3cret");
    }
}
