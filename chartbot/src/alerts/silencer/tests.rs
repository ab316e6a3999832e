//! Presses, against an Alertmanager as strict as the real one.

use std::time::Duration;

use super::*;
use crate::{
    alerts::stand::{Fault, Stand},
    chat::message::Content,
    clock,
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
    assert_eq!(text(&answer.message), "🔕 Silenced until 30 Nov, 07:12 UTC by @ada: Behind · polygon · mine");
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
    let undone = silencer(&stand).undo(Some(id), (GROUP, 56), &bob, &RUSSIAN).await.message;
    assert_eq!(text(&undone), "🔔 Отключение уведомлений отменено (8): Behind · polygon · mine");
    assert!(stand.world().active().is_empty());
    let again = silencer(&stand).undo(Some(id), (GROUP, 56), &bob, &ENGLISH).await.message;
    assert_eq!(text(&again), "The silence was already over: Behind · polygon · mine");
    stand.world().silences.clear();
    let forgotten = silencer(&stand).undo(Some(id), (GROUP, 56), &bob, &ENGLISH).await.message;
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
    silencer.remember(GROUP, 56, answer.silences.clone());
    // Another message, and another life, know nothing of them.
    let unknown = silencer.undo(None, (GROUP, 57), &ada(), &ENGLISH).await.message;
    assert!(text(&unknown).starts_with("I no longer know which silences"), "{}", text(&unknown));
    let unknown = self::silencer(&stand).undo(None, (GROUP, 56), &ada(), &ENGLISH).await.message;
    assert!(text(&unknown).starts_with("I no longer know which silences"), "{}", text(&unknown));
    // A message about one of them has a button of its own.
    silencer.remember(-1, 70, answer.silences[..1].to_vec());
    silencer.remember(-1, 71, vec![SilenceId::parse("another").unwrap()]);
    let undone = silencer.undo(None, (GROUP, 56), &ada(), &ENGLISH).await;
    assert_eq!(undone.spent, [(GROUP, 56), (-1, 70)], "whose buttons have nothing left to end");
    let undone = undone.message;
    assert!(text(&undone).starts_with("🔔 Silence removed by @ada:\nBehind"), "{}", text(&undone));
    assert!(stand.world().active().is_empty());
}

#[tokio::test]
async fn an_alert_is_loud_once_no_silence_of_the_bot_is_left() {
    let stand = Stand::new().await;
    (1..=2).for_each(|number| stand.world().fires(number, "Behind", "mine"));
    let silencer = silencer(&stand);
    let (_, firing) = stand.client().alerts().await.unwrap();
    let maker = Maker { who: "@ada".into(), place: Place::chat(GROUP), message: None };
    let (of, ada) = (fingerprints([1]), ada());
    let of_alert = silencer.press(press(&of, &[], &ada), &ENGLISH).await.silences;
    silencer.plan(("polygon", "mine"), Lasting::OFFERED[2], &maker, &ENGLISH).await.unwrap();
    let of_node = SilenceId::parse(stand.world().silences[1]["id"].as_str().unwrap()).unwrap();
    let undone = silencer.undo(of_alert.first(), (GROUP, 56), &ada, &ENGLISH).await;
    assert!(firing.iter().all(|it| !undone.is_loud(&it.alert)), "the node is silenced");
    let undone = silencer.undo(Some(&of_node), (GROUP, 57), &ada, &ENGLISH).await;
    assert!(firing.iter().all(|it| undone.is_loud(&it.alert)));
    let again = silencer.undo(Some(&of_node), (GROUP, 57), &ada, &ENGLISH).await;
    assert!(firing.iter().all(|it| !again.is_loud(&it.alert)), "it was over");
}

