//! Who may do what in a chat, and how the Bot API words a refusal (`check_chat_access` and its
//! neighbours in tdlib/telegram-bot-api, `Client.cpp`).

use serde::Serialize;
use serde_json::json;

use super::methods::chat_id;
use super::params::Params;
use super::state::{Conversation, State};
use super::trouble::Refusal;

/// How the bot stands in a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may read and write.
    #[default]
    Member,
    /// The user of a private chat has blocked it.
    Blocked,
    /// The user of a private chat has deleted the account.
    Deactivated,
    /// It was removed from the group and may not come back by itself.
    Kicked,
    /// It is not, or no longer, a member of the group.
    Left,
    /// It is a member that may not write.
    Muted,
    /// It is a member that may write, but not send photos.
    NoPhotos,
    /// The group was deleted.
    Deleted,
    /// The group became the supergroup with this id.
    Upgraded(i64),
}

/// What a method needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Read,
    Edit,
    Write,
}

/// The chat that a call means, if the bot may do this there.
pub fn chat<'a>(state: &'a State, params: &Params, needed: Access) -> Result<&'a Conversation, Refusal> {
    let id = chat_id(params)?;
    let conversation = state.chats.get(&id).ok_or_else(|| Refusal::bad_request("chat not found"))?;
    check(conversation, needed)?;
    Ok(conversation)
}

fn check(conversation: &Conversation, needed: Access) -> Result<(), Refusal> {
    let kind = conversation.chat.kind;
    // A basic group can be looked at from outside, a supergroup cannot.
    let from = if kind == "group" { Access::Edit } else { Access::Read };
    match conversation.standing {
        Standing::Blocked if needed == Access::Write => Err(forbidden("bot was blocked by the user")),
        Standing::Deactivated if needed >= Access::Edit => Err(forbidden("user is deactivated")),
        Standing::Kicked if needed >= from => Err(forbidden(format!("bot was kicked from the {kind} chat"))),
        Standing::Left if needed >= from => Err(forbidden(format!("bot is not a member of the {kind} chat"))),
        Standing::Deleted if needed == Access::Write => Err(forbidden("the group chat was deleted")),
        Standing::Upgraded(to) if needed == Access::Write => {
            let mut refusal = Refusal::bad_request("group chat was upgraded to a supergroup chat");
            refusal.parameters = Some(json!({"migrate_to_chat_id": to}));
            Err(refusal)
        }
        Standing::Upgraded(_) | Standing::Deleted if needed == Access::Edit => {
            Err(Refusal::bad_request("message can't be edited"))
        }
        _ => Ok(()),
    }
}

/// Whether the bot may send this kind of content, `text messages` or `photos`.
pub fn may_send(conversation: &Conversation, what: &str) -> Result<(), Refusal> {
    match conversation.standing {
        Standing::Muted => {}
        Standing::NoPhotos if what == PHOTOS => {}
        _ => return Ok(()),
    }
    Err(Refusal::bad_request(format!("not enough rights to send {what} to the chat")))
}

/// Whether the bot may show that it does something, which Telegram's servers refuse where it may not
/// write (<https://core.telegram.org/method/messages.setTyping>).
pub fn may_act(conversation: &Conversation) -> Result<(), Refusal> {
    match conversation.standing {
        Standing::Muted => Err(forbidden("CHAT_WRITE_FORBIDDEN")),
        _ => Ok(()),
    }
}

pub const TEXTS: &str = "text messages";
pub const PHOTOS: &str = "photos";

fn forbidden(why: impl AsRef<str>) -> Refusal {
    Refusal::new(403, format!("Forbidden: {}", why.as_ref()))
}
