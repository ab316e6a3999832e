//! What a chat gets, and when.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{LATER, firing, moment, parameter, resolved, texts};
use crate::{
    clock,
    samples::stand::{BEHIND_FOR, Server},
    telegram::tests::{
        bot_api::{Say, Stand, no, server_errors, update, wait},
        field,
        running::Running,
    },
};

#[tokio::test(start_paused = true)]
async fn the_text_at_once_and_the_card_into_the_same_message() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "-100:7");
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    let edited = stand.hears("editmessagemedia", 1).await;
    let heard = stand.heard();
    let place = |method: &str| heard.iter().position(|name| name == method).unwrap();
    assert!(place("sendmessage") < place("prometheus"), "the text waits for nothing");
    let text = texts(&stand).await.concat();
    assert!(
        text.starts_with("🔴 alert 1: my-node is 12 blocks behind\npolygon · my-node · critical\nsince ")
    );
    assert!(text.ends_with(" UTC\nhttps://example.org/HeadlagNodeBehind"), "{text}");
    assert_eq!(parameter(&stand, "message_thread_id").await, [json!(7)]);
    // The card has the text as its caption, and the buttons are still there.
    let message = field(&edited[0], "message_id").unwrap();
    assert_eq!((field(&edited[0], "chat_id"), message), (Some("-100"), "1"));
    let media: serde_json::Value = serde_json::from_str(field(&edited[0], "media").unwrap()).unwrap();
    assert_eq!(media["caption"].as_str().unwrap().replace('\u{a0}', " "), text);
    assert!(edited[0].contains("alert chart 0000000000000001") && edited[0].contains("PNG"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_says_what_is_new_and_a_reply_what_ended() {
    let stand = Stand::new().await;
    stand.has_prometheus(Server::Later(-2 * BEHIND_FOR as i64));
    let running = Running::with_alerts(&stand, "7");
    for alerts in
        [&[firing('1')][..], &[firing('1'), firing('2')], &[resolved('1'), firing('2')], &[firing('2')]]
    {
        assert_eq!(running.alerts(alerts).await, 200);
    }
    let said = texts(&stand).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("🔴 alert 1") && said[1].starts_with("🔴 alert 2"), "{said:?}");
    assert_eq!(said[2].lines().next(), Some("🟢 polygon · my-node: level again; the alert lasted 30 min"));
    let replies = parameter(&stand, "reply_parameters").await;
    let want = json!({"message_id": 1, "allow_sending_without_reply": true});
    assert_eq!(replies, [json!(null), json!(null), want]);
    // A late webhook of a second Alertmanager.
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert_eq!(texts(&stand).await.len(), 3);
    assert_eq!(
        running.metrics("alerts_delivered_total{event=\"firing\"}"),
        ["alerts_delivered_total{event=\"firing\"} 2"]
    );
    running.kill().await;
    // After a restart an end is a message of its own.
    let running = Running::with_alerts(&stand, "7");
    assert_eq!(running.alerts(&[resolved('2')]).await, 200);
    assert!(parameter(&stand, "reply_parameters").await[3].is_null());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_end_says_what_prometheus_knows_and_no_more() {
    for (server, want) in [
        (Server::Behind, "🔴 polygon · my-node: alert ended; the node is now 12 blocks behind"),
        (
            Server::Later(1_200),
            "⚪ polygon · my-node: ended only because nobody is watching; last known 12 blocks behind at ",
        ),
        (Server::Empty, "⚪ polygon · my-node: ended only because nobody is watching"),
        (
            Server::Silent,
            "⚪ polygon · my-node: alert ended; state unknown, since Prometheus does not answer",
        ),
    ] {
        let stand = Stand::new().await;
        stand.has_prometheus(server);
        let running = Running::with_alerts(&stand, "7");
        let begin = clock::now();
        assert_eq!(running.alerts(&[resolved('1')]).await, 200);
        assert!(clock::since(begin) < Duration::from_secs(5));
        let said = texts(&stand).await;
        assert!(said[0].starts_with(want), "{said:?}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_is_back_within_minutes_raises_no_fresh_alarm() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    running.alerts(&[firing('1')]).await;
    stand.has_prometheus(Server::Later(1_200));
    running.alerts(&[resolved('1')]).await;
    let mut again = firing('1');
    again["startsAt"] = json!(moment(600));
    assert_eq!(running.alerts(&[again.clone()]).await, 200);
    let edited = stand.hears("editmessagetext", 1).await;
    assert!(edited[0].contains("nobody is watching") && edited[0].contains("\"message_id\":"), "{edited:?}");
    assert!(edited[0].contains("🔴 polygon · my-node: firing again since "), "{edited:?}");
    assert_eq!((running.alerts(&[again.clone()]).await, texts(&stand).await.len()), (200, 2));
    // Its end is a reply to the alarm.
    again["status"] = json!("resolved");
    again["endsAt"] = json!(moment(900));
    stand.has_prometheus(Server::Later(-2 * BEHIND_FOR as i64));
    running.alerts(&[again.clone()]).await;
    assert!(texts(&stand).await[2].contains("level again"));
    assert_eq!(parameter(&stand, "reply_parameters").await[2]["message_id"], 1);
    // After an end that was one, it is a new alarm.
    again["status"] = json!("firing");
    again["startsAt"] = json!(moment(1_000));
    running.alerts(&[again]).await;
    assert!(texts(&stand).await[3].starts_with("🔴 alert 1"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_an_end_with_a_known_cause_the_same_alert_is_a_new_alarm() {
    // The node is behind now as well, but the alert ended: in between it was something else.
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    running.alerts(&[firing('1')]).await;
    running.alerts(&[resolved('1')]).await;
    assert!(texts(&stand).await[1].contains("alert ended; the node is now 12 blocks behind"));
    let mut again = firing('1');
    again["startsAt"] = json!(moment(600));
    assert_eq!(running.alerts(&[again]).await, 200);
    let said = texts(&stand).await;
    assert!(said.len() == 3 && said[2].starts_with("🔴 alert 1"), "an edit makes no sound: {said:?}");
    assert!(!parameter(&stand, "reply_markup").await[2].is_null(), "with its buttons");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_card_that_fails_costs_no_text() {
    for (method, say) in [
        ("prometheus", Say::Nothing),
        ("editmessagemedia", no(400, "Bad Request: there is no media in the message to edit")),
        ("editmessagemedia", no(400, "Bad Request: message to edit not found")),
    ] {
        let stand = Stand::new().await;
        stand.say(method, say);
        let running = Running::with_alerts(&stand, "7");
        let begin = clock::now();
        assert_eq!(running.alerts(&[firing('1')]).await, 200);
        assert!(clock::since(begin) < Duration::from_secs(1));
        sleep(LATER).await;
        assert_eq!(texts(&stand).await.len(), 1);
        let lost = running.metrics("alert_cards_total{outcome=\"shown\"}");
        assert_eq!(lost, ["alert_cards_total{outcome=\"shown\"} 0"], "{method}");
        running.stop().await;
    }
    // An edit that may not have arrived is tried again: twice it is the same.
    let stand = Stand::new().await;
    stand.say("editmessagemedia", Say::Html(502));
    let running = Running::with_alerts(&stand, "7");
    running.alerts(&[firing('1')]).await;
    stand.hears("editmessagemedia", 2).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_have_arrived_is_sent_again_and_what_arrived_is_not() {
    let unknown = server_errors().into_iter().chain([Say::Half, Say::Nothing]);
    for trouble in unknown.chain([wait(60)]) {
        let stand = Stand::new().await;
        let running = Running::with_alerts(&stand, "7,-100");
        stand.say_to("sendmessage", -100, trouble);
        let begin = clock::now();
        assert_eq!(running.alerts(&[firing('1')]).await, 503);
        assert!(clock::since(begin) < Duration::from_secs(10));
        sleep(LATER).await;
        assert_eq!(running.alerts(&[firing('1')]).await, 200);
        let mut to = parameter(&stand, "chat_id").await;
        to.sort_by_key(|chat| chat.as_i64());
        assert_eq!(to, [-100, -100, 7], "nothing that arrived is sent twice");
        assert_eq!(
            running.metrics("alert_webhooks_total{result=\"retry\"}"),
            ["alert_webhooks_total{result=\"retry\"} 1"]
        );
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_telegram_loses_nothing() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    stand.be_away(Say::Html(502), Duration::from_secs(3_600));
    for _ in 0..20 {
        assert_eq!(running.alerts(&[firing('1')]).await, 503);
        sleep(Duration::from_secs(150)).await;
    }
    sleep(Duration::from_secs(600)).await;
    let before = texts(&stand).await.len();
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert_eq!(texts(&stand).await.len(), before + 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waited_too_long_is_left_to_alertmanager() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    stand.be_away(Say::Nothing, Duration::from_secs(70));
    let post = async |digit| running.alerts(&[firing(digit)]).await;
    let statuses = tokio::join!(post('1'), post('2'), post('3'), post('4'), post('5'), post('6'));
    assert_eq!(statuses, (503, 503, 503, 503, 503, 503));
    sleep(LATER).await;
    // Each attempt took 15 s. The last ones may have ended by now.
    assert_eq!(texts(&stand).await.len(), 3, "{:?}", texts(&stand).await);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_no_failure_and_the_retry_finds_it_delivered() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    stand.say("sendmessage", Say::Slow(Duration::from_secs(13)));
    let begin = clock::now();
    assert_eq!(running.alerts(&[firing('1')]).await, 503);
    assert!(clock::since(begin) < Duration::from_secs(10), "{:?}", clock::since(begin));
    // It waits for the attempt that goes on.
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert_eq!(texts(&stand).await.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_work_goes_on_when_the_caller_hangs_up() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    stand.say("sendmessage", wait(5));
    let alerts = [firing('1')];
    let hung_up = tokio::time::timeout(Duration::from_secs(2), running.alerts(&alerts)).await;
    assert!(hung_up.is_err());
    stand.hears("sendmessage", 2).await;
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert_eq!(texts(&stand).await.len(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn alerts_do_not_wait_for_commands() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    stand.hears("getupdates", 2).await;
    stand.has_prometheus(Server::Silent);
    stand.send((1..20).map(|id| update(id, 7 + i64::from(id % 2), "/week")));
    stand.hears("prometheus", 1).await;
    let begin = clock::now();
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    assert!(clock::since(begin) < Duration::from_secs(1));
    running.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_telegram_refuses_blocks_nothing() {
    let refused = || no(400, "Bad Request: can't parse inline keyboard button");
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    stand.say("sendmessage", refused());
    assert_eq!(running.alerts(&[firing('1')]).await, 200);
    let markup = parameter(&stand, "reply_markup").await;
    assert!(!markup[0].is_null() && markup[1].is_null(), "the text alone follows");
    for _ in 0..2 {
        stand.say("sendmessage", refused());
    }
    assert_eq!(running.alerts(&[firing('2')]).await, 200);
    assert_eq!(running.alerts(&[firing('3')]).await, 200);
    assert!(texts(&stand).await[4].starts_with("🔴 alert 3"));
    // The chat can get others, so it does not count as one that cannot get alerts.
    assert_eq!(running.metrics("alerts_rejected_total"), ["alerts_rejected_total 1"]);
    let undelivered = running.metrics("alerts_undelivered_total");
    assert!(undelivered.len() == 3 && undelivered.iter().all(|line| line.ends_with(" 0")), "{undelivered:?}");
    running.stop().await;
}
