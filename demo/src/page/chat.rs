//! What the messenger shows: the private chat of the one user with the bot.

use serde::Serialize;

use crate::telegram::entities::Entity;
use crate::telegram::objects::{BotCommand, Button};
use crate::telegram::state::Call;
use crate::telegram::{Message, State, User};

/// The chat as the browser gets it.
#[derive(Serialize)]
pub struct View<'a> {
    bot: &'a User,
    /// Whether the bot has ever asked for messages.
    met: bool,
    /// The menu of the bot.
    commands: &'a [BotCommand],
    messages: Vec<Bubble<'a>>,
    /// Answers to presses of buttons.
    toasts: Vec<Toast<'a>>,
    /// What the bot is doing, as reported by `sendChatAction`; absent once it wrote.
    action: Option<Action<'a>>,
}

#[derive(Serialize)]
struct Bubble<'a> {
    id: i64,
    mine: bool,
    /// Unix time in seconds.
    date: i64,
    edited: Option<i64>,
    /// The text, or the caption of the photo.
    text: &'a str,
    entities: &'a [Entity],
    photo: Option<Photo<'a>>,
    buttons: &'a [Vec<Button>],
    /// The data of buttons that were pressed and not answered.
    waiting: Vec<&'a str>,
    /// Whether the bot has taken it.
    delivered: bool,
}

#[derive(Serialize)]
struct Photo<'a> {
    id: &'a str,
    width: u32,
    height: u32,
}

#[derive(Serialize)]
struct Toast<'a> {
    press: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Action<'a> {
    what: &'a str,
    /// Unix time in seconds.
    at: f64,
}

/// The chat of `user` now.
pub fn view<'a>(state: &'a State, user: &User) -> View<'a> {
    let toasts = state.presses.iter().filter(|press| press.from == *user).filter_map(|press| {
        let text = press.answer.as_deref().filter(|text| !text.is_empty())?;
        Some(Toast { press: &press.id, text })
    });
    View {
        bot: &state.bot,
        met: state.is_polled(),
        commands: state.menu(user),
        messages: state.chat(user.id).iter().map(|message| bubble(state, user, message)).collect(),
        toasts: toasts.collect(),
        action: action(state, user),
    }
}

fn bubble<'a>(state: &'a State, user: &User, message: &'a Message) -> Bubble<'a> {
    let (text, entities) = match &message.text {
        Some(text) => (text.as_str(), &message.entities),
        None => (message.caption.as_deref().unwrap_or_default(), &message.caption_entities),
    };
    let open = state.presses.iter().filter(|press| {
        press.answer.is_none() && press.message_id == message.message_id && press.from == *user
    });
    let mine = message.from == *user;
    Bubble {
        id: message.message_id,
        mine,
        date: message.date,
        edited: message.edit_date,
        text,
        entities,
        photo: message.photo.last().map(|size| Photo {
            id: &size.file_id,
            width: size.width,
            height: size.height,
        }),
        buttons: message.reply_markup.as_ref().map_or(&[], |keyboard| &keyboard.inline_keyboard),
        waiting: open.map(|press| press.data.as_str()).collect(),
        delivered: mine && state.is_delivered(message.message_id),
    }
}

/// The last thing the bot did in the chat, if that was to report what it is doing.
fn action<'a>(state: &'a State, user: &User) -> Option<Action<'a>> {
    let here = |call: &&Call| {
        let chat = &call.params["chat_id"];
        let id = chat.as_i64().or_else(|| chat.as_str()?.parse().ok());
        call.error.is_none() && id == Some(user.id)
    };
    let last = state.calls.iter().rev().find(here)?;
    let what = (last.method == "sendChatAction").then(|| last.params["action"].as_str())??;
    Some(Action { what, at: last.at })
}
