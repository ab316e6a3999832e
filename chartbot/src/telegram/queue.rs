//! Who is answered when: presses are confirmed at once, the requests of each chat wait in a line
//! of its own, and each answer is delivered at most once.

mod turns;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use self::turns::{Joined, Turn, Turns};
use super::{
    fault::Fault,
    incoming::{Press, Request},
    outbox::{Delivery, Outbox},
};
use crate::{
    alerts::press::{Answer, Pressed},
    chat::{
        conversation::Conversation,
        message::{Content, Message},
        place::Place,
    },
    clock,
    metrics::Metrics,
};

/// How many answers are prepared at the same time; others wait.
const ANSWERS: usize = 16;
/// For delivering a message, with all attempts; it is dropped then.
const DELIVERY: Duration = Duration::from_secs(60);

/// How an answer gets into its chat.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// As a new message.
    New,
    /// A photo in the place of this message, whose button was pressed; anything else as a new one.
    InPlaceOf(i32),
    /// As a reply to this message, whose button was pressed.
    ReplyTo(i32),
}

/// Where requests wait for their answers.
pub struct Queue {
    outbox: Outbox,
    conversation: Conversation,
    /// The bot's username.
    us: String,
    metrics: Metrics,
    places: Semaphore,
    turns: Mutex<Turns<Request>>,
}

impl Queue {
    /// Answers by `conversation` through `outbox`, as the bot with the username `us`.
    #[must_use]
    pub fn new(outbox: Outbox, conversation: Conversation, us: String, metrics: Metrics) -> Self {
        let places = Semaphore::new(ANSWERS);
        Self { outbox, conversation, us, metrics, places, turns: Mutex::default() }
    }

    /// Takes a request in, unless its sender is refused; the work goes on in `answers`.
    pub fn receive(self: &Arc<Self>, request: Request, answers: &mut JoinSet<()>) {
        let is_of_alert = request.press.is_some() && self.conversation.is_of_alert(&request.incoming);
        if !is_of_alert && !self.conversation.admits(&request.incoming) {
            return;
        }
        let place = request.incoming.place;
        if let Some(Press { query, .. }) = request.press.clone() {
            let outbox = self.outbox.clone();
            answers.spawn(async move { outbox.answer(query).await });
        }
        // Of presses that edit a message the newest counts. Each press on an alert does.
        let edited = request.press.as_ref().filter(|_| !is_of_alert).map(|press| press.message);
        let too_fast = Conversation::too_fast(&request.incoming);
        match self.turns().join(place.chat, edited, request) {
            Joined::Begins => {
                let queue = self.clone();
                answers.spawn(async move { queue.work_off(place.chat).await });
            }
            Joined::Crowded { first: true } => {
                let queue = self.clone();
                answers.spawn(async move {
                    queue.deliver(place, Way::New, &too_fast).await;
                });
            }
            Joined::Waits | Joined::Crowded { first: false } => {}
        }
    }

    /// Answers what waits in the line of `chat`, one by one, until nothing is left.
    async fn work_off(self: Arc<Self>, chat: i64) {
        loop {
            let turn = self.turns().next(chat, clock::now());
            match turn {
                Turn::Done => return,
                Turn::Pause(pause) => sleep(pause).await,
                Turn::Go(request) => {
                    let queue = self.clone();
                    // In a task of its own: a bug there must not end the line.
                    let answered = tokio::spawn(async move { queue.answer(&request).await });
                    if answered.await.is_err() {
                        tracing::error!("an answer was lost to a bug; please report it");
                    }
                }
            }
        }
    }

    async fn answer(&self, request: &Request) {
        let incoming = &request.incoming;
        let place_to_work = self.places.acquire().await;
        let (of_alert, way) = match &request.press {
            None => (None, Way::New),
            Some(Press { message, text, .. }) => {
                let pressed = Pressed { incoming, message: *message, text };
                match self.conversation.answer_alert(pressed).await {
                    None => (None, Way::InPlaceOf(*message)),
                    answer => (answer, Way::ReplyTo(*message)),
                }
            }
        };
        let Answer { message: answer, silences, spent } = match of_alert {
            Some(answer) => answer,
            None => Answer::plain(self.conversation.answer(incoming, &self.us).await),
        };
        drop(place_to_work);
        let begin = clock::now();
        let arrived = self.deliver(incoming.place, way, &answer).await;
        self.metrics.sent(clock::since(begin));
        if let Some(message) = arrived {
            self.conversation.remember(incoming.place.chat, message, silences);
        }
        for (chat, message) in spent {
            // A button that stays says, when it is pressed, that there is nothing to end.
            let _ = self.outbox.remove_buttons(chat, message, clock::now() + DELIVERY).await;
        }
    }

    /// Delivers a message at most once. A photo takes the place of the message with the button, or
    /// follows as a new one if that is gone or cannot be edited. A photo that Telegram refuses
    /// leaves its caption. Returns the id of the message that arrived, as far as it is known.
    async fn deliver(&self, place: Place, way: Way, message: &Message) -> Option<i32> {
        let deadline = clock::now() + DELIVERY;
        let to = match way {
            Way::ReplyTo(to) => Some(to),
            Way::New | Way::InPlaceOf(_) => None,
        };
        let delivery = match (way, &message.content) {
            (Way::InPlaceOf(old), Content::Photo(photo)) => {
                let edit = self.outbox.edit(place.chat, old, photo, &message.buttons, deadline);
                match edit.await {
                    // Gone, or a text that this server lets nothing put a photo into.
                    Delivery::Failed(Fault::Gone | Fault::Rejected(_)) => {
                        self.send(place, to, message, deadline).await
                    }
                    edited => edited,
                }
            }
            _ => self.send(place, to, message, deadline).await,
        };
        let delivery = match (delivery, &message.content) {
            (Delivery::Failed(fault @ Fault::Rejected(_)), Content::Photo(photo)) => {
                tracing::warn!(chat = %place, %fault, "a picture could not be sent; its caption follows");
                self.send(place, to, &Message::text(&*photo.caption), deadline).await
            }
            (delivery, _) => delivery,
        };
        match delivery {
            Delivery::Arrived(id) => return id,
            Delivery::Failed(fault) => tracing::warn!(chat = %place, %fault, "an answer could not be sent"),
            Delivery::Unknown(fault) => tracing::warn!(
                chat = %place,
                %fault,
                "an answer may not have arrived; it is not sent again, so that it does not arrive twice"
            ),
        }
        None
    }

    /// Sends a message to its topic, or to the chat as a whole if the topic takes none.
    async fn send(&self, place: Place, to: Option<i32>, message: &Message, deadline: Instant) -> Delivery {
        match self.outbox.send(place, to, message, deadline).await {
            Delivery::Failed(Fault::NoSuchTopic) => {
                self.outbox.send(Place::chat(place.chat), None, message, deadline).await
            }
            delivery => delivery,
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns<Request>> {
        // The lines are consistent at any time, also after a panic elsewhere.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
