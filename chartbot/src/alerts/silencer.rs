//! The edge: makes the silences that users ask for, and ends them again.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::{sync::Notify, try_join};

use super::{
    alert::{Alert, Fingerprint},
    alertmanager::{Alertmanager, Error, Firing},
    button::Action,
    silences::{Draft, Lasting, Maker, Phase, Silence, SilenceId},
    watch::Watch,
};
use crate::{
    chat::{
        access::Sender,
        message::{Button, Message, TEXT_LIMIT},
        place::Place,
    },
    words::{
        Words,
        moment::Times,
        silence::{at, fitted, name, reason, section},
    },
};

/// The silences of so many messages are remembered for their button to undo all.
const REMEMBERED: usize = 1_000;
/// A silence that ends at most so much earlier than the wanted one will do.
const ALIKE: SignedDuration = SignedDuration::from_secs(60);

/// Makes silences in one Alertmanager, with times in one zone.
pub struct Silencer {
    pub(super) alertmanager: Alertmanager,
    zone: TimeZone,
    made: Mutex<Made>,
    pub(super) watch: Mutex<Watch>,
    /// There is a silence to watch.
    pub(super) wake: Notify,
}

/// A press on a button that silences alerts.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    /// The alerts of the message, or the one of the button.
    pub of: &'a [Fingerprint],
    /// Those of them that the bot remembers, so that one that is gone has a name.
    pub known: &'a [Alert],
    /// For how long.
    pub lasting: Lasting,
    /// Who pressed.
    pub who: &'a Sender,
    /// Where.
    pub place: Place,
    /// The message with the alerts, to which notices will reply.
    pub message: i32,
}

/// The answer to a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What to send, as a reply.
    pub message: Message,
    /// What was made, for [`Silencer::remember`] once the id of that message is known.
    pub silences: Vec<SilenceId>,
}

/// Silences by the message whose button ends them, the oldest message first.
#[derive(Debug, Default)]
struct Made(VecDeque<((i64, i32), Vec<SilenceId>)>);

impl Silencer {
    /// Asks `alertmanager`, and says times in `zone`.
    #[must_use]
    pub fn new(alertmanager: Alertmanager, zone: TimeZone) -> Self {
        Self { alertmanager, zone, made: Mutex::default(), watch: Mutex::default(), wake: Notify::new() }
    }

    /// Makes one silence for each alert that still fires. Labels come from Alertmanager, so it
    /// works after a restart as well.
    pub async fn press(&self, press: Press<'_>, words: &Words) -> Answer {
        let nothing = |text: &str| Answer { message: Message::text(text), silences: Vec::new() };
        if press.of.is_empty() {
            return nothing(words.silences.nothing_known);
        }
        let asked = try_join!(self.alertmanager.alerts(), self.alertmanager.silences());
        let ((now, firing), silences) = match asked {
            Ok(asked) => asked,
            Err(error) => return nothing(&reason(&error, words)),
        };
        let Press { lasting, place, message, .. } = press;
        let maker = Maker { who: who(press.who), place, message: Some(message) };
        let until = now + SignedDuration::from_secs(lasting.seconds().into());
        let mut done = Outcome::default();
        for fingerprint in press.of {
            let Some(Firing { alert, silenced_by }) =
                firing.iter().find(|firing| firing.alert.fingerprint == *fingerprint)
            else {
                let known = press.known.iter().find(|alert| alert.fingerprint == *fingerprint);
                done.gone.push(known.map_or_else(|| fingerprint.to_string(), |alert| name(&alert.labels)));
                continue;
            };
            let name = name(&alert.labels);
            let ends = silences.iter().filter(|silence| silenced_by.contains(&silence.id));
            match ends.map(|silence| silence.ends_at).max() {
                Some(ends_at) if ends_at >= until - ALIKE => {
                    done.already.entry(ends_at).or_default().push(name);
                }
                _ => self.make(&Draft::of_alert(alert, &maker, now, lasting), name, &mut done).await,
            }
        }
        done.answer(&maker.who, until, self.times(now, words))
    }

