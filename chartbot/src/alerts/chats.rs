//! The chats that get alerts: where each is by now, and what it knows.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{
    alert::{Alert, Fingerprint},
    ledger::Ledger,
};
use crate::{chat::place::Place, labels::labels, telegram::fault::Fault};

labels! {
    /// Why a chat can never get an alert, unless somebody changes something there.
    pub enum Undelivered {
        /// The user blocked the bot, has never started it, or deleted the account.
        Blocked = "blocked",
        /// The bot is not in the group, or may not write there.
        Kicked = "kicked",
        /// There is no such chat.
        NotFound = "not_found",
    }
}

impl Undelivered {
    /// Why a chat can never get a message that failed like this; absent if it may get it later.
    #[must_use]
    pub fn of(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::Blocked => Some(Self::Blocked),
            // Without a topic, the one that takes no messages is the group's general topic.
            Fault::Kicked | Fault::NoSuchTopic => Some(Self::Kicked),
            // It was followed as often as makes sense.
            Fault::NoSuchChat | Fault::Migrated(_) => Some(Self::NotFound),
            _ => None,
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Blocked => "let the user press Start in the chat with the bot",
            Self::Kicked => "add the bot to the group and let it write there",
            Self::NotFound => "correct the id in --telegram.alert-chats, and add the bot to that chat",
        }
    }
}

labels! {
    /// Where an alert went instead of the chat that is configured.
    pub enum Redirected {
        /// To the supergroup that a group became.
        Migrated = "migrated",
        /// To the chat as a whole, since its topic was deleted or closed.
        Topic = "topic",
    }
}

/// All chats that get alerts.
#[derive(Debug, Default)]
pub struct AlertChats(Vec<AlertChat>);

/// One chat, or one topic of it.
#[derive(Debug)]
pub struct AlertChat {
    /// As in `--telegram.alert-chats`.
    pub configured: Place,
    /// Whether it is known where the chat is by now, as far as Telegram says.
    pub is_checked: AtomicBool,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    place: Place,
    ledger: Ledger,
}

impl AlertChats {
    /// These chats, which know nothing yet.
    #[must_use]
    pub fn new(configured: impl IntoIterator<Item = Place>) -> Self {
        let chat = |configured| {
            let now = Now { place: configured, ledger: Ledger::default() };
            AlertChat { configured, is_checked: AtomicBool::new(false), now: Mutex::new(now) }
        };
        Self(configured.into_iter().map(chat).collect())
    }

    /// Each of them.
    #[must_use]
    pub fn all(&self) -> &[AlertChat] {
        &self.0
    }

    /// Whether alerts go to this chat, under its present or its configured id.
    #[must_use]
    pub fn contains(&self, chat: i64) -> bool {
        self.0.iter().any(|of| of.configured.chat == chat || of.place().chat == chat)
    }

    /// Whether it is known where each of them is by now.
    #[must_use]
    pub fn are_checked(&self) -> bool {
        self.0.iter().all(|chat| chat.is_checked.load(Ordering::Relaxed))
    }

    /// The group `from`, which `chat` names, was upgraded: alerts go to its new id `to` from now on.
    pub fn follow(&self, chat: &AlertChat, from: i64, to: i64) {
        self.moved(from, to);
        let configured = chat.configured;
        tracing::warn!(
            "the group {configured} of --telegram.alert-chats was upgraded to a supergroup; alerts go to \
             it. Replace {configured} by {to} in --telegram.alert-chats"
        );
    }

    fn moved(&self, from: i64, to: i64) {
        for chat in self.in_chat(from) {
            let mut now = chat.now();
            now.place = Place::chat(to);
            now.ledger.forget_messages();
        }
    }

    /// The alerts that a message of a chat announced; absent where that is not known, or no longer.
    #[must_use]
    pub fn of_message(&self, chat: i64, message: i32) -> Option<Vec<Fingerprint>> {
        self.in_chat(chat).find_map(|of| of.ledger(|ledger| ledger.of_message(message).map(<[_]>::to_vec)))
    }

    /// An alert that a chat knows.
    #[must_use]
    pub fn alert(&self, chat: i64, fingerprint: &Fingerprint) -> Option<Alert> {
        self.in_chat(chat).find_map(|of| of.ledger(|ledger| ledger.alert(fingerprint).cloned()))
    }

    /// Which of them serves this place: the place itself, else its chat.
    #[must_use]
    pub fn serving(&self, place: Place) -> Option<usize> {
        let find = |is_it: &dyn Fn(&AlertChat) -> bool| self.0.iter().position(is_it);
        find(&|of| of.place() == place)
            .or_else(|| find(&|of| of.place().chat == place.chat))
            .or_else(|| find(&|of| of.configured.chat == place.chat))
    }

    /// The bot silenced these alerts, so that the next repeat of them is news in every chat, or no
    /// longer.
    pub fn silenced(&self, which: impl Fn(&Alert) -> bool, is_silenced: bool) {
        self.0.iter().for_each(|of| of.ledger(|ledger| ledger.silenced(&which, is_silenced)));
    }

    fn in_chat(&self, chat: i64) -> impl Iterator<Item = &AlertChat> {
        self.0.iter().filter(move |of| of.place().chat == chat)
    }
}

impl AlertChat {
    /// Where it is by now.
    #[must_use]
    pub fn place(&self) -> Place {
        self.now().place
    }

    /// Looks up, or notes down, what it knows.
    pub fn ledger<T>(&self, with: impl FnOnce(&mut Ledger) -> T) -> T {
        with(&mut self.now().ledger)
    }

    /// Logs that it can never get an alert, unless somebody changes something there.
    pub fn cannot_get(&self, reason: Undelivered, fault: &Fault) {
        tracing::warn!(
            chat = %self.configured,
            reason = reason.label(),
            "a chat of --telegram.alert-chats cannot get alerts: {fault}; {}",
            reason.remedy()
        );
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Consistent at any time, also after a panic elsewhere.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::alert::tests::alert;

    #[test]
    fn a_message_is_found_in_any_topic_of_its_chat() {
        let places = [Place { chat: -100, topic: Some(7) }, Place { chat: -100, topic: Some(8) }];
        let chats = AlertChats::new(places);
        let alerts = [alert("HeadlagNodeBehind")];
        chats.all()[1].ledger(|ledger| ledger.announced(&alerts, Some(55), alerts[0].starts_at));
        assert_eq!(chats.of_message(-100, 55).map(|of| of.len()), Some(1));
        assert!(chats.alert(-100, &alerts[0].fingerprint).is_some());
        assert!(chats.of_message(-100, 56).is_none() && chats.of_message(7, 55).is_none());
        chats.moved(-100, -1_001);
        assert!(chats.contains(-100) && chats.contains(-1_001) && !chats.contains(7));
        assert_eq!(chats.all()[0].place(), Place::chat(-1_001));
        assert!(chats.of_message(-1_001, 55).is_none(), "ids are others there");
    }
}
