//! Many users at once: nobody waits for another.

use serde_json::json;

use super::bot_api::{Log, Running, Say, Stand, message, press, update};

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
        let told = stand.hears("sendmessage", 1).await;
        assert!(told[0].contains("\"chat_id\":8"), "{slow}: {told:?}");
        // Whoever asked for it is answered in turn.
        let count = if slow == "prometheus" { 3 } else { 2 };
        let told = stand.hears("sendmessage", count).await;
        assert!(told[1..].iter().all(|body| body.contains("\"chat_id\":7")), "{told:?}");
        assert!(told[count - 1].contains("/hour, /day, /week"));
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_without_end_is_slowed_and_nobody_else() {
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
    let told = stand.hears("sendmessage", 12).await;
    running.stop().await;
    let to: Vec<_> =
        told[5..].iter().map(|body| if body.contains("\"chat_id\":8") { 8 } else { 7 }).collect();
    assert!(to[..2].contains(&8), "{to:?}");
    let lots = told.iter().filter(|body| body.contains("Too many requests")).count();
    assert_eq!(lots, 1, "{told:?}");
    assert_eq!(stand.hears("sendmessage", 0).await.len(), 12, "the newest five and that they were a lot");
}

#[tokio::test(start_paused = true)]
async fn who_sends_no_text_gets_a_hint() {
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
    let told = stand.hears("sendmessage", 4).await;
    running.stop().await;
    assert!(told[..3].iter().all(|body| body.contains("I know /hour")), "{told:?}");
    assert!(told[3].contains("/hour, /day, /week"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn trouble_with_prometheus_is_said_once_and_a_slip_of_a_user_never() {
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
        let told = stand.hears("sendmessage", id as usize).await;
        assert!(told.last().unwrap().contains("did not answer in time"), "{told:?}");
    }
    assert_eq!(log.news(), ["WARN a question could not be answered"]);
    stand.send([update(6, 7, "/status"), update(7, 7, "/hour")]);
    stand.hears("sendphoto", 1).await;
    assert_eq!(log.news(), ["INFO questions can be answered again"]);
    running.stop().await;
}
