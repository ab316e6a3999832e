//! A connection to a server: name look-up, TCP, TLS.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use headlag_service::outbound::{Failure, classify_cause};
use hyper::header::HeaderValue;
use reqwest::Url;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How much later than the one before it the next of a name's addresses is tried; all of
/// them go on until one is connected (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// What requests are sent through.
pub type Stream = Box<dyn Io>;

/// A plain TCP connection, or TLS over one.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Opens connections; shared by all nodes.
#[derive(Clone)]
pub struct Dialer {
    tls: TlsConnector,
}

/// Where a node listens.
#[derive(Debug, Clone)]
pub struct Server {
    host: String,
    port: u16,
    is_tls: bool,
}

impl Server {
    /// The server of a http or https URL; absent where it names none.
    pub fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: url.port_or_known_default()?, is_tls: url.scheme() == "https" })
    }
}

/// The value of the header `Host` for a URL: its host, and the port unless it is the default.
pub fn authority(url: &Url) -> Option<HeaderValue> {
    let host = url.host_str()?;
    let text = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::try_from(text).ok()
}

impl Dialer {
    /// Trusts the certificate authorities that Mozilla trusts.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, rustls::Error> {
        Self::trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    fn trusting(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(config).into() })
    }

    /// Connects to `server`.
    ///
    /// # Errors
    /// [`Failure::Connect`] or [`Failure::Tls`]. It takes as long as it takes.
    pub async fn dial(&self, server: &Server) -> Result<Stream, Failure> {
        let why = |error: io::Error| classify_cause(&error, Failure::Connect);
        let addresses = lookup_host((&*server.host, server.port)).await.map_err(why)?;
        let stream = connect(addresses).await.map_err(why)?;
        // Only the delay of small packets is at stake.
        let _ = stream.set_nodelay(true);
        if !server.is_tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(server.host.clone()).map_err(|_| Failure::Tls)?;
        Ok(Box::new(self.tls.connect(name, stream).await.map_err(why)?))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}

/// The first connection to any of `addresses`. One that swallows every packet delays the
/// next by no more than [`STAGGER`].
async fn connect(mut addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut last_error = io::ErrorKind::NotFound.into();
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        if let Some(address) = next {
            attempts.spawn(TcpStream::connect(address));
        }
        let ended = if is_last {
            attempts.join_next().await
        } else {
            match timeout(STAGGER, attempts.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            }
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => last_error = error,
            Some(Err(panicked)) => last_error = io::Error::other(panicked),
            None => return Err(last_error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpSocket},
    };
    use tokio_rustls::TlsAcceptor;

    /// An address that swallows SYNs: a listener whose queue is full.
    async fn black_hole() -> (SocketAddr, Vec<TcpStream>, TcpListener) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(50), TcpStream::connect(address)).await {
            held.push(stream.unwrap());
        }
        (address, held, listener)
    }

    #[tokio::test]
    async fn an_address_that_swallows_every_packet_hides_no_other() {
        let (hole, _held, _listener) = black_hole().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for addresses in [vec![hole, good], vec![gone, good], vec![hole, gone, hole, good]] {
            let stream = connect(addresses.into_iter()).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), good);
        }
        let refused = connect([gone].into_iter()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect([].into_iter()).await.is_err());
    }

    /// A server that greets over TLS as `localhost`; its URL and its certificate.
    async fn greeter() -> (Url, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.write_all(b"hello").await;
                }
            }
        });
        (Url::parse(&format!("https://localhost:{port}/")).unwrap(), certificate)
    }

    #[tokio::test]
    async fn only_a_trusted_certificate_of_that_name_is_accepted() {
        let (url, certificate) = greeter().await;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let trusting = Dialer::trusting(roots).unwrap();
        let mut greeting = [0; 5];
        trusting.dial(&Server::of(&url).unwrap()).await.unwrap().read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"hello");

        let mut other_name = url.clone();
        other_name.set_host(Some("127.0.0.1")).unwrap();
        for (dialer, url) in [(Dialer::new().unwrap(), url), (trusting, other_name)] {
            assert_eq!(dialer.dial(&Server::of(&url).unwrap()).await.err(), Some(Failure::Tls), "{url}");
        }
    }

    #[test]
    fn a_url_names_a_server() {
        for (url, host, port, is_tls, header) in [
            ("http://node.example/key", "node.example", 80, false, "node.example"),
            ("https://node.example/", "node.example", 443, true, "node.example"),
            ("http://user:word@10.0.0.5:8545", "10.0.0.5", 8545, false, "10.0.0.5:8545"),
            ("https://[2001:db8::1]:8545/", "2001:db8::1", 8545, true, "[2001:db8::1]:8545"),
        ] {
            let url = Url::parse(url).unwrap();
            let server = Server::of(&url).unwrap();
            assert_eq!((&*server.host, server.port, server.is_tls), (host, port, is_tls));
            assert_eq!(authority(&url).unwrap(), header);
        }
    }
}
