//! Command -> reply, and the conversations that test it.

use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    access::{Access, Incoming},
    command::{Command, Range},
    metrics::Metrics,
    picture::Painter,
    text::Words,
};

/// What goes back to the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Plain text, at most 4,096 characters.
    Text(String),
    /// A PNG with a caption of at most 1,024 characters.
    Photo {
        /// The file.
        png: Bytes,
        /// Plain text.
        caption: String,
    },
}

/// Answers whom it may.
pub struct Conversation {
    access: Access,
    painter: Painter,
    metrics: Metrics,
    words: &'static Words,
}

impl Conversation {
    /// A conversation with those whom `access` lets in, about what `painter` draws.
    #[must_use]
    pub fn new(access: Access, painter: Painter, metrics: Metrics, words: &'static Words) -> Self {
        Self { access, painter, metrics, words }
    }

    /// The answer to a message to the bot whose username is `us`; `None` where there
    /// is to be none.
    pub async fn answer(&self, incoming: &Incoming, us: &str) -> Option<Reply> {
        if let Err(refusal) = self.access.check(incoming, Instant::now()) {
            self.metrics.refused(refusal);
            return None;
        }
        let command = Command::parse(&incoming.text, us);
        let (reply, outcome) = match command {
            Command::Chart(range) => self.chart(range).await,
            Command::Help => (Reply::Text(self.words.help.to_owned()), "ok"),
            Command::Unknown => (Reply::Text(self.words.hint.to_owned()), "ok"),
        };
        self.metrics.command(command.name(), outcome);
        Some(reply)
    }

    async fn chart(&self, range: Range) -> (Reply, &'static str) {
        let painted = self.painter.paint(range, None, Timestamp::now(), self.words);
        match painted.await {
            Ok(picture) => {
                let (png, caption) = (picture.png, picture.caption);
                (Reply::Photo { png, caption }, "ok")
            }
            Err(trouble) => {
                tracing::warn!(%trouble, seconds = range.seconds(), "no chart could be made");
                (Reply::Text(trouble.sentence(range, self.words)), trouble.outcome())
            }
        }
    }
}
