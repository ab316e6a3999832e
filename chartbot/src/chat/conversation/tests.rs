//! What users get as an answer, by what Prometheus is like.

use super::*;
use crate::{
    chat::access::{Sender, User},
    chat::message::{Content, Photo},
    chat::place::Place,
    config::HttpConfig,
    samples::client::Prometheus,
    samples::stand::{Server, answer},
    words::Language,
};
use headlag_service::{
    exposition::{Format, render},
    server,
};
use hyper::StatusCode;
use jiff::tz::TimeZone;
use reqwest::Url;
use std::future::pending;
use tokio::net::TcpListener;

async fn conversation_with(server: Server) -> Conversation {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    if let Server::Away = server {
        drop(listener);
    } else {
        let answer = move |request| answer(server, request);
        tokio::spawn(server::serve(listener, answer, pending()));
    }
    let prometheus = Prometheus::new(&Url::parse(&url).unwrap(), &HttpConfig::default()).unwrap();
    let painter = Painter::new(prometheus, TimeZone::UTC, Theme::Light, Metrics::default());
    let access = Access::new(vec![User::Id(42), User::Name("alice".into())]);
    Conversation::new(access, painter, Metrics::default())
}

fn from_alice(text: &str) -> Incoming {
    Incoming {
        place: Place::chat(7),
        private: true,
        sender: Sender { id: 7, username: Some("Alice".into()), is_bot: false, language: Language::English },
        text: text.into(),
    }
}

/// What comes back, with plain spaces: a text, or the caption of a photo.
async fn ask(server: Server, incoming: Incoming) -> Option<String> {
    let conversation = conversation_with(server).await;
    if !conversation.admits(&incoming) {
        return None;
    }
    match conversation.answer(&incoming, "headlag_bot").await.content {
        Content::Text(text) => Some(text.replace('\u{a0}', " ")),
        Content::Photo(Photo { png, caption }) => {
            assert!(png.starts_with(b"\x89PNG"));
            Some(format!("photo: {}", caption.replace('\u{a0}', " ")))
        }
    }
}

// Time is paused: a deadline passes at once when there is nothing left to do.

#[tokio::test(start_paused = true)]
async fn an_allowed_user_gets_a_chart() {
    for (text, last) in
        [("/hour", "last hour"), ("/day@headlag_bot", "last 24 hours"), ("  /WEEK", "last 7 days")]
    {
        let answer = ask(Server::Behind, from_alice(text)).await.unwrap();
        let lines: Vec<_> = answer.lines().collect();
        assert!(lines[0].starts_with("photo: 🔴 12 blocks (24 s) behind · polygon · my-node · since "));
        // The worst of all is now, and not said again.
        assert_eq!(lines[1], format!("{last}: 30 minutes outside ±5 blocks"));
        assert_eq!(lines[2], "9 of 9 references up, times in UTC");
    }
}

