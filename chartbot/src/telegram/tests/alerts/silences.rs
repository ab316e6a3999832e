//! Silences from a button to Alertmanager and back to the chat.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{firing, parameter, presses::in_group, texts};
use crate::{
    alerts::stand::{Fault, Stand as Alertmanager},
    samples::stand::{BEHIND_FOR, Server},
    telegram::tests::bot_api::{Say, Stand},
    telegram::tests::running::Running,
};

const HOUR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
/// Long enough for several looks at Alertmanager.
const LOOKS: Duration = Duration::from_secs(90);

/// An Alertmanager in which these alerts of my-node fire, each of another name.
async fn alertmanager(digits: &[u64]) -> Alertmanager {
    let alertmanager = Alertmanager::new().await;
    for digit in digits {
        alertmanager.world().fires(*digit, &format!("Headlag{digit}"), "my-node");
    }
    alertmanager
}

fn in_chat(stand: &Stand, alertmanager: &Alertmanager) -> Running {
    Running::with_silences(stand, "-100:7", Some(alertmanager.client()))
}

/// The data of the buttons under the newest message.
async fn buttons(stand: &Stand) -> Vec<String> {
    let markup = parameter(stand, "reply_markup").await.pop().unwrap();
    let rows = markup["inline_keyboard"].as_array().cloned().unwrap_or_default();
    let buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
    buttons.map(|button| button["callback_data"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_press_silences_and_its_undo_ends_that() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1]).await);
    let running = in_chat(&stand, &alertmanager);
    running.alerts(&[firing('1')]).await;
    let data = buttons(&stand).await;
    assert_eq!(data[0], "alert chart 0000000000000001");
    assert_eq!(data[2], "alert silence 8h 0000000000000001");
    stand.send([in_group(1, -100, 1, &data[2], "")]);
    stand.hears("sendmessage", 2).await;
    let said = texts(&stand).await;
    assert!(said[1].contains("Silenced until ") && said[1].contains(" UTC by 9"), "{said:?}");
    assert_eq!(parameter(&stand, "reply_parameters").await[1]["message_id"], 1);
    {
        let world = alertmanager.world();
        let [silence] = world.active()[..] else { panic!("{:?}", world.silences) };
        let names = silence["matchers"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["alertname", "network", "node", "severity"]);
    }
    let undo = buttons(&stand).await;
    stand.send([in_group(2, -100, 2, &undo[0], "")]);
    stand.hears("sendmessage", 3).await;
    assert!(texts(&stand).await[2].contains("Silence removed by 9"));
    assert_eq!(alertmanager.world().active().len(), 0);
    // The button of the confirmation is gone.
    let edited: Value = serde_json::from_str(&stand.hears("editmessagereplymarkup", 1).await[0]).unwrap();
    assert_eq!(
        (&edited["chat_id"], &edited["message_id"], &edited["reply_markup"]),
        (&json!(-100), &json!(2), &json!(null))
    );
    // A repeat is one again.
    running.alerts(&[firing('1')]).await;
    assert_eq!(texts(&stand).await.len(), 3);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_is_silenced_as_one_and_after_a_restart_the_press_says_what_it_no_longer_knows() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1, 2, 3]).await);
    let running = in_chat(&stand, &alertmanager);
    running.alerts(&[firing('1'), firing('2')]).await;
    stand.send([in_group(1, -100, 1, "alert silence 1h", "")]);
    stand.hears("sendmessage", 2).await;
    assert_eq!(alertmanager.world().active().len(), 2);
    assert_eq!(buttons(&stand).await, ["alert undo"]);
    stand.send([in_group(2, -100, 2, "alert undo", "")]);
    stand.hears("sendmessage", 3).await;
    assert_eq!(alertmanager.world().active().len(), 0);
    running.kill().await;
    let running = in_chat(&stand, &alertmanager);
    stand.send([in_group(3, -100, 1, "alert silence 1h", "")]);
    stand.hears("sendmessage", 4).await;
    assert!(texts(&stand).await[3].contains("no longer know which alerts"), "{:?}", texts(&stand).await);
    // A button of a single alert works all the same.
    stand.send([in_group(4, -100, 1, "alert silence 1h 0000000000000003", "")]);
    stand.hears("sendmessage", 5).await;
    assert_eq!(alertmanager.world().active().len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_leads_to_the_silences_that_are_left() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1, 2]).await);
    let running = in_chat(&stand, &alertmanager);
    running.alerts(&[firing('1'), firing('2')]).await;
    stand.send([in_group(1, -100, 1, "alert silence 1h", "")]);
    stand.hears("sendmessage", 2).await;
    stand.send([in_group(2, -100, 1, "alert silence 8h", "")]);
    stand.hears("sendmessage", 3).await;
    assert_eq!(alertmanager.world().active().len(), 4);
    stand.send([in_group(3, -100, 2, "alert undo", "")]);
    stand.hears("sendmessage", 4).await;
    assert!(texts(&stand).await[3].contains("by another silence"), "{:?}", texts(&stand).await);
    stand.send([in_group(4, -100, 4, &buttons(&stand).await[0], "")]);
    stand.hears("sendmessage", 5).await;
    assert!(!texts(&stand).await[4].contains("by another silence"), "{:?}", texts(&stand).await);
    assert_eq!(alertmanager.world().active().len(), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_happens_under_a_silence_is_a_reply_to_the_alert() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1, 2]).await);
    let running = in_chat(&stand, &alertmanager);
    running.alerts(&[firing('1')]).await;
    running.alerts(&[firing('2')]).await;
    stand.send([in_group(1, -100, 1, "alert silence 8h 0000000000000001", "")]);
    stand.send([in_group(2, -100, 2, "alert silence 1h 0000000000000002", "")]);
    stand.hears("sendmessage", 4).await;
    sleep(LOOKS).await;
    // The first one ends, of which Alertmanager says nothing.
    stand.has_prometheus(Server::Later(-2 * BEHIND_FOR as i64));
    alertmanager.world().alerts.remove(0);
    stand.hears("sendmessage", 5).await;
    let said = texts(&stand).await;
    assert!(
        said[4].contains("my-node: level again; the alert lasted ")
            && said[4].contains("The silence lasts until "),
        "{said:?}"
    );
    let reply = parameter(&stand, "reply_parameters").await;
    assert_eq!(
        (&reply[4]["message_id"], &parameter(&stand, "message_thread_id").await[4]),
        (&json!(1), &json!(7))
    );
    let remove = buttons(&stand).await;
    stand.send([in_group(3, -100, 5, &remove[0], "")]);
    stand.hears("sendmessage", 6).await;
    assert!(texts(&stand).await[5].contains("Silence removed by 9"));
    // The other silence runs out.
    alertmanager.world().now += HOUR;
    let ends_at = (alertmanager.world().now + HOUR).to_string();
    alertmanager.world().alerts.iter_mut().for_each(|alert| alert["endsAt"] = json!(ends_at));
    stand.hears("sendmessage", 7).await;
    assert!(
        texts(&stand).await[6].contains("The silence is over, still firing"),
        "{:?}",
        texts(&stand).await
    );
    assert_eq!(parameter(&stand, "reply_parameters").await[6]["message_id"], 2);
    // So the repeat says nothing new.
    running.alerts(&[firing('2')]).await;
    sleep(LOOKS).await;
    assert_eq!(texts(&stand).await.len(), 7);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_end_under_a_silence_reaches_every_chat_that_has_the_alert() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1, 2]).await);
    let running = Running::with_silences(&stand, "-100:7,8", Some(alertmanager.client()));
    running.alerts(&[firing('1')]).await;
    stand.send([in_group(1, -100, 1, "alert silence 8h 0000000000000001", "")]);
    // Begins under a silence, so that no chat has it.
    stand.send([in_group(2, -100, 1, "alert silence 8h 0000000000000002", "")]);
    stand.hears("sendmessage", 4).await;
    sleep(LOOKS).await;
    alertmanager.world().alerts.clear();
    // The other chat cannot be reached at first: it is tried again, and it alone.
    stand.say_to("sendmessage", 8, Say::Html(502));
    stand.hears("sendmessage", 7).await;
    sleep(LOOKS).await;
    let (said, to) = (texts(&stand).await, parameter(&stand, "chat_id").await);
    let ends: Vec<_> = said.iter().zip(&to).skip(4).collect();
    let of = |chat: i64| ends.iter().filter(move |(_, to)| **to == json!(chat)).map(|(text, _)| *text);
    assert_eq!((of(-100).count(), of(8).count()), (1, 2), "{ends:?}");
    assert!(of(-100).all(|text| text.contains("Headlag1") && text.contains("Headlag2")), "{ends:?}");
    // Prometheus says that the node is still behind: the alert ended for another reason.
    assert!(ends.iter().all(|(text, _)| text.starts_with("🔴 ")), "{ends:?}");
    assert!(of(8).all(|text| text.contains("Headlag1") && !text.contains("Headlag2")), "{ends:?}");
    let replies = parameter(&stand, "reply_parameters").await;
    let own = to[..2].iter().position(|to| *to == json!(8)).unwrap() + 1;
    for (reply, _) in replies.iter().zip(&to).skip(4).filter(|(_, to)| **to == json!(8)) {
        assert_eq!(reply["message_id"], own, "the chat's own message");
    }
    assert_eq!(
        running.metrics("alerts_delivered_total{event=\"resolved\"}"),
        ["alerts_delivered_total{event=\"resolved\"} 3"],
        "two alerts in one chat, and one in the other"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_end_during_planned_work_is_a_reply_to_the_alert_too() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1]).await);
    let running = Running::with_silences(&stand, "7", Some(alertmanager.client()));
    running.alerts(&[firing('1')]).await;
    stand.send([crate::telegram::tests::bot_api::update(1, 7, "/silence my-node 2h")]);
    stand.hears("sendmessage", 2).await;
    sleep(LOOKS).await;
    alertmanager.world().alerts.clear();
    stand.hears("sendmessage", 3).await;
    assert!(texts(&stand).await[2].contains("Headlag1"), "{:?}", texts(&stand).await);
    assert_eq!(parameter(&stand, "reply_parameters").await[2]["message_id"], 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_after_a_silence_is_not_swallowed() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1]).await);
    let running = in_chat(&stand, &alertmanager);
    running.alerts(&[firing('1')]).await;
    stand.send([in_group(1, -100, 1, "alert silence 1h 0000000000000001", "")]);
    stand.hears("sendmessage", 2).await;
    // The silence cannot be watched, so that the repeat comes first.
    alertmanager.world().fault = Some(("GET ", 0, Fault::Silent));
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    let said = texts(&stand).await;
    assert!(said[2].starts_with("🔴 polygon · my-node: still firing since "), "{said:?}");
    assert_eq!(parameter(&stand, "reply_parameters").await[2]["message_id"], 1);
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert_eq!(texts(&stand).await.len(), 3);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_repeat_has_said_the_end_of_the_silence_does_not_say_again() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[1]).await);
    let running = in_chat(&stand, &alertmanager);
    running.alerts(&[firing('1')]).await;
    stand.send([in_group(1, -100, 1, "alert silence 1h 0000000000000001", "")]);
    stand.hears("sendmessage", 2).await;
    sleep(LOOKS).await;
    // The silence is over, the repeat comes before the next look.
    alertmanager.world().fault = Some(("GET ", 0, Fault::Silent));
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert!(texts(&stand).await[2].contains("still firing since "));
    {
        let mut world = alertmanager.world();
        world.now += HOUR + HOUR / 60;
        world.alerts[0]["endsAt"] = json!((world.now + HOUR).to_string());
        world.fault = None;
    }
    sleep(LOOKS).await;
    assert_eq!(texts(&stand).await.len(), 3, "{:?}", texts(&stand).await);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_users_of_alert_chats_may_plan_a_silence() {
    let (stand, alertmanager) = (Stand::new().await, alertmanager(&[]).await);
    let running = Running::with_silences(&stand, "7", Some(alertmanager.client()));
    stand.hears("getupdates", 2).await;
    for (id, chat, want) in [(1, 8, "add 8 to --telegram.alert-chats"), (2, 7, "Silenced until ")] {
        stand.send([crate::telegram::tests::bot_api::update(id, chat, "/silence my-node 2h")]);
        let said = stand.hears("sendmessage", id as usize).await;
        let said: Value = serde_json::from_str(&said[id as usize - 1]).unwrap();
        assert!(said["text"].as_str().unwrap().contains(want), "{said}");
    }
    assert_eq!(alertmanager.world().active().len(), 1);
    running.stop().await;
}
