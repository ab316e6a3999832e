//! What a person reads, in both languages.

use jiff::tz::TimeZone;

use super::*;
use crate::{
    alerts::alert::{Fingerprint, tests::alert},
    samples::state::NodeState,
    words::{ENGLISH, RUSSIAN},
};

/// 2026-11-25, 03:40 UTC.
const NOW: i64 = 1_795_578_000;

fn both(text: impl Fn(Times) -> String) -> [String; 2] {
    [&ENGLISH, &RUSSIAN]
        .map(|words| text(Times { zone: &TimeZone::UTC, now: NOW, words }).replace('\u{a0}', " "))
}

fn annotated(name: &str, value: &str) -> Alert {
    let mut alert = alert("HeadlagNodeBehind");
    alert.annotations.insert(name.into(), value.into());
    alert
}

fn labelled(labels: &[(&str, &str)]) -> Alert {
    let mut alert = alert("HeadlagNodeBehind");
    alert.labels.extend(labels.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    alert
}

/// The same ended 18 minutes after it began.
fn over(mut alert: Alert) -> Alert {
    alert.ends_at = Some(alert.starts_at + jiff::SignedDuration::from_mins(18));
    alert
}

#[test]
fn a_single_alert() {
    let link = "https://example.org/docs/runbooks/HeadlagNodeBehind.md";
    let [english, russian] = both(|times| firing(&[annotated("runbook_url", link)], 0, times));
    assert_eq!(
        english,
        "🔴 my-node is 50 blocks behind\npolygon · my-node · critical\nsince 03:12 UTC\n\
         https://example.org/docs/runbooks/HeadlagNodeBehind.md"
    );
    assert_eq!(
        russian,
        "🔴 my-node is 50 blocks behind\npolygon · my-node · critical\nс 03:12 UTC\n\
         https://example.org/docs/runbooks/HeadlagNodeBehind.md"
    );
}

#[test]
fn times_have_the_zone_of_the_operator_and_another_days_date() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let mut old = alert("HeadlagNodeBehind");
    let text = |alert: &Alert| {
        firing(std::slice::from_ref(alert), 0, Times { zone: &berlin, now: NOW, words: &ENGLISH })
    };
    assert!(text(&old).ends_with("\nsince 04:12 CET"));
    old.starts_at -= jiff::SignedDuration::from_hours(24);
    assert!(text(&old).ends_with("\nsince 24\u{a0}Nov, 04:12 CET"));
}

#[test]
fn several_alerts_the_gravest_first() {
    let mut warning = labelled(&[("severity", "warning"), ("node", "")]);
    warning.annotations.insert("summary".into(), "polygon has halted".into());
    let [english, russian] = both(|times| firing(&[warning.clone(), alert("HeadlagNodeBehind")], 20, times));
    assert_eq!(
        english,
        "🔴 2 alerts\n\
         🔴 my-node is 50 blocks behind · polygon · my-node · since 03:12 UTC\n\
         🔴 polygon has halted · polygon · since 03:12 UTC\n\
         Alertmanager left out 20 more"
    );
    assert!(
        russian
            .starts_with("🔴 2 алерта\n🔴 my-node is 50 blocks behind · polygon · my-node · с 03:12 UTC\n")
    );
    assert!(russian.ends_with("\nAlertmanager не передал ещё 20"), "{russian}");
}

#[test]
fn a_thousand_alerts_are_one_message_that_says_how_many() {
    let many: Vec<_> = (0..1_000)
        .map(|number| {
            let mut alert = labelled(&[("node", &format!("my-node-{number:03}"))]);
            alert.fingerprint = Fingerprint::parse(&format!("{number:016x}")).unwrap();
            alert
        })
        .collect();
    for text in both(|times| firing(&many, 0, times)) {
        assert!(text.encode_utf16().count() <= CAPTION_LIMIT, "{text}");
        assert!(text.encode_utf16().count() > CAPTION_LIMIT - 120, "room is used");
        let shown = text.lines().filter(|line| line.contains("my-node-")).count();
        let rest = format!("{}", 1_000 - shown);
        assert!(text.lines().next().unwrap().contains("000 ал") || text.starts_with("🔴 1,000 alerts\n"));
        assert!(text.lines().last().unwrap().contains(&rest), "{text}");
    }
    let many: Vec<_> = many.into_iter().map(|alert| (over(alert), Ending::Unwatched(None))).collect();
    for text in both(|times| ended(&many, times)) {
        assert!(text.encode_utf16().count() <= CAPTION_LIMIT, "{text}");
    }
}

#[test]
fn an_alert_of_anybody_is_readable() {
    let plain = |labels: &[(&str, &str)]| {
        let mut alert = labelled(labels);
        alert.annotations.clear();
        alert.labels.retain(|name, _| labels.iter().any(|(kept, _)| kept == name));
        both(|times| firing(&[alert.clone()], 0, times))[0].clone()
    };
    // amtool alert add test
    assert_eq!(plain(&[("alertname", "test")]), "⚪ test\nsince 03:12 UTC");
    assert_eq!(plain(&[]), "⚪ alert\nsince 03:12 UTC");
    assert_eq!(
        plain(&[("alertname", "two\nlines\r\n\tand \u{202e}more\u{200f}"), ("severity", "none")]),
        "⚪ two lines and more\nnone\nsince 03:12 UTC"
    );
    let long = "🔥".repeat(5_000);
    let labels = [("alertname", &*long), ("network", &long), ("node", &long), ("severity", &long)];
    let text = plain(&labels);
    assert!(text.encode_utf16().count() <= CAPTION_LIMIT && text.ends_with("since 03:12 UTC"), "{text}");
    for odd in [
        "javascript:alert(1)",
        "https://example.org/a b",
        "see the wiki",
        &format!("https://{}", "x".repeat(LINK)),
    ] {
        let text = both(|times| firing(&[annotated("runbook_url", odd)], 0, times));
        assert!(text[0].ends_with("since 03:12 UTC"), "{odd}");
    }
    let blank = both(|times| firing(&[annotated("summary", " \u{200b}\n")], 0, times));
    assert!(blank[0].starts_with("🔴 HeadlagNodeBehind\n"));
}

