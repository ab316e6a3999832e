//! Command -> reply.

use crate::{
    alerts::{
        commands::{Commands, Plan},
        press::{Answer, Pressed, Presses},
        silences::SilenceId,
    },
    chart::Theme,
    chat::access::{Access, Incoming},
    chat::command::{Command, Range, RangeError},
    chat::message::{Message, Shown, buttons, choices},
    chat::trouble::Trouble,
    chat::unanswered::Unanswered,
    clock,
    metrics::Metrics,
    picture::{Painter, Picture},
    samples::survey::SEEN_WITHIN,
    words::Words,
    words::status,
};

/// Answers the users who may ask.
pub struct Conversation {
    access: Access,
    painter: Painter,
    alerts: Commands,
    metrics: Metrics,
    /// Absent where no chat gets alerts.
    presses: Option<Presses>,
    unanswered: Unanswered,
}

impl Conversation {
    /// A conversation with the users whom `access` lets in, about what `painter` draws.
    #[must_use]
    pub fn new(access: Access, painter: Painter, metrics: Metrics) -> Self {
        let alerts = Commands::default();
        Self { access, painter, alerts, metrics, presses: None, unanswered: Unanswered::default() }
    }

    /// The same, with `alerts` for questions about alerts, and `presses` for presses on the buttons
    /// of alerts.
    #[must_use]
    pub fn with_alerts(self, alerts: Commands, presses: Option<Presses>) -> Self {
        Self { alerts, presses, ..self }
    }

    /// Whether the data of a button is that of an alert, pressed where anyone may do so.
    pub fn is_of_alert(&self, incoming: &Incoming) -> bool {
        self.presses.as_ref().is_some_and(|presses| presses.action(incoming).is_some())
    }

    /// The reply to a press on a button of an alert; absent for all others.
    pub async fn answer_alert(&self, pressed: Pressed<'_>) -> Option<Answer> {
        let presses = self.presses.as_ref()?;
        let action = presses.action(pressed.incoming)?;
        let (answer, outcome) = presses.answer(&action, pressed).await;
        self.metrics.command(action.name(), outcome);
        Some(answer)
    }

    /// The reply to a press has arrived as this message, whose button ends these silences.
    pub fn remember(&self, chat: i64, message: i32, silences: Vec<SilenceId>) {
        if let Some(presses) = &self.presses {
            presses.remember(chat, message, silences);
        }
    }

    /// Whether a message or a press is to be answered at all.
    pub fn admits(&self, incoming: &Incoming) -> bool {
        let admitted = self.access.check(incoming, clock::now());
        if let Err(refusal) = admitted {
            self.metrics.refused(refusal);
        }
        admitted.is_ok()
    }

    /// The note for a user who asks faster than the bot answers.
    pub fn too_fast(incoming: &Incoming) -> Message {
        Message::text(incoming.sender.language.words().too_fast)
    }

    /// The answer to a message to the bot whose username is `us`, or to a press on one of
    /// its buttons.
    pub async fn answer(&self, incoming: &Incoming, us: &str) -> Message {
        let (chat, words) = (incoming.place.chat, incoming.sender.language.words());
        let command = Command::parse(&incoming.text, us);
        let (reply, outcome) = match command {
            Command::Chart { range, ref network, theme } => {
                self.chart(chat, range, network.as_deref(), theme, words).await
            }
            Command::AnyChart => (Message::text(words.which_range).with_buttons(choices(words)), "ok"),
            Command::Status => self.status(chat, words).await,
            Command::Alerts => self.alerts(chat, words).await,
            Command::Silence { ref node, lasting, ref network } => {
                let network = network.as_deref();
                self.silence(Plan { node, lasting, network }, incoming, words).await
            }
            Command::AnySilence => match self.alerts.refusal(incoming, words) {
                Some(refusal) => (refusal, "refused"),
                None => wrong(words.silences.how),
            },
            Command::Help => (Message::text(words.help), "ok"),
            Command::WrongRange(RangeError::NotADuration, ref word) => wrong(&(words.not_a_range)(word)),
            Command::WrongRange(RangeError::OutOfBounds, _) => wrong(words.out_of_bounds),
            Command::TooMuch => wrong(words.too_much),
            Command::Unknown => wrong(words.hint),
        };
        self.metrics.command(command.name(), outcome);
        reply
    }

    async fn alerts(&self, chat: i64, words: &Words) -> (Message, &'static str) {
        match self.alerts.list(&self.painter, words).await {
            Ok(lines) => {
                self.unanswered.ends(chat);
                (Message::text(lines), "ok")
            }
            Err(trouble) => self.failed(chat, &trouble, SEEN_WITHIN, words),
        }
    }

    async fn silence(&self, plan: Plan<'_>, incoming: &Incoming, words: &Words) -> (Message, &'static str) {
        match self.alerts.silence(plan, incoming, &self.painter, words).await {
            Ok(answer) => answer,
            Err(trouble) => self.failed(incoming.place.chat, &trouble, SEEN_WITHIN, words),
        }
    }

    async fn status(&self, chat: i64, words: &Words) -> (Message, &'static str) {
        let begin = clock::now();
        let status = status::ask(&self.painter.prometheus, &self.painter.zone, words).await;
        self.metrics.queried(clock::since(begin));
        match status {
            Ok(lines) => {
                self.unanswered.ends(chat);
                (Message::text(lines), "ok")
            }
            Err((trouble, looked_at)) => self.failed(chat, &trouble, looked_at, words),
        }
    }

    async fn chart(
        &self,
        chat: i64,
        range: Range,
        network: Option<&str>,
        theme: Option<Theme>,
        words: &'static Words,
    ) -> (Message, &'static str) {
        let painted = async {
            let known = self.painter.know(range, network).await?;
            let Picture { png, caption } = self.painter.paint(&known, theme, words).await?;
            let (network, is_chosen) = (&*known.facts.network, theme.is_some());
            let theme = theme.unwrap_or(self.painter.theme);
            let shown = Shown { range, network, theme, is_chosen };
            let buttons = buttons(shown, &known.networks, words);
            Ok(Message::photo(png, caption).with_buttons(buttons))
        };
        match painted.await {
            Ok(photo) => {
                self.unanswered.ends(chat);
                (photo, "ok")
            }
            Err(trouble) => self.failed(chat, &trouble, range, words),
        }
    }

    fn failed(&self, chat: i64, trouble: &Trouble, range: Range, words: &Words) -> (Message, &'static str) {
        self.unanswered.begins(chat, trouble, range);
        (Message::text(trouble.sentence(range, words)), trouble.outcome())
    }
}

fn wrong(words: &str) -> (Message, &'static str) {
    (Message::text(words), "wrong")
}

#[cfg(test)]
mod tests;
