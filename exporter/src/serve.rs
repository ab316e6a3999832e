//! Wiring: a loop for each network, one HTTP server, reloads, and the end at the first signal.

use std::{path::PathBuf, pin::pin, sync::Arc};

use anyhow::{Context, bail};
use headlag_service::{
    build_info::{REVISION, VERSION},
    server::Listening,
    start,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, JoinSet},
};
use tracing::info;

use crate::{
    config::Config,
    http::{Paths, Reload},
    metrics::{self, Constants},
    reload::Running,
};

/// Serves what `config`, read from `path`, describes until SIGTERM or SIGINT.
///
/// # Errors
/// When the port cannot be opened, or a loop ends that should not.
pub async fn serve(path: PathBuf, config: Config, listening: Listening) -> anyhow::Result<()> {
    let mut stop = pin!(start::stop_signal().context("cannot listen for signals")?);
    let mut hangups = start::hangups().context("cannot listen for signals")?;
    let listeners = listening.open().await?;
    let count = config.networks.len();
    let mut running = Running::start(path, config)?;
    let constants = Constants { version: VERSION, revision: REVISION };
    let (reload, mut reloads) = mpsc::channel::<Reload>(1);
    let paths = Arc::new(Paths {
        registry: metrics::registry(constants, running.current()),
        current: running.current(),
        version: VERSION,
        reload,
    });
    let (end, ended) = oneshot::channel::<()>();
    let addresses = (listeners.addresses(), listeners.probe_addresses());
    let mut server = tokio::spawn(listeners.serve(
        move |request| {
            let paths = paths.clone();
            async move { paths.answer(&request).await }
        },
        None,
        async {
            // Dropping the sender ends the server too.
            let _ = ended.await;
        },
    ));
    for address in addresses.0 {
        info!(version = VERSION, %address, networks = count, "listening");
    }
    for address in addresses.1 {
        info!(%address, "listening for health checks");
    }

    let signal = loop {
        let asked = tokio::select! {
            signal = until_stopped(&mut stop, running.tasks(), &mut server) => break signal?,
            _ = hangups.recv() => None,
            Some(asked) = reloads.recv() => Some(asked),
        };
        let reloaded = tokio::select! {
            // What ends meanwhile is seen by the next turn.
            signal = &mut stop => break signal,
            reloaded = running.reload() => reloaded,
        };
        if let Some(asked) = asked {
            // Who asked may be gone; the log has it, too.
            let _ = asked.send(reloaded);
        }
    };
    info!(signal, "stopping");
    drop(end);
    server.await.context("the HTTP server failed while it ended")
}

/// Waits for the signal to stop, and gives its name.
///
/// # Errors
/// When a task ends before that: none may die silently. Cancelled loops are those of networks
/// that are no longer configured.
async fn until_stopped(
    stop: impl Future<Output = &'static str>,
    loops: &mut JoinSet<()>,
    server: &mut JoinHandle<()>,
) -> anyhow::Result<&'static str> {
    let mut stop = pin!(stop);
    let (what, ended) = loop {
        tokio::select! {
            signal = &mut stop => return Ok(signal),
            ended = &mut *server => break ("the HTTP server", ended),
            Some(ended) = loops.join_next() => match ended {
                Err(error) if error.is_cancelled() => {}
                ended => break ("the loop of a network", ended),
            },
        }
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
