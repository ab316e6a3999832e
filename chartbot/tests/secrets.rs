//! Whatever is configured as a secret is looked for in all that the bot shows: its log, its pages,
//! its messages, its errors.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    future::pending,
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use headlag_service::server::{self, Reply, typed};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, body::Incoming};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Part of every secret, and of nothing else.
const CANARY: &str = "c4nary";
const TOKEN: &str = "123456:c4nary-token";
/// Long enough for the slowest machine; nothing waits for its end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Telegram, Prometheus and Alertmanager in one, which refuse everything with the words in which
/// it was asked; and what was sent to chats.
#[derive(Clone, Default)]
struct Echo {
    sent: Arc<Mutex<Vec<String>>>,
    polls: Arc<Mutex<usize>>,
}

impl Echo {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let echo = self.clone();
        tokio::spawn(server::serve(
            listener,
            move |request| {
                let echo = echo.clone();
                async move { echo.answer(request).await }
            },
            pending(),
        ));
        format!("c4nary-user:c4nary-pass@{address}/c4nary-path")
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let words = format!("no way to {} {} {:?}", head.method, head.uri, head.headers);
        let Some((_, method)) = head.uri.path().split_once(&format!("/bot{TOKEN}/")) else {
            let refused =
                json!({"status": "error", "errorType": "execution", "error": words, "message": words});
            return json_reply(StatusCode::UNPROCESSABLE_ENTITY, &refused);
        };
        match method.to_ascii_lowercase().as_str() {
            "getme" => ok(json!({"id": 1, "is_bot": true, "first_name": "b", "username": "b_bot"})),
            "getupdates" => ok(self.updates().await),
            method => {
                if method.starts_with("send") || method.starts_with("edit") {
                    self.sent.lock().unwrap().push(String::from_utf8_lossy(&body).into_owned());
                }
                let refused = json!({"ok": false, "error_code": 400, "description": words});
                json_reply(StatusCode::BAD_REQUEST, &refused)
            }
        }
    }

    /// One command for each of the first polls.
    async fn updates(&self) -> Value {
        let number = {
            let mut polls = self.polls.lock().unwrap();
            *polls += 1;
            *polls
        };
        let Some(text) = ["/hour", "/status", "/alerts", "/silence my-node 2h"].get(number - 1) else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            return json!([]);
        };
        let user = json!({"id": 7, "is_bot": false, "first_name": "u"});
        let chat = json!({"id": 7, "type": "private", "first_name": "u"});
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let message = json!({"message_id": number, "date": now, "chat": chat, "from": user, "text": text});
        json!([{"update_id": number, "message": message}])
    }

    /// Waits until so many messages were sent.
    async fn has_sent(&self, count: usize) -> Vec<String> {
        let sent = async {
            loop {
                let sent = self.sent.lock().unwrap().clone();
                if sent.len() >= count {
                    return sent;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, sent).await.expect("the bot answers")
    }
}

fn ok(result: Value) -> Reply {
    json_reply(StatusCode::OK, &json!({"ok": true, "result": result}))
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    typed(status, "application/json", body.to_string())
}

/// A folder whose name is a secret, as its files are.
struct Secrets(tempfile::TempDir);

impl Secrets {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix(CANARY).tempdir().unwrap();
        for (name, content) in [
            ("token", TOKEN),
            ("alerts", "c4nary-alerts"),
            ("password", "c4nary-password"),
            ("http.yml", "http_headers: {X-Key: {secrets: [c4nary-header]}}\n"),
            ("http-login.yml", "basic_auth: {username: c4nary-name, password_file: password}\n"),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        Self(folder)
    }

    /// The program in the folder, whose path is a secret, and names of files in it are none.
    fn command(&self) -> Command {
        self.started_by(Command::new(env!("CARGO_BIN_EXE_headlag-chartbot")))
    }

    fn started_by(&self, mut command: Command) -> Command {
        command.current_dir(self.0.path()).args(["--log.level", "debug"]);
        command
    }

    fn serving(&self, server: &str, proxy: Option<&str>) -> Command {
        let mut command = self.command();
        command
            .args(["--telegram.token-file", "token", "--telegram.allowed-users", "7"])
            .args(["--telegram.alert-chats", "7", "--alerts.secret-file", "alerts"])
            .args(["--telegram.api-url", &format!("http://{server}")])
            .args(["--prometheus.url", &format!("http://{server}")])
            .args(["--prometheus.http-config-file", "http.yml"])
            .args(["--alertmanager.url", &format!("http://{server}")])
            .args(["--alertmanager.http-config-file", "http.yml"])
            .args(["--web.listen-address", "127.0.0.1:0"]);
        if let Some(proxy) = proxy {
            command.args(["--telegram.proxy-url", proxy]);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        // What starts although it should not is ended.
        let mut bounded = Command::new("timeout");
        bounded.args(["30", env!("CARGO_BIN_EXE_headlag-chartbot")]);
        self.started_by(bounded).args(arguments).output().unwrap()
    }
}

/// The running bot; killed when dropped.
struct Bot {
    child: Child,
    lines: Vec<String>,
    log: mpsc::Receiver<String>,
}

impl Bot {
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines: Vec::new(), log }
    }

    /// Waits for a line with `text` in the log.
    #[track_caller]
    fn logged(&mut self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {text:?} in\n{}", self.lines.join("\n")));
            self.lines.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Ends it; its whole log.
    fn end(mut self) -> String {
        self.signal("-TERM");
        assert!(self.child.wait().unwrap().success());
        self.lines.extend(self.log.iter());
        std::mem::take(&mut self.lines).join("\n")
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn assert_no_secret(what: &str, shown: impl AsRef<[u8]>) {
    let shown = String::from_utf8_lossy(shown.as_ref()).to_lowercase();
    // Also as it begins a user and password in base64, in a header.
    for secret in [CANARY, "yzruyxj5"] {
        assert!(!shown.contains(secret), "{what} shows {secret}:\n{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_shows_no_secret() {
    for format in ["logfmt", "json"] {
        let (echo, secrets) = (Echo::default(), Secrets::new());
        let server = echo.start().await;
        let mut command = secrets.serving(&server, None);
        command.args(["--log.format", format]);
        let mut bot = Bot::start(command);
        let line = bot.logged("is listening");
        let port = line.split_once("127.0.0.1:").unwrap().1.split(['"', ' ', ',']).next().unwrap().to_owned();
        let pages = format!("http://127.0.0.1:{port}");
        for message in echo.has_sent(4).await {
            assert_no_secret("a message", message);
        }
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let alert = json!({"version": "4", "status": "firing", "receiver": "r", "groupKey": "g",
            "alerts": [{"status": "firing", "labels": {"alertname": "A", "network": "polygon"},
            "annotations": {}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "0000000000000001"}]});
        for (secret, status) in [("wrong", 401), ("c4nary-alerts", 200)] {
            let posted = client.post(format!("{pages}/alerts")).bearer_auth(secret).body(alert.to_string());
            let answer = posted.send().await.unwrap();
            assert!([status, 503].contains(&answer.status().as_u16()), "{}", answer.status());
            assert_no_secret("POST /alerts", answer.text().await.unwrap());
        }
        for path in ["/metrics", "/-/healthy", "/-/ready", "/c4n", "/"] {
            let answer = client.get(format!("{pages}{path}")).send().await.unwrap();
            assert_no_secret(path, answer.text().await.unwrap());
        }
        bot.signal("-HUP");
        bot.logged("secret files re-read");
        fs::write(secrets.0.path().join("http.yml"), "http_headers: {X-Key: c4nary-header}\n").unwrap();
        fs::write(secrets.0.path().join("token"), "c4nary without a colon").unwrap();
        bot.signal("-HUP");
        bot.logged("secret files not re-read");
        for message in echo.has_sent(5).await {
            assert_no_secret("a message", message);
        }
        assert_no_secret("the log", bot.end());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_away_are_logged_without_secrets() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = format!("c4nary-user:c4nary-pass@{gone}/c4nary-path");
    for proxy in
        [None, Some(format!("http://{server}")), Some(format!("socks5h://c4nary-user:c4nary-pass@{gone}"))]
    {
        let secrets = Secrets::new();
        let mut bot = Bot::start(secrets.serving(&server, proxy.as_deref()));
        bot.logged("Telegram");
        assert_no_secret("the log", bot.end());
        let drawn = secrets.run(&["chart", "day", "--prometheus.url", &format!("http://{server}")]);
        assert!(!drawn.status.success());
        assert_no_secret("chart", [drawn.stdout, drawn.stderr].concat());
    }
    let echo = Echo::default();
    let server = format!("http://{}", echo.start().await);
    let drawn = Secrets::new().run(&["chart", "day", "--prometheus.url", &server]);
    assert!(!drawn.status.success());
    assert_no_secret("chart", [drawn.stdout, drawn.stderr].concat());
}

#[test]
fn what_cannot_start_shows_no_secret() {
    let good = [
        ("--telegram.token-file", "token"),
        ("--telegram.allowed-users", "7"),
        ("--telegram.alert-chats", "7"),
        ("--alerts.secret-file", "alerts"),
        ("--prometheus.url", "http://127.0.0.1:1/"),
        ("--alertmanager.url", "http://127.0.0.1:1/"),
    ];
    for (flag, value, file, content) in [
        ("--telegram.token-file", "f", "f", "c4nary"),
        ("--telegram.token-file", "f", "f", "123456:c4nary\n123456:c4nary"),
        ("--telegram.token-file", "123456:c4naryc4naryc4naryc4nary", "f", ""),
        ("--telegram.allowed-users", "123456:c4naryc4naryc4naryc4nary", "f", ""),
        ("--telegram.alert-chats", "123456:c4naryc4naryc4naryc4nary", "f", ""),
        ("--telegram.api-url", "ftp://c4nary-user:c4nary-pass@host/", "f", ""),
        ("--telegram.proxy-url", "socks9://c4nary-user:c4nary-pass@host", "f", ""),
        ("--alerts.secret-file", "f", "f", "c4nary\nc4nary"),
        ("--prometheus.url", "c4nary-user:c4nary-pass@host", "f", ""),
        ("--alertmanager.url", "http://c4nary-user:c4nary-pass@ho st/", "f", ""),
        ("--prometheus.http-config-file", "f", "f", "authorization: c4nary"),
        (
            "--prometheus.http-config-file",
            "f",
            "f",
            "authorization: {credentials: c4nary, credentials_file: c4nary}",
        ),
        ("--prometheus.http-config-file", "f", "f", "c4nary-123-key: {}"),
        ("--prometheus.http-config-file", "f", "f", "http_headers: {X: {secrets: [\"c4nary\\u200b\"]}}"),
        ("--alertmanager.http-config-file", "f", "f", "basic_auth: {username: c4nary, password: [c4nary]}"),
        ("--web.config.file", "f", "f", "basic_auth_users: {me: c4nary}"),
        ("--web.config.file", "f", "f", "tls_server_config: {cert: c4nary, key: c4nary}"),
    ] {
        let secrets = Secrets::new();
        fs::write(secrets.0.path().join(file), content).unwrap();
        let flags = good.into_iter().filter(|(name, _)| *name != flag).chain([(flag, value)]);
        let arguments: Vec<&str> = flags.flat_map(|(name, value)| [name, value]).collect();
        let output = secrets.run(&arguments);
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{flag} {value}: {shown}");
        assert_no_secret(flag, shown);
    }
}
