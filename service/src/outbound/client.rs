//! Clients whose connections do not grow old, and requests that survive a connection which
//! the server closed just then.
#![allow(clippy::disallowed_methods, reason = "an edge: connections age by the clock")]

use std::{
    cell::Cell,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use reqwest::{Client, ClientBuilder, redirect};
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::{Failure, USER_AGENT};

/// The longest time for a connection, the name look-up included. A name's addresses share
/// it, so that one that swallows every packet leaves time for the next.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client builder as every headlag client needs it: redirects are not followed (they
/// would carry secrets elsewhere), the environment's proxy is not used, rustls for TLS.
pub fn client(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .use_rustls_tls()
        .timeout(timeout)
        .connect_timeout(timeout.min(CONNECT_TIMEOUT))
        .tcp_nodelay(true)
        .connector_layer(NoteConnects)
}

/// A client that is built anew every few minutes. Its connections end with it, so a name
/// that moves is followed though the old server goes on answering; reqwest itself limits
/// only how long a connection is idle.
pub struct Renewed {
    build: Box<dyn Fn() -> reqwest::Result<Client> + Send + Sync>,
    lifetime: Duration,
    current: Mutex<(Client, Instant)>,
}

impl Renewed {
    /// The client that `build` describes, built anew every three minutes.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn new(build: impl Fn() -> ClientBuilder + Send + Sync + 'static) -> reqwest::Result<Self> {
        Self::with_lifetime(build, Duration::from_secs(180))
    }

    fn with_lifetime(
        build: impl Fn() -> ClientBuilder + Send + Sync + 'static,
        lifetime: Duration,
    ) -> reqwest::Result<Self> {
        let build = Box::new(move || build().build());
        let current = Mutex::new((build()?, Instant::now()));
        Ok(Self { build, lifetime, current })
    }

    /// The client of the moment; for a request that changes something, which is sent once.
    pub fn client(&self) -> Client {
        let now = Instant::now();
        let mut current = self.current();
        if now.duration_since(current.1) >= self.lifetime {
            self.renew(&mut current, now);
        }
        current.0.clone()
    }

    /// Runs `request`, which must be one without side effects, and once more with a fresh
    /// connection where it failed because a kept-alive one was closed: a server may do so
    /// after any answer, also while the next request is on its way. `failure` is the kind of
    /// the request's error, where it is one of the client's ([`super::classify`]). What
    /// fails on a fresh connection is not repeated.
    ///
    /// # Errors
    /// As `request`.
    pub async fn ask<T, E, F>(
        &self,
        request: impl Fn(Client) -> F,
        failure: impl Fn(&E) -> Option<Failure>,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let client = self.client();
        let noted = async { (request(client).await, HAS_CONNECTED.with(Cell::get)) };
        let (answer, has_connected) = HAS_CONNECTED.scope(Cell::new(false), noted).await;
        match answer {
            Err(error) if !has_connected && failure(&error) == Some(Failure::Connect) => {
                // The other idle connections may have been closed as well.
                self.renew(&mut self.current(), Instant::now());
                request(self.client()).await
            }
            answer => answer,
        }
    }

    fn renew(&self, current: &mut (Client, Instant), now: Instant) {
        // What could be built once can be built again; if not, the old one still works.
        let client = (self.build)().unwrap_or_else(|_| current.0.clone());
        *current = (client, now);
    }

    fn current(&self) -> MutexGuard<'_, (Client, Instant)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

tokio::task_local! {
    /// Whether the request that runs has begun to connect: then it did not fail for the age
    /// of a connection.
    static HAS_CONNECTED: Cell<bool>;
}

/// Notes for the request under way that it connects. reqwest starts to connect within the
/// task of the request, and only where no idle connection is at hand.
#[derive(Clone)]
struct NoteConnects;

impl<S> Layer<S> for NoteConnects {
    type Service = Noted<S>;

    fn layer(&self, connector: S) -> Noted<S> {
        Noted(connector)
    }
}

#[derive(Clone)]
struct Noted<S>(S);

impl<R, S: Service<R>> Service<R> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> S::Future {
        // Outside of `ask` nobody wants to know.
        let _ = HAS_CONNECTED.try_with(|has_connected| has_connected.set(true));
        self.0.call(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::classify;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Serves so many answers on a connection, and closes it when the next request has come.
    /// Gives its URL, the number of connections, and that of requests.
    async fn server(answers: usize) -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (connections.clone(), requests.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counts.0.fetch_add(1, Relaxed);
                for number in 0.. {
                    if !matches!(stream.read(&mut [0; 4096]).await, Ok(1..)) {
                        break;
                    }
                    counts.1.fetch_add(1, Relaxed);
                    if number == answers {
                        break;
                    }
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                }
            }
        });
        (url, connections, requests)
    }

    async fn ask(renewed: &Renewed, url: &str) -> Result<String, Failure> {
        let get = |client: Client| {
            let request = client.get(url);
            async { request.send().await?.text().await }
        };
        renewed.ask(get, |error| Some(classify(error))).await.map_err(|error| classify(&error))
    }

    fn renewed(lifetime: Duration) -> Renewed {
        Renewed::with_lifetime(|| client(Duration::from_secs(5)), lifetime).unwrap()
    }

    #[tokio::test]
    async fn a_kept_alive_connection_that_breaks_is_no_failure() {
        let (url, connections, requests) = server(2).await;
        let renewed = renewed(Duration::from_secs(180));
        for _ in 0..7 {
            assert_eq!(ask(&renewed, &url).await, Ok("ok".into()));
        }
        assert_eq!((connections.load(Relaxed), requests.load(Relaxed)), (4, 10));
    }

    #[tokio::test]
    async fn a_fresh_connection_that_breaks_is_not_tried_again() {
        let (url, connections, requests) = server(0).await;
        let renewed = renewed(Duration::from_secs(180));
        assert_eq!(ask(&renewed, &url).await, Err(Failure::Connect));
        assert_eq!((connections.load(Relaxed), requests.load(Relaxed)), (1, 1));
    }

    #[tokio::test]
    async fn no_connection_outlives_its_client() {
        for (lifetime, want) in [(Duration::from_secs(180), 1), (Duration::ZERO, 3)] {
            let (url, connections, _) = server(10).await;
            let renewed = renewed(lifetime);
            for _ in 0..3 {
                assert_eq!(ask(&renewed, &url).await, Ok("ok".into()));
            }
            assert_eq!(connections.load(Relaxed), want);
        }
    }
}
