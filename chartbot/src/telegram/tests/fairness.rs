//! Many users at once: no user waits for another, nor hides the trouble of another.

use serde_json::json;

use super::bot_api::{Say, Stand, message, press, update, wait};
use super::running::{Log, Running};

#[tokio::test(start_paused = true)]
async fn a_slow_chart_holds_up_nobody_else() {
    // Prometheus is slow to answer, or Telegram to take the picture.
    for slow in ["prometheus", "sendphoto"] {
        let stand = Stand::new().await;
        let running = Running::at(&stand);
        stand.say(slow, Say::Nothing);
        stand.send([update(1, 7, "/week")]);
        stand.hears(slow, 1).await;
        stand.send([update(2, 7, "/help"), update(3, 8, "/hour"), update(4, 8, "/help")]);
        let photos = stand.hears("sendphoto", 1 + usize::from(slow == "sendphoto")).await;
        assert!(photos.last().unwrap().contains("last hour"));
        let texts = stand.hears("sendmessage", 1).await;
        assert!(texts[0].contains("\"chat_id\":8"), "{slow}: {texts:?}");
        // The user who asked for it is answered in turn.
        let count = if slow == "prometheus" { 3 } else { 2 };
        let texts = stand.hears("sendmessage", count).await;
        assert!(texts[1..].iter().all(|body| body.contains("\"chat_id\":7")), "{texts:?}");
        assert!(texts[count - 1].contains("/hour, /day, /week"));
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_asks_without_end_is_slowed_down_and_no_other() {
    let commands = |first: u32, count| (first..first + count).map(|id| update(id, 7, "/help"));
    let presses = |first: u32| (first..first + 5).map(|id| press(id, 7, id as i32, "/chart 1h polygon"));
    let stand = Stand::new().await;
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    stand.send(commands(10, 5));
    stand.hears("sendmessage", 5).await;
    stand.send(presses(20));
    stand.hears("editmessagemedia", 5).await;
    // Too much by now, and the other comes last.
    stand.send(commands(30, 7).chain([update(40, 8, "/help")]));
    let texts = stand.hears("sendmessage", 12).await;
    running.stop().await;
    let to: Vec<_> =
        texts[5..].iter().map(|body| if body.contains("\"chat_id\":8") { 8 } else { 7 }).collect();
    assert!(to[..2].contains(&8), "{to:?}");
    let lots = texts.iter().filter(|body| body.contains("Too many requests")).count();
    assert_eq!(lots, 1, "{texts:?}");
    assert_eq!(stand.hears("sendmessage", 0).await.len(), 12, "the newest five and that they were a lot");
}

#[tokio::test(start_paused = true)]
async fn the_note_about_too_many_requests_is_not_repeated_for_ever() {
    let stand = Stand::new().await;
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    stand.say("prometheus", Say::Nothing);
    for _ in 0..1_000 {
        stand.say("sendmessage", wait(1));
    }
    stand.send((1..10).map(|id| update(id, 7, "/hour")));
    stand.hears("sendmessage", 1).await;
    // An hour later: each message was tried for a minute.
    stand.hears("getupdates", 200).await;
    running.stop().await;
    let notes = stand.hears("sendmessage", 0).await;
    let notes = notes.iter().filter(|body| body.contains("Too many requests")).count();
    assert!((50..=60).contains(&notes), "{notes}");
}

#[tokio::test(start_paused = true)]
async fn a_user_who_sends_no_text_gets_a_hint() {
    let stand = Stand::new().await;
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    let voice = json!({"file_id": "f", "file_unique_id": "u", "duration": 3, "mime_type": "audio/ogg"});
    let photo = json!([{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 99}]);
    stand.send([
        message(10, 7, "voice", voice),
        message(11, 7, "photo", photo),
        message(12, 7, "dice", json!({"emoji": "🎲", "value": 3})),
        message(13, 7, "message_auto_delete_timer_changed", json!({"message_auto_delete_time": 9})),
        message(14, 7, "pinned_message", update(1, 7, "/hour")["message"].clone()),
        message(15, 7, "new_chat_title", json!("title")),
        update(16, 7, "/help"),
    ]);
    let texts = stand.hears("sendmessage", 4).await;
    running.stop().await;
    assert!(texts[..3].iter().all(|body| body.contains("I know /hour")), "{texts:?}");
    assert!(texts[3].contains("/hour, /day, /week"), "{texts:?}");
}

#[tokio::test(start_paused = true)]
async fn trouble_with_prometheus_is_logged_once_and_a_slip_of_a_user_never() {
    let (stand, log) = (Stand::new().await, Log::begin());
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    log.news();
    stand.send([update(1, 7, "/chart 1h nowhere"), update(2, 7, "/chart soon"), update(3, 7, "/nothing")]);
    stand.hears("sendmessage", 3).await;
    assert_eq!(log.news(), [""; 0]);
    for (id, command) in [(4, "/hour"), (5, "/status")] {
        stand.say("prometheus", Say::Nothing);
        stand.send([update(id, 7, command)]);
        let texts = stand.hears("sendmessage", id as usize).await;
        assert!(texts.last().unwrap().contains("did not answer in time"), "{texts:?}");
    }
    assert_eq!(log.news(), ["WARN a question could not be answered"]);
    stand.send([update(6, 7, "/status"), update(7, 7, "/hour")]);
    stand.hears("sendphoto", 1).await;
    assert_eq!(log.news(), ["INFO questions can be answered again"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_trouble_of_one_user_neither_hides_nor_repeats_that_of_another() {
    let (stand, log) = (Stand::new().await, Log::begin());
    let running = Running::at(&stand);
    stand.hears("getupdates", 2).await;
    log.news();
    let warning = &["WARN a question could not be answered"][..];
    let over = &["INFO questions can be answered again"][..];
    // What user 7 asks for never works; user 8 has trouble once.
    for (round, (chat, works, want)) in (1..).zip([
        (7, false, warning),
        (8, true, &[]),
        (7, false, &[]),
        (8, false, warning),
        (7, false, &[]),
        (8, true, over),
        (7, false, &[]),
        (7, true, over),
    ]) {
        if !works {
            stand.say("prometheus", Say::Nothing);
        }
        stand.send([update(round, chat, "/status")]);
        stand.hears("sendmessage", round as usize).await;
        assert_eq!(log.news(), want, "{round}");
    }
    running.stop().await;
}
