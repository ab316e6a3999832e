//! PURE: the words of other servers, as far as they may be shown: on one line, cut short, and
//! without what could be an address or a secret, be it the bot's own or one between servers.

use headlag_service::outbound::{basic_auth, login_of};
use percent_encoding::percent_decode_str;
use reqwest::{Url, header::HeaderMap};

/// How much of a server's own words is passed on.
pub const MAX_WORDS: usize = 200;
/// Shorter values would be found in ordinary words.
const SHORTEST: usize = 4;

/// The bot's own values that no text may show. Deliberately without `Debug`.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// What is secret in a URL: user, password and path as they are written, and user and password
    /// as they are sent (RFC 7617).
    #[must_use]
    pub fn of_url(mut self, url: &Url) -> Self {
        if let Some(header) = login_of(url).map(basic_auth) {
            self.0.extend(header.rsplit(' ').next().map(str::to_owned));
        }
        for part in [url.username(), url.password().unwrap_or_default()] {
            self.0.extend(percent_decode_str(part).decode_utf8().map(String::from));
            self.0.push(part.to_owned());
        }
        self.0.push(url.path().trim_matches('/').to_owned());
        self.sorted()
    }

    /// The values of headers; of `Bearer X` and `Basic X` the X.
    #[must_use]
    pub fn of_headers(mut self, headers: &HeaderMap) -> Self {
        let values = headers.values().filter_map(|value| value.to_str().ok());
        self.0.extend(
            values.flat_map(|value| [Some(value), value.rsplit(' ').next()]).flatten().map(Into::into),
        );
        self.sorted()
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, secret: &str) -> Self {
        self.0.push(secret.to_owned());
        self.sorted()
    }

    /// The longest first: one may be a part of another.
    fn sorted(mut self) -> Self {
        self.0.retain(|it| it.len() >= SHORTEST);
        self.0.sort_by_key(|it| std::cmp::Reverse(it.len()));
        self
    }

    /// What of a server's words may be passed on.
    #[must_use]
    pub fn passed_on(&self, words: &str) -> String {
        let words = self.0.iter().fold(words.to_owned(), |words, secret| words.replace(secret.as_str(), "…"));
        let mut is_credential = false;
        let harmless = words.split_whitespace().filter(|word| {
            let follows = std::mem::replace(&mut is_credential, announces(word));
            !follows && !is_telling(word)
        });
        let line: Vec<_> = harmless.collect();
        line.join(" ").chars().take(MAX_WORDS).collect()
    }
}

/// Whether a credential comes next.
fn announces(word: &str) -> bool {
    let word = word.trim_matches(|sign: char| !sign.is_ascii_alphanumeric());
    ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether a word could be an address, or a part of one, or a key with its value.
fn is_telling(word: &str) -> bool {
    let encoded = word.to_ascii_lowercase();
    word.starts_with('/')
        || ["//", "@", "\\/"].iter().any(|sign| word.contains(sign))
        || ["%2f", "%3a", "%40"].iter().any(|sign| encoded.contains(sign))
        // A selector has quotes.
        || word.contains('=') && !word.contains('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{AUTHORIZATION, HeaderValue};

    fn secrets() -> Secrets {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic dTpwYXNzd29yZA=="));
        headers.insert("x-key", HeaderValue::from_static("c4n4ry"));
        let url = "http://someone:hunter22@host:9090/k3y-in-path/prometheus".parse().unwrap();
        Secrets::default().of_url(&url).of_headers(&headers).and("123456:t0ken")
    }

    #[test]
    fn no_address_and_no_secret_is_passed_on() {
        for (words, want) in [
            ("exceeded  maximum\nof 11,000", "exceeded maximum of 11,000"),
            ("exceeded maximum of http://user:pass@host/ 11,000", "exceeded maximum of 11,000"),
            (
                "many-to-many matching for {network=\"polygon\"} not allowed",
                "many-to-many matching for {network=\"polygon\"} not allowed",
            ),
            ("dial tcp 10.0.0.7:10901: i/o timeout", "dial tcp 10.0.0.7:10901: i/o timeout"),
            ("no route for POST /k3y-in-path/prometheus/api/v1/query", "no route for POST"),
            ("path k3y-in-path/prometheus was not found", "path … was not found"),
            ("Authorization: Basic dTpwYXNzd29yZA== refused", "Authorization: … refused"),
            ("Authorization: Bearer somebody-elses refused", "Authorization: Bearer refused"),
            ("X-Key: c4n4ry refused", "X-Key: … refused"),
            // base64 of someone:hunter22.
            ("{\"auth\": \"c29tZW9uZTpodW50ZXIyMg==\"}", "{\"auth\": \"…\"}"),
            ("{\"auth\": \"Basic dGhlaXJzOnRoZWlycw==\"}", "{\"auth\": \"Basic"),
            ("u:hunter22@127.0.0.1:7712 refused", "refused"),
            ("//u:pw@h http: //u:p http:\\/\\/u:p http%3A%2F%2Fu:p http:\u{200b}//h x", "http: x"),
            ("Cannot POST /theirs/read?k=1 key=theirs x", "Cannot POST x"),
            ("bot123456:t0ken refused by someone", "bot… refused by …"),
        ] {
            assert_eq!(secrets().passed_on(words), want, "{words}");
        }
        // Also where the text is cut.
        let long = format!("{}c4n4ry", "w".repeat(MAX_WORDS - 3));
        assert!(!secrets().passed_on(&long).contains("c4n"));
    }
}
