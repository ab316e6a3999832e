//! The methods of the Bot API that a bot of this kind needs, one function each;
//! those about messages are in `messages`
//! (<https://core.telegram.org/bots/api#available-methods>).

use serde_json::{Value, json};

use super::access::{self, Access};
use super::messages;
use super::objects::BotCommand;
use super::params::Params;
use super::state::State;
use super::trouble::Refusal;

const MAX_CALLBACK_ANSWER: usize = 200;
const MAX_COMMANDS: usize = 100;

/// What a call leads to.
pub type Outcome = Result<Value, Refusal>;
type Run = fn(&mut State, &Params, i64) -> Outcome;

/// A method: its name, the parameters it knows, what it does. `getUpdates` waits, so `api` has it.
pub struct Method {
    pub(super) name: &'static str,
    pub(super) params: &'static [&'static str],
    pub(super) run: Run,
}

const fn method(name: &'static str, params: &'static [&'static str], run: Run) -> Method {
    Method { name, params, run }
}

/// Every method. Parameters that change nothing a person sees here are taken and ignored.
const METHODS: [Method; 15] = [
    method("getMe", &[], get_me),
    method("deleteWebhook", &["drop_pending_updates"], delete_webhook),
    method("getWebhookInfo", &[], get_webhook_info),
    method("setMyCommands", &["commands", "scope", "language_code"], set_my_commands),
    method("getMyCommands", &["scope", "language_code"], get_my_commands),
    method(
        "sendMessage",
        &[
            "chat_id",
            "message_thread_id",
            "text",
            "parse_mode",
            "reply_parameters",
            "reply_markup",
            "link_preview_options",
            // The older name of the same, which Alertmanager still uses.
            "disable_web_page_preview",
            "disable_notification",
            "protect_content",
        ],
        messages::send_message,
    ),
    method(
        "sendPhoto",
        &[
            "chat_id",
            "message_thread_id",
            "photo",
            "caption",
            "parse_mode",
            "reply_parameters",
            "reply_markup",
            "disable_notification",
            "protect_content",
        ],
        messages::send_photo,
    ),
    method("editMessageMedia", &["chat_id", "message_id", "media", "reply_markup"], messages::edit_media),
    method(
        "editMessageCaption",
        &["chat_id", "message_id", "caption", "parse_mode", "reply_markup"],
        messages::edit_caption,
    ),
    method(
        "editMessageText",
        &["chat_id", "message_id", "text", "parse_mode", "reply_markup", "link_preview_options"],
        messages::edit_text,
    ),
    method("editMessageReplyMarkup", &["chat_id", "message_id", "reply_markup"], messages::edit_reply_markup),
    method(
        "answerCallbackQuery",
        &["callback_query_id", "text", "show_alert", "cache_time"],
        answer_callback_query,
    ),
    method("deleteMessage", &["chat_id", "message_id"], messages::delete),
    method("getChat", &["chat_id"], get_chat),
    method("sendChatAction", &["chat_id", "message_thread_id", "action"], send_chat_action),
];

/// The method of this name in any case.
pub fn find(name: &str) -> Option<&'static Method> {
    const { &METHODS }.iter().find(|method| method.name.eq_ignore_ascii_case(name))
}

fn get_me(state: &mut State, _: &Params, _: i64) -> Outcome {
    let mut me = json!(state.bot);
    me["can_join_groups"] = json!(true);
    for cannot in [
        "can_read_all_group_messages",
        "supports_inline_queries",
        "can_connect_to_business",
        "has_main_web_app",
    ] {
        me[cannot] = json!(false);
    }
    Ok(me)
}

fn delete_webhook(state: &mut State, params: &Params, _: i64) -> Outcome {
    if params.object("drop_pending_updates")? == Some(true) {
        state.updates.clear();
    }
    Ok(json!(true))
}

fn get_webhook_info(state: &mut State, _: &Params, _: i64) -> Outcome {
    let pending = state.updates.len();
    Ok(json!({"url": "", "has_custom_certificate": false, "pending_update_count": pending}))
}

/// Whose commands are meant: scope and language, as a key.
fn command_scope(params: &Params) -> Result<(String, String), Refusal> {
    const SCOPES: [&str; 7] = [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    ];
    let scope = params.object::<Value>("scope")?.unwrap_or_else(|| json!({"type": "default"}));
    if !scope["type"].as_str().is_some_and(|kind| SCOPES.contains(&kind)) {
        return Err(Refusal::bad_request("unsupported BotCommandScope type specified"));
    }
    let language = params.text("language_code").unwrap_or_default();
    if !language.is_empty() && (language.len() != 2 || !language.bytes().all(|b| b.is_ascii_lowercase())) {
        return Err(Refusal::bad_request("invalid language code specified"));
    }
    Ok((scope.to_string(), language.to_owned()))
}

fn set_my_commands(state: &mut State, params: &Params, _: i64) -> Outcome {
    let scope = command_scope(params)?;
    let mut commands: Vec<BotCommand> =
        params.object("commands")?.ok_or_else(|| Refusal::bad_request("can't find field \"commands\""))?;
    if commands.len() > MAX_COMMANDS {
        return Err(Refusal::bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    for entry in &mut commands {
        let name = entry.command.trim_start_matches('/').to_owned();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !(1..=32).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(Refusal::bad_request("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&entry.description.chars().count()) {
            return Err(Refusal::bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
        entry.command = name;
    }
    state.commands.insert(scope, commands);
    Ok(json!(true))
}

fn get_my_commands(state: &mut State, params: &Params, _: i64) -> Outcome {
    let commands = state.commands.get(&command_scope(params)?);
    Ok(commands.map_or_else(|| json!([]), |commands| json!(commands)))
}

fn answer_callback_query(state: &mut State, params: &Params, _: i64) -> Outcome {
    let text = params.text("text").unwrap_or_default();
    if text.chars().count() > MAX_CALLBACK_ANSWER {
        return Err(Refusal::bad_request("MESSAGE_TOO_LONG"));
    }
    let id = params.text("callback_query_id");
    let press = state.presses.iter_mut().find(|press| id == Some(&press.id) && press.answer.is_none());
    let press = press.ok_or_else(|| {
        Refusal::bad_request("query is too old and response timeout expired or query ID is invalid")
    })?;
    press.answer = Some(text.to_owned());
    Ok(json!(true))
}

fn send_chat_action(state: &mut State, params: &Params, _: i64) -> Outcome {
    const ACTIONS: [&str; 6] =
        ["typing", "upload_photo", "upload_document", "choose_sticker", "find_location", "record_video"];
    access::may_act(access::chat(state, params, Access::Write)?)?;
    if !params.text("action").is_some_and(|action| ACTIONS.contains(&action)) {
        return Err(Refusal::bad_request("wrong parameter action in request"));
    }
    Ok(json!(true))
}

/// <https://core.telegram.org/bots/api#chatfullinfo>; a chat that has blocked the bot is shown too.
fn get_chat(state: &mut State, params: &Params, _: i64) -> Outcome {
    let mut chat = json!(access::chat(state, params, Access::Read)?.chat);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false,
        "limited_gifts": false,
        "unique_gifts": false,
        "premium_subscription": false,
        "gifts_from_channels": false,
    });
    Ok(chat)
}

/// The id of the chat that is meant.
pub fn chat_id(params: &Params) -> Result<i64, Refusal> {
    params.number("chat_id")?.ok_or_else(|| Refusal::bad_request("chat_id is empty"))
}
