//! Listeners over real sockets: who gets in, and what a client may do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

#[path = "../src/captured_log.rs"]
mod captured_log;

use std::{future::pending, net::SocketAddr, path::Path, time::Duration};

use captured_log::CapturedLog;
use headlag_service::{
    outbound,
    server::plain,
    start::{ListenOptions, check_health},
};
use hyper::{Request, StatusCode, body::Incoming};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Client, Identity, Response};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

/// `ada` with the password `s3cret`.
const USERS: &str = "basic_auth_users: {ada: $2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu}\n";
const PAIR: &str = "cert_file: server.pem, key_file: server.key";

/// An authority, and a folder with what it has signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// One that has signed the certificate of a server.
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, folder: tempfile::tempdir().unwrap() };
        authority.write("ca.pem", &authority.issuer.pem());
        let (certificate, key) = authority.sign("127.0.0.1");
        authority.write("server.pem", &certificate.pem());
        authority.write("server.key", &key.serialize_pem());
        authority
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn sign(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A client that trusts it and shows this certificate.
    fn client(&self, shows: Option<(Certificate, KeyPair)>) -> Client {
        let root = reqwest::Certificate::from_pem(self.issuer.pem().as_bytes()).unwrap();
        let mut client = outbound::client(Duration::from_secs(20)).add_root_certificate(root);
        if let Some((certificate, key)) = shows {
            let pem = certificate.pem() + &key.serialize_pem();
            client = client.identity(Identity::from_pem(pem.as_bytes()).unwrap());
        }
        client.build().unwrap()
    }

    /// Serves as this web config demands, and on an address for health checks.
    async fn serve(&self, web_config: &str) -> ListenOptions {
        self.write("web.yml", web_config);
        serve(Some(&self.folder.path().join("web.yml"))).await
    }
}

