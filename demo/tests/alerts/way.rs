//! One set of processes, and everything that may happen to an alert on its way, one after the other.

use headlag_demo::telegram::{Message, State, Store, Trouble};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    parts::{Parts, with_words},
    patience::{PATIENCE, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_reaches_every_chat_with_its_card_whatever_fails() {
    let mut parts = Parts::start().await;
    let alarm = a_node_that_stops_raises_an_alert(&parts).await;
    it_is_silenced_and_the_undo_takes_that_back(&parts, &alarm).await;
    parts.resume().await;
    the_documented_test_alert_waits_for_telegram(&parts).await;
    its_end_is_a_reply(&parts, &alarm).await;
    the_bot_is_killed_between_text_and_card(&mut parts).await;
    the_bot_is_killed_before_the_text_arrived(&mut parts).await;
    a_closed_topic_and_an_upgraded_group_lose_nothing(&parts).await;
    what_concerns_the_bot_goes_past_it(&parts).await;
    #[cfg(feature = "compat")]
    crate::judge::judge_requests(&parts.telegram).await;
    parts.stop().await;
}

/// Returns the alert's message in the forum.
async fn a_node_that_stops_raises_an_alert(parts: &Parts) -> Message {
    parts.mine.call("anvil_setIntervalMining", json!([0])).await.unwrap();
    let summary = "my-node is";
    let (ada, forum) = (parts.ada.id, parts.forum.id);
    let alarm = parts.seen("the text", |state| with_words(state, forum, summary).pop()).await;
    assert_eq!(alarm.topic(), Some(parts.topic));
    for chat in [ada, forum] {
        let card =
            |state: &_| with_words(state, chat, summary).pop().filter(|message| !message.photo.is_empty());
        let card = parts.seen("the card", card).await;
        let state = parts.telegram.state();
        assert_eq!(with_words(&state, chat, summary).len(), 1, "text and card are one message");
        assert!(card.words().contains("polygon") && card.words().contains("warning"), "{}", card.words());
        let of = |method: &str| {
            state
                .calls_of(method)
                .find(|call| call.params["chat_id"].to_string().trim_matches('"') == chat.to_string())
        };
        let (text, photo) = (of("sendMessage").unwrap(), of("editMessageMedia").unwrap());
        assert!(text.at < photo.at, "the text goes first");
    }
    let blocked = "headlag_chartbot_alerts_undelivered_total{reason=\"blocked\"}";
    let counted = || async { (parts.figure(blocked).await >= 1.0).then_some(()) };
    eventually("the chat that blocked the bot is counted", counted).await;
    let metrics = format!("http://{}/metrics", parts.alertmanager);
    let metrics = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    let of_webhook = |line: &&str| {
        line.starts_with("alertmanager_notifications_failed_total{") && line.contains("\"webhook\"")
    };
    let mut failed = metrics.lines().filter(of_webhook);
    assert!(failed.all(|line| line.ends_with(" 0")), "a blocked chat is no failure");
    parts.telegram.chat(forum).into_iter().find(|message| message.message_id == alarm.message_id).unwrap()
}

/// The data of the button under a message that begins like this.
fn button(message: &Message, beginning: &str) -> Option<String> {
    let rows = &message.reply_markup.as_ref()?.inline_keyboard;
    let mut data = rows.iter().flatten().filter_map(|button| button.callback_data.clone());
    data.find(|data| data.starts_with(beginning))
}

async fn it_is_silenced_and_the_undo_takes_that_back(parts: &Parts, alarm: &Message) {
    let forum = parts.forum.id;
    let press = |message: &Message, data: &str| {
        let data = button(message, data).unwrap_or_else(|| panic!("no {data}: {message:?}"));
        parts.telegram.press_in(forum, &parts.grace, message.message_id, &data).unwrap();
    };
    press(alarm, "alert silence 8h");
    let confirmed = parts
        .seen("a confirmation with an undo", |state| {
            let mut answers = state.answers(forum).filter(|message| button(message, "alert undo").is_some());
            answers.next().cloned()
        })
        .await;
    assert_eq!(confirmed.topic(), Some(parts.topic));
    assert!(confirmed.words().contains("grace"), "{}", confirmed.words());
    let silences = parts.api("silences").await;
    let [silence] = &silences.as_array().unwrap()[..] else { panic!("{silences}") };
    assert_eq!(silence["status"]["state"], "active");
    assert!(silence["createdBy"].as_str().unwrap().contains("grace"), "{silence}");
    let alerts = parts.api("alerts").await;
    let behind = |alert: &&Value| alert["labels"]["alertname"] == "HeadlagNodeBehind";
    let alert = alerts.as_array().unwrap().iter().find(behind).unwrap();
    let labels = alert["labels"].as_object().unwrap();
    let matchers = silence["matchers"].as_array().unwrap();
    assert_eq!(matchers.len(), labels.len(), "{silence}");
    for matcher in matchers {
        assert_eq!(labels[matcher["name"].as_str().unwrap()], matcher["value"], "{silence}");
        assert_eq!((&matcher["isRegex"], &matcher["isEqual"]), (&json!(false), &json!(true)));
    }
    press(&confirmed, "alert undo");
    let expired = || async {
        let silences = parts.api("silences").await;
        (silences[0]["status"]["state"] == "expired").then_some(())
    };
    eventually("the undo ends the silence", expired).await;
    let bare = |state: &State| {
        let confirmation = state.answers(forum).find(|message| message.message_id == confirmed.message_id)?;
        confirmation.reply_markup.is_none().then_some(())
    };
    parts.seen("the confirmation without its button", bare).await;
}

/// Whether it is a reply to the message with this id.
fn replies_to(message: &Message, id: i64) -> bool {
    message.reply_to_message.as_ref().is_some_and(|to| to.message_id == id)
}

async fn its_end_is_a_reply(parts: &Parts, alarm: &Message) {
    let end =
        |message: &&Message| replies_to(message, alarm.message_id) && message.words().contains("level again");
    let end = parts.seen("the end", |state| state.answers(parts.forum.id).find(end).cloned()).await;
    assert!(end.words().contains("my-node"), "{}", end.words());
    let state = parts.telegram.state();
    for chat in [parts.ada.id, parts.forum.id] {
        for words in ["my-node is", "This is a test"] {
            assert_eq!(with_words(&state, chat, words).len(), 1, "{words} is said once");
        }
    }
}

async fn the_documented_test_alert_waits_for_telegram(parts: &Parts) {
    let documented = include_str!("../../../docs/alerts.md");
    let line =
        documented.lines().find_map(|line| line.find("amtool alert add").map(|at| &line[at..])).unwrap();
    parts.telegram.set_trouble(Trouble::BadGateway);
    let tried = parts.telegram.state().calls_of("sendMessage").count();
    parts.shell(line).await;
    parts.seen("an attempt", |state| (state.calls_of("sendMessage").count() > tried).then_some(())).await;
    parts.telegram.set_trouble(Trouble::Ok);
    for chat in [parts.ada.id, parts.forum.id] {
        let arrived = |state: &_| with_words(state, chat, "This is a test").pop();
        parts.seen("the test alert", arrived).await;
    }
}

/// Adds an alert about the node, as a person does.
async fn add(parts: &Parts, name: &str) {
    let alert = format!(
        "amtool alert add {name} network=polygon node=my-node severity=warning \
         --annotation=summary='{name} came' --alertmanager.url=http://127.0.0.1:9093"
    );
    parts.shell(&alert).await;
}

/// Waits for a call of this method that got no answer.
async fn hung(parts: &Parts, method: &str) {
    parts
        .seen(method, |state| {
            state.calls_of(method).any(|call| call.error.as_deref() == Some("Silent")).then_some(())
        })
        .await;
}

async fn the_bot_is_killed_between_text_and_card(parts: &mut Parts) {
    let (telegram, ada) = (Store::clone(&parts.telegram), parts.ada.id);
    telegram.set_trouble_with("editMessageMedia", Trouble::Silent);
    add(parts, "TestOfTheCard").await;
    parts.seen("the text", |state| with_words(state, ada, "TestOfTheCard came").pop()).await;
    hung(parts, "editMessageMedia").await;
    parts.kill_bot().await;
    telegram.set_trouble_with("editMessageMedia", Trouble::Ok);
    parts.start_bot().await;
    // The text is there, and its buttons work, although the bot has forgotten it.
    let text = with_words(&telegram.state(), ada, "TestOfTheCard came").remove(0);
    let data = button(&text, "alert chart").unwrap();
    telegram.press(&parts.ada, text.message_id, &data).unwrap();
    let reply = |message: &&Message| replies_to(message, text.message_id) && !message.photo.is_empty();
    parts.seen("a card as a reply", |state| state.answers(ada).find(reply).cloned()).await;
}

async fn the_bot_is_killed_before_the_text_arrived(parts: &mut Parts) {
    let (telegram, ada) = (Store::clone(&parts.telegram), parts.ada.id);
    telegram.set_trouble_with("sendMessage", Trouble::Silent);
    add(parts, "TestOfTheText").await;
    hung(parts, "sendMessage").await;
    parts.kill_bot().await;
    telegram.set_trouble_with("sendMessage", Trouble::Ok);
    parts.start_bot().await;
    parts.seen("the text", |state| with_words(state, ada, "TestOfTheText came").pop()).await;
}

async fn a_closed_topic_and_an_upgraded_group_lose_nothing(parts: &Parts) {
    let (telegram, forum) = (&parts.telegram, parts.forum.id);
    telegram.close_topic(forum, Some(parts.topic));
    let supergroup = telegram.upgrade(&parts.group, &parts.ada);
    add(parts, "TestOfTheChats").await;
    for chat in [forum, supergroup] {
        let card = |state: &_| {
            with_words(state, chat, "TestOfTheChats came").pop().filter(|card| !card.photo.is_empty())
        };
        let card = parts.seen("text and card where they can go", card).await;
        assert_eq!(card.topic(), None);
        let data = button(&card, "alert chart").unwrap();
        telegram.press_in(chat, &parts.grace, card.message_id, &data).unwrap();
        let reply = |message: &&Message| replies_to(message, card.message_id) && !message.photo.is_empty();
        parts.seen("a card as a reply", |state| state.answers(chat).find(reply).cloned()).await;
    }
}

/// The chat that blocked the bot raises an alert, which Alertmanager sends by itself.
async fn what_concerns_the_bot_goes_past_it(parts: &Parts) {
    let undelivered = |state: &_| with_words(state, parts.ada.id, "HeadlagAlertsUndelivered").pop();
    timeout(PATIENCE, parts.past.wait_for(undelivered)).await.unwrap();
    let state = parts.telegram.state();
    assert!(with_words(&state, parts.ada.id, "HeadlagAlertsUndelivered").is_empty());
}
