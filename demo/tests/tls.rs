//! `--prometheus.http-config-file` against a real Prometheus behind TLS and basic auth, and what
//! Prometheus makes of the web config in `docs/web-config.md`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{net::SocketAddr, path::Path, process::Output, time::Duration};

use headlag_demo::{
    process::{Port, Process, beside},
    prometheus::Tools,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

/// Starting a program on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
/// What a Prometheus says that was just started, knows who asks, and holds nothing yet.
const ANSWERED: &str = "Prometheus has no data on watched nodes";
const UNTRUSTED: &str = "The TLS handshake with Prometheus failed; check its certificate, and \
                         tls_config in --prometheus.http-config-file.";
/// A user of Prometheus, and the password `s3cret` as bcrypt keeps it.
const USERS: &str = "basic_auth_users: {ada: $2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu}";
const ADA: &str = "basic_auth: {username: ada, password: s3cret}";

/// A Prometheus that reads its certificate and whom to let in anew for each connection.
struct Guarded {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
    address: SocketAddr,
}

impl Guarded {
    /// One with a certificate for the address where it listens.
    async fn start() -> (Self, Process) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let port = Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap();
        let guarded = Self { folder: tempfile::tempdir().unwrap(), authority, address: port.address() };
        guarded.write("ca.pem", &guarded.authority.pem());
        guarded.certify("server", "127.0.0.1");
        guarded.guard("");
        let tools = Tools::find_or_fetch().await.unwrap();
        let folder = guarded.folder.path();
        let mut command = tools.command(folder, "scrape_configs: []", port.hand_over()).await.unwrap();
        command.arg("--web.config.file").arg(folder.join("web.yml"));
        let prometheus = Process::start("prometheus", &mut command).unwrap();
        (guarded, prometheus)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Writes a certificate for `subject` and its key.
    fn certify(&self, name: &str, subject: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([subject.to_owned()]).unwrap();
        self.write(&format!("{name}.pem"), &params.signed_by(&key, &self.authority).unwrap().pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    /// Whom it lets in, from the next connection on: `more` than the user.
    fn guard(&self, more: &str) {
        self.write(
            "web.yml",
            &format!("{USERS}\ntls_server_config: {{cert_file: server.pem, key_file: server.key{more}}}\n"),
        );
    }

    /// What `headlag-chartbot chart` says of it, with this `tls_config`.
    async fn message(&self, credentials: &str, tls: &str) -> String {
        self.write("http.yml", &format!("{credentials}\ntls_config: {{{tls}}}\n"));
        let Output { status, stderr, .. } = chart(self.address, &self.folder.path().join("http.yml")).await;
        let message = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(1), "{message}");
        assert!(!message.contains("s3cret") && !message.contains("://"), "{message}");
        message
    }

    async fn check(&self, tls: &str, want: &str) {
        let message = self.message(ADA, tls).await;
        assert!(message.contains(want), "{tls}: {message}");
    }

    async fn eventually(&self, tls: &str, want: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = self.message(ADA, tls).await;
            if message.contains(want) {
                return;
            }
            assert!(Instant::now() < deadline, "{tls}: {message}");
            sleep(LOOK).await;
        }
    }
}

async fn chart(server: SocketAddr, http: &Path) -> Output {
    let mut program = Command::new(beside("headlag-chartbot").unwrap());
    program.args(["chart", "hour", "--output", "-"]);
    program.arg("--prometheus.url").arg(format!("https://{server}"));
    program.arg("--prometheus.http-config-file").arg(http);
    program.output().await.unwrap()
}

#[tokio::test]
async fn prometheus_accepts_the_examples_of_the_web_config() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    for name in ["server", "ca", "prometheus"] {
        write(&format!("{name}.pem"), &certificate.pem());
        write(&format!("{name}.key"), &key.serialize_pem());
    }
    write("headlag-password", "s3cret");
    let document = include_str!("../../docs/web-config.md");
    let examples: Vec<_> = document.split("```").filter_map(|block| block.strip_prefix("yaml\n")).collect();
    // Debian's Prometheus knows neither client_allowed_sans, of the second, nor rate_limit, the last.
    let [web_config, _, config, _] = examples[..] else { panic!("{examples:?}") };
    let tools = Tools::find_or_fetch().await.unwrap();
    for (kind, example) in [("web-config", web_config), ("config", config)] {
        write("example.yml", example);
        let mut promtool = Command::new(tools.promtool());
        promtool.args(["check", kind]).arg(folder.path().join("example.yml"));
        let output = promtool.output().await.unwrap();
        assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_behind_tls_answers_whom_it_knows() {
    let (guarded, prometheus) = Guarded::start().await;
    guarded.eventually("ca_file: ca.pem", ANSWERED).await;
    guarded.check("insecure_skip_verify: true", ANSWERED).await;
    guarded.check("ca_file: ca.pem, min_version: TLS12, max_version: TLS12", ANSWERED).await;
    guarded.check("", UNTRUSTED).await;
    let message = guarded.message("basic_auth: {username: ada, password: other}", "ca_file: ca.pem").await;
    assert!(message.contains("refused the query (status 401)"), "{message}");

    guarded.certify("server", "prometheus.internal");
    guarded.guard(", min_version: TLS13");
    guarded.check("ca_file: ca.pem", UNTRUSTED).await;
    guarded.check("ca_file: ca.pem, server_name: prometheus.internal", ANSWERED).await;
    guarded.check("ca_file: ca.pem, server_name: prometheus.internal, max_version: TLS12", UNTRUSTED).await;

    guarded.certify("server", "127.0.0.1");
    guarded.certify("client", "headlag");
    guarded.guard(", client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert");
    // The question may break off before the reason is read (TLS 1.3).
    guarded.eventually("ca_file: ca.pem", UNTRUSTED).await;
    guarded.check("ca_file: ca.pem, cert_file: client.pem, key_file: client.key", ANSWERED).await;
    prometheus.stop().await.unwrap();
}
