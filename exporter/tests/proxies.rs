//! Nodes behind proxies: small ones over real sockets, for all that a network may name.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod nodes;
mod program;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use nodes::{Asked, at, listen, node, says, tls, tls_at};
use program::{network, probe};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// base64 of "me:p@ss".
const LOGIN: &str = "Basic bWU6cEBzcw==";

/// What a proxy was asked for: where to, and how.
type Seen = Arc<Mutex<BTreeSet<String>>>;

/// What an HTTP proxy does.
#[derive(Clone, Copy)]
struct Rules {
    needs_login: bool,
    /// Its answer to CONNECT; empty where it makes a tunnel.
    connect: &'static str,
    /// Its answer to other requests; empty where it passes them on.
    others: &'static str,
}

const OPEN: Rules = Rules { needs_login: false, connect: "", others: "405 Method Not Allowed" };

impl Rules {
    /// Serves one connection; every name is that of `node`.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: S, node: SocketAddr, seen: Seen) {
        let mut request = vec![0; 8192];
        let Ok(length @ 1..) = stream.read(&mut request).await else { return };
        let asked = Asked { text: String::from_utf8_lossy(&request[..length]).into_owned() };
        let line = asked.text.lines().next().unwrap().to_owned();
        seen.lock().unwrap().insert(line.clone());
        let is_connect = line.starts_with("CONNECT ");
        let is_known = !self.needs_login || asked.header("proxy-authorization") == Some(LOGIN);
        let refusal = match (is_known, is_connect) {
            (false, _) => "407 Proxy Authentication Required",
            (true, true) => self.connect,
            (true, false) => self.others,
        };
        if !refusal.is_empty() {
            let answer = says(refusal, "Connection: close\r\n", "no");
            let _ = stream.write_all(answer.as_bytes()).await;
            return;
        }
        let mut to_node = TcpStream::connect(node).await.unwrap();
        if is_connect {
            // Some still speak HTTP/1.0.
            let version = if self.needs_login { "1.1" } else { "1.0" };
            let established = format!("HTTP/{version} 200 Connection established\r\n\r\n");
            stream.write_all(established.as_bytes()).await.unwrap();
        } else {
            let login = format!("proxy-authorization: {LOGIN}\r\n");
            to_node.write_all(asked.text.replace(&login, "").as_bytes()).await.unwrap();
        }
        let _ = copy_bidirectional(&mut stream, &mut to_node).await;
    }

    async fn start(self, node: SocketAddr, seen: &Seen) -> SocketAddr {
        let seen = seen.clone();
        listen(move |stream| self.serve(stream, node, seen.clone())).await
    }

    async fn start_over_tls(self, node: SocketAddr, seen: &Seen) -> (SocketAddr, String) {
        let ((acceptor, pem), seen) = (tls(), seen.clone());
        let address = listen(move |stream| {
            let (acceptor, seen) = (acceptor.clone(), seen.clone());
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    self.serve(stream, node, seen).await;
                }
            }
        });
        (address.await, pem)
    }
}

