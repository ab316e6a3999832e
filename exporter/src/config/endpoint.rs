//! One node of the config: name, URL, headers, credentials.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use headlag_service::{secret_file::read_secret, yaml::header};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Endpoint, NodeName, Role,
    reader::{Field, Reader, Section},
};

/// All keys of a node.
const KEYS: [&str; 5] = ["name", "url", "headers", "bearer_token_file", "basic_auth"];

/// A node as far as it could be read: what is wrong with one part does not hide another.
pub struct Draft {
    /// As the list says it is in.
    pub role: Role,
    /// Absent when it is missing or wrong.
    pub name: Option<NodeName>,
    /// Absent when it is missing or wrong.
    pub url: Option<Url>,
    /// Absent when a header or the credentials are wrong.
    pub headers: Option<HeaderMap>,
}

impl Draft {
    /// The endpoint, when nothing of it was wrong.
    pub fn complete(self) -> Option<Endpoint> {
        Some(Endpoint {
            name: self.name?,
            role: self.role,
            url: SecretString::from(self.url?.as_str()),
            headers: self.headers?,
        })
    }
}

/// Reads a node; relative names of secret files start at `folder`. A reference may be a bare
/// URL, whose host is then its name; a watched node is always named.
pub fn read<'a>(reader: &mut Reader<'a>, field: &Field<'a>, role: Role, folder: &Path) -> Draft {
    if field.is_scalar() && role == Role::Reference {
        let url = read_url(reader, field);
        let name = url.as_ref().and_then(|url| host_as_name(reader, field, url));
        return Draft { role, name, url, headers: Some(HeaderMap::new()) };
    }
    let Some(section) = reader.section(field, &KEYS) else {
        return Draft { role, name: None, url: None, headers: None };
    };
    let url = section
        .require(reader, "url", "write the address the node answers at")
        .and_then(|field| read_url(reader, &field));
    let name = match (section.get("name"), role) {
        (Some(name), _) => read_name(reader, &name),
        (None, Role::Reference) => {
            let written = section.get("url");
            url.as_ref().zip(written).and_then(|(url, field)| host_as_name(reader, &field, url))
        }
        (None, Role::Watched) => {
            section.require(reader, "name", "a watched node is always named");
            None
        }
    };
    let headers = read_sent_along(reader, &section, folder);
    if let (Some(url), Some(headers)) = (&url, &headers)
        && !url.username().is_empty()
        && headers.contains_key(AUTHORIZATION)
    {
        reader.problem(
            field.line,
            &field.path,
            "has credentials in its url and beside it; keep one of the two",
        );
    }
    Draft { role, name, url, headers }
}

/// The headers, with the credentials as one of them.
fn read_sent_along<'a>(reader: &mut Reader<'a>, section: &Section<'a>, folder: &Path) -> Option<HeaderMap> {
    let headers = section.get("headers").map_or(Some(HeaderMap::new()), |field| read_headers(reader, &field));
    let bearer = section.get("bearer_token_file");
    let basic = section.get("basic_auth");
    if let (Some(_), Some(basic)) = (&bearer, &basic) {
        reader.problem(basic.line, &basic.path, "is given beside bearer_token_file; keep one of the two");
    }
    let (at, authorization) = match (bearer, basic) {
        (Some(field), _) => (field.clone(), read_bearer(reader, &field, folder)),
        (None, Some(field)) => (field.clone(), read_basic(reader, &field, folder)),
        (None, None) => return headers,
    };
    let mut headers = headers?;
    if headers.insert(AUTHORIZATION, authorization?).is_some() {
        reader.problem(at.line, &at.path, "is given beside an Authorization header; keep one of the two");
    }
    Some(headers)
}