    /// Silences whatever fires about a node.
    pub async fn plan(
        &self,
        (network, node): (&str, &str),
        lasting: Lasting,
        maker: &Maker,
        words: &Words,
    ) -> Result<Message, Error> {
        let ((now, _), silences) = try_join!(self.alertmanager.alerts(), self.alertmanager.silences())?;
        let draft = Draft::of_node(network, node, maker, now, lasting);
        let alike = silences.iter().filter(|silence| {
            let is_it = silence.note().is_some() && silence.labels() == draft.labels;
            is_it && silence.phase == Phase::Active && silence.ends_at >= draft.ends_at - ALIKE
        });
        let mut done = Outcome::default();
        let name = name(&draft.labels);
        match alike.map(|silence| silence.ends_at).max() {
            Some(ends_at) => done.already.entry(ends_at).or_default().push(name),
            None => self.make(&draft, name, &mut done).await,
        }
        match done.error {
            Some(error) => Err(error),
            None => Ok(done.answer(&maker.who, draft.ends_at, self.times(now, words)).message),
        }
    }

    /// Makes one silence, unless Alertmanager has stopped to answer.
    async fn make(&self, draft: &Draft, name: String, done: &mut Outcome) {
        if !done.error.as_ref().is_none_or(is_of_one) {
            return done.not_silenced.push(name);
        }
        let made = self.alertmanager.silence(draft).await;
        // One that is not confirmed may exist all the same.
        self.wake.notify_one();
        match made {
            Ok(id) => {
                done.silenced.push(name);
                done.made.push(id);
            }
            Err(error) => {
                tracing::warn!(%error, "Alertmanager did not confirm a silence");
                done.not_silenced.push(name);
                done.error = Some(error);
            }
        }
    }

    /// The button that ends `silences` is under this message.
    pub fn remember(&self, chat: i64, message: i32, silences: Vec<SilenceId>) {
        if silences.is_empty() {
            return;
        }
        let mut made = locked(&self.made);
        made.0.push_back(((chat, message), silences));
        if made.0.len() > REMEMBERED {
            made.0.pop_front();
        }
    }

    /// Ends a silence, or all that belong to this message.
    pub async fn undo(
        &self,
        id: Option<&SilenceId>,
        (chat, message): (i64, i32),
        who: &Sender,
        words: &Words,
    ) -> Message {
        let of_message = |made: &Made| {
            let it = made.0.iter().find(|(place, _)| *place == (chat, message));
            it.map(|(_, silences)| silences.clone())
        };
        let ids = match id {
            Some(id) => Some(vec![id.clone()]),
            None => of_message(&locked(&self.made)),
        };
        let Some(ids) = ids else { return Message::text(words.silences.undo_unknown) };
        let listed = match self.alertmanager.silences().await {
            Ok(listed) => listed,
            Err(error) => return Message::text(reason(&error, words)),
        };
        let (mut undone, mut over, mut kept, mut failure) = (Vec::new(), Vec::new(), Vec::new(), None);
        for id in &ids {
            let silence = listed.iter().find(|silence| silence.id == *id);
            let name = silence.map(|silence| name(&silence.labels()));
            match silence {
                Some(Silence { phase: Phase::Pending | Phase::Active, .. }) => match self.end(id).await {
                    Ok(()) => undone.extend(name),
                    Err(error) => {
                        kept.extend(name);
                        failure = Some(error);
                    }
                },
                _ => over.extend(name),
            }
        }
        let silences = words.silences;
        let mut lines = section(&(silences.undone)(&self::who(who)), &undone);
        lines.extend(section(silences.over, &over));
        lines.extend(section(silences.not_undone, &kept));
        if lines.is_empty() {
            lines.push(format!("{}.", silences.over));
        }
        let last: Vec<_> = failure.iter().map(|error| reason(error, words)).collect();
        Message::text(fitted(&lines, &last, TEXT_LIMIT, words))
    }

