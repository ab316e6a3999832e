//! How nodes are reached: certificates, proxies, credentials; the program over real sockets.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod nodes;
mod program;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use nodes::{at, listen, node, says, tls, tls_at};
use program::{Exporter, assert_line, network, probe, probe_as_json};
use tokio::io::AsyncReadExt;

const UNKNOWN: &str = "unknown issuer of the certificate";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_accepted_as_the_node_and_the_environment_say() {
    let (acceptor, pem) = tls();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem").display().to_string();
    fs::write(&ca, &pem).unwrap();
    let other_ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ca.pem").display().to_string();
    let port = tls_at(100, acceptor).await.port();
    let (named, plain) = (format!("https://localhost:{port}/"), at(100).await);

    let rows = [
        ("bare", format!("url: '{named}'"), [UNKNOWN, "ok"]),
        ("its-ca", format!("url: '{named}', ca_file: '{ca}'"), ["ok", "ok"]),
        // It replaces the others.
        ("other-ca", format!("url: '{named}', ca_file: '{other_ca}'"), [UNKNOWN; 2]),
        ("careless", format!("url: '{named}', insecure_skip_verify: true"), ["ok", "ok"]),
        ("careful", format!("url: '{named}', insecure_skip_verify: false"), [UNKNOWN, "ok"]),
        // The certificate is for localhost.
        (
            "other-name",
            format!("url: 'https://127.0.0.1:{port}/', ca_file: '{ca}'"),
            ["certificate for another name"; 2],
        ),
        (
            "other-name-careless",
            format!("url: 'https://127.0.0.1:{port}/', insecure_skip_verify: true"),
            ["ok", "ok"],
        ),
        ("plain", format!("url: 'https://localhost:{}/'", plain.port()), ["no TLS on that port"; 2]),
    ];
    let networks: String =
        rows.iter().map(|(name, node, _)| network(name, "", &format!("http://{plain}/"), node)).collect();
    for (index, environment) in [&[][..], &[("SSL_CERT_FILE", &*ca)]].into_iter().enumerate() {
        let (seen, log) = probe(&networks, environment);
        let want: BTreeMap<_, _> =
            rows.iter().map(|(name, _, want)| ((*name).to_owned(), want[index].to_owned())).collect();
        assert_eq!(seen, want, "{log}");
        assert_eq!(log, "");
    }
    let (seen, log) = probe(&networks, &[("SSL_CERT_FILE", "/nowhere/ca.pem")]);
    assert_eq!(seen["bare"], UNKNOWN);
    assert_eq!(log.matches("cannot read all certificates that SSL_CERT_FILE").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_be_given_less_time_than_its_network() {
    let silent = listen(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let node = format!("url: 'http://{silent}/', timeout: 100ms");
    let (shown, log) = probe_as_json(&network("mine", "", &format!("http://{}/", at(100).await), &node), &[]);
    let node = &shown["networks"][0]["nodes"][0];
    assert_eq!(node["error"], "timeout", "{log}");
    // The network's is ten seconds.
    assert!(node["took_seconds"].as_f64().unwrap() < 5.0, "{node}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_follow_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let (token, cookie) = (folder.path().join("token"), folder.path().join("cookie"));
    fs::write(&token, "t0ken-1").unwrap();
    fs::write(&cookie, "__cookie__:1").unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let bearer = node(move |asked| {
        assert_eq!(asked.header("user-agent"), Some(concat!("headlag/", env!("CARGO_PKG_VERSION"))));
        noted.lock().unwrap().push(asked.header("authorization").unwrap().to_owned());
        asked.reply("\"0x64\"")
    })
    .await;
    // Like bitcoind, it starts anew every third time, and is asked with the cookie of before.
    let (starts, path) = (Mutex::new(0), cookie.clone());
    let bitcoind = node(move |asked| {
        let mut starts = starts.lock().unwrap();
        *starts += 1;
        if *starts % 3 == 0 {
            replace(&path, &format!("__cookie__:{starts}"));
        }
        let current = format!("Basic {}", BASE64.encode(fs::read(&path).unwrap()));
        match asked.header("authorization") {
            Some(sent) if sent == current => asked.reply("\"0x64\""),
            _ => says("401 Unauthorized", "", ""),
        }
    })
    .await;
    let other = at(100).await;
    let mut exporter = Exporter::start(&format!(
        "poll_interval: 300ms\ntimeout: 250ms\nnetworks:\n- name: polygon\n  protocol: evm\n  references: \
         [{{name: other, url: 'http://{other}/'}}]\n  watched:\n  - {{name: bearer, url: 'http://{bearer}/', \
         bearer_token_file: '{}'}}\n  - {{name: bitcoind, url: 'http://{bitcoind}/', basic_auth: {{file: '{}'}}}}\n",
        token.display(),
        cookie.display(),
    ));
    let rounds = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("headlag_rounds_total")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let (read, spoiled) = ("were read again from their file\" network=polygon node=bearer", "cannot be used");
    for (content, want, line) in [
        (Some("t0ken-1"), "Bearer t0ken-1", None),
        (Some("t0ken-2\n"), "Bearer t0ken-2", Some(read)),
        (Some(""), "Bearer t0ken-2", Some(spoiled)),
        (Some("\n\n"), "Bearer t0ken-2", None),
        (None, "Bearer t0ken-2", None),
        (Some("t0ken-3"), "Bearer t0ken-3", Some(read)),
    ] {
        match content {
            Some(content) => replace(&token, content),
            None => fs::remove_file(&token).unwrap(),
        }
        if let Some(line) = line {
            exporter.logged(line);
        }
        let before = rounds(&exporter.metrics_when(|_| true).await);
        exporter.metrics_when(|text| rounds(text) > before + 2).await;
        assert_eq!(seen.lock().unwrap().last().unwrap(), want, "{content:?}");
    }

    let labels = "network=\"polygon\",node=\"bitcoind\",role=\"watched\"";
    let up = format!("headlag_node_up{{{labels}}} 1\n");
    let text = exporter.metrics_when(|text| rounds(text) > 10 && text.contains(&up)).await;
    assert_line(&text, &format!("headlag_node_errors_total{{{labels},reason=\"http_status\"}} 0"));
    let (_, log) = exporter.end();
    assert_eq!(log.matches("cannot be used").count(), 1, "one warning for all that was wrong:\n{log}");
    for secret in ["Bearer", "t0ken", "__cookie__", &*folder.path().display().to_string()] {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
}

/// At no time is there a file with less in it.
fn replace(path: &Path, content: &str) {
    let fresh = path.with_extension("new");
    fs::write(&fresh, content).unwrap();
    fs::rename(fresh, path).unwrap();
}

#[test]
fn check_config_says_where_systemd_has_copies() {
    let folder = tempfile::tempdir().unwrap();
    let (config, token) = (folder.path().join("headlag.yml"), folder.path().join("token"));
    fs::write(&token, "t0ken").unwrap();
    let node = format!("url: 'http://a/', bearer_token_file: '{}'", token.display());
    fs::write(&config, format!("networks:\n{}", network("mine", "", "http://b/", &node))).unwrap();
    for (directory, has_note) in [(folder.path(), true), (Path::new("/elsewhere"), false)] {
        let mut command = Exporter::command(&config);
        let output = command.arg("check-config").env("CREDENTIALS_DIRECTORY", directory).output().unwrap();
        let report = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{report}");
        let note = "note: the credentials of mine of network mine are in a copy that systemd made";
        assert_eq!(report.contains(note), has_note, "{report}");
        assert!(!report.contains("token"), "{report}");
    }
}
