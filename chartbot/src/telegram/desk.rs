//! Request -> answer: presses are answered at once, every user's requests are worked off
//! in a line of their own, and the reply is delivered.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    Telegram,
    incoming::{Press, Request},
    outage::Fault,
    turns::{Joined, Turn, Turns},
};
use crate::{chat::conversation::Conversation, chat::message::Reply};

/// How many answers are worked on at the same time; more wait for their turn.
const ANSWERS: usize = 16;
/// For delivering a reply, with all attempts; it is dropped then.
const DELIVERY: Duration = Duration::from_secs(60);

/// Where requests are answered.
pub struct Desk {
    telegram: Telegram,
    conversation: Conversation,
    /// The bot's username.
    us: String,
    places: Semaphore,
    turns: Mutex<Turns<Request>>,
}

impl Desk {
    /// Answers by `conversation`, as the bot with the username `us`.
    #[must_use]
    pub fn new(telegram: Telegram, conversation: Conversation, us: String) -> Self {
        let places = Semaphore::new(ANSWERS);
        Self { telegram, conversation, us, places, turns: Mutex::default() }
    }

    /// Takes a request in, unless its sender may not ask; the work goes on in `answers`.
    pub fn receive(self: &Arc<Self>, request: Request, answers: &mut JoinSet<()>) {
        if !self.conversation.admits(&request.incoming) {
            return;
        }
        let chat = request.incoming.chat;
        if let Some(Press { query, .. }) = request.press.clone() {
            // Before anything else: until then a wheel turns on the button.
            let telegram = self.telegram.clone();
            answers.spawn(async move { telegram.answer_press(query).await });
        }
        let message = request.press.as_ref().map(|press| press.message);
        let too_fast = Conversation::too_fast(&request.incoming);
        match self.turns().join(chat, message, request) {
            Joined::Begins => {
                let desk = self.clone();
                answers.spawn(async move { desk.work_off(chat).await });
            }
            Joined::Crowded { tell: true } => {
                let telegram = self.telegram.clone();
                answers.spawn(async move { telegram.deliver(chat, None, &too_fast).await });
            }
            Joined::Waits | Joined::Crowded { tell: false } => {}
        }
    }

    /// Answers what waits in the line of `chat`, one by one, until nothing is left.
    async fn work_off(self: Arc<Self>, chat: i64) {
        loop {
            let turn = self.turns().next(chat, Instant::now());
            match turn {
                Turn::Done => return,
                Turn::Pause(pause) => sleep(pause).await,
                Turn::Go(request) => {
                    let desk = self.clone();
                    // In a task of its own: a bug there must not end the line.
                    let answered = tokio::spawn(async move { desk.answer(&request).await });
                    if answered.await.is_err() {
                        tracing::error!("an answer was given up because of a bug; please report it");
                    }
                }
            }
        }
    }

    async fn answer(&self, request: &Request) {
        let chat = request.incoming.chat;
        let reply = {
            let _place = self.places.acquire().await;
            self.conversation.answer(&request.incoming, &self.us).await
        };
        let delivered = self.telegram.deliver(chat, request.press.as_ref(), &reply);
        let begin = Instant::now();
        if timeout(DELIVERY, delivered).await.is_err() {
            tracing::warn!(chat, "an answer took too long to deliver and was dropped");
        }
        self.telegram.metrics.sent(begin.elapsed());
    }

    fn turns(&self) -> MutexGuard<'_, Turns<Request>> {
        // The lines are whole at any time, also after a panic elsewhere.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telegram {
    /// Tells Telegram that a press was noticed. It is no matter when that fails: the
    /// press is worked on all the same.
    async fn answer_press(&self, query: String) {
        match self.answer_once(query).await {
            Ok(()) | Err(Fault::TooOld) => {}
            Err(fault) => self.metrics.telegram_error(fault.reason()),
        }
    }

    /// Brings a reply into a chat: a photo that a press asked for takes the place of the
    /// one under which the button is, or follows as a new one where that is gone.
    async fn deliver(&self, chat: i64, press: Option<&Press>, reply: &Reply) {
        let delivered = match (press, reply) {
            (Some(press), Reply::Photo(photo)) => {
                match self.persist(|| self.edit_once(chat, press.message, photo)).await {
                    Err(Fault::Unchanged) => Ok(()),
                    Err(Fault::Gone) => self.persist(|| self.send_once(chat, reply)).await,
                    done => done,
                }
            }
            _ => self.persist(|| self.send_once(chat, reply)).await,
        };
        let delivered = match (delivered, reply) {
            // The picture surely did not arrive, so its numbers go without it.
            (Err(fault @ Fault::Rejected(_)), Reply::Photo(photo)) => {
                tracing::warn!(chat, reason = fault.reason(), %fault, "a picture could not be sent; its caption follows");
                let caption = Reply::Text(photo.caption.clone());
                self.persist(|| self.send_once(chat, &caption)).await
            }
            (delivered, _) => delivered,
        };
        if let Err(fault) = delivered {
            tracing::warn!(chat, reason = fault.reason(), %fault, "an answer could not be sent");
        }
    }

    /// Tries again, but only where Telegram surely did not take it.
    async fn persist<F>(&self, attempt: impl Fn() -> F) -> Result<(), Fault>
    where
        F: Future<Output = Result<(), Fault>>,
    {
        let mut failures = 0;
        loop {
            let Err(fault) = attempt().await else {
                return Ok(());
            };
            if !matches!(fault, Fault::Unchanged | Fault::Gone) {
                self.metrics.telegram_error(fault.reason());
            }
            let Some(pause) = fault.pause_before_sending_again(failures) else {
                return Err(fault);
            };
            sleep(pause).await;
            failures += 1;
        }
    }
}
