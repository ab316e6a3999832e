//! What chats get of webhooks in a row.

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
}

fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint::parse(&name.repeat(16)).unwrap()
}

/// `a3` is alert a that fires since minute 3, `a3-9` has ended in minute 9.
fn alert(sign: &str) -> Alert {
    let (name, times) = sign.split_at(1);
    let (start, end) = match times.split_once('-') {
        Some((start, end)) => (start, Some(at(end.parse().unwrap()))),
        None => (times, None),
    };
    Alert {
        fingerprint: fingerprint(name),
        labels: [("node", name), ("job", "x")].map(|(name, it)| (name.into(), it.into())).into(),
        annotations: BTreeMap::new(),
        starts_at: at(start.parse().unwrap()),
        ends_at: end,
    }
}

fn alerts(signs: &str) -> Vec<Alert> {
    signs.split_whitespace().map(alert).collect()
}

fn sign(alert: &Alert) -> String {
    let minute = |time: Timestamp| (time.as_second() - 1_800_000_000) / 60;
    let name = alert.fingerprint.to_string();
    let end = alert.ends_at.map(|end| format!("-{}", minute(end))).unwrap_or_default();
    format!("{}{}{end}", &name[..1], minute(alert.starts_at))
}

fn signs(alerts: &[Alert]) -> String {
    alerts.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// A chat that gets all news; message ids count from 1.
#[derive(Default)]
struct Chat {
    ledger: Ledger,
    messages: i32,
    minute: i64,
    /// Whether ends leave open whether the trouble is over.
    open: bool,
}

impl Chat {
    /// The messages that a webhook leads to, a line each.
    fn hears(&mut self, webhook: &str) -> Vec<String> {
        let (now, webhook) = (at(self.minute), alerts(webhook));
        let news = self.ledger.news(&webhook, now);
        let mut messages = Vec::new();
        let mut next = || {
            self.messages += 1;
            self.messages
        };
        if !news.fresh.is_empty() {
            messages.push(format!("new {}", signs(&news.fresh)));
            self.ledger.announced(&news.fresh, Some(next()), now);
        }
        for (to, ended) in news.ended {
            messages.push(format!("end of {to:?} {}", signs(&ended)));
            let open = (next(), "ended".to_owned());
            self.ledger.ended(&ended, self.open.then_some(open), now);
        }
        for (to, reminded) in news.reminded {
            messages.push(format!("still {to:?} {}", signs(&reminded)));
            self.ledger.reminded(&reminded, Some(next()), now);
        }
        for Resumed { message, text, alerts } in news.resumed {
            messages.push(format!("edit {message} {text} {}", signs(&alerts)));
            self.ledger.resumed(&alerts, message, format!("{text}+"), now);
        }
        self.ledger.heard(&webhook, now);
        assert_eq!(self.ledger.news(&webhook, now), News::default(), "nothing is reported twice");
        messages
    }
}

#[track_caller]
fn check(webhooks: &[(&str, &[&str])]) {
    let mut chat = Chat::default();
    for (webhook, want) in webhooks {
        assert_eq!(chat.hears(webhook), *want, "{webhook}");
    }
}

#[test]
fn a_message_says_only_what_is_new_or_ended() {
    check(&[
        ("a1", &["new a1"]),
        ("a1 b2", &["new b2"]),
        ("a1-5 b2", &["end of Some(1) a1-5"]),
        ("b2", &[]),
        ("b2-9", &["end of Some(2) b2-9"]),
    ]);
}

#[test]
fn the_ends_of_one_message_are_one_reply() {
    check(&[
        ("a1 b1", &["new a1 b1"]),
        ("a1 b1 c2", &["new c2"]),
        ("a1-5 b1-6 c2-6", &["end of Some(1) a1-5 b1-6", "end of Some(2) c2-6"]),
    ]);
}

#[test]
fn an_echo_is_no_news() {
    check(&[
        ("a5", &["new a5"]),
        // The start of a firing may move earlier.
        ("a4", &[]),
        ("a5-9", &["end of Some(1) a5-9"]),
        // From a second Alertmanager, late.
        ("a5", &[]),
        ("a5-9", &[]),
        ("a4-8", &[]),
    ]);
}

#[test]
fn a_later_start_is_a_new_firing_even_without_an_end() {
    check(&[
        ("a1", &["new a1"]),
        ("a7", &["new a7"]),
        // The end of the first firing.
        ("a1-5", &[]),
        ("a7-9", &["end of Some(2) a7-9"]),
        ("a20", &["new a20"]),
        // The firing was never heard of.
        ("a20-22", &["end of Some(4) a20-22"]),
        ("a30-32", &["end of None a30-32"]),
    ]);
    // The start moved earlier before the end.
    check(&[("a5", &["new a5"]), ("a3-9", &["end of Some(1) a3-9"]), ("a5", &[])]);
}

#[test]
fn after_a_restart_an_end_is_a_message_of_its_own() {
    check(&[("a1-5 b2-5", &["end of None a1-5 b2-5"]), ("a1-5", &[]), ("a1", &[])]);
}

#[test]
fn a_repeat_after_a_silence_is_news_once() {
    let mut chat = Chat::default();
    chat.hears("a1 b1");
    chat.ledger.silenced(|of| of.label("node") == Some("a"), true);
    assert_eq!(chat.hears("a1 b1"), ["still Some(1) a1"]);
    assert_eq!(chat.hears("a1 b1"), [""; 0]);
    chat.ledger.silenced(|of| of.label("node") == Some("a"), true);
    assert_eq!(chat.hears("a1-9"), ["end of Some(1) a1-9"]);
    assert_eq!(chat.hears("a1"), [""; 0]);
}

#[test]
fn an_end_under_a_silence_is_known_once_it_was_reported() {
    let mut chat = Chat::default();
    chat.hears("a5");
    let said = |chat: &Chat, sign: &str, again| chat.ledger.is_end_said(&alert(sign), again);
    let firing = |chat: &Chat| chat.ledger.is_firing(&alert("a5").fingerprint);
    assert!(firing(&chat) && !said(&chat, "a5", None));
    // Its start moved earlier; it fires again, which the chat does not know, or does.
    assert!(!said(&chat, "a4", None) && !said(&chat, "a1", Some(at(9))) && said(&chat, "a1", Some(at(5))));
    chat.hears("a5-9");
    assert!(!firing(&chat) && said(&chat, "a5", None) && !said(&chat, "a20", None));
    assert!(!said(&chat, "b1", None), "not known");
}

#[test]
fn what_fires_when_a_silence_is_over_is_reported_once() {
    // A look in minute 481 finds that the silence ended in minute 480.
    let at_the_end = |chat: &mut Chat, sign: &str| {
        let (time, now) = (SignedDuration::from_mins(1), at(481));
        let is_new = !chat.ledger.is_said_within(&alert(sign), time, now);
        if is_new {
            chat.ledger.reminded(&alerts(sign), Some(90), now);
        }
        is_new
    };
    // It ended under the silence, and began again: the repeat says nothing new.
    let mut chat = Chat::default();
    chat.hears("a1");
    chat.ledger.silenced(|_| true, true);
    chat.ledger.ended(&alerts("a1-20"), None, at(20));
    assert!(at_the_end(&mut chat, "a300"));
    chat.minute = 481;
    assert_eq!(chat.hears("a300"), [""; 0]);
    assert_eq!(chat.hears("a300-500"), ["end of Some(90) a300-500"]);
    // So after a restart of the bot.
    let mut chat = Chat::default();
    assert!(at_the_end(&mut chat, "a1"));
    assert_eq!(chat.hears("a1"), [""; 0]);
    // The repeat came first.
    let mut chat = Chat { minute: 1, ..Chat::default() };
    chat.hears("a1");
    chat.ledger.silenced(|_| true, true);
    chat.minute = 480;
    assert_eq!(chat.hears("a1"), ["still Some(1) a1"]);
    assert!(!at_the_end(&mut chat, "a1"));
    // A repeat that was under way when the silence was made says nothing about its end.
    let mut chat = Chat { minute: 1, ..Chat::default() };
    chat.hears("a1");
    chat.ledger.silenced(|_| true, true);
    chat.hears("a1");
    assert!(at_the_end(&mut chat, "a1"));
    assert_eq!(chat.hears("a1-500"), ["end of Some(1) a1-500"]);
}

#[test]
fn an_alert_that_fires_again_after_an_open_end_goes_on_for_some_minutes() {
    for (open, pause, want) in [(true, 12, "edit 2 ended a20"), (true, 16, "new a20"), (false, 1, "new a20")]
    {
        let mut chat = Chat { open, ..Chat::default() };
        chat.hears("a1");
        chat.hears("a1-5");
        chat.minute = pause;
        assert_eq!(chat.hears("a20"), [want], "{open} {pause}");
        let message = if want.starts_with("new") { 3 } else { 1 };
        chat.minute += 60;
        assert_eq!(chat.hears("a20-90"), [format!("end of Some({message}) a20-90")]);
    }
}

#[test]
fn an_alert_that_was_never_over_goes_on_after_an_open_end_and_its_real_end_is_reported() {
    // Alertmanager heard nothing of Prometheus for some minutes, and then of the same firing.
    for (open, pause, again, want) in [
        (true, 12, "a5", Some("edit 2 ended a5")),
        (true, 12, "a4", Some("edit 2 ended a4")),
        (true, 16, "a5", None),
        (false, 1, "a5", None),
    ] {
        let mut chat = Chat { open, ..Chat::default() };
        chat.hears("a5");
        chat.hears("a5-9");
        chat.minute = pause;
        assert_eq!(chat.hears(again), Vec::from_iter(want), "{open} {pause} {again}");
        assert_eq!(chat.hears("a5"), [""; 0], "a repeat");
        let end = want.map(|_| "end of Some(1) a5-90");
        assert_eq!(chat.hears("a5-90"), Vec::from_iter(end), "{open} {pause} {again}");
    }
}

#[test]
fn a_message_is_known_until_it_is_forgotten() {
    let mut chat = Chat::default();
    chat.hears("a1 b1");
    assert_eq!(chat.ledger.of_message(1), Some(&["a", "b"].map(fingerprint)[..]));
    // Also a day after the end of one of them, while the other goes on.
    chat.hears("a1-5 b1");
    chat.minute = 2 * 24 * 60;
    chat.hears("b1");
    assert!(chat.ledger.alert(&fingerprint("a")).is_none());
    assert_eq!(chat.ledger.of_message(1), Some(&["a", "b"].map(fingerprint)[..]));
    assert_eq!(chat.ledger.of_message(2), None);
    chat.ledger.forget_messages();
    assert_eq!(chat.ledger.of_message(1), None);
    assert_eq!(chat.hears("b1-9"), ["end of None b1-9"]);
}

#[test]
fn memory_is_bounded_and_what_fires_is_kept_longest() {
    let mut ledger = Ledger::default();
    let numbered = |number: usize, end| Alert {
        fingerprint: Fingerprint::parse(&format!("{number:016x}")).unwrap(),
        ends_at: end,
        ..alert("a1")
    };
    let firing: Vec<_> = (0..3_000).map(|number| numbered(number, None)).collect();
    ledger.announced(&firing, Some(1), at(1));
    for number in 3_000..6_000 {
        ledger.ended(&[numbered(number, Some(at(2)))], None, at(2 + number as i64 / 100));
    }
    assert_eq!(ledger.alerts.len(), ALERTS);
    assert_eq!(ledger.of_message(1).map(<[_]>::len), Some(3_000));
    assert_eq!(ledger.news(&[numbered(5_999, Some(at(2)))], at(99)), News::default());
    // A day later no echo is expected.
    ledger.heard(&firing, at(2 * 24 * 60));
    assert_eq!(ledger.alerts.len(), 3_000);
    // Of what fires, that which was not heard of for longest is forgotten.
    ledger.heard(&firing[1..], at(2 * 24 * 60 + 1));
    let others: Vec<_> = (10_000..10_000 + ALERTS - 2_999).map(|number| numbered(number, None)).collect();
    ledger.announced(&others, Some(2), at(2 * 24 * 60 + 1));
    assert!(ledger.alert(&firing[0].fingerprint).is_none() && ledger.alert(&firing[1].fingerprint).is_some());
    assert_eq!(ledger.of_message(1).map(<[_]>::len), Some(3_000));
    for message in 3..2_000 {
        ledger.announced(&[numbered(1, None)], Some(message), at(2 * 24 * 60 + 2));
    }
    assert_eq!((ledger.messages.len(), ledger.messages.first_key_value().unwrap().0), (MESSAGES, &1_000));
}

#[test]
fn only_what_texts_need_is_remembered() {
    let mut long = alert("a1");
    long.labels.insert("severity".into(), "x".repeat(300));
    long.annotations.insert("summary".into(), "x".repeat(300));
    let mut ledger = Ledger::default();
    ledger.announced(&[long], Some(1), at(1));
    let kept = ledger.alert(&alert("a1").fingerprint).unwrap();
    assert_eq!(kept.labels.keys().collect::<Vec<_>>(), ["node"]);
    assert!(kept.annotations.is_empty());
}
