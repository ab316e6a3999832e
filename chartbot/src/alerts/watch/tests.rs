//! What users of other alert bots reported of silences, as a table.

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
        Event::StillFiring { alerts, removed, .. } => {
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
        assert_eq!(notices.iter().map(said).collect::<Vec<_>>().join("; "), *want, "step {number}: {step}");
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
fn an_alert_ended_when_it_was_last_seen_whenever_that_is_reported() {
    let look = |hour: i32, firing: &[&str]| Look {
        now: start() + hour * HOUR,
        uptime: SETTLES_AFTER,
        silences: vec![silence(None)],
        firing: firing.iter().map(|of| Firing { alert: alert(of), silenced_by: Vec::new() }).collect(),
    };
    let mut watch = Watch::default();
    for (hour, firing) in [(2, &["A1"][..]), (3, &["A1", "B2"]), (5, &["B2"]), (6, &[])] {
        assert_eq!(watch.look(&look(hour, firing)), []);
    }
    let ends = |notices: &[Notice]| match notices {
        [Notice { what: Event::Ended { alerts, .. }, .. }] => {
            alerts.iter().map(|end| end.alert.ends_at).collect::<Vec<_>>()
        }
        _ => panic!("{notices:?}"),
    };
    let hour = |hour: i32| Some(start() + hour * HOUR);
    assert_eq!(ends(&watch.look(&look(7, &[]))), [hour(3), hour(5)]);
    // It ended while the bot was away.
    let of_alert = |hour| Look { silences: vec![silence(Some("A0"))], ..look(hour, &[]) };
    let mut watch = Watch::default();
    assert_eq!(watch.look(&of_alert(7)), []);
    assert_eq!(ends(&watch.look(&of_alert(8))), [None]);
}

#[test]
fn how_long_a_silence_has_been_over_is_counted_from_the_latest_end() {
    let mut watch = Watch::default();
    let silences = [("A0", 3), ("B0", 2)].map(|(of, hour)| {
        let ends_at = start() + hour * HOUR;
        Silence { phase: Phase::Expired, ends_at, ..silence(Some(of)) }
    });
    let mut look =
        Look { now: start() + HOUR, uptime: SETTLES_AFTER, silences: Vec::new(), firing: Vec::new() };
    look.silences = silences.iter().map(|it| Silence { phase: Phase::Active, ..it.clone() }).collect();
    look.firing =
        ["A0", "B0"].map(|of| Firing { alert: alert(of), silenced_by: Vec::new() }).into_iter().collect();
    assert_eq!(watch.look(&look), []);
    (look.now, look.silences) = (start() + 4 * HOUR, silences.to_vec());
    let [Notice { what: Event::StillFiring { alerts, over_for, .. }, .. }] = &watch.look(&look)[..] else {
        panic!("one notice");
    };
    assert_eq!((alerts.len(), *over_for), (2, HOUR));
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
fn the_end_that_is_announced_is_that_of_the_last_silence() {
    let other = |id: &str, hour: i32| Silence {
        id: SilenceId::parse(id).unwrap(),
        ends_at: start() + hour * HOUR,
        comment: "maintenance".into(),
        ..silence(None)
    };
    let mut by_regex = other("regex", 16);
    by_regex.matchers[0].is_regex = true;
    let mut elsewhere = other("elsewhere", 20);
    elsewhere.matchers[1].value = "other".into();
    let over = Silence { phase: Phase::Expired, ..other("over", 21) };
    let sooner = other("sooner", 3);
    for (others, silenced_by, want) in [
        (vec![sooner, elsewhere, over], None, 9),
        (vec![other("later", 12)], None, 12),
        (vec![by_regex.clone()], Some("regex"), 16),
        (vec![by_regex], None, 9),
    ] {
        let by = silenced_by.map(|id| SilenceId::parse(id).unwrap());
        let mut look = Look {
            now: start() + 2 * HOUR,
            uptime: SETTLES_AFTER,
            silences: [vec![silence(Some("A0"))], others].concat(),
            firing: vec![Firing { alert: alert("A0"), silenced_by: by.into_iter().collect() }],
        };
        let mut watch = Watch::default();
        assert_eq!(watch.look(&look), []);
        look.firing.clear();
        assert_eq!(watch.look(&look), []);
        let [notice] = &watch.look(&look)[..] else { panic!("one notice") };
        assert_eq!(said(notice), format!("ended A0, silent until {want}"));
    }
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
