//! `proxy_url`: the proxy through which the nodes of a network are reached.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::reader::{Field, Reader};

/// The port of a SOCKS proxy whose URL names none (RFC 1928, section 3).
const SOCKS_PORT: u16 = 1080;
/// A user and a password for a SOCKS proxy have at most so many bytes each (RFC 1929, section 2).
const LONGEST_LOGIN: usize = 255;

/// A proxy, which looks up the names of the nodes itself.
#[derive(Clone)]
pub struct Proxy {
    /// How it is spoken to.
    pub kind: ProxyKind,
    /// Its host, an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User and password; absent where the URL holds neither.
    pub login: Option<(SecretString, SecretString)>,
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        fn exposed(proxy: &Proxy) -> Option<(&str, &str)> {
            proxy.login.as_ref().map(|(user, password)| (user.expose_secret(), password.expose_secret()))
        }
        let Self { kind, host, port, login: _ } = self;
        (kind, host, port) == (&other.kind, &other.host, &other.port) && exposed(self) == exposed(other)
    }
}

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 5 (RFC 1928).
    Socks5,
}

/// Shows nothing of the URL.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({:?})", self.kind)
    }
}

/// Reads the URL at `field`.
pub fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Proxy> {
    let text = reader.text(field)?;
    // The text is not shown: it may hold a password.
    let Some(url) = Url::parse(&text).ok().filter(Url::has_host) else {
        return reader.wrong(field, "must be the address of a proxy, such as http://10.0.0.5:3128");
    };
    let kind = match url.scheme() {
        "http" => ProxyKind::Http,
        "https" => ProxyKind::Https,
        "socks5h" => ProxyKind::Socks5,
        "socks5" => {
            return reader
                .wrong(field, "must begin with socks5h://; the proxy looks up the names of the nodes");
        }
        _ => return reader.wrong(field, "must begin with http://, https:// or socks5h://"),
    };
    if !["", "/"].contains(&url.path()) || url.query().is_some() || url.fragment().is_some() {
        return reader.wrong(
            field,
            "must end after the port; write / as %2F, ? as %3F and # as %23 in user and password",
        );
    }
    let has_login = !url.username().is_empty() || url.password().is_some();
    let login = [url.username(), url.password().unwrap_or_default()]
        .map(|part| percent_decode_str(part).decode_utf8().map(String::from).ok());
    let [Some(user), Some(password)] = login else {
        return reader.wrong(field, "has a user or password that is not UTF-8");
    };
    if kind == ProxyKind::Socks5 && user.len().max(password.len()) > LONGEST_LOGIN {
        return reader.wrong(field, "has a user or password longer than the 255 bytes that SOCKS 5 allows");
    }
    Some(Proxy {
        kind,
        host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: url.port_or_known_default().unwrap_or(SOCKS_PORT),
        login: has_login.then(|| (user.into(), password.into())),
    })
}
