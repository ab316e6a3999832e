//! The whole loop over sockets, against a Bot API that misbehaves. Time is paused, and
//! everything runs in one runtime: a pause is over as soon as there is nothing left to do.

mod alerts;
mod bot_api;
mod deliveries;
mod fairness;
mod outages;
mod proxies;
mod running;

use serde_json::json;

use self::bot_api::{Say, Stand, message, no, press, server_errors, update, wait};
use self::running::{Log, Running};

#[tokio::test(start_paused = true)]
async fn commands_are_registered_and_polls_are_long() {
    let stand = Stand::new().await;
    let running = Running::at(&stand);
    let commands = stand.hears("setmycommands", 2).await;
    assert!(commands[1].contains("\"language_code\":\"ru\"") && commands[1].contains("Состояние"));
    for command in ["\"hour\"", "\"day\"", "\"week\"", "\"help\""] {
        assert!(commands[0].contains(command), "{commands:?}");
    }
    let polls = stand.hears("getupdates", 2).await;
    assert!(polls[0].contains("\"timeout\":0") && polls[1].contains("\"timeout\":20"));
    assert!(polls[0].contains("[\"message\",\"callback_query\"]"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_is_refused_leaves_its_numbers() {
    let stand = Stand::new().await;
    stand.say("sendphoto", no(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"));
    stand.say("getupdates", Say::Ok(json!([update(1, 7, "/hour")])));
    let running = Running::at(&stand);
    let photo = stand.hears("sendphoto", 1).await;
    let caption = stand.hears("sendmessage", 1).await;
    running.stop().await;
    assert!(photo[0].contains("my-node") && caption[0].contains("my-node"), "{caption:?}");
}

#[tokio::test(start_paused = true)]
async fn a_press_is_answered_at_once_and_edits_its_message() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([])));
    stand.say("getupdates", Say::Ok(json!([press(5, 7, 31, "/chart 1d polygon")])));
    let running = Running::at(&stand);
    let edited = stand.hears("editmessagemedia", 1).await;
    for part in ["31", "last 24\u{a0}hours", "reply_markup", "/chart 1w polygon", "PNG"] {
        assert!(edited[0].contains(part), "{part}");
    }
    let answered = stand.hears("answercallbackquery", 1).await;
    assert!(answered[0].contains("query-5"));
    let heard = stand.heard();
    let place = |method: &str| heard.iter().position(|name| name == method).unwrap();
    assert!(place("answercallbackquery") < place("editmessagemedia"));
    // A stranger's press is not even noticed.
    stand.say("getupdates", Say::Ok(json!([press(6, 9, 31, "/chart 1d polygon"), update(7, 7, "/help")])));
    stand.hears("sendmessage", 1).await;
    running.stop().await;
    assert_eq!(stand.hears("answercallbackquery", 0).await.len(), 1);
    assert_eq!(stand.hears("editmessagemedia", 0).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_photo_that_no_message_can_become_follows_as_a_new_one() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([])));
    stand.say("getupdates", Say::Ok(json!([press(5, 7, 31, "/chart 6h")])));
    stand.say("editmessagemedia", no(400, "Bad Request: there is no media in the message to edit"));
    let running = Running::at(&stand);
    let sent = stand.hears("sendphoto", 1).await;
    assert!(sent[0].contains("my-node") && sent[0].contains("PNG"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_burst_of_presses_the_newest_wins() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([])));
    let burst = ["1h", "1d", "1w", "6h", "36h"].map(|range| format!("/chart {range} polygon"));
    let burst: Vec<_> = (10..).zip(&burst).map(|(id, data)| press(id, 7, 31, data)).collect();
    stand.say("getupdates", Say::Ok(json!(burst)));
    let running = Running::at(&stand);
    stand.hears("answercallbackquery", 5).await;
    stand.hears("getupdates", 4).await;
    running.stop().await;
    let edited = stand.hears("editmessagemedia", 1).await;
    assert_eq!(edited.len(), 1);
    assert!(edited[0].contains("last 36\u{a0}hours"));
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_impossible_becomes_a_new_photo() {
    let unchanged = "Bad Request: message is not modified: specified new message content and reply \
        markup are exactly the same as a current content and reply markup of the message";
    let may_have_arrived = server_errors().into_iter().chain([Say::Nothing, Say::Half]);
    let cases = [
        (no(400, unchanged), 1, 0),
        (no(400, "Bad Request: message to edit not found"), 1, 1),
        (no(400, "Bad Request: message can't be edited"), 1, 1),
        (no(400, "Bad Request: MESSAGE_ID_INVALID"), 1, 1),
        (wait(9), 2, 0),
    ];
    for (trouble, edits, photos) in may_have_arrived.map(|trouble| (trouble, 1, 0)).chain(cases) {
        let stand = Stand::new().await;
        stand.say("editmessagemedia", trouble);
        let old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
        stand.say("answercallbackquery", no(400, old));
        stand.say("getupdates", Say::Ok(json!([press(5, 7, 31, "/chart 10m polygon")])));
        let running = Running::at(&stand);
        stand.hears("editmessagemedia", edits).await;
        stand.hears("getupdates", 6).await;
        running.stop().await;
        assert_eq!(stand.hears("editmessagemedia", 0).await.len(), edits);
        assert_eq!(stand.hears("sendphoto", 0).await.len(), photos);
        assert_eq!(stand.hears("sendmessage", 0).await.len(), 0, "no caption without its picture");
    }
}

/// The value of a field in a form (RFC 7578).
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
    rest.lines().next()
}

#[tokio::test(start_paused = true)]
async fn an_answer_goes_to_the_topic_of_its_question() {
    let stand = Stand::new().await;
    let in_topic = |mut update: serde_json::Value, kind: &str| {
        let message = if kind == "message" { &mut update["message"] } else { &mut update[kind]["message"] };
        message["message_thread_id"] = json!(44);
        message["is_topic_message"] = json!(true);
        update
    };
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    stand.send(["/help", "/hour"].map(|text| in_topic(update(text.len() as u32, 7, text), "message")));
    let photos = stand.hears("sendphoto", 1).await;
    assert_eq!(field(&photos[0], "message_thread_id"), Some("44"));
    assert!(stand.hears("sendmessage", 1).await[0].contains("\"message_thread_id\":44"));
    // The message of the press is gone: the new one goes to its topic. Then the topic is gone too.
    stand.say("editmessagemedia", no(400, "Bad Request: message to edit not found"));
    stand.send([in_topic(press(20, 7, 31, "/chart 1d polygon"), "callback_query")]);
    assert_eq!(field(&stand.hears("sendphoto", 2).await[1], "message_thread_id"), Some("44"));
    stand.say("sendphoto", no(400, "Bad Request: message thread not found"));
    stand.send([in_topic(update(21, 7, "/day"), "message")]);
    let photos = stand.hears("sendphoto", 4).await;
    assert_eq!([2, 3].map(|sent| field(&photos[sent], "message_thread_id")), [Some("44"), None]);
    // Outside topics there is none.
    stand.send([update(22, 7, "/day")]);
    assert_eq!(field(&stand.hears("sendphoto", 5).await[4], "message_thread_id"), None);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_cannot_be_read_costs_nobody_an_answer() {
    let (stand, log) = (Stand::new().await, Log::begin());
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    log.news();
    let with = |id, part: &str, what| {
        let mut update = update(id, 7, "/help");
        update["message"][part] = what;
        update
    };
    stand.send([
        with(1, "external_reply", json!({"origin": {"type": "of_next_year"}})),
        with(2, "entities", json!([{"type": "of_next_year", "offset": 0, "length": 5}])),
        // Not to be read at all: who sent it?
        with(3, "from", json!({"first_name": "A"})),
        json!({"update_id": 4, "message": "of next year"}),
        message(5, 7, "hologram", json!({"file_id": "f"})),
    ]);
    let texts = stand.hears("sendmessage", 3).await;
    assert!(texts[..2].iter().all(|body| body.contains("/hour, /day, /week")), "{texts:?}");
    assert!(texts[2].contains("I know /hour"), "{texts:?}");
    assert_eq!(
        running.metrics("refused_total{reason=\"unreadable\"}"),
        ["refused_total{reason=\"unreadable\"} 2"]
    );
    assert_eq!(log.news().len(), 1, "what cannot be read is logged once");
    // The one that cannot be read is confirmed all the same.
    stand.send([json!({"update_id": 6, "message": "of next year"})]);
    let polls = stand.hears("getupdates", 6).await;
    assert!(polls.last().unwrap().contains("\"offset\":7"), "{polls:?}");
    running.stop().await;
    assert_eq!(log.news(), [""; 0]);
}
