//! The stand-in for the Bot API, met over sockets as a bot meets it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

mod chats;
#[cfg(feature = "compat")]
mod compat;
#[cfg(feature = "compat")]
#[path = "../judge/mod.rs"]
mod judge;
mod replies;

use std::time::Duration;

use headlag_demo::telegram::{Chat, Telegram, Trouble, User};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const TOKEN: &str = "1:secret";

struct Bot {
    telegram: Telegram,
    client: reqwest::Client,
    ada: User,
}

impl Bot {
    async fn start() -> Self {
        let ada = User::new(11, "Ada").named("ada").speaking("en");
        let telegram = Telegram::start(TOKEN).await.unwrap();
        telegram.meet(&Chat::private(&ada));
        Bot { telegram, client: reqwest::Client::new(), ada }
    }

    fn request(&self, method: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}/bot{TOKEN}/{method}", self.telegram.url()))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let body = self.body(request).await?;
        if body["ok"] == json!(true) {
            return Ok(body["result"].clone());
        }
        Err(body["description"].as_str().unwrap().to_owned())
    }

    /// The whole answer, whose status fits what it says.
    async fn body(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.map_err(|error| error.to_string())?;
        assert_eq!(
            json!(status),
            if body["ok"] == json!(true) { json!(200) } else { body["error_code"].clone() }
        );
        Ok(body)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, String> {
        self.send(self.request(method).json(&params)).await
    }

    async fn photo(&self, method: &str, params: &[(&str, &str)], picture: Vec<u8>) -> Result<Value, String> {
        let form = Form::new().part("file1", Part::bytes(picture).file_name("chart.png"));
        let form = params
            .iter()
            .fold(form, |form, (name, value)| form.text((*name).to_owned(), (*value).to_owned()));
        self.send(self.request(method).multipart(form)).await
    }
}

fn png(width: u32, height: u32, grey: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![grey; (width * height) as usize]).unwrap();
    writer.finish().unwrap();
    out
}

