//! PURE: update -> what the bot has to answer.
//!
//! Only the parts that the bot needs are looked at, each by itself, so that a part which
//! Telegram adds next year, or which is not as documented, hides nothing else.
//!
//! Source: <https://core.telegram.org/bots/api#update>.

use serde_json::Value;

use crate::{
    chat::{
        access::{Incoming, Sender},
        command::Command,
        place::Place,
    },
    words::Language,
};

/// Parts of a message that only report an event, such as a pinned message, and need no answer
/// (<https://core.telegram.org/bots/api#message>).
const EVENTS: [&str; 45] = [
    "boost_added",
    "channel_chat_created",
    "chat_background_set",
    "chat_shared",
    "checklist_tasks_added",
    "checklist_tasks_done",
    "connected_website",
    "delete_chat_photo",
    "direct_message_price_changed",
    "forum_topic_closed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "gift",
    "gift_upgrade_sent",
    "giveaway_completed",
    "giveaway_created",
    "group_chat_created",
    "left_chat_member",
    "message_auto_delete_timer_changed",
    "migrate_from_chat_id",
    "migrate_to_chat_id",
    "new_chat_members",
    "new_chat_photo",
    "new_chat_title",
    "paid_message_price_changed",
    "passport_data",
    "pinned_message",
    "proximity_alert_triggered",
    "refunded_payment",
    "successful_payment",
    "suggested_post_approval_failed",
    "suggested_post_approved",
    "suggested_post_declined",
    "suggested_post_paid",
    "suggested_post_refunded",
    "supergroup_chat_created",
    "unique_gift",
    "users_shared",
    "video_chat_ended",
    "video_chat_scheduled",
    "video_chat_started",
    "write_access_allowed",
];

/// What an update is to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Something to answer.
    Request(Request),
    /// Nothing that needs an answer.
    Other,
    /// A message or a press of which chat, sender or text cannot be read.
    Unreadable,
}

/// A message, or a press on a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks for what, and where; the data of a button is a command like any other.
    pub incoming: Incoming,
    /// Absent for a message.
    pub press: Option<Press>,
}

impl Request {
    /// Whether it is a message with a command, known or not.
    #[must_use]
    pub fn is_command(&self) -> bool {
        self.press.is_none() && Command::is_meant(&self.incoming.text)
    }
}

/// What has to be answered, and edited, when a button was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The id of the press itself.
    pub query: String,
    /// The message that has the button.
    pub message: i32,
    /// The text of that message, or its caption; empty where it has none.
    pub text: String,
}

/// The `update_id`; absent if it cannot be read.
#[must_use]
pub fn id(update: &Value) -> Option<i32> {
    number(&update["update_id"])
}

/// Reads an update. A message without text, such as a sticker or a photo, has an empty text.
#[must_use]
pub fn read(update: &Value) -> Update {
    let (message, query) = (&update["message"], &update["callback_query"]);
    let request = if !message.is_null() {
        if EVENTS.iter().any(|event| !message[event].is_null()) {
            return Update::Other;
        }
        written(message)
    } else if !query.is_null() {
        // A game, or a button of an inline message; the bot has neither.
        if query["data"].is_null() || query["message"].is_null() {
            return Update::Other;
        }
        pressed(query)
    } else if update.is_object() {
        return Update::Other;
    } else {
        None
    };
    request.map_or(Update::Unreadable, Update::Request)
}

fn written(message: &Value) -> Option<Request> {
    let text = match &message["text"] {
        Value::Null => "",
        text => text.as_str()?,
    };
    Some(Request { incoming: incoming(message, &message["from"], text)?, press: None })
}

fn pressed(query: &Value) -> Option<Request> {
    let message = &query["message"];
    let text = message["text"].as_str().or_else(|| message["caption"].as_str()).unwrap_or_default();
    let press = Press {
        query: query["id"].as_str()?.to_owned(),
        message: number(&message["message_id"])?,
        text: text.to_owned(),
    };
    let incoming = incoming(message, &query["from"], query["data"].as_str()?)?;
    Some(Request { incoming, press: Some(press) })
}

fn incoming(message: &Value, from: &Value, text: &str) -> Option<Incoming> {
    let chat = &message["chat"];
    let private = chat["type"] == "private";
    // In a group without topics it is the thread of a reply, to which nothing can be sent.
    let is_topic = private || message["is_topic_message"] == true;
    let topic = number(&message["message_thread_id"]).filter(|_| is_topic);
    Some(Incoming {
        place: Place { chat: chat["id"].as_i64()?, topic },
        private,
        sender: Sender {
            id: from["id"].as_u64()?,
            username: from["username"].as_str().map(str::to_owned),
            is_bot: from["is_bot"].as_bool().unwrap_or_default(),
            language: Language::of(from["language_code"].as_str()),
        },
        text: text.to_owned(),
    })
}

