//! The wiring: binds, starts the tasks, and ends when one of them does.

use std::{io, net::SocketAddr, sync::Arc};

use headlag_service::server;
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};

use crate::{
    alerts::{alertmanager::Alertmanager, commands::Commands, lookout, silencer::Silencer, watch::Notice},
    chat::access::Access,
    chat::conversation::Conversation,
    config::Config,
    metrics::Metrics,
    picture::Painter,
    telegram::{self, Telegram},
    web::{self, Readiness},
    words::ENGLISH,
};

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The port is in use, or the address is not one of this machine.
    #[error("cannot listen on {0}: {1}; set another address with --web.listen-address")]
    Bind(SocketAddr, io::Error),
    /// The token is not valid.
    #[error(transparent)]
    Telegram(#[from] telegram::Ended),
    /// TLS could not be set up.
    #[error("cannot set up an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// A bug.
    #[error("a task ended because of a bug: {0}; please report it")]
    Task(#[from] JoinError),
}

/// Serves until `stop` is ready.
///
/// # Errors
/// Why it ended.
pub async fn serve(
    config: Config,
    painter: Painter,
    metrics: Metrics,
    stop: impl Future<Output = &'static str>,
) -> Result<(), Ended> {
    let address = config.listen_address;
    let bind = server::bind(address).await;
    let listener = bind.map_err(|error| Ended::Bind(address, error))?;
    let address = listener.local_addr().unwrap_or(address);
    let registry = Arc::new(metrics.registry());
    let ready = Readiness::default();
    let access = Access::new(config.allowed_users);
    let silencer = match &config.alertmanager {
        Some(alertmanager) => {
            Some(Arc::new(Silencer::new(Alertmanager::new(alertmanager)?, config.charts.zone)))
        }
        None => None,
    };
    let alerts = Commands::new(silencer.clone(), Vec::new());
    let conversation = Conversation::new(access, painter, metrics.clone()).with_alerts(alerts);
    let telegram = Telegram::new(&config.token, &config.api_url, config.proxy, metrics)?;
    let (stopping, _) = watch::channel(false);
    let stopped = || {
        let mut stopping = stopping.subscribe();
        async move {
            // An error would mean that no sender is left, so stop as well.
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    };

    let mut tasks: JoinSet<Result<(), telegram::Ended>> = JoinSet::new();
    let (stop_pages, stop_telegram) = (stopped(), stopped());
    let pages_ready = ready.clone();
    tasks.spawn(async move {
        let answer = move |request| {
            let reply = web::answer(&request, &registry, &pages_ready);
            async move { reply }
        };
        server::serve(listener, answer, stop_pages).await;
        Ok(())
    });
    if let Some(silencer) = silencer {
        let (outbox, stop) = (telegram.outbox(), stopped());
        tasks.spawn(async move {
            let deliver = |notice: Notice| {
                let message = lookout::message(&silencer, &notice, |_| None, &ENGLISH);
                let outbox = &outbox;
                async move { outbox.notify(notice.place, &message).await }
            };
            tokio::select! {
                never = lookout::run(&silencer, deliver) => match never {},
                () = stop => Ok(()),
            }
        });
    }
    tasks.spawn(telegram.run(conversation, ready, stop_telegram));
    tracing::info!(%address, "headlag-chartbot is listening");

    let first = tokio::select! {
        signal = stop => {
            tracing::info!(signal, "stopping");
            None
        }
        ended = tasks.join_next() => ended,
    };
    stopping.send_replace(true);
    let mut result = first.map_or(Ok(()), |ended| Ok(ended??));
    while let Some(ended) = tasks.join_next().await {
        result = result.and(ended.map_err(Ended::from).and_then(|ended| Ok(ended?)));
    }
    result
}
