//! The whole loop over sockets, against a Bot API that misbehaves. Time is paused, and
//! all runs in one runtime: a pause is over as soon as nobody has anything left to do.

mod bot_api;
mod fairness;
mod outages;
mod proxies;

use serde_json::json;

use self::bot_api::{Running, Say, Stand, no, press, update, wait};

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
    let told = stand.hears("sendmessage", 1).await;
    running.stop().await;
    assert!(photo[0].contains("my-node") && told[0].contains("my-node"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_press_is_answered_at_once_and_edits_its_message() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([])));
    stand.say("getupdates", Say::Ok(json!([press(5, 7, 31, "/chart 1d polygon")])));
    let running = Running::at(&stand);
    let edited = stand.hears("editmessagemedia", 1).await;
    for part in ["31", "last 24 hours", "reply_markup", "/chart 1w polygon", "PNG"] {
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
    assert!(edited[0].contains("last 36 hours"));
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_cannot_be_is_made_good() {
    let unchanged = "Bad Request: message is not modified: specified new message content and reply \
        markup are exactly the same as a current content and reply markup of the message";
    for (trouble, edits, photos) in [
        (no(400, unchanged), 1, 0),
        (no(400, "Bad Request: message to edit not found"), 1, 1),
        (no(400, "Bad Request: message can't be edited"), 1, 1),
        (no(400, "Bad Request: MESSAGE_ID_INVALID"), 1, 1),
        (wait(9), 2, 0),
        (Say::Html(502), 1, 0),
    ] {
        let stand = Stand::new().await;
        stand.say("editmessagemedia", trouble);
        let old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
        stand.say("answercallbackquery", no(400, old));
        stand.say("getupdates", Say::Ok(json!([press(5, 7, 31, "/chart 1d polygon")])));
        let running = Running::at(&stand);
        stand.hears("editmessagemedia", edits).await;
        stand.hears("getupdates", 6).await;
        running.stop().await;
        assert_eq!(stand.hears("editmessagemedia", 0).await.len(), edits);
        assert_eq!(stand.hears("sendphoto", 0).await.len(), photos);
    }
}
