//! Who may talk to the bot: users on the list, in their private chat with it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{chat::place::Place, labels::labels, words::Language};

/// A message, as far as the bot reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Where it was sent to, and where the answer goes.
    pub place: Place,
    /// Whether that chat is between the bot and one user.
    pub private: bool,
    /// Who sent it.
    pub sender: Sender,
    /// Its text; empty where it has none.
    pub text: String,
}

/// Who sent a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The number that Telegram gave them; it never changes.
    pub id: u64,
    /// Their username without the `@`; absent if they have none.
    pub username: Option<String>,
    /// Whether this is a bot.
    pub is_bot: bool,
    /// The language of the answers to them.
    pub language: Language,
}

/// One entry of the list of allowed users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// By number.
    Id(u64),
    /// By username, in lower case and without the `@`.
    Name(String),
}

impl User {
    /// Reads `123456` or `@name`; `None` for anything else. A username has 5 to 32
    /// letters, digits and underscores, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().filter(|id| *id > 0).map(Self::Id);
        }
        let name = text.strip_prefix('@').unwrap_or(text);
        let sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        ((5..=32).contains(&name.len()) && name.bytes().all(sign))
            .then(|| Self::Name(name.to_ascii_lowercase()))
    }

    fn is(&self, sender: &Sender) -> bool {
        match self {
            Self::Id(id) => *id == sender.id,
            Self::Name(name) => {
                sender.username.as_ref().is_some_and(|username| username.eq_ignore_ascii_case(name))
            }
        }
    }
}

labels! {
    /// Why a message gets no answer.
    pub enum Refusal {
        /// Sent to a group or a channel.
        NotPrivate = "not_private",
        /// Sent by a bot.
        Bot = "bot",
        /// Sent by a user who is not on the list.
        Stranger = "stranger",
        /// The bot could not read who sent it, or to which chat.
        Unreadable = "unreadable",
    }
}

/// A refusal of the same kind and sender is logged once in so long.
const LOG_AGAIN: Duration = Duration::from_secs(3_600);
/// How many refusals are remembered for that; any more are only counted.
const REMEMBERED: usize = 1_000;

/// The list of allowed users, and which refusals were logged recently.
#[derive(Debug)]
pub struct Access {
    allowed: Vec<User>,
    /// When a refusal was last logged, by sender and kind: one kind does not silence another.
    logged: Mutex<HashMap<(u64, Refusal), Instant>>,
    /// Users who were let in by name, which the log warns about once.
    warned: Mutex<HashSet<u64>>,
}

impl Access {
    /// Lets in the users of `allowed` and no others.
    #[must_use]
    pub fn new(allowed: Vec<User>) -> Self {
        Self { allowed, logged: Mutex::default(), warned: Mutex::default() }
    }

    /// Whether the message may be answered. A refusal is logged at most once an hour for each
    /// sender and kind, with the id to add.
    ///
    /// # Errors
    /// Why it may not be answered.
    pub fn check(&self, incoming: &Incoming, now: Instant) -> Result<(), Refusal> {
        let refusal = self.judge(incoming);
        if let Err(refusal) = refusal
            && self.is_worth_logging(incoming.sender.id, refusal, now)
        {
            let username = incoming.sender.username.as_deref().unwrap_or_default();
            let (id, reason, chat) = (incoming.sender.id, refusal.label(), incoming.place);
            match refusal {
                Refusal::Stranger => tracing::warn!(
                    id,
                    username,
                    reason,
                    "refused a user; to let them in, add the id to --telegram.allowed-users"
                ),
                Refusal::NotPrivate => tracing::info!(
                    id,
                    username,
                    reason,
                    %chat,
                    "refused a message in a group: commands are answered in private chats alone; a group gets alerts if \
                     --telegram.alert-chats names it"
                ),
                Refusal::Bot | Refusal::Unreadable => {
                    tracing::info!(id, username, reason, %chat, "refused a message");
                }
            }
        }
        if refusal.is_ok() && self.is_worth_a_warning(&incoming.sender) {
            let username = incoming.sender.username.as_deref().unwrap_or_default();
            tracing::warn!(
                id = incoming.sender.id,
                username,
                "let a user in by name; names can change hands, so put the id into \
                 --telegram.allowed-users instead"
            );
        }
        refusal
    }

