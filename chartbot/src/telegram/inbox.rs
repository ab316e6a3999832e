//! PURE: what was received, and when it may be answered.
//!
//! A request is answered at most once, even if the process is killed at any moment: Telegram
//! repeats an update until a later poll confirms it, so a request is answered once that poll
//! has succeeded. What was received is kept until then, however many polls fail.

use std::collections::{BTreeMap, HashSet};

use super::incoming::Request;

/// What was received and is not answered yet.
#[derive(Debug)]
pub struct Inbox {
    /// Received and not confirmed yet.
    taken: Vec<Request>,
    /// Whether what comes now may have waited while Telegram or the bot was away.
    away: bool,
    /// Of what waited so far, each chat's newest.
    waited: Vec<Request>,
    /// Chats with a command that was received before or while something waited.
    commanded: HashSet<i64>,
}

impl Inbox {
    /// An empty one at the start of the bot, when messages may have waited.
    #[must_use]
    pub fn new() -> Self {
        Self { taken: Vec::new(), away: true, waited: Vec::new(), commanded: HashSet::new() }
    }

    /// Whether the next poll should be answered at once: to confirm what was received, or to
    /// receive what waited.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.away || !self.taken.is_empty()
    }

    /// A poll failed: what comes next may have waited.
    pub fn poll_failed(&mut self) {
        self.away = true;
    }

    /// A poll succeeded: it confirmed all that was received before, and brought `batch`; `more`
    /// if others are waiting behind it. Returns what is to be answered now.
    ///
    /// Of what waited, only each chat's newest command and newest press will be answered, or
    /// its newest message if it has sent no command, neither before nor while it waited.
    pub fn poll_succeeded(&mut self, batch: Vec<Request>, more: bool) -> Vec<Request> {
        let confirmed = std::mem::take(&mut self.taken);
        if !self.away {
            self.taken = batch;
            return confirmed;
        }
        let commands = confirmed.iter().filter(|request| request.is_command());
        self.commanded.extend(commands.map(|request| request.incoming.place.chat));
        self.waited.extend(batch);
        self.waited = newest_of_each_chat(std::mem::take(&mut self.waited));
        if !more {
            self.away = false;
            let commanded = std::mem::take(&mut self.commanded);
            self.taken = std::mem::take(&mut self.waited);
            self.taken.retain(|request| {
                request.press.is_some()
                    || request.is_command()
                    || !commanded.contains(&request.incoming.place.chat)
            });
        }
        confirmed
    }
}

/// Of what waited: each chat's newest command or else its newest message, and its newest press.
fn newest_of_each_chat(requests: Vec<Request>) -> Vec<Request> {
    let count = requests.len();
    let mut newest: BTreeMap<(i64, bool), Request> = BTreeMap::new();
    for request in requests {
        // A press changes an old message; it does not replace what was typed.
        let key = (request.incoming.place.chat, request.press.is_some());
        if request.is_command() || newest.get(&key).is_none_or(|kept| !kept.is_command()) {
            newest.insert(key, request);
        }
    }
    let dropped = count - newest.len();
    if dropped > 0 {
        tracing::info!(dropped, "older messages that waited are not answered");
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::access::{Incoming, Sender},
        chat::place::Place,
        telegram::incoming::Press,
        words::Language,
    };

    /// `7 /hour` is a message of user 7, `7!/hour` a press.
    fn request(line: &str) -> Request {
        let (chat, text) = line.split_once([' ', '!']).unwrap();
        let chat: u64 = chat.parse().unwrap();
        let sender = Sender { id: chat, username: None, is_bot: false, language: Language::English };
        let incoming =
            Incoming { place: Place::chat(chat as i64), private: true, sender, text: text.to_owned() };
        let press =
            line.contains('!').then(|| Press { query: String::new(), message: 1, text: String::new() });
        Request { incoming, press }
    }

    fn lines(requests: &[Request]) -> Vec<String> {
        let line = |request: &Request| {
            let mark = if request.press.is_some() { '!' } else { ' ' };
            format!("{}{mark}{}", request.incoming.place, request.incoming.text)
        };
        requests.iter().map(line).collect()
    }

    /// What is answered in the end when these batches come after a poll that brought none; an
    /// empty line is a failed poll.
    #[track_caller]
    fn check(batches: &[&[&str]], want: &[&str]) {
        let mut inbox = Inbox::new();
        let mut answered = inbox.poll_succeeded(vec![], false);
        for batch in batches {
            if *batch == FAILED {
                inbox.poll_failed();
            } else {
                let batch = batch.iter().map(|line| request(line)).collect();
                answered.extend(inbox.poll_succeeded(batch, false));
            }
        }
        answered.extend(inbox.poll_succeeded(vec![], false));
        assert!(!inbox.is_pending());
        assert_eq!(lines(&answered), want);
    }

    const FAILED: &[&str] = &[""];

    #[test]
    fn whatever_happens_to_later_polls_what_was_received_is_answered() {
        check(&[&["7 /hour", "7 hello"], &["7 /day"]], &["7 /hour", "7 hello", "7 /day"]);
        // Not lost to anything that comes after the failure …
        for later in ["7 thanks", "7!/chart 1d", "7 ", "7 /day", "8 /hour"] {
            let expected: &[&str] = match later {
                "7 thanks" | "7 " => &["7 /week"],
                _ => &["7 /week", later],
            };
            check(&[&["7 /week"], FAILED, FAILED, &[later]], expected);
            let expected = ["7!/chart 1w", later];
            check(&[&["7!/chart 1w"], FAILED, &[later]], &expected);
        }
        // … and all of it is answered, not only the newest.
        check(
            &[&["7 /hour", "7 hello", "7!a", "7!b"], FAILED, &["7 /help"]],
            &["7 /hour", "7 hello", "7!a", "7!b", "7 /help"],
        );
    }

    #[test]
    fn of_what_waited_the_newest_of_each_chat_is_answered() {
        for (waited, want) in [
            (&["7 /hour", "7 /day", "8 /week"][..], &["7 /day", "8 /week"][..]),
            (&["7 /hour", "7 thanks", "7 "], &["7 /hour"]),
            (&["7 hello", "7 hello?"], &["7 hello?"]),
            (&["7!a", "7 /hour", "7!b", "7 thanks"], &["7 /hour", "7!b"]),
        ] {
            check(&[FAILED, waited], want);
        }
    }

    #[test]
    fn what_waited_may_come_in_several_batches() {
        let mut inbox = Inbox::new();
        let batch = |line: &str| vec![request(line)];
        assert!(inbox.poll_succeeded(batch("7 /hour"), true).is_empty());
        inbox.poll_failed();
        assert!(inbox.poll_succeeded(batch("7 /day"), true).is_empty());
        assert!(inbox.poll_succeeded(batch("7 thanks"), false).is_empty());
        let answered = inbox.poll_succeeded(vec![], false);
        assert_eq!(lines(&answered), ["7 /day"]);
    }
}
