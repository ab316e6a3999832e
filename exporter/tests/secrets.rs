//! Whatever is configured as a secret is looked for in all that the program shows.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod nodes;
mod program;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use headlag_exporter::{config, round::Nodes};
use nodes::{Asked, node, says, tls, tls_at};
use program::{Exporter, PATIENCE};
use tokio::net::TcpListener;

/// Part of every secret, and of nothing else.
const CANARY: &str = "c4nary";

/// A folder whose name is a secret, as its files are, and a config that uses them all.
struct Secrets {
    folder: tempfile::TempDir,
    config: String,
}

impl Secrets {
    /// Every node fails in its own way, most of them with the secrets in their answer.
    async fn new() -> Self {
        let folder = tempfile::Builder::new().prefix(CANARY).tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for (name, content) in [
            ("c4nary-token", "c4nary-bearer"),
            ("c4nary-password", "c4nary-of-file"),
            ("c4nary-cookie", "c4nary-user:c4nary-pass"),
            ("c4nary-ca.pem", &*tls().1),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let echo = node(|asked| {
            let echo = serde_json::to_string(&asked.text).unwrap();
            asked.reply(&format!("null,\"error\":{{\"code\":-32000,\"message\":{echo}}}"))
        })
        .await;
        let refusing = node(|asked| says("403 Forbidden", &echoed(asked), &asked.text)).await;
        let moved =
            node(|asked| says("307 Moved", "Location: http://c4nary-elsewhere/\r\n", &asked.text)).await;
        let unknown = tls_at(100, tls().0).await.port();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let [token, password, cookie, ca] =
            ["c4nary-token", "c4nary-password", "c4nary-cookie", "c4nary-ca.pem"].map(path);
        let config = format!(
            "\
poll_interval: 1h
timeout: 5s
networks:
- name: direct
  protocol: evm
  stall_after: 3h
  references:
  - {{name: echo, url: 'http://c4nary-user:c4nary-pass@{echo}/c4nary-path?key=c4nary-query'}}
  - {{name: variable, url: 'http://{refusing}/${{KEY}}'}}
  - {{name: moved, url: 'http://{moved}/c4nary-path', headers: {{X-Api-Key: c4nary-header}}}}
  - {{name: no-name, url: 'http://c4nary-host.invalid/c4nary-path'}}
  - {{name: unknown, url: 'https://localhost:{unknown}/c4nary-path', ca_file: '{ca}'}}
  watched:
  - {{name: bearer, url: 'http://{echo}/', bearer_token_file: '{token}'}}
  - {{name: basic, url: 'http://{refusing}/', basic_auth: {{username: c4nary-name, password_file: '{password}'}}}}
  - {{name: cookie, url: 'http://{gone}/c4nary-path', basic_auth: {{file: '{cookie}'}}}}
- name: proxied
  protocol: evm
  stall_after: 3h
  proxy_url: 'http://c4nary-user:c4nary-pass@{refusing}'
  references:
  - {{name: a, url: 'http://{echo}/c4nary-path'}}
  watched:
  - {{name: b, url: 'https://c4nary-host.invalid/c4nary-path'}}
- name: no-proxy
  protocol: evm
  stall_after: 3h
  proxy_url: 'socks5h://c4nary-user:c4nary-pass@c4nary-host.invalid'
  references:
  - {{name: a, url: 'http://{echo}/c4nary-path'}}
  watched:
  - {{name: b, url: 'https://{echo}/c4nary-path'}}
- name: own
  protocol: json
  threshold_blocks: 5
  stall_after: 3h
  chain_id: 7
  head: {{method: POST, path: '/c4nary-path', body: '{{\"id\":1,\"key\":\"c4nary-body\"}}', pointer: /result, form: number}}
  chain: {{method: GET, path: '/c4nary-path?key=${{KEY}}', pointer: /result}}
  references:
  - {{name: a, url: 'http://{refusing}/c4nary-path'}}
  watched:
  - {{name: b, url: 'http://{gone}/c4nary-path'}}
"
        );
        Self { folder, config }
    }

    /// The program with `config` in the folder, which it runs in: paths of its files are secrets,
    /// that of the config is not.
    fn command(&self, config: &str) -> Command {
        fs::write(self.folder.path().join("headlag.yml"), config).unwrap();
        let mut command = Exporter::command(Path::new("headlag.yml"));
        command.current_dir(&self.folder).env("KEY", "c4nary-key").args(["--log.level", "debug"]);
        command
    }

    fn run(&self, config: &str, arguments: &[&str]) -> Output {
        self.command(config).args(arguments).output().unwrap()
    }
}

fn echoed(asked: &Asked) -> String {
    format!("X-Echo: {}\r\n", asked.header("authorization").unwrap_or_default())
}

#[track_caller]
fn assert_no_secret(what: &str, shown: &[u8]) {
    let shown = String::from_utf8_lossy(shown).to_lowercase();
    assert!(!shown.contains(CANARY), "{what} shows a secret:\n{shown}");
    // As a proxy and a node get them, and no node is asked for its Authorization in a message.
    for pair in ["c4nary-user:c4nary-pass", "c4nary-name:c4nary-of-file"] {
        let encoded = BASE64.encode(pair).to_lowercase();
        assert!(!shown.contains(&encoded), "{what} shows a secret in base64:\n{shown}");
    }
}

#[track_caller]
fn assert_no_secret_in(what: &str, output: &Output) {
    assert_no_secret(what, &output.stdout);
    assert_no_secret(what, &output.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_shows_no_secret() {
    let secrets = Secrets::new().await;
    let output = secrets.run(&secrets.config, &["check-config"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_no_secret_in("check-config", &output);
    for arguments in [&["probe"][..], &["probe", "--json"]] {
        let output = secrets.run(&secrets.config, arguments);
        assert!(String::from_utf8_lossy(&output.stdout).contains("rpc_error"), "{output:?}");
        assert_no_secret_in("probe", &output);
    }

    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    for format in ["logfmt", "json"] {
        let exporter = Exporter::start_as(secrets.command(&secrets.config).args(["--log.format", format]));
        let metrics = exporter.metrics().await;
        for reason in ["rpc_error", "http_status", "connect", "tls"] {
            let counted = format!("reason=\"{reason}\"}} 1\n");
            assert!(metrics.contains(&counted), "no node failed with {reason}:\n{metrics}");
        }
        for path in [
            "/",
            "/?unfold=direct",
            "/metrics",
            "/metrics?network=direct",
            "/health/direct/bearer",
            "/nothing",
        ] {
            for accept in ["text/html", "application/openmetrics-text"] {
                let request = client.get(format!("{}{path}", exporter.url)).header("accept", accept);
                let response = request.send().await.unwrap();
                let headers = format!("{:?}", response.headers());
                assert_no_secret(path, headers.as_bytes());
                assert_no_secret(path, &response.bytes().await.unwrap());
            }
        }
        // A reload says what has changed, or what is wrong.
        for (from, to, status) in [
            ("X-Api-Key: c4nary-header", "X-Api-Key: c4nary-other", 200),
            ("proxy_url: 'http://c4nary-user", "proxy_url: 'http://c4nary-other", 200),
            ("c4nary-ca.pem", "c4nary-missing.pem", 500),
            ("'socks5h://c4nary-user", "'c4nary://c4nary-user", 500),
        ] {
            let changed = secrets.config.replacen(from, to, 1);
            fs::write(secrets.folder.path().join("headlag.yml"), changed).unwrap();
            let reload = client.post(format!("{}/-/reload", exporter.url)).send().await.unwrap();
            assert_eq!(reload.status().as_u16(), status, "{to}");
            assert_no_secret("a reload", &reload.bytes().await.unwrap());
        }
        let (status, log) = exporter.end();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("unreachable") || log.contains("stopped answering"), "{log}");
        assert_no_secret("the log", log.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_shows_no_secret() {
    let secrets = Secrets::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let _holder = TcpListener::bind(&taken).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &secrets.config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_headlag-exporter"));
    command.env("KEY", "c4nary-key").args(["--web.listen-address", &taken]).arg("--config.file");
    let output = command.arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_no_secret_in("a taken port", &output);

    // Each spoils one line of the config.
    for (from, to) in [
        ("'http://c4nary-user:", "'ws://c4nary-user:"),
        ("'http://c4nary-user:", "'c4nary-user:"),
        ("url: 'http://c4nary-user", "url: \"http://c4nary-user"),
        ("name: echo, url:", "name: echo, url: c4nary, url:"),
        ("name: echo,", "name: 'http://c4nary/',"),
        ("name: moved", "name: variable"),
        ("${KEY}", "${KEY"),
        ("${KEY}", "${C4NARY KEY}"),
        ("{name: no-name, url: 'http://c4nary-host", "{url: 'http://${KEY}.c4nary"),
        ("X-Api-Key: c4nary-header", "\"c4nary header\": c4nary"),
        ("X-Api-Key: c4nary-header", "X-Api-Key: \"c4nary\\u200b\""),
        ("X-Api-Key: c4nary-header", "Host: c4nary"),
        ("headers: {X-Api-Key: c4nary-header}", "headers: c4nary-header"),
        ("headers: {X-Api-Key: c4nary-header}", "https://c4nary-header: 5"),
        ("c4nary-ca.pem", "c4nary-missing.pem"),
        ("c4nary-ca.pem", "c4nary-token"),
        ("c4nary-token", "c4nary-missing"),
        ("c4nary-token", "."),
        ("c4nary-password'", "c4nary-missing'"),
        ("c4nary-cookie", "c4nary-token"),
        ("c4nary-name", "c4nary:name"),
        ("'socks5h://c4nary-user", "'socks5://c4nary-user"),
        ("'socks5h://c4nary-user", "'c4nary://c4nary-user"),
        ("@c4nary-host.invalid'", "@c4nary-host.invalid/c4nary'"),
        ("head: {method: POST", "head: {method: c4nary"),
        ("pointer: /result, form", "pointer: c4nary, form"),
        ("path: '/c4nary-path'", "path: 'c4nary path'"),
        ("timeout: 5s", "timeout: c4nary5s"),
        ("timeout: 5s", "timeout: 5s\nhttp://c4nary/: 5s"),
    ] {
        let spoiled = secrets.config.replacen(from, to, 1);
        assert_ne!(spoiled, secrets.config, "{from}");
        // First what ends in any case.
        for arguments in [&["check-config"][..], &[]] {
            let output = secrets.run(&spoiled, arguments);
            assert_eq!(output.status.code(), Some(2), "{to}: {output:?}");
            assert_no_secret_in(to, &output);
        }
    }
}

/// What `{:?}` shows may end up in the message of a panic or a log line.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_panic_could_show_is_no_secret() {
    let secrets = Secrets::new().await;
    let environment = |_: &str| Some("c4nary-key".to_owned());
    let config = config::read(&secrets.config, secrets.folder.path(), &environment).unwrap();
    assert_no_secret("the config", format!("{config:?}").as_bytes());
    for network in &config.networks {
        let nodes = Nodes::new(&Default::default(), network).unwrap();
        assert_no_secret("the nodes", format!("{nodes:?}").as_bytes());
    }
}
