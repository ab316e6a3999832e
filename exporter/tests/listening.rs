//! Where the program listens and who gets in, by its flags.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

use std::{
    fs::write,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_headlag-exporter");
/// `ada` with the password `s3cret`.
const USERS: &str = "basic_auth_users: {ada: $2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu}\n";

/// A folder with a config of nodes that are away, and a certificate.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = "networks:\n- {name: polygon, protocol: evm, references: [{name: a, url: 'http://127.0.0.1:1/'}], \
                  watched: [{name: mine, url: 'http://127.0.0.1:2/'}]}\n";
    write(folder.path().join("headlag.yml"), config).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["headlag.internal".to_owned()]).unwrap().self_signed(&key).unwrap();
    write(folder.path().join("server.pem"), certificate.pem()).unwrap();
    write(folder.path().join("server.key"), key.serialize_pem()).unwrap();
    folder
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stderr(Stdio::piped());
    command
}

/// The running program; killed when dropped.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// The next address where it listens.
    fn address(&mut self) -> SocketAddr {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, address)) = line.split_once("address=") {
                return address.split_whitespace().next().unwrap().parse().unwrap();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn status(url: String) -> u16 {
    reqwest::get(url).await.unwrap().status().as_u16()
}

fn output(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(PROGRAM, folder).args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn it_listens_on_every_address_that_the_last_source_gives() {
    let folder = folder();
    let environment = [
        ("EXPORTER_WEB_LISTEN_ADDRESS", "127.0.0.1:0,127.0.0.1:0"),
        ("EXPORTER_WEB_PROBE_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_WEB_SYSTEMD_SOCKET", ""),
        ("EXPORTER_WEB_CONFIG_FILE", ""),
    ];
    let mut exporter = Running::start(command(PROGRAM, folder.path()).envs(environment));
    let [one, two, probe] = [(); 3].map(|()| exporter.address());
    assert_ne!(one, two);
    for address in [one, two] {
        assert_eq!(status(format!("http://{address}/metrics")).await, 200);
    }
    assert_eq!(status(format!("http://{probe}/metrics")).await, 404);
    assert_eq!(status(format!("http://{probe}/-/healthy")).await, 200);

    let flag = ["--web.listen-address", "127.0.0.2:0"];
    let mut exporter = Running::start(command(PROGRAM, folder.path()).envs(environment).args(flag));
    assert_eq!(exporter.address().ip().to_string(), "127.0.0.2");
    assert_eq!(exporter.address().ip().to_string(), "127.0.0.1", "the one for health checks is next");
}

#[tokio::test]
async fn it_serves_on_the_sockets_of_systemd_in_place_of_an_address() {
    let folder = folder();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // systemd passes sockets from descriptor 3 on, to the process of this id.
    let script = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    let mut activated = command("sh", folder.path());
    activated.args(["-c", script, PROGRAM, "--web.listen-address", "192.0.2.1:1"]);
    activated.env("EXPORTER_WEB_SYSTEMD_SOCKET", "true").stdin(OwnedFd::from(socket));
    let mut exporter = Running::start(&mut activated);
    assert_eq!(exporter.address(), address);
    assert_eq!(status(format!("http://{address}/metrics")).await, 200);

    let (code, report) = output(folder.path(), &["--web.systemd-socket"]);
    assert_eq!(code, Some(2), "{report}");
    assert!(report.contains("systemd passed no socket"), "{report}");
}

#[tokio::test]
async fn check_health_works_behind_tls_and_a_login() {
    let folder = folder();
    let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: RequireAnyClientCert}\n";
    for (web, scheme, note) in [
        (USERS, "http", Some("demands a login, so it works")),
        (&tls.replace("RequireAny", "No"), "https", None),
        (tls, "https", Some("demands a certificate of its clients, so it works")),
    ] {
        write(folder.path().join("web.yml"), web).unwrap();
        let probes = ["--web.probe-listen-address", "127.0.0.1:0"];
        let mut serving = command(PROGRAM, folder.path());
        serving.args(["--web.config.file", "web.yml", "--web.listen-address", "127.0.0.1:0"]).args(probes);
        let mut exporter = Running::start(&mut serving);
        let [main, probe] = [(); 2].map(|()| exporter.address().to_string());
        let asked = ["check-health", "--web.config.file", "web.yml", "--web.listen-address", &main];
        let want = note.map_or_else(String::new, |note| format!("{scheme}://{main}/-/healthy {note}\n"));
        assert_eq!(output(folder.path(), &asked), (Some(0), want), "{web}");
        let asked = [&asked[..], &["--web.probe-listen-address", &probe]].concat();
        assert_eq!(output(folder.path(), &asked), (Some(0), String::new()), "{web}");
    }
}

#[test]
fn a_wrong_web_config_ends_it_with_status_2_before_a_port_opens() {
    let folder = folder();
    write(
        folder.path().join("web.yml"),
        "tls_server_config: {cert_file: a, key_file: server.key}\nbasic_auth_users: {ada: s3cret}\n",
    )
    .unwrap();
    for arguments in [&[][..], &["check-config"]] {
        let (code, report) = output(folder.path(), &[&["--web.config.file", "web.yml"], arguments].concat());
        assert_eq!(code, Some(2), "{report}");
        assert_eq!(
            report,
            "--web.config.file web.yml has 2 problems:\n  \
             web.yml:1: tls_server_config.cert_file: the file it names: cannot read it: No such file or directory (os error 2)\n  \
             web.yml:2: basic_auth_users.ada: is not a hash of bcrypt; make one with `htpasswd -nBC 10 USER`, it begins with $2y$\n"
        );
    }
}
