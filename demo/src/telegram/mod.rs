//! A stand-in for the Telegram Bot API over HTTP, for bots under test and for
//! people who want to see them at work. As strict as the real one, stricter on
//! unknown parameters, and able to be in [`Trouble`].
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use headlag_demo::telegram::{Telegram, User};
//! let telegram = Telegram::start("1:token").await?;
//! // … start a bot with telegram.url() and the token …
//! let ada = User::new(1, "Ada").speaking("en");
//! telegram.say(&ada, "/hour");
//! let answer = telegram.wait_for(|state| state.answers(ada.id).last().cloned()).await;
//! # Ok(()) }
//! ```

mod api;
pub mod entities;
mod messages;
mod methods;
mod params;
mod photo;
pub mod state;
mod trouble;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

pub use state::{Chat, Message, Press, State, User};
pub use trouble::Trouble;

use crate::server::Server;

/// The running stand-in; dropping it ends it.
#[derive(Debug)]
pub struct Telegram {
    server: Server,
    state: Arc<watch::Sender<State>>,
}

impl Telegram {
    /// Starts on a free port of 127.0.0.1 for the bot with this token.
    pub async fn start(token: &str) -> io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), token).await
    }

    /// Starts on `address` for the bot with this token.
    pub async fn start_on(address: SocketAddr, token: &str) -> io::Result<Self> {
        let state = Arc::new(watch::Sender::new(State::new()));
        let (shared, token) = (state.clone(), Arc::<str>::from(token));
        let handle = move |request| api::answer(shared.clone(), token.clone(), request);
        let server = Server::start(address, handle).await?;
        Ok(Telegram { server, state })
    }

    /// What a bot takes as the URL of the Bot API.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// From now on every method behaves like this.
    pub fn set_trouble(&self, trouble: Trouble) {
        self.state.send_modify(|state| state.trouble = trouble);
        self.server.set_open(trouble != Trouble::Gone);
    }

    /// From now on one method behaves like this, the others as before.
    pub fn set_trouble_with(&self, method: &str, trouble: Trouble) {
        let method = method.to_ascii_lowercase();
        self.state.send_modify(|state| {
            state.trouble_with.insert(method, trouble);
        });
    }

    /// Lets the bot write to a chat in which nothing was said yet.
    pub fn meet(&self, chat: &Chat) {
        self.state.send_modify(|state| {
            state.meet(chat);
        });
    }

    /// A user writes to the bot in private. Tells the message's id.
    pub fn say(&self, user: &User, text: &str) -> i64 {
        self.say_in(&Chat::private(user), user, text)
    }

    /// A user writes into any chat. Tells the message's id.
    pub fn say_in(&self, chat: &Chat, user: &User, text: &str) -> i64 {
        let mut message_id = 0;
        self.state.send_modify(|state| {
            let mut message = state.draft(user.clone(), chat.clone(), now());
            message.text = Some(text.to_owned());
            message.entities = entities::command(text).into_iter().collect();
            message_id = message.message_id;
            let kind = if chat.kind == "channel" { "channel_post" } else { "message" };
            state.tell_bot(kind, json!(message));
            state.keep(message);
        });
        message_id
    }

    /// A user presses a button under a message in private; the data need not be
    /// one the message offers now. Tells the id of the query, or nothing where
    /// there is no such message.
    pub fn press(&self, user: &User, message_id: i64, data: &str) -> Option<String> {
        self.press_in(user.id, user, message_id, data)
    }

    /// The same in any chat.
    pub fn press_in(&self, chat: i64, user: &User, message_id: i64, data: &str) -> Option<String> {
        let mut query = None;
        self.state.send_modify(|state| {
            let found = state.chat(chat).iter().find(|message| message.message_id == message_id);
            let Some(message) = found.cloned() else {
                return;
            };
            let id = (state.presses.len() + 1).to_string();
            state.tell_bot(
                "callback_query",
                json!({
                    "id": id,
                    "from": user,
                    "message": message,
                    "chat_instance": chat.to_string(),
                    "data": data,
                }),
            );
            state.presses.push(Press {
                id: id.clone(),
                from: user.clone(),
                message_id,
                data: data.to_owned(),
                answer: None,
            });
            query = Some(id);
        });
        query
    }

    /// A user deletes a message for both sides.
    pub fn delete(&self, chat: i64, message_id: i64) {
        self.state.send_modify(|state| {
            if let Some(conversation) = state.chats.get_mut(&chat) {
                conversation.messages.retain(|message| message.message_id != message_id);
            }
        });
    }

    /// The messages of a chat so far, oldest first.
    pub fn chat(&self, id: i64) -> Vec<Message> {
        self.state.borrow().chat(id).to_vec()
    }

    /// The picture of a message as the bot uploaded it; nothing for texts.
    pub fn photo(&self, message: &Message) -> Option<Bytes> {
        let largest = message.photo.last()?;
        self.state.borrow().photos.get(&largest.file_id).cloned()
    }

    /// Everything so far.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until `look` finds something, looking now and after every change.
    /// It waits for ever: put a deadline around it.
    pub async fn wait_for<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut changes = self.state.subscribe();
        loop {
            if let Some(found) = look(&changes.borrow_and_update()) {
                return found;
            }
            // The sender lives in self, so this cannot fail.
            let _ = changes.changed().await;
        }
    }
}

/// Unix time in seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
