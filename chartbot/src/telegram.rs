//! The way in and out: long polling of the Telegram Bot API, and sending the replies.
//! The only user of teloxide.
//!
//! Source: <https://core.telegram.org/bots/api>. Polling is a plain loop around
//! `getUpdates` rather than teloxide's stream of updates: a stream shows no empty answer,
//! and so neither the end of an outage nor that a rejected token was accepted again.
//!
//! A command is answered at most once: what was received is confirmed by the next
//! `getUpdates`, whatever becomes of the answer, and a reply is sent again only when it
//! surely did not arrive.

mod outage;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use headlag_service::outbound;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use teloxide::{
    Bot,
    payloads::{GetUpdatesSetters, SendPhotoSetters},
    requests::Requester,
    types::{AllowedUpdate, BotCommand, ChatId, InputFile, Update, UpdateKind},
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

pub use self::outage::Ended;
use self::outage::{Fault, Outage, backoff};
use crate::{
    access::{Incoming, Sender},
    command::Command,
    conversation::{Conversation, Reply},
    http::Readiness,
    metrics::Metrics,
    text::Words,
};

/// How long Telegram holds `getUpdates` open when there is nothing to tell.
const POLL: u32 = 30;
/// For any request; longer than a poll.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// How many answers are worked on at the same time; more wait for their turn.
const ANSWERS: usize = 16;
/// From receiving a command to having sent its answer; it is dropped then.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
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
    /// The bot that owns `token`, at the server `api_url`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(token: &SecretString, api_url: Url, metrics: Metrics) -> reqwest::Result<Self> {
        let client = outbound::client(REQUEST_TIMEOUT).build()?;
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
        words: &Words,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Ended> {
        let mut answers = JoinSet::new();
        let mut offset = None;
        tokio::select! {
            ended = self.poll(Arc::new(conversation), ready, words, &mut answers, &mut offset) => {
                return Err(ended);
            }
            () = stop => {}
        }
        let confirmed = async {
            if let Some(offset) = offset {
                // What was taken is not to be answered again after a restart.
                let request = self.bot.get_updates().offset(offset).limit(1).timeout(0);
                let _ = request.await;
            }
        };
        let drained = async { while answers.join_next().await.is_some() {} };
        let _ = timeout(DRAIN, async { tokio::join!(confirmed, drained) }).await;
        Ok(())
    }

    /// Receives for ever; gives back why it cannot. `offset` is what has to be confirmed.
    async fn poll(
        &self,
        conversation: Arc<Conversation>,
        ready: Readiness,
        words: &Words,
        answers: &mut JoinSet<()>,
        offset: &mut Option<i32>,
    ) -> Ended {
        let mut outage = Outage::new(self.metrics.clone());
        let us = match self.introduce(words, &mut outage).await {
            Ok(us) => Arc::new(us),
            Err(ended) => return ended,
        };
        ready.reached();
        tracing::info!(bot = %us, "Telegram knows the bot; it answers now");
        let places = Arc::new(Semaphore::new(ANSWERS));
        let mut was_away = true;
        loop {
            let mut request = self.bot.get_updates().timeout(POLL);
            request = request.allowed_updates([AllowedUpdate::Message]);
            if let Some(offset) = *offset {
                request = request.offset(offset);
            }
            let updates = match request.await {
                Ok(updates) => updates,
                Err(error) => {
                    was_away = true;
                    match outage.failed(&Fault::from(error)) {
                        Ok(pause) => sleep(pause).await,
                        Err(ended) => return ended,
                    }
                    continue;
                }
            };
            outage.over();
            *offset = updates.last().map(|last| last.id.as_offset()).or(*offset);
            let more_waiting = updates.len() >= FULL_BATCH;
            let mut messages: Vec<_> = updates.into_iter().filter_map(incoming).collect();
            if was_away {
                messages = newest_of_each_chat(messages);
            }
            was_away &= more_waiting;
            while let Some(done) = answers.try_join_next() {
                if done.is_err() {
                    tracing::error!("an answer was given up because of a bug; please report it");
                }
            }
            for message in messages {
                let (telegram, conversation) = (self.clone(), conversation.clone());
                let (places, us) = (places.clone(), us.clone());
                answers.spawn(async move {
                    let deadline = Instant::now() + ANSWER_DEADLINE;
                    let answer = async {
                        let _place = places.acquire().await;
                        if let Some(reply) = conversation.answer(&message, &us).await {
                            telegram.send(message.chat, &reply).await;
                        }
                    };
                    if timeout_at(deadline, answer).await.is_err() {
                        tracing::warn!(chat = message.chat, "an answer took too long and was dropped");
                    }
                });
            }
        }
    }

