//! Where one chat is served: one job after the other, so that the second webhook about an alert
//! waits for the first.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    sync::{OnceCell, Semaphore, mpsc, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    alert::Alert,
    button, card,
    chats::{AlertChat, AlertChats, Redirected, Undelivered},
    delivery::Tools,
    ending::Ending,
    ledger::{News, Resumed},
    watch::Notice,
    webhook::Webhook,
};
use crate::{
    chat::{message::Message, place::Place, said::Said},
    clock,
    metrics::alerts::Event,
    picture::Painter,
    samples::{client::Questions, present::Present},
    telegram::{fault::Fault, outbox::Delivery},
    words,
};

/// A slow answer of Telegram is no failure for so long.
const ATTEMPT: Duration = Duration::from_secs(15);
/// A webhook for which nobody waits any longer is dropped if its turn comes later than this.
const STALE: Duration = Duration::from_secs(30);
/// A message follows a group to new ids so often.
const DETOURS: u32 = 3;
/// What is said at an end waits so long for Prometheus.
const LOOK: Duration = Duration::from_secs(3);

/// What a desk is asked to do.
pub enum Job {
    /// To send what is news in a webhook; whether the chat has all of it, or can never get it.
    Webhook(Arc<Shared>, oneshot::Sender<bool>),
    /// To report what happened under silences, as far as it concerns the chat; whether it has it,
    /// or can never get it.
    Notice(Arc<Notice>, Concern, oneshot::Sender<bool>),
}

/// What silences have to do with a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// They were made there.
    Home,
    /// It may have alerts that they silenced.
    Reader,
}

/// A webhook, and what Prometheus knows, which is asked for once for all chats.
pub struct Shared {
    /// The webhook.
    pub webhook: Webhook,
    /// When it came in.
    since: Instant,
    present: OnceCell<Option<Present>>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is in the chat of this id, as the message with this id where Telegram said so.
    Arrived(i64, Option<i32>),
    /// The chat can never get it.
    Never,
    /// It has not arrived, as far as is known.
    Later,
}

/// Where one chat is served.
pub struct Desk {
    chats: Arc<AlertChats>,
    /// Which of the chats.
    place: usize,
    pub(super) tools: Tools,
    /// Places for making cards.
    places: Arc<Semaphore>,
    cards: JoinSet<()>,
    /// Telegram asked to wait until then.
    not_before: Option<Instant>,
    /// What was logged of the trouble with this chat.
    said: Said,
    /// Whether it was logged that the topic takes no messages; it is tried with each of them.
    topic_said: bool,
}

impl Desk {
    /// The desk of one of these chats, which shares the `places` for making cards with the others.
    #[must_use]
    pub fn new(chats: Arc<AlertChats>, place: usize, tools: Tools, places: Arc<Semaphore>) -> Self {
        let (cards, said) = (JoinSet::new(), Said::default());
        Self { chats, place, tools, places, cards, not_before: None, said, topic_said: false }
    }

    pub(super) fn chat(&self) -> &AlertChat {
        &self.chats.all()[self.place]
    }

