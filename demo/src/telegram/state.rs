//! All that the stand-in knows, in one plain struct whose parts have the shape
//! of the Bot API's objects (<https://core.telegram.org/bots/api#available-types>).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entities::Entity;
use super::trouble::Trouble;

/// Calls remembered; older ones are forgotten.
const CALLS_KEPT: usize = 2_000;

/// A person or a bot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// Unique, positive.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// Never empty.
    pub first_name: String,
    /// Without the `@`; not everybody has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// IETF tag of the language of the user's app; not always told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
}

impl User {
    /// A person who has a first name and nothing else.
    pub fn new(id: i64, first_name: &str) -> Self {
        User { id, is_bot: false, first_name: first_name.into(), username: None, language_code: None }
    }

    /// The same user with a name to be mentioned by.
    pub fn named(mut self, username: &str) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The same user with an app in this language.
    pub fn speaking(mut self, language_code: &str) -> Self {
        self.language_code = Some(language_code.into());
        self
    }

    /// The same user, but a bot.
    pub fn bot(mut self) -> Self {
        self.is_bot = true;
        self
    }
}

/// A private chat, a group, a supergroup or a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chat {
    /// The user's id in a private chat, negative in all others.
    pub id: i64,
    /// `private`, `group`, `supergroup` or `channel`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Of all but private chats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Of private chats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The other side's username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Chat {
    /// The private chat of a user with the bot.
    pub fn private(user: &User) -> Self {
        Chat {
            id: user.id,
            kind: "private",
            title: None,
            first_name: Some(user.first_name.clone()),
            username: user.username.clone(),
        }
    }

    /// A group; `id` is negative.
    pub fn group(id: i64, title: &str) -> Self {
        Self::shared("group", id, title)
    }

    /// A channel; `id` is negative.
    pub fn channel(id: i64, title: &str) -> Self {
        Self::shared("channel", id, title)
    }

    fn shared(kind: &'static str, id: i64, title: &str) -> Self {
        Chat { id, kind, title: Some(title.into()), first_name: None, username: None }
    }
}

/// One size of a photo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhotoSize {
    /// Key of the picture in [`State::photos`].
    pub file_id: String,
    /// The same for the same picture.
    pub file_unique_id: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes.
    pub file_size: usize,
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// What the bot is told when it is pressed, 1 to 64 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// What opens when it is pressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The buttons under a message, in rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyboard {
    /// Rows from the top.
    pub inline_keyboard: Vec<Vec<Button>>,
}

/// A message, from whomever.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Unique in the whole stand-in.
    pub message_id: i64,
    /// The topic it is in; absent outside topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<i64>,
    /// True in topics, else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_topic_message: Option<bool>,
    /// Who wrote it.
    pub from: User,
    /// Where.
    pub chat: Chat,
    /// Unix time in seconds.
    pub date: i64,
    /// Unix time in seconds of the last edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_date: Option<i64>,
    /// The text after its marks were taken out; absent in photos.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What was marked in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// Sizes from small to large; empty in texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photo: Vec<PhotoSize>,
    /// Text under the photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// What was marked in the caption.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caption_entities: Vec<Entity>,
    /// Buttons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<Keyboard>,
}

impl Message {
    /// The same in a topic, or in none.
    pub(super) fn in_topic(self, topic: Option<i64>) -> Self {
        Message { message_thread_id: topic, is_topic_message: topic.map(|_| true), ..self }
    }
}

/// A chat with all its messages, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct Conversation {
    /// Where.
    pub chat: Chat,
    /// What was said; deleted messages are gone.
    pub messages: Vec<Message>,
}

/// A button that was pressed.
#[derive(Clone, Debug, Serialize)]
pub struct Press {
    /// The `callback_query.id`.
    pub id: String,
    /// Who pressed.
    pub from: User,
    /// Under which message.
    pub message_id: i64,
    /// The button's data.
    pub data: String,
    /// The text of the bot's answer (empty where it gave none); absent until it answered.
    pub answer: Option<String>,
}

/// A command of the bot's menu.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotCommand {
    /// Without the leading slash.
    pub command: String,
    /// What it does.
    pub description: String,
}

/// A call of the bot and how it went.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// The method as the Bot API writes it.
    pub method: String,
    /// Its parameters; a file is told by its size.
    pub params: Value,
    /// Unix time in seconds.
    pub at: f64,
    /// What was refused, or nothing.
    pub error: Option<String>,
}

