//! An HTTP server that no client can exhaust.

mod answers;
mod connection;
mod crowd;
mod listeners;
mod pace;
mod places;

use std::{future::poll_fn, net::SocketAddr, pin::pin, sync::Arc, task::Poll, time::Duration};

use hyper::{Request, body::Incoming};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

pub use self::listeners::{Listeners, Listening, OpenError, bind};
use self::{connection::Door, crowd::CrowdLog, places::Places};
pub use crate::reply::{Reply, plain, typed};

/// How long open requests may take to end once the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after accept failed, so that "too many open files" does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers every request of `listener` by `handler` until `stop` is ready; then takes no more,
/// and gives those under way two seconds to end. Nothing protects it: see [`Listeners`].
pub async fn serve<H, F>(listener: TcpListener, handler: H, stop: impl Future<Output = ()>)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    run(vec![listener], Door::open(handler), stop).await;
}

/// Lets the clients of `listeners` in through one door until `stop` is ready.
#[allow(clippy::disallowed_methods, reason = "an edge: the log of refusals goes by the clock")]
async fn run<H, F>(listeners: Vec<TcpListener>, door: Door<H>, stop: impl Future<Output = ()>)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let (graceful, places, door) = (GracefulShutdown::new(), Places::new(), Arc::new(door));
    let (mut crowd, mut stop) = (CrowdLog::default(), pin!(stop));
    for turn in (0..listeners.len().max(1)).cycle() {
        let next = async { (places.any().await, accept(&listeners, turn).await) };
        let (permit, (stream, address)) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        // Closed at once where there is none: who waits would keep others from being accepted.
        let Some(place) = places.take(permit, address.ip()) else {
            crowd.refused(address.ip(), Instant::now());
            continue;
        };
        tokio::spawn(connection::attend(stream, place, door.clone(), graceful.watcher()));
    }
    drop(listeners);
    let _ = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

/// The next client of any listener. It is the `turn` of one of them, for when several have one.
async fn accept(listeners: &[TcpListener], turn: usize) -> (TcpStream, SocketAddr) {
    let (later, first) = listeners.split_at(turn.min(listeners.len()));
    loop {
        let first = poll_fn(|cx| {
            let mut accepted = first.iter().chain(later).map(|listener| listener.poll_accept(cx));
            accepted.find(Poll::is_ready).unwrap_or(Poll::Pending)
        });
        match first.await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
