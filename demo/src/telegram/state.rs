//! All that the stand-in knows, in one plain struct.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::access::Standing;
use super::objects::{BotCommand, Chat, Message, User};
use super::trouble::Trouble;

/// Calls remembered; older ones are forgotten.
const CALLS_KEPT: usize = 2_000;

/// A chat with all its messages, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct Conversation {
    /// Where.
    pub chat: Chat,
    /// How the bot stands there.
    pub standing: Standing,
    /// What was said; deleted messages are gone.
    pub messages: Vec<Message>,
    /// Its topics: whether each is closed. The general topic is one of a forum.
    #[serde(skip)]
    pub(super) topics: BTreeMap<i64, bool>,
}

impl Conversation {
    /// The general topic of a forum, which messages outside all other topics are in. It has no
    /// id in messages, and cannot be named in a request.
    pub(super) const GENERAL: i64 = 1;

    fn new(chat: Chat) -> Self {
        let topics = chat.is_forum.map(|_| (Self::GENERAL, false)).into_iter().collect();
        Conversation { chat, standing: Standing::Member, messages: Vec::new(), topics }
    }

    /// Whether it has this topic, which a request may name.
    pub(super) fn has_topic(&self, topic: i64) -> bool {
        topic != Self::GENERAL && self.topics.contains_key(&topic)
    }

    /// Whether nobody but administrators may write into a topic (absent: outside all topics).
    pub(super) fn is_closed(&self, topic: Option<i64>) -> bool {
        self.topics.get(&topic.unwrap_or(Self::GENERAL)).copied().unwrap_or(false)
    }

    /// The message with this id.
    pub fn message(&self, id: i64) -> Option<&Message> {
        self.messages.iter().find(|message| message.message_id == id)
    }
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

/// A call of the bot and how it went.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// The method as the Bot API writes it.
    pub method: String,
    /// Its parameters; of a file its size.
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
            // No topic but the general one has its id.
            next_message: Conversation::GENERAL + 1,
            next_update: 700_000_001,
        }
    }

    /// The messages of a chat, oldest first; none where nobody ever spoke.
    pub fn chat(&self, id: i64) -> &[Message] {
        self.chats.get(&id).map_or(&[], |conversation| &conversation.messages)
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
    pub(super) fn meet(&mut self, chat: &Chat) -> &mut Conversation {
        self.chats.entry(chat.id).or_insert_with(|| Conversation::new(chat.clone()))
    }

    /// An empty message at the end of nothing yet: [`State::keep`] puts it into its chat.
    pub(super) fn draft(&mut self, from: User, chat: Chat, date: i64) -> Message {
        let message_id = self.next_message;
        self.next_message += 1;
        Message::new(message_id, from, chat, date)
    }

    pub(super) fn keep(&mut self, message: Message) {
        self.meet(&message.chat.clone()).messages.push(message);
    }

    /// Queues an update for the bot, unless it does not want this kind.
    pub(super) fn queue_update(&mut self, kind: &str, what: Value) {
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