/// Everything the stand-in knows.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// The bot itself.
    pub bot: User,
    /// Every chat the bot may write to, by id.
    pub chats: BTreeMap<i64, Conversation>,
    /// Every press of a button, oldest first.
    pub presses: Vec<Press>,
    /// The command menus, by scope (as JSON) and language code (empty: all).
    #[serde(skip)]
    pub commands: BTreeMap<(String, String), Vec<BotCommand>>,
    /// The bot's calls, oldest first.
    pub calls: Vec<Call>,
    /// What is wrong with every method.
    pub trouble: Trouble,
    /// What is wrong with single methods, by their name in lower case.
    pub trouble_with: BTreeMap<String, Trouble>,
    /// The pictures by their file id, as they were uploaded.
    #[serde(skip)]
    pub photos: BTreeMap<String, Bytes>,
    #[serde(skip)]
    pub(super) updates: VecDeque<(i64, Value)>,
    /// Kinds of updates that the bot wants; empty: all.
    #[serde(skip)]
    pub(super) allowed_updates: Vec<String>,
    /// How many long polls were begun; an older one is ended by a newer.
    #[serde(skip)]
    pub(super) polls: u64,
    next_message: i64,
    next_update: i64,
}

impl State {
    pub(super) fn new() -> Self {
        State {
            bot: User::new(7_000_000_001, "headlag").named("headlag_bot").bot(),
            chats: BTreeMap::new(),
            presses: Vec::new(),
            commands: BTreeMap::new(),
            calls: Vec::new(),
            trouble: Trouble::Ok,
            trouble_with: BTreeMap::new(),
            photos: BTreeMap::new(),
            updates: VecDeque::new(),
            allowed_updates: Vec::new(),
            polls: 0,
            next_message: 1,
            next_update: 700_000_001,
        }
    }

    /// The messages of a chat, oldest first; none where nobody ever spoke.
    pub fn chat(&self, id: i64) -> &[Message] {
        self.chats.get(&id).map_or(&[], |conversation| &conversation.messages)
    }

    /// Whether a chat has this topic: it exists as long as there are messages in it.
    pub fn has_topic(&self, chat: i64, topic: i64) -> bool {
        self.chat(chat).iter().any(|message| message.message_thread_id == Some(topic))
    }

    /// What the bot wrote into a chat, oldest first.
    pub fn answers(&self, chat: i64) -> impl Iterator<Item = &Message> {
        self.chat(chat).iter().filter(|message| message.from == self.bot)
    }

    /// The bot's calls of one method, oldest first.
    pub fn calls_of(&self, method: &str) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.method == method)
    }

    /// Whether the bot has ever asked for updates.
    pub fn is_polled(&self) -> bool {
        self.polls > 0
    }

    /// Whether the bot has taken a message that was written to it. It confirms
    /// what it took with its next question for more.
    pub fn is_delivered(&self, message_id: i64) -> bool {
        !self.updates.iter().any(|(_, update)| update["message"]["message_id"] == message_id)
    }

    /// The menu that a user's app shows in the private chat with the bot: of the
    /// narrowest scope that has one, in the user's language where there is one.
    pub fn menu(&self, user: &User) -> &[BotCommand] {
        let scopes = [
            json!({"type": "chat", "chat_id": user.id}),
            json!({"type": "all_private_chats"}),
            json!({"type": "default"}),
        ];
        let language = user.language_code.as_deref().unwrap_or_default();
        let of = |scope: &Value, language: &str| self.commands.get(&(scope.to_string(), language.to_owned()));
        let found = scopes.iter().find_map(|scope| of(scope, language).or_else(|| of(scope, "")));
        found.map_or(&[], Vec::as_slice)
    }

    /// Lets the bot write to a chat.
    pub(super) fn meet(&mut self, chat: &Chat) -> &mut Vec<Message> {
        let conversation = self
            .chats
            .entry(chat.id)
            .or_insert_with(|| Conversation { chat: chat.clone(), messages: Vec::new() });
        &mut conversation.messages
    }

    /// An empty message at the end of nothing yet: [`State::keep`] puts it into its chat.
    pub(super) fn draft(&mut self, from: User, chat: Chat, date: i64) -> Message {
        let message_id = self.next_message;
        self.next_message += 1;
        Message {
            message_id,
            message_thread_id: None,
            is_topic_message: None,
            from,
            chat,
            date,
            edit_date: None,
            text: None,
            entities: Vec::new(),
            photo: Vec::new(),
            caption: None,
            caption_entities: Vec::new(),
            reply_markup: None,
        }
    }

    pub(super) fn keep(&mut self, message: Message) {
        self.meet(&message.chat.clone()).push(message);
    }

    /// Queues an update for the bot, unless it does not want this kind.
    pub(super) fn tell_bot(&mut self, kind: &str, what: Value) {
        let wanted = &self.allowed_updates;
        if wanted.is_empty() || wanted.iter().any(|allowed| allowed == kind) {
            let id = self.next_update;
            self.next_update += 1;
            self.updates.push_back((id, json!({"update_id": id, kind: what})));
        }
    }

    pub(super) fn record(&mut self, call: Call) {
        if self.calls.len() == CALLS_KEPT {
            self.calls.remove(0);
        }
        self.calls.push(call);
    }
}
