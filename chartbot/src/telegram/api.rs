//! One request to the Bot API: a payload in, its result or a [`Fault`] out.
//!
//! teloxide describes the requests. They are sent here rather than by its `Bot`, which
//! (teloxide-core 0.13) hides the status and `error_code` of an answer, takes 10 s to report a
//! failure of the server, and loses an update of which it cannot read one part.
//!
//! Source: <https://core.telegram.org/bots/api#making-requests>.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use headlag_service::outbound::{self, Failure, Renewed};
use reqwest::{
    Client, Proxy, RequestBuilder, Url,
    multipart::{Form, Part},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use teloxide::{
    ApiError,
    requests::Payload,
    types::{FileId, InputFile},
};

use super::fault::Fault;
use crate::foreign::Secrets;

/// For any request; longer than a poll.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// More than a hundred updates of the largest kind.
const ANSWER_LIMIT: usize = 32 << 20;
/// Where Telegram sends no `retry_after` with its 429.
const USUAL_PAUSE: u64 = 3;
/// The longest `retry_after` that is believed.
const LONGEST_RETRY_AFTER: u64 = 24 * 3_600;
/// The name under which a photo is uploaded.
const PHOTO: &str = "photo_file";

/// The Bot API server, as the bot of one token sees it. Clones share the token.
#[derive(Clone)]
pub struct Api {
    client: Arc<Renewed>,
    url: Url,
    bot: Arc<ArcSwap<Bot>>,
}

/// What the token makes of the URL.
struct Bot {
    /// The part of the token before the colon.
    id: String,
    /// Without a slash at the end; holds the token.
    base: SecretString,
    secrets: Secrets,
}

impl Bot {
    fn new(token: &SecretString, api_url: &Url) -> Self {
        let base = format!("{}/bot{}", api_url.as_str().trim_end_matches('/'), token.expose_secret());
        let secrets = Secrets::default().of_url(api_url).and(token.expose_secret());
        let id = token.expose_secret().split(':').next().unwrap_or_default().to_owned();
        Self { id, base: base.into(), secrets }
    }

    fn post<P: Payload>(&self, client: &Client) -> RequestBuilder {
        client.post(format!("{}/{}", self.base.expose_secret(), P::NAME))
    }

    /// A server of one's own, or a gateway, may describe a refusal with the path, which holds the
    /// token.
    fn shown(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Rejected(words) => Fault::Rejected(self.secrets.passed_on(&words)),
            fault => fault,
        }
    }
}

impl Api {
    /// The server at `api_url`, reached through a proxy if there is one.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(token: &SecretString, api_url: &Url, proxy: Option<Proxy>) -> reqwest::Result<Self> {
        let client = Renewed::new(move || {
            let client = outbound::client(REQUEST_TIMEOUT);
            match &proxy {
                Some(proxy) => client.proxy(proxy.clone()),
                None => client,
            }
        })?;
        let bot = Arc::new(ArcSwap::from_pointee(Bot::new(token, api_url)));
        Ok(Self { client: Arc::new(client), url: api_url.clone(), bot })
    }

    /// Sends `token` from now on; whether it is one of the same bot. The messages of another one
    /// are counted anew, so that is for a restart.
    #[must_use]
    pub fn renew(&self, token: &SecretString) -> bool {
        let renewed = Bot::new(token, &self.url);
        let is_same = renewed.id == self.bot.load().id;
        if is_same {
            self.bot.store(Arc::new(renewed));
        }
        is_same
    }

    /// Sends a request that may safely be repeated, such as a question; it is repeated once if
    /// the server closes a kept-alive connection under it.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn ask<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, Fault> {
        let bot = self.bot.load_full();
        let request = |client: Client| exchange(bot.post::<P>(&client).json(payload));
        let failure = |fault: &Fault| match fault {
            Fault::Unanswered(failure) => Some(*failure),
            _ => None,
        };
        self.client.ask(request, failure).await.map_err(|fault| bot.shown(fault))
    }

    /// Sends a request that must not be repeated, such as a new message.
    ///
    /// # Errors
    /// Why there is no result. It may have been carried out nevertheless: see
    /// [`Fault::may_have_arrived`].
    pub async fn act<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, Fault> {
        let bot = self.bot.load_full();
        let answer = exchange(bot.post::<P>(&self.client.client()).json(payload)).await;
        answer.map_err(|fault| bot.shown(fault))
    }

    /// The same with a PNG file, which `payload` names by [`uploaded_photo`].
    ///
    /// # Errors
    /// As [`Api::act`].
    pub async fn upload<P: Payload + Serialize>(&self, payload: &P, png: Bytes) -> Result<Value, Fault> {
        let part = Part::stream_with_length(png.clone(), png.len() as u64).file_name("headlag.png");
        let mut form = Form::new().part(PHOTO, part);
        if let Ok(Value::Object(fields)) = serde_json::to_value(payload) {
            for (name, value) in fields {
                form = match value {
                    Value::String(text) => form.text(name, text),
                    value => form.text(name, value.to_string()),
                };
            }
        }
        let bot = self.bot.load_full();
        let answer = exchange(bot.post::<P>(&self.client.client()).multipart(form)).await;
        answer.map_err(|fault| bot.shown(fault))
    }
}

