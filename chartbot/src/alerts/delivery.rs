//! From a webhook to messages in the chats, at least once.
//!
//! Each chat is served by a desk of its own, webhook by webhook, so that no chat waits for
//! another, and the second webhook about an alert waits for the first. The text goes out before
//! anything is asked of Prometheus; the card is put into the same message later. A message that
//! may not have arrived counts as not arrived: Alertmanager sends it again.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::{JoinError, JoinSet},
    time::timeout,
};

use super::{
    chats::AlertChats,
    desk::{Desk, Job, Shared},
    reach,
    silencer::Silencer,
    watch::Notice,
    webhook::Webhook,
};
use crate::{
    clock,
    metrics::Metrics,
    picture::Painter,
    telegram::outbox::Outbox,
    words::{Words, moment::Times},
};

/// So many webhooks may wait for a chat; of more, Alertmanager has to come again.
const WAITING: usize = 32;
/// So many cards are made at a time.
const CARDS: usize = 4;
/// How long a message under way may take once the bot stops.
const DRAIN: Duration = Duration::from_millis(2_500);

/// What all desks have in common.
#[derive(Clone)]
pub struct Tools {
    /// Sends.
    pub outbox: Outbox,
    /// Draws cards, and knows which Prometheus to ask.
    pub painter: Painter,
    /// The language of the chats.
    pub words: &'static Words,
    /// Makes silences; absent without an Alertmanager.
    pub silencer: Option<Arc<Silencer>>,
    /// Counts.
    pub metrics: Metrics,
}

impl Tools {
    /// Moments as seen from now. The text goes out before Prometheus is asked for its time, so
    /// "today" is that of this machine.
    #[must_use]
    pub fn times(&self) -> Times<'_> {
        Times { zone: &self.painter.zone, now: clock::wall().as_second(), words: self.words }
    }
}

/// Where webhooks are handed out to the chats.
#[derive(Debug, Clone)]
pub struct Dispatch(Vec<mpsc::Sender<Job>>);

impl Dispatch {
    /// Hands a webhook to every chat; the work goes on though nobody waits for its end. Returns
    /// whether every chat has all of it, or can never get it.
    pub async fn to_all(&self, webhook: Webhook) -> bool {
        let shared = Arc::new(Shared::new(webhook));
        let hand_in = |desk: &mpsc::Sender<Job>| {
            let (done, is_done) = oneshot::channel();
            desk.try_send(Job::Webhook(shared.clone(), done)).ok().map(|()| is_done)
        };
        let handed_in: Vec<_> = self.0.iter().map(hand_in).collect();
        let mut all = true;
        for is_done in handed_in {
            all &= match is_done {
                Some(is_done) => is_done.await.unwrap_or(false),
                None => false,
            };
        }
        all
    }

    /// Has a chat report what happened under silences. Returns whether it has it, or can never get
    /// it.
    pub async fn report(&self, notice: Notice, chat: usize) -> bool {
        let (done, is_done) = oneshot::channel();
        let Some(desk) = self.0.get(chat) else { return true };
        let sent = desk.send(Job::Notice(Arc::new(notice), done)).await;
        sent.is_ok() && is_done.await.unwrap_or(false)
    }
}

/// The desks of all chats.
pub struct Desks {
    desks: Vec<(Desk, mpsc::Receiver<Job>)>,
    tools: Tools,
    chats: Arc<AlertChats>,
}

impl Desks {
    /// A desk for each chat, and what hands webhooks out to them.
    #[must_use]
    pub fn open(chats: Arc<AlertChats>, tools: Tools) -> (Dispatch, Self) {
        let cards = Arc::new(Semaphore::new(CARDS));
        let desk = |place| {
            let (send, receive) = mpsc::channel(WAITING);
            let desk = Desk::new(chats.clone(), place, tools.clone(), cards.clone());
            (send, (desk, receive))
        };
        let (senders, desks) = (0..chats.all().len()).map(desk).unzip();
        (Dispatch(senders), Self { desks, tools, chats })
    }

    /// Serves the chats until `stop` is ready, then ends what is under way.
    ///
    /// # Errors
    /// When a desk ended by a bug.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), JoinError> {
        let mut desks = JoinSet::new();
        let (stopping, _) = watch::channel(false);
        for (desk, jobs) in self.desks {
            let mut stopping = stopping.subscribe();
            desks.spawn(desk.serve(jobs, async move {
                // An error would mean that no sender is left, so stop as well.
                let _ = stopping.wait_for(|stop| *stop).await;
            }));
        }
        let mut checks = JoinSet::new();
        for place in 0..self.chats.all().len() {
            checks.spawn(reach::check(self.chats.clone(), place, self.tools.clone()));
        }
        tokio::select! {
            Some(ended) = desks.join_next() => return ended,
            () = stop => {}
        }
        stopping.send_replace(true);
        let drained = async { while desks.join_next().await.is_some() {} };
        let _ = timeout(DRAIN, drained).await;
        Ok(())
    }
}
