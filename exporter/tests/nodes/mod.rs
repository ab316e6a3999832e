//! Nodes over real sockets: what arrives is answered as the test says.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{net::SocketAddr, sync::Arc};

use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// One JSON-RPC request.
#[derive(Debug)]
pub struct Asked {
    /// Its whole text.
    pub text: String,
}

impl Asked {
    /// The value of a header, its name in lower case; absent where it was not sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// `result` with the id of the request.
    pub fn reply(&self, result: &str) -> String {
        let id = self.text.split_once("\"id\":").and_then(|(_, rest)| rest.split_once(',')).unwrap().0;
        ok(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
    }
}

/// An answer with status 200.
pub fn ok(body: &str) -> String {
    says("200 OK", "", body)
}

/// An answer with this status line, further headers and body.
pub fn says(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Answers each request with what `answer` gives. Its address.
pub async fn node(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> SocketAddr {
    let answer = Arc::new(answer);
    listen(move |stream| {
        let answer = answer.clone();
        async move { converse(stream, &*answer).await }
    })
    .await
}

/// An honest node at this block.
pub async fn at(block: u64) -> SocketAddr {
    node(move |asked| asked.reply(&format!("\"{block:#x}\""))).await
}

/// The same over TLS, as `acceptor` speaks it.
pub async fn tls_at(block: u64, acceptor: TlsAcceptor) -> SocketAddr {
    listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, &|asked: &Asked| asked.reply(&format!("\"{block:#x}\""))).await;
            }
        }
    })
    .await
}

/// Runs `serve` for every connection. Its address.
pub async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Answers the requests of one connection.
pub async fn converse<S>(mut stream: S, answer: &(impl Fn(&Asked) -> String + ?Sized))
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = vec![0; 8192];
    while let Ok(length @ 1..) = stream.read(&mut request).await {
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        let answer = if text.contains(" HTTP/1.1\r\n") {
            answer(&Asked { text })
        } else {
            says("400 Bad Request", "Connection: close\r\n", "")
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What speaks TLS as `localhost`, and its certificate in PEM.
pub fn tls() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config).into(), made.cert.pem())
}