/// How a payload refers to the photo that is uploaded with it.
pub fn uploaded_photo() -> InputFile {
    InputFile::file_id(FileId(format!("attach://{PHOTO}")))
}

async fn exchange(request: RequestBuilder) -> Result<Value, Fault> {
    let response = request.send().await.map_err(|error| {
        let failure = outbound::classify(&error);
        // A request that could not be built was not sent either.
        let was_sent = !error.is_connect() && !error.is_builder();
        match failure {
            failure if was_sent => Fault::Unanswered(failure),
            Failure::Tls => Fault::Tls,
            _ => Fault::NoConnection,
        }
    })?;
    let status = response.status().as_u16();
    let body = outbound::read_body(response, ANSWER_LIMIT).await;
    // Of an answer that breaks off, the status alone says that the server failed.
    body.map_err(Fault::Unanswered).and_then(|body| result(status, &body)).map_err(|fault| match fault {
        Fault::Unanswered(_) | Fault::Unintelligible if status >= 500 => Fault::Server(status),
        fault => fault,
    })
}

/// An answer of the Bot API. Everything but `ok` is read as it comes, so that a part of
/// an unknown form does not hide the rest.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error_code: Value,
    #[serde(default)]
    description: Value,
    #[serde(default)]
    parameters: Value,
}

/// PURE: the result within an answer, or why there is none.
pub fn result(status: u16, body: &[u8]) -> Result<Value, Fault> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Fault::Unintelligible)?;
    if answer.ok {
        return Ok(answer.result);
    }
    let code = answer.error_code.as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(status);
    Err(match code.max(status) {
        500.. => Fault::Server(code.max(status)),
        401 | 404 => Fault::Unauthorized,
        409 => Fault::Conflict,
        429 => {
            let seconds = answer.parameters["retry_after"].as_u64().unwrap_or(USUAL_PAUSE);
            Fault::TooMany(Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER)))
        }
        _ => match answer.parameters["migrate_to_chat_id"].as_i64() {
            Some(id) => Fault::Migrated(id),
            None => refusal(answer.description.as_str().unwrap_or_default()),
        },
    })
}

/// In descriptions of a topic that takes no messages.
const NO_TOPIC: [&str; 3] = ["message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"];
/// In descriptions of a group in which the bot may not write.
const NOT_IN_GROUP: [&str; 11] = [
    "bot was kicked",
    "bot is not a member",
    "the group chat was deleted",
    "group chat was deactivated",
    "group is deactivated",
    "not enough rights to send",
    "have no rights to send",
    "have no write access",
    "need administrator rights",
    "CHAT_WRITE_FORBIDDEN",
    "CHAT_SEND_PLAIN_FORBIDDEN",
];

