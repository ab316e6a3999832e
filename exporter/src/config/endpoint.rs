//! One node of the config: name, URL, headers, and how it is reached.

use std::{path::Path, time::Duration};

use headlag_service::{
    invisible::Invisible,
    yaml::{header, variables::fill_in},
};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap},
};
use secrecy::SecretString;

use super::{
    Access, Endpoint, NodeName, Proxy, Role, credentials,
    parse::{DAY, Timing, check_below},
    reader::{Field, Reader, Section},
    tls,
};

/// All keys of a node.
pub const KEYS: [&str; 8] = [
    "name",
    "url",
    "headers",
    "bearer_token_file",
    "basic_auth",
    "timeout",
    "ca_file",
    "insecure_skip_verify",
];

/// What all nodes of a network have in common.
pub struct Shared<'s> {
    /// Relative names of files start here.
    pub folder: &'s Path,
    /// A node's own timeout is below it.
    pub interval: &'s Timing,
    /// Through which they are reached; absent where directly, or where it is wrong.
    pub proxy: Option<Proxy>,
}

/// A node as far as it could be read: what is wrong with one part does not hide another.
pub struct Draft {
    /// As the list says it is in.
    pub role: Role,
    /// Absent when it is missing or wrong.
    pub name: Option<NodeName>,
    /// Absent when it is missing or wrong.
    pub url: Option<Url>,
    /// Absent when a header is wrong.
    pub headers: Option<HeaderMap>,
    /// Absent when something of it is wrong.
    pub access: Option<Access>,
}

impl Draft {
    /// The endpoint, when nothing of it was wrong.
    pub fn complete(self) -> Option<Endpoint> {
        Some(Endpoint {
            name: self.name?,
            role: self.role,
            url: SecretString::from(self.url?.as_str()),
            headers: self.headers?,
            access: self.access?,
        })
    }
}

/// Reads a node. A reference may be a bare URL, whose host is then its name; a watched node is
/// always named.
pub fn read<'a>(reader: &mut Reader<'a>, field: &Field<'a>, role: Role, shared: &Shared<'_>) -> Draft {
    let through_proxy = |access| Access { proxy: shared.proxy.clone(), ..access };
    if field.is_scalar() && role == Role::Reference {
        let url = read_url(reader, field);
        let name = url.as_ref().and_then(|url| host_as_name(reader, field, url));
        let access = Some(through_proxy(Access::default()));
        return Draft { role, name, url, headers: Some(HeaderMap::new()), access };
    }
    let Some(section) = reader.section(field, &KEYS) else {
        return Draft { role, name: None, url: None, headers: None, access: None };
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
    let headers = section.get("headers").map_or(Some(HeaderMap::new()), |field| read_headers(reader, &field));
    let access = read_access(reader, &section, headers.as_ref(), shared).map(through_proxy);
    let is_authorized = headers.as_ref().is_some_and(|headers| headers.contains_key(AUTHORIZATION))
        || access.as_ref().is_some_and(|access| access.credentials.is_some());
    if is_authorized && url.as_ref().is_some_and(has_credentials) {
        reader.problem(
            field.line,
            &field.path,
            "has credentials in its url and beside it; keep one of the two",
        );
    }
    Draft { role, name, url, headers, access }
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// What is set beyond URL and headers, but for the proxy. An Authorization header is given once.
fn read_access<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    headers: Option<&HeaderMap>,
    shared: &Shared<'_>,
) -> Option<Access> {
    let timeout = section.get("timeout").map(|_| {
        let own = Timing::read(reader, section, "timeout", Duration::ZERO, DAY);
        check_below(reader, &own, shared.interval);
        own.value
    });
    let tls = tls::read(reader, section, shared.folder);
    let credentials = credentials::read(reader, section, shared.folder)?;
    if let Some((at, _)) = &credentials
        && headers.is_some_and(|headers| headers.contains_key(AUTHORIZATION))
    {
        reader.problem(at.line, &at.path, "is given beside an Authorization header; keep one of the two");
    }
    let credentials = credentials.map(|(_, credentials)| credentials);
    Some(Access { timeout, credentials, tls: tls?, proxy: None })
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
    let with_another_value =
        fill_in(&written, &|_| Some("another-value".into())).ok().and_then(|text| Url::parse(&text).ok());
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

fn read_url(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Url> {
    let text = reader.text(field)?;
    if let Some(invisible) = Invisible::find(&text) {
        return reader.wrong(field, format!("holds {invisible}, which is invisible; remove that character"));
    }
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
