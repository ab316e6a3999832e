//! Alerts: from Alertmanager's webhook to the chats that the operator names, and from a button
//! in such a chat to a silence in Alertmanager.

pub mod alert;
pub mod alertmanager;
pub mod button;
pub mod card;
pub mod chats;
pub mod commands;
pub mod delivery;
pub mod desk;
pub mod ending;
pub mod intake;
pub mod ledger;
pub mod listing;
pub mod lookout;
pub mod notices;
pub mod press;
pub mod reach;
pub mod remaining;
pub mod severity;
pub mod silencer;
pub mod silences;
#[cfg(test)]
pub mod stand;
pub mod subject;
pub mod watch;
pub mod webhook;
