//! Reports what happens under a silence of the bot's, as a reply to the message with the alerts.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    alert::Alert,
    chats::AlertChats,
    delivery::Dispatch,
    desk::{Desk, Sent, look},
    ending::Ending,
    ledger::Ledger,
    lookout,
    silencer::Silencer,
    watch::{Ended, Event, Notice},
};
use crate::{clock, words::alert::how};

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

    /// Reports to one chat; whether it has it, or can never get it.
    async fn report(&self, notice: Notice) -> bool {
        let Some(home) = self.chats.serving(notice.place) else {
            tracing::info!(chat = %notice.place, "what happened under a silence is not reported, since the chat gets no alerts any more");
            return true;
        };
        self.dispatch.report(notice, home).await
    }
}

impl Desk {
    /// Reports what happened under silences, as far as the chat does not know it; whether the chat
    /// has it, or can never get it.
    pub(super) async fn report(&mut self, notice: &Notice) -> bool {
        let now = clock::wall();
        let Some(notice) = self.chat().ledger(|ledger| news(notice, ledger, now)) else { return true };
        let to = notice.message.filter(|_| notice.place.chat == self.chat().place().chat);
        let sent = match &notice.what {
            Event::Ended { alerts, .. } => self.report_ends(&notice, alerts, to, now).await,
            Event::StillFiring { alerts, .. } => {
                let message = lookout::message(&notice, |_| None, self.tools.times());
                self.remind(to, message, alerts).await
            }
        };
        if let (Sent::Arrived(chat, Some(message)), Some(silencer)) = (sent, &self.tools.silencer) {
            silencer.remember(chat, message, notice.silences);
        }
        sent.is_done()
    }

    async fn report_ends(
        &mut self,
        notice: &Notice,
        ends: &[Ended],
        to: Option<i32>,
        now: Timestamp,
    ) -> Sent {
        let alerts: Vec<Alert> = ends.iter().map(|end| until(&end.alert, now)).collect();
        let present = look(&self.tools.painter, alerts.iter()).await;
        let end = |alert: &Alert| {
            let ending = Ending::of(alert, present.as_ref());
            Some(how(ending, &until(alert, now), self.tools.times()))
        };
        let message = lookout::message(notice, end, self.tools.times());
        let sent = self.send(to, message, alerts.len()).await;
        if let Sent::Arrived(..) = sent {
            self.chat().ledger(|ledger| ledger.ended(&alerts, None, now));
        }
        sent
    }
}

/// What of a notice a chat does not know; absent if it knows all of it.
fn news(notice: &Notice, ledger: &Ledger, now: Timestamp) -> Option<Notice> {
    let mut news = notice.clone();
    let is_any = match &mut news.what {
        Event::Ended { .. } => true,
        // Alertmanager's repeat may have come first.
        Event::StillFiring { alerts, over_for, .. } => {
            alerts.retain(|alert| !ledger.is_said_within(alert, *over_for, now));
            !alerts.is_empty()
        }
    };
    is_any.then_some(news)
}

/// The alert as one that ended now: Alertmanager does not say when.
fn until(alert: &Alert, now: Timestamp) -> Alert {
    Alert { ends_at: Some(now), ..alert.clone() }
}
