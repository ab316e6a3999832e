//! What is said of alerts in English.

use super::AlertWords;
use crate::{samples::state::State, words::english::counted};

/// What is said of alerts in English.
pub const ALERT_ENGLISH: AlertWords = AlertWords {
    firing: |count| counted(count as u64, "alert"),
    ended: |count| format!("{} ended", counted(count as u64, "alert")),
    left_out: |count| format!("Alertmanager left out {count} more"),
    level: |lasted| match lasted {
        Some(lasted) => format!("level again; the alert lasted {lasted}"),
        None => "level again".to_owned(),
    },
    network_ok: |lasted| format!("{}; the network is ok", ended(lasted)),
    plain: ended,
    began: |since| format!("alert {since}"),
    node: |state, title| {
        let how = match state {
            State::Unreachable => "now unreachable".to_owned(),
            State::WrongChain => "now on the wrong chain".to_owned(),
            State::Gone => title.to_owned(),
            _ => format!("now {title}"),
        };
        format!("alert ended; the node is {how}")
    },
    network: |title| format!("alert ended: {title}"),
    unwatched: "ended only because nobody is watching",
    last_state: |state, when| format!("last known state: {state}, at {when}"),
    last_known: |lag, when| format!("last known {lag} at {when}"),
    unknown: "alert ended; state unknown, since Prometheus does not answer",
    still: |since| format!("still firing {since}"),
    again: |since| format!("firing again {since}"),
    chart: "📈 chart",
    silence: |hours| format!("🔕 {hours}\u{a0}h"),
    no_network: "There is no chart for this alert: it is about none of the networks in Prometheus.",
};

fn ended(lasted: Option<&str>) -> String {
    lasted.map_or_else(|| "alert ended".to_owned(), |lasted| format!("alert ended after {lasted}"))
}
