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
        AnswerCallbackQuery, EditMessageMedia, EditMessageMediaSetters, EditMessageReplyMarkup,
        EditMessageText, EditMessageTextSetters, SendChatAction, SendMessage, SendMessageSetters, SendPhoto,
        SendPhotoSetters,
    },
    types::{
        CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InputMedia,
        InputMediaPhoto, LinkPreviewOptions, MessageId, ReplyParameters, ThreadId,
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

    /// Sends a new message to `place`, with attempts until `deadline`: as a reply to the message
    /// `to`, or as one of its own where there is none, or no longer.
    pub async fn send(
        &self,
        place: Place,
        to: Option<i32>,
        message: &Message,
        deadline: Instant,
    ) -> Delivery {
        let (chat, topic) = (ChatId(place.chat), place.topic.map(|id| ThreadId(MessageId(id))));
        let reply = to.map(|id| ReplyParameters::new(MessageId(id)).allow_sending_without_reply());
        let keyboard = keyboard(&message.buttons);
        match &message.content {
            Content::Text(text) => {
                let mut request = SendMessage::new(chat, text).link_preview_options(NO_PREVIEW);
                request.message_thread_id = topic;
                request.reply_parameters = reply;
                if let Some(keyboard) = keyboard {
                    request = request.reply_markup(keyboard);
                }
                self.persist(deadline, || self.api.act(&request)).await
            }
            Content::Photo(Photo { png, caption }) => {
                let mut request = SendPhoto::new(chat, uploaded_photo()).caption(caption);
                request.message_thread_id = topic;
                request.reply_parameters = reply;
                if let Some(keyboard) = keyboard {
                    request = request.reply_markup(keyboard);
                }
                self.persist(deadline, || self.api.upload(&request, png.clone())).await
            }
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
        arrived_unchanged(edited.await, id)
    }

    /// Puts `text` into the place of the text of the message `id` in `chat`, with attempts until
    /// `deadline`; it has no buttons any more. An edit that would change nothing has arrived.
    pub async fn edit_text(&self, chat: i64, id: i32, text: &str, deadline: Instant) -> Delivery {
        let request = EditMessageText::new(ChatId(chat), MessageId(id), text);
        let request = request.link_preview_options(NO_PREVIEW);
        arrived_unchanged(self.persist(deadline, || self.api.act(&request)).await, id)
    }

    /// Takes the buttons from the message `id` in `chat`, with attempts until `deadline`.
    pub async fn remove_buttons(&self, chat: i64, id: i32, deadline: Instant) -> Delivery {
        let request = EditMessageReplyMarkup::new(ChatId(chat), MessageId(id));
        arrived_unchanged(self.persist(deadline, || self.api.act(&request)).await, id)
    }

    /// Asks whether a message could be sent to this chat, without sending one, by showing that the
    /// bot types. Telegram describes a chat (`getChat`) also to a bot that may not write there.
    ///
    /// # Errors
    /// Why not, or why it is not known.
    pub async fn reaches(&self, chat: i64) -> Result<(), Fault> {
        let asked = self.api.ask(&SendChatAction::new(ChatId(chat), ChatAction::Typing)).await;
        asked.map(drop).inspect_err(|fault| self.count(fault))
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

/// The bot's links lead to pages that explain; a preview of them would push the text out of sight.
const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

fn arrived_unchanged(edited: Delivery, id: i32) -> Delivery {
    match edited {
        Delivery::Failed(Fault::Unchanged) => Delivery::Arrived(Some(id)),
        edited => edited,
    }
}

fn message_id(sent: &Value) -> Option<i32> {
    sent["message_id"].as_i64().and_then(|id| i32::try_from(id).ok())
}

fn keyboard(rows: &[Vec<Button>]) -> Option<InlineKeyboardMarkup> {
    let button = |button: &Button| InlineKeyboardButton::callback(&button.text, &button.data);
    (!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows.iter().map(|row| row.iter().map(button))))
}