#[tokio::test]
async fn what_another_silence_still_silences_is_said_with_a_button_for_that_one() {
    let stand = Stand::new().await;
    let silencer = silencer(&stand);
    let maker = Maker { who: "@ada".into(), place: Place::chat(GROUP), message: None };
    for lasting in ["2h", "3h"] {
        let lasting = Lasting::parse(lasting).unwrap();
        silencer.plan(("polygon", "mine"), lasting, &maker, &ENGLISH).await.unwrap();
    }
    let id = |at: usize| SilenceId::parse(stand.world().silences[at]["id"].as_str().unwrap()).unwrap();
    let (first, second) = (id(0), id(1));
    let undone = silencer.undo(Some(&second), (GROUP, 57), &ada(), &ENGLISH).await;
    assert_eq!(
        text(&undone.message),
        "🔔 Silence removed by @ada: polygon · mine\n\
         🔕 Still silenced until 30 Nov, 01:12 UTC by another silence: polygon · mine"
    );
    let button = [("Remove the silence".into(), format!("alert undo {first}"))];
    assert_eq!((data(&undone.message), undone.others), (button.into(), vec![first.clone()]));
    let over = silencer.undo(Some(&second), (GROUP, 57), &ada(), &RUSSIAN).await.message;
    assert_eq!(
        text(&over),
        "Отключение уже закончилось: polygon · mine\n\
         🔕 Действует другое отключение, до 30 ноя, 01:12 UTC: polygon · mine"
    );
    // Somebody else's silence has no button of the bot's.
    stand.world().silences[0]["comment"] = "maintenance".into();
    let foreign = silencer.undo(Some(&second), (GROUP, 57), &ada(), &ENGLISH).await.message;
    assert!(text(&foreign).contains("Still silenced until 30 Nov, 01:12 UTC by another silence"));
    assert_eq!(data(&foreign), []);
    // Nor is one made where that lasts longer.
    let hour = Lasting::OFFERED[0];
    let planned = silencer.plan(("polygon", "mine"), hour, &maker, &ENGLISH).await.unwrap();
    assert_eq!(text(&planned), "Already silenced until 30 Nov, 01:12 UTC: polygon · mine");
    silencer.undo(Some(&first), (GROUP, 58), &ada(), &ENGLISH).await;
    let last = silencer.undo(Some(&second), (GROUP, 57), &ada(), &ENGLISH).await.message;
    assert_eq!(text(&last), "The silence was already over: polygon · mine");
}

#[tokio::test]
async fn however_many_silences_are_undone_the_others_are_named() {
    let stand = Stand::new().await;
    (1..=200).for_each(|number| stand.world().fires(number, "Behind", &format!("node-{number:060}")));
    let (silencer, of, ada) = (silencer(&stand), fingerprints(1..=200), ada());
    let made = silencer.press(press(&of, &[], &ada), &ENGLISH).await.silences;
    silencer.remember(GROUP, 56, made);
    let longer = Press { lasting: Lasting::OFFERED[2], ..press(&of, &[], &ada) };
    silencer.press(longer, &ENGLISH).await;
    let undone = silencer.undo(None, (GROUP, 56), &ada, &ENGLISH).await;
    let said = text(&undone.message);
    assert!(said.starts_with("🔔 Silence removed by @ada:\nBehind"), "{said}");
    assert!(said.encode_utf16().count() <= TEXT_LIMIT);
    assert!(
        said.contains("\n🔕 Still silenced until 30 Nov, 23:12 UTC by another silence:\nBehind"),
        "{said}"
    );
    assert_eq!((undone.others.len(), data(&undone.message).remove(0).1), (200, "alert undo".into()));
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
    let answer = silencer(&stand).press(press(&fingerprints([1, 2, 3, 4]), &[gone], &ada()), &ENGLISH).await;
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
    assert_eq!(text(&same.message), "Already silenced until 30 Nov, 23:12 UTC: Behind · polygon · node-2");
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
        let begin = clock::now();
        let answer = silence(&stand, 1..=3).await;
        assert!(
            clock::since(begin) < Duration::from_secs(6),
            "an Alertmanager that hangs is not asked again"
        );
        assert_eq!(text(&answer.message), want);
        assert_eq!((stand.world().active().len(), answer.silences.len()), (made, made));
    }
    // What is refused for one is no reason to give up the others.
    let stand = Stand::new().await;
    (1..=3).for_each(|number| stand.world().fires(number, "Behind", &format!("node-{number}")));
    stand.world().alerts[1]["labels"]["no-label"] = "x".into();
    assert_eq!(
        text(&silence(&stand, 1..=3).await.message),
        "🔕 Silenced until 30 Nov, 07:12 UTC by @ada:\nBehind · polygon · node-1\nBehind · polygon · node-3\n\
         Not silenced: Behind · polygon · node-2\nAlertmanager answered with an error (status 400): silence \
         invalid: invalid label matcher 0: invalid label name"
    );
    let stand = Stand::new().await;
    stand.world().fires(1, "Behind", "mine");
    let made = silence(&stand, [1]).await;
    stand.world().fault = Some(("DELETE", 0, Fault::Says(StatusCode::FORBIDDEN, "")));
    let kept = silencer(&stand).undo(made.silences.first(), (GROUP, 56), &ada(), &ENGLISH).await;
    assert_eq!(kept.spent, [], "the button can be pressed again");
    let kept = kept.message;
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
