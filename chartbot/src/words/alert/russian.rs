//! What is said of alerts in Russian.

use super::AlertWords;
use crate::{samples::state::State, words::russian::counted};

/// What is said of alerts in Russian.
pub const ALERT_RUSSIAN: AlertWords = AlertWords {
    firing: |count| counted(count as u64, ["алерт", "алерта", "алертов"]),
    ended: |count| format!("Снято: {}", counted(count as u64, ["алерт", "алерта", "алертов"])),
    left_out: |count| format!("Alertmanager не передал ещё {count}"),
    level: |lasted| match lasted {
        Some(lasted) => format!("снова не отстаёт; алерт длился {lasted}"),
        None => "снова не отстаёт".to_owned(),
    },
    network_ok: |lasted| format!("{}; сеть в порядке", ended(lasted)),
    plain: ended,
    began: |since| format!("алерт {since}"),
    node: |state, title| {
        let now = if state == State::Gone { "" } else { "сейчас " };
        format!("алерт снят; нода {now}{title}")
    },
    network: |title| format!("алерт снят: {title}"),
    unwatched: "алерт снят только потому, что никто не следит",
    last_state: |state, when| format!("последнее известное: {state}, {when}"),
    last_known: |lag, when| format!("последнее известное: {lag}, {when}"),
    unknown: "алерт снят; состояние неизвестно: Prometheus не отвечает",
    still: |since| format!("алерт всё ещё активен, {since}"),
    again: |since| format!("алерт снова активен, {since}"),
    chart: "📈 график",
    silence: |hours| format!("🔕 {hours}\u{a0}ч"),
    no_network: "Для этого алерта нет графика: он не относится ни к одной из сетей в Prometheus.",
};

fn ended(lasted: Option<&str>) -> String {
    lasted.map_or_else(|| "алерт снят".to_owned(), |lasted| format!("алерт снят; он длился {lasted}"))
}
