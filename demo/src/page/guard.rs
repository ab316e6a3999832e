//! Keeps other web pages away from the levers: a page opened in the same browser must not be
//! able to reach this one through it.

use std::net::IpAddr;

use hyper::header::{CONTENT_TYPE, HOST, ORIGIN};
use hyper::{HeaderMap, Method, Request};

/// Why a request is not one of our page or of a person at a terminal.
pub fn check<B>(request: &Request<B>) -> Result<(), &'static str> {
    let headers = request.headers();
    let host = text(headers, HOST).unwrap_or_default();
    // A name could be pointed here by the owner of a foreign page; an address cannot.
    if !is_address(host) {
        return Err("open this page by its address, not by a name");
    }
    if text(headers, ORIGIN).is_some_and(|origin| origin != format!("http://{host}")) {
        return Err("this is for the page itself alone");
    }
    // Without leave a foreign page cannot send JSON, only forms and plain text.
    let json = text(headers, CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"));
    if request.method() == Method::POST && !json {
        return Err("send JSON");
    }
    Ok(())
}

fn text(headers: &HeaderMap, name: hyper::header::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Whether a Host header holds an IP address or `localhost`, with or without a port.
fn is_address(host: &str) -> bool {
    let Ok(authority) = host.parse::<hyper::http::uri::Authority>() else { return false };
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_itself_gets_through() {
        let check = |host: &str, origin: &str, kind: &str, want: bool| {
            let mut request = Request::post("/lever").header(HOST, host).header(CONTENT_TYPE, kind);
            if !origin.is_empty() {
                request = request.header(ORIGIN, origin);
            }
            let verdict = super::check(&request.body(()).unwrap());
            assert_eq!(verdict.is_ok(), want, "{host} {origin} {kind}: {verdict:?}");
        };
        let json = "application/json";
        check("127.0.0.1:8088", "http://127.0.0.1:8088", json, true);
        check("127.0.0.1:8088", "", json, true);
        check("[::1]:8088", "http://[::1]:8088", json, true);
        check("localhost:8088", "http://localhost:8088", "application/json; charset=utf-8", true);
        check("127.0.0.1:8088", "http://127.0.0.1:9090", json, false);
        check("127.0.0.1:8088", "https://evil.example", json, false);
        check("127.0.0.1:8088", "null", json, false);
        check("evil.example:8088", "http://evil.example:8088", json, false);
        check("evil.example:8088", "", json, false);
        check("", "", json, false);
        check("127.0.0.1:8088", "", "text/plain", false);
    }
}