/// A SOCKS 5 proxy (RFC 1928, RFC 1929), which answers a request with this code. Every name and
/// address is that of `node`.
async fn socks(needs_login: bool, code: u8, node: SocketAddr, seen: &Seen) -> SocketAddr {
    let seen = seen.clone();
    listen(move |mut stream| {
        let seen = seen.clone();
        async move {
            let field = async |stream: &mut TcpStream| {
                let length = stream.read_u8().await.unwrap();
                let mut bytes = vec![0; length.into()];
                stream.read_exact(&mut bytes).await.unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            };
            assert_eq!(stream.read_u8().await.unwrap(), 5);
            let (methods, wanted) = (field(&mut stream).await, if needs_login { "\u{2}" } else { "\0" });
            if !methods.contains(wanted) {
                return stream.write_all(&[5, 0xff]).await.unwrap();
            }
            stream.write_all(&[5, wanted.as_bytes()[0]]).await.unwrap();
            if needs_login {
                assert_eq!(stream.read_u8().await.unwrap(), 1);
                let login = (field(&mut stream).await, field(&mut stream).await);
                let is_known = login == ("me".into(), "p@ss".into());
                stream.write_all(&[1, u8::from(!is_known)]).await.unwrap();
                if !is_known {
                    return;
                }
            }
            let mut head = [0; 4];
            stream.read_exact(&mut head).await.unwrap();
            let host = match head {
                [5, 1, 0, 3] => field(&mut stream).await,
                [5, 1, 0, 1] => std::net::Ipv4Addr::from(stream.read_u32().await.unwrap()).to_string(),
                other => panic!("{other:?}"),
            };
            let port = stream.read_u16().await.unwrap();
            seen.lock().unwrap().insert(format!("SOCKS {host}:{port}"));
            stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            if code == 0 {
                let mut to_node = TcpStream::connect(node).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut to_node).await;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_reached_through_the_proxy_of_their_network() {
    let seen = Seen::default();
    let leaked = Arc::new(Mutex::new(false));
    let leaks = leaked.clone();
    let plain = node(move |asked| {
        *leaks.lock().unwrap() |= asked.header("proxy-authorization").is_some();
        asked.reply("\"0x64\"")
    })
    .await;
    let over_tls = tls_at(100, tls().0).await;
    let closed = node(|_| says("401 Unauthorized", "", "")).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();

    let login = Rules { needs_login: true, ..OPEN };
    let relay = Rules { connect: "403 Forbidden", others: "", ..OPEN };
    let refuses = |status| Rules { connect: status, others: status, ..OPEN };
    let (tunnel, tunnel_tls) = (OPEN.start(plain, &seen).await, OPEN.start(over_tls, &seen).await);
    let with_login = login.start(plain, &seen).await;
    let relays = relay.start(plain, &seen).await;
    let relays_for_login = Rules { needs_login: true, ..relay }.start(plain, &seen).await;
    let (secure, pem) = OPEN.start_over_tls(plain, &seen).await;
    let (unknown, _) = OPEN.start_over_tls(plain, &seen).await;
    let socks_plain = socks(false, 0, plain, &seen).await;
    let socks_login = socks(true, 0, plain, &seen).await;

    let floods = listen(|mut stream| async move {
        let interim = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000);
        let _ = stream.read(&mut [0; 4096]).await;
        while stream.write_all(interim.as_bytes()).await.is_ok() {}
    })
    .await;

    const REFUSED: &str = "no connection through the proxy";
    const NAME: &str = "http://node.invalid:8545";
    const SECURE_NAME: &str = "https://node.invalid:8546";
    let rows = [
        ("tunnel", format!("http://{tunnel}"), NAME, "ok"),
        ("tunnel-for-tls", format!("http://{tunnel_tls}"), SECURE_NAME, "ok"),
        ("login", format!("http://me:p%40ss@{with_login}"), NAME, "ok"),
        ("wrong-login", format!("http://me:pass@{with_login}"), NAME, REFUSED),
        ("no-login", format!("http://{with_login}"), NAME, REFUSED),
        // Many proxies make tunnels to port 443 alone.
        ("relay", format!("http://{relays}"), NAME, "ok"),
        ("relay-for-login", format!("http://me:p%40ss@{relays_for_login}"), NAME, "ok"),
        ("no-relay-for-tls", format!("http://{relays}"), SECURE_NAME, REFUSED),
        // The status is the node's own.
        ("relayed-status", format!("http://{}", relay.start(closed, &seen).await), NAME, "http_status"),
        (
            "refused-403",
            format!("http://{}", refuses("403 Forbidden").start(plain, &seen).await),
            NAME,
            REFUSED,
        ),
        (
            "refused-502",
            format!("http://{}", refuses("502 Bad Gateway").start(plain, &seen).await),
            NAME,
            REFUSED,
        ),
        ("secure", format!("https://localhost:{}", secure.port()), NAME, "ok"),
        (
            "secure-unknown",
            format!("https://localhost:{}", unknown.port()),
            NAME,
            "unknown issuer of the certificate",
        ),
        ("socks", format!("socks5h://{socks_plain}"), NAME, "ok"),
        ("socks-address", format!("socks5h://{socks_plain}"), "http://192.0.2.1:8545", "ok"),
        ("socks-for-tls", format!("socks5h://{}", socks(false, 0, over_tls, &seen).await), SECURE_NAME, "ok"),
        ("socks-login", format!("socks5h://me:p%40ss@{socks_login}"), NAME, "ok"),
        ("socks-wrong-login", format!("socks5h://me:pass@{socks_login}"), NAME, REFUSED),
        ("socks-no-login", format!("socks5h://{socks_login}"), NAME, REFUSED),
        ("socks-refused", format!("socks5h://{}", socks(false, 2, plain, &seen).await), NAME, REFUSED),
        ("floods", format!("http://{floods}"), NAME, "too_large"),
        ("gone", format!("http://{gone}"), NAME, "proxy cannot be reached"),
    ];
    let networks: String = rows
        .iter()
        .map(|(name, proxy, url, _)| {
            let watched = format!("url: '{url}/', insecure_skip_verify: true");
            network(name, &format!("proxy_url: '{proxy}',"), &format!("{url}/other"), &watched)
        })
        .collect();
    // The environment's proxies are for others.
    let direct =
        network("direct", "", &format!("http://{}/", at(100).await), &format!("url: 'http://{plain}/'"));
    let (ca, dead) = (tempfile::NamedTempFile::new().unwrap(), format!("http://{gone}"));
    fs::write(ca.path(), pem).unwrap();
    let environment = [
        ("SSL_CERT_FILE", ca.path().to_str().unwrap()),
        ("HTTP_PROXY", &dead),
        ("http_proxy", &dead),
        ("HTTPS_PROXY", &dead),
        ("ALL_PROXY", &dead),
        ("all_proxy", &dead),
    ];
    let (found, log) = probe(&format!("{networks}{direct}"), &environment);
    let mut want: BTreeMap<_, _> =
        rows.iter().map(|(name, .., want)| ((*name).to_owned(), (*want).to_owned())).collect();
    want.insert("direct".into(), "ok".into());
    assert_eq!(found, want, "{log}");
    assert_eq!(log, "");

    // Names are looked up by the proxy, and a node sees nothing of it.
    let asked: Vec<_> = seen.lock().unwrap().iter().cloned().collect();
    assert_eq!(
        asked,
        [
            "CONNECT node.invalid:8545 HTTP/1.1",
            "CONNECT node.invalid:8546 HTTP/1.1",
            "POST http://node.invalid:8545/ HTTP/1.1",
            "POST http://node.invalid:8545/other HTTP/1.1",
            "SOCKS 192.0.2.1:8545",
            "SOCKS node.invalid:8545",
            "SOCKS node.invalid:8546",
        ]
    );
    assert!(!*leaked.lock().unwrap(), "a node got the login of a proxy");
}
