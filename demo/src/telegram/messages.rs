//! The methods that write, edit and delete messages
//! (<https://core.telegram.org/bots/api#sendmessage>,
//! <https://core.telegram.org/bots/api#updating-messages>).

use serde::Deserialize;
use serde_json::json;

use super::access::{self, Access};
use super::entities::{self, Entity};
use super::methods::Outcome;
use super::objects::{Keyboard, LinkPreview, Message};
use super::params::Params;
use super::photo;
use super::replies::Place;
use super::state::State;
use super::trouble::Refusal;

/// UTF-16 units.
const MAX_TEXT: usize = 4096;
/// UTF-16 units.
const MAX_CAPTION: usize = 1024;
const MAX_CALLBACK_DATA: usize = 64;
/// Older messages cannot be deleted, in seconds.
const DELETABLE_FOR: i64 = 48 * 3600;

pub fn send_message(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = draft(state, params, now, access::TEXTS)?;
    set_text(&mut message, params)?;
    finish(state, message)
}

pub fn send_photo(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = draft(state, params, now, access::PHOTOS)?;
    (message.caption, message.caption_entities) = caption(params.text("caption"), params.text("parse_mode"))?;
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

pub fn edit_media(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = editable(state, params)?;
    let media: InputMedia =
        params.object("media")?.ok_or_else(|| Refusal::bad_request("can't find field \"media\""))?;
    if media.kind != "photo" {
        return Err(Refusal::bad_request(format!("media of type \"{}\" is not known here", media.kind)));
    }
    // A text becomes a photo: the same message, with its id, its date and what it replies to.
    (message.text, message.entities, message.link_preview_options) = (None, Vec::new(), None);
    (message.caption, message.caption_entities) =
        caption(media.caption.as_deref(), media.parse_mode.as_deref())?;
    attach_photo(state, params, &mut message, "media", Some(&media.media))?;
    access::may_send(access::chat(state, params, Access::Edit)?, access::PHOTOS)?;
    replace(state, message, now)
}

pub fn edit_caption(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = editable(state, params)?;
    if message.photo.is_empty() {
        return Err(Refusal::bad_request("there is no caption in the message to edit"));
    }
    (message.caption, message.caption_entities) = caption(params.text("caption"), params.text("parse_mode"))?;
    replace(state, message, now)
}

pub fn edit_text(state: &mut State, params: &Params, now: i64) -> Outcome {
    let mut message = editable(state, params)?;
    if message.text.is_none() {
        return Err(Refusal::bad_request("there is no text in the message to edit"));
    }
    set_text(&mut message, params)?;
    replace(state, message, now)
}

pub fn edit_reply_markup(state: &mut State, params: &Params, now: i64) -> Outcome {
    let message = editable(state, params)?;
    replace(state, message, now)
}

pub fn delete(state: &mut State, params: &Params, now: i64) -> Outcome {
    let conversation = access::chat(state, params, Access::Write)?;
    let id = params.number("message_id")?.unwrap_or_default();
    let message = conversation.message(id);
    let message = message.ok_or_else(|| Refusal::bad_request("message to delete not found"))?;
    // Of others only in private: the bot is no administrator of its groups.
    let own = message.from == state.bot || conversation.chat.kind == "private";
    if !own || now - message.date > DELETABLE_FOR {
        return Err(Refusal::bad_request("message can't be deleted"));
    }
    let chat = conversation.chat.clone();
    state.meet(&chat).messages.retain(|message| message.message_id != id);
    Ok(json!(true))
}

/// A new message of the bot with its buttons, not yet in its chat.
fn draft(state: &mut State, params: &Params, now: i64, what: &str) -> Result<Message, Refusal> {
    let conversation = access::chat(state, params, Access::Write)?;
    let place = Place::read(conversation, params)?;
    access::may_send(conversation, what)?;
    let chat = conversation.chat.clone();
    let reply_markup = keyboard(params)?;
    let bot = state.bot.clone();
    let mut message = place.hold(state.draft(bot, chat, now));
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
    let conversation = access::chat(state, params, Access::Edit)?;
    let found = conversation.message(params.number("message_id")?.unwrap_or_default());
    let mut message = found.cloned().ok_or_else(|| Refusal::bad_request("message to edit not found"))?;
    if message.from != state.bot {
        return Err(Refusal::bad_request("message can't be edited"));
    }
    message.reply_markup = keyboard(params)?;
    Ok(message)
}

fn replace(state: &mut State, mut message: Message, now: i64) -> Outcome {
    let messages = &mut state.meet(&message.chat.clone()).messages;
    let old = messages.iter_mut().find(|old| old.message_id == message.message_id);
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

fn set_text(message: &mut Message, params: &Params) -> Result<(), Refusal> {
    let (text, entities) =
        entities::parse(params.text("text").unwrap_or_default(), params.text("parse_mode"))?;
    if text.trim().is_empty() {
        return Err(Refusal::bad_request("message text is empty"));
    }
    if text.encode_utf16().count() > MAX_TEXT {
        return Err(Refusal::bad_request("message is too long"));
    }
    let older = params.object("disable_web_page_preview")?.filter(|is_disabled| *is_disabled);
    let older = older.map(|_| LinkPreview { is_disabled: Some(true), ..LinkPreview::default() });
    message.link_preview_options = params.object("link_preview_options")?.or(older);
    (message.text, message.entities) = (Some(text), entities);
    Ok(())
}

fn caption(text: Option<&str>, mode: Option<&str>) -> Result<(Option<String>, Vec<Entity>), Refusal> {
    let (text, entities) = entities::parse(text.unwrap_or_default(), mode)?;
    if text.encode_utf16().count() > MAX_CAPTION {
        return Err(Refusal::bad_request("message caption is too long"));
    }
    Ok((Some(text).filter(|text| !text.is_empty()), entities))
}

fn keyboard(params: &Params) -> Result<Option<Keyboard>, Refusal> {
    let keyboard: Option<Keyboard> = params.object("reply_markup")?;
    for button in keyboard.iter().flat_map(|keyboard| keyboard.inline_keyboard.iter().flatten()) {
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
    let picture = params.file(parameter, value).or(known).ok_or_else(missing)?.clone();
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
