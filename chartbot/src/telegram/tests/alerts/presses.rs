//! Presses on the buttons of alerts: anyone in an alert chat may press those, and nothing else
//! is answered there.

use serde_json::{Value, json};

use super::{firing, texts};
use crate::telegram::tests::{
    bot_api::{Stand, message, press},
    field,
    running::Running,
};

/// A press of user 9, who is not on the list, in a group.
pub fn in_group(id: u32, chat: i64, on: i32, data: &str, text: &str) -> Value {
    let mut press = press(id, 9, on, data);
    let message = &mut press["callback_query"]["message"];
    message["chat"] = json!({"id": chat, "type": "supergroup", "title": "ops"});
    message["text"] = json!(text);
    press
}

#[tokio::test(start_paused = true)]
async fn anyone_in_an_alert_chat_gets_a_fresh_card_as_a_reply() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "-100");
    running.alerts(&[firing('1')]).await;
    running.alerts(&[firing('2'), firing('3')]).await;
    stand.hears("editmessagemedia", 2).await;
    for (id, on, data) in [(1, 1, "alert chart 0000000000000001"), (2, 2, "alert chart")] {
        stand.send([in_group(id, -100, on, data, "")]);
        let photos = stand.hears("sendphoto", id as usize).await;
        let photo = &photos[id as usize - 1];
        let reply: Value = serde_json::from_str(field(photo, "reply_parameters").unwrap()).unwrap();
        assert_eq!(reply["message_id"], on);
        assert!(photo.contains("my-node") && photo.contains("PNG"));
    }
    stand.hears("answercallbackquery", 2).await;
    let counted = running.metrics("commands_total{command=\"alert_chart\"");
    assert_eq!(counted, ["commands_total{command=\"alert_chart\",outcome=\"ok\"} 2"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_text_of_the_message_says_what_the_card_is_of() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "-100");
    running.alerts(&[firing('1')]).await;
    running.alerts(&[firing('2'), firing('3')]).await;
    let said = texts(&stand).await;
    running.kill().await;
    let running = Running::with_alerts(&stand, "-100");
    stand.send([in_group(1, -100, 1, "alert chart 0000000000000001", &said[0])]);
    stand.hears("sendphoto", 1).await;
    stand.send([in_group(2, -100, 2, "alert chart", &said[1])]);
    stand.hears("sendphoto", 2).await;
    stand.send([in_group(3, -100, 3, "alert chart", "a text of somebody else")]);
    let said = stand.hears("sendmessage", 3).await;
    assert!(said[2].contains("There is no chart for this alert"), "{said:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_else_is_answered_in_a_group() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "-100,7");
    stand.hears("getupdates", 2).await;
    let mut typed = message(10, 9, "text", json!("alert chart"));
    typed["message"]["chat"] = json!({"id": -100, "type": "supergroup", "title": "ops"});
    let mut bot = in_group(11, -100, 1, "alert chart", "polygon");
    bot["callback_query"]["from"]["is_bot"] = json!(true);
    stand.send([
        typed,
        bot,
        in_group(12, -100, 1, "/chart 1h polygon", ""),
        in_group(13, -100, 1, "/status", ""),
        in_group(14, -100, 1, "alert everything", ""),
        // Not an alert chat.
        in_group(15, -200, 1, "alert chart 0000000000000001", "polygon"),
        press(16, 9, 1, "alert chart"),
    ]);
    stand.hears("getupdates", 5).await;
    running.stop().await;
    let heard = stand.heard();
    let answered = heard.iter().filter(|name| name.starts_with("send") && *name != "sendchataction");
    assert_eq!(answered.count(), 0, "{heard:?}");
    assert_eq!(stand.hears("answercallbackquery", 0).await.len(), 0);
}