fn number(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|number| i32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(parts: Value) -> Value {
        let mut message = json!({
            "message_id": 3, "date": 0,
            "from": {"id": 7, "is_bot": false, "first_name": "A", "username": "ada"},
            "chat": {"id": 7, "type": "private", "first_name": "A"},
        });
        if let (Value::Object(message), Value::Object(parts)) = (&mut message, parts) {
            message.extend(parts);
        }
        json!({"update_id": 1, "message": message})
    }

    #[test]
    fn one_part_that_cannot_be_read_hides_nothing_else() {
        let other_chat = json!({"origin": {"type": "of next year"}, "message_id": 9});
        for part in [
            json!({"external_reply": other_chat}),
            json!({"reply_to_message": "gone"}),
            json!({"entities": [{"type": "of_next_year", "offset": 0, "length": 5}]}),
            json!({"forward_origin": {"type": "of_next_year"}}),
            json!({"hologram": {"file_id": "f"}}),
            json!({"date": null, "via_bot": 5, "reply_markup": []}),
            json!({"from": {"id": 7, "username": "ada", "language_code": 5, "is_premium": "maybe"}}),
        ] {
            let mut update = message(json!({"text": "/hour"}));
            if let (Some(message), Value::Object(part)) = (update["message"].as_object_mut(), part.clone()) {
                message.extend(part);
            }
            let Update::Request(request) = read(&update) else { panic!("{part}") };
            assert_eq!((&*request.incoming.text, request.incoming.sender.id), ("/hour", 7), "{part}");
            assert_eq!(request.incoming.sender.username.as_deref(), Some("ada"), "{part}");
        }
    }

    #[test]
    fn who_is_answered_where() {
        let text = |update: Value| match read(&update) {
            Update::Request(Request { incoming, .. }) => Some((incoming.place.to_string(), incoming.text)),
            Update::Other => None,
            Update::Unreadable => panic!("{update}"),
        };
        let request = |place: &str, text: &str| Some((place.to_owned(), text.to_owned()));
        for (update, want) in [
            (message(json!({"text": "/hour"})), request("7", "/hour")),
            (message(json!({"text": "/hour", "message_thread_id": 44})), request("7:44", "/hour")),
            (
                message(json!({"text": "/hour", "message_thread_id": 44, "is_topic_message": true,
                    "chat": {"id": -100, "type": "supergroup"}})),
                request("-100:44", "/hour"),
            ),
            (
                message(json!({"text": "/hour", "message_thread_id": 44,
                    "chat": {"id": -100, "type": "supergroup"}})),
                request("-100", "/hour"),
            ),
            (message(json!({"voice": {}})), request("7", "")),
            (message(json!({"dice": {"emoji": "🎲", "value": 3}})), request("7", "")),
            (message(json!({"hologram": {}})), request("7", "")),
            (message(json!({"pinned_message": {}})), None),
            (message(json!({"forum_topic_created": {"name": "x"}, "message_thread_id": 4})), None),
            (json!({"update_id": 1, "edited_message": {}}), None),
            (json!({"update_id": 1, "callback_query": {"id": "1", "game_short_name": "x"}}), None),
        ] {
            assert_eq!(text(update), want);
        }
    }

    #[test]
    fn what_cannot_be_read_is_reported_as_such() {
        let press = json!({"id": "1", "from": {"id": 7}, "data": "/hour",
            "message": {"message_id": 3, "chat": {"id": 7, "type": "private"}}});
        let pressed = |part: &str, what: Value| {
            let mut press = press.clone();
            press[part] = what;
            json!({"update_id": 1, "callback_query": press})
        };
        assert!(matches!(read(&pressed("id", json!("1"))), Update::Request(_)));
        for update in [
            json!("an update"),
            json!({"update_id": 1, "message": []}),
            message(json!({"text": ["/hour"]})),
            message(json!({"text": "/hour", "from": {"first_name": "A"}})),
            message(json!({"text": "/hour", "chat": null})),
            pressed("id", json!(5)),
            pressed("data", json!(5)),
            pressed("from", json!({})),
            pressed("message", json!({"message_id": 3})),
        ] {
            assert_eq!(read(&update), Update::Unreadable, "{update}");
        }
    }
}
