//! The chat page in headless Chromium. It fails where there is no Chromium.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests, too")]

mod browser;
#[cfg(feature = "compat")]
mod judge;

use std::sync::Arc;
use std::time::Duration;

use browser::Browser;
use headlag_demo::chain::{Chain, Millis};
use headlag_demo::nodes::{Nodes, wall_clock};
use headlag_demo::page::Page;
use headlag_demo::switch::Switch;
use headlag_demo::telegram::{Chat, Store, Telegram, User};
use headlag_demo::world::{Addresses, World};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::time::timeout;

/// What happens in the page alone.
const SOON: Duration = Duration::from_secs(10);
/// A poll of the nodes, a scrape, a chart, on a busy machine; and the bot's pause after a failure.
const LATER: Duration = Duration::from_secs(90);
const TOKEN: &str = "1:page";
const HOUR: Millis = 3_600_000;

fn png(grey: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 1280, 800);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![grey; 1280 * 800]).unwrap();
    writer.finish().unwrap();
    out
}

/// A page without services: the test is the bot.
async fn start() -> (Telegram, User) {
    let ada = User::new(11, "Ada").speaking("ru");
    let store = Store::new();
    store.meet(&Chat::private(&ada));
    let nodes = Arc::new(Nodes::start(Chain::calm(1), wall_clock()).await.unwrap());
    let page =
        Page { telegram: store.clone(), user: ada.clone(), nodes: nodes.clone(), prometheus: Switch::new() };
    let front = move |request| page.clone().answer(request);
    let telegram = Telegram::start_on(([127, 0, 0, 1], 0).into(), TOKEN, store, front).await.unwrap();
    (telegram, ada)
}

async fn call(telegram: &Telegram, method: &str, params: Value) -> Value {
    let url = format!("{}/bot{TOKEN}/{method}", telegram.url());
    let answer: Value =
        reqwest::Client::new().post(url).json(&params).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["ok"], true, "{method} {params}: {answer}");
    answer["result"].clone()
}

