//! What the outbox reports of a message.

use std::time::Duration;

use bytes::Bytes;
use headlag_service::outbound::Failure;
use serde_json::json;
use teloxide::{
    payloads::{GetMe, SendMessage},
    types::ChatId,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::oneshot,
};

use super::bot_api::{Say, Stand, TOKEN, no, server_errors, wait};
use crate::{
    chat::{
        message::{Button, Content, Message},
        place::Place,
    },
    clock,
    metrics::Metrics,
    telegram::{
        api::Api,
        fault::Fault,
        outbox::{Delivery, Outbox},
    },
};

const MINUTE: Duration = Duration::from_secs(60);

fn outbox(url: &reqwest::Url) -> Outbox {
    Outbox::new(Api::new(&TOKEN.into(), url, None).unwrap(), Metrics::default())
}

/// A text, a text with buttons, a photo, a photo with buttons; each with its method.
fn messages() -> [(&'static str, Message); 4] {
    let button = || vec![vec![Button { text: "1d".into(), data: "/chart 1d polygon".into() }]];
    let (text, photo) = (Message::text("level"), Message::photo(Bytes::from_static(b"PNG"), "level"));
    [
        ("sendmessage", text.clone()),
        ("sendmessage", text.with_buttons(button())),
        ("sendphoto", photo.clone()),
        ("sendphoto", photo.with_buttons(button())),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_message_arrives_with_its_id_and_its_buttons() {
    let stand = Stand::new().await;
    let outbox = outbox(&stand.url);
    for (count, (method, message)) in messages().iter().enumerate() {
        stand.say(method, Say::Ok(json!({"message_id": 31, "of": "next year"})));
        let delivery = outbox.send(Place::chat(7), None, message, clock::now() + MINUTE).await;
        assert_eq!(delivery, Delivery::Arrived(Some(31)));
        let body = stand.hears(method, 1 + count % 2).await.pop().unwrap();
        assert!(body.contains("level"));
        assert_eq!(body.contains("/chart 1d polygon"), !message.buttons.is_empty(), "{body}");
    }
    let [.., (_, photo)] = messages();
    let Content::Photo(picture) = &photo.content else { panic!("{photo:?}") };
    let edited = outbox.edit(7, 31, picture, &photo.buttons, clock::now() + MINUTE).await;
    assert_eq!(edited, Delivery::Arrived(Some(1)));
}

#[tokio::test(start_paused = true)]
async fn whether_it_arrived_is_known_or_not() {
    let stand = Stand::new().await;
    let outbox = outbox(&stand.url);
    let refused = no(403, "Forbidden: bot was blocked by the user");
    let certain = [(refused, Some(Fault::Blocked)), (wait(3_600), None), (no(400, "Bad Request: x"), None)];
    let unknown = server_errors().into_iter().chain([Say::Nothing, Say::Half, Say::Html(200)]);
    for (method, message) in messages() {
        for (say, fault) in certain.clone() {
            stand.say(method, say);
            let delivery = outbox.send(Place::chat(7), None, &message, clock::now() + MINUTE).await;
            let Delivery::Failed(failed) = delivery else { panic!("{delivery:?}") };
            assert!(fault.is_none_or(|fault| fault == failed), "{failed}");
        }
        for say in unknown.clone() {
            let count = stand.hears(method, 0).await.len();
            stand.say(method, say);
            let delivery = outbox.send(Place::chat(7), None, &message, clock::now() + MINUTE).await;
            assert!(matches!(delivery, Delivery::Unknown(_)), "{delivery:?}");
            assert_eq!(stand.hears(method, 0).await.len(), count + 1, "not sent again");
        }
    }
}

/// Answers one request on each connection, keeps it alive, and closes it upon the next one.
async fn closes_under_the_second_request(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut request = [0; 4_096];
            if stream.read(&mut request).await.unwrap() > 0 {
                let body = r#"{"ok":true,"result":{"message_id":31}}"#;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = stream.read(&mut request).await;
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_survives_a_closed_connection_and_a_message_is_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(closes_under_the_second_request(listener));
    let api = Api::new(&TOKEN.into(), &url, None).unwrap();
    for _ in 0..3 {
        assert_eq!(api.ask(&GetMe::new()).await, Ok(json!({"message_id": 31})));
    }
    // The connection of the last question is the one that is closed under this message.
    let message = SendMessage::new(ChatId(7), "level");
    assert_eq!(api.act(&message).await, Err(Fault::Unanswered(Failure::Connect)));
}

#[tokio::test]
async fn a_refusal_shows_no_token_that_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let (asked, is_asked) = oneshot::channel();
    let (renewed, is_renewed) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        asked.send(()).unwrap();
        is_renewed.await.unwrap();
        let body = format!(r#"{{"ok":false,"error_code":400,"description":"no way to bot{TOKEN}/getMe"}}"#);
        let answer = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let api = Api::new(&TOKEN.into(), &url, None).unwrap();
    let replaced = async {
        is_asked.await.unwrap();
        assert!(api.renew(&"123456:another".into()));
        renewed.send(()).unwrap();
    };
    let question = GetMe::new();
    let (answer, ()) = tokio::join!(api.ask(&question), replaced);
    assert_eq!(answer, Err(Fault::Rejected("no way to bot…/getMe".into())));
}

#[tokio::test(start_paused = true)]
async fn attempts_end_with_the_deadline() {
    let [(_, message), ..] = messages();
    // Nobody listens on this port any more.
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
    };
    let (begin, deadline) = (clock::now(), clock::now() + MINUTE);
    let delivery = outbox(&gone).send(Place::chat(7), None, &message, deadline).await;
    assert_eq!(delivery, Delivery::Failed(Fault::NoConnection));
    // 1 + 2 + 4 + 8 + 16 s; 32 s more would be too late.
    assert_eq!(clock::since(begin).as_secs(), 31);
}
