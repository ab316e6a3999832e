//! What a message replies to (<https://core.telegram.org/bots/api#replyparameters>), and which
//! topic it therefore belongs to.

use serde::Deserialize;

use super::entities;
use super::objects::{Message, Quote};
use super::params::Params;
use super::state::Conversation;
use super::trouble::Refusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyParameters {
    message_id: i64,
    chat_id: Option<i64>,
    #[serde(default)]
    allow_sending_without_reply: bool,
    quote: Option<String>,
    quote_parse_mode: Option<String>,
    /// Known and ignored.
    #[serde(rename = "quote_position")]
    _position: Option<usize>,
}

/// Where a new message goes.
pub struct Place {
    /// What it replies to.
    reply: Option<Message>,
    quote: Option<Quote>,
    /// The topic that it is in.
    topic: Option<i64>,
}

impl Place {
    /// Reads it from a call. A reply without a topic goes into the topic of what it replies to.
    pub fn read(conversation: &Conversation, params: &Params) -> Result<Self, Refusal> {
        let mut reply = None;
        let mut quote = None;
        if let Some(wanted) = params.object::<ReplyParameters>("reply_parameters")? {
            reply = target(conversation, &wanted)?;
            quote = reply.as_ref().map(|to| quoted(to, &wanted)).transpose()?.flatten();
        }
        let named = params.number("message_thread_id")?.filter(|topic| *topic > 0);
        if named.is_some_and(|topic| !conversation.has_topic(topic)) {
            return Err(Refusal::bad_request("message thread not found"));
        }
        let of_reply = reply.as_ref().and_then(Message::topic);
        let topic = named.or(of_reply);
        if topic != of_reply {
            // The real API shows a reply across topics as `external_reply`, which nobody needs here.
            (reply, quote) = (None, None);
        }
        if conversation.is_closed(topic) {
            return Err(Refusal::bad_request("TOPIC_CLOSED"));
        }
        Ok(Place { reply, quote, topic })
    }

    /// Puts a new message there.
    pub fn hold(self, message: Message) -> Message {
        let mut message = message.in_topic(self.topic);
        if message.chat.kind == "supergroup" && self.topic.is_none() {
            // Outside topics every reply of a supergroup is in the thread of the first message.
            message.message_thread_id =
                self.reply.as_ref().map(|to| to.message_thread_id.unwrap_or(to.message_id));
        }
        message.quote = self.quote;
        message.reply_to_message =
            self.reply.map(|to| Box::new(Message { reply_to_message: None, quote: None, ..to }));
        message
    }
}

fn target(conversation: &Conversation, wanted: &ReplyParameters) -> Result<Option<Message>, Refusal> {
    if wanted.chat_id.is_some_and(|chat| chat != conversation.chat.id) {
        return Err(Refusal::bad_request("a reply across chats is not known here"));
    }
    let found = conversation.message(wanted.message_id).cloned();
    if found.is_none() && !wanted.allow_sending_without_reply {
        return Err(Refusal::bad_request("message to be replied not found"));
    }
    Ok(found)
}

fn quoted(to: &Message, wanted: &ReplyParameters) -> Result<Option<Quote>, Refusal> {
    let Some(quote) = wanted.quote.as_deref().filter(|quote| !quote.is_empty()) else {
        return Ok(None);
    };
    let (text, _) = entities::parse(quote, wanted.quote_parse_mode.as_deref())?;
    let before = to.words().split_once(&text).map(|(before, _)| before);
    let before = before.ok_or_else(|| Refusal::bad_request("QUOTE_TEXT_INVALID"))?;
    Ok(Some(Quote { text, position: before.encode_utf16().count(), is_manual: true }))
}
