//! Telegram in trouble, and the bot killed.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::bot_api::{Say, Stand, conflict, message, no, press, server_errors, update, wait};
use super::running::{Log, Running};
use crate::clock;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn it_recovers_by_itself_and_answers_once() {
    for (method, after) in [("getme", 0), ("getupdates", 0), ("getupdates", 1)] {
        for (trouble, at_least) in [
            (wait(77), 77),
            (Say::Html(502), 1),
            (no(502, "Bad Gateway"), 1),
            (no(500, "Internal Server Error: restart"), 1),
            (Say::Html(200), 1),
            (Say::Nothing, 15),
            (conflict(), 1),
            (no(401, "Unauthorized"), 1),
        ] {
            let stand = Stand::new().await;
            for _ in 0..after {
                stand.say(method, Say::Ok(json!([])));
            }
            stand.say(method, trouble);
            stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help")])));
            let begin = clock::now();
            let running = Running::at(&stand);
            let sent = stand.hears("sendmessage", 1).await;
            assert!(clock::since(begin) >= Duration::from_secs(at_least), "{method}");
            assert!(sent[0].contains("/hour"));
            assert!(running.ready.is_reached(clock::now()));
            let polls = stand.hears("getupdates", 3 + after).await;
            assert!(polls.last().unwrap().contains("\"offset\":6"));
            running.stop().await;
            let sent = stand.hears("sendmessage", 1).await;
            assert_eq!(sent.len(), 1, "{method}");
        }
    }
}