/// PURE: what a refusal means. Descriptions that teloxide does not know are those of
/// <https://github.com/tdlib/telegram-bot-api>.
fn refusal(description: &str) -> Fault {
    let known = serde_json::from_value::<ApiError>(description.into());
    match known {
        Ok(ApiError::MessageNotModified) => Fault::Unchanged,
        Ok(ApiError::MessageToEditNotFound | ApiError::MessageCantBeEdited | ApiError::MessageIdInvalid) => {
            Fault::Gone
        }
        Ok(ApiError::InvalidQueryId) => Fault::TooOld,
        Ok(ApiError::BotBlocked | ApiError::UserDeactivated) => Fault::Blocked,
        _ if description.contains("query is too old") => Fault::TooOld,
        _ if description.contains("bot can't initiate conversation") => Fault::Blocked,
        _ if description.contains("chat not found") => Fault::NoSuchChat,
        _ if NO_TOPIC.iter().any(|words| description.contains(words)) => Fault::NoSuchTopic,
        _ if NOT_IN_GROUP.iter().any(|words| description.contains(words)) => Fault::Kicked,
        _ => Fault::Rejected(description.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(status: u16, body: &Value, want: &Result<Value, Fault>) {
        assert_eq!(result(status, body.to_string().as_bytes()), *want, "{status} {body}");
    }

    #[test]
    fn an_answer_is_a_result_or_a_fault() {
        check(200, &json!({"ok": true, "result": {"message_id": 5}}), &Ok(json!({"message_id": 5})));
        check(200, &json!({"ok": true}), &Ok(Value::Null));
        check(200, &json!({"no": "answer of the Bot API"}), &Err(Fault::Unintelligible));
        let refused = |code: u16, description: &str| json!({"ok": false, "error_code": code, "description": description});
        let seconds = |seconds| Fault::TooMany(Duration::from_secs(seconds));
        for (code, description, want) in [
            (400, "Bad Request: PHOTO_EXT_INVALID", Fault::Rejected("Bad Request: PHOTO_EXT_INVALID".into())),
            (400, "Bad Request: chat not found", Fault::NoSuchChat),
            (400, "Bad Request: message to edit not found", Fault::Gone),
            (400, "Bad Request: message thread not found", Fault::NoSuchTopic),
            (400, "Bad Request: TOPIC_CLOSED", Fault::NoSuchTopic),
            (400, "Bad Request: TOPIC_DELETED", Fault::NoSuchTopic),
            (400, "Bad Request: not enough rights to send text messages to the chat", Fault::Kicked),
            (400, "Bad Request: CHAT_WRITE_FORBIDDEN", Fault::Kicked),
            (403, "Forbidden: CHAT_WRITE_FORBIDDEN", Fault::Kicked),
            (400, "Bad Request: have no write access to the chat", Fault::Kicked),
            (401, "Unauthorized", Fault::Unauthorized),
            (403, "Forbidden: bot was blocked by the user", Fault::Blocked),
            (403, "Forbidden: user is deactivated", Fault::Blocked),
            (403, "Forbidden: bot can't initiate conversation with a user", Fault::Blocked),
            (403, "Forbidden: bot was kicked from the group chat", Fault::Kicked),
            (403, "Forbidden: bot was kicked from the supergroup chat", Fault::Kicked),
            (403, "Forbidden: bot is not a member of the supergroup chat", Fault::Kicked),
            (403, "Forbidden: bot is not a member of the channel chat", Fault::Kicked),
            (403, "Forbidden: the group chat was deleted", Fault::Kicked),
            (404, "Not Found", Fault::Unauthorized),
            (409, "Conflict: can't use getUpdates method while webhook is active", Fault::Conflict),
            (429, "Too Many Requests: retry later", seconds(USUAL_PAUSE)),
            (500, "Internal Server Error: restart", Fault::Server(500)),
            (502, "Bad Gateway", Fault::Server(502)),
            (503, "Service Unavailable", Fault::Server(503)),
        ] {
            check(code, &refused(code, description), &Err(want));
        }
        // What says the worse counts: a gateway may change the status, or write the body.
        check(502, &refused(400, "Bad Request"), &Err(Fault::Server(502)));
        check(200, &refused(500, "Internal Server Error"), &Err(Fault::Server(500)));
        check(503, &json!({"ok": false}), &Err(Fault::Server(503)));
        let mut upgraded = refused(400, "Bad Request: group chat was upgraded to a supergroup chat");
        upgraded["parameters"] = json!({"migrate_to_chat_id": -1_001_234_567_890_i64});
        check(400, &upgraded, &Err(Fault::Migrated(-1_001_234_567_890)));
        for (retry_after, want) in [(json!(77), 77), (json!("soon"), USUAL_PAUSE), (json!(u64::MAX), 86_400)]
        {
            let mut answer = refused(429, "Too Many Requests");
            answer["parameters"] = json!({"retry_after": retry_after});
            check(429, &answer, &Err(seconds(want)));
        }
    }
}
