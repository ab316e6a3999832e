//! Looks at Alertmanager while silences of the bot exist, and passes on what happens under them.

use std::{convert::Infallible, time::Duration};

use tokio::{time::sleep, try_join};

use super::{
    alertmanager::Error,
    silencer::{Silencer, locked, undo_button},
    watch::{Event, Look, Notice},
};
use crate::{
    alerts::{alert::Alert, silences::SilenceId},
    chat::{
        message::{Message, TEXT_LIMIT},
        said::Said,
    },
    clock,
    words::{
        Words,
        silence::{at, ended_line, fitted, line},
    },
};

/// Between two looks: often enough for people, and nothing to Alertmanager.
pub const INTERVAL: Duration = Duration::from_secs(15);

/// Looks for ever. `deliver` sends a notice, and says whether it arrived; if not, it is given the
/// same again.
pub async fn run<F>(silencer: &Silencer, deliver: impl Fn(Notice) -> F) -> Infallible
where
    F: Future<Output = bool>,
{
    let mut said = Said::default();
    loop {
        match look(silencer).await {
            Ok(look) => {
                if said.ends() {
                    tracing::info!("silences are watched again");
                }
                let notices = locked(&silencer.watch).look(&look);
                for notice in notices {
                    if deliver(notice.clone()).await {
                        report(silencer, &notice).await;
                    }
                }
                if locked(&silencer.watch).is_idle() {
                    silencer.wake.notified().await;
                    continue;
                }
            }
            Err(error) if said.begins(error.kind()) => {
                tracing::warn!("silences cannot be watched, since Alertmanager {error}");
            }
            Err(error) => tracing::debug!(%error, "silences can still not be watched"),
        }
        sleep(INTERVAL).await;
    }
}

async fn look(silencer: &Silencer) -> Result<Look, Error> {
    let alertmanager = &silencer.alertmanager;
    let (uptime, silences, (now, firing)) =
        try_join!(alertmanager.uptime(), alertmanager.silences(), alertmanager.alerts())?;
    Ok(Look { now, uptime, silences, firing })
}

async fn report(silencer: &Silencer, notice: &Notice) {
    let noted = locked(&silencer.watch).reported(notice);
    for (silence, note) in noted {
        if let Err(error) = silencer.alertmanager.annotate(&silence, &note).await {
            tracing::warn!(%error, "a silence could not be annotated; its end is reported again after a restart");
        }
    }
}

/// A notice in words, with a button for what is left of the silence. `how` is what is known of the
/// end of an alert, such as "level again, after 18 min".
#[must_use]
pub fn message(
    silencer: &Silencer,
    notice: &Notice,
    how: impl Fn(&Alert) -> Option<String>,
    words: &Words,
) -> Message {
    let times = silencer.times(clock::wall(), words);
    let silences = words.silences;
    let text = |lines: Vec<String>, last: &[String]| fitted(&lines, last, TEXT_LIMIT, words);
    match &notice.what {
        Event::Ended { alerts, until } => {
            let lines = alerts.iter().map(|ended| ended_line(ended, how(&ended.alert), times));
            let goes_on: Vec<_> = until.iter().map(|until| (silences.goes_on)(&at(*until, times))).collect();
            let left: &[SilenceId] = if until.is_some() { &notice.silences } else { &[] };
            let buttons = undo_button(left, silences.remove);
            Message::text(text(lines.collect(), &goes_on)).with_buttons(buttons)
        }
        Event::StillFiring { alerts, removed } => {
            let heading = if *removed { silences.removed } else { silences.ran_out };
            let lines = alerts
                .iter()
                .map(|alert| line(&alert.labels, &alert.annotations, Some(alert.starts_at), times));
            Message::text(text(std::iter::once(format!("{heading}:")).chain(lines).collect(), &[]))
        }
    }
}
