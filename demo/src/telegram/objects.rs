//! The objects of the Bot API that the stand-in knows, each in the shape that a bot reads
//! (<https://core.telegram.org/bots/api#available-types>).

use serde::{Deserialize, Serialize};

use super::entities::Entity;

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
    /// IETF tag of the language of the user's app; not always known.
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
    /// True in supergroups with topics, else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_forum: Option<bool>,
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
            is_forum: None,
        }
    }

    /// A group; `id` is negative.
    pub fn group(id: i64, title: &str) -> Self {
        Self::shared("group", id, title)
    }

    /// A supergroup; `id` is negative and begins with 100.
    pub fn supergroup(id: i64, title: &str) -> Self {
        Self::shared("supergroup", id, title)
    }

    /// A supergroup with topics.
    pub fn forum(id: i64, title: &str) -> Self {
        Chat { is_forum: Some(true), ..Self::supergroup(id, title) }
    }

    /// A channel; `id` is negative.
    pub fn channel(id: i64, title: &str) -> Self {
        Self::shared("channel", id, title)
    }

    fn shared(kind: &'static str, id: i64, title: &str) -> Self {
        Chat { id, kind, title: Some(title.into()), first_name: None, username: None, is_forum: None }
    }
}

/// One size of a photo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhotoSize {
    /// Key of the picture in [`super::State::photos`].
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
    /// What the bot receives when it is pressed, 1 to 64 bytes.
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

/// How a link in a text is to be previewed
/// (<https://core.telegram.org/bots/api#linkpreviewoptions>).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkPreview {
    /// Whether there is to be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_disabled: Option<bool>,
    /// The link to preview instead of the first of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Taken and ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer_small_media: Option<bool>,
    /// Taken and ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer_large_media: Option<bool>,
    /// Taken and ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_above_text: Option<bool>,
}

/// The part of a message that a reply quotes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quote {
    /// The part itself.
    pub text: String,
    /// Where it begins in the message, in UTF-16 units.
    pub position: usize,
    /// Always true: chosen by the one who replies.
    pub is_manual: bool,
}

/// The service message that begins a topic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicCreated {
    /// The topic's name.
    pub name: String,
    /// RGB.
    pub icon_color: u32,
}

/// A message, from a person, a bot or the service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Unique in the whole stand-in.
    pub message_id: i64,
    /// The topic it is in; in a supergroup also the thread of a reply. Absent elsewhere.
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
    /// The message that it replies to, as it was then, without what that one replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_message: Option<Box<Message>>,
    /// The part of that message that it quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// The text after its marks were taken out; absent in photos.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What was marked in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// Of a text, as the sender set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_preview_options: Option<LinkPreview>,
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
    /// Of the service message that begins a topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forum_topic_created: Option<TopicCreated>,
    /// The supergroup that this group became; the last message of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrate_to_chat_id: Option<i64>,
    /// The group that became this supergroup; the first message of the supergroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrate_from_chat_id: Option<i64>,
}

impl Message {
    /// A message without content.
    pub(super) fn new(message_id: i64, from: User, chat: Chat, date: i64) -> Self {
        Message {
            message_id,
            message_thread_id: None,
            is_topic_message: None,
            from,
            chat,
            date,
            edit_date: None,
            reply_to_message: None,
            quote: None,
            text: None,
            entities: Vec::new(),
            link_preview_options: None,
            photo: Vec::new(),
            caption: None,
            caption_entities: Vec::new(),
            reply_markup: None,
            forum_topic_created: None,
            migrate_to_chat_id: None,
            migrate_from_chat_id: None,
        }
    }

    /// The same in a topic, or in none.
    pub(super) fn in_topic(self, topic: Option<i64>) -> Self {
        Message { message_thread_id: topic, is_topic_message: topic.map(|_| true), ..self }
    }

    /// The topic that it is in; the thread of a reply is none.
    pub fn topic(&self) -> Option<i64> {
        self.message_thread_id.filter(|_| self.is_topic_message == Some(true))
    }

    /// The text, or the caption of a photo.
    pub fn words(&self) -> &str {
        self.text.as_deref().or(self.caption.as_deref()).unwrap_or_default()
    }
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
