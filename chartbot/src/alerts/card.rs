//! The card of an alert, put into the message that announced it. It never delays or costs the
//! text: whatever fails here, the message stays as it is.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{alert::Alert, delivery::Tools, subject::Subject};
use crate::{
    chat::{
        message::{Button, Photo},
        trouble::Trouble,
    },
    clock,
    metrics::alerts::CardOutcome,
    telegram::outbox::Delivery,
};

/// A card is put into its message within so long, or not at all.
const TIME: Duration = Duration::from_secs(60);
/// Between two attempts to put it there, which changes nothing the second time.
const PAUSE: Duration = Duration::from_secs(5);

/// What to draw, and where to put it.
pub struct Order {
    subject: Subject,
    chat: i64,
    message: i32,
    text: String,
    buttons: Vec<Vec<Button>>,
}

impl Order {
    /// The card of these alerts, for the message of a chat that has this text and these buttons;
    /// absent where the alerts are about no network.
    #[must_use]
    pub fn new(
        alerts: &[Alert],
        chat: i64,
        message: i32,
        text: String,
        buttons: Vec<Vec<Button>>,
    ) -> Option<Self> {
        let subject = Subject::of(alerts);
        (!subject.is_empty()).then_some(Self { subject, chat, message, text, buttons })
    }

    /// Draws the last hour, and puts it into the message with its text as the caption.
    pub async fn carry_out(self, tools: &Tools) -> CardOutcome {
        let drawn = async {
            let known = tools.painter.know_worst(&self.subject).await?;
            tools.painter.paint(&known, None, tools.words).await
        };
        let png = match drawn.await {
            Ok(picture) => picture.png,
            Err(trouble) => {
                tracing::warn!(%trouble, "an alert goes without a card");
                return match trouble {
                    Trouble::NotDrawn(_) => CardOutcome::Failed,
                    _ => CardOutcome::NoData,
                };
            }
        };
        let photo = Photo { png, caption: self.text.clone() };
        self.put(&photo, tools, clock::now() + TIME).await
    }

    async fn put(&self, photo: &Photo, tools: &Tools, deadline: Instant) -> CardOutcome {
        loop {
            let edit = tools.outbox.edit(self.chat, self.message, photo, &self.buttons, deadline);
            let fault = match edit.await {
                Delivery::Arrived(_) => return CardOutcome::Shown,
                Delivery::Unknown(_) if clock::now() + PAUSE < deadline => {
                    sleep(PAUSE).await;
                    continue;
                }
                Delivery::Failed(fault) | Delivery::Unknown(fault) => fault,
            };
            tracing::warn!(chat = self.chat, %fault, "the card of an alert could not be put into its message");
            return CardOutcome::Failed;
        }
    }
}
