//! An HTTP server that no client can exhaust.

mod pace;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::CONTENT_TYPE,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use self::pace::{Paced, Progress, ReadLimits};

/// What a handler answers: always whole, so that its length is known.
pub type Reply = Response<Full<Bytes>>;

/// Far above what scrapers and people need; a further connection waits in the backlog.
const MAX_CONNECTIONS: usize = 1024;
/// The idle limit is longer than any sensible scrape interval.
const READ_LIMITS: ReadLimits = ReadLimits { head: Duration::from_secs(5), idle: Duration::from_secs(300) };
/// A client that takes no byte for so long is cut off.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long open requests may take to end once the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after accept failed, so that "too many open files" does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The number of connections that may wait to be accepted, as the standard library has it.
const BACKLOG: u32 = 1024;

/// Listens on `address`. The unspecified IPv6 address takes IPv4, too, whatever the
/// system's default; where the system has no IPv6, it is IPv4 alone.
///
/// # Errors
/// When the address cannot be had.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if !(address.is_ipv6() && address.ip().is_unspecified()) {
        return TcpListener::bind(address).await;
    }
    match bind_dual_stack(address) {
        Err(error)
            if ![io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied].contains(&error.kind()) =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

fn bind_dual_stack(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers every request of `listener` by `handler` until `stop` is ready; then takes
/// no more, and gives those under way two seconds to end.
pub async fn serve<H, F>(listener: TcpListener, handler: H, stop: impl Future<Output = ()>)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut stop = pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let connection = graceful.watch(connection(stream, handler.clone()));
        tokio::spawn(async move {
            // A client that goes away or does not speak HTTP is no fault of ours.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

/// One client's bytes, with all its limits.
type Limited<S> = TokioIo<Paced<Pin<Box<TimeoutStream<S>>>>>;

/// One client's connection.
fn connection<S, H, F>(
    stream: S,
    handler: H,
) -> http1::Connection<
    Limited<S>,
    impl Service<Request<Incoming>, Response = Reply, Error = Infallible, Future: Send>,
>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let progress = Progress::new();
    let stream = Paced::new(Box::pin(stream), progress.clone(), READ_LIMITS);
    let service = service_fn(move |request| {
        progress.begins();
        let (reply, progress) = (handler(request), progress.clone());
        async move {
            let reply = reply.await;
            progress.ends();
            Ok::<_, Infallible>(reply)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so a permit always comes.
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A reply of plain text.
#[must_use]
pub fn plain(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    typed(status, "text/plain; charset=utf-8", text)
}

/// A reply with a body of the given content type.
#[must_use]
pub fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    reply
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "measures how long it takes")]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::Instant,
    };

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// A client of a server that reads the body and answers 20 s later.
    fn client() -> DuplexStream {
        let (client, server) = duplex(4096);
        let slow = |request: Request<Incoming>| async {
            let _ = request.into_body().collect().await;
            sleep(Duration::from_secs(20)).await;
            plain(StatusCode::OK, "done")
        };
        tokio::spawn(connection(server, slow));
        client
    }

    async fn reply(client: &mut DuplexStream) -> String {
        let mut reply = String::new();
        while !reply.ends_with("done") {
            match client.read_u8().await {
                Ok(byte) => reply.push(byte.into()),
                Err(_) => break,
            }
        }
        reply
    }

    /// After how many seconds the server closes the connection.
    async fn closed_after(client: &mut DuplexStream) -> u64 {
        let begun = Instant::now();
        assert_eq!(client.read(&mut [0; 4096]).await.unwrap(), 0);
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_alive_connection_may_be_idle_for_five_minutes() {
        let mut client = client();
        for _ in 0..3 {
            client.write_all(REQUEST).await.unwrap();
            assert!(reply(&mut client).await.starts_with("HTTP/1.1 200"));
            sleep(Duration::from_secs(299)).await;
        }
        client.write_all(REQUEST).await.unwrap();
        assert!(reply(&mut client).await.starts_with("HTTP/1.1 200"));
        assert_eq!(closed_after(&mut client).await, 300);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_is_not_complete_in_time_ends_the_connection() {
        let mut client = client();
        assert_eq!(closed_after(&mut client).await, 5, "nothing came");

        let mut client = self::client();
        client.write_all(REQUEST).await.unwrap();
        reply(&mut client).await;
        sleep(Duration::from_secs(100)).await;
        let begun = Instant::now();
        // A byte a second does not extend the time.
        while client.write_all(b"G").await.is_ok() && begun.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_secs(1)).await;
        }
        assert!((5..=6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly() {
        let mut client = client();
        client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n").await.unwrap();
        for _ in 0..30 {
            sleep(Duration::from_secs(1)).await;
            client.write_all(b"x").await.unwrap();
        }
        assert!(reply(&mut client).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn the_unspecified_ipv6_address_takes_ipv4_too() {
        let listener = bind("[::]:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let hosts = if address.is_ipv6() { &["127.0.0.1", "::1"][..] } else { &["127.0.0.1"] };
        for host in hosts {
            assert!(TcpStream::connect((*host, address.port())).await.is_ok(), "{host}");
        }
        let taken = bind(address).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