    async fn end(&self, id: &SilenceId) -> Result<(), Error> {
        // Before the request, since the watch may look at any moment.
        locked(&self.watch).undo(id);
        let ended = self.alertmanager.expire(id).await;
        if let Err(error) = &ended {
            locked(&self.watch).keep(id);
            tracing::warn!(%error, "Alertmanager did not end a silence");
        }
        ended
    }

    pub(super) fn times<'a>(&'a self, now: Timestamp, words: &'a Words) -> Times<'a> {
        Times { zone: &self.zone, now: now.as_second(), words }
    }
}

/// What became of what was to be silenced, by name.
#[derive(Debug, Default)]
struct Outcome {
    silenced: Vec<String>,
    made: Vec<SilenceId>,
    already: BTreeMap<Timestamp, Vec<String>>,
    gone: Vec<String>,
    not_silenced: Vec<String>,
    /// Why the last of those was not.
    error: Option<Error>,
}

impl Outcome {
    fn answer(self, who: &str, until: Timestamp, times: Times) -> Answer {
        let words = times.words.silences;
        let mut lines = section(&(words.silenced)(who, &at(until, times)), &self.silenced);
        for (until, names) in &self.already {
            lines.extend(section(&(words.already)(&at(*until, times)), names));
        }
        lines.extend(section(words.gone, &self.gone));
        lines.extend(section(words.not_silenced, &self.not_silenced));
        let last: Vec<_> = self.error.iter().map(|error| reason(error, times.words)).collect();
        let message = Message::text(fitted(&lines, &last, TEXT_LIMIT, times.words));
        let buttons = undo_button(&self.made, words.undo);
        Answer { message: message.with_buttons(buttons), silences: self.made }
    }
}

/// The button that ends these silences; one of several is found by its message.
#[must_use]
pub fn undo_button(silences: &[SilenceId], text: &str) -> Vec<Vec<Button>> {
    match silences {
        [] => Vec::new(),
        [one] => vec![vec![Action::Undo(Some(one.clone())).button(text)]],
        _ => vec![vec![Action::Undo(None).button(text)]],
    }
}

/// Whether a failure is of one silence, and the next may be accepted.
fn is_of_one(error: &Error) -> bool {
    matches!(error, Error::Failed { status: 400..500, .. })
}

/// `@username`, or else the numeric id.
#[must_use]
pub fn who(sender: &Sender) -> String {
    sender.username.as_ref().map_or_else(|| sender.id.to_string(), |name| format!("@{name}"))
}

