//! The wiring: binds, starts the tasks, and ends when one of them does.

use std::{env, future::pending, sync::Arc};

use anyhow::Context;
use headlag_service::{
    server::{Listeners, OpenError},
    start,
};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
};

use crate::{
    alerts::{
        alertmanager::Alertmanager,
        chats::AlertChats,
        commands::Commands,
        delivery::{Desks, Tools},
        intake::Intake,
        notices::Notices,
        press::Presses,
        silencer::Silencer,
    },
    chat::access::Access,
    chat::conversation::Conversation,
    config::{Alerting, Config, Credentials, Flags, TOKEN_VARIABLE},
    metrics::Metrics,
    picture::Painter,
    reload::{self, Renewal},
    telegram::Telegram,
    web::{self, Pages, Readiness},
};

/// For connections to Telegram, Prometheus and Alertmanager, and those of scrapers.
const OPEN_FILES: u64 = 256;

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The bot's own pages have no address.
    #[error(transparent)]
    Listen(#[from] OpenError),
    /// TLS could not be set up.
    #[error("cannot set up an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// A bug.
    #[error("a task ended because of a bug: {0}; please report it")]
    Task(#[from] JoinError),
}

/// Serves until SIGTERM or Ctrl-C. At each SIGHUP the files with secrets that `flags` name are
/// read again.
///
/// # Errors
/// Why it ended.
pub async fn serve(config: Config, flags: &Flags) -> anyhow::Result<()> {
    let stop = start::stop_signal().context("cannot listen for signals")?;
    let hangups = start::hangups().context("cannot listen for signals")?;
    let read = || flags.to_renew(env::var(TOKEN_VARIABLE).ok());
    start::raise_open_files(OPEN_FILES);
    let metrics = Metrics::default();
    let painter = Painter::of(&config.charts, &metrics)?;
    let listeners = config.listening.open().await?;
    let access = Access::new(config.allowed_users);
    let telegram = Telegram::new(&config.token, &config.api_url, config.proxy, metrics.clone())?;
    let conversation = Conversation::new(access, painter.clone(), metrics.clone());
    let alerting = config.alerts;
    let silencer = match &config.alertmanager {
        Some(alertmanager) => {
            Some(Arc::new(Silencer::new(Alertmanager::new(alertmanager)?, config.charts.zone)))
        }
        None => None,
    };
    let ready = Readiness::default();
    for address in listeners.addresses() {
        tracing::info!(%address, "headlag-chartbot is listening");
    }
    for address in listeners.probe_addresses() {
        tracing::info!(%address, "headlag-chartbot is listening for health checks");
    }
    let stop = async {
        let signal = stop.await;
        tracing::info!(signal, "stopping");
    };
    let (send, credentials) = mpsc::channel(1);
    let parts = Parts { listeners, telegram, conversation, painter, ready, alerting, silencer, credentials };
    tokio::select! {
        ended = run(parts, metrics, stop) => Ok(ended?),
        () = async { reload::at_hangups(hangups, read, send).await; pending().await } => Ok(()),
    }
}

/// What serves, ready to begin.
pub struct Parts {
    /// For the bot's own pages.
    pub listeners: Listeners,
    /// The way to Telegram.
    pub telegram: Telegram,
    /// Answers users.
    pub conversation: Conversation,
    /// Draws the cards of alerts.
    pub painter: Painter,
    /// Whether Telegram answered recently.
    pub ready: Readiness,
    /// Who gets alerts; absent where nobody does.
    pub alerting: Option<Alerting>,
    /// Makes silences; absent without an Alertmanager.
    pub silencer: Option<Arc<Silencer>>,
    /// What the files with secrets hold by now.
    pub credentials: mpsc::Receiver<Credentials>,
}

/// Runs all tasks until `stop` is ready, or one of them ends.
///
/// # Errors
/// Why it ended.
pub async fn run(parts: Parts, metrics: Metrics, stop: impl Future<Output = ()>) -> Result<(), Ended> {
    let Parts { listeners, telegram, conversation, painter, ready, alerting, silencer, credentials } = parts;
    let (api, prometheus) = (telegram.api(), painter.prometheus.clone());
    let registry = metrics.registry();
    let places = alerting.as_ref().map(|alerting| alerting.chats.clone());
    let chats = Arc::new(AlertChats::new(places.unwrap_or_default()));
    let commands = Commands::new(silencer.clone(), chats.clone());
    let (mut presses, mut intake, mut desks, mut notices) = (None, None, None, None);
    if let Some(Alerting { secret, language, .. }) = alerting {
        let (outbox, words) = (telegram.outbox(), language.words());
        let silencer = silencer.clone();
        let tools = Tools { outbox, painter, words, silencer, metrics: metrics.clone() };
        presses = Some(Presses::new(chats.clone(), tools.clone()));
        let (dispatch, of_chats) = Desks::open(chats.clone(), tools);
        desks = Some(of_chats);
        notices = Some(Notices { chats, dispatch: dispatch.clone() });
        intake = Some(Intake::new(secret, dispatch, metrics.alerts));
    }
    let conversation = conversation.with_alerts(commands, presses);
    let (stopping, _) = watch::channel(false);
    let stopped = || {
        let mut stopping = stopping.subscribe();
        async move {
            // An error would mean that no sender is left, so stop as well.
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    };

    let mut tasks: JoinSet<Result<(), Ended>> = JoinSet::new();
    let (stop_pages, stop_telegram) = (stopped(), stopped());
    let pages = Arc::new(Pages { registry, ready: ready.clone(), intake });
    let renewal = Renewal { api, prometheus, silencer: silencer.clone(), pages: pages.clone() };
    let stop_renewal = stopped();
    tasks.spawn(async move {
        tokio::select! {
            // Without SIGHUP there is nothing to renew.
            () = async { renewal.run(credentials).await; pending().await } => {}
            () = stop_renewal => {}
        }
        Ok(())
    });
    tasks.spawn(async move {
        // POST /alerts has a secret of its own.
        let own_login = pages.intake.as_ref().map(|_| web::ALERTS);
        let answer = move |request| web::answer(request, pages.clone());
        listeners.serve(answer, own_login, stop_pages).await;
        Ok(())
    });
    if let Some(desks) = desks {
        let stop_desks = stopped();
        tasks.spawn(async move { Ok(desks.run(stop_desks).await?) });
    }
    if let Some((notices, silencer)) = notices.zip(silencer) {
        let stop = stopped();
        tasks.spawn(async move {
            tokio::select! {
                () = notices.run(silencer) => {}
                () = stop => {}
            }
            Ok(())
        });
    }
    tasks.spawn(async move {
        telegram.run(conversation, ready, stop_telegram).await;
        Ok(())
    });

    let first = tokio::select! {
        () = stop => None,
        ended = tasks.join_next() => ended,
    };
    stopping.send_replace(true);
    let mut result = first.map_or(Ok(()), |ended| ended?);
    while let Some(ended) = tasks.join_next().await {
        result = result.and(ended.map_err(Ended::from).flatten());
    }
    result
}