#[test]
fn an_end_says_no_more_than_is_known() {
    let last = |known| Last { known, at: 1_795_576_320.0 };
    for (ending, english, russian) in [
        (
            Ending::Level,
            "🟢 polygon · my-node: level again; the alert lasted 18 min",
            "снова не отстаёт; алерт длился 18 мин",
        ),
        (
            Ending::Node(State::Unreachable, None, None),
            "🔴 polygon · my-node: alert ended; the node is now unreachable",
            "алерт снят; нода сейчас не отвечает",
        ),
        (
            Ending::Node(State::Behind, Some(50.0), Some(State::Halted)),
            "🔴 polygon · my-node: alert ended; the node is now 50 blocks behind; the chain has halted",
            "алерт снят; нода сейчас отстаёт на 50 блоков; сеть остановилась",
        ),
        (
            Ending::Node(State::Gone, None, None),
            "⚪ polygon · my-node: alert ended; the node is no longer watched",
            "алерт снят; нода больше не отслеживается",
        ),
        (
            Ending::Unwatched(Some(last(Known::State(NodeState::Unreachable)))),
            "⚪ polygon · my-node: ended only because nobody is watching; last known state: no answer, at 03:12 UTC",
            "алерт снят только потому, что никто не следит; последнее известное: не отвечает, 03:12 UTC",
        ),
        (
            Ending::Unwatched(Some(last(Known::Lag(50.0)))),
            "⚪ polygon · my-node: ended only because nobody is watching; last known 50 blocks behind at 03:12 UTC",
            "алерт снят только потому, что никто не следит; последнее известное: отстаёт на 50 блоков, 03:12 UTC",
        ),
        (
            Ending::Unwatched(None),
            "⚪ polygon · my-node: ended only because nobody is watching",
            "алерт снят только потому, что никто не следит",
        ),
        (
            Ending::Unknown,
            "⚪ polygon · my-node: alert ended; state unknown, since Prometheus does not answer",
            "алерт снят; состояние неизвестно: Prometheus не отвечает",
        ),
        (
            Ending::Network(State::Halted),
            "⏸ polygon · my-node: alert ended: the chain has halted",
            "алерт снят: сеть остановилась",
        ),
        (
            Ending::Network(State::Split),
            "⚪ polygon · my-node: alert ended: references disagree",
            "алерт снят: эталонные ноды расходятся",
        ),
        (
            Ending::NetworkOk,
            "🟢 polygon · my-node: alert ended after 18 min; the network is ok",
            "алерт снят; он длился 18 мин; сеть в порядке",
        ),
        (Ending::Plain, "✅ polygon · my-node: alert ended after 18 min", "алерт снят; он длился 18 мин"),
    ] {
        let alert = over(alert("HeadlagNodeBehind"));
        let said = both(|times| ended(&[(alert.clone(), ending)], times));
        assert_eq!(said[0], format!("{english}\nHeadlagNodeBehind, alert since 03:12 UTC"));
        let (first, last) = said[1].split_once('\n').unwrap();
        assert_eq!(last, "HeadlagNodeBehind, алерт с 03:12 UTC");
        assert_eq!(first.split_once(": ").unwrap().1, russian);
    }
}

#[test]
fn how_long_an_alert_lasted_is_said_only_where_it_is_known() {
    for (ending, english, russian) in [
        (Ending::Level, "level again", "снова не отстаёт"),
        (Ending::NetworkOk, "alert ended; the network is ok", "алерт снят; сеть в порядке"),
        (Ending::Plain, "alert ended", "алерт снят"),
    ] {
        assert_eq!(both(|times| how(ending, &alert("HeadlagNodeBehind"), times).1), [english, russian]);
    }
}

#[test]
fn several_ends_and_what_goes_on() {
    let ends =
        [(over(alert("HeadlagNodeBehind")), Ending::Level), (over(alert("HeadlagTest")), Ending::Unknown)];
    let [english, russian] = both(|times| ended(&ends, times));
    assert_eq!(
        english,
        "2 alerts ended\n\
         🟢 polygon · my-node: level again; the alert lasted 18 min · HeadlagNodeBehind\n\
         ⚪ polygon · my-node: alert ended; state unknown, since Prometheus does not answer · HeadlagTest"
    );
    assert!(russian.starts_with("Снято: 2 алерта\n"), "{russian}");
    let going = [alert("HeadlagNodeBehind")];
    assert_eq!(
        both(|times| still(&going, times)),
        [
            "🔴 polygon · my-node: still firing since 03:12 UTC",
            "🔴 polygon · my-node: алерт всё ещё активен, с 03:12 UTC"
        ]
    );
    assert_eq!(
        both(|times| completed("ended", &going, times)),
        [
            "ended\n🔴 polygon · my-node: firing again since 03:12 UTC",
            "ended\n🔴 polygon · my-node: алерт снова активен, с 03:12 UTC"
        ]
    );
    let full = "x".repeat(CAPTION_LIMIT);
    assert!(both(|times| completed(&full, &going, times))[0].encode_utf16().count() <= CAPTION_LIMIT);
}
