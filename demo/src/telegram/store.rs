//! The stand-in without its door: what it knows, shared by the Bot API, the chat
//! page and the tests, and what users do with it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

use super::access::Standing;
use super::objects::{Chat, Message, TopicCreated, User};
use super::state::{Conversation, Press, State};
use super::trouble::Trouble;
use super::{entities, now};

/// Telegram's own blue for topics.
const ICON_COLOR: u32 = 7_322_096;

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
    /// A bot that nobody has written to yet.
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
            if let Some(topic) = topic {
                state.meet(chat).topics.entry(topic).or_insert(false);
            }
            let mut message = state.draft(user.clone(), chat.clone(), now()).in_topic(topic);
            message.text = Some(text.to_owned());
            message.entities = entities::command(text).into_iter().collect();
            message_id = message.message_id;
            let kind = if chat.kind == "channel" { "channel_post" } else { "message" };
            state.queue_update(kind, json!(message));
            state.keep(message);
        });
        message_id
    }

    /// A user presses a button under a message in private; the data need not be
    /// one the message offers now. Returns the id of the query, or nothing where
    /// there is no such message.
    pub fn press(&self, user: &User, message_id: i64, data: &str) -> Option<String> {
        self.press_in(user.id, user, message_id, data)
    }

    /// The same in any chat; every member of a group may press.
    pub fn press_in(&self, chat: i64, user: &User, message_id: i64, data: &str) -> Option<String> {
        let mut query = None;
        self.state.send_modify(|state| {
            let found = state.chats.get(&chat).and_then(|chat| chat.message(message_id));
            let Some(message) = found.cloned() else {
                return;
            };
            let id = (state.presses.len() + 1).to_string();
            state.queue_update(
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
        self.change(chat, |chat| chat.messages.retain(|message| message.message_id != message_id));
    }

    /// A message has been there for so many seconds longer.
    pub fn age(&self, chat: i64, message_id: i64, seconds: i64) {
        self.change(chat, |chat| {
            let aged = chat.messages.iter_mut().filter(|message| message.message_id == message_id);
            aged.for_each(|message| message.date -= seconds);
        });
    }

    /// From now on the bot stands in a chat like this: blocked, removed and so on.
    pub fn set_standing(&self, chat: i64, standing: Standing) {
        self.change(chat, |chat| chat.standing = standing);
    }

    /// A user opens a topic in a forum. Returns its id.
    pub fn open_topic(&self, chat: &Chat, user: &User, name: &str) -> i64 {
        let mut topic = 0;
        self.state.send_modify(|state| {
            let message = state.draft(user.clone(), chat.clone(), now());
            topic = message.message_id;
            let mut message = message.in_topic(Some(topic));
            message.forum_topic_created =
                Some(TopicCreated { name: name.to_owned(), icon_color: ICON_COLOR });
            state.meet(chat).topics.insert(topic, false);
            state.queue_update("message", json!(message));
            state.keep(message);
        });
        topic
    }

    /// An administrator closes a topic, or the general one where none is named: the bot, which
    /// is no administrator, may not write there any more.
    pub fn close_topic(&self, chat: i64, topic: Option<i64>) {
        self.change(chat, |chat| {
            chat.topics.insert(topic.unwrap_or(Conversation::GENERAL), true);
        });
    }

    /// A user deletes a topic with all its messages.
    pub fn delete_topic(&self, chat: i64, topic: i64) {
        self.change(chat, |chat| {
            chat.topics.remove(&topic);
            chat.messages.retain(|message| message.topic() != Some(topic));
        });
    }

    /// A group becomes a supergroup with another id, which is returned. What was said stays
    /// behind.
    pub fn upgrade(&self, group: &Chat, user: &User) -> i64 {
        let id = -1_000_000_000_000 + group.id;
        let supergroup = Chat::supergroup(id, group.title.as_deref().unwrap_or_default());
        self.state.send_modify(|state| {
            state.meet(group).standing = Standing::Upgraded(id);
            for (chat, to, from) in [(group, Some(id), None), (&supergroup, None, Some(group.id))] {
                let mut message = state.draft(user.clone(), chat.clone(), now());
                (message.migrate_to_chat_id, message.migrate_from_chat_id) = (to, from);
                state.queue_update("message", json!(message));
                state.keep(message);
            }
        });
        id
    }

    /// Changes a chat that the bot has met.
    fn change(&self, chat: i64, change: impl FnOnce(&mut Conversation)) {
        self.state.send_modify(|state| {
            if let Some(conversation) = state.chats.get_mut(&chat) {
                change(conversation);
            }
        });
    }

    /// A chat that the bot has met.
    pub fn met(&self, id: i64) -> Option<Chat> {
        self.state.borrow().chats.get(&id).map(|conversation| conversation.chat.clone())
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

    /// Looks at everything so far and notices the next change.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Everything so far.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until `look` finds something, looking now and after every change. It has no end of
    /// its own: put a deadline around it.
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
