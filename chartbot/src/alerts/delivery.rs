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
    desk::{Concern, Desk, Job, Shared},
    reach,
    silencer::Silencer,
    watch::{Event, Notice},
    webhook::Webhook,
};
use crate::{
    clock,
    metrics::Metrics,
    picture::Painter,
    telegram::outbox::Outbox,
    words::{Words, moment::Times},
};

/// So many webhooks and notices may wait for a chat; more have to come again.
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
        self.hand_out(|_, done| Some(Job::Webhook(shared.clone(), done))).await
    }

    /// Has what happened under silences reported: an end in every chat that has the alert, the rest
    /// in the chat in which the silences were made, `home`. Returns whether every chat has it, or
    /// can never get it.
    pub async fn report(&self, notice: Notice, home: Option<usize>) -> bool {
        let notice = Arc::new(notice);
        let job = |chat, done| match (home == Some(chat), &notice.what) {
            (true, _) => Some(Job::Notice(notice.clone(), Concern::Home, done)),
            (false, Event::Ended { .. }) => Some(Job::Notice(notice.clone(), Concern::Reader, done)),
            (false, Event::StillFiring { .. }) => None,
        };
        self.hand_out(job).await
    }

    /// Hands a job to every chat that has one, and waits until all are done. Returns whether all
    /// have succeeded.
    async fn hand_out(&self, job: impl Fn(usize, oneshot::Sender<bool>) -> Option<Job>) -> bool {
        let hand_in = |(chat, desk): (usize, &mpsc::Sender<Job>)| {
            let (done, is_done) = oneshot::channel();
            let job = job(chat, done)?;
            Some(desk.try_send(job).ok().map(|()| is_done))
        };
        let handed_in: Vec<_> = self.0.iter().enumerate().filter_map(hand_in).collect();
        let mut all = true;
        for is_done in handed_in {
            all &= match is_done {
                Some(is_done) => is_done.await.unwrap_or(false),
                None => false,
            };
        }
        all
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
