//! A press on a button under an alert: who may press, and what is answered.

use std::sync::Arc;

pub use super::silencer::Answer;
use super::{
    alert::{Alert, Fingerprint},
    button::Action,
    chats::AlertChats,
    delivery::Tools,
    silencer::{Press, Silencer},
    silences::{Lasting, SilenceId},
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
    pub async fn answer(&self, action: &Action, pressed: Pressed<'_>) -> (Answer, &'static str) {
        let plain = Answer::plain;
        let (words, incoming) = (self.tools.words, pressed.incoming);
        match (action, &self.tools.silencer) {
            (Action::Chart(of), _) => {
                let (message, outcome) = self.card(of.as_ref(), pressed).await;
                (plain(message), outcome)
            }
            (_, None) => (plain(Message::text(words.silences.none)), "refused"),
            (Action::Silence(lasting, of), Some(silencer)) => {
                (self.silence(silencer, *lasting, of.as_ref(), pressed).await, "ok")
            }
            (Action::Undo(id), Some(silencer)) => {
                let of = (incoming.place.chat, pressed.message);
                let undone = silencer.undo(id.as_ref(), of, &incoming.sender, words).await;
                // Everyone can read that it fires, so its repeat is no news.
                self.chats.silenced(|alert| undone.is_loud(alert), false);
                (Answer { message: undone.message, silences: undone.others, spent: undone.spent }, "ok")
            }
        }
    }

    /// The reply to a press has arrived as this message, whose button ends the silences.
    pub fn remember(&self, chat: i64, message: i32, silences: Vec<SilenceId>) {
        if let Some(silencer) = &self.tools.silencer {
            silencer.remember(chat, message, silences);
        }
    }

    /// Silences the alert of the button, or those of the message as far as they are known.
    async fn silence(
        &self,
        silencer: &Silencer,
        lasting: Lasting,
        of: Option<&Fingerprint>,
        pressed: Pressed<'_>,
    ) -> Answer {
        let of = self.alerts(of, pressed);
        let known = self.known(&of, pressed);
        let Pressed { incoming, message, .. } = pressed;
        let (who, place) = (&incoming.sender, incoming.place);
        let press = Press { of: &of, known: &known, lasting, who, place, message };
        let answer = silencer.press(press, self.tools.words).await;
        if !answer.silences.is_empty() {
            self.chats.silenced(|alert| of.contains(&alert.fingerprint), true);
        }
        answer
    }

    /// The alerts that a button is about; none where those of its message are not known any more.
    fn alerts(&self, of: Option<&Fingerprint>, pressed: Pressed<'_>) -> Vec<Fingerprint> {
        match of {
            Some(of) => vec![of.clone()],
            None => {
                let of = self.chats.of_message(pressed.incoming.place.chat, pressed.message);
                of.unwrap_or_default()
            }
        }
    }

    /// Those of them that the chat remembers: not after a restart, nor long after their end.
    fn known(&self, of: &[Fingerprint], pressed: Pressed<'_>) -> Vec<Alert> {
        of.iter().filter_map(|of| self.chats.alert(pressed.incoming.place.chat, of)).collect()
    }

    /// A fresh card. After a restart, the text of the message says what it is about.
    async fn card(&self, of: Option<&Fingerprint>, pressed: Pressed<'_>) -> (Message, &'static str) {
        let words = self.tools.words;
        let known = self.known(&self.alerts(of, pressed), pressed);
        let subject = match known.as_slice() {
            [] => Subject::of_text(pressed.text),
            known => Subject::of(known),
        };
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
