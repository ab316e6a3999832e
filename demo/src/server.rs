//! A small HTTP server whose door can be shut: while it is, connections are
//! refused and the open ones are cut, as when a host is gone.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Larger than any photo a bot may send.
const BODY_LIMIT: usize = 20 << 20;
/// How soon a port that could not be taken back is tried again.
const REBIND: Duration = Duration::from_millis(100);

/// What handlers answer with.
pub type Answer = Response<Full<Bytes>>;

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    open: watch::Sender<bool>,
    task: AbortHandle,
}

impl Server {
    /// Listens on `address` (port 0: any free one) and answers with `handle`.
    pub async fn start<H, F>(address: SocketAddr, handle: H) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (open, door) = watch::channel(true);
        let task = tokio::spawn(run(listener, address, door, handle)).abort_handle();
        Ok(Server { address, open, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens or shuts the door.
    pub fn set_open(&self, open: bool) {
        self.open.send_if_modified(|now| std::mem::replace(now, open) != open);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run<H, F>(first: TcpListener, address: SocketAddr, mut door: watch::Receiver<bool>, handle: H)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut listener = Some(first);
    loop {
        let here = match listener.take() {
            Some(here) => here,
            None => match TcpListener::bind(address).await {
                Ok(here) => here,
                Err(_) => {
                    tokio::time::sleep(REBIND).await;
                    continue;
                }
            },
        };
        tokio::select! {
            () = accept(here, &handle) => {}
            shut = door.wait_for(|open| !open) => if shut.is_err() { return },
        }
        if door.wait_for(|open| *open).await.is_err() {
            return;
        }
    }
}

/// Takes connections until dropped, and cuts them then.
async fn accept<H, F>(listener: TcpListener, handle: &H)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            Ok((stream, _)) = listener.accept() => stream,
            Some(_) = connections.join_next() => continue,
            else => continue,
        };
        let handle = handle.clone();
        let service = service_fn(move |request| {
            let answer = handle(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        connections.spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

/// Reads a whole body, or nothing when it is broken or larger than any honest one.
pub async fn body(incoming: Incoming) -> Option<Bytes> {
    let whole = Limited::new(incoming, BODY_LIMIT).collect().await;
    whole.ok().map(|body| body.to_bytes())
}

/// An answer of one status, content type and body.
pub fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    answer
}
