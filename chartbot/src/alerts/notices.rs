//! Reports what happens under a silence of the bot's, as a reply to the message with the alerts.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    alert::Alert,
    chats::AlertChats,
    delivery::{Dispatch, Tools},
    desk::{Sent, look},
    ending::Ending,
    lookout,
    silencer::Silencer,
    watch::{Event, Notice},
};
use crate::{clock, words::alert::how};

/// Reports to the chats.
#[derive(Clone)]
pub struct Notices {
    /// What each chat knows.
    pub chats: Arc<AlertChats>,
    /// Sends.
    pub dispatch: Dispatch,
    /// Asks Prometheus, and knows the language.
    pub tools: Tools,
}

impl Notices {
    /// Reports for ever what happens under the silences of `silencer`.
    pub async fn run(self, silencer: Arc<Silencer>) {
        match lookout::run(&silencer, |notice| self.report(&silencer, notice)).await {}
    }

    /// Reports to one chat; whether it has it, or can never get it.
    async fn report(&self, silencer: &Silencer, notice: Notice) -> bool {
        let Some(place) = self.chats.serving(notice.place) else {
            tracing::info!(chat = %notice.place, "what happened under a silence is not reported, since the chat gets no alerts any more");
            return true;
        };
        let now = clock::wall();
        let alerts: Vec<Alert> = match &notice.what {
            Event::Ended { alerts, .. } => alerts.iter().map(|ended| until(&ended.alert, now)).collect(),
            Event::StillFiring { alerts, .. } => alerts.clone(),
        };
        let message = {
            let present = match notice.what {
                Event::Ended { .. } => look(&self.tools.painter, alerts.iter()).await,
                Event::StillFiring { .. } => None,
            };
            let end = |alert: &Alert| {
                let ending = Ending::of(alert, present.as_ref());
                Some(how(ending, &until(alert, now), self.tools.times()))
            };
            lookout::message(silencer, &notice, end, self.tools.words)
        };
        let to = notice.message.map(|message| (notice.place.chat, message));
        match self.dispatch.notify(place, to, message, alerts.len()).await {
            Sent::Arrived(chat, message) => {
                self.chats.all()[place].ledger(|ledger| match &notice.what {
                    Event::Ended { .. } => ledger.ended(&alerts, None, now),
                    Event::StillFiring { .. } => ledger.reminded(&alerts),
                });
                if let Some(message) = message {
                    silencer.remember(chat, message, notice.silences);
                }
                true
            }
            Sent::Never => true,
            Sent::Later => false,
        }
    }
}

/// The alert as one that ended now: Alertmanager does not say when.
fn until(alert: &Alert, now: Timestamp) -> Alert {
    Alert { ends_at: Some(now), ..alert.clone() }
}
