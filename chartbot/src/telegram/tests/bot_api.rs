//! A Bot API that misbehaves on demand, and is strict otherwise.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use headlag_service::server::{self, typed};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, body};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout, timeout_at},
};

use crate::{clock, samples::stand, telegram::poll::FULL_BATCH};

pub const TOKEN: &str = "123456:s3cret";
/// Nothing takes longer; it passes at once, since time is paused.
const PATIENCE: Duration = Duration::from_secs(7_200);

/// What the Bot API answers.
#[derive(Clone)]
pub enum Say {
    Ok(Value),
    No(u16, Value),
    Html(u16),
    Nothing,
    /// An answer that breaks off.
    Half,
    /// The right answer after so long.
    Slow(Duration),
}

/// JSON as the Bot API sends it when it fails, and the page of a gateway before it.
pub fn server_errors() -> [Say; 5] {
    let [internal, bad, away] =
        [(500, "Internal Server Error: restart"), (502, "Bad Gateway"), (503, "Service Unavailable")]
            .map(|(status, description)| no(status, description));
    [internal, bad, away, Say::Html(502), Say::Html(500)]
}

pub fn no(status: u16, description: &str) -> Say {
    Say::No(status, json!({"ok": false, "error_code": status, "description": description}))
}

pub fn wait(seconds: u32) -> Say {
    let parameters = json!({"retry_after": seconds});
    let description = format!("Too Many Requests: retry after {seconds}");
    Say::No(
        429,
        json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters}),
    )
}

pub fn conflict() -> Say {
    no(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
}

/// A Bot API that first says what a test wants, then behaves; and a Prometheus, whose queries
/// count as the method `prometheus`.
pub struct Stand {
    pub url: Url,
    world: watch::Sender<World>,
}

struct World {
    /// What answers where Prometheus should be.
    prometheus: stand::Server,
    /// What is said instead of the right answer, once, by method; or by method, colon, chat.
    says: HashMap<String, VecDeque<Say>>,
    /// What is said to everything else, and until when.
    away: Option<(Say, Instant)>,
    /// What was sent to the bot, until it is confirmed.
    waiting: Vec<Value>,
    /// Methods and bodies, in order.
    heard: Vec<(String, String)>,
}

impl Default for World {
    fn default() -> Self {
        let (says, heard) = Default::default();
        Self { prometheus: stand::Server::Behind, says, away: None, waiting: Vec::new(), heard }
    }
}

impl World {
    fn away(&self) -> Option<Say> {
        let (say, until) = self.away.clone()?;
        (clock::now() < until).then_some(say)
    }
}

impl Stand {
    pub async fn new() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let stand = Arc::new(Self { url, world: watch::Sender::default() });
        let handler = {
            let stand = stand.clone();
            move |request| stand.clone().answer(request)
        };
        tokio::spawn(server::serve(listener, handler, pending()));
        stand
    }

    pub fn say(&self, method: &str, say: Say) {
        self.world.send_modify(|world| world.says.entry(method.to_owned()).or_default().push_back(say));
    }

    /// Says this to one request of a method about one chat.
    pub fn say_to(&self, method: &str, chat: i64, say: Say) {
        self.say(&format!("{method}:{chat}"), say);
    }

    /// Prometheus is like this from now on.
    pub fn has_prometheus(&self, server: stand::Server) {
        self.world.send_modify(|world| world.prometheus = server);
    }

    /// Says this and nothing else for so long, also to polls that wait now.
    pub fn be_away(&self, say: Say, time: Duration) {
        self.world.send_modify(|world| world.away = Some((say, clock::now() + time)));
    }

    /// Somebody sends something to the bot.
    pub fn send(&self, updates: impl IntoIterator<Item = Value>) {
        self.world.send_modify(|world| world.waiting.extend(updates));
    }

    async fn answer(self: Arc<Self>, request: Request<body::Incoming>) -> server::Reply {
        let path = request.uri().path().to_owned();
        let method = path.strip_prefix(&format!("/bot{TOKEN}/"));
        if let Some(method) = method.map(str::to_lowercase) {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            check(&method, &body);
            let say = match self.hear(&method, &body) {
                Some(Say::Slow(time)) => {
                    sleep(time).await;
                    self.usual(&method, &body).await
                }
                Some(say) => say,
                None => self.usual(&method, &body).await,
            };
            let (status, body) = match say {
                Say::Ok(result) => (200, json!({"ok": true, "result": result}).to_string()),
                Say::No(status, body) => (status, body.to_string()),
                Say::Html(status) => (status, "<html>Bad Gateway</html>".into()),
                Say::Nothing => pending().await,
                Say::Half => (200, "{\"ok\":tr".into()),
                Say::Slow(_) => unreachable!("it has become the right answer"),
            };
            return typed(StatusCode::from_u16(status).unwrap(), "application/json", body);
        }
        assert!(path.starts_with("/api/"), "{path}");
        match self.hear("prometheus", "") {
            Some(_) => pending().await,
            None => {
                let server = self.world.borrow().prometheus;
                stand::answer(server, request).await
            }
        }
    }

    /// Takes note of a request; returns what is said instead of the right answer.
    fn hear(&self, method: &str, body: &str) -> Option<Say> {
        let mut instead = None;
        self.world.send_modify(|world| {
            world.heard.push((method.to_owned(), body.to_owned()));
            let of_chat = format!("{method}:{}", chat(body).unwrap_or_default());
            instead = world.says.get_mut(&of_chat).and_then(VecDeque::pop_front);
            instead = instead.take().or_else(|| world.says.get_mut(method).and_then(VecDeque::pop_front));
            instead = instead.take().or_else(|| world.away().filter(|_| method != "prometheus"));
        });
        instead
    }

    async fn usual(&self, method: &str, body: &str) -> Say {
        Say::Ok(match method {
            "getme" => json!({
                "id": 1, "is_bot": true, "first_name": "headlag", "username": "headlag_bot",
                "can_join_groups": false, "can_read_all_group_messages": false,
                "supports_inline_queries": false, "has_main_web_app": false,
            }),
            "setmycommands" | "answercallbackquery" | "sendchataction" => json!(true),
            "getupdates" => return self.updates(&serde_json::from_str(body).unwrap()).await,
            "sendmessage" | "sendphoto" => {
                let is_message = |method: &&String| ["sendmessage", "sendphoto"].contains(&method.as_str());
                let count = self.heard().iter().filter(is_message).count();
                json!({
                    "message_id": count, "date": 0, "text": "sent",
                    "chat": {"id": 7, "type": "private", "first_name": "A"},
                })
            }
            _ => json!({
                "message_id": 1, "date": 0, "text": "sent",
                "chat": {"id": 7, "type": "private", "first_name": "A"},
            }),
        })
    }

    async fn updates(&self, params: &Value) -> Say {
        let until = clock::now() + Duration::from_secs(params["timeout"].as_u64().unwrap());
        let offset = params["offset"].as_i64().unwrap_or_default();
        self.world.send_modify(|world| world.waiting.retain(|update| id(update) >= offset));
        let mut world = self.world.subscribe();
        let news = world.wait_for(|world| world.away().is_some() || !world.waiting.is_empty());
        match timeout_at(until.into(), news).await {
            Err(_) => Say::Ok(json!([])),
            Ok(world) => {
                let world = world.unwrap();
                world.away().unwrap_or_else(|| {
                    Say::Ok(world.waiting.iter().take(FULL_BATCH).cloned().collect::<Value>())
                })
            }
        }
    }

    /// Waits until so many requests of a method have come; returns the bodies of all.
    pub async fn hears(&self, method: &str, count: usize) -> Vec<String> {
        let of_method = |world: &World| {
            let bodies = world.heard.iter().filter(|(name, _)| name == method);
            bodies.map(|(_, body)| body.clone()).collect::<Vec<_>>()
        };
        let mut world = self.world.subscribe();
        let heard = world.wait_for(|world| of_method(world).len() >= count);
        match timeout(PATIENCE, heard).await {
            Ok(world) => of_method(&world.unwrap()),
            Err(_) => panic!("{method} came {} times, not {count}", of_method(&self.world.borrow()).len()),
        }
    }

    /// The methods that were asked for, in order.
    pub fn heard(&self) -> Vec<String> {
        self.world.borrow().heard.iter().map(|(method, _)| method.clone()).collect()
    }
}

