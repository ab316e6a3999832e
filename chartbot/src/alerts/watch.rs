//! PURE: what happens under the silences that the bot made, of which Alertmanager says nothing:
//! what it silenced ends, or a silence is over while something still fires.
//!
//! Absence counts as an end only when Alertmanager has been running for some minutes and two looks
//! in a row agree: after a restart it has no alerts until Prometheus sends them again. What was
//! reported is kept in the comment of the silence, so that the next life of the bot knows it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    alert::{Alert, Fingerprint, Pairs},
    alertmanager::Firing,
    silences::{Note, Of, Phase, Silence, SilenceId},
};
use crate::chat::place::Place;

/// Prometheus sends an alert again after a minute, and after a restart of its own it needs one
/// evaluation and a scrape more.
pub const SETTLES_AFTER: Duration = Duration::from_secs(300);
/// So many looks in a row have to miss an alert.
const LOOKS: u8 = 2;
/// A silence that ran out while the bot was away is worth a word for so long.
const LATELY: SignedDuration = SignedDuration::from_hours(1);
/// Alertmanager may round the times of a silence.
const ROUNDING: SignedDuration = SignedDuration::from_secs(2);
/// How many alerts under one silence are remembered.
const REMEMBERED: usize = 100;

/// What Alertmanager shows at one moment.
#[derive(Debug, Clone)]
pub struct Look {
    /// When, by its clock.
    pub now: Timestamp,
    /// How long it has been running.
    pub uptime: Duration,
    /// All silences.
    pub silences: Vec<Silence>,
    /// All alerts that fire.
    pub firing: Vec<Firing>,
}

/// Something to report about silences, to the chat in which they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where to.
    pub place: Place,
    /// The message to reply to, which has the alerts; absent after `/silence`.
    pub message: Option<i32>,
    /// What happened.
    pub what: Event,
    /// Under which silences.
    pub silences: Vec<SilenceId>,
}

/// What happened under a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nothing that it silenced fires any more.
    Ended {
        /// What fired under it.
        alerts: Vec<Ended>,
        /// When the last silence of these alerts ends, by anyone; absent if the bot's own is
        /// over as well.
        until: Option<Timestamp>,
    },
    /// The silence is over, and these fire.
    StillFiring {
        /// They, as they are now.
        alerts: Vec<Alert>,
        /// Whether somebody ended the silence, and not the bot.
        removed: bool,
        /// How long ago it ended, by Alertmanager's clock.
        over_for: SignedDuration,
    },
}

/// An alert that ended under a silence. Of one that ended while the bot was away, only its labels
/// and its start are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The alert; its end is when it was last seen, absent if the bot has not seen it.
    pub alert: Alert,
    /// When it began to fire again, if it did.
    pub again: Option<Timestamp>,
}

/// The silences of the bot, and what fires under them.
#[derive(Debug, Default)]
pub struct Watch {
    watched: BTreeMap<SilenceId, Watched>,
    /// Those of which everything is said.
    done: BTreeSet<SilenceId>,
    /// Those that the bot ended itself, as users asked it to.
    undone: BTreeSet<SilenceId>,
}

#[derive(Debug)]
struct Watched {
    silence: Silence,
    note: Note,
    /// Whether it no longer silences.
    is_over: bool,
    /// What fires under it, as last seen, which counts as its end.
    seen: BTreeMap<Fingerprint, Firing>,
    /// How many looks in a row saw nothing fire under it.
    missed: u8,
}