#[tokio::test]
async fn what_a_user_says_reaches_the_bot_once() {
    let bot = Bot::start().await;
    let poll = bot.call("GetUpdates", json!({"timeout": 50, "allowed_updates": ["message"]}));
    let said = async {
        bot.telegram.wait_for(|state| state.is_polled().then_some(())).await;
        bot.telegram.say(&bot.ada, "/hour now")
    };
    let (updates, message_id) = tokio::join!(poll, said);
    let updates = updates.unwrap();
    let message = &updates[0]["message"];
    assert_eq!(message["message_id"], json!(message_id));
    assert_eq!(message["text"], "/hour now");
    assert_eq!(message["from"]["language_code"], "en");
    assert_eq!(message["chat"], json!({"id": 11, "type": "private", "first_name": "Ada", "username": "ada"}));
    assert_eq!(message["entities"][0], json!({"type": "bot_command", "offset": 0, "length": 5}));
    // Repeated until it is confirmed, then never.
    let update_id = updates[0]["update_id"].as_i64().unwrap();
    assert_eq!(bot.call("getupdates", json!({"offset": update_id})).await.unwrap(), updates);
    assert_eq!(bot.call("getupdates", json!({"offset": update_id + 1})).await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_second_poller_ends_the_first() {
    let bot = Bot::start().await;
    let second = async {
        bot.telegram.wait_for(|state| state.is_polled().then_some(())).await;
        bot.call("getUpdates", json!({})).await
    };
    let (first, second) = tokio::join!(bot.call("getUpdates", json!({"timeout": 50})), second);
    assert_eq!(
        first.unwrap_err(),
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
    assert_eq!(second.unwrap(), json!([]));
}

#[tokio::test]
async fn a_photo_is_sent_pressed_and_edited() {
    let bot = Bot::start().await;
    let keyboard = r#"{"inline_keyboard":[[{"text":"1d","callback_data":"day"}]]}"#;
    let params = [
        ("chat_id", "11"),
        ("photo", "attach://file1"),
        ("caption", "<b>level</b>"),
        ("parse_mode", "HTML"),
        ("reply_markup", keyboard),
    ];
    let first = png(1280, 800, 1);
    let sent = bot.photo("SendPhoto", &params, first.clone()).await.unwrap();
    assert_eq!(sent["caption"], "level");
    assert_eq!(sent["photo"].as_array().unwrap().last().unwrap()["width"], 1280);
    let message = bot.telegram.wait_for(|state| state.answers(11).last().cloned()).await;
    assert_eq!(bot.telegram.photo(&message).unwrap(), first);

    let query = bot.telegram.press(&bot.ada, message.message_id, "day").unwrap();
    let updates = bot.call("getUpdates", json!({})).await.unwrap();
    assert_eq!(updates[0]["callback_query"]["data"], "day");
    assert_eq!(updates[0]["callback_query"]["message"]["message_id"], json!(message.message_id));
    let answer = json!({"callback_query_id": query});
    assert_eq!(bot.call("answerCallbackQuery", answer.clone()).await.unwrap(), json!(true));
    assert!(bot.call("answerCallbackQuery", answer).await.unwrap_err().contains("query is too old"));

    let id = message.message_id.to_string();
    let media = r#"{"type":"photo","media":"attach://file1","caption":"level"}"#;
    let params = [("chat_id", "11"), ("message_id", &id), ("media", media), ("reply_markup", keyboard)];
    let edited = bot.photo("editMessageMedia", &params, png(1280, 800, 2)).await.unwrap();
    assert_eq!(edited["message_id"], sent["message_id"]);
    let again = bot.photo("editMessageMedia", &params, png(1280, 800, 2)).await;
    assert!(again.unwrap_err().starts_with("Bad Request: message is not modified: "));
    bot.telegram.delete(11, message.message_id);
    let gone = bot.photo("editMessageMedia", &params, png(1280, 800, 3)).await;
    assert_eq!(gone.unwrap_err(), "Bad Request: message to edit not found");
}

#[tokio::test]
async fn what_the_real_one_refuses_is_refused() {
    let bot = Bot::start().await;
    let button = |data: String| json!({"inline_keyboard": [[{"text": "1h", "callback_data": data}]]});
    let text = |key: &str, value: Value| {
        let mut params = json!({"chat_id": 11, "text": "x"});
        params[key] = value;
        params
    };
    for (method, params, want) in [
        ("sendMessage", text("text", json!(" ")), "message text is empty"),
        ("sendMessage", text("text", json!("x".repeat(4097))), "message is too long"),
        ("sendMessage", text("text", json!("🟢".repeat(2049))), "message is too long"),
        ("sendMessage", text("chat_id", json!(12)), "chat not found"),
        ("sendMessage", text("message_thread_id", json!(4)), "message thread not found"),
        ("sendMessage", text("colour", json!("red")), "unknown parameter \"colour\""),
        ("sendMessage", text("reply_markup", button("x".repeat(65))), "BUTTON_DATA_INVALID"),
        ("sendPhoto", json!({"chat_id": 11, "photo": "attach://none"}), "there is no photo in the request"),
        (
            "setMyCommands",
            json!({"commands": [{"command": "Hour", "description": "x"}]}),
            "BOT_COMMAND_INVALID",
        ),
        (
            "editMessageText",
            json!({"chat_id": 11, "message_id": 9, "text": "x"}),
            "message to edit not found",
        ),
    ] {
        let refusal = bot.call(method, params).await.unwrap_err();
        assert_eq!(refusal, format!("Bad Request: {want}"), "{method}");
    }
    assert_eq!(bot.call("sendDice", json!({})).await.unwrap_err(), "Not Found");
    let params = [("chat_id", "11"), ("photo", "attach://file1")];
    for (picture, want) in [
        (png(9_000, 1_100, 0), "PHOTO_INVALID_DIMENSIONS"),
        (png(640, 400, 0)[..200].to_vec(), "IMAGE_PROCESS_FAILED"),
    ] {
        let refusal = bot.photo("sendPhoto", &params, picture).await.unwrap_err();
        assert_eq!(refusal, format!("Bad Request: {want}"));
    }
    let other = bot.client.get(format!("{}/bot2:other/getMe", bot.telegram.url()));
    assert_eq!(bot.send(other).await.unwrap_err(), "Unauthorized");
    assert!(bot.telegram.chat(11).is_empty());
    assert!(bot.telegram.state().calls.iter().all(|call| call.error.is_some()));
}

#[tokio::test]
async fn parameters_come_in_four_ways() {
    let bot = Bot::start().await;
    let params = [("chat_id", "11"), ("text", "a+b & c")];
    let form = params.iter().fold(Form::new(), |form, (name, value)| form.text(*name, *value));
    for request in [
        bot.request("sendMessage").query(&params),
        bot.request("sendMessage").form(&params),
        bot.request("sendMessage").json(&json!({"chat_id": 11, "text": "a+b & c", "parse_mode": null})),
        bot.request("sendMessage").multipart(form),
    ] {
        assert_eq!(bot.send(request).await.unwrap()["text"], "a+b & c");
    }
    assert_eq!(bot.telegram.state().calls_of("sendMessage").count(), 4);
}

#[tokio::test]
async fn an_answer_can_go_to_a_topic() {
    let bot = Bot::start().await;
    bot.telegram.say_in_topic(&Chat::private(&bot.ada), 44, &bot.ada, "/hour");
    let updates = bot.call("getUpdates", json!({})).await.unwrap();
    assert_eq!(updates[0]["message"]["message_thread_id"], 44);
    assert_eq!(updates[0]["message"]["is_topic_message"], true);
    let params = json!({"chat_id": 11, "message_thread_id": 44, "text": "x"});
    assert_eq!(bot.call("sendMessage", params.clone()).await.unwrap()["message_thread_id"], 44);
    bot.telegram.delete_topic(11, 44);
    let gone = bot.call("sendMessage", params).await;
    assert_eq!(gone.unwrap_err(), "Bad Request: message thread not found");
}

#[tokio::test]
async fn it_can_fail_before_or_after_a_photo_arrived() {
    let bot = Bot::start().await;
    let params = [("chat_id", "11"), ("photo", "attach://file1")];
    for (code, description) in
        [(500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable")]
    {
        for (trouble, arrives) in [(Trouble::FailsBefore(code), 0), (Trouble::FailsAfter(code), 1)] {
            let before = bot.telegram.chat(11).len();
            bot.telegram.set_trouble_with("sendPhoto", trouble);
            let failed = bot.photo("sendPhoto", &params, png(640, 400, 1)).await;
            assert_eq!(failed.unwrap_err(), description);
            assert_eq!(bot.telegram.chat(11).len() - before, arrives, "{trouble:?}");
            assert!(bot.telegram.state().calls.last().unwrap().error.is_some());
        }
    }
    // What is refused is refused, also then.
    bot.telegram.set_trouble_with("sendMessage", Trouble::FailsAfter(502));
    let refused = bot.call("sendMessage", json!({"chat_id": 11, "text": ""})).await;
    assert_eq!(refused.unwrap_err(), "Bad Request: message text is empty");
    // One method alone may be asked for too often.
    bot.telegram.set_trouble_with("setMyCommands", Trouble::TooManyRequests(7));
    let commands = json!({"commands": [{"command": "hour", "description": "x"}]});
    let refused = bot.call("setMyCommands", commands).await;
    assert_eq!(refused.unwrap_err(), "Too Many Requests: retry after 7");
    assert!(bot.call("getMe", json!({})).await.is_ok());
}

#[tokio::test]
async fn commands_are_kept_by_scope_and_language() {
    let bot = Bot::start().await;
    let hour = |what: &str| json!([{"command": "/hour", "description": what}]);
    for (language, what) in [("", "one hour"), ("ru", "час")] {
        let params = json!({"commands": hour(what), "language_code": language});
        bot.call("SetMyCommands", params).await.unwrap();
    }
    let got = bot.call("getMyCommands", json!({"language_code": "ru"})).await.unwrap();
    assert_eq!(got, json!([{"command": "hour", "description": "час"}]));
}

#[tokio::test]
async fn it_can_be_in_trouble_and_recover() {
    let bot = Bot::start().await;
    let me = || bot.call("getMe", json!({}));
    for (trouble, want) in [
        (Trouble::Unauthorized, "Unauthorized"),
        (Trouble::TooManyRequests(7), "Too Many Requests: retry after 7"),
    ] {
        bot.telegram.set_trouble(trouble);
        assert_eq!(me().await.unwrap_err(), want);
    }
    for (trouble, status) in [(Trouble::BadGateway, 502), (Trouble::Html, 200)] {
        bot.telegram.set_trouble(trouble);
        let answer = bot.request("getMe").send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.text().await.unwrap().starts_with("<html>"));
    }
    bot.telegram.set_trouble(Trouble::Silent);
    let silent = bot.request("getMe").timeout(Duration::from_millis(200)).send().await;
    assert!(silent.unwrap_err().is_timeout());
    let calls = bot.telegram.state().calls;
    assert_eq!(calls.last().unwrap().error.as_deref(), Some("Silent"));
    bot.telegram.set_trouble(Trouble::Gone);
    let gone = reqwest::Client::new().get(bot.telegram.url());
    let refused = async { while gone.try_clone().unwrap().send().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(5), refused).await.unwrap();
    bot.telegram.set_trouble(Trouble::Ok);
    let back = async { while me().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(5), back).await.unwrap();
    // A poll that waits is struck, too: what is written from then on waits for better times.
    let poll = bot.call("getUpdates", json!({"timeout": 50}));
    let strike = async {
        bot.telegram.wait_for(|state| state.is_polled().then_some(())).await;
        bot.telegram.set_trouble_with("getUpdates", Trouble::Conflict);
    };
    assert!(tokio::join!(poll, strike).0.unwrap_err().starts_with("Conflict: "));
    assert_eq!(me().await.unwrap()["username"], "headlag_bot");
}
