//! Groups, topics, and chats that the bot may not write to.

use headlag_demo::telegram::{Chat, Standing, User};
use serde_json::{Value, json};

use super::{Bot, png};

#[tokio::test]
async fn a_chat_that_the_bot_may_not_write_to_says_why() {
    let bot = Bot::start().await;
    let chats = [Chat::private(&bot.ada), Chat::group(-5, "G"), Chat::supergroup(-1005, "S")];
    let sent =
        async |chat: i64, text: &str| bot.call("sendMessage", json!({"chat_id": chat, "text": text})).await;
    // Standing, chat, the refusal of sendMessage, whether getChat and an edit still work.
    for (standing, chat, refusal, seen, edited) in [
        (Standing::Blocked, 0, "Forbidden: bot was blocked by the user", true, true),
        (Standing::Deactivated, 0, "Forbidden: user is deactivated", true, false),
        (Standing::Kicked, 1, "Forbidden: bot was kicked from the group chat", true, false),
        (Standing::Kicked, 2, "Forbidden: bot was kicked from the supergroup chat", false, false),
        (Standing::Left, 1, "Forbidden: bot is not a member of the group chat", true, false),
        (Standing::Left, 2, "Forbidden: bot is not a member of the supergroup chat", false, false),
        (Standing::Deleted, 1, "Forbidden: the group chat was deleted", true, false),
        (Standing::Muted, 2, "Bad Request: not enough rights to send text messages to the chat", true, true),
    ] {
        let Chat { id, .. } = chats[chat];
        bot.telegram.meet(&chats[chat]);
        bot.telegram.set_standing(id, Standing::Member);
        let message = sent(id, "before").await.unwrap()["message_id"].clone();
        bot.telegram.set_standing(id, standing);
        let answer = bot.request("sendMessage").json(&json!({"chat_id": id, "text": "x"}));
        let answer = bot.body(answer).await.unwrap();
        assert_eq!(answer["description"], refusal);
        assert_eq!(answer["error_code"], if refusal.starts_with("Forbidden") { 403 } else { 400 });
        let got = bot.call("getChat", json!({"chat_id": id})).await;
        assert_eq!(got.is_ok(), seen, "getChat: {refusal}");
        let typing = bot.call("sendChatAction", json!({"chat_id": id, "action": "typing"})).await;
        assert!(typing.is_err(), "sendChatAction, which needs what sendMessage needs: {refusal}");
        let edit = json!({"chat_id": id, "message_id": message, "text": "after"});
        assert_eq!(bot.call("editMessageText", edit).await.is_ok(), edited, "edit: {refusal}");
    }
    assert_eq!(bot.call("getChat", json!({"chat_id": 99})).await.unwrap_err(), "Bad Request: chat not found");
    bot.telegram.set_standing(-5, Standing::NoPhotos);
    let text = sent(-5, "the text arrives").await.unwrap()["message_id"].to_string();
    let media = r#"{"type":"photo","media":"attach://file1"}"#;
    for (method, params) in [
        ("sendPhoto", vec![("chat_id", "-5"), ("photo", "attach://file1")]),
        ("editMessageMedia", vec![("chat_id", "-5"), ("message_id", &text), ("media", media)]),
    ] {
        let photo = bot.photo(method, &params, png(640, 400, 1)).await;
        assert_eq!(photo.unwrap_err(), "Bad Request: not enough rights to send photos to the chat");
    }
}

#[tokio::test]
async fn a_group_that_was_upgraded_names_its_new_id() {
    let bot = Bot::start().await;
    let group = Chat::group(-5, "Operators");
    bot.telegram.meet(&group);
    let old = bot.call("sendMessage", json!({"chat_id": -5, "text": "x"})).await.unwrap();
    let new = bot.telegram.upgrade(&group, &bot.ada);
    let typing = bot.call("sendChatAction", json!({"chat_id": -5, "action": "typing"})).await;
    assert_eq!(typing.unwrap_err(), "Bad Request: group chat was upgraded to a supergroup chat");
    assert!(bot.call("getChat", json!({"chat_id": -5})).await.is_ok(), "which getChat does not say");
    let updates = bot.call("getUpdates", json!({})).await.unwrap();
    assert_eq!(updates[0]["message"]["migrate_to_chat_id"], json!(new));
    assert_eq!(updates[1]["message"]["migrate_from_chat_id"], -5);
    assert_eq!(updates[1]["message"]["chat"]["type"], "supergroup");
    let send = bot.request("sendMessage").json(&json!({"chat_id": -5, "text": "x"}));
    let refused = bot.body(send).await.unwrap();
    assert_eq!(
        refused,
        json!({
            "ok": false,
            "error_code": 400,
            "description": "Bad Request: group chat was upgraded to a supergroup chat",
            "parameters": {"migrate_to_chat_id": new},
        })
    );
    let id = &old["message_id"];
    let reply = json!({"chat_id": new, "text": "x", "reply_parameters": {"message_id": id}});
    assert_eq!(
        bot.call("sendMessage", reply).await.unwrap_err(),
        "Bad Request: message to be replied not found",
        "what was said stays behind"
    );
    let edit = json!({"chat_id": new, "message_id": id, "text": "y"});
    assert_eq!(
        bot.call("editMessageText", edit).await.unwrap_err(),
        "Bad Request: message to edit not found"
    );
    assert!(bot.call("sendMessage", json!({"chat_id": new, "text": "x"})).await.is_ok());
}