#[tokio::test(start_paused = true)]
async fn time_behind_follows_the_block_time_until_it_is_measured() {
    for (text, first) in [
        ("/hour", "photo: 🔴 12 blocks (30 s) behind"),
        ("/status", "🔴 polygon · my-node: 12 blocks (30 s)"),
    ] {
        let answer = ask(Server::JustStarted, from_alice(text)).await.unwrap();
        assert!(answer.starts_with(first), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_allows_is_enough() {
    for status in [StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED] {
        let answer = ask(Server::OnlyGet(status), from_alice("/hour")).await.unwrap();
        assert!(answer.starts_with("photo: 🔴 12 blocks (24 s) behind · polygon"), "{answer}");
    }
    for text in ["/chart 33d", "/chart 100d"] {
        let answer = ask(Server::Limited(32), from_alice(text)).await.unwrap();
        assert!(answer.contains(": 30 minutes outside ±5 blocks"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn buttons_lead_to_the_other_ranges() {
    let conversation = conversation_with(Server::Behind).await;
    let chart = conversation.answer(&from_alice("/chart 6h"), "headlag_bot").await;
    assert_eq!(chart.buttons.len(), 1, "there is one network only");
    let pressed = ask(Server::Behind, from_alice(&chart.buttons[0][1].data)).await.unwrap();
    assert!(pressed.contains("last 24 hours"), "{pressed}");
}

#[tokio::test(start_paused = true)]
async fn the_other_theme_is_another_picture_with_the_way_back() {
    let conversation = conversation_with(Server::Behind).await;
    let answer = async |text: &str| conversation.answer(&from_alice(text), "headlag_bot").await;
    let picture = |message: &Message| match &message.content {
        Content::Photo(photo) => photo.png.clone(),
        Content::Text(text) => panic!("{text}"),
    };
    let light = answer("/hour").await;
    let moon = light.buttons[0].last().unwrap();
    assert_eq!(moon.text, "🌙");
    let dark = answer(&moon.data).await;
    assert_ne!(picture(&dark), picture(&light));
    let sun = dark.buttons[0].last().unwrap();
    assert_eq!(sun.text, "☀");
    assert_eq!(picture(&answer(&sun.data).await), picture(&light));
}

#[tokio::test(start_paused = true)]
async fn a_chart_of_no_range_offers_buttons_that_draw() {
    let conversation = conversation_with(Server::Behind).await;
    let choice = conversation.answer(&from_alice("/chart"), "headlag_bot").await;
    let choices: Vec<_> = choice.buttons.concat().into_iter().map(|button| button.text).collect();
    assert_eq!(choices, ["10m", "6h", "3d", "30d", "90d", "1y"]);
    let drawn = ask(Server::Behind, from_alice(&choice.buttons[1][2].data)).await.unwrap();
    assert!(drawn.contains("last 365 days"), "{drawn}");
}

#[tokio::test(start_paused = true)]
async fn an_allowed_user_gets_help() {
    for text in ["/start", "/help"] {
        let answer = ask(Server::Away, from_alice(text)).await.unwrap();
        assert!(answer.contains("/hour, /day, /week"), "{answer}");
    }
    for text in ["/hourly", "/hour@other_bot", "hello"] {
        assert_eq!(
            ask(Server::Away, from_alice(text)).await.unwrap(),
            "I know /hour, /day, /week and /chart 6h for a chart, /status, /alerts, /silence and /help."
        );
    }
}

#[tokio::test(start_paused = true)]
async fn any_range_of_any_network() {
    for (text, last) in [
        ("/chart 6h", "last 6 hours"),
        ("6h polygon", "last 6 hours"),
        ("/chart 1y", "last 365 days"),
        ("/chart 36h Polygon", "last 36 hours"),
        ("/chart 30d polygon", "last 30 days"),
    ] {
        let answer = ask(Server::Behind, from_alice(text)).await.unwrap();
        assert!(answer.starts_with("photo: 🔴 12 blocks (24 s) behind · polygon"), "{answer}");
        assert!(answer.contains(&format!("\n{last}: ")), "{answer}");
    }
    for (text, want) in [
        ("/chart", "Choose a range, or write one: 90m, 6h polygon, 30d."),
        (
            "/chart soon",
            "“soon” is not a range. Give a range and, optionally, a network: \
             /chart 90m, /chart 6h, /chart 30d polygon.",
        ),
        ("/chart 2y", "A chart covers 10 minutes to 365 days: /chart 10m to /chart 365d."),
        ("/chart 9m", "A chart covers 10 minutes to 365 days: /chart 10m to /chart 365d."),
        ("/chart 6h a b", "Give one range and at most one network: /chart 6h, /chart 30d polygon."),
        ("/chart 6h gnosis", "There is no network named gnosis in this range; known networks: polygon."),
    ] {
        assert_eq!(ask(Server::Behind, from_alice(text)).await.as_deref(), Some(want), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_in_a_few_lines() {
    let answer = ask(Server::Behind, from_alice("/status")).await.unwrap();
    assert!(answer.starts_with("🔴 polygon · my-node: 12 blocks (24 s) behind since "), "{answer}");
    // Ages are counted up to the end of the server's second.
    let last = "9 of 9 references up, 5 at the highest block, 3 at the median, 5 s ago";
    assert_eq!(answer.lines().nth(1), Some(last));
    let answer = ask(Server::Empty, from_alice("/status")).await.unwrap();
    assert!(answer.starts_with("Prometheus has no data on watched nodes for the last 24 hours"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn everybody_is_answered_in_their_language() {
    let in_russian_of = |server, text| {
        let mut incoming = from_alice(text);
        incoming.sender.language = Language::Russian;
        ask(server, incoming)
    };
    let in_russian = |text| in_russian_of(Server::Behind, text);
    let answer = in_russian("/hour").await.unwrap();
    assert!(answer.starts_with("photo: 🔴 отстаёт на 12 блоков (24 с) · polygon · my-node · с "), "{answer}");
    assert!(answer.contains("\nза последний час: "), "{answer}");
    let answer = in_russian("/status").await.unwrap();
    assert!(answer.starts_with("🔴 polygon · my-node: отстаёт на 12 блоков (24 с) с "), "{answer}");
    for (text, start) in [("/help", "Показываю"), ("/chart 1s", "График можно"), ("hi", "Графики:")]
    {
        let answer = in_russian(text).await.unwrap();
        assert!(answer.starts_with(start), "{answer}");
    }
    let limited = Server::Says(StatusCode::TOO_MANY_REQUESTS, "<html>");
    let answer = in_russian_of(limited, "/hour").await.unwrap();
    assert_eq!(answer, "Prometheus или прокси перед ним вернул код 429; повторите через минуту.");
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_and_what_came_of_it_is_counted() {
    let conversation = conversation_with(Server::Behind).await;
    for text in ["/hour", "/chart 6h", "/chart soon", "/chart 1h nowhere", "/status", "/hourly", "hello"] {
        let incoming = from_alice(text);
        assert!(conversation.admits(&incoming));
        conversation.answer(&incoming, "headlag_bot").await;
    }
    let mut stranger = from_alice("/hour");
    stranger.sender.username = None;
    assert!(!conversation.admits(&stranger));
    let text = render(&conversation.metrics.registry(), Format::Text).unwrap();
    for count in [
        "commands_total{command=\"hour\",outcome=\"ok\"} 1",
        "commands_total{command=\"chart\",outcome=\"ok\"} 1",
        "commands_total{command=\"chart\",outcome=\"wrong\"} 1",
        "commands_total{command=\"hour\",outcome=\"no_such_network\"} 1",
        "commands_total{command=\"status\",outcome=\"ok\"} 1",
        "commands_total{command=\"unknown\",outcome=\"wrong\"} 2",
        "refused_total{reason=\"stranger\"} 1",
    ] {
        assert!(text.contains(&format!("headlag_chartbot_{count}\n")), "{count} in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renamed_label_is_reported_beside_the_numbers() {
    for text in ["/hour", "/status"] {
        let said = ask(Server::Renames, from_alice(text)).await.unwrap();
        assert!(said.contains("renamed the label “node” to “exported_node”"), "{said}");
        assert!(said.contains("honor_labels: true"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_user_is_answered() {
    let mut stranger = from_alice("/hour");
    stranger.sender.username = Some("mallory".into());
    let mut bot = from_alice("/hour");
    bot.sender.is_bot = true;
    let mut group = from_alice("/hour");
    group.private = false;
    for incoming in [stranger, bot, group] {
        assert_eq!(ask(Server::Behind, incoming).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_chart_one_sentence_says_why() {
    const AWAY: &str = "Prometheus cannot be reached; check that it runs and that \
        --prometheus.url is correct.";
    const SLOW: &str = "Prometheus did not answer in time; try again in a minute or ask for \
        a shorter range.";
    const EMPTY: &str = "Prometheus has no data on watched nodes for the last hour; check that it \
        scrapes headlag-exporter.";
    const DOUBTFUL: &str = "Prometheus answered without a watched node for the last hour. \
        Prometheus warns: no store matched";
    const OTHER: &str = "The server at --prometheus.url is not Prometheus (status 200); \
        check the address.";
    let says = Server::Says;
    for (server, want) in [
        (Server::Away, AWAY),
        (Server::Silent, SLOW),
        (Server::Empty, EMPTY),
        (Server::Warns, DOUBTFUL),
        (Server::Huge, "Prometheus' answer is larger than 32 MiB; ask for a shorter range."),
        (says(StatusCode::OK, "<html>"), OTHER),
        (
            says(StatusCode::UNAUTHORIZED, "no"),
            "Prometheus refused the query (status 401); check that headlag may read it.",
        ),
        (
            says(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            "Prometheus, or a proxy in front of it, answered with status 503; try again in a minute.",
        ),
        (
            says(StatusCode::TOO_MANY_REQUESTS, "<html>"),
            "Prometheus, or a proxy in front of it, answered with status 429; try again in a minute.",
        ),
        (
            says(
                StatusCode::UNPROCESSABLE_ENTITY,
                r#"{"status":"error","errorType":"execution","error":"too many samples"}"#,
            ),
            "Prometheus answered with an error (status 422): too many samples",
        ),
    ] {
        assert_eq!(ask(server, from_alice("/hour")).await.as_deref(), Some(want));
    }
}
