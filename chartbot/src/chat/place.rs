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
        assert_eq!(Place::chat(-100).to_string(), "-100");
        assert_eq!(Place { chat: -100, topic: Some(7) }.to_string(), "-100:7");
    }
}
