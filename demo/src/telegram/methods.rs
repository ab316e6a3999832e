//! The methods of the Bot API that a bot of this kind needs, one function each
//! (<https://core.telegram.org/bots/api#available-methods>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::entities::{self, Entity};
use super::params::Params;
use super::photo;
use super::state::{BotCommand, Keyboard, Message, State};
use super::trouble::Refusal;

const MAX_TEXT: usize = 4096;
const MAX_CAPTION: usize = 1024;
const MAX_CALLBACK_DATA: usize = 64;
const MAX_CALLBACK_ANSWER: usize = 200;
const MAX_COMMANDS: usize = 100;

type Outcome = Result<Value, Refusal>;
type Run = fn(&mut State, &Params, i64) -> Outcome;

/// A method: its name, the parameters it knows, what it does. `getUpdates` waits and stands apart.
pub struct Method {
    pub(super) name: &'static str,
    pub(super) params: &'static [&'static str],
    pub(super) run: Run,
}

const fn method(name: &'static str, params: &'static [&'static str], run: Run) -> Method {
    Method { name, params, run }
}

/// Every method. Parameters that change nothing a person sees here are taken and ignored.
const METHODS: [Method; 13] = [
    method("getMe", &[], get_me),
    method("deleteWebhook", &["drop_pending_updates"], delete_webhook),
    method("getWebhookInfo", &[], get_webhook_info),
    method(
        "setMyCommands",
        &["commands", "scope", "language_code"],
        set_my_commands,
    ),
    method(
        "getMyCommands",
        &["scope", "language_code"],
        get_my_commands,
    ),
    method(
        "sendMessage",
        &[
            "chat_id",
            "text",
            "parse_mode",
            "reply_markup",
            "link_preview_options",
            "disable_notification",
            "protect_content",
        ],
        send_message,
    ),
    method(
        "sendPhoto",
        &[
            "chat_id",
            "photo",
            "caption",
            "parse_mode",
            "reply_markup",
            "disable_notification",
            "protect_content",
        ],
        send_photo,
    ),
    method(
        "editMessageMedia",
        &["chat_id", "message_id", "media", "reply_markup"],
        edit_media,
    ),
    method(
        "editMessageCaption",
        &[
            "chat_id",
            "message_id",
            "caption",
            "parse_mode",
            "reply_markup",
        ],
        edit_caption,
    ),
    method(
        "editMessageText",
        &[
            "chat_id",
            "message_id",
            "text",
            "parse_mode",
            "reply_markup",
            "link_preview_options",
        ],
        edit_text,
    ),
    method(
        "editMessageReplyMarkup",
        &["chat_id", "message_id", "reply_markup"],
        edit_reply_markup,
    ),
    method(
        "answerCallbackQuery",
        &["callback_query_id", "text", "show_alert", "cache_time"],
        answer_callback_query,
    ),
    method("sendChatAction", &["chat_id", "action"], send_chat_action),
];

/// The method of this name in any case.
pub fn find(name: &str) -> Option<&'static Method> {
    const { &METHODS }
        .iter()
        .find(|method| method.name.eq_ignore_ascii_case(name))
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
    let scope = params
        .object::<Value>("scope")?
        .unwrap_or_else(|| json!({"type": "default"}));
    if !scope["type"]
        .as_str()
        .is_some_and(|kind| SCOPES.contains(&kind))
    {
        return Err(Refusal::bad_request(
            "unsupported BotCommandScope type specified",
        ));
    }
    let language = params.text("language_code").unwrap_or_default();
    if !language.is_empty()
        && (language.len() != 2 || !language.bytes().all(|b| b.is_ascii_lowercase()))
    {
        return Err(Refusal::bad_request("invalid language code specified"));
    }
    Ok((scope.to_string(), language.to_owned()))
}

