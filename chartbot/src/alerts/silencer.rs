//! The edge: makes the silences that users ask for, and ends them again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::{join, sync::Notify, try_join};

use super::{
    alert::{Alert, Fingerprint},
    alertmanager::{Alertmanager, Error, Firing},
    button::Action,
    remaining::Remaining,
    silences::{Draft, Lasting, Maker, Phase, Silence, SilenceId},
    watch::Watch,
};
use crate::{
    chat::{
        access::Sender,
        message::{Button, Message, TEXT_LIMIT},
        place::Place,
    },
    config::HttpConfig,
    words::{
        Words, fitted,
        moment::Times,
        silence::{name, reason, section},
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
    /// What its button ends, for [`Silencer::remember`] once the id of that message is known.
    pub silences: Vec<SilenceId>,
    /// Messages, each with its chat, whose buttons have become useless.
    pub spent: Vec<(i64, i32)>,
}

impl Answer {
    /// Of a press that changes no silence.
    #[must_use]
    pub fn plain(message: Message) -> Self {
        Self { message, silences: Vec::new(), spent: Vec::new() }
    }
}

/// The answer to a press that ends silences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// What to send, as a reply.
    pub message: Message,
    /// Messages, each with its chat, whose button has nothing left to end.
    pub spent: Vec<(i64, i32)>,
    /// What the button of the answer ends: others of the bot's that silence the same.
    pub others: Vec<SilenceId>,
    /// Which silences it ended.
    ended: Vec<Silence>,
    /// Which others there are.
    left: Vec<Silence>,
}

impl Undone {
    /// Whether an alert is no longer under a silence of the bot's.
    #[must_use]
    pub fn is_loud(&self, alert: &Alert) -> bool {
        let is_under = |silences: &[Silence]| silences.iter().any(|silence| silence.is_of(alert));
        is_under(&self.ended) && !is_under(&self.left)
    }
}

/// Silences by the message whose button ends them, the oldest message first.
#[derive(Debug, Default)]
struct Made(VecDeque<((i64, i32), Vec<SilenceId>)>);

impl Made {
    /// The messages whose silences are all among these, and the one that was pressed.
    fn spent(&self, ended: &[SilenceId], pressed: (i64, i32)) -> Vec<(i64, i32)> {
        let is_spent = |silences: &[SilenceId]| silences.iter().all(|id| ended.contains(id));
        let known = self.0.iter().filter(|(message, silences)| *message != pressed && is_spent(silences));
        std::iter::once(pressed).chain(known.map(|(message, _)| *message)).collect()
    }
}

impl Silencer {
    /// Asks Alertmanager as `http` says from now on.
    ///
    /// # Errors
    /// When TLS cannot be set up; then it asks as before.
    pub fn renew(&self, http: &HttpConfig) -> reqwest::Result<()> {
        self.alertmanager.renew(http)
    }

    /// Asks `alertmanager`, and says times in `zone`.
    #[must_use]
    pub fn new(alertmanager: Alertmanager, zone: TimeZone) -> Self {
        Self { alertmanager, zone, made: Mutex::default(), watch: Mutex::default(), wake: Notify::new() }
    }