    /// Whether a user who is let in is on the list by name alone, for the first time.
    fn is_worth_a_warning(&self, sender: &Sender) -> bool {
        let by_id = self.allowed.contains(&User::Id(sender.id));
        !by_id && self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(sender.id)
    }

    fn judge(&self, incoming: &Incoming) -> Result<(), Refusal> {
        if incoming.sender.is_bot {
            Err(Refusal::Bot)
        } else if !incoming.private {
            Err(Refusal::NotPrivate)
        } else if self.allowed.iter().any(|user| user.is(&incoming.sender)) {
            Ok(())
        } else {
            Err(Refusal::Stranger)
        }
    }

    fn is_worth_logging(&self, id: u64, refusal: Refusal, now: Instant) -> bool {
        // The map is consistent at any time, also after a panic elsewhere.
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        logged.retain(|_, at| now.duration_since(*at) < LOG_AGAIN);
        if logged.len() >= REMEMBERED || logged.contains_key(&(id, refusal)) {
            return false;
        }
        logged.insert((id, refusal), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn from(id: u64, username: Option<&str>) -> Incoming {
        Incoming {
            place: Place::chat(1),
            private: true,
            sender: Sender {
                id,
                username: username.map(str::to_owned),
                is_bot: false,
                language: Language::English,
            },
            text: "/hour".into(),
        }
    }

    #[test]
    fn users_are_ids_or_names() {
        let longest = "a".repeat(32);
        for (text, want) in [
            ("42", Some(User::Id(42))),
            ("@Alice_1", Some(User::Name("alice_1".into()))),
            (&format!("@{longest}"), Some(User::Name(longest.clone()))),
            (&format!("@{longest}a"), None),
            ("@bob", None),
            ("alice", Some(User::Name("alice".into()))),
            ("@al-ice", None),
            ("+42", None),
            ("-42", None),
            ("0", None),
            ("", None),
            ("@", None),
        ] {
            assert_eq!(User::parse(text), want, "{text:?}");
        }
    }

    #[test]
    fn the_list_the_private_chat_and_a_person() {
        let access = Access::new(vec![User::Id(42), User::Name("alice".into())]);
        let judge = |incoming: &Incoming| access.judge(incoming);
        assert_eq!(judge(&from(42, None)), Ok(()));
        assert_eq!(judge(&from(7, Some("ALICE"))), Ok(()));
        assert_eq!(judge(&from(7, Some("alice2"))), Err(Refusal::Stranger));
        assert_eq!(judge(&from(7, None)), Err(Refusal::Stranger));
        let mut group = from(42, None);
        group.private = false;
        assert_eq!(judge(&group), Err(Refusal::NotPrivate));
        let mut bot = from(42, None);
        bot.sender.is_bot = true;
        assert_eq!(judge(&bot), Err(Refusal::Bot));
    }

    #[test]
    fn a_user_known_by_name_alone_is_logged_once() {
        let access = Access::new(vec![User::Id(42), User::Name("alice".into()), User::Name("carol".into())]);
        let warns = |id, name| access.is_worth_a_warning(&from(id, Some(name)).sender);
        assert!(warns(7, "alice"));
        assert!(!warns(7, "alice"));
        assert!(warns(8, "alice"), "the name changed hands");
        assert!(!warns(42, "carol"));
    }

    #[test]
    fn a_refusal_is_logged_once_an_hour_for_each_sender_and_kind() {
        use Refusal::{NotPrivate, Stranger};
        let access = Access::new(vec![]);
        let start = clock::now();
        let log =
            |id, refusal, seconds| access.is_worth_logging(id, refusal, start + Duration::from_secs(seconds));
        assert!(log(1, NotPrivate, 0));
        assert!(log(1, Stranger, 1), "a group does not silence the hint to add the id");
        assert!(!log(1, NotPrivate, 3_599));
        assert!(log(2, Stranger, 10));
        assert!(!log(1, Stranger, 3_600));
        assert!(log(1, NotPrivate, 3_600));
        for id in 10..3_000 {
            log(id, Stranger, 3_600);
        }
        assert_eq!(access.logged.lock().unwrap().len(), REMEMBERED);
    }
}