fn set_my_commands(state: &mut State, params: &Params, _: i64) -> Outcome {
    let scope = command_scope(params)?;
    let mut commands: Vec<BotCommand> = params
        .object("commands")?
        .ok_or_else(|| Refusal::bad_request("can't find field \"commands\""))?;
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

fn send_message(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = draft(state, params, now)?;
    (message.text, message.entities) = message_text(params)?;
    finish(state, message)
}

fn send_photo(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = draft(state, params, now)?;
    (message.caption, message.caption_entities) =
        caption(params.text("caption"), params.text("parse_mode"))?;
    attach_photo(state, params, &mut message, "photo", params.text("photo"))?;
    finish(state, message)
}

/// The `media` of editMessageMedia: <https://core.telegram.org/bots/api#inputmediaphoto>.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputMedia {
    #[serde(rename = "type")]
    kind: String,
    media: String,
    caption: Option<String>,
    parse_mode: Option<String>,
    /// Known and ignored.
    #[serde(rename = "show_caption_above_media")]
    _above: Option<bool>,
    /// Known and ignored.
    #[serde(rename = "has_spoiler")]
    _spoiler: Option<bool>,
}

fn edit_media(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = editable(state, params)?;
    let media: InputMedia = params
        .object("media")?
        .ok_or_else(|| Refusal::bad_request("can't find field \"media\""))?;
    if media.kind != "photo" {
        return Err(Refusal::bad_request(format!(
            "media of type \"{}\" is not known here",
            media.kind
        )));
    }
    (message.text, message.entities) = (None, Vec::new());
    (message.caption, message.caption_entities) =
        caption(media.caption.as_deref(), media.parse_mode.as_deref())?;
    attach_photo(state, params, &mut message, "media", Some(&media.media))?;
    replace(state, message, now)
}

fn edit_caption(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = editable(state, params)?;
    if message.photo.is_empty() {
        return Err(Refusal::bad_request(
            "there is no caption in the message to edit",
        ));
    }
    (message.caption, message.caption_entities) =
        caption(params.text("caption"), params.text("parse_mode"))?;
    replace(state, message, now)
}

fn edit_text(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = editable(state, params)?;
    if message.text.is_none() {
        return Err(Refusal::bad_request(
            "there is no text in the message to edit",
        ));
    }
    (message.text, message.entities) = message_text(params)?;
    replace(state, message, now)
}

fn edit_reply_markup(state: &mut State, params: &Params, now: i64) -> Outcome {
    let message = editable(state, params)?;
    replace(state, message, now)
}

fn answer_callback_query(state: &mut State, params: &Params, _: i64) -> Outcome {
    let text = params.text("text").unwrap_or_default();
    if text.chars().count() > MAX_CALLBACK_ANSWER {
        return Err(Refusal::bad_request("MESSAGE_TOO_LONG"));
    }
    let id = params.text("callback_query_id");
    let press = state
        .presses
        .iter_mut()
        .find(|press| id == Some(&press.id) && press.answer.is_none());
    let press = press.ok_or_else(|| {
        Refusal::bad_request("query is too old and response timeout expired or query ID is invalid")
    })?;
    press.answer = Some(text.to_owned());
    Ok(json!(true))
}

fn send_chat_action(state: &mut State, params: &Params, _: i64) -> Outcome {
    const ACTIONS: [&str; 6] = [
        "typing",
        "upload_photo",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video",
    ];
    chat_id(state, params)?;
    if !params
        .text("action")
        .is_some_and(|action| ACTIONS.contains(&action))
    {
        return Err(Refusal::bad_request("wrong parameter action in request"));
    }
    Ok(json!(true))
}

fn chat_id(state: &State, params: &Params) -> Result<i64, Refusal> {
    let id = params
        .number("chat_id")?
        .ok_or_else(|| Refusal::bad_request("chat_id is empty"))?;
    let not_found = || Refusal::bad_request("chat not found");
    state
        .chats
        .contains_key(&id)
        .then_some(id)
        .ok_or_else(not_found)
}

/// A new message of the bot with its buttons, not yet in its chat.
fn draft(state: &mut State, params: &Params, now: i64) -> Result<Message, Refusal> {
    let id = chat_id(state, params)?;
    let chat = state
        .chats
        .get(&id)
        .map(|conversation| conversation.chat.clone());
    let chat = chat.ok_or_else(|| Refusal::bad_request("chat not found"))?;
    let reply_markup = keyboard(params)?;
    let bot = state.bot.clone();
    let mut message = state.draft(bot, chat, now);
    message.reply_markup = reply_markup;
    Ok(message)
}