/// What is behind the lock is consistent at any time, also after a panic elsewhere.
pub(super) fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alerts::stand::{Fault, Stand},
        chat::message::Content,
        words::{ENGLISH, Language, RUSSIAN},
    };
    use hyper::StatusCode;

    const GROUP: i64 = -100_123;

    fn ada() -> Sender {
        Sender { id: 7, username: Some("ada".into()), is_bot: false, language: Language::English }
    }

    fn silencer(stand: &Stand) -> Silencer {
        Silencer::new(stand.client(), TimeZone::UTC)
    }

    fn fingerprints(numbers: impl IntoIterator<Item = u64>) -> Vec<Fingerprint> {
        numbers.into_iter().map(|it| Fingerprint::parse(&format!("{it:016x}")).unwrap()).collect()
    }

    fn press<'a>(of: &'a [Fingerprint], known: &'a [Alert], who: &'a Sender) -> Press<'a> {
        let place = Place { chat: GROUP, topic: Some(7) };
        Press { of, known, lasting: Lasting::OFFERED[1], who, place, message: 55 }
    }

    fn text(message: &Message) -> String {
        match &message.content {
            Content::Text(text) => text.replace('\u{a0}', " "),
            Content::Photo(photo) => panic!("{}", photo.caption),
        }
    }

    fn data(message: &Message) -> Vec<(String, String)> {
        message.buttons.concat().into_iter().map(|button| (button.text, button.data)).collect()
    }

    async fn silence(stand: &Stand, numbers: impl IntoIterator<Item = u64>) -> Answer {
        silencer(stand).press(press(&fingerprints(numbers), &[], &ada()), &ENGLISH).await
    }

    #[tokio::test]
    async fn an_alert_is_silenced_by_all_labels_in_the_name_of_who_pressed() {
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let answer = silence(&stand, [1]).await;
        assert_eq!(
            text(&answer.message),
            "🔕 Silenced until 30 Nov, 07:12 UTC by @ada: Behind · polygon · mine"
        );
        let id = &answer.silences[0];
        assert_eq!(data(&answer.message), [("Undo".into(), format!("alert undo {id}"))]);
        let made = stand.world().silences[0].clone();
        assert_eq!(made["createdBy"], "@ada");
        assert_eq!(
            made["comment"],
            "headlag-chartbot: alert 0000000000000001 since 2026-11-29T22:12:00Z in -100123:7, message 55, \
             until 2026-11-30T07:12:00Z"
        );
        let matchers = made["matchers"].as_array().unwrap();
        let names: Vec<_> = matchers.iter().map(|matcher| matcher["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["alertname", "network", "node", "severity"]);
        assert!(matchers.iter().all(|it| it["isEqual"] == true && it["isRegex"] == false));
        // The button works after a restart, for somebody without a username as well.
        let bob = Sender { id: 8, username: None, ..ada() };
        let undone = silencer(&stand).undo(Some(id), (GROUP, 56), &bob, &RUSSIAN).await;
        assert_eq!(text(&undone), "🔔 Уведомления снова включены (8): Behind · polygon · mine");
        assert!(stand.world().active().is_empty());
        let again = silencer(&stand).undo(Some(id), (GROUP, 56), &bob, &ENGLISH).await;
        assert_eq!(text(&again), "The silence was already over: Behind · polygon · mine");
        stand.world().silences.clear();
        let forgotten = silencer(&stand).undo(Some(id), (GROUP, 56), &bob, &ENGLISH).await;
        assert_eq!(text(&forgotten), "The silence was already over.");
    }

    #[tokio::test]
    async fn ten_alerts_are_ten_silences_with_one_undo() {
        let stand = Stand::new().await;
        (1..=10).for_each(|number| stand.world().fires(number, "Behind", &format!("node-{number}")));
        let silencer = silencer(&stand);
        let answer = silencer.press(press(&fingerprints(1..=10), &[], &ada()), &ENGLISH).await;
        assert_eq!(stand.world().active().len(), 10);
        assert_eq!(text(&answer.message).lines().count(), 11, "{}", text(&answer.message));
        assert_eq!(data(&answer.message), [("Undo".into(), "alert undo".into())]);
        silencer.remember(GROUP, 56, answer.silences);
        // Another message, and another life, know nothing of them.
        let unknown = silencer.undo(None, (GROUP, 57), &ada(), &ENGLISH).await;
        assert!(text(&unknown).starts_with("I no longer know which silences"), "{}", text(&unknown));
        let unknown = self::silencer(&stand).undo(None, (GROUP, 56), &ada(), &ENGLISH).await;
        assert!(text(&unknown).starts_with("I no longer know which silences"), "{}", text(&unknown));
        let undone = silencer.undo(None, (GROUP, 56), &ada(), &ENGLISH).await;
        assert!(text(&undone).starts_with("🔔 Silence removed by @ada:\nBehind"), "{}", text(&undone));
        assert!(stand.world().active().is_empty());
    }

    #[tokio::test]
    async fn what_no_longer_fires_or_is_silenced_already_is_named() {
        let stand = Stand::new().await;
        for number in [1, 2] {
            stand.world().fires(number, "Behind", &format!("node-{number}"));
        }
        silence(&stand, [1]).await;
        let (_, firing) = stand.client().alerts().await.unwrap();
        let gone = Alert { fingerprint: fingerprints([3]).remove(0), ..firing[0].alert.clone() };
        let answer =
            silencer(&stand).press(press(&fingerprints([1, 2, 3, 4]), &[gone], &ada()), &ENGLISH).await;
        assert_eq!(
            text(&answer.message),
            "🔕 Silenced until 30 Nov, 07:12 UTC by @ada: Behind · polygon · node-2\n\
             Already silenced until 30 Nov, 07:12 UTC: Behind · polygon · node-1\n\
             No longer firing, so not silenced:\nBehind · polygon · node-1\n0000000000000004"
        );
        assert_eq!(stand.world().active().len(), 2);
        // A longer one is made, a shorter one is not.
        let (of, ada) = (fingerprints([2]), ada());
        let longer = Press { lasting: Lasting::OFFERED[2], ..press(&of, &[], &ada) };
        silencer(&stand).press(longer, &ENGLISH).await;
        assert_eq!(stand.world().active().len(), 3);
        let same = silence(&stand, [2]).await;
        assert_eq!(
            text(&same.message),
            "Already silenced until 30 Nov, 23:12 UTC: Behind · polygon · node-2"
        );
        assert_eq!((data(&same.message), same.silences.len()), (Vec::new(), 0));
        assert_eq!(text(&silence(&stand, []).await.message), ENGLISH.silences.nothing_known);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_names_what_is_not_silenced() {
        let away = "Alertmanager did not answer in time; /alerts shows what is silenced.";
        for (fault, made, want) in [
            (("GET alerts", 0, Fault::Silent), 0, away.to_owned()),
            (
                ("POST", 1, Fault::Silent),
                1,
                format!(
                    "🔕 Silenced until 30 Nov, 07:12 UTC by @ada: Behind · polygon · node-1\n\
                     Not silenced:\nBehind · polygon · node-2\nBehind · polygon · node-3\n{away}"
                ),
            ),
            (
                ("POST", 2, Fault::Says(StatusCode::BAD_REQUEST, "\"too many silences\"")),
                2,
                "🔕 Silenced until 30 Nov, 07:12 UTC by @ada:\nBehind · polygon · node-1\n\
                 Behind · polygon · node-2\nNot silenced: Behind · polygon · node-3\n\
                 Alertmanager answered with an error (status 400): too many silences"
                    .to_owned(),
            ),
        ] {
            let stand = Stand::new().await;
            (1..=3).for_each(|number| stand.world().fires(number, "Behind", &format!("node-{number}")));
            stand.world().fault = Some(fault);
            let answer = silence(&stand, 1..=3).await;
            assert_eq!(text(&answer.message), want);
            assert_eq!((stand.world().active().len(), answer.silences.len()), (made, made));
        }
        let stand = Stand::new().await;
        stand.world().fires(1, "Behind", "mine");
        let made = silence(&stand, [1]).await;
        stand.world().fault = Some(("DELETE", 0, Fault::Says(StatusCode::FORBIDDEN, "")));
        let kept = silencer(&stand).undo(made.silences.first(), (GROUP, 56), &ada(), &ENGLISH).await;
        assert_eq!(
            text(&kept),
            "Still silenced: Behind · polygon · mine\nAlertmanager refused the request (status 403); check \
             that headlag may use its API."
        );
    }

    #[tokio::test]
    async fn a_thousand_alerts_fit_into_one_answer() {
        let stand = Stand::new().await;
        (1..=200).for_each(|number| stand.world().fires(number, "Behind", &format!("node-{number:060}")));
        let answer = silence(&stand, 1..=200).await;
        let text = text(&answer.message);
        assert!(text.encode_utf16().count() <= TEXT_LIMIT);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("and ") && last.ends_with(" more"), "{last}");
    }
}