/// Restarting would only ask Telegram more often.
#[tokio::test(start_paused = true)]
async fn with_a_token_that_nobody_knows_it_stays_up_and_asks_ever_less() {
    for (refusal, revoked) in [(no(401, "Unauthorized"), false), (no(404, "Not Found"), true)] {
        let (stand, log) = (Stand::new().await, Log::begin());
        let mut running = None;
        if revoked {
            running = Some(Running::at(&stand));
            stand.hears("setmycommands", 2).await;
            log.news();
        }
        stand.be_away(refusal, HOUR);
        let running = running.unwrap_or_else(|| Running::at(&stand));
        let before = stand.heard().len();
        sleep(HOUR).await;
        let asked = stand.heard().len() - before;
        assert!((55..70).contains(&asked), "asked {asked} times in an hour");
        let news = log.news();
        assert_eq!(news.len(), 1, "{news:?}");
        assert!(news[0].contains("--telegram.token-file") && !news[0].contains("s3cret"), "{news:?}");
        assert!(!running.ready.is_reached(clock::now()));
        stand.send([update(2, 7, "/help")]);
        stand.hears("sendmessage", 1).await;
        assert!(running.ready.is_reached(clock::now()));
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_telegram() {
    for trouble in [Say::Html(502), Say::Nothing, wait(30), conflict()] {
        let (stand, log) = (Stand::new().await, Log::begin());
        let running = Running::at(&stand);
        stand.send([update(1, 7, "/help")]);
        stand.hears("sendmessage", 1).await;
        log.news();
        stand.be_away(trouble, HOUR);
        stand.send([update(2, 7, "/help"), update(3, 8, "/help"), press(4, 8, 31, "/chart 1d polygon")]);
        stand.send([update(5, 7, "/nothing"), update(6, 7, "hello?")]);
        sleep(HOUR).await;
        assert!(!running.ready.is_reached(clock::now()));
        assert_eq!(log.news().len(), 1, "that it is away");
        stand.hears("editmessagemedia", 1).await;
        let sent = stand.hears("sendmessage", 3).await;
        let to = |chat: &str| sent[1..].iter().find(|body| body.contains(chat)).unwrap();
        assert!(to("\"chat_id\":7").contains("I know /hour"), "the newest command, not the oldest");
        assert!(to("\"chat_id\":8").contains("/hour, /day, /week"));
        assert!(running.ready.is_reached(clock::now()));
        stand.send([update(7, 7, "/help"), update(8, 7, "/help")]);
        stand.hears("sendmessage", 5).await;
        running.stop().await;
        assert_eq!(stand.hears("sendmessage", 0).await.len(), 5, "nothing is answered twice");
        assert_eq!(stand.hears("editmessagemedia", 0).await.len(), 1);
        let back = ["INFO Telegram answers again", "INFO older messages that waited are not answered"];
        assert_eq!(log.news(), back);
    }
}

#[tokio::test(start_paused = true)]
async fn of_what_waited_each_chats_newest_command_is_answered() {
    let stand = Stand::new().await;
    // More than Telegram sends at once.
    stand.send((1..250).map(|id| update(id, 7 + i64::from(id % 2), "/help")));
    stand.send([update(250, 7, "/nothing"), update(251, 7, "hello?")]);
    let running = Running::at(&stand);
    stand.hears("sendmessage", 2).await;
    stand.send([update(252, 7, "/help"), update(253, 7, "/help")]);
    let sent = stand.hears("sendmessage", 4).await;
    running.stop().await;
    let chats = |chat: &str| sent.iter().filter(|body| body.contains(chat)).count();
    assert_eq!((chats("\"chat_id\":7"), chats("\"chat_id\":8")), (3, 1));
    assert!(sent[..2].iter().any(|body| body.contains("I know /hour")));
    assert_eq!(stand.hears("sendmessage", 0).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn all_that_was_received_before_one_failed_poll_is_answered() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([])));
    stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help"), update(6, 7, "hello?")])));
    stand.say("getupdates", no(502, "Bad Gateway"));
    let running = Running::at(&stand);
    stand.hears("sendmessage", 2).await;
    running.stop().await;
    assert_eq!(stand.hears("sendmessage", 0).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_command_is_answered_once_whenever_the_bot_is_killed() {
    let stand = Stand::new().await;
    stand.send([update(5, 7, "/help")]);
    // It learns of the command, but never that Telegram took the confirmation.
    stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help")])));
    stand.say("getupdates", Say::Nothing);
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    running.kill().await;
    assert_eq!(stand.hears("sendmessage", 0).await.len(), 0, "a new start would answer again");
    let running = Running::at(&stand);
    stand.hears("sendmessage", 1).await;
    running.kill().await;
    let running = Running::at(&stand);
    stand.hears("getupdates", 8).await;
    running.stop().await;
    assert_eq!(stand.hears("sendmessage", 0).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_received_is_answered_whatever_happens_to_later_polls() {
    // Short ranges are drawn quickly.
    let ten = || update(5, 7, "/chart 10m");
    let sticker = json!({"file_id": "f", "file_unique_id": "u", "emoji": "👍"});
    for (first, later, photos, edits) in [
        (ten(), update(6, 7, "thanks"), 1, 0),
        (ten(), message(6, 7, "sticker", sticker.clone()), 1, 0),
        (ten(), press(6, 7, 31, "/chart 20m polygon"), 1, 1),
        (ten(), update(6, 7, "/chart 20m"), 2, 0),
        (press(5, 7, 31, "/chart 10m polygon"), update(6, 7, "/chart 20m"), 1, 1),
        (press(5, 7, 31, "/chart 10m polygon"), update(6, 7, "thanks"), 0, 1),
    ] {
        for trouble in server_errors().into_iter().chain([Say::Nothing, conflict()]) {
            let stand = Stand::new().await;
            stand.say("getupdates", Say::Ok(json!([])));
            stand.say("getupdates", Say::Ok(json!([first])));
            stand.say("getupdates", trouble);
            stand.send([later.clone()]);
            let running = Running::at(&stand);
            stand.hears("sendphoto", photos).await;
            stand.hears("editmessagemedia", edits).await;
            stand.hears("getupdates", 8).await;
            running.stop().await;
            let bodies = [stand.hears("sendphoto", 0).await, stand.hears("editmessagemedia", 0).await];
            assert_eq!([bodies[0].len(), bodies[1].len()], [photos, edits], "{first} {later}");
            assert!(
                bodies.concat().iter().any(|body| body.contains("last 10\u{a0}minutes")),
                "{first} {later}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_again_only_when_it_certainly_did_not_arrive() {
    for (command, method) in [("/help", "sendmessage"), ("/hour", "sendphoto")] {
        let once = server_errors().into_iter().chain([
            Say::Nothing,
            Say::Half,
            Say::Html(200),
            no(403, "Forbidden: bot was blocked by the user"),
        ]);
        for (trouble, attempts) in once.map(|trouble| (trouble, 1)).chain([(wait(9), 2)]) {
            let (stand, log) = (Stand::new().await, Log::begin());
            stand.say(method, trouble);
            stand.send([update(1, 7, command)]);
            let running = Running::at(&stand);
            stand.hears(method, attempts).await;
            log.news();
            // Long enough for whatever might still be tried.
            stand.hears("getupdates", 8).await;
            running.stop().await;
            let heard = stand.heard();
            let sent = heard.iter().filter(|name| name.starts_with("send") || name.starts_with("edit"));
            assert_eq!(sent.collect::<Vec<_>>(), vec![method; attempts]);
            assert_eq!(log.news().len(), usize::from(attempts == 1), "an answer that is lost is logged");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_the_menu_of_commands() {
    for trouble in server_errors().into_iter().chain([wait(300), Say::Nothing]) {
        let (stand, log) = (Stand::new().await, Log::begin());
        for _ in 0..3 {
            stand.say("setmycommands", trouble.clone());
        }
        stand.send([update(1, 7, "/hour")]);
        let begin = clock::now();
        let running = Running::at(&stand);
        stand.hears("sendphoto", 1).await;
        assert!(clock::since(begin) < Duration::from_secs(1), "{:?}", clock::since(begin));
        assert!(running.ready.is_reached(clock::now()));
        // Three failures, then both languages.
        let menus = stand.hears("setmycommands", 5).await;
        assert!(
            !menus[3].contains("language_code") && menus[4].contains("\"language_code\":\"ru\""),
            "{menus:?}"
        );
        running.stop().await;
        assert_eq!(log.news().iter().filter(|line| line.starts_with("WARN")).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_menu_that_is_refused_is_given_up() {
    let (stand, log) = (Stand::new().await, Log::begin());
    for _ in 0..2 {
        stand.say("setmycommands", no(400, "Bad Request: BOT_COMMANDS_TOO_MUCH"));
    }
    let running = Running::at(&stand);
    stand.hears("getupdates", 8).await;
    running.stop().await;
    assert_eq!(stand.hears("setmycommands", 0).await.len(), 2);
    assert_eq!(log.news().iter().filter(|line| line.starts_with("WARN")).count(), 2);
}
