//! The way in and out: the Telegram Bot API, and who is answered when. The only user of
//! teloxide.
//!
//! Source: <https://core.telegram.org/bots/api>. The path: `poll` receives updates, `incoming`
//! reads them, `inbox` keeps them until they may be answered, `queue` gives each its turn,
//! `outbox` sends the answer.

pub mod api;
pub mod fault;
mod inbox;
pub mod incoming;
mod menu;
mod outage;
pub mod outbox;
mod poll;
mod queue;

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use reqwest::{Proxy, Url};
use secrecy::SecretString;
use tokio::{task::JoinSet, time::timeout};

pub use self::{api::Api, fault::FaultKind};
use self::{outbox::Outbox, poll::Poll, queue::Queue};
use crate::{chat::conversation::Conversation, metrics::Metrics, web::Readiness};

/// How long unfinished answers may take once the bot stops.
const DRAIN: Duration = Duration::from_millis(2_500);

/// The bot at its Bot API server.
pub struct Telegram {
    api: Api,
    metrics: Metrics,
}

impl Telegram {
    /// The bot that owns `token`, at the server `api_url`, reached through a proxy if there is
    /// one.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        token: &SecretString,
        api_url: &Url,
        proxy: Option<Proxy>,
        metrics: Metrics,
    ) -> reqwest::Result<Self> {
        Ok(Self { api: Api::new(token, api_url, proxy)?, metrics })
    }

    /// The way to the server, for another token.
    #[must_use]
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    /// What sends for this bot.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.api.clone(), self.metrics.clone())
    }

    /// Answers messages until `stop` is ready. While Telegram is away, or refuses the token, it
    /// tries again.
    pub async fn run(self, conversation: Conversation, ready: Readiness, stop: impl Future<Output = ()>) {
        let mut answers = JoinSet::new();
        tokio::select! {
            never = self.serve(conversation, ready, &mut answers) => match never {},
            () = stop => {}
        }
        let drained = async { while answers.join_next().await.is_some() {} };
        let _ = timeout(DRAIN, drained).await;
    }

    /// Receives and answers for ever.
    async fn serve(
        &self,
        conversation: Conversation,
        ready: Readiness,
        answers: &mut JoinSet<()>,
    ) -> Infallible {
        let mut poll = Poll::new(self.api.clone(), self.metrics.clone(), ready);
        let us = poll.introduce().await;
        tracing::info!(bot = %us, "Telegram accepted the token; ready");
        let queue = Arc::new(Queue::new(self.outbox(), conversation, us, self.metrics.clone()));
        tokio::select! {
            never = poll.receive(&queue, answers) => never,
            never = self.list_commands() => never,
        }
    }

    async fn list_commands(&self) -> Infallible {
        menu::register(&self.api, &self.metrics).await;
        pending().await
    }
}

#[cfg(test)]
mod tests;