/// Answers with method and path, and one path with 404; the options with which it can be asked.
async fn serve(config_file: Option<&Path>) -> ListenOptions {
    let web_config_file = config_file.map(Path::to_owned);
    let any = || vec!["127.0.0.1:0".to_owned()];
    let mut options = ListenOptions {
        listen_addresses: any(),
        web_config_file,
        probe_addresses: any(),
        ..Default::default()
    };
    let listeners = options.to_serve().unwrap().open().await.unwrap();
    options.listen_addresses = vec![listeners.addresses()[0].to_string()];
    options.probe_addresses = vec![listeners.probe_addresses()[0].to_string()];
    let answer = |request: Request<Incoming>| {
        let status = match request.uri().path() {
            "/health/unknown" => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        let text = format!("{} {}", request.method(), request.uri());
        async move { plain(status, text) }
    };
    tokio::spawn(listeners.serve(answer, Some("/alerts"), pending()));
    options
}

fn address(options: &ListenOptions) -> SocketAddr {
    options.listen_addresses[0].parse().unwrap()
}

/// Whether a client gets an answer.
async fn gets_in(client: &Client, options: &ListenOptions) -> bool {
    client.get(format!("https://{}/", address(options))).send().await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificates_are_judged_as_each_policy_says() {
    let authority = Authority::new();
    let stranger = || {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["prometheus.example".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap(), key)
    };
    let named = ", client_allowed_sans: [other.example, prometheus.example]";
    let with_ca = ", client_ca_file: ca.pem";
    for version in ["TLS12", "TLS13"] {
        // The last four: without a certificate, with one of a stranger, with one that the authority
        // has signed for prometheus.example, and with one for backup.example.
        for (policy, more, want) in [
            ("NoClientCert", "", [true, true, true, true]),
            ("RequestClientCert", "", [true, true, true, true]),
            ("RequireAnyClientCert", "", [false, true, true, true]),
            ("RequireAnyClientCert", named, [false, true, true, false]),
            ("VerifyClientCertIfGiven", with_ca, [true, false, true, true]),
            ("RequireAndVerifyClientCert", with_ca, [false, false, true, true]),
            ("RequireAndVerifyClientCert", &format!("{with_ca}{named}"), [false, false, true, false]),
        ] {
            let web = format!(
                "tls_server_config: {{{PAIR}, min_version: {version}, max_version: {version}, client_auth_type: {policy}{more}}}"
            );
            let server = authority.serve(&web).await;
            let clients = [
                None,
                Some(stranger()),
                Some(authority.sign("prometheus.example")),
                Some(authority.sign("backup.example")),
            ];
            for (shows, want) in clients.into_iter().zip(want) {
                let whom = shows.as_ref().map(|(certificate, _)| certificate.pem());
                assert_eq!(gets_in(&authority.client(shows), &server).await, want, "{web} {whom:?}");
            }
            // Whatever is demanded, a refusal shows that it works.
            let main = ListenOptions { probe_addresses: Vec::new(), ..server.clone() };
            for options in [main, server] {
                check_health(options.to_check_health().unwrap()).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_behind_the_login_but_what_has_its_own() {
    let authority = Authority::new();
    let headers = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
    for (web, scheme) in [
        (format!("{USERS}{headers}"), "http"),
        (format!("{USERS}{headers}tls_server_config: {{{PAIR}}}\n"), "https"),
    ] {
        let server = authority.serve(&web).await;
        let client = authority.client(None);
        let url = |path: &str| format!("{scheme}://{}{path}", address(&server));
        let login = async |path: &str, password: &str| {
            client.get(url(path)).basic_auth("ada", Some(password)).send().await.unwrap()
        };
        for path in ["/", "/metrics", "/health/a/b", "/-/healthy", "/-/ready", "/alerts", "/alerts/"] {
            let refused = client.get(url(path)).send().await.unwrap();
            assert_eq!(refused.status(), 401, "{path}");
            assert_eq!(refused.headers()["www-authenticate"], "Basic realm=\"headlag\", charset=\"UTF-8\"");
            assert_eq!(refused.headers()["x-frame-options"], "deny");
            assert_eq!(login(path, "wrong").await.status(), 401, "{path}");
            let welcome = login(path, "s3cret").await;
            assert_eq!(welcome.headers()["x-frame-options"], "deny");
            assert_eq!(welcome.text().await.unwrap(), format!("GET {path}"));
        }
        let post = async |path: &str| client.post(url(path)).send().await.unwrap().status();
        assert_eq!(
            (post("/alerts").await, post("/-/reload").await),
            (StatusCode::OK, StatusCode::UNAUTHORIZED)
        );

        let main = ListenOptions { probe_addresses: Vec::new(), ..server.clone() };
        check_health(main.to_check_health().unwrap()).await.unwrap();
        // What it reads is not what the service reads: the service goes on, and so does its health.
        for changed in ["basic_auth_users: 7", ""] {
            authority.write("web.yml", changed);
            check_health(main.to_check_health().unwrap()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_its_own_login_and_health_checks_are_under_no_rate_limit() {
    let authority = Authority::new();
    let server = authority.serve(&format!("{USERS}rate_limit: {{interval: 1h, burst: 1}}\n")).await;
    let (client, main) = (authority.client(None), address(&server));
    let url = |path: &str| format!("http://{main}{path}");
    let post = async |path: &str| client.post(url(path)).send().await.unwrap().status().as_u16();
    let get = async |url: String| client.get(url).send().await.unwrap().status().as_u16();
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.extend([post("/alerts").await, get(url("/metrics")).await, get(url("/alerts")).await]);
        statuses.push(get(format!("http://{}/-/healthy", server.probe_addresses[0])).await);
    }
    assert_eq!(statuses, [200, 401, 429, 200, 200, 429, 429, 200]);
}

#[tokio::test]
async fn a_change_of_the_file_ends_what_is_open_under_the_old_one() {
    let authority = Authority::new();
    let server = authority.serve(USERS).await;
    let mut stream = TcpStream::connect(address(&server)).await.unwrap();
    // The head of the answer; the body comes with it.
    let mut ask = async || {
        // ada:s3cret
        let request = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWRhOnMzY3JldA==\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).to_lowercase()
    };
    let answer = ask().await;
    assert!(answer.starts_with("http/1.1 200 ") && !answer.contains("connection: close"), "{answer}");
    authority.write("web.yml", &USERS.replace("ada", "bob"));
    time::pause();
    time::advance(Duration::from_secs(2)).await;
    time::resume();
    let answer = ask().await;
    assert!(answer.starts_with("http/1.1 401 ") && answer.contains("connection: close"), "{answer}");
    assert_eq!(stream.read(&mut [0; 10]).await.unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_for_health_checks_answers_nothing_else() {
    let authority = Authority::new();
    let server = authority.serve(&format!("{USERS}tls_server_config: {{{PAIR}}}\n")).await;
    let get = async |path: &str| {
        let asked = reqwest::get(format!("http://{}{path}", server.probe_addresses[0])).await;
        let response: Response = asked.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    for path in ["/health/polygon/mine", "/health/polygon/mine?max_behind=9", "/-/healthy", "/-/ready"] {
        assert_eq!(get(path).await, (200, format!("GET {path}")));
    }
    let known =
        "no such health check; there are /-/healthy and /-/ready, and of the exporter /health/NETWORK/NODE\n";
    for path in [
        "/",
        "/metrics",
        "/alerts",
        "/-/reload",
        "/health",
        "/health/unknown",
        "/-/healthy/",
        "//-/healthy",
        "/x/../-/metrics",
    ] {
        assert_eq!(get(path).await, (404, known.to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_health_fails_where_nothing_or_something_else_listens() {
    let authority = Authority::new();
    let plain = serve(None).await;
    authority.write("web.yml", &format!("tls_server_config: {{{PAIR}}}"));
    let web_config_file = Some(authority.folder.path().join("web.yml"));
    let tls = ListenOptions { web_config_file, probe_addresses: Vec::new(), ..plain };
    let wrong = check_health(tls.to_check_health().unwrap()).await.unwrap_err();
    assert!(format!("{wrong:#}").contains("is the service running on that address?"), "{wrong:#}");
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nothing = ListenOptions { listen_addresses: vec![gone.to_string()], ..Default::default() };
    assert!(check_health(nothing.to_check_health().unwrap()).await.is_err());
}

/// What comes back for these bytes, up to the end of the connection or of the first line.
async fn first_line(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have seen enough before it has read all of it.
    let _ = stream.write_all(bytes).await;
    let mut line = String::new();
    while let Ok(byte) = stream.read_u8().await
        && byte != b'\r'
    {
        line.push(byte.into());
    }
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_requests_reach_the_handler_and_endless_ones_do_not() {
    let address = address(&serve(None).await);
    for head in [
        "OPTIONS / HTTP/1.0\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
        "HEAD / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\n",
    ] {
        let line = first_line(address, format!("{head}\r\n").as_bytes()).await;
        assert!(line.ends_with(" 200 OK"), "{head}: {line}");
    }
    let many = "A: b\r\n".repeat(101);
    let long = format!("A: {}\r\n", "b".repeat(100_000));
    for fields in [many, long] {
        let line = first_line(address, format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()).await;
        assert_eq!(line, "HTTP/1.1 431 Request Header Fields Too Large");
    }
    // A body that nobody reads is not taken in.
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nContent-Length: 9000000000\r\n\r\n").await.unwrap();
    let mut taken = 0_u64;
    while stream.write_all(&[0; 64 * 1024]).await.is_ok() {
        taken += 64 * 1024;
        assert!(taken < 1 << 30);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_begins_no_handshake_is_cut_off() {
    let authority = Authority::new();
    let server = authority.serve(&format!("tls_server_config: {{{PAIR}}}\n")).await;
    let mut silent = TcpStream::connect(address(&server)).await.unwrap();
    // Time passes only while nobody has anything to do, up to the next limit.
    let ended = time::timeout(Duration::from_secs(10), silent.read(&mut [0; 100])).await;
    assert_eq!(ended.expect("the server hangs up").unwrap_or(0), 0);
}

#[tokio::test]
async fn one_host_takes_no_more_than_its_share_of_the_places() {
    let log = CapturedLog::begin();
    let server = serve(None).await;
    let mut connected = Vec::new();
    for _ in 0..256 {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        connected.push(stream);
    }
    assert_eq!(log.count("WARN"), 0);
    for _ in 0..2 {
        assert_eq!(first_line(address(&server), b"GET / HTTP/1.1\r\n\r\n").await, "");
        assert_eq!(log.count("host=127.0.0.1 limit=256"), 1);
    }
    // Health checks have places of their own.
    let probes = server.probe_addresses[0].parse().unwrap();
    assert_eq!(first_line(probes, b"GET /-/healthy HTTP/1.1\r\n\r\n").await, "HTTP/1.1 200 OK");
    drop(connected);
    while first_line(address(&server), b"GET / HTTP/1.1\r\n\r\n").await != "HTTP/1.1 200 OK" {
        tokio::task::yield_now().await;
    }
}
