//! PURE: update -> what the bot has to answer.

use std::collections::BTreeMap;

use teloxide::types::{Chat, MessageKind, Update, UpdateKind, User};

use crate::{
    chat::access::{Incoming, Sender},
    chat::command::Command,
    words::Language,
};

/// A message, or a press on a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks where for what; the data of a button is a command like any other.
    pub incoming: Incoming,
    /// Absent when it is a message.
    pub press: Option<Press>,
}

/// What has to be answered, and edited, when a button was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The press itself.
    pub query: String,
    /// The message under which the button is.
    pub message: i32,
}

/// A message of somebody, or a press on one of our buttons; anything else is not for us.
/// Where a message has no words, such as a sticker or a photo, its text is empty.
#[must_use]
pub fn request(update: Update) -> Option<Request> {
    match update.kind {
        UpdateKind::Message(message) => {
            // The others tell of an event: somebody joined, a message was pinned.
            let (MessageKind::Common(_) | MessageKind::Dice(_)) = message.kind else { return None };
            let text = message.text().unwrap_or_default();
            let incoming = incoming(&message.chat, message.from.as_ref()?, text);
            Some(Request { incoming, press: None })
        }
        UpdateKind::CallbackQuery(query) => {
            let message = query.message.as_ref()?;
            let incoming = incoming(message.chat(), &query.from, query.data.as_deref()?);
            let press = Press { message: message.id().0, query: query.id.0 };
            Some(Request { incoming, press: Some(press) })
        }
        _ => None,
    }
}

fn incoming(chat: &Chat, from: &User, text: &str) -> Incoming {
    Incoming {
        chat: chat.id.0,
        private: chat.is_private(),
        sender: Sender {
            id: from.id.0,
            username: from.username.clone(),
            is_bot: from.is_bot,
            language: Language::of(from.language_code.as_deref()),
        },
        text: text.to_owned(),
    }
}

/// Of what waited while the bot was away: each chat's newest command or press, or its
/// newest message where there is neither.
#[must_use]
pub fn newest_of_each_chat(requests: Vec<Request>) -> Vec<Request> {
    let count = requests.len();
    let mut newest: BTreeMap<(i64, bool), Request> = BTreeMap::new();
    for request in requests {
        // A press changes an old message; it takes no answer away from what was typed.
        let chat = (request.incoming.chat, request.press.is_some());
        let is_command = |request: &Request| Command::is_meant(&request.incoming.text);
        if is_command(&request) || newest.get(&chat).is_none_or(|kept| !is_command(kept)) {
            newest.insert(chat, request);
        }
    }
    let dropped = count - newest.len();
    if dropped > 0 {
        tracing::info!(dropped, "older messages that waited are not answered");
    }
    newest.into_values().collect()
}
