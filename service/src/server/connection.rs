//! One client's connection: TLS, login, and its limits.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::Watcher,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::{
    answers::Answers,
    pace::{Limits, Paced, Progress},
    places::Place,
};
use crate::{
    reply::{Reply, plain},
    web_config::{Protection, Rules},
};

/// The idle limit is longer than any sensible scrape interval.
const LIMITS: Limits =
    Limits { head: Duration::from_secs(5), idle: Duration::from_secs(300), answer: Duration::from_secs(60) };
/// A client that takes no byte for so long is cut off.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// The handshake takes a few round trips.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// So much of a request's head is kept before it is refused with 431 (a single read may bring
/// more), and so many fields.
const LONGEST_HEAD: usize = 32 * 1024;
const MOST_FIELDS: usize = 100;

/// What every client passes on its way in.
pub struct Door<H> {
    handler: H,
    protection: Option<Protection>,
    own_login: Option<&'static str>,
    answers: Answers,
}

impl<H, F> Door<H>
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Reply>,
{
    /// Open to all.
    pub fn open(handler: H) -> Self {
        Self::guarded(handler, None, None)
    }

    /// Guarded by `protection`, if there is one; what is posted to `own_login` is left to the
    /// handler's own check, and no rate limit holds it up.
    pub fn guarded(handler: H, protection: Option<Protection>, own_login: Option<&'static str>) -> Self {
        Self { handler, protection, own_login, answers: Answers::new() }
    }

    async fn rules(&self) -> Arc<Rules> {
        match &self.protection {
            Some(protection) => protection.rules().await,
            None => Arc::default(),
        }
    }

    /// Answers a request on a connection that was opened under the rules `at_first`.
    async fn answer(&self, request: Request<Incoming>, at_first: &Arc<Rules>, turn: &Semaphore) -> Reply {
        match &self.protection {
            Some(protection) => self.answer_known(protection, request, at_first, turn).await,
            None => self.answers.hold((self.handler)(request).await).await,
        }
    }

    /// Answers one of those whom `protection` lets in, and refuses others.
    async fn answer_known(
        &self,
        protection: &Protection,
        request: Request<Incoming>,
        at_first: &Arc<Rules>,
        turn: &Semaphore,
    ) -> Reply {
        let rules = protection.rules().await;
        let has_own_login = request.method() == Method::POST
            && self.own_login.is_some_and(|path| request.uri().path() == path);
        let reply = if has_own_login {
            // Not under the rate limit either: others could use it up, and alerts would be lost.
            (self.handler)(request).await
        } else if !protection.allows_one_more(&rules) {
            plain(StatusCode::TOO_MANY_REQUESTS, "more requests than rate_limit allows; ask again later\n")
        } else {
            match protection.refuse(&rules, request.headers(), turn).await {
                Some(refusal) => refusal,
                None => (self.handler)(request).await,
            }
        };
        let mut reply = self.answers.hold(reply).await;
        reply.headers_mut().extend(rules.headers.clone());
        if !Arc::ptr_eq(&rules, at_first) {
            // The next connection is made under the new rules.
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        reply
    }
}

/// Serves one client to its end.
pub async fn attend<H, F>(stream: TcpStream, place: Place, door: Arc<Door<H>>, watcher: Watcher)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    // Only the delay of small packets is at stake.
    let _ = stream.set_nodelay(true);
    let (rules, turn) = (door.rules().await, place.turn());
    let tls = rules.tls.as_ref().map(|tls| TlsAcceptor::from(tls.server.clone()));
    let answer = move |request| {
        let (door, rules, turn) = (door.clone(), rules.clone(), turn.clone());
        async move { door.answer(request, &rules, &turn).await }
    };
    // A client that goes away, or speaks neither TLS nor HTTP, is no fault of ours.
    match tls {
        None => _ = watcher.watch(serve(stream, answer)).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                let _ = watcher.watch(serve(stream, answer)).await;
            }
        }
    }
    drop(place);
}

/// One client's bytes, with all its limits.
type Limited<S> = TokioIo<Paced<Pin<Box<TimeoutStream<S>>>>>;

/// Answers what comes through `stream`.
fn serve<S, H, F>(
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
    let stream = Paced::new(Box::pin(stream), progress.clone(), LIMITS);
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
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(stream), service)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "measures how long it takes")]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::{Instant, sleep},
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
        tokio::spawn(serve(server, slow));
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
    async fn an_answer_has_to_be_taken_within_a_minute() {
        let (mut client, server) = duplex(100);
        tokio::spawn(serve(server, async |_| plain(StatusCode::OK, vec![b'x'; 1 << 20])));
        client.write_all(REQUEST).await.unwrap();
        let begun = Instant::now();
        // A few bytes a second do not extend the time.
        while client.read(&mut [0; 10]).await.unwrap() > 0 {
            sleep(Duration::from_secs(1)).await;
        }
        // What the server had written by then is still there to read.
        assert!((60..=71).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
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
}
