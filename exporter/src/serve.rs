//! Wiring: a loop for each network, one HTTP server, and the end at the first signal.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, bail};
use headlag_service::{
    build_info::{REVISION, VERSION},
    server, start,
};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};
use tracing::info;

use crate::{
    config::Config,
    http::Paths,
    metrics::{self, Constants},
    network::Network,
    node::Dialer,
    published::Published,
    round::Nodes,
    schedule,
    snapshot::Moment,
};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the port cannot be opened, or a loop ends that should not.
pub async fn serve(config: Config, listen: SocketAddr) -> anyhow::Result<()> {
    let stop = start::stop_signal().context("cannot listen for signals")?;
    let listener = server::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; choose another address with --web.listen-address")
    })?;
    let address = listener.local_addr().context("cannot read the address of the listener")?;
    start::raise_open_files();
    let dialer = Dialer::default();
    let constants = Constants { version: VERSION, revision: REVISION, config_loaded: Moment::now().unix };

    let mut loops = JoinSet::new();
    let mut networks = Vec::new();
    for network in config.networks {
        let published = Arc::new(Published::new(&network));
        networks.push(published.clone());
        let nodes = Nodes::new(&dialer, &network)?;
        let every = network.poll_interval;
        let phase = schedule::phase(every, fastrand::f64());
        loops.spawn(schedule::run(nodes, Network::new(network), every, phase, published));
    }
    let paths = Arc::new(Paths {
        registry: metrics::registry(constants, networks.clone()),
        networks,
        version: VERSION,
    });
    let (end, ended) = oneshot::channel::<()>();
    let mut server = tokio::spawn(server::serve(
        listener,
        move |request| {
            let reply = paths.answer(&request);
            async move { reply }
        },
        async {
            // Dropping the sender ends the server too.
            let _ = ended.await;
        },
    ));
    info!(version = VERSION, %address, networks = loops.len(), "listening");

    let signal = until_stopped(stop, &mut loops, &mut server).await?;
    info!(signal, "stopping");
    drop(end);
    server.await.context("the HTTP server failed while it ended")
}

/// Waits for the signal to stop, and gives its name.
///
/// # Errors
/// When a task ends before that: none may die silently.
async fn until_stopped(
    stop: impl Future<Output = &'static str>,
    loops: &mut JoinSet<()>,
    server: &mut JoinHandle<()>,
) -> anyhow::Result<&'static str> {
    let (what, ended) = tokio::select! {
        signal = stop => return Ok(signal),
        ended = server => ("the HTTP server", ended),
        Some(ended) = loops.join_next() => ("the loop of a network", ended),
    };
    match ended {
        Err(error) => bail!("{what} failed: {error}"),
        Ok(()) => bail!("{what} ended without a reason"),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    async fn reason(loops: impl Future<Output = ()> + Send + 'static, server: JoinHandle<()>) -> String {
        let (mut set, mut server) = (JoinSet::new(), server);
        set.spawn(loops);
        until_stopped(pending(), &mut set, &mut server).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn no_task_dies_silently() {
        let endless = || tokio::spawn(pending());
        assert_eq!(reason(async {}, endless()).await, "the loop of a network ended without a reason");
        assert_eq!(reason(pending(), tokio::spawn(async {})).await, "the HTTP server ended without a reason");
        let cancelled = endless();
        cancelled.abort();
        let reason = reason(pending(), cancelled).await;
        assert!(reason.starts_with("the HTTP server failed: "), "{reason}");
    }

    #[tokio::test]
    async fn a_signal_ends_it_well() {
        let (mut set, mut server) = (JoinSet::new(), tokio::spawn(pending()));
        set.spawn(pending());
        let signal = until_stopped(async { "SIGTERM" }, &mut set, &mut server).await;
        assert_eq!(signal.unwrap(), "SIGTERM");
    }
}
