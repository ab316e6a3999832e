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

/// Something that a chat has to hear about silences which were made there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where to.
    pub place: Place,
    /// The message to reply to, which has the alerts; absent for `/silence`.
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
        /// How long the silence goes on; absent if it is over as well.
        until: Option<Timestamp>,
    },
    /// The silence is over, and these fire.
    StillFiring {
        /// They, as they are now.
        alerts: Vec<Alert>,
        /// Whether somebody ended the silence, and not the bot.
        removed: bool,
    },
}

/// An alert that ended under a silence. Of one that ended while the bot was away, only its labels
/// and its start are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The alert.
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
    /// What fires under it, as first seen.
    seen: BTreeMap<Fingerprint, Alert>,
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
                Event::StillFiring { alerts, removed },
                Event::StillFiring { alerts: others, removed: other },
            ) if removed == other => {
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
            seen.insert(fingerprint.clone(), alert);
        }
        Self { silence: silence.clone(), note, is_over, seen, missed: 0 }
    }

    fn judge(&mut self, look: &Look) -> Verdict {
        let covered = look.firing.iter().filter(|firing| self.silence.covers(&firing.alert.labels));
        let covered: Vec<_> = covered.collect();
        let is_settled = look.uptime >= SETTLES_AFTER;
        match (covered.is_empty(), self.is_over) {
            (true, _) => self.judge_absence(is_settled),
            (false, true) => self.judge_loudness(&covered),
            (false, false) => self.judge_presence(&covered, is_settled),
        }
    }

    fn judge_absence(&mut self, is_settled: bool) -> Verdict {
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
                let ended = |alert: &Alert| Ended { alert: alert.clone(), again: None };
                self.ended(self.seen.values().map(ended).collect())
            }
        }
    }

    /// The silence is over, and something fires that it silenced.
    fn judge_loudness(&mut self, covered: &[&Firing]) -> Verdict {
        self.missed = 0;
        // What another silence covers is not loud, and its end is the other one's to report.
        let loud = covered.iter().filter(|firing| firing.silenced_by.is_empty());
        let alerts: Vec<_> = loud.map(|firing| firing.alert.clone()).collect();
        if alerts.is_empty() {
            return Verdict::Done;
        }
        // One that is no longer listed did not run out: Alertmanager would list it for days.
        let removed = was_removed(&self.silence, &self.note) || self.silence.phase != Phase::Expired;
        Verdict::Report(Event::StillFiring { alerts, removed })
    }

    fn judge_presence(&mut self, covered: &[&Firing], is_settled: bool) -> Verdict {
        self.missed = 0;
        if !is_settled {
            // Of several Prometheus servers, the one with the earliest start may be yet to come.
            return Verdict::Nothing;
        }
        let again = covered.iter().filter_map(|Firing { alert, .. }| {
            let earlier = self.seen.get(&alert.fingerprint)?;
            let again = (alert.starts_at > earlier.starts_at).then_some(alert.starts_at);
            again.map(|again| Ended { alert: earlier.clone(), again: Some(again) })
        });
        let again: Vec<_> = again.collect();
        if !again.is_empty() && !self.note.is_ended {
            return self.ended(again);
        }
        for Firing { alert, .. } in covered {
            if self.seen.len() < REMEMBERED || self.seen.contains_key(&alert.fingerprint) {
                self.seen.insert(alert.fingerprint.clone(), alert.clone());
            }
        }
        Verdict::Nothing
    }

    fn ended(&self, alerts: Vec<Ended>) -> Verdict {
        let until = (!self.is_over).then_some(self.silence.ends_at);
        Verdict::Report(Event::Ended { alerts, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::silences::{Draft, Lasting, Maker, Matcher};

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn start() -> Timestamp {
        "2026-11-29T21:00:00Z".parse().unwrap()
    }

    /// `A3`: the alert A, which began to fire in hour 3.
    fn alert(text: &str) -> Alert {
        let (name, hour) = text.split_at(1);
        Alert {
            fingerprint: Fingerprint::parse(&format!("{:016x}", name.as_bytes()[0])).unwrap(),
            labels: [("alertname", name), ("network", "polygon"), ("node", "mine")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            annotations: Pairs::new(),
            starts_at: start() + hour.parse::<i32>().unwrap() * HOUR,
            ends_at: None,
        }
    }

    /// A silence of 8 hours, made in hour 1.
    fn silence(of: Option<&str>) -> Silence {
        let maker = Maker { who: "@ada".into(), place: Place::chat(-7), message: Some(55) };
        let (from, lasting) = (start() + HOUR, Lasting::parse("8h").unwrap());
        let draft = match of {
            Some(of) => Draft::of_alert(&alert(of), &maker, from, lasting),
            None => Draft::of_node("polygon", "mine", &maker, from, lasting),
        };
        let matcher = |(name, value)| Matcher { name, value, is_regex: false, is_equal: true };
        Silence {
            id: SilenceId::parse(of.unwrap_or("node")).unwrap(),
            matchers: draft.labels.into_iter().map(matcher).collect(),
            starts_at: draft.starts_at,
            ends_at: draft.ends_at,
            created_by: draft.created_by,
            comment: draft.note.to_string(),
            phase: Phase::Active,
        }
    }

    fn said(notice: &Notice) -> String {
        assert_eq!((notice.place, notice.message), (Place::chat(-7), Some(55)));
        let hour = |moment: Timestamp| moment.duration_since(start()).as_hours();
        let named = |alert: &Alert| format!("{}{}", alert.labels["alertname"], hour(alert.starts_at));
        match &notice.what {
            Event::Ended { alerts, until } => {
                let ended = alerts.iter().map(|ended| {
                    let again = ended.again.map(|again| format!(" again {}", hour(again)));
                    format!("{}{}", named(&ended.alert), again.unwrap_or_default())
                });
                let until = until.map(|until| format!(", silent until {}", hour(until)));
                format!("ended {}{}", ended.collect::<Vec<_>>().join(" "), until.unwrap_or_default())
            }
            Event::StillFiring { alerts, removed } => {
                let removed = if *removed { ", removed" } else { "" };
                format!("firing {}{removed}", alerts.iter().map(named).collect::<Vec<_>>().join(" "))
            }
        }
    }

    /// Each step is a look and the notices that it gives. Words of a look: the alerts that fire,
    /// `A1q` if another silence covers it; `over`, the silences ran out in hour 9 and it is hour
    /// 9 now, or `over` and a later hour; `removed` or `vanished`, they ended in hour 2; `young`,
    /// Alertmanager has just started; `restart`, the bot has; `lost`, no notice arrives.
    #[track_caller]
    fn check(silences: &[Option<&str>], steps: &[(&str, &str)]) {
        let mut silences: Vec<_> = silences.iter().map(|of| silence(*of)).collect();
        let mut watch = Watch::default();
        for (number, (step, want)) in steps.iter().enumerate() {
            let mut look = Look {
                now: start() + 2 * HOUR,
                uptime: SETTLES_AFTER,
                silences: silences.clone(),
                firing: Vec::new(),
            };
            let (mut is_lost, mut ends) = (false, None);
            for word in step.split_whitespace() {
                match word {
                    "young" => look.uptime -= Duration::from_secs(1),
                    "restart" => watch = Watch::default(),
                    "lost" => is_lost = true,
                    "over" => ends = Some(9),
                    "removed" => ends = Some(2),
                    "vanished" => look.silences.clear(),
                    hour if hour.parse::<i32>().is_ok() => {
                        look.now = start() + hour.parse::<i32>().unwrap() * HOUR;
                    }
                    fires => {
                        let (of, quiet) = fires.split_at(2);
                        let other = || SilenceId::parse("another").unwrap();
                        let silenced_by = if quiet == "q" { vec![other()] } else { Vec::new() };
                        look.firing.push(Firing { alert: alert(of), silenced_by });
                    }
                }
            }
            if let Some(hour) = ends {
                look.now = look.now.max(start() + hour * HOUR);
                for silence in &mut look.silences {
                    (silence.phase, silence.ends_at) = (Phase::Expired, start() + hour * HOUR);
                }
            }
            let notices = watch.look(&look);
            assert_eq!(
                notices.iter().map(said).collect::<Vec<_>>().join("; "),
                *want,
                "step {number}: {step}"
            );
            for notice in notices.iter().filter(|_| !is_lost) {
                for (silence, note) in watch.reported(notice) {
                    let it = silences.iter_mut().find(|it| it.id == silence.id).unwrap();
                    it.comment = note.to_string();
                }
            }
        }
    }

    const A: &[Option<&str>] = &[Some("A0")];

    #[test]
    fn an_end_under_a_silence_is_reported_once() {
        let ended = "ended A0, silent until 9";
        check(A, &[("A0", ""), ("", ""), ("", ended), ("", "")]);
        // Level after 20 minutes, behind again in hour 5 until the silence ran out.
        check(
            A,
            &[("A0", ""), ("", ""), ("", ended), ("A5", ""), ("", ""), ("A7", ""), ("over A7", "firing A7")],
        );
        // One look is not enough, and what cannot be looked at is no look.
        check(A, &[("A0", ""), ("", ""), ("A0", ""), ("", ""), ("A0", "")]);
        // Not delivered: once more.
        check(A, &[("A0", ""), ("", ""), ("lost", ended), ("", ended), ("", "")]);
    }

    #[test]
    fn a_later_start_is_an_end_and_what_goes_on_is_reported_when_the_silence_is_over() {
        let ended = "ended A0 again 3, silent until 9";
        check(A, &[("A0", ""), ("lost A3", ended), ("A3", ended), ("A3", ""), ("over A3", "firing A3")]);
        // A start that moves back is the same firing.
        check(&[Some("A1")], &[("A1", ""), ("A0", ""), ("A0", ""), ("over A0", "firing A0")]);
    }

    #[test]
    fn a_silence_that_is_over_while_the_alert_fires_is_reported_once() {
        check(A, &[("A0", ""), ("over lost A0", "firing A0"), ("over A0", "firing A0"), ("over A0", "")]);
        check(A, &[("A0", ""), ("removed A0", "firing A0, removed"), ("removed A0", "")]);
        check(A, &[("A0", ""), ("vanished A0", "firing A0, removed"), ("vanished A0", "")]);
        // Another silence keeps it quiet.
        check(A, &[("A0", ""), ("over A0q", ""), ("over A0", "")]);
        // It ended just before the silence did.
        check(A, &[("A0", ""), ("over", ""), ("over", "ended A0"), ("over", "")]);
    }

    #[test]
    fn an_alertmanager_that_restarted_has_not_ended_anything() {
        check(
            A,
            &[("A0", ""), ("young", ""), ("young", ""), ("young", ""), ("A0", ""), ("over A0", "firing A0")],
        );
        check(A, &[("A0", ""), ("young", ""), ("", ""), ("", "ended A0, silent until 9")]);
        // Of two Prometheus servers the later one was heard first.
        check(A, &[("A0", ""), ("young A1", ""), ("A0", "")]);
        // The silence ran out before the alert was heard of again.
        check(A, &[("A0", ""), ("young over", ""), ("young over", ""), ("over A0", "firing A0")]);
    }

    #[test]
    fn a_restart_of_the_bot_neither_loses_nor_repeats_an_end() {
        let ended = "ended A0, silent until 9";
        check(A, &[("A0", ""), ("restart", ""), ("", ended), ("restart", ""), ("", ""), ("", "")]);
        // It ended while the bot was away, and began again.
        check(A, &[("restart A3", "ended A0 again 3, silent until 9"), ("restart A3", "")]);
        // The silence ran out meanwhile: of interest for an hour, unless nothing fires.
        check(A, &[("restart over A0", "firing A0")]);
        check(A, &[("restart over 11 A0", "")]);
        check(A, &[("restart over", ""), ("over", ""), ("over", "")]);
        // Somebody ended it meanwhile, perhaps by the bot's own button.
        check(A, &[("restart removed A0", "")]);
    }

    #[test]
    fn a_silence_of_a_node_has_ended_when_nothing_fires_under_it() {
        let node: &[Option<&str>] = &[None];
        check(node, &[("", ""), ("", ""), ("", ""), ("over", "")]);
        check(
            node,
            &[("", ""), ("A1", ""), ("A1 B2", ""), ("B2", ""), ("", ""), ("", "ended A1 B2, silent until 9")],
        );
        check(node, &[("A1 B1", ""), ("over B1", "firing B1")]);
    }

    #[test]
    fn silences_of_one_message_are_reported_together() {
        check(
            &[Some("A0"), Some("B0"), Some("C0")],
            &[
                ("A0 B0 C0", ""),
                ("C0", ""),
                ("C0", "ended A0 B0, silent until 9"),
                ("over A9 B9", "firing A9 B9"),
                ("over A9 B9", "ended C0"),
            ],
        );
    }

    #[test]
    fn what_the_bot_ended_itself_is_no_news() {
        let mut watch = Watch::default();
        let mut look = Look {
            now: start() + HOUR,
            uptime: SETTLES_AFTER,
            silences: vec![silence(Some("A0"))],
            firing: vec![Firing { alert: alert("A0"), silenced_by: Vec::new() }],
        };
        assert_eq!(watch.look(&look), []);
        let id = look.silences[0].id.clone();
        watch.undo(&id);
        // A look that had begun before still shows it.
        assert_eq!(watch.look(&look), []);
        look.silences[0].phase = Phase::Expired;
        look.silences[0].ends_at = look.now;
        assert_eq!(watch.look(&look), []);
        assert!(watch.is_idle());
        // It could not be ended, and ran out.
        watch.keep(&id);
        look.silences[0].phase = Phase::Active;
        assert_eq!(watch.look(&look), []);
        assert!(!watch.is_idle());
    }

    #[test]
    fn what_others_silenced_is_not_watched() {
        let mut watch = Watch::default();
        let mut foreign = silence(Some("A0"));
        foreign.comment = "maintenance".into();
        let look = Look { now: start(), uptime: SETTLES_AFTER, silences: vec![foreign], firing: Vec::new() };
        assert!((0..3).all(|_| watch.look(&look).is_empty()));
        assert!(watch.is_idle());
    }
}
