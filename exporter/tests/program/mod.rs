//! The program as a process.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Long enough for the slowest machine; nothing waits for its end.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The running program; killed when dropped.
pub struct Exporter {
    child: Child,
    /// Where it serves.
    pub url: String,
    /// What it logged so far.
    lines: Vec<String>,
    log: mpsc::Receiver<String>,
}

impl Exporter {
    /// The program with `config`, on any free port.
    pub fn command(config: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headlag-exporter"));
        command.arg("--config.file").arg(config).args(["--web.listen-address", "127.0.0.1:0"]);
        // A blank line in an env file is as good as none.
        command.env("EXPORTER_LOG_LEVEL", "");
        command
    }

    /// Starts with `config` and waits for the line with its address.
    pub fn start(config: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config).unwrap();
        Self::start_as(&mut Self::command(file.path()))
    }

    /// Starts `command` and waits for the line with its address.
    pub fn start_as(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut exporter = Self { child, url: String::new(), lines: Vec::new(), log };
        let line = exporter.logged("listening");
        // logfmt or JSON.
        let address = line.split_once("address").unwrap().1.trim_start_matches(['"', '=', ':']);
        let end = address.find([' ', '"', ',']).unwrap_or(address.len());
        exporter.url = format!("http://{}", &address[..end]);
        exporter
    }

    /// Waits for a line with `text` in the log.
    #[track_caller]
    pub fn logged(&mut self, text: &str) -> String {
        loop {
            let Ok(line) = self.log.recv_timeout(PATIENCE) else {
                panic!("no line with {text:?} in\n{}", self.lines.join("\n"))
            };
            self.lines.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The answer to a request for `path`.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The exposition once the first round has ended.
    pub async fn metrics(&self) -> String {
        let deadline = Instant::now() + PATIENCE;
        while self.get("/-/ready").await.0 != 200 {
            assert!(Instant::now() < deadline, "it never became ready");
            tokio::task::yield_now().await;
        }
        self.get("/metrics").await.1
    }

    /// The exposition once `is_right` holds of it.
    #[track_caller]
    pub fn metrics_when(&self, is_right: impl Fn(&str) -> bool) -> impl Future<Output = String> {
        let (caller, deadline) = (std::panic::Location::caller(), Instant::now() + PATIENCE);
        async move {
            loop {
                let text = self.get("/metrics").await.1;
                if is_right(&text) {
                    return text;
                }
                assert!(Instant::now() < deadline, "{caller} waited in vain:\n{text}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The most memory it ever held, in bytes (VmHWM of proc(5)).
    pub fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends it a signal, such as `-HUP`.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Ends it; its status and its log.
    pub fn end(mut self) -> (ExitStatus, String) {
        // A hang-up ends nothing.
        self.signal("-HUP");
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        let lines = std::mem::take(&mut self.lines);
        (status, lines.into_iter().chain(self.log.iter()).collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One round of `networks` by `probe`: of each watched node why it gave no block (the cause,
/// where there is one), `ok` where it did; and what was logged. `environment` is that of the program.
pub fn probe(networks: &str, environment: &[(&str, &str)]) -> (BTreeMap<String, String>, String) {
    let (shown, log) = probe_as_json(networks, environment);
    let networks = shown["networks"].as_array().unwrap().iter();
    let nodes = networks.flat_map(|of| of["nodes"].as_array().unwrap());
    let watched = nodes.filter(|node| node["role"] == "watched").map(|node| {
        let name = node["node"].as_str().unwrap().to_owned();
        let why = ["error_cause", "error"].into_iter().find_map(|key| node[key].as_str());
        (name, why.unwrap_or("ok").to_owned())
    });
    (watched.collect(), log)
}

/// The same, all that it shows.
pub fn probe_as_json(networks: &str, environment: &[(&str, &str)]) -> (Value, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("poll_interval: 20s\ntimeout: 10s\nnetworks:\n{networks}")).unwrap();
    let mut command = Exporter::command(file.path());
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").envs(environment.iter().copied());
    let output = command.args(["probe", "--json"]).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    (serde_json::from_slice(&output.stdout).expect(&log), log)
}

/// A network with these settings, whose watched node has these.
pub fn network(name: &str, settings: &str, reference: &str, node: &str) -> String {
    format!(
        "- {{name: {name}, protocol: evm, stall_after: 60s, {settings} references: [{{name: other, url: \
         '{reference}'}}], watched: [{{name: {name}, {node}}}]}}\n"
    )
}

/// Fails unless `text` has that line.
#[track_caller]
pub fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line\n{line}\nin\n{text}");
}
