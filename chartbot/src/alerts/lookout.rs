//! Looks at Alertmanager while silences of the bot exist, and passes on what happens under them.

use std::{convert::Infallible, time::Duration};

use tokio::{time::sleep, try_join};

use super::{
    alertmanager::Error,
    silencer::{Silencer, locked},
    watch::{Look, Notice},
};
use crate::chat::said::Said;

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
    let (uptime, (_, silences), (now, firing)) =
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

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        sync::atomic::{AtomicBool, Ordering},
    };

    use jiff::{SignedDuration, tz::TimeZone};
    use reqwest::StatusCode;
    use tokio::{sync::mpsc, time::timeout};

    use super::*;
    use crate::{
        alerts::{
            alert::{Alert, Fingerprint},
            notices::{ended, still_firing},
            silencer::Press,
            silences::{Lasting, SilenceId},
            stand::{Fault, Stand},
            watch::Event,
        },
        chat::{
            access::Sender,
            message::{Content, Message},
            place::Place,
        },
        words::{ENGLISH, Language, RUSSIAN, Words, moment::Times},
    };

    // Time is paused: a pause is over as soon as there is nothing left to do.

    fn message(notice: &Notice, how: impl Fn(&Alert) -> (&'static str, String), times: Times) -> Message {
        match &notice.what {
            Event::Ended { alerts, until } => ended(alerts, (&notice.silences, *until), how, times),
            Event::StillFiring { alerts, removed, .. } => still_firing(alerts, *removed, times),
        }
    }

    fn unreachable(_: &Alert) -> (&'static str, String) {
        ("🔴", "now unreachable".into())
    }

    static ZONE: TimeZone = TimeZone::UTC;

    fn times(words: &Words) -> Times<'_> {
        Times { zone: &ZONE, now: 1_796_000_000, words }
    }

    fn who() -> Sender {
        Sender { id: 7, username: None, is_bot: false, language: Language::English }
    }

    async fn press(silencer: &Silencer, number: u64) -> SilenceId {
        let of = [Fingerprint::parse(&format!("{number:016x}")).unwrap()];
        let (lasting, place) = (Lasting::OFFERED[1], Place::chat(-7));
        let press = Press { of: &of, known: &[], lasting, who: &who(), place, message: 55 };
        silencer.press(press, &ENGLISH).await.silences.remove(0)
    }

    fn text(message: &Message) -> String {
        match &message.content {
            Content::Text(text) => text.replace('\u{a0}', " "),
            Content::Photo(photo) => panic!("{}", photo.caption),
        }
    }

    /// The notices of so many looks, of which the first are not delivered where `lost`.
    async fn notices(silencer: &Silencer, looks: u32, lost: bool) -> Vec<Notice> {
        let (sent, mut arrived) = mpsc::unbounded_channel();
        let lost = AtomicBool::new(lost);
        let deliver = |notice| {
            let is_lost = lost.swap(false, Ordering::Relaxed);
            sent.send(notice).unwrap();
            ready(!is_lost)
        };
        let _ = timeout(INTERVAL * looks - INTERVAL / 2, run(silencer, deliver)).await;
        let mut all = Vec::new();
        while let Ok(notice) = arrived.try_recv() {
            all.push(notice);
        }
        all
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_under_a_silence_is_reported_once_in_all_lives_of_the_bot() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let silencer = Silencer::new(stand.client(), TimeZone::UTC);
        // Nothing to watch yet: it looks once, and again when there is something.
        assert_eq!(notices(&silencer, 3, false).await, []);
        assert_eq!(stand.world().requests, 3, "of one look");
        press(&silencer, 1).await;
        assert_eq!(notices(&silencer, 3, false).await, []);
        stand.world().alerts.clear();
        let found = notices(&silencer, 4, true).await;
        assert_eq!(found.len(), 2, "the first did not arrive");
        assert_eq!(found[0], found[1]);
        assert_eq!((found[0].place, found[0].message), (Place::chat(-7), Some(55)));
        let said = message(&found[0], unreachable, times(&ENGLISH));
        assert!(
            text(&said).starts_with("🔴 Behind · polygon · mine: now unreachable\nThe silence lasts until "),
            "{}",
            text(&said)
        );
        let button = said.buttons.concat().remove(0);
        let id = found[0].silences[0].to_string();
        assert_eq!((button.text, button.data), ("Remove the silence".into(), format!("alert undo {id}")));
        let level = |alert: &Alert| ("🟢", format!("{} снова не отстаёт", alert.labels["node"]));
        let said = message(&found[0], level, times(&RUSSIAN));
        assert!(
            text(&said)
                .starts_with("🟢 Behind · polygon · mine: mine снова не отстаёт\nУведомления отключены до "),
            "{}",
            text(&said)
        );
        // The next life knows it by the comment.
        let restarted = Silencer::new(stand.client(), TimeZone::UTC);
        assert_eq!(notices(&restarted, 4, false).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_that_is_over_is_reported_by_the_next_life_too() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        press(&Silencer::new(stand.client(), TimeZone::UTC), 1).await;
        stand.world().now += SignedDuration::from_mins(8 * 60 + 30);
        let restarted = Silencer::new(stand.client(), TimeZone::UTC);
        let found = notices(&restarted, 3, false).await;
        assert_eq!(found.len(), 1);
        let said = message(&found[0], unreachable, times(&ENGLISH));
        assert!(
            text(&said)
                .starts_with("🔔 The silence is over, still firing:\n🔴 Behind · polygon · mine, since "),
            "{}",
            text(&said)
        );
        assert!(said.buttons.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alertmanager_that_fails_has_not_ended_anything() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let silencer = Silencer::new(stand.client(), TimeZone::UTC);
        press(&silencer, 1).await;
        assert_eq!(notices(&silencer, 2, false).await, []);
        for fault in [
            Fault::Silent,
            Fault::Says(StatusCode::BAD_GATEWAY, "<html>"),
            Fault::Says(StatusCode::OK, "<html>"),
        ] {
            stand.world().fault = Some(("GET alerts", 0, fault));
            assert_eq!(notices(&silencer, 5, false).await, []);
        }
        stand.world().fault = None;
        assert_eq!(notices(&silencer, 5, false).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_end_of_a_silence_that_somebody_else_ended_is_news() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let silencer = Silencer::new(stand.client(), TimeZone::UTC);
        let undone = press(&silencer, 1).await;
        assert_eq!(notices(&silencer, 2, false).await, []);
        silencer.undo(Some(&undone), (-7, 56), &who(), &ENGLISH).await;
        assert_eq!(notices(&silencer, 3, false).await, []);
        let removed = press(&silencer, 1).await;
        assert_eq!(notices(&silencer, 2, false).await, []);
        stand.client().expire(&removed).await.unwrap();
        let found = notices(&silencer, 3, false).await;
        assert_eq!(found.len(), 1);
        let said = text(&message(&found[0], unreachable, times(&ENGLISH)));
        assert!(said.starts_with("🔔 The silence was removed, still firing:\n🔴 Behind"), "{said}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_that_is_made_while_there_was_nothing_to_watch_is_watched() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let silencer = Silencer::new(stand.client(), TimeZone::UTC);
        let meanwhile = async {
            sleep(INTERVAL).await;
            press(&silencer, 1).await;
            sleep(INTERVAL * 2).await;
            stand.world().alerts.clear();
        };
        let (found, ()) = tokio::join!(notices(&silencer, 8, false), meanwhile);
        assert_eq!(found.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_that_could_not_be_undone_is_watched_on() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let silencer = Silencer::new(stand.client(), TimeZone::UTC);
        let silence = press(&silencer, 1).await;
        stand.world().fault = Some(("DELETE", 0, Fault::Silent));
        let meanwhile = async {
            // A look falls into the time until Alertmanager is given up.
            sleep(INTERVAL - Duration::from_secs(1)).await;
            silencer.undo(Some(&silence), (-7, 56), &who(), &ENGLISH).await;
            stand.world().alerts.clear();
        };
        let (found, ()) = tokio::join!(notices(&silencer, 8, false), meanwhile);
        assert_eq!(found.len(), 1);
    }
}
