//! What a chat asks for and what it gets: who may ask, the grammar, the answer.

pub mod access;
pub mod command;
pub mod conversation;
pub mod duration;
pub mod message;
pub mod place;
pub mod said;
pub mod trouble;
pub mod unanswered;
