//! What is refused, and a message that holds very much.

use reqwest::{Client, StatusCode, header::AUTHORIZATION};
use serde_json::json;

use super::{firing, texts, webhook};
use crate::{
    config::{Credentials, HttpConfig},
    telegram::tests::{
        bot_api::{Stand, TOKEN},
        running::{Log, Running, SECRET},
    },
};

#[tokio::test(start_paused = true)]
async fn what_is_refused_says_why() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    let good = webhook(&[firing('1')]);
    let mut old = good.clone();
    old["version"] = json!("3");
    let mut large = good.clone();
    large["padding"] = json!("x".repeat(1 << 20));
    for (secret, body, status, reason) in [
        ("wrong", good.to_string(), 401, "the secret is missing or wrong"),
        ("", good.to_string(), 401, "the secret is missing or wrong"),
        (SECRET, "<html>".into(), 400, "the body is not a JSON object"),
        (SECRET, old.to_string(), 400, "the version is \"3\"; only \"4\" is understood"),
        (SECRET, large.to_string(), 413, "the body is larger than 1 MiB"),
        ("wrong", large.to_string(), 401, "the secret"),
    ] {
        let (found, text) = running.post(secret, body).await;
        assert_eq!(found.as_u16(), status, "{text}");
        assert!(text.starts_with(reason) && !text.contains(SECRET), "{text}");
    }
    let url = running.pages.join("alerts").unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let without = client.post(url.clone()).body(good.to_string()).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    for scheme in ["Basic", "Secret"] {
        let other = client.post(url.clone()).header(AUTHORIZATION, format!("{scheme} {SECRET}"));
        assert_eq!(other.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{scheme}");
    }
    assert_eq!(client.get(url).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(texts(&stand).await, [""; 0]);
    for (result, count) in [("unauthorized", 6), ("malformed", 2), ("too_large", 1), ("ok", 0)] {
        let counter = format!("alert_webhooks_total{{result=\"{result}\"}}");
        assert_eq!(running.metrics(&counter), [format!("{counter} {count}")]);
    }
    running.stop().await;
}

#[tokio::test]
async fn behind_a_login_alerts_need_their_secret_alone() {
    let (stand, folder) = (Stand::new().await, tempfile::tempdir().unwrap());
    let web_config = folder.path().join("web.yml");
    let users = "basic_auth_users: {ada: $2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu}";
    std::fs::write(&web_config, users).unwrap();
    let running = Running::behind(&stand, "7", web_config);
    let body = webhook(&[firing('1')]).to_string();
    assert_eq!(running.post("wrong", body.clone()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(running.post(SECRET, body).await.0, StatusCode::OK);
    let client = Client::builder().no_proxy().build().unwrap();
    for path in ["", "metrics", "-/healthy", "alerts"] {
        let get = async |password: &str| {
            let request = client.get(running.pages.join(path).unwrap()).basic_auth("ada", Some(password));
            request.send().await.unwrap().status()
        };
        assert_eq!(get("s3cres").await, StatusCode::UNAUTHORIZED, "{path}");
        assert_ne!(get("s3cret").await, StatusCode::UNAUTHORIZED, "{path}");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn another_secret_is_in_force_once_it_is_read() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    let log = Log::begin();
    let credentials = |token: &str| Credentials {
        token: token.into(),
        alerts: Some("another s3cret".into()),
        prometheus: HttpConfig::default(),
        alertmanager: None,
    };
    // The messages go on by the token of before: another bot has messages of its own.
    for token in ["9:another-bot", TOKEN] {
        running.renewal.send(credentials(token)).await.unwrap();
    }
    let mut news = Vec::new();
    while news.iter().filter(|line: &&String| line.contains("secret files re-read")).count() < 2 {
        tokio::task::yield_now().await;
        news.extend(log.news());
    }
    assert!(news.iter().any(|line| line.contains("it is that of another bot")), "{news:?}");
    let alert = webhook(&[firing('1')]).to_string();
    assert_eq!(running.post(SECRET, alert.clone()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(running.post("another s3cret", alert).await.0, StatusCode::OK);
    assert_eq!(texts(&stand).await.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_chats_there_is_no_such_page() {
    let stand = Stand::new().await;
    let running = Running::at(&stand);
    let (status, text) = running.post(SECRET, webhook(&[firing('1')]).to_string()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("--telegram.alert-chats"), "{text}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_alerts_are_one_message_and_an_odd_one_costs_none() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    let numbered = |number: u32| {
        let mut alert = firing('0');
        alert["fingerprint"] = json!(format!("{number:016x}"));
        alert
    };
    let mut alerts: Vec<_> = (0..1_000).map(numbered).collect();
    alerts[500]["fingerprint"] = json!("odd");
    let mut body = webhook(&alerts);
    body["truncatedAlerts"] = json!(30);
    for _ in 0..2 {
        assert_eq!(running.post(SECRET, body.to_string()).await.0, StatusCode::OK);
    }
    let said = texts(&stand).await;
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("🔴 999 alerts\n") && said[0].contains("\nAlertmanager left out 30 more"),
        "{said:?}"
    );
    assert!(said[0].encode_utf16().count() <= 1_024);
    assert_eq!(running.metrics("alerts_truncated_total"), ["alerts_truncated_total 60"]);
    assert_eq!(running.metrics("alerts_unreadable_total"), ["alerts_unreadable_total 2"]);
    stand.hears("editmessagemedia", 1).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_alert_without_labels_or_annotations_arrives() {
    let stand = Stand::new().await;
    let running = Running::with_alerts(&stand, "7");
    let mut test = firing('1');
    test["labels"] = json!({"alertname": "two\nlines \u{202e}", "network": "", "long": "x".repeat(100_000)});
    test["annotations"] = json!({});
    assert_eq!(running.alerts(&[test]).await, 200);
    let said = texts(&stand).await;
    assert!(said[0].starts_with("⚪ two lines\nsince "), "{said:?}");
    running.stop().await;
    assert_eq!(stand.hears("editmessagemedia", 0).await.len(), 0, "it is about no network");
}
