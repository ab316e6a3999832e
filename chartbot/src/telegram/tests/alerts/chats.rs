//! Chats that moved, closed a topic, or can never get an alert.

use serde_json::json;

use super::{firing, parameter, presses::in_group, resolved, texts};
use crate::alerts::stand::Stand as Alertmanager;
use crate::telegram::tests::bot_api::{Say, Stand, no, press, wait};
use crate::telegram::tests::running::{Log, Running};

fn upgraded(to: i64) -> Say {
    Say::No(
        400,
        json!({
            "ok": false, "error_code": 400,
            "description": "Bad Request: group chat was upgraded to a supergroup chat",
            "parameters": {"migrate_to_chat_id": to},
        }),
    )
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_upgraded_is_followed() {
    let (stand, log) = (Stand::new().await, Log::begin());
    let running = Running::with_alerts(&stand, "-55");
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    stand.hears("editmessagemedia", 1).await;
    log.news();
    stand.say_to("sendmessage", -55, upgraded(-1_001));
    assert_eq!(running.alerts(&[firing('2')]).await, 200);
    assert_eq!(parameter(&stand, "chat_id").await, [-55, -55, -1_001]);
    let warned = log.news();
    assert!(
        warned.iter().any(|line| line.contains("Replace -55 by -1001 in --telegram.alert-chats")),
        "{warned:?}"
    );
    let counted = running.metrics("alerts_redirected_total{reason=\"migrated\"}");
    assert_eq!(counted, ["alerts_redirected_total{reason=\"migrated\"} 1"]);
    // Ids of messages are others there, so an end of before replies to none.
    assert_eq!(running.alerts(&[resolved('1')]).await, 200);
    let to = parameter(&stand, "chat_id").await;
    assert_eq!((&to[3], &parameter(&stand, "reply_parameters").await[3]), (&json!(-1_001), &json!(null)));
    // Presses from there are accepted.
    let mut pressed = press(1, 9, 3, "alert chart 0000000000000002");
    pressed["callback_query"]["message"]["chat"] =
        json!({"id": -1_001, "type": "supergroup", "title": "ops"});
    stand.send([pressed]);
    let photo = stand.hears("sendphoto", 1).await;
    assert!(photo[0].contains("-1001"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_its_topic_the_chat_gets_it() {
    for refusal in ["Bad Request: message thread not found", "Bad Request: TOPIC_CLOSED"] {
        let (stand, log) = (Stand::new().await, Log::begin());
        let running = Running::with_alerts(&stand, "-100:7");
        assert_eq!(running.alerts(&[firing('1')]).await, 200);
        // The topic takes nothing, nor a reply to what is in it.
        stand.say("sendmessage", no(400, refusal));
        stand.say("sendmessage", no(400, refusal));
        assert_eq!(running.alerts(&[resolved('1')]).await, 200);
        let topics = parameter(&stand, "message_thread_id").await;
        assert_eq!(topics, [json!(7), json!(7), json!(null), json!(null)]);
        let replies: Vec<_> =
            parameter(&stand, "reply_parameters").await.iter().map(|it| !it.is_null()).collect();
        assert_eq!(replies, [false, true, true, false]);
        stand.say("sendmessage", no(400, refusal));
        assert_eq!(running.alerts(&[firing('2')]).await, 200);
        let warned: Vec<_> = log.news().into_iter().filter(|line| line.contains("topic")).collect();
        assert!(warned.len() == 1 && warned[0].contains("--telegram.alert-chats"), "once: {warned:?}");
        let counted = running.metrics("alerts_redirected_total{reason=\"topic\"}");
        assert_eq!(counted, ["alerts_redirected_total{reason=\"topic\"} 2"]);
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_can_never_get_it_is_counted_and_stops_nobody() {
    for (refusal, reason) in [
        (no(403, "Forbidden: bot was blocked by the user"), "blocked"),
        (no(403, "Forbidden: user is deactivated"), "blocked"),
        (no(403, "Forbidden: bot was kicked from the supergroup chat"), "kicked"),
        (no(403, "Forbidden: bot is not a member of the supergroup chat"), "kicked"),
        (no(400, "Bad Request: not enough rights to send text messages to the chat"), "kicked"),
        (no(400, "Bad Request: TOPIC_CLOSED"), "kicked"),
        (no(400, "Bad Request: chat not found"), "not_found"),
        (upgraded(-100), "not_found"),
    ] {
        let stand = Stand::new().await;
        let running = Running::with_alerts(&stand, "7,-100");
        stand.say_to("sendmessage", -100, refusal);
        let counter = format!("alerts_undelivered_total{{reason=\"{reason}\"}}");
        assert_eq!(running.metrics(&counter), [format!("{counter} 0")]);
        assert_eq!(running.alerts(&[firing('1'), firing('2')]).await, 200);
        assert_eq!(running.metrics(&counter), [format!("{counter} 2")]);
        let mut to = parameter(&stand, "chat_id").await;
        to.sort_by_key(|chat| chat.as_i64());
        assert_eq!(to, [-100, 7]);
        // Once it may, it gets what still fires; the other chat gets nothing twice.
        assert_eq!(running.alerts(&[firing('1'), firing('2')]).await, 200);
        let to = parameter(&stand, "chat_id").await;
        assert_eq!((to.len(), &to[2]), (3, &json!(-100)));
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_upgraded_is_found_at_the_start() {
    let (stand, alertmanager) = (Stand::new().await, Alertmanager::new().await);
    alertmanager.world().fires(1, "Behind", "my-node");
    // A silence from the new group, in which the alert ended.
    let running = Running::with_silences(&stand, "-1001", Some(alertmanager.client()));
    stand.send([in_group(1, -1_001, 1, "alert silence 8h 0000000000000001", "")]);
    stand.hears("sendmessage", 1).await;
    running.kill().await;
    alertmanager.world().alerts.clear();
    // The old id is still configured, and Telegram is away for a while.
    stand.say_to("sendchataction", -55, Say::Html(502));
    stand.say_to("sendchataction", -55, wait(300));
    stand.say_to("sendchataction", -55, upgraded(-1_001));
    let running = Running::with_silences(&stand, "-55", Some(alertmanager.client()));
    stand.hears("sendmessage", 2).await;
    assert!(texts(&stand).await[1].contains("The silence lasts until "), "{:?}", texts(&stand).await);
    assert_eq!(parameter(&stand, "chat_id").await[1], -1_001);
    // Presses from there are accepted.
    stand.send([in_group(2, -1_001, 1, "alert silence 8h 0000000000000001", "")]);
    stand.hears("sendmessage", 3).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn at_the_start_such_a_chat_is_reported_and_an_outage_is_not() {
    let (stand, log) = (Stand::new().await, Log::begin());
    stand.say_to("sendchataction", -100, no(403, "Forbidden: bot was kicked from the group chat"));
    stand.say_to("sendchataction", -200, Say::Html(502));
    stand.say_to("sendchataction", 7, no(403, "Forbidden: bot was blocked by the user"));
    let running = Running::with_alerts(&stand, "7,8,-100,-200:5");
    stand.hears("sendchataction", 5).await;
    // Long enough for a further attempt.
    stand.hears("getupdates", 4).await;
    let mut reported = log.news();
    reported.retain(|line| line.starts_with("WARN"));
    reported.sort();
    assert_eq!(reported.len(), 2, "{reported:?}");
    assert!(
        reported[0].contains("is not in the group, or may not write there; add the bot to the group"),
        "{reported:?}"
    );
    assert!(reported[1].contains("the user has blocked the bot"), "{reported:?}");
    for reason in ["kicked", "blocked"] {
        let counter = format!("alerts_undelivered_total{{reason=\"{reason}\"}}");
        assert_eq!(running.metrics(&counter), [format!("{counter} 1")]);
    }
    assert_eq!(texts(&stand).await, [""; 0], "nobody is sent a message");
    running.stop().await;
}
