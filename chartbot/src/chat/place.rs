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
        match text.split_once(':') {
            Some((chat, topic)) => Some(Self { chat: chat.parse().ok()?, topic: Some(topic.parse().ok()?) }),
            None => text.parse().ok().map(Self::chat),
        }
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
        for (text, place) in [("-100", Place::chat(-100)), ("-100:7", Place { chat: -100, topic: Some(7) })] {
            assert_eq!(place.to_string(), text);
            assert_eq!(Place::parse(text), Some(place));
        }
        for odd in ["", ":7", "-100:", "-100:7:8", "@chat"] {
            assert_eq!(Place::parse(odd), None, "{odd:?}");
        }
    }
}
