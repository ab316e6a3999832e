//! The whole loop over sockets, against a Bot API that misbehaves. Time is paused, and
//! all runs in one runtime: a pause is over as soon as nobody has anything left to do.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::Mutex,
};

use headlag_service::server::{self, typed};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, body};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

use super::*;
use crate::{
    access::{Access, User},
    chart::Theme,
    config::HttpConfig,
    picture::Painter,
    prometheus::Prometheus,
    stand,
};

const TOKEN: &str = "123456:s3cret";

/// What the Bot API answers, once.
#[derive(Clone)]
pub(super) enum Say {
    Ok(Value),
    No(u16, Value),
    Html(u16),
    Nothing,
}

/// A Bot API that first says what it is told to say, then behaves.
pub(super) struct Stand {
    pub(super) url: Url,
    says: Mutex<HashMap<String, VecDeque<Say>>>,
    /// Methods and bodies, in order.
    heard: watch::Sender<Vec<(String, String)>>,
}

impl Stand {
    pub(super) async fn new() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stand = Arc::new(Self {
            url: Url::parse(&url).unwrap(),
            says: Mutex::default(),
            heard: watch::Sender::default(),
        });
        let handler = {
            let stand = stand.clone();
            move |request| stand.clone().answer(request)
        };
        tokio::spawn(server::serve(listener, handler, pending()));
        stand
    }

    pub(super) fn say(&self, method: &str, say: Say) {
        let mut says = self.says.lock().unwrap();
        says.entry(method.to_owned()).or_default().push_back(say);
    }

    async fn answer(self: Arc<Self>, request: Request<body::Incoming>) -> server::Reply {
        if request.uri().path().starts_with("/api/") {
            return stand::answer(stand::Server::Behind, request).await;
        }
        let method = request.uri().path().strip_prefix(&format!("/bot{TOKEN}/"));
        let method = method.unwrap().to_lowercase();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        self.heard.send_modify(|heard| heard.push((method.clone(), body)));
        let told = self.says.lock().unwrap().get_mut(&method).and_then(VecDeque::pop_front);
        let (status, body) = match told {
            Some(Say::Ok(result)) => (200, json!({"ok": true, "result": result}).to_string()),
            Some(Say::No(status, body)) => (status, body.to_string()),
            Some(Say::Html(status)) => (status, "<html>Bad Gateway</html>".into()),
            Some(Say::Nothing) => pending().await,
            None => (200, json!({"ok": true, "result": usual(&method).await}).to_string()),
        };
        typed(StatusCode::from_u16(status).unwrap(), "application/json", body)
    }

    /// Waits until so many requests of a method have come.
    pub(super) async fn hears(&self, method: &str, count: usize) -> Vec<String> {
        let mut heard = self.heard.subscribe();
        let enough =
            |heard: &Vec<(String, String)>| heard.iter().filter(|(name, _)| name == method).count() >= count;
        let heard = heard.wait_for(enough).await.unwrap();
        let bodies = heard.iter().filter(|(name, _)| name == method);
        bodies.map(|(_, body)| body.clone()).collect()
    }
}

async fn usual(method: &str) -> Value {
    match method {
        "getme" => json!({
            "id": 1, "is_bot": true, "first_name": "headlag", "username": "headlag_bot",
            "can_join_groups": false, "can_read_all_group_messages": false,
            "supports_inline_queries": false, "has_main_web_app": false,
        }),
        "setmycommands" | "answercallbackquery" => json!(true),
        "getupdates" => {
            sleep(Duration::from_secs(POLL.into())).await;
            json!([])
        }
        _ => json!({
            "message_id": 1, "date": 0, "text": "sent",
            "chat": {"id": 7, "type": "private", "first_name": "A"},
        }),
    }
}

pub(super) fn update(id: u32, chat: i64, text: &str) -> Value {
    json!({"update_id": id, "message": {
        "message_id": id, "date": 0, "text": text,
        "from": {"id": chat, "is_bot": false, "first_name": "A"},
        "chat": {"id": chat, "type": "private", "first_name": "A"},
    }})
}

fn press(id: u32, chat: i64, message: i32, data: &str) -> Value {
    let from = json!({"id": chat, "is_bot": false, "first_name": "A"});
    json!({"update_id": id, "callback_query": {
        "id": format!("query-{id}"), "from": from, "chat_instance": "1", "data": data,
        "message": {
            "message_id": message, "date": 0, "text": "below which the button is",
            "chat": {"id": chat, "type": "private", "first_name": "A"},
        },
    }})
}

pub(super) struct Running {
    ready: Readiness,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Ended>>,
}

impl Running {
    fn at(stand: &Stand) -> Self {
        Self::by_way_of(None, stand.url.clone(), stand)
    }

