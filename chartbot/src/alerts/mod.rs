//! Alerts: from Alertmanager's webhook to the chats that the operator names, and from a button
//! in such a chat to a silence in Alertmanager.

pub mod alert;
pub mod button;
pub mod card;
pub mod chats;
pub mod delivery;
pub mod ending;
pub mod intake;
pub mod ledger;
pub mod press;
pub mod silences;
pub mod subject;
pub mod webhook;
