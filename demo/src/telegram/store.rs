//! The stand-in without its door: what it knows, shared by the Bot API, the chat
//! page and the tests, and what users do with it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

use super::state::{Chat, Message, Press, State, User};
use super::trouble::Trouble;
use super::{entities, now};

/// A handle to the state; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) state: Arc<watch::Sender<State>>,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// A bot to whom nobody has spoken yet.
    pub fn new() -> Self {
        Store { state: Arc::new(watch::Sender::new(State::new())) }
    }

    /// The same as [`super::Telegram::set_trouble`], but the door stays as it is.
    pub fn set_trouble(&self, trouble: Trouble) {
        self.state.send_modify(|state| state.trouble = trouble);
    }

    /// What is wrong with every method.
    pub fn trouble(&self) -> Trouble {
        self.state.borrow().trouble
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

    /// A user writes to the bot in private. Returns the message's id.
    pub fn say(&self, user: &User, text: &str) -> i64 {
        self.say_in(&Chat::private(user), user, text)
    }

    /// A user writes into any chat. Returns the message's id.
    pub fn say_in(&self, chat: &Chat, user: &User, text: &str) -> i64 {
        self.write(chat, None, user, text)
    }

    /// A user writes into a topic of a chat, which begins with its first message. Returns the
    /// message's id.
    pub fn say_in_topic(&self, chat: &Chat, topic: i64, user: &User, text: &str) -> i64 {
        self.write(chat, Some(topic), user, text)
    }

    fn write(&self, chat: &Chat, topic: Option<i64>, user: &User, text: &str) -> i64 {
        let mut message_id = 0;
        self.state.send_modify(|state| {
            let mut message = state.draft(user.clone(), chat.clone(), now()).in_topic(topic);
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

    /// A user deletes a topic with all its messages.
    pub fn delete_topic(&self, chat: i64, topic: i64) {
        self.state.send_modify(|state| {
            if let Some(conversation) = state.chats.get_mut(&chat) {
                conversation.messages.retain(|message| message.message_thread_id != Some(topic));
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
        self.picture(&largest.file_id)
    }

    /// The picture with this file id as the bot uploaded it.
    pub fn picture(&self, file_id: &str) -> Option<Bytes> {
        self.state.borrow().photos.get(file_id).cloned()
    }

    /// Looks at everything so far and tells of the next change.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
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