impl Watch {
    /// Whether no silence of the bot is left to watch.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.watched.is_empty()
    }

    /// The bot ends this silence itself, so its end is no news.
    pub fn undo(&mut self, id: &SilenceId) {
        self.watched.remove(id);
        self.undone.insert(id.clone());
    }

    /// It could not be ended after all.
    pub fn keep(&mut self, id: &SilenceId) {
        self.undone.remove(id);
    }

    /// Takes in what Alertmanager shows, and gives what has to be reported: again at the next look
    /// unless [`Self::reported`] was called for it.
    pub fn look(&mut self, look: &Look) -> Vec<Notice> {
        self.follow(look);
        let mut notices: Vec<Notice> = Vec::new();
        let mut done = Vec::new();
        for (id, watched) in &mut self.watched {
            match watched.judge(look) {
                Verdict::Nothing => {}
                Verdict::Done => done.push(id.clone()),
                Verdict::Report(what) => {
                    let Note { place, message, .. } = watched.note;
                    let mut alike =
                        notices.iter_mut().filter(|it| (it.place, it.message) == (place, message));
                    if !alike.any(|notice| notice.join(&what, id)) {
                        notices.push(Notice { place, message, what, silences: vec![id.clone()] });
                    }
                }
            }
        }
        for id in done {
            self.finish(id);
        }
        notices
    }

    /// A notice has arrived. Returns the silences whose comment has to say so, with that comment.
    pub fn reported(&mut self, notice: &Notice) -> Vec<(Silence, Note)> {
        let mut noted = Vec::new();
        for id in &notice.silences {
            let Some(watched) = self.watched.get_mut(id) else { continue };
            if watched.is_over {
                self.finish(id.clone());
            } else {
                watched.note.is_ended = true;
                watched.seen.clear();
                noted.push((watched.silence.clone(), watched.note.clone()));
            }
        }
        noted
    }

    fn finish(&mut self, id: SilenceId) {
        self.watched.remove(&id);
        self.done.insert(id);
    }

    /// Which silences there are now.
    fn follow(&mut self, look: &Look) {
        let listed: BTreeMap<_, _> = look.silences.iter().map(|silence| (&silence.id, silence)).collect();
        self.done.retain(|id| listed.contains_key(id));
        self.undone.retain(|id| listed.contains_key(id));
        for (id, watched) in &mut self.watched {
            watched.is_over = listed.get(id).is_none_or(|silence| silence.phase == Phase::Expired);
            if let Some(silence) = listed.get(id) {
                watched.silence = (*silence).clone();
            }
        }
        for (id, silence) in listed {
            let is_known =
                self.watched.contains_key(id) || self.done.contains(id) || self.undone.contains(id);
            let Some(note) = silence.note().filter(|_| !is_known) else { continue };
            match silence.phase {
                Phase::Expired if !ran_out_lately(silence, &note, look.now) => {
                    self.done.insert(id.clone());
                }
                _ => {
                    self.watched.insert(id.clone(), Watched::new(silence, note));
                }
            }
        }
    }
}

/// Whether a silence ended by itself, and not long ago.
fn ran_out_lately(silence: &Silence, note: &Note, now: Timestamp) -> bool {
    !was_removed(silence, note) && now.duration_since(silence.ends_at) <= LATELY
}

fn was_removed(silence: &Silence, note: &Note) -> bool {
    note.until.duration_since(silence.ends_at) > ROUNDING
}

impl Notice {
    /// Takes up what happened under another silence of the same message; whether it is of the same
    /// kind.
    fn join(&mut self, other: &Event, id: &SilenceId) -> bool {
        match (&mut self.what, other) {
            (Event::Ended { alerts, until }, Event::Ended { alerts: others, until: other }) => {
                for ended in others {
                    if alerts.iter().all(|known| known.alert.fingerprint != ended.alert.fingerprint) {
                        alerts.push(ended.clone());
                    }
                }
                *until = (*until).max(*other);
            }
            (
                Event::StillFiring { alerts, removed, over_for },
                Event::StillFiring { alerts: others, removed: other, over_for: as_long },
            ) if removed == other => {
                *over_for = (*over_for).min(*as_long);
                for alert in others {
                    if alerts.iter().all(|known| known.fingerprint != alert.fingerprint) {
                        alerts.push(alert.clone());
                    }
                }
            }
            _ => return false,
        }
        self.silences.push(id.clone());
        true
    }
}

enum Verdict {
    Nothing,
    Done,
    Report(Event),
}

impl Watched {
    fn new(silence: &Silence, mut note: Note) -> Self {
        let is_over = silence.phase == Phase::Expired;
        // Whether something ended before a silence that is over by now, or after it, is not known.
        note.is_ended |= is_over;
        let mut seen = BTreeMap::new();
        if let (Of::Alert { fingerprint, since }, false) = (&note.of, note.is_ended) {
            // It fired when it was silenced.
            let alert = Alert {
                fingerprint: fingerprint.clone(),
                labels: silence.labels(),
                annotations: Pairs::new(),
                starts_at: *since,
                ends_at: None,
            };
            seen.insert(fingerprint.clone(), Firing { alert, silenced_by: Vec::new() });
        }
        Self { silence: silence.clone(), note, is_over, seen, missed: 0 }
    }

