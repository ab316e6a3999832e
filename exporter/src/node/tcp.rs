//! A TCP connection to a server: name look-up, then its addresses.

use std::{io, net::SocketAddr, time::Duration};

use hyper::header::HeaderValue;
use reqwest::Url;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};

use super::{error_reason::reason_of, reach::Reach};
use crate::{answer::Reason, cause::Cause};

/// How much later than the one before it the next of a name's addresses is tried; all of
/// them go on until one is connected (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// What requests are sent through.
pub type Stream = Box<dyn Io>;

/// A plain TCP connection, TLS or a tunnel over one.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Where a node or a proxy listens.
#[derive(Debug, Clone)]
pub struct Server {
    /// A name or an address, that of IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub is_tls: bool,
}

impl Server {
    /// The server of a http or https URL; absent where it names none.
    pub fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: url.port_or_known_default()?, is_tls: url.scheme() == "https" })
    }

    /// Looks it up and connects to one of its addresses within `reach`.
    ///
    /// # Errors
    /// [`Reason::Connect`]. It takes as long as it takes.
    pub async fn connect(&self, reach: Reach) -> Result<TcpStream, Reason> {
        let addresses = lookup_host((&*self.host, self.port)).await;
        let addresses = addresses.map_err(|_| Reason::Connect(Some(Cause::NameLookup)))?;
        let mut addresses = addresses.filter(|address| reach.admits(address.ip())).peekable();
        if addresses.peek().is_none() {
            return Err(Reason::Connect(Some(Cause::NotPublic)));
        }
        let stream = connect(addresses).await.map_err(|error| reason_of(&error))?;
        // Only the delay of small packets is at stake.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// The value of the header `Host` for a URL: its host, and the port unless it is the default.
pub fn authority(url: &Url) -> Option<HeaderValue> {
    let host = url.host_str()?;
    let text = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::try_from(text).ok()
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
    use tokio::net::{TcpListener, TcpSocket};

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

    #[tokio::test]
    async fn what_cannot_be_connected_to_has_its_cause() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap().port();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        for (host, port, reach, want) in [
            ("127.0.0.1", open, Reach::Any, None),
            ("127.0.0.1", closed, Reach::Any, Some(Cause::Refused)),
            // No name server is asked for this one.
            ("a..b", open, Reach::Any, Some(Cause::NameLookup)),
            ("127.0.0.1", open, Reach::Public, Some(Cause::NotPublic)),
            ("localhost", open, Reach::Public, Some(Cause::NotPublic)),
        ] {
            let connected = Server { host: host.into(), port, is_tls: false }.connect(reach).await;
            assert_eq!(connected.err(), want.map(|cause| Reason::Connect(Some(cause))), "{host}");
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