    /// Does its jobs until `stop` is ready.
    pub async fn serve(mut self, mut jobs: mpsc::Receiver<Job>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let job = tokio::select! {
                biased;
                () = &mut stop => return,
                job = jobs.recv() => job,
            };
            // Nobody waits any longer where the caller hung up or was asked to come again.
            match job {
                None => return,
                // Alertmanager was asked to come again long ago. Meanwhile the alert may have ended,
                // and it never reports an end of what was never confirmed.
                Some(Job::Webhook(shared, done)) if done.is_closed() && shared.is_stale() => {}
                Some(Job::Webhook(shared, done)) => {
                    let _ = done.send(self.deliver(&shared).await);
                }
                Some(Job::Notice(notice, concern, done)) => {
                    let _ = done.send(self.report(&notice, concern).await);
                }
            }
            while let Some(done) = self.cards.try_join_next() {
                if done.is_err() {
                    tracing::error!("the card of an alert was lost to a bug; please report it");
                }
            }
        }
    }

    /// Sends what is news to the chat; returns whether it has all of it, or can never get it.
    async fn deliver(&mut self, job: &Shared) -> bool {
        let (begin, now) = (clock::now(), clock::wall());
        let alerts = &job.webhook.alerts;
        let News { fresh, ended, reminded, resumed } = self.chat().ledger(|ledger| ledger.news(alerts, now));
        let mut is_done = true;
        if !fresh.is_empty() {
            is_done &= self.announce(&fresh, job.webhook.truncated, now).await;
        }
        let is_hopeless = |is_done: bool| !is_done && clock::since(begin) >= ATTEMPT;
        for (to, alerts) in ended {
            is_done &= !is_hopeless(is_done) && self.end(to, alerts, job, now).await;
        }
        for (to, alerts) in reminded {
            let text = words::alert::still(&alerts, self.tools.times());
            is_done &= !is_hopeless(is_done) && self.remind(to, Message::text(text), &alerts).await.is_done();
        }
        for resumed in resumed {
            is_done &= !is_hopeless(is_done) && self.resume(resumed, now).await;
        }
        self.chat().ledger(|ledger| ledger.heard(alerts, now));
        is_done
    }

    async fn announce(&mut self, fresh: &[Alert], left_out: u64, now: Timestamp) -> bool {
        let text = words::alert::firing(fresh, left_out, self.tools.times());
        let buttons = button::under(fresh, self.tools.silencer.is_some(), self.tools.words);
        let message = Message::text(&*text).with_buttons(buttons.clone());
        match self.send(None, message, fresh.len()).await {
            Sent::Arrived(chat, message) => {
                self.chat().ledger(|ledger| ledger.announced(fresh, message, now));
                self.tools.metrics.alerts.delivered(Event::Firing, fresh.len());
                if let Some(message) = message {
                    self.order_card(card::Order::new(fresh, chat, message, text, buttons));
                }
                true
            }
            sent => sent.is_done(),
        }
    }

    fn order_card(&mut self, order: Option<card::Order>) {
        let Some(order) = order else { return };
        let (tools, places) = (self.tools.clone(), self.places.clone());
        self.cards.spawn(async move {
            // The semaphore is never closed, so a permit always comes.
            let _place = places.acquire_owned().await;
            tools.metrics.alerts.card(order.carry_out(&tools).await);
        });
    }

    async fn end(&mut self, to: Option<i32>, alerts: Vec<Alert>, job: &Shared, now: Timestamp) -> bool {
        let present = job.present(&self.tools.painter).await;
        let endings = |alert: Alert| {
            let ending = Ending::of(&alert, present);
            (alert, ending)
        };
        let ends: Vec<_> = alerts.iter().cloned().map(endings).collect();
        let text = words::alert::ended(&ends, self.tools.times());
        match self.send(to, Message::text(&*text), alerts.len()).await {
            Sent::Arrived(_, message) => {
                let of = |is_open| {
                    let ends = ends.iter().filter(move |(_, ending)| ending.is_open() == is_open);
                    ends.map(|(alert, _)| alert.clone()).collect::<Vec<_>>()
                };
                let (known, unknown) = (of(false), of(true));
                let open = message.filter(|_| !unknown.is_empty()).map(|message| (message, text));
                self.chat().ledger(|ledger| {
                    ledger.ended(&known, None, now);
                    ledger.ended(&unknown, open, now);
                });
                self.tools.metrics.alerts.delivered(Event::Resolved, alerts.len());
                true
            }
            sent => sent.is_done(),
        }
    }

    /// Reports that alerts fire after a silence.
    pub(super) async fn remind(&mut self, to: Option<i32>, message: Message, alerts: &[Alert]) -> Sent {
        let sent = self.send(to, message, alerts.len()).await;
        if let Sent::Arrived(_, message) = sent {
            self.chat().ledger(|ledger| ledger.reminded(alerts, message, clock::wall()));
            self.tools.metrics.alerts.delivered(Event::Firing, alerts.len());
        }
        sent
    }

    /// An alert goes on after an end of which the cause is not known: the reply that reported it is
    /// completed, which makes no sound. If it is gone, this is a message like any other.
    async fn resume(&mut self, resumed: Resumed, now: Timestamp) -> bool {
        let Resumed { message, text, alerts } = resumed;
        let text = words::alert::completed(&text, &alerts, self.tools.times());
        let deadline = clock::now() + ATTEMPT;
        let chat = self.chat().place().chat;
        match self.tools.outbox.edit_text(chat, message, &text, deadline).await {
            Delivery::Arrived(_) => {
                self.chat().ledger(|ledger| ledger.resumed(&alerts, message, text, now));
                self.tools.metrics.alerts.delivered(Event::Firing, alerts.len());
                true
            }
            Delivery::Failed(fault) if is_refused(&fault) || Undelivered::of(&fault).is_some() => {
                self.announce(&alerts, 0, now).await
            }
            Delivery::Failed(_) | Delivery::Unknown(_) => false,
        }
    }

    /// Sends a message about so many alerts to the chat, wherever it is by now.
    pub(super) async fn send(&mut self, to: Option<i32>, message: Message, alerts: usize) -> Sent {
        if let Some(pause) = self.not_before.map(|at| at.saturating_duration_since(clock::now())) {
            if pause >= ATTEMPT {
                return Sent::Later;
            }
            sleep(pause).await;
        }
        let deadline = clock::now() + ATTEMPT;
        let (mut place, mut to, mut message) = (self.chat().place(), to, message);
        let (mut is_plain, mut detours) = (false, 0);
        let fault = loop {
            match self.tools.outbox.send(place, to, &message, deadline).await {
                Delivery::Arrived(id) => {
                    if self.said.ends() {
                        tracing::info!(chat = %self.chat().configured, "alerts reach the chat again");
                    }
                    return Sent::Arrived(place.chat, id);
                }
                Delivery::Failed(Fault::Migrated(id)) if id != place.chat && detours < DETOURS => {
                    detours += 1;
                    self.chats.follow(self.chat(), place.chat, id);
                    self.tools.metrics.alerts.redirected(Redirected::Migrated);
                    (place, to) = (Place::chat(id), None);
                }
                Delivery::Failed(Fault::NoSuchTopic) if place.topic.is_some() => {
                    self.tools.metrics.alerts.redirected(Redirected::Topic);
                    let chat = self.chat().configured;
                    if !std::mem::replace(&mut self.topic_said, true) {
                        tracing::warn!(
                            %chat,
                            "the topic was deleted or closed; alerts go to its chat as a whole. Reopen it, \
                             or change {chat} in --telegram.alert-chats"
                        );
                    }
                    place.topic = None;
                }
                // The message that is replied to is in the closed topic.
                Delivery::Failed(Fault::NoSuchTopic) if to.is_some() => to = None,
                Delivery::Failed(Fault::Rejected(reason)) if !is_plain => {
                    tracing::warn!(chat = %place, reason, "Telegram refused an alert; its plain text follows");
                    (message, to, is_plain) = (message.with_buttons(Vec::new()), None, true);
                }
                Delivery::Failed(fault) | Delivery::Unknown(fault) => break fault,
            }
        };
        self.failed(&fault, alerts)
    }

    fn failed(&mut self, fault: &Fault, alerts: usize) -> Sent {
        if let Fault::TooMany(pause) = fault {
            self.not_before = Some(clock::now() + *pause);
        }
        let chat = self.chat().configured;
        if is_refused(fault) {
            self.tools.metrics.alerts.rejected(alerts);
            if self.said.begins("rejected") {
                tracing::warn!(%chat, "an alert is lost to the chat: {fault}; please report this");
            }
            return Sent::Never;
        }
        let Some(reason) = Undelivered::of(fault) else {
            if self.said.begins("later") {
                tracing::warn!(%chat, %fault, "alerts do not reach the chat; Alertmanager is asked to send them again");
            }
            return Sent::Later;
        };
        self.tools.metrics.alerts.undelivered(reason, alerts);
        if self.said.begins(reason.label()) {
            self.chat().cannot_get(reason, fault);
        }
        Sent::Never
    }
}

