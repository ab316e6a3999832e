//! Reports what happens under a silence of the bot's, as a reply to the message with the alerts:
//! an end in every chat that has the alert, since Alertmanager reports it to none.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    alert::Alert,
    chats::AlertChats,
    delivery::Dispatch,
    desk::{Concern, Desk, Sent, look},
    ending::Ending,
    ledger::Ledger,
    lookout,
    silencer::{Silencer, undo_button},
    silences::SilenceId,
    watch::{Ended, Event, Notice},
};
use crate::{
    chat::message::{Message, TEXT_LIMIT},
    clock, metrics,
    words::{
        alert::how,
        fitted,
        moment::Times,
        silence::{ended_line, line},
    },
};

/// Reports to the chats.
#[derive(Clone)]
pub struct Notices {
    /// What each chat knows.
    pub chats: Arc<AlertChats>,
    /// Sends.
    pub dispatch: Dispatch,
}

impl Notices {
    /// Reports for ever what happens under the silences of `silencer`.
    pub async fn run(self, silencer: Arc<Silencer>) {
        match lookout::run(&silencer, |notice| self.report(notice)).await {}
    }

    /// Reports to all chats that it concerns; whether each has it, or can never get it.
    async fn report(&self, notice: Notice) -> bool {
        let home = self.chats.serving(notice.place);
        if home.is_none() {
            // A group that was upgraded has its new id here once it was checked.
            if !self.chats.are_checked() {
                return false;
            }
            tracing::info!(
                chat = %notice.place,
                "a silence was made in a chat that no longer gets alerts; only the others hear what \
                 happened under it"
            );
        }
        self.dispatch.report(notice, home).await
    }
}

impl Desk {
    /// Reports what happened under silences, as far as the chat does not know it; whether the chat
    /// has it, or can never get it.
    pub(super) async fn report(&mut self, notice: &Notice, concern: Concern) -> bool {
        let now = clock::wall();
        let Some(notice) = self.chat().ledger(|ledger| news(notice, concern, ledger, now)) else {
            return true;
        };
        let own = notice.message.filter(|_| notice.place.chat == self.chat().place().chat);
        let sent = match &notice.what {
            Event::Ended { alerts, until } => {
                let first = alerts.first().map(|end| &end.alert.fingerprint);
                let known = first.and_then(|first| self.chat().ledger(|ledger| ledger.message(first)));
                // After `/silence` there is no message of its own, yet the chat may have the alert.
                let to = own.filter(|_| concern == Concern::Home).or(known);
                self.report_ends(alerts, (&notice.silences, *until), to, now).await
            }
            Event::StillFiring { alerts, removed, .. } => {
                let message = still_firing(alerts, *removed, self.tools.times());
                self.remind(own, message, alerts).await
            }
        };
        if let (Sent::Arrived(chat, Some(message)), Some(silencer)) = (sent, &self.tools.silencer) {
            silencer.remember(chat, message, notice.silences);
        }
        sent.is_done()
    }

    /// Ends under silences, of which so much is left.
    async fn report_ends(
        &mut self,
        ends: &[Ended],
        left: (&[SilenceId], Option<Timestamp>),
        to: Option<i32>,
        now: Timestamp,
    ) -> Sent {
        let alerts: Vec<Alert> = ends.iter().map(|end| end.alert.clone()).collect();
        let present = look(&self.tools.painter, alerts.iter()).await;
        let end = |alert: &Alert| how(Ending::of(alert, present.as_ref()), alert, self.tools.times());
        let message = ended(ends, left, end, self.tools.times());
        let sent = self.send(to, message, alerts.len()).await;
        if let Sent::Arrived(..) = sent {
            self.chat().ledger(|ledger| ledger.ended(&alerts, None, now));
            self.tools.metrics.alerts.delivered(metrics::alerts::Event::Resolved, alerts.len());
        }
        sent
    }
}

/// What of a notice is news to a chat; absent if nothing is.
fn news(notice: &Notice, concern: Concern, ledger: &Ledger, now: Timestamp) -> Option<Notice> {
    let mut news = notice.clone();
    let is_any = match &mut news.what {
        Event::Ended { alerts, .. } => {
            let concerns = |end: &Ended| concern == Concern::Home || ledger.is_firing(&end.alert.fingerprint);
            alerts.retain(|end| concerns(end) && !ledger.is_end_said(&end.alert, end.again));
            !alerts.is_empty()
        }
        // Alertmanager's repeat may have come first.
        Event::StillFiring { alerts, over_for, .. } => {
            alerts.retain(|alert| !ledger.is_said_within(alert, *over_for, now));
            !alerts.is_empty()
        }
    };
    is_any.then_some(news)
}

/// The message about ends under silences, with a button for what is left of the silences. `how` is
/// what is known of the end of an alert, and the sign before that.
#[must_use]
pub(super) fn ended(
    ends: &[Ended],
    (silences, until): (&[SilenceId], Option<Timestamp>),
    how: impl Fn(&Alert) -> (&'static str, String),
    times: Times,
) -> Message {
    let words = times.words;
    let lines: Vec<_> = ends.iter().map(|end| ended_line(end, how(&end.alert), times)).collect();
    let goes_on: Vec<_> = until.iter().map(|until| (words.silences.goes_on)(&times.stamp(*until))).collect();
    let left: &[SilenceId] = if until.is_some() { silences } else { &[] };
    let text = fitted(&lines, &goes_on, TEXT_LIMIT, words);
    Message::text(text).with_buttons(undo_button(left, words.silences.remove))
}

/// The message about alerts that fire after a silence, which ran out or was `removed`.
#[must_use]
pub(super) fn still_firing(alerts: &[Alert], removed: bool, times: Times) -> Message {
    let words = times.words;
    let heading = if removed { words.silences.removed } else { words.silences.ran_out };
    let line = |alert: &Alert| line(&alert.labels, &alert.annotations, Some(alert.starts_at), times);
    let lines: Vec<_> = std::iter::once(format!("{heading}:")).chain(alerts.iter().map(line)).collect();
    Message::text(fitted(&lines, &[], TEXT_LIMIT, words))
}
