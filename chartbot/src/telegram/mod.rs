//! The way in and out: long polling of the Telegram Bot API, and sending the replies.
//! The only user of teloxide.
//!
//! Source: <https://core.telegram.org/bots/api>. Polling is a plain loop around
//! `getUpdates` rather than teloxide's stream of updates: a stream shows no empty answer,
//! and so neither the end of an outage nor that a rejected token was accepted again.
//!
//! A command is answered at most once, even if the process is killed at any moment: what
//! was received is worked on once the next `getUpdates` has confirmed it, and a reply is
//! sent again only when it surely did not arrive.

mod desk;
mod incoming;
mod outage;
mod turns;

use std::{mem, sync::Arc, time::Duration};

use headlag_service::outbound::{self, Failure};
use jiff::Timestamp;
use reqwest::{Proxy, Url};
use secrecy::{ExposeSecret, SecretString};
use teloxide::{
    Bot,
    payloads::{EditMessageMediaSetters, GetUpdatesSetters, SendPhotoSetters, SetMyCommandsSetters},
    requests::{Request as _, Requester},
    types::{
        AllowedUpdate, BotCommand, CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup,
        InputFile, InputMedia, InputMediaPhoto, MessageId, Update,
    },
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

pub use self::outage::Ended;
use self::{
    desk::Desk,
    incoming::{newest_of_each_chat, request},
    outage::{Fault, Outage},
};
use crate::{
    chat::conversation::Conversation,
    chat::message::{Button, Photo, Reply},
    metrics::Metrics,
    web::Readiness,
    words::{ENGLISH, RUSSIAN},
};

/// How long Telegram holds `getUpdates` open when there is nothing to tell.
const POLL: u32 = 20;
/// How much later the answer to a poll may come. On a failure of the server teloxide takes
/// 10 s to tell of it.
const POLL_SLACK: Duration = Duration::from_secs(15);
/// For any request; longer than a poll.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// At most so many updates come at once; when they do, more are waiting.
const FULL_BATCH: usize = 100;
/// How long answers under way may take to end once the bot stops.
const DRAIN: Duration = Duration::from_millis(2_500);

/// The bot at its Bot API server.
#[derive(Clone)]
pub struct Telegram {
    bot: Bot,
    metrics: Metrics,
}

impl Telegram {
    /// The bot that owns `token`, at the server `api_url`, by way of a proxy if there is one.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        token: &SecretString,
        api_url: Url,
        proxy: Option<Proxy>,
        metrics: Metrics,
    ) -> reqwest::Result<Self> {
        metrics.telegram_errors_may_be(&outage::REASONS);
        let client = outbound::client(REQUEST_TIMEOUT);
        let client = match proxy {
            Some(proxy) => client.proxy(proxy),
            None => client,
        };
        let client = client.build()?;
        let bot = Bot::with_client(token.expose_secret(), client).set_api_url(api_url);
        Ok(Self { bot, metrics })
    }

    /// Introduces the bot, then answers messages until `stop` is ready.
    ///
    /// # Errors
    /// When Telegram rejects the token again and again. That it is away is no error.
    pub async fn run(
        self,
        conversation: Conversation,
        ready: Readiness,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Ended> {
        let mut answers = JoinSet::new();
        tokio::select! {
            ended = self.poll(conversation, ready, &mut answers) => return Err(ended),
            () = stop => {}
        }
        let drained = async { while answers.join_next().await.is_some() {} };
        let _ = timeout(DRAIN, drained).await;
        Ok(())
    }

    /// Receives for ever; gives back why it cannot.
    async fn poll(&self, conversation: Conversation, ready: Readiness, answers: &mut JoinSet<()>) -> Ended {
        let mut outage = Outage::new(self.metrics.clone());
        let us = match self.introduce(&mut outage).await {
            Ok(us) => us,
            Err(ended) => return ended,
        };
        ready.reached(Instant::now());
        tracing::info!(bot = %us, "Telegram knows the bot; it answers now");
        let desk = Arc::new(Desk::new(self.clone(), conversation, us));
        let mut offset = None;
        // Received and not confirmed yet: after a crash Telegram would tell it again.
        let mut taken: Vec<incoming::Request> = Vec::new();
        // Of what came while Telegram or the bot was away, each chat's newest.
        let mut waited = Vec::new();
        let mut was_away = true;
        loop {
            // A short one confirms what was taken, or tells that Telegram is back and what
            // waited. Not so after a conflict, whose end only a whole poll can show.
            let short = (was_away || !taken.is_empty()) && !outage.is_a_conflict();
            let updates = match self.updates(offset, if short { 0 } else { POLL }).await {
                Ok(updates) => updates,
                Err(fault) => {
                    was_away = true;
                    match outage.failed(&fault) {
                        Ok(pause) => sleep(pause).await,
                        Err(ended) => return ended,
                    }
                    continue;
                }
            };
            outage.over();
            ready.reached(Instant::now());
            self.metrics.polled(Timestamp::now());
            offset = updates.last().map(|last| last.id.as_offset()).or(offset);
            let more_waiting = updates.len() >= FULL_BATCH;
            let received: Vec<_> = updates.into_iter().filter_map(request).collect();
            if was_away {
                waited.extend(received);
                waited = newest_of_each_chat(waited);
                was_away = more_waiting;
                if !was_away {
                    taken.retain(|older| waited.iter().all(|it| it.incoming.chat != older.incoming.chat));
                    taken.append(&mut waited);
                }
                continue;
            }
            while let Some(done) = answers.try_join_next() {
                if done.is_err() {
                    tracing::error!("a task was given up because of a bug; please report it");
                }
            }
            for request in mem::replace(&mut taken, received) {
                desk.receive(request, answers);
            }
        }
    }

    /// What was sent to the bot since `offset`; waits so many seconds for it. All before
    /// `offset` is confirmed: Telegram never tells it again.
    async fn updates(&self, offset: Option<i32>, wait: u32) -> Result<Vec<Update>, Fault> {
        let mut poll = self.bot.get_updates().timeout(wait);
        poll = poll.allowed_updates([AllowedUpdate::Message, AllowedUpdate::CallbackQuery]);
        if let Some(offset) = offset {
            poll = poll.offset(offset);
        }
        match timeout(Duration::from_secs(wait.into()) + POLL_SLACK, poll.send()).await {
            Ok(answered) => Ok(answered?),
            Err(_) => Err(Fault::Unanswered(Failure::Timeout)),
        }
    }

    /// Asks who we are and registers the commands; tries again while Telegram is away.
    /// Gives back the bot's username.
    async fn introduce(&self, outage: &mut Outage) -> Result<String, Ended> {
        let me = loop {
            match self.bot.get_me().await {
                Ok(me) => break me,
                Err(error) => sleep(outage.failed(&Fault::from(error))?).await,
            }
        };
        self.register(ENGLISH.commands, None, outage).await?;
        self.register(RUSSIAN.commands, Some("ru"), outage).await?;
        outage.over();
        Ok(me.user.username.unwrap_or_default())
    }

    /// Registers the commands for one language, or for all others.
    async fn register(
        &self,
        commands: &[(&str, &str)],
        language: Option<&str>,
        outage: &mut Outage,
    ) -> Result<(), Ended> {
        let commands: Vec<_> = commands.iter().map(|(name, what)| BotCommand::new(*name, *what)).collect();
        loop {
            let mut request = self.bot.set_my_commands(commands.clone());
            if let Some(language) = language {
                request = request.language_code(language);
            }
            match request.await.map_err(Fault::from) {
                Ok(_) => return Ok(()),
                Err(Fault::Rejected(reason)) => {
                    // The commands work also where Telegram does not list them.
                    tracing::warn!(reason, "Telegram did not register the commands");
                    return Ok(());
                }
                Err(fault) => sleep(outage.failed(&fault)?).await,
            }
        }
    }

    async fn send_once(&self, chat: i64, reply: &Reply) -> Result<(), Fault> {
        match reply {
            Reply::Text(text) => self.bot.send_message(ChatId(chat), text).await?,
            Reply::Photo(photo) => {
                let request = self.bot.send_photo(ChatId(chat), file(photo)).caption(&photo.caption);
                request.reply_markup(keyboard(photo)).await?
            }
        };
        Ok(())
    }

    async fn edit_once(&self, chat: i64, message: i32, photo: &Photo) -> Result<(), Fault> {
        let media = InputMedia::Photo(InputMediaPhoto::new(file(photo)).caption(&photo.caption));
        let request = self.bot.edit_message_media(ChatId(chat), MessageId(message), media);
        request.reply_markup(keyboard(photo)).await?;
        Ok(())
    }

    async fn answer_once(&self, query: String) -> Result<(), Fault> {
        self.bot.answer_callback_query(CallbackQueryId(query)).await?;
        Ok(())
    }
}

fn file(photo: &Photo) -> InputFile {
    InputFile::memory(photo.png.clone()).file_name("headlag.png")
}

fn keyboard(photo: &Photo) -> InlineKeyboardMarkup {
    let button = |button: &Button| InlineKeyboardButton::callback(&button.text, &button.data);
    InlineKeyboardMarkup::new(photo.buttons.iter().map(|row| row.iter().map(button)))
}

#[cfg(test)]
mod tests;
