//! Alerts: from Alertmanager's webhook to the chats that the operator names, and from a button
//! in such a chat to a silence in Alertmanager.

pub mod alert;
pub mod alertmanager;
pub mod button;
pub mod commands;
pub mod listing;
pub mod lookout;
pub mod severity;
pub mod silencer;
pub mod silences;
#[cfg(test)]
pub mod stand;
pub mod watch;
