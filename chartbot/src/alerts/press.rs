//! A press on a button under an alert: who may press, and what is answered.

use std::sync::Arc;

use super::{
    alert::{Alert, Fingerprint},
    button::Action,
    chats::AlertChats,
    delivery::Tools,
    subject::Subject,
};
use crate::{
    chat::{access::Incoming, command::Range, message::Message, trouble::Trouble},
    picture::Picture,
};

/// What was pressed, and under which message.
#[derive(Debug, Clone, Copy)]
pub struct Pressed<'a> {
    /// Who pressed where, and the data of the button.
    pub incoming: &'a Incoming,
    /// The message that has the button.
    pub message: i32,
    /// The text of that message.
    pub text: &'a str,
}

/// Answers presses in the alert chats.
pub struct Presses {
    chats: Arc<AlertChats>,
    tools: Tools,
}

impl Presses {
    /// Answers presses in `chats`.
    #[must_use]
    pub fn new(chats: Arc<AlertChats>, tools: Tools) -> Self {
        Self { chats, tools }
    }

    /// What a press in an alert chat asks for; anyone there may press. Absent for everything else.
    #[must_use]
    pub fn action(&self, incoming: &Incoming) -> Option<Action> {
        let may_press = self.chats.contains(incoming.place.chat) && !incoming.sender.is_bot;
        Action::parse(&incoming.text).filter(|_| may_press)
    }

    /// The reply to a press, and its outcome as a metric counts it.
    pub async fn answer(&self, action: &Action, pressed: Pressed<'_>) -> (Message, &'static str) {
        match action {
            Action::Chart(of) => self.card(of.as_ref(), pressed).await,
            Action::Silence(..) | Action::Undo(_) => {
                (Message::text(self.tools.words.alert.forgotten), "wrong")
            }
        }
    }

    /// The alerts that a button is about, as far as they are known; absent after a restart.
    fn alerts(&self, of: Option<&Fingerprint>, pressed: Pressed<'_>) -> Option<Vec<Alert>> {
        let chat = pressed.incoming.place.chat;
        match of {
            Some(of) => Some(vec![self.chats.alert(chat, of)?]),
            None => self.chats.of_message(chat, pressed.message),
        }
    }

    /// A fresh card. After a restart, the text of the message says what it is about.
    async fn card(&self, of: Option<&Fingerprint>, pressed: Pressed<'_>) -> (Message, &'static str) {
        let words = self.tools.words;
        let known = self.alerts(of, pressed).map(|alerts| Subject::of(&alerts));
        let subject = known.unwrap_or_else(|| Subject::of_text(pressed.text));
        let painter = &self.tools.painter;
        let painted = async { painter.paint(&painter.know_worst(&subject).await?, None, words).await };
        match painted.await {
            Ok(Picture { png, caption }) => (Message::photo(png, caption), "ok"),
            Err(trouble) => {
                let text = match trouble {
                    Trouble::NoData => words.alert.no_network.to_owned(),
                    _ => trouble.sentence(Range::HOUR, words),
                };
                (Message::text(text), trouble.outcome())
            }
        }
    }
}
