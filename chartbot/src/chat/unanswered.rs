//! Chats whose questions could not be answered recently, and what of that is logged.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{command::Range, said::Said, trouble::Trouble};

/// Why each chat's questions could not be answered; a chat whose last one was answered is not in
/// it.
#[derive(Debug, Default)]
pub struct Unanswered(Mutex<HashMap<i64, Said>>);

impl Unanswered {
    /// A question of the chat about `range` could not be answered. Logs each kind of trouble once
    /// for each chat, so that what one user asks for neither hides nor repeats the trouble of
    /// another.
    pub fn begins(&self, chat: i64, trouble: &Trouble, range: Range) {
        let range_seconds = range.seconds();
        if let Trouble::NoSuchNetwork { .. } = trouble {
            tracing::debug!(chat, %trouble, "a user asked for an unknown network");
        } else if self.chats().entry(chat).or_default().begins(trouble.outcome()) {
            tracing::warn!(chat, %trouble, range_seconds, "a question could not be answered");
        } else {
            tracing::debug!(chat, %trouble, range_seconds, "another question could not be answered");
        }
    }

    /// A question of the chat was answered.
    pub fn ends(&self, chat: i64) {
        if self.chats().remove(&chat).is_some() {
            tracing::info!(chat, "questions can be answered again");
        }
    }

    fn chats(&self) -> MutexGuard<'_, HashMap<i64, Said>> {
        // The map is consistent at any time, also after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