    /// Asks who we are and registers the commands; tries again while Telegram is away.
    /// Gives back the bot's username.
    async fn introduce(&self, words: &Words, outage: &mut Outage) -> Result<String, Ended> {
        let me = loop {
            match self.bot.get_me().await {
                Ok(me) => break me,
                Err(error) => sleep(outage.failed(&Fault::from(error))?).await,
            }
        };
        let commands =
            words.commands.iter().map(|(name, what)| BotCommand::new(*name, *what)).collect::<Vec<_>>();
        loop {
            match self.bot.set_my_commands(commands.clone()).await.map_err(Fault::from) {
                Ok(_) => break,
                Err(Fault::Rejected(reason)) => {
                    // The commands work also where Telegram does not list them.
                    tracing::warn!(reason, "Telegram did not register the commands");
                    break;
                }
                Err(fault) => sleep(outage.failed(&fault)?).await,
            }
        }
        outage.over();
        Ok(me.user.username.unwrap_or_default())
    }

    /// Sends a reply; again only where Telegram surely did not take it.
    async fn send(&self, chat: i64, reply: &Reply) {
        for attempt in 0_u32.. {
            let Err(fault) = self.send_once(ChatId(chat), reply).await else {
                return;
            };
            self.metrics.telegram_error(fault.reason());
            match fault {
                Fault::TooMany(pause) => sleep(pause).await,
                Fault::NoConnection => sleep(backoff(attempt)).await,
                fault => {
                    tracing::warn!(chat, reason = fault.reason(), %fault, "an answer could not be sent");
                    return;
                }
            }
        }
    }

    async fn send_once(&self, chat: ChatId, reply: &Reply) -> Result<(), Fault> {
        match reply {
            Reply::Text(text) => self.bot.send_message(chat, text).await?,
            Reply::Photo { png, caption } => {
                let photo = InputFile::memory(png.clone()).file_name("headlag.png");
                self.bot.send_photo(chat, photo).caption(caption).await?
            }
        };
        Ok(())
    }
}

/// A message with text; anything else is not for us.
fn incoming(update: Update) -> Option<Incoming> {
    let UpdateKind::Message(message) = update.kind else {
        return None;
    };
    let sender = message.from.as_ref()?;
    Some(Incoming {
        chat: message.chat.id.0,
        private: message.chat.is_private(),
        sender: Sender { id: sender.id.0, username: sender.username.clone(), is_bot: sender.is_bot },
        text: message.text()?.to_owned(),
    })
}

/// Of what waited while the bot was away: each chat's newest command, or its newest
/// message where there is no command.
fn newest_of_each_chat(messages: Vec<Incoming>) -> Vec<Incoming> {
    let count = messages.len();
    let mut newest: BTreeMap<i64, Incoming> = BTreeMap::new();
    for message in messages {
        let kept = newest.get(&message.chat);
        let is_command = Command::is_meant(&message.text);
        if is_command || kept.is_none_or(|kept| !Command::is_meant(&kept.text)) {
            newest.insert(message.chat, message);
        }
    }
    let dropped = count - newest.len();
    if dropped > 0 {
        tracing::info!(dropped, "older messages that waited are not answered");
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests;