    /// Makes one silence for each alert that still fires. Labels come from Alertmanager, so it
    /// works after a restart as well.
    pub async fn press(&self, press: Press<'_>, words: &Words) -> Answer {
        let nothing = |text: &str| Answer::plain(Message::text(text));
        if press.of.is_empty() {
            return nothing(words.silences.nothing_known);
        }
        let asked = try_join!(self.alertmanager.alerts(), self.alertmanager.silences());
        let ((now, firing), (_, silences)) = match asked {
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
        let (now, silences) = self.alertmanager.silences().await?;
        let draft = Draft::of_node(network, node, maker, now, lasting);
        let alike = silences.iter().filter(|silence| {
            let is_it = silence.phase == Phase::Active && silence.covers_all(&draft.labels);
            is_it && silence.ends_at >= draft.ends_at - ALIKE
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

    /// Ends a silence, or all that belong to the message whose button was pressed, which is given
    /// with its chat.
    pub async fn undo(
        &self,
        id: Option<&SilenceId>,
        pressed: (i64, i32),
        who: &Sender,
        words: &Words,
    ) -> Undone {
        let nothing = |text: &str| Undone {
            message: Message::text(text),
            spent: Vec::new(),
            others: Vec::new(),
            ended: Vec::new(),
            left: Vec::new(),
        };
        let of_message = |made: &Made| {
            let it = made.0.iter().find(|(message, _)| *message == pressed);
            it.map(|(_, silences)| silences.clone())
        };
        let ids = match id {
            Some(id) => Some(vec![id.clone()]),
            None => of_message(&locked(&self.made)),
        };
        let Some(ids) = ids else { return nothing(words.silences.undo_unknown) };
        let (listed, firing) = join!(self.alertmanager.silences(), self.alertmanager.alerts());
        let (now, listed) = match listed {
            Ok(listed) => listed,
            Err(error) => return nothing(&reason(&error, words)),
        };
        let (mut undone, mut over, mut kept, mut failure) = (Vec::new(), Vec::new(), Vec::new(), None);
        let (mut ended, mut gone) = (BTreeSet::new(), Vec::new());
        for id in &ids {
            let silence = listed.iter().find(|silence| silence.id == *id);
            let name = silence.map(|silence| name(&silence.labels()));
            match silence {
                Some(Silence { phase: Phase::Pending | Phase::Active, .. }) => match self.end(id).await {
                    Ok(()) => {
                        ended.insert(id);
                        gone.extend(silence);
                        undone.extend(name);
                    }
                    Err(error) => {
                        kept.extend(name);
                        failure = Some(error);
                    }
                },
                _ => {
                    gone.extend(silence);
                    over.extend(name);
                }
            }
        }
        let silences = words.silences;
        let mut lines = section(&(silences.undone)(&self::who(who)), &undone);
        lines.extend(section(silences.over, &over));
        lines.extend(section(silences.not_undone, &kept));
        if lines.is_empty() {
            lines.push(format!("{}.", silences.over));
        }
        let is_other = |silence: &&Silence| silence.phase == Phase::Active && !ids.contains(&silence.id);
        let others: Vec<_> = listed.iter().filter(is_other).collect();
        // What fires is needed for the regular expressions of silences that others made, no more.
        let firing = firing.map(|(_, firing)| firing).unwrap_or_default();
        let Remaining { until, own } = Remaining::of(&gone, &others, &firing);
        let times = self.times(now, words);
        let still = until.iter().rev();
        let still: Vec<_> =
            still.flat_map(|(end, names)| section(&(silences.still)(&times.stamp(*end)), names)).collect();
        // However many silences were undone, this is not cut off.
        let still = (!still.is_empty()).then(|| fitted(&still, &[], TEXT_LIMIT / 2, words));
        let last = still.into_iter().chain(failure.iter().map(|error| reason(error, words)));
        let text = fitted(&lines, &last.collect::<Vec<_>>(), TEXT_LIMIT, words);
        let message = Message::text(text).with_buttons(undo_button(&own, silences.remove));
        let active = listed.into_iter().filter(|silence| silence.phase != Phase::Expired);
        let (ended, left) = active.partition(|silence| ended.contains(&silence.id));
        let spent = match failure {
            None => locked(&self.made).spent(&ids, pressed),
            Some(_) => Vec::new(),
        };
        Undone { message, spent, others: own, ended, left }
    }

    async fn end(&self, id: &SilenceId) -> Result<(), Error> {
        // Before the request, since the watch may look at any moment.
        locked(&self.watch).undo(id);
        let ended = self.alertmanager.expire(id).await;
        if let Err(error) = &ended {
            locked(&self.watch).keep(id);
            // Meanwhile the watch may have found nothing else to look at.
            self.wake.notify_one();
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
        let mut lines = section(&(words.silenced)(who, &times.stamp(until)), &self.silenced);
        for (until, names) in &self.already {
            lines.extend(section(&(words.already)(&times.stamp(*until)), names));
        }
        lines.extend(section(words.gone, &self.gone));
        lines.extend(section(words.not_silenced, &self.not_silenced));
        let last: Vec<_> = self.error.iter().map(|error| reason(error, times.words)).collect();
        let message = Message::text(fitted(&lines, &last, TEXT_LIMIT, times.words));
        let buttons = undo_button(&self.made, words.undo);
        Answer { message: message.with_buttons(buttons), silences: self.made, spent: Vec::new() }
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
mod tests;
