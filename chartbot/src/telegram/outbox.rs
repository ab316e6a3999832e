//! The only place that sends: new messages, edits, answers to presses.
//!
//! What certainly did not arrive and may arrive later is tried again until a deadline. What
//! may have arrived is never sent again here: whether it is wanted at most once or at least
//! once is the caller's decision, to whom [`Delivery`] reports what is known.

use std::time::{Duration, Instant};

use headlag_service::outbound::Failure;
use serde_json::Value;
use teloxide::{
    payloads::{
        AnswerCallbackQuery, EditMessageMedia, EditMessageMediaSetters, SendMessage, SendMessageSetters,
        SendPhoto, SendPhotoSetters,
    },
    types::{
        CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InputMedia, InputMediaPhoto,
        MessageId, ThreadId,
    },
};
use tokio::time::{sleep, timeout_at};

use super::{
    api::{Api, uploaded_photo},
    fault::Fault,
};
use crate::{
    chat::{
        message::{Button, Content, Message, Photo},
        place::Place,
    },
    clock,
    metrics::Metrics,
};

/// Telegram accepts the answer to a press for about so long.
const PRESS: Duration = Duration::from_secs(15);

/// For a notice, with all attempts.
const NOTICE: Duration = Duration::from_secs(60);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Delivery {
    /// It is in the chat, as the message with this id; absent if the answer did not hold it.
    Arrived(Option<i32>),
    /// It certainly did not arrive.
    Failed(Fault),
    /// It may have arrived, or not.
    Unknown(Fault),
}

/// Sends for the bot.
#[derive(Clone)]
pub struct Outbox {
    api: Api,
    metrics: Metrics,
}

impl Outbox {
    /// Sends through `api`.
    #[must_use]
    pub fn new(api: Api, metrics: Metrics) -> Self {
        Self { api, metrics }
    }

    /// Sends a new message to `place`, with attempts until `deadline`.
    pub async fn send(&self, place: Place, message: &Message, deadline: Instant) -> Delivery {
        let (chat, topic) = (ChatId(place.chat), place.topic.map(|id| ThreadId(MessageId(id))));
        let keyboard = keyboard(&message.buttons);
        match &message.content {
            Content::Text(text) => {
                let mut request = SendMessage::new(chat, text);
                request.message_thread_id = topic;
                if let Some(keyboard) = keyboard {
                    request = request.reply_markup(keyboard);
                }
                self.persist(deadline, || self.api.act(&request)).await
            }
            Content::Photo(Photo { png, caption }) => {
                let mut request = SendPhoto::new(chat, uploaded_photo()).caption(caption);
                request.message_thread_id = topic;
                if let Some(keyboard) = keyboard {
                    request = request.reply_markup(keyboard);
                }
                self.persist(deadline, || self.api.upload(&request, png.clone())).await
            }
        }
    }

    /// Sends a message that nobody asked for. Whether it arrived, or never can: if not, it has to
    /// be sent again.
    pub async fn notify(&self, place: Place, message: &Message) -> bool {
        match self.send(place, message, clock::now() + NOTICE).await {
            Delivery::Arrived(_) => true,
            Delivery::Failed(fault) if !fault.is_worth_another_try() => {
                tracing::warn!(chat = %place, %fault, "a notice cannot be sent");
                true
            }
            Delivery::Failed(_) | Delivery::Unknown(_) => false,
        }
    }

    /// Puts a photo with `buttons` into the place of the message `id` in `chat`, with attempts
    /// until `deadline`. An edit that would change nothing has arrived.
    pub async fn edit(
        &self,
        chat: i64,
        id: i32,
        photo: &Photo,
        buttons: &[Vec<Button>],
        deadline: Instant,
    ) -> Delivery {
        let media = InputMedia::Photo(InputMediaPhoto::new(uploaded_photo()).caption(&photo.caption));
        let mut request = EditMessageMedia::new(ChatId(chat), MessageId(id), media);
        if let Some(keyboard) = keyboard(buttons) {
            request = request.reply_markup(keyboard);
        }
        let edited = self.persist(deadline, || self.api.upload(&request, photo.png.clone()));
        match edited.await {
            Delivery::Failed(Fault::Unchanged) => Delivery::Arrived(Some(id)),
            edited => edited,
        }
    }

    /// Confirms to Telegram that a press was received: until then the app shows a progress bar
    /// on the button. A failure is only counted, since the press is handled all the same.
    pub async fn answer(&self, query: String) {
        let request = AnswerCallbackQuery::new(CallbackQueryId(query));
        let deadline = clock::now() + PRESS;
        if let Ok(Err(fault)) = timeout_at(deadline.into(), self.api.ask(&request)).await {
            self.count(&fault);
        }
    }

    async fn persist<F>(&self, deadline: Instant, attempt: impl Fn() -> F) -> Delivery
    where
        F: Future<Output = Result<Value, Fault>>,
    {
        let mut failures = 0;
        loop {
            let fault = match timeout_at(deadline.into(), attempt()).await {
                Ok(Ok(sent)) => return Delivery::Arrived(message_id(&sent)),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Unanswered(Failure::Timeout),
            };
            self.count(&fault);
            if fault.may_have_arrived() {
                return Delivery::Unknown(fault);
            }
            let pause = fault.pause(failures);
            let left = deadline.saturating_duration_since(clock::now());
            if !fault.is_worth_another_try() || pause >= left {
                return Delivery::Failed(fault);
            }
            sleep(pause).await;
            failures += 1;
        }
    }

    fn count(&self, fault: &Fault) {
        if let Some(kind) = fault.kind() {
            self.metrics.telegram_error(kind);
        }
    }
}

fn message_id(sent: &Value) -> Option<i32> {
    sent["message_id"].as_i64().and_then(|id| i32::try_from(id).ok())
}

fn keyboard(rows: &[Vec<Button>]) -> Option<InlineKeyboardMarkup> {
    let button = |button: &Button| InlineKeyboardButton::callback(&button.text, &button.data);
    (!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows.iter().map(|row| row.iter().map(button))))
}