fn finish(state: &mut State, message: Message) -> Outcome {
    let answer = json!(message);
    state.keep(message);
    Ok(answer)
}

/// A copy of the message to edit, with the new buttons: an edit without buttons takes them away.
fn editable(state: &State, params: &Params) -> Result<Message, Refusal> {
    let chat = chat_id(state, params)?;
    let id = params.number("message_id")?;
    let found = state
        .chat(chat)
        .iter()
        .find(|message| Some(message.message_id) == id);
    let mut message = found
        .cloned()
        .ok_or_else(|| Refusal::bad_request("message to edit not found"))?;
    if message.from != state.bot {
        return Err(Refusal::bad_request("message can't be edited"));
    }
    message.reply_markup = keyboard(params)?;
    Ok(message)
}

fn replace(state: &mut State, mut message: Message, now: i64) -> Outcome {
    let messages = state.meet(&message.chat.clone());
    let old = messages
        .iter_mut()
        .find(|old| old.message_id == message.message_id);
    let old = old.ok_or_else(|| Refusal::bad_request("message to edit not found"))?;
    if *old == message {
        return Err(Refusal::bad_request(
            "message is not modified: specified new message content and reply markup are exactly \
             the same as a current content and reply markup of the message",
        ));
    }
    message.edit_date = Some(now);
    *old = message;
    Ok(json!(old))
}

fn message_text(params: &Params) -> Result<(Option<String>, Vec<Entity>), Refusal> {
    let (text, entities) = entities::parse(
        params.text("text").unwrap_or_default(),
        params.text("parse_mode"),
    )?;
    if text.trim().is_empty() {
        return Err(Refusal::bad_request("message text is empty"));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(Refusal::bad_request("message is too long"));
    }
    Ok((Some(text), entities))
}

fn caption(
    text: Option<&str>,
    mode: Option<&str>,
) -> Result<(Option<String>, Vec<Entity>), Refusal> {
    let (text, entities) = entities::parse(text.unwrap_or_default(), mode)?;
    if text.chars().count() > MAX_CAPTION {
        return Err(Refusal::bad_request("message caption is too long"));
    }
    Ok((Some(text).filter(|text| !text.is_empty()), entities))
}

fn keyboard(params: &Params) -> Result<Option<Keyboard>, Refusal> {
    let keyboard: Option<Keyboard> = params.object("reply_markup")?;
    for button in keyboard
        .iter()
        .flat_map(|keyboard| keyboard.inline_keyboard.iter().flatten())
    {
        let data = button.callback_data.as_ref().map(String::len);
        if data.is_some_and(|length| !(1..=MAX_CALLBACK_DATA).contains(&length)) {
            return Err(Refusal::bad_request("BUTTON_DATA_INVALID"));
        }
        if button.text.is_empty() || data.is_some() == button.url.is_some() {
            return Err(Refusal::bad_request(
                "can't parse inline keyboard button: a text and exactly one action are needed",
            ));
        }
    }
    Ok(keyboard.filter(|keyboard| keyboard.inline_keyboard.iter().any(|row| !row.is_empty())))
}

/// Puts an uploaded picture, or one that was uploaded before, into a message.
fn attach_photo(
    state: &mut State,
    params: &Params,
    message: &mut Message,
    parameter: &str,
    value: Option<&str>,
) -> Result<(), Refusal> {
    let known = value.and_then(|file_id| state.photos.get(file_id));
    let missing = || Refusal::bad_request(format!("there is no {parameter} in the request"));
    let picture = params
        .file(parameter, value)
        .or(known)
        .ok_or_else(missing)?
        .clone();
    let size = photo::check(&picture)?;
    // The same picture keeps its id, so that an edit to the same is seen as none.
    let same = state.photos.iter().find(|(_, kept)| **kept == picture);
    let file_id = match same {
        Some((file_id, _)) => file_id.clone(),
        None => format!("photo-{}", state.photos.len() + 1),
    };
    message.photo = photo::sizes(&file_id, picture.len(), size);
    state.photos.insert(file_id, picture);
    Ok(())
}
