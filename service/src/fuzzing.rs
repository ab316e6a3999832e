//! The parsers of bytes from outside as targets of `make fuzz`, each with what has to be true of
//! any bytes. The tests run them on their seeds.

use std::{
    io::Write,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use hyper::{
    HeaderMap, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue,
    },
};
use prometheus_client::registry::Registry;

use crate::{
    exposition,
    outbound::{Failure, collect},
    web_config::{files::Files, logins::credentials, rules, san},
    yaml::tree::{self, Node, Value},
};

/// A name, what is tried with every input, and inputs to begin with.
type Target = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);

/// All targets of this crate.
pub const TARGETS: [Target; 6] = [
    ("yaml", yaml, yaml_seeds),
    ("web-config", web_config, web_config_seeds),
    ("accept", accept, accept_seeds),
    ("login", login, login_seeds),
    ("body", body, body_seeds),
    ("certificate-names", certificate_names, certificate_name_seeds),
];

/// Stands for a secret; so long, and with so many digits, that nothing else looks like it.
const CANARY: &str = "Zq7Xw0Vv9Ty3";

/// Every line that is named is one of the text.
fn yaml(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let lines = 1 + text.bytes().filter(|byte| b"\r\n".contains(byte)).count() as u64;
    match tree::read(text) {
        Ok(tree) => assert_lines(&tree, lines),
        Err(problem) => assert!((0..=lines).contains(&problem.line), "{problem:?}"),
    }
}

fn assert_lines(node: &Node, lines: u64) {
    assert!((1..=lines).contains(&node.line), "{node:?}");
    match &node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::List(items) => items.iter().for_each(|item| assert_lines(item, lines)),
        Value::Map(entries) => entries.iter().for_each(|(key, node)| {
            assert!((1..=lines).contains(&key.line), "{key:?}");
            assert_lines(node, lines);
        }),
    }
}

fn yaml_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "# comment\na: 15s\nb:\n  - 1\n  - ~\na: yes\n",
        "é: [{x: \"é\\n\"}, 'it''s']\n? k\n: |\n  text\n  more\nfolded: >-\n  a\n  b\n",
        "a: &x {b: 1.10, c: 0x10}\nd: *x\n<<: *x\n",
        "--- !tag\n- !!str 5\n- on\n...\n",
    ])
}

/// Problems are reported without what is secret, wherever that is in the file.
fn web_config(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match rules::parse(text, Path::new("nowhere"), &mut Files::default()) {
        Ok(rules) => assert!(rules.users.keys().all(|name| !name.is_empty() && !name.contains(':'))),
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(!format!("{problems:?}").contains(CANARY), "{problems:?}");
        }
    }
}

fn web_config_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "basic_auth_users:\n  ada: $2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu\n  bob: Zq7Xw0Vv9Ty3\n",
        "tls_server_config:\n  cert_file: Zq7Xw0Vv9Ty3\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    Zq7Xw0Vv9Ty3\n    \
         -----END PRIVATE KEY-----\n  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a]\n  \
         min_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n  curve_preferences: [X25519]\n",
        "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n    \
         Strict-Transport-Security: max-age=1\nrate_limit: {interval: 1s, burst: 20}\n",
        "tls_server_config:\n  cert: \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\"\n  \
         key_file: k\n  prefer_server_cipher_suites: true\n",
    ])
}

/// Whatever a scraper accepts, it gets the metrics, in a format that it may have asked for. A line
/// of the input is the value of one header, which alternate.
fn accept(input: &[u8]) {
    let headers = input.split(|byte| *byte == b'\n').zip([ACCEPT, ACCEPT_ENCODING].iter().cycle());
    let mut all = HeaderMap::new();
    for (value, name) in headers.take(16) {
        let Ok(value) = HeaderValue::from_bytes(value) else { return };
        all.append(name, value);
    }
    let reply = exposition::answer(&Registry::default(), &all);
    assert_eq!(reply.status(), StatusCode::OK);
    let names = |name: &HeaderName, word: &str| {
        let mut values = all.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.any(|value| value.to_ascii_lowercase().contains(word))
    };
    let format =
        reply.headers().get(CONTENT_TYPE).and_then(|format| format.to_str().ok()).unwrap_or_default();
    assert!(format.starts_with("text/plain;") || names(&ACCEPT, "application/openmetrics-text"), "{format}");
    assert!(!reply.headers().contains_key(CONTENT_ENCODING) || names(&ACCEPT_ENCODING, "gzip"));
}

fn accept_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1\ngzip, deflate",
        "text/html\nidentity;q=0.5, gzip;q=0\napplication/openmetrics-text; version=\"0.0.1\"\nGZIP",
    ])
}

fn login(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    let read = credentials(&HeaderMap::from_iter([(AUTHORIZATION, value)]));
    assert!(read.is_none_or(|(name, _)| !name.contains(':')));
}

fn login_seeds() -> Vec<Vec<u8>> {
    owned(&["Basic YWRhOnMzY3JldA==", "basic  YWRhOg==", "Bearer YWRhOnMzY3JldA=="])
}

/// No body is longer than what may be read, before or after decompression. The first byte of the
/// input says which coding the headers name.
fn body(input: &[u8]) {
    const LIMIT: usize = 4_096;
    let Some((coding, body)) = input.split_first() else { return };
    let coding = ["identity", "gzip", "x-gzip"][usize::from(coding % 3)];
    let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))]);
    let read = pin!(collect(&headers, Full::new(Bytes::copy_from_slice(body)), LIMIT));
    let Poll::Ready(read) = read.poll(&mut Context::from_waker(Waker::noop())) else {
        unreachable!("all of the body is there")
    };
    match read {
        Ok(read) => assert!(read.len() <= LIMIT),
        Err(failure) => assert!(matches!(failure, Failure::TooLarge | Failure::Malformed), "{failure:?}"),
    }
}

fn body_seeds() -> Vec<Vec<u8>> {
    let zipped = |text: &[u8]| {
        let mut encoder = GzEncoder::new(vec![1], Compression::fast());
        let written = encoder.write_all(text).and_then(|()| encoder.finish());
        written.unwrap_or_default()
    };
    vec![b"\0{}".to_vec(), zipped(b"{\"result\":\"0x10\"}"), zipped(&[b' '; 8_192])]
}

/// A certificate is read without harm, and a name is a part of it.
fn certificate_names(input: &[u8]) {
    assert!(san::names(input).len() <= input.len());
}

fn certificate_name_seeds() -> Vec<Vec<u8>> {
    let element = |tag: u8, parts: &[Vec<u8>]| {
        let value = parts.concat();
        [vec![tag, 0x81, value.len() as u8], value].concat()
    };
    let names = [(0x82, "a.example"), (0x86, "spiffe://a"), (0x81, "a@b"), (0x87, "\x7f\0\0\x01")];
    let names = names.map(|(tag, name)| element(tag, &[name.into()]));
    let names = element(0x04, &[element(0x30, &names)]);
    let extension = element(0x30, &[element(0x06, &[vec![0x55, 0x1d, 0x11]]), names]);
    let extensions = element(0xa3, &[element(0x30, &[extension])]);
    vec![element(0x30, &[element(0x30, &[extensions])])]
}

fn owned(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

#[test]
fn every_seed_is_read() {
    for (_, run, seeds) in TARGETS {
        seeds().iter().for_each(|seed| run(seed));
    }
}