/// Whether Telegram will never take this message, while it may take another one.
fn is_refused(fault: &Fault) -> bool {
    matches!(fault, Fault::Rejected(_) | Fault::Gone)
}

impl Sent {
    /// Whether the chat has it, or can never get it.
    #[must_use]
    pub fn is_done(self) -> bool {
        self != Self::Later
    }
}

impl Shared {
    /// Of which nothing was asked yet.
    #[must_use]
    pub fn new(webhook: Webhook) -> Self {
        Self { webhook, since: clock::now(), present: OnceCell::new() }
    }

    /// Whether it waited too long for its turn.
    fn is_stale(&self) -> bool {
        clock::since(self.since) > STALE
    }

    /// What Prometheus knows now of what ended; absent if it does not answer soon.
    async fn present(&self, painter: &Painter) -> Option<&Present> {
        let ended = || self.webhook.alerts.iter().filter(|alert| alert.ends_at.is_some());
        self.present.get_or_init(|| look(painter, ended())).await.as_ref()
    }
}

/// What Prometheus knows now of these alerts; absent if it does not answer soon.
pub async fn look(painter: &Painter, alerts: impl Iterator<Item = &Alert>) -> Option<Present> {
    let nodes = alerts.filter_map(|alert| Some((alert.label("network")?, alert.label("node")?)));
    let nodes: BTreeSet<_> = nodes.collect();
    timeout(LOOK, Present::ask(&Questions::new(&painter.prometheus), &nodes)).await.ok()?.ok()
}