    fn judge(&mut self, look: &Look) -> Verdict {
        let covered = look.firing.iter().filter(|firing| self.silence.covers(&firing.alert.labels));
        let covered: Vec<_> = covered.collect();
        let is_settled = look.uptime >= SETTLES_AFTER;
        match (covered.is_empty(), self.is_over) {
            (true, _) => self.judge_absence(is_settled, &look.silences),
            (false, true) => self.judge_loudness(&covered, look.now),
            (false, false) => self.judge_presence(&covered, is_settled, look),
        }
    }

    fn judge_absence(&mut self, is_settled: bool, silences: &[Silence]) -> Verdict {
        if !is_settled {
            self.missed = 0;
            return Verdict::Nothing;
        }
        self.missed = self.missed.saturating_add(1);
        match (self.is_over, self.seen.is_empty() || self.note.is_ended) {
            _ if self.missed < LOOKS => Verdict::Nothing,
            (true, true) => Verdict::Done,
            (false, true) => Verdict::Nothing,
            (_, false) => {
                let ended = |seen: &Firing| Ended { alert: seen.alert.clone(), again: None };
                self.ended(self.seen.values().map(ended).collect(), silences)
            }
        }
    }

    /// The silence is over, and something fires that it silenced.
    fn judge_loudness(&mut self, covered: &[&Firing], now: Timestamp) -> Verdict {
        self.missed = 0;
        // What another silence covers is not loud, and its end is the other one's to report.
        let loud = covered.iter().filter(|firing| firing.silenced_by.is_empty());
        let alerts: Vec<_> = loud.map(|firing| firing.alert.clone()).collect();
        if alerts.is_empty() {
            return Verdict::Done;
        }
        // One that is no longer listed did not run out: Alertmanager would list it for days.
        let removed = was_removed(&self.silence, &self.note) || self.silence.phase != Phase::Expired;
        // Of one that is no longer listed, the end that was planned may be yet to come.
        let over_for = now.duration_since(self.silence.ends_at).max(SignedDuration::ZERO);
        Verdict::Report(Event::StillFiring { alerts, removed, over_for })
    }

    fn judge_presence(&mut self, covered: &[&Firing], is_settled: bool, look: &Look) -> Verdict {
        self.missed = 0;
        if !is_settled {
            // Of several Prometheus servers, the one with the earliest start may be yet to come.
            return Verdict::Nothing;
        }
        let again = covered.iter().filter_map(|Firing { alert, .. }| {
            let earlier = &self.seen.get(&alert.fingerprint)?.alert;
            let again = (alert.starts_at > earlier.starts_at).then_some(alert.starts_at);
            again.map(|again| Ended { alert: earlier.clone(), again: Some(again) })
        });
        let again: Vec<_> = again.collect();
        if !again.is_empty() && !self.note.is_ended {
            return self.ended(again, &look.silences);
        }
        for Firing { alert, silenced_by } in covered {
            if self.seen.len() < REMEMBERED || self.seen.contains_key(&alert.fingerprint) {
                let seen = Alert { ends_at: Some(look.now), ..alert.clone() };
                let seen = Firing { alert: seen, silenced_by: silenced_by.clone() };
                self.seen.insert(alert.fingerprint.clone(), seen);
            }
        }
        Verdict::Nothing
    }

    fn ended(&self, alerts: Vec<Ended>, silences: &[Silence]) -> Verdict {
        // Regular expressions are Alertmanager's to match, and it did while the alert fired.
        let silenced = |silence: &Silence, alert: &Alert| {
            let seen = self.seen.get(&alert.fingerprint);
            silence.covers(&alert.labels) || seen.is_some_and(|seen| seen.silenced_by.contains(&silence.id))
        };
        let active = silences.iter().filter(|silence| silence.phase == Phase::Active);
        let others = active.filter(|silence| alerts.iter().any(|ended| silenced(silence, &ended.alert)));
        let latest = others.map(|silence| silence.ends_at).chain([self.silence.ends_at]).max();
        let until = latest.filter(|_| !self.is_over);
        Verdict::Report(Event::Ended { alerts, until })
    }
}

#[cfg(test)]
mod tests;
