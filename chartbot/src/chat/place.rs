//! PURE: where a message comes from, and where its answer goes.

use std::fmt;

/// A chat, or one topic of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The chat's id: positive for a private chat, negative for all others.
    pub chat: i64,
    /// The topic's `message_thread_id`; absent outside topics.
    pub topic: Option<i32>,
}

impl Place {
    /// The chat as a whole.
    #[must_use]
    pub fn chat(chat: i64) -> Self {
        Self { chat, topic: None }
    }

    /// Reads `CHAT` or `CHAT:TOPIC`; absent for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (chat, topic) = match text.split_once(':') {
            Some((chat, topic)) => (chat, Some(topic.parse().ok().filter(|topic| *topic > 0)?)),
            None => (text, None),
        };
        let chat = chat.parse().ok().filter(|chat| *chat != 0)?;
        let place = Self { chat, topic };
        (place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    /// `CHAT` or `CHAT:TOPIC`, as flags take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.topic {
            Some(topic) => write!(f, "{}:{topic}", self.chat),
            None => write!(f, "{}", self.chat),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_flags_take_it() {
        for (text, want) in [
            ("-100", Some(Place::chat(-100))),
            ("-100:7", Some(Place { chat: -100, topic: Some(7) })),
            ("42", Some(Place::chat(42))),
            ("0", None),
            ("+42", None),
            ("-100:0", None),
            ("-100:", None),
            ("@alice", None),
            ("-100:7:8", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Place::parse(text), want, "{text}");
            assert!(want.is_none_or(|place| place.to_string() == text));
        }
    }
}