/// The chat that a request is about, in JSON or as a field of a form.
fn chat(body: &str) -> Option<i64> {
    match serde_json::from_str::<Value>(body) {
        Ok(body) => body["chat_id"].as_i64(),
        Err(_) => body.split_once("name=\"chat_id\"\r\n\r\n")?.1.lines().next()?.parse().ok(),
    }
}

/// What the Bot API would refuse is a mistake of the bot
/// (<https://core.telegram.org/bots/api#sendmessage>).
fn check(method: &str, body: &str) {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return };
    let length = |name: &str| body[name].as_str().map_or(0, |text| text.encode_utf16().count());
    if ["sendmessage", "editmessagetext"].contains(&method) {
        assert!((1..=4_096).contains(&length("text")), "{body}");
        assert_eq!(body["link_preview_options"], json!({"is_disabled": true}), "{body}");
    }
    let reply = &body["reply_parameters"];
    assert!(reply.is_null() || reply["allow_sending_without_reply"] == true, "{body}");
    let rows = body["reply_markup"]["inline_keyboard"].as_array().into_iter().flatten();
    for button in rows.flat_map(|row| row.as_array().unwrap()) {
        let data = button["callback_data"].as_str().unwrap();
        assert!((1..=64).contains(&data.len()), "{body}");
    }
}

fn id(update: &Value) -> i64 {
    update["update_id"].as_i64().unwrap()
}

pub fn update(id: u32, chat: i64, text: &str) -> Value {
    message(id, chat, "text", json!(text))
}

/// A message that holds something else than a text.
pub fn message(id: u32, chat: i64, kind: &str, what: Value) -> Value {
    json!({"update_id": id, "message": {
        "message_id": id, "date": 0, kind: what,
        "from": {"id": chat, "is_bot": false, "first_name": "A"},
        "chat": {"id": chat, "type": "private", "first_name": "A"},
    }})
}

pub fn press(id: u32, chat: i64, message: i32, data: &str) -> Value {
    let from = json!({"id": chat, "is_bot": false, "first_name": "A"});
    json!({"update_id": id, "callback_query": {
        "id": format!("query-{id}"), "from": from, "chat_instance": "1", "data": data,
        "message": {
            "message_id": message, "date": 0, "text": "below which the button is",
            "chat": {"id": chat, "type": "private", "first_name": "A"},
        },
    }})
}
