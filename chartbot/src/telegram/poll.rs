//! The loop that receives: `getUpdates`, again and again
//! (<https://core.telegram.org/bots/api#getupdates>).
//!
//! A plain loop rather than teloxide's stream of updates: a stream shows no empty answer, and
//! so neither the end of an outage nor that a refused token was accepted again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use headlag_service::outbound::Failure;
use serde_json::Value;
use teloxide::{
    payloads::{GetMe, GetUpdates, GetUpdatesSetters},
    types::AllowedUpdate,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    api::Api,
    fault::Fault,
    inbox::Inbox,
    incoming::{self, Update},
    outage::Outage,
    queue::Queue,
};
use crate::{chat::access::Refusal, clock, metrics::Metrics, web::Readiness};

/// How long Telegram holds `getUpdates` open while there is nothing new.
const POLL: u32 = 20;
/// How much later than that the answer may come.
const POLL_SLACK: Duration = Duration::from_secs(15);
/// At most so many updates come at once; if they do, more are waiting.
pub const FULL_BATCH: usize = 100;

/// Receives updates.
pub struct Poll {
    api: Api,
    metrics: Metrics,
    ready: Readiness,
    outage: Outage,
    /// Whether an update that cannot be read was logged.
    unreadable: bool,
}

impl Poll {
    /// Receives through `api`, and notes in `ready` when Telegram answered.
    #[must_use]
    pub fn new(api: Api, metrics: Metrics, ready: Readiness) -> Self {
        let outage = Outage::new(metrics.clone());
        Self { api, metrics, ready, outage, unreadable: false }
    }

    /// Asks for the bot's username; tries again while Telegram is away or refuses the token.
    pub async fn introduce(&mut self) -> String {
        let me = loop {
            match self.api.ask(&GetMe::new()).await {
                Ok(me) => break me,
                Err(fault) => sleep(self.outage.failed(fault)).await,
            }
        };
        self.outage.over();
        self.ready.reached(clock::now());
        me["username"].as_str().unwrap_or_default().to_owned()
    }

    /// Receives for ever, hands requests over to `queue`, which answers them in `answers`.
    pub async fn receive(&mut self, queue: &Arc<Queue>, answers: &mut JoinSet<()>) -> Infallible {
        let mut offset = None;
        let mut inbox = Inbox::new();
        loop {
            // After a conflict only a whole poll can show that it is over.
            let short = inbox.is_pending() && !self.outage.is_a_conflict();
            let updates = match self.updates(offset, if short { 0 } else { POLL }).await {
                Ok(updates) => updates,
                Err(fault) => {
                    inbox.poll_failed();
                    sleep(self.outage.failed(fault)).await;
                    continue;
                }
            };
            self.outage.over();
            self.ready.reached(clock::now());
            self.metrics.polled(clock::wall());
            offset = updates.iter().filter_map(incoming::id).map(|id| id.saturating_add(1)).max().or(offset);
            let more = updates.len() >= FULL_BATCH;
            let requests = updates.iter().filter_map(|update| self.request(update)).collect();
            for request in inbox.poll_succeeded(requests, more) {
                queue.receive(request, answers);
            }
            while let Some(done) = answers.try_join_next() {
                if done.is_err() {
                    tracing::error!("a task ended by a bug; please report it");
                }
            }
        }
    }

    /// What was sent to the bot since `offset`; waits so many seconds for it. This confirms
    /// everything before `offset`: Telegram never sends it again.
    async fn updates(&self, offset: Option<i32>, wait: u32) -> Result<Vec<Value>, Fault> {
        let mut poll = GetUpdates::new().timeout(wait);
        poll = poll.allowed_updates([AllowedUpdate::Message, AllowedUpdate::CallbackQuery]);
        poll.offset = offset;
        let answered = timeout(Duration::from_secs(wait.into()) + POLL_SLACK, self.api.ask(&poll)).await;
        match answered.unwrap_or(Err(Fault::Unanswered(Failure::Timeout)))? {
            // Without any id they could not be confirmed, and would come again at once.
            Value::Array(updates)
                if updates.is_empty() || updates.iter().any(|it| incoming::id(it).is_some()) =>
            {
                Ok(updates)
            }
            _ => Err(Fault::Unintelligible),
        }
    }

    /// What is to be answered in an update. What cannot be read is counted, and logged once.
    fn request(&mut self, update: &Value) -> Option<incoming::Request> {
        match incoming::read(update) {
            Update::Request(request) => Some(request),
            Update::Other => None,
            Update::Unreadable => {
                self.metrics.refused(Refusal::Unreadable);
                if !std::mem::replace(&mut self.unreadable, true) {
                    tracing::warn!(
                        update_id = incoming::id(update),
                        "cannot read an update from Telegram; it gets no answer. Further ones are only \
                         counted, in headlag_chartbot_refused_total"
                    );
                }
                None
            }
        }
    }
}