fn read_name(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<NodeName> {
    let text = reader.text(field)?;
    NodeName::new(&text).or_else(|| {
        reader.wrong(
            field,
            format!(
                "must be at most {} of a-z, 0-9, '_', '.' and '-', and begin with a letter or digit",
                NodeName::MAX
            ),
        )
    })
}

/// The host as a name: only one that is the same for any value of the variables in the URL,
/// since names are shown and variables hold keys.
fn host_as_name(reader: &mut Reader<'_>, field: &Field<'_>, url: &Url) -> Option<NodeName> {
    let written = reader.verbatim(field)?;
    let with_another_value = Url::parse(&with_variables_as(&written, "another-value")).ok();
    if with_another_value.is_none_or(|other| other.host() != url.host()) {
        return reader.wrong(
            field,
            "its host depends on a variable, and the host would be shown as the name; write name: and url: instead",
        );
    }
    // A user or password with such a sign would end up in the host.
    if !is_plain(&written) {
        return reader.wrong(
            field,
            "its host cannot be told from what is around it; encode /, ?, # and \\ in user and password, or \
             write name: and url: instead",
        );
    }
    NodeName::new(url.host_str().unwrap_or_default())
        .or_else(|| reader.wrong(field, "its host cannot be a name; write name: and url: instead"))
}

/// Whether an address has its host where everybody sees it: behind two slashes, and nothing behind
/// the host that looks like the end of a user and password (RFC 3986, section 3.2).
fn is_plain(written: &str) -> bool {
    let Some((_, rest)) = written.split_once("://") else { return false };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    end > 0 && !rest[end..].contains('@')
}

/// `text` with `value` in place of every `${VAR}`.
fn with_variables_as(text: &str, value: &str) -> String {
    let (first, rest) = text.split_once("${").unwrap_or((text, ""));
    if first.len() == text.len() {
        return text.to_owned();
    }
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    format!("{first}{value}{}", with_variables_as(after, value))
}

fn read_url(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Url> {
    let text = reader.text(field)?;
    let url = Url::parse(&text).ok().filter(|url| url.has_host());
    match url {
        Some(url) if ["http", "https"].contains(&url.scheme()) => Some(url),
        // The text is not shown: it may hold a key.
        _ => reader.wrong(field, "must be an address such as http://10.0.0.5:8545 or https://node.example/"),
    }
}

fn read_headers<'a>(reader: &mut Reader<'a>, field: &Field<'a>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut complete = true;
    for (key, field) in reader.entries(field)? {
        let value = reader.text(&field).and_then(|text| header::sensitive(reader, &field, &text));
        let name = header::name(reader, &field, key);
        match name.zip(value) {
            Some((name, value)) => {
                if headers.insert(name, value).is_some() {
                    complete = false;
                    reader.problem(field.line, &field.path, "is given twice; keep one");
                }
            }
            None => complete = false,
        }
    }
    complete.then_some(headers)
}

fn read_file(reader: &mut Reader<'_>, field: &Field<'_>, folder: &Path) -> Option<SecretString> {
    let path = folder.join(reader.text(field)?);
    read_secret(&path)
        .map_err(|error| reader.problem(field.line, &field.path, format!("the file it names: {error}")))
        .ok()
}

fn read_bearer(reader: &mut Reader<'_>, field: &Field<'_>, folder: &Path) -> Option<HeaderValue> {
    let token = read_file(reader, field, folder)?;
    header::sensitive(reader, field, &format!("Bearer {}", token.expose_secret()))
}

/// RFC 7617: base64 of `username:password`.
fn read_basic<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path) -> Option<HeaderValue> {
    let section = reader.section(field, &["username", "password_file"])?;
    let username = section.require(reader, "username", "write the user's name").and_then(|field| {
        let name = reader.text(&field)?;
        if name.contains(':') { reader.wrong(&field, "cannot hold a colon") } else { Some(name) }
    });
    let password = section
        .require(reader, "password_file", "name a file that holds the password")
        .and_then(|field| read_file(reader, &field, folder));
    let pair = format!("{}:{}", username?, password?.expose_secret());
    header::sensitive(reader, field, &format!("Basic {}", BASE64.encode(pair)))
}