async fn photo(telegram: &Telegram, method: &str, params: Value, picture: Vec<u8>) -> Value {
    let url = format!("{}/bot{TOKEN}/{method}", telegram.url());
    let form = Form::new().part("chart", Part::bytes(picture).file_name("chart.png"));
    let form = params.as_object().unwrap().iter().fold(form, |form, (name, value)| {
        form.text(name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let answer: Value =
        reqwest::Client::new().post(url).multipart(form).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["ok"], true, "{method}: {answer}");
    answer["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_its_buttons_and_its_edits_are_shown_as_the_bot_sends_them() {
    let (telegram, ada) = start().await;
    let menu = |what: &str| json!([{"command": "hour", "description": what}]);
    call(&telegram, "setMyCommands", json!({"commands": menu("one hour")})).await;
    call(&telegram, "setMyCommands", json!({"commands": menu("час"), "language_code": "ru"})).await;
    let browser = Browser::open(&telegram.url(), 400, 850).await;
    browser.wait("!document.querySelector('#empty').hidden", SOON).await;
    let menu = browser.wait("document.querySelector('#commands button')?.title", SOON).await;
    assert_eq!(menu, "час", "the menu is in the user's language");

    browser.write("#text", "/hour\u{E007}").await;
    browser.wait("document.querySelector('.mine .ticks')?.ariaLabel == 'sent'", SOON).await;
    let updates = call(&telegram, "getUpdates", json!({})).await;
    assert_eq!(updates[0]["message"]["text"], "/hour");
    let next = updates[0]["update_id"].as_i64().unwrap() + 1;
    call(&telegram, "getUpdates", json!({"offset": next})).await;
    browser.wait("document.querySelector('.mine .ticks').ariaLabel == 'the bot has it'", SOON).await;

    call(&telegram, "sendChatAction", json!({"chat_id": ada.id, "action": "upload_photo"})).await;
    browser.wait("document.querySelector('#doing').textContent == 'drawing a chart'", SOON).await;
    let buttons = json!({"inline_keyboard": [[
        {"text": "1h", "callback_data": "hour"},
        {"text": "1d", "callback_data": "day"},
    ]]});
    let sent = json!({
        "chat_id": ada.id,
        "photo": "attach://chart",
        "caption": "level\n<b>12 & more</b> /week",
        "parse_mode": "HTML",
        "reply_markup": buttons,
    });
    let message = photo(&telegram, "sendPhoto", sent, png(90)).await["message_id"].clone();
    browser.wait("document.querySelector('.bots img')?.naturalWidth == 1280", SOON).await;
    browser.wait("document.querySelector('#doing').textContent == 'bot'", SOON).await;
    let shown = browser.script(
        "const box = document.querySelector('.bots .text'), img = document.querySelector('.bots img');
         return [box.innerText, box.querySelector('strong').textContent, box.querySelector('button').textContent,
                 Math.round(img.clientWidth / img.clientHeight * 100),
                 document.documentElement.scrollWidth <= innerWidth]",
    );
    assert_eq!(shown.await, json!(["level\n12 & more /week", "12 & more", "/week", 160, true]));

    let widths = browser
        .script("return ['.bots .bubble', '.bots img', '.bots .buttons'].map(css => document.querySelector(css).clientWidth)")
        .await;
    assert_eq!(widths, json!([320, 320, 320]), "as in Telegram on a phone");
    let source = browser.script("return document.querySelector('.bots img').src").await;
    let shown = reqwest::get(source.as_str().unwrap()).await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/jpeg");

    browser.press(".bots .row button:nth-child(2)").await;
    browser.wait("document.querySelector('.row .waiting')", SOON).await;
    let updates = call(&telegram, "getUpdates", json!({"timeout": 10})).await;
    assert_eq!(updates[0]["callback_query"]["data"], "day");
    let answer = json!({"callback_query_id": updates[0]["callback_query"]["id"], "text": "Drawing a day"});
    call(&telegram, "answerCallbackQuery", answer).await;
    browser.wait("document.querySelector('#toast.shown')?.textContent == 'Drawing a day'", SOON).await;
    browser.wait("!document.querySelector('.row .waiting')", SOON).await;
    let edit = json!({
        "chat_id": ada.id,
        "message_id": message,
        "media": {"type": "photo", "media": "attach://chart", "caption": "a day"},
        "reply_markup": buttons,
    });
    browser.script("document.querySelector('.bots').dataset.seen = 'before'").await;
    let before = browser.script("return document.querySelector('.bots img').src").await;
    photo(&telegram, "editMessageMedia", edit, png(200)).await;
    let changed = format!("document.querySelector('.bots img').src != {before}");
    browser.wait(&changed, SOON).await;
    let bubbles = browser
        .script("return [...document.querySelectorAll('.bots')].map(bubble => [bubble.dataset.seen, bubble.querySelector('.text').innerText])")
        .await;
    assert_eq!(bubbles, json!([["before", "a day"]]), "the same bubble");

    browser.press(".bots .photo").await;
    browser.wait("document.querySelector('#viewer').open", SOON).await;
    browser.press("#full").await;
    browser.wait("document.querySelector('#full').clientWidth == 1280", SOON).await;
    browser.press("#shut").await;
    browser.wait("!document.querySelector('#viewer').open", SOON).await;
    telegram.delete(ada.id, message.as_i64().unwrap());
    browser.wait("!document.querySelector('.bots')", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_of_a_group_are_counted_quoted_and_pressed() {
    let (telegram, _) = start().await;
    telegram.meet(&Chat::supergroup(-1005, "Node operators"));
    let browser = Browser::open(&telegram.url(), 400, 850).await;
    browser.wait("document.querySelectorAll('#rooms button').length == 2", SOON).await;
    let buttons =
        json!({"inline_keyboard": [[{"text": "silence 1 h", "callback_data": "alert silence 1h"}]]});
    let alarm = json!({
        "chat_id": -1005,
        "text": "my-node is behind\nhttps://runbooks.example/behind",
        "reply_markup": buttons,
    });
    let alarm = call(&telegram, "sendMessage", alarm).await["message_id"].clone();
    let news = "document.querySelector('#rooms button:nth-child(2) b')?.textContent";
    browser.wait(&format!("{news} == '1'"), SOON).await;
    let caption = "my-node is 13 blocks behind";
    let edit = json!({
        "chat_id": -1005,
        "message_id": alarm,
        "media": {"type": "photo", "media": "attach://chart", "caption": caption},
        "reply_markup": buttons,
    });
    photo(&telegram, "editMessageMedia", edit, png(90)).await;
    let reply = json!({
        "chat_id": -1005,
        "text": "level again: https://runbooks.example/behind.",
        "reply_parameters": {"message_id": alarm},
    });
    call(&telegram, "sendMessage", reply).await;
    browser.wait(&format!("{news} == '2' && document.title == '(2) headlag demo'"), SOON).await;

    browser.press("#rooms button:nth-child(2)").await;
    browser
        .wait("document.querySelectorAll('.bots').length == 2 && document.title == 'headlag demo'", SOON)
        .await;
    let quoted = browser.script("return document.querySelector('.bots:nth-child(2) .reply').innerText").await;
    assert_eq!(quoted, format!("headlag\n{caption}"), "what it says now");
    let link = browser.script("return document.querySelector('.text a').href").await;
    assert_eq!(link, "https://runbooks.example/behind");
    browser.press(".row button").await;
    let press = call(&telegram, "getUpdates", json!({"timeout": 10})).await[0]["callback_query"].clone();
    assert_eq!(
        (&press["data"], &press["message"]["chat"]["id"]),
        (&json!("alert silence 1h"), &json!(-1005))
    );
}

#[tokio::test]
async fn another_web_page_cannot_pull_a_lever() {
    let (telegram, _) = start().await;
    let lever = || reqwest::Client::new().post(format!("{}/lever", telegram.url()));
    let order = json!({"lever": "telegram", "to": "html"});
    for (header, value, want) in [
        ("origin", "http://evil.example", 403),
        ("host", "evil.example", 403),
        ("content-type", "text/plain", 403),
        ("accept", "*/*", 200),
    ] {
        let request =
            lever().header("content-type", "application/json").body(order.to_string()).build().unwrap();
        let mut request = request;
        request.headers_mut().insert(header, value.parse().unwrap());
        let answer = reqwest::Client::new().execute(request).await.unwrap();
        assert_eq!(answer.status(), want, "{header}: {value}");
    }
    assert_eq!(lever().json(&json!({"lever": "telegram", "to": "gone"})).send().await.unwrap().status(), 400);
}

/// What the bot said that is an alert, whose buttons offer silence. A reply is neither an alert
/// nor an answer.
const ALERTS: &str = "[...document.querySelectorAll('.bots')].filter(bubble => bubble.querySelector('.reply').hidden \
     && bubble.innerText.includes('🔕'))";
/// What the bot said that is an answer.
const ANSWERS: &str = "[...document.querySelectorAll('.bots')].filter(bubble => bubble.querySelector('.reply').hidden \
     && !bubble.innerText.includes('🔕'))";

/// Presses /hour and returns the answer: source of the picture and text, once all of it is there.
async fn hour(browser: &Browser) -> (String, String) {
    let seen = browser.script(&format!("return {ANSWERS}.length")).await;
    browser.press("#commands button").await;
    answer_after(browser, seen.as_u64().unwrap()).await
}

async fn answer_after(browser: &Browser, seen: u64) -> (String, String) {
    let answer = format!(
        "(() => {{
           const bubbles = {ANSWERS};
           if (bubbles.length <= {seen}) return null;
           const [last, img] = [bubbles[{seen}], bubbles[{seen}].querySelector('img')];
           if (!last.querySelector('.photo').hidden && img.naturalWidth != 1280) return null;
           return [img.getAttribute('src') ?? '', last.querySelector('.text').innerText];
         }})()"
    );
    let answer = browser.wait(&answer, LATER).await;
    (answer[0].as_str().unwrap().to_owned(), answer[1].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lever_raises_an_alert_and_is_seen_in_the_next_chart() {
    let mut world = World::start(Addresses::free(), HOUR).await.unwrap();
    let browser = Browser::open(&format!("http://{}/", world.addresses.telegram), 1280, 900).await;
    browser.wait("document.querySelector('#commands button')?.textContent == '/hour'", SOON).await;
    let (level_picture, level) = hour(&browser).await;
    assert!(!level_picture.is_empty(), "no chart: {level}");

    browser.press("[data-lever=behind]").await;
    browser.wait("document.querySelector('[data-name=my-node] .pull').textContent == 'late'", SOON).await;
    let alert =
        format!("{ALERTS}.find(bubble => bubble.querySelector('img').naturalWidth == 1280)?.innerText");
    let alert = browser.wait(&alert, LATER).await;
    assert!(alert.as_str().unwrap().contains("my-node is"), "{alert}");
    let in_group = "document.querySelector('#rooms button:nth-child(2) b')?.textContent == '1'";
    browser.wait(in_group, SOON).await;
    let (picture, caption) = hour(&browser).await;
    assert_ne!(picture, level_picture);
    let first = caption.lines().next().unwrap();
    assert!(first.contains("my-node") && first.contains("behind"), "{caption}");
    let word = browser.script("return document.querySelector('[data-name=my-node] .word').textContent").await;
    assert!(word.as_str().unwrap().ends_with(" behind"), "{word}");

    browser.press("[data-of=telegram] option:nth-child(2)").await;
    browser.press("[data-lever=telegram]").await;
    let trouble = browser.wait("document.querySelector('#trouble').innerText", SOON).await;
    assert!(trouble.as_str().unwrap().contains("a login page"), "{trouble}");
    browser.press("#commands button").await;
    let last_ticks = "[...document.querySelectorAll('.mine .ticks')].at(-1).ariaLabel";
    browser
        .wait(&format!("document.querySelectorAll('.mine').length == 3 && {last_ticks} == 'sent'"), SOON)
        .await;
    browser.press("[data-lever=telegram]").await;
    browser.wait("document.querySelector('#trouble').hidden", SOON).await;
    let (picture, caption) = answer_after(&browser, 2).await;
    assert!(!picture.is_empty(), "what waited is answered: {caption}");

    browser.press("[data-lever=prometheus]").await;
    let prometheus = "document.querySelector('[data-name=Prometheus] .word').textContent";
    browser.wait(&format!("{prometheus} == 'stopped'"), SOON).await;
    assert!(timeout(Duration::ZERO, world.services.ended()).await.is_err(), "a wanted stop is no death");
    let (picture, sentence) = hour(&browser).await;
    assert!(picture.is_empty() && sentence.contains("Prometheus"), "{sentence}");

    browser.press("#normal").await;
    browser.wait(&format!("{prometheus} == 'running'"), LATER).await;
    browser.wait("[...document.querySelectorAll('[data-lever]')].every(lever => !lever.checked)", SOON).await;
    assert!(timeout(Duration::ZERO, world.services.ended()).await.is_err(), "nor is a wanted start");
    let (picture, caption) = hour(&browser).await;
    assert!(!picture.is_empty(), "the data outlived the stop: {caption}");
    drop(browser);
    world.services.stop().await.unwrap();
    #[cfg(feature = "compat")]
    judge::judge_requests(&world.telegram).await;
}
