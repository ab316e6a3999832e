//! What the messenger shows: the private chat of the one user with the bot, and the groups that
//! both are in.

use serde::Serialize;

use crate::telegram::entities::Entity;
use crate::telegram::objects::{BotCommand, Button};
use crate::telegram::state::Call;
use crate::telegram::{Message, State, User};

/// The chats as the browser gets them.
#[derive(Serialize)]
pub struct View<'a> {
    bot: &'a User,
    /// Whether the bot has ever asked for messages.
    met: bool,
    /// The menu of the bot, of the private chat.
    commands: &'a [BotCommand],
    /// The private chat first.
    rooms: Vec<Room<'a>>,
    /// Answers to presses of buttons.
    toasts: Vec<Toast<'a>>,
}

#[derive(Serialize)]
struct Room<'a> {
    id: i64,
    title: &'a str,
    messages: Vec<Bubble<'a>>,
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
    reply: Option<Reply<'a>>,
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

/// What a message replies to.
#[derive(Serialize)]
struct Reply<'a> {
    id: i64,
    from: &'a str,
    /// What is quoted of it, else what it says now; empty where it is gone.
    text: &'a str,
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

/// The chats of `user` now.
pub fn view<'a>(state: &'a State, user: &User) -> View<'a> {
    let toasts = state.presses.iter().filter(|press| press.from == *user).filter_map(|press| {
        let text = press.answer.as_deref().filter(|text| !text.is_empty())?;
        Some(Toast { press: &press.id, text })
    });
    let room = |id: i64, title: &'a str| Room {
        id,
        title,
        messages: state.chat(id).iter().map(|message| bubble(state, user, message)).collect(),
        action: action(state, id),
    };
    let groups = state.chats.values().filter_map(|group| Some((group.chat.id, group.chat.title.as_deref()?)));
    let groups = groups.map(|(id, title)| room(id, title));
    View {
        bot: &state.bot,
        met: state.is_polled(),
        commands: state.menu(user),
        rooms: [room(user.id, &state.bot.first_name)].into_iter().chain(groups).collect(),
        toasts: toasts.collect(),
    }
}

fn bubble<'a>(state: &'a State, user: &User, message: &'a Message) -> Bubble<'a> {
    let entities = if message.text.is_some() { &message.entities } else { &message.caption_entities };
    let open = state.presses.iter().filter(|press| {
        press.answer.is_none() && press.message_id == message.message_id && press.from == *user
    });
    let mine = message.from == *user;
    Bubble {
        id: message.message_id,
        mine,
        date: message.date,
        edited: message.edit_date,
        reply: reply(state, message),
        text: message.words(),
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

fn reply<'a>(state: &'a State, message: &'a Message) -> Option<Reply<'a>> {
    let to = message.reply_to_message.as_deref()?;
    let now = state.chats.get(&message.chat.id).and_then(|chat| chat.message(to.message_id));
    let text = match &message.quote {
        Some(quote) => quote.text.as_str(),
        None => now.map_or("", Message::words),
    };
    Some(Reply { id: to.message_id, from: &to.from.first_name, text })
}

/// The last thing the bot did in a chat, if that was to report what it is doing.
fn action(state: &State, chat: i64) -> Option<Action<'_>> {
    let here = |call: &&Call| {
        let id = &call.params["chat_id"];
        let id = id.as_i64().or_else(|| id.as_str()?.parse().ok());
        call.error.is_none() && id == Some(chat)
    };
    let last = state.calls.iter().rev().find(here)?;
    let what = (last.method == "sendChatAction").then(|| last.params["action"].as_str())??;
    Some(Action { what, at: last.at })
}