#[tokio::test]
async fn a_forum_has_topics_that_can_be_closed_and_deleted() {
    let bot = Bot::start().await;
    let forum = Chat::forum(-1007, "Nodes");
    bot.telegram.meet(&forum);
    let alerts = bot.telegram.open_topic(&forum, &bot.ada, "Alerts");
    let created = bot.call("getUpdates", json!({})).await.unwrap()[0]["message"].clone();
    assert_eq!(created["forum_topic_created"]["name"], "Alerts");
    let send = async |more: Value| {
        let mut params = json!({"chat_id": -1007, "text": "x"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bot.call("sendMessage", params).await
    };
    let sent = send(json!({"message_thread_id": alerts})).await.unwrap();
    assert_eq!((&sent["message_thread_id"], &sent["is_topic_message"]), (&json!(alerts), &json!(true)));
    assert_eq!(sent["chat"]["is_forum"], true);
    let to = |message: &Value| json!({"reply_parameters": {"message_id": message["message_id"]}});
    let reply = send(to(&sent)).await.unwrap();
    assert_eq!(reply["message_thread_id"], json!(alerts), "a reply goes where its message is");

    let general = send(json!({})).await.unwrap();
    assert_eq!(general["message_thread_id"], Value::Null);
    let thread = send(to(&general)).await.unwrap();
    assert_eq!(thread["message_thread_id"], general["message_id"], "the thread of a reply");
    assert_eq!(thread["is_topic_message"], Value::Null, "is no topic");
    for not_a_topic in [json!(1), thread["message_thread_id"].clone(), json!(999)] {
        let refused = send(json!({"message_thread_id": not_a_topic})).await;
        assert_eq!(refused.unwrap_err(), "Bad Request: message thread not found", "{not_a_topic}");
    }

    bot.telegram.close_topic(-1007, Some(alerts));
    let closed = Err("Bad Request: TOPIC_CLOSED".to_owned());
    assert_eq!(send(json!({"message_thread_id": alerts})).await, closed);
    assert_eq!(send(to(&sent)).await, closed, "a reply would go there, too");
    assert!(send(json!({})).await.is_ok());
    let edit = json!({"chat_id": -1007, "message_id": sent["message_id"], "text": "y"});
    assert!(bot.call("editMessageText", edit).await.is_ok(), "what is there can be edited");
    bot.telegram.close_topic(-1007, None);
    assert_eq!(send(json!({})).await, closed);
    bot.telegram.delete_topic(-1007, alerts);
    let gone = send(json!({"message_thread_id": alerts})).await;
    assert_eq!(gone.unwrap_err(), "Bad Request: message thread not found");
}

#[tokio::test]
async fn every_member_of_a_group_can_press() {
    let bot = Bot::start().await;
    let group = Chat::supergroup(-1005, "Operators");
    bot.telegram.meet(&group);
    let keyboard = json!({"inline_keyboard": [[{"text": "1 h", "callback_data": "alert silence 1h"}]]});
    let alarm = json!({"chat_id": -1005, "text": "x", "reply_markup": keyboard});
    let message = bot.call("sendMessage", alarm).await.unwrap()["message_id"].as_i64().unwrap();
    let grace = User::new(12, "Grace");
    let query = bot.telegram.press_in(-1005, &grace, message, "alert silence 1h").unwrap();
    let update = bot.call("getUpdates", json!({})).await.unwrap()[0]["callback_query"].clone();
    assert_eq!(update["from"]["id"], 12);
    assert_eq!(update["message"]["chat"]["id"], -1005);
    let answer = json!({"callback_query_id": query, "text": "silenced"});
    assert_eq!(bot.call("answerCallbackQuery", answer).await.unwrap(), true);
}