    pub(super) fn by_way_of(proxy: Option<Proxy>, api_url: Url, stand: &Stand) -> Self {
        let metrics = Metrics::default();
        let prometheus = Prometheus::new(&stand.url, &HttpConfig::default()).unwrap();
        let painter = Painter::new(prometheus, TimeZone::UTC, Theme::Light, metrics.clone());
        let access = Access::new(vec![User::Id(7), User::Id(8)]);
        let conversation = Conversation::new(access, painter, metrics.clone());
        let telegram = Telegram::new(&TOKEN.into(), api_url, proxy, metrics).unwrap();
        let (stop, stopped) = oneshot::channel();
        let ready = Readiness::default();
        let stopped = async { stopped.await.unwrap() };
        let task = tokio::spawn(telegram.run(conversation, ready.clone(), stopped));
        Self { ready, stop, task }
    }

    pub(super) async fn stop(self) {
        self.stop.send(()).unwrap();
        assert_eq!(self.task.await.unwrap(), Ok(()));
    }
}

fn no(status: u16, description: &str) -> Say {
    Say::No(status, json!({"ok": false, "error_code": status, "description": description}))
}

fn wait(seconds: u32) -> Say {
    let parameters = json!({"retry_after": seconds});
    let description = format!("Too Many Requests: retry after {seconds}");
    Say::No(
        429,
        json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters}),
    )
}

fn conflict() -> Say {
    no(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
}

#[tokio::test(start_paused = true)]
async fn it_recovers_by_itself_and_answers_once() {
    for method in ["getme", "getupdates"] {
        for (trouble, at_least) in [
            (wait(77), 77),
            (Say::Html(502), 1),
            (no(502, "Bad Gateway"), 1),
            (Say::Html(200), 1),
            (Say::Nothing, 40),
            (conflict(), 1),
            (no(401, "Unauthorized"), 1),
        ] {
            let stand = Stand::new().await;
            stand.say(method, trouble);
            stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help")])));
            let begin = Instant::now();
            let running = Running::at(&stand);
            let sent = stand.hears("sendmessage", 1).await;
            assert!(begin.elapsed() >= Duration::from_secs(at_least), "{method}");
            assert!(sent[0].contains("/hour"));
            assert!(running.ready.is_reached(Instant::now()));
            let polls = stand.hears("getupdates", 3).await;
            assert!(polls.last().unwrap().contains("\"offset\":6"));
            running.stop().await;
            let sent = stand.hears("sendmessage", 1).await;
            assert_eq!(sent.len(), 1, "{method}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_knows_ends_it() {
    for method in ["getme", "getupdates"] {
        for refusal in [no(401, "Unauthorized"), no(404, "Not Found")] {
            let stand = Stand::new().await;
            for _ in 0..3 {
                stand.say(method, refusal.clone());
            }
            let running = Running::at(&stand);
            let told = running.task.await.unwrap().unwrap_err().to_string();
            assert!(told.contains("--telegram.token-file"));
            assert!(!told.contains("s3cret"));
        }
    }
}

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
    assert!(polls[0].contains("\"timeout\":0") && polls[1].contains("\"timeout\":30"));
    assert!(polls[0].contains("[\"message\",\"callback_query\"]"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_what_waited_each_chats_newest_command_is_answered() {
    let stand = Stand::new().await;
    let waited =
        [update(1, 7, "/help"), update(2, 7, "/nothing"), update(3, 7, "hello?"), update(4, 8, "/help")];
    stand.say("getupdates", Say::Ok(json!(waited)));
    let running = Running::at(&stand);
    stand.hears("sendmessage", 2).await;
    stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help"), update(6, 7, "/help")])));
    let sent = stand.hears("sendmessage", 4).await;
    running.stop().await;
    let chats = |chat: &str| sent.iter().filter(|body| body.contains(chat)).count();
    assert_eq!((chats("\"chat_id\":7"), chats("\"chat_id\":8")), (3, 1));
    assert!(sent[..2].iter().any(|body| body.contains("I know /hour")));
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_sent_again_only_when_it_surely_did_not_arrive() {
    for (trouble, attempts) in [
        (wait(9), 2),
        (Say::Html(502), 1),
        (Say::Nothing, 1),
        (no(403, "Forbidden: bot was blocked by the user"), 1),
    ] {
        let stand = Stand::new().await;
        stand.say("sendmessage", trouble);
        stand.say("getupdates", Say::Ok(json!([update(1, 7, "/help")])));
        let running = Running::at(&stand);
        stand.hears("sendmessage", attempts).await;
        // Long enough for whatever might still be tried.
        stand.hears("getupdates", 6).await;
        running.stop().await;
        assert_eq!(stand.hears("sendmessage", 0).await.len(), attempts);
    }
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
async fn what_was_taken_is_confirmed_when_it_stops() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([update(41, 7, "/help")])));
    let running = Running::at(&stand);
    stand.hears("sendmessage", 1).await;
    running.stop().await;
    let polls = stand.hears("getupdates", 2).await;
    assert!(polls.last().unwrap().contains("\"offset\":42"), "{polls:?}");
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
    let heard = stand.heard.borrow().clone();
    let place = |method: &str| heard.iter().position(|(name, _)| name == method).unwrap();
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
