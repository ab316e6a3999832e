//! Replies, texts that become photos, deletions.

use headlag_demo::telegram::Chat;
use serde_json::{Value, json};

use super::{Bot, png};

fn text(chat: i64, reply: Value) -> Value {
    json!({"chat_id": chat, "text": "ended", "reply_parameters": reply})
}

#[tokio::test]
async fn a_reply_shows_what_it_replies_to() {
    let bot = Bot::start().await;
    let alarm = json!({"chat_id": 11, "text": "my-node is 13 blocks behind"});
    let id = bot.call("sendMessage", alarm).await.unwrap()["message_id"].clone();
    let reply = bot.call("sendMessage", text(11, json!({"message_id": id}))).await.unwrap();
    assert_eq!(reply["reply_to_message"]["message_id"], id);
    assert_eq!(reply["reply_to_message"]["text"], "my-node is 13 blocks behind");
    let second = text(11, json!({"message_id": reply["message_id"], "quote": "ended"}));
    let second = bot.call("sendMessage", second).await.unwrap();
    assert_eq!(second["quote"], json!({"text": "ended", "position": 0, "is_manual": true}));
    assert_eq!(second["reply_to_message"]["reply_to_message"], Value::Null, "one level, as in Telegram");
    bot.telegram.press(&bot.ada, second["message_id"].as_i64().unwrap(), "x").unwrap();
    let press = bot.call("getUpdates", json!({})).await.unwrap()[0]["callback_query"]["message"].clone();
    assert_eq!(press["reply_to_message"]["message_id"], reply["message_id"]);

    bot.telegram.delete(11, id.as_i64().unwrap());
    for (parameters, want) in [
        (json!({"message_id": id}), Err("Bad Request: message to be replied not found")),
        (json!({"message_id": id, "allow_sending_without_reply": true}), Ok("ended")),
        (
            json!({"message_id": reply["message_id"], "quote": "begun"}),
            Err("Bad Request: QUOTE_TEXT_INVALID"),
        ),
    ] {
        let sent = bot.call("sendMessage", text(11, parameters.clone())).await;
        let sent = sent.as_ref().map(|sent| sent["text"].as_str().unwrap()).map_err(String::as_str);
        assert_eq!(sent, want, "{parameters}");
    }
    let without = bot.telegram.chat(11).pop().unwrap();
    assert!(without.reply_to_message.is_none());
}

#[tokio::test]
async fn a_text_becomes_a_photo_and_stays_the_same_message() {
    let bot = Bot::start().await;
    let alarm = json!({"chat_id": 11, "text": "alarm", "link_preview_options": {"is_disabled": true}});
    let sent = bot.call("sendMessage", alarm).await.unwrap();
    assert_eq!(sent["link_preview_options"], json!({"is_disabled": true}));
    let older = json!({"chat_id": 11, "text": "x", "disable_web_page_preview": "true"});
    assert_eq!(bot.call("sendMessage", older).await.unwrap()["link_preview_options"]["is_disabled"], true);
    let reply = text(11, json!({"message_id": sent["message_id"]}));
    let reply = bot.call("sendMessage", reply).await.unwrap();
    let id = reply["message_id"].to_string();
    bot.telegram.age(11, id.parse().unwrap(), 60);
    let edit = async |caption: String| {
        let media = json!({"type": "photo", "media": "attach://file1", "caption": caption}).to_string();
        let params = [("chat_id", "11"), ("message_id", &id), ("media", &media)];
        bot.photo("editMessageMedia", &params, png(640, 400, 1)).await
    };
    assert_eq!(edit("x".repeat(1025)).await.unwrap_err(), "Bad Request: message caption is too long");
    assert_eq!(edit("🟢".repeat(513)).await.unwrap_err(), "Bad Request: message caption is too long");
    let photo = edit("🟢".repeat(512)).await.unwrap();
    assert_eq!(photo["text"], Value::Null);
    assert_eq!(photo["message_id"], reply["message_id"]);
    assert_eq!(photo["date"].as_i64().unwrap(), reply["date"].as_i64().unwrap() - 60, "the date stays");
    assert!(photo["edit_date"].as_i64() >= reply["date"].as_i64());
    assert_eq!(photo["reply_to_message"], reply["reply_to_message"]);
    let params = json!({"chat_id": 11, "message_id": reply["message_id"], "text": "back"});
    let back = bot.call("editMessageText", params).await.unwrap_err();
    assert_eq!(back, "Bad Request: there is no text in the message to edit");
}

#[tokio::test]
async fn a_message_can_be_deleted_for_two_days() {
    let bot = Bot::start().await;
    let group = Chat::group(-5, "Operators");
    let foreign = bot.telegram.say_in(&group, &bot.ada, "hello");
    let said = bot.telegram.say(&bot.ada, "/hour");
    let send = json!({"chat_id": -5, "text": "x"});
    let sent = bot.call("sendMessage", send.clone()).await.unwrap()["message_id"].as_i64().unwrap();
    let old = bot.call("sendMessage", send).await.unwrap()["message_id"].as_i64().unwrap();
    bot.telegram.age(-5, old, 48 * 3600 + 1);
    for (chat, message, want) in [
        (-5, sent, None),
        (-5, sent, Some("message to delete not found")),
        (-5, old, Some("message can't be deleted")),
        (-5, foreign, Some("message can't be deleted")),
        (11, said, None),
    ] {
        let deleted = bot.call("deleteMessage", json!({"chat_id": chat, "message_id": message})).await;
        let want = want.map_or(Ok(json!(true)), |why| Err(format!("Bad Request: {why}")));
        assert_eq!(deleted, want, "{message} in {chat}");
    }
    assert!(bot.telegram.chat(11).is_empty());
}
