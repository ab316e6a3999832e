//! PURE: what the alert chats read: a new message, an end, a reminder.
//!
//! Texts of rules and labels come from outside: they are put on one line, and cut. A text becomes
//! the caption of a card, so it is no longer than one.

mod english;
mod russian;

use super::{
    cut, fitted,
    moment::Times,
    one_line,
    state::{sign, title},
};
use crate::{
    alerts::{alert::Alert, ending::Ending, severity::Severity},
    chat::message::CAPTION_LIMIT,
    samples::{
        present::{Known, Last},
        state::{NetworkState, State},
    },
};

pub use self::{english::ALERT_ENGLISH, russian::ALERT_RUSSIAN};

/// The summary of a single alert, in characters of UTF-16.
const SUMMARY: usize = 400;
/// One of several alerts.
const LINE: usize = 160;
/// A name or another label.
const NAME: usize = 80;
/// A longer link is left out: cut, it would lead nowhere.
const LINK: usize = 300;
/// Between the parts of a line.
const DOT: &str = " · ";

/// What is said of alerts, in one language.
pub struct AlertWords {
    /// So many alerts fire.
    pub firing: fn(usize) -> String,
    /// So many alerts ended.
    pub ended: fn(usize) -> String,
    /// Alertmanager left so many out of its message.
    pub left_out: fn(u64) -> String,
    // An alert begins minutes after the trouble, and ends minutes after its end.
    /// The node is inside the corridor again; how long the alert lasted, where that is known.
    pub level: fn(Option<&str>) -> String,
    /// The alert ended after so long, where that is known, and the network is ok.
    pub network_ok: fn(Option<&str>) -> String,
    /// The alert ended, after so long, where that is known.
    pub plain: fn(Option<&str>) -> String,
    /// Since when the alert fired that has ended.
    pub began: fn(&str) -> String,
    /// The alert ended, and the node is in another state, given with its title.
    pub node: fn(State, &str) -> String,
    /// The alert ended because of this, which is wrong with the network itself.
    pub network: fn(&str) -> String,
    /// The alert ended for want of samples.
    pub unwatched: &'static str,
    /// The last lag that is known, in words, and when that was.
    pub last_known: fn(&str, &str) -> String,
    /// The state that a node without a lag was last known to be in, and when.
    pub last_state: fn(&str, &str) -> String,
    /// The alert ended, and Prometheus does not answer.
    pub unknown: &'static str,
    /// The alert still fires, since a moment.
    pub still: fn(&str) -> String,
    /// The alert fires again, since a moment.
    pub again: fn(&str) -> String,
    /// The button for a card.
    pub chart: &'static str,
    /// The button for a silence of so many hours.
    pub silence: fn(u32) -> String,
    /// To a press for a card under a message whose alerts are about no network.
    pub no_network: &'static str,
}

/// The message about alerts that began to fire; Alertmanager left so many others out.
#[must_use]
pub fn firing(alerts: &[Alert], left_out: u64, times: Times) -> String {
    let words = times.words.alert;
    let left_out = (left_out > 0).then(|| (words.left_out)(left_out));
    match alerts {
        [alert] => {
            let parts = about(alert).chain(alert.label("severity").map(|it| tidy(it, NAME)));
            let parts = parts.collect::<Vec<_>>().join(DOT);
            let title = format!("{} {}", alarm(alert), tidy(summary(alert), SUMMARY));
            let link = link(alert).map(str::to_owned);
            let about = (!parts.is_empty()).then_some(parts);
            let lines = [Some(title), about, Some(since(alert, times)), left_out, link];
            cut(lines.into_iter().flatten().collect::<Vec<_>>().join("\n"), CAPTION_LIMIT)
        }
        _ => {
            let mut alerts: Vec<_> = alerts.iter().collect();
            alerts.sort_by_key(|alert| (Severity::of(&alert.labels), alert.starts_at));
            let sign = alerts.first().map_or(Severity::None.sign(), |alert| alarm(alert));
            let heading = format!("{sign} {}", (words.firing)(alerts.len()));
            let shared = alerts.first().and_then(|first| link(first));
            let shared = shared.filter(|shared| alerts.iter().all(|alert| link(alert) == Some(*shared)));
            let last: Vec<_> = left_out.into_iter().chain(shared.map(str::to_owned)).collect();
            let line = |alert: &&Alert| {
                let parts = [tidy(summary(alert), LINE)].into_iter().chain(about(alert));
                let parts: Vec<_> = parts.chain([since(alert, times)]).collect();
                format!("{} {}", alarm(alert), parts.join(DOT))
            };
            let lines: Vec<_> = std::iter::once(heading).chain(alerts.iter().map(line)).collect();
            fitted(&lines, &last, CAPTION_LIMIT, times.words)
        }
    }
}

/// The reply about alerts that ended, and how they may be said to have.
#[must_use]
pub fn ended(ends: &[(Alert, Ending)], times: Times) -> String {
    let line = |(alert, ending): &(Alert, Ending)| {
        let (sign, what) = how(*ending, alert, times);
        format!("{sign} {}: {what}", subject(alert))
    };
    let lines: Vec<_> = match ends {
        [end] => {
            let (alert, _) = end;
            let began = (times.words.alert.began)(&since(alert, times));
            vec![line(end), format!("{}, {began}", tidy(name(alert), NAME))]
        }
        _ => {
            let heading = (times.words.alert.ended)(ends.len());
            let lines = ends.iter().map(|end| format!("{}{DOT}{}", line(end), tidy(name(&end.0), NAME)));
            std::iter::once(heading).chain(lines).collect()
        }
    };
    fitted(&lines, &[], CAPTION_LIMIT, times.words)
}

/// The reply about alerts that still fire after a silence.
#[must_use]
pub fn still(alerts: &[Alert], times: Times) -> String {
    go_on(alerts, times.words.alert.still, times)
}

/// The reply about the end of alerts that go on nevertheless, completed by that.
#[must_use]
pub fn completed(reply: &str, alerts: &[Alert], times: Times) -> String {
    let again = go_on(alerts, times.words.alert.again, times);
    let left = CAPTION_LIMIT.saturating_sub(again.encode_utf16().count() + 1);
    let reply = if left > 0 { cut(reply.to_owned(), left) } else { String::new() };
    format!("{reply}\n{again}")
}

fn go_on(alerts: &[Alert], how: fn(&str) -> String, times: Times) -> String {
    let line = |alert: &Alert| format!("{} {}: {}", alarm(alert), subject(alert), how(&since(alert, times)));
    let lines: Vec<_> = alerts.iter().map(line).collect();
    fitted(&lines, &[], CAPTION_LIMIT, times.words)
}

/// What is known of the end of an alert, such as "level again", and the sign before that.
#[must_use]
pub fn how(ending: Ending, alert: &Alert, times: Times) -> (&'static str, String) {
    let words = times.words;
    let lasted = alert.ends_at.map(|end| (words.age)(end.duration_since(alert.starts_at).as_secs() as f64));
    let lasted = lasted.as_deref();
    match ending {
        Ending::Level => (sign(State::Ok), (words.alert.level)(lasted)),
        Ending::NetworkOk => (sign(State::Ok), (words.alert.network_ok)(lasted)),
        Ending::Plain => ("✅", (words.alert.plain)(lasted)),
        Ending::Node(state, lag, network) => {
            let node = (words.alert.node)(state, &title(state, lag, None, words));
            let network = network.map(|state| format!("; {}", title(state, None, None, words)));
            (sign(state), node + &network.unwrap_or_default())
        }
        Ending::Network(state) => (sign(state), (words.alert.network)(&title(state, None, None, words))),
        Ending::Unwatched(last) => {
            let last = last.map(|Last { known, at }| {
                let at = times.stamp(jiff::Timestamp::from_second(at as i64).unwrap_or_default());
                match known {
                    Known::Lag(lag) => (words.alert.last_known)(&(words.lag)(0.0 - lag, None), &at),
                    Known::State(state) => {
                        let state = State::of(state, NetworkState::Ok);
                        (words.alert.last_state)((words.chart.state)(state), &at)
                    }
                }
            });
            let last = last.map(|last| format!("; {last}")).unwrap_or_default();
            (sign(State::NotScraped), format!("{}{last}", words.alert.unwatched))
        }
        Ending::Unknown => (sign(State::NotScraped), words.alert.unknown.to_owned()),
    }
}

fn alarm(alert: &Alert) -> &'static str {
    Severity::of(&alert.labels).sign()
}

fn name(alert: &Alert) -> &str {
    alert.label("alertname").unwrap_or("alert")
}

/// The summary of the rule, or else the name of the alert.
fn summary(alert: &Alert) -> &str {
    let summary = alert.annotations.get("summary").filter(|text| !tidy(text, NAME).is_empty());
    summary.map_or_else(|| name(alert), String::as_str)
}

/// Network and node, as far as the alert has them.
fn about(alert: &Alert) -> impl Iterator<Item = String> {
    ["network", "node"].into_iter().filter_map(|label| Some(tidy(alert.label(label)?, NAME)))
}

/// The same in one, or else the name of the alert.
fn subject(alert: &Alert) -> String {
    let about = about(alert).collect::<Vec<_>>().join(DOT);
    if about.is_empty() { tidy(name(alert), NAME) } else { about }
}

fn since(alert: &Alert, times: Times) -> String {
    (times.words.since)(&times.stamp(alert.starts_at))
}

/// The page that explains the alert.
fn link(alert: &Alert) -> Option<&str> {
    let link = alert.annotations.get("runbook_url")?.trim();
    let is_link = link.starts_with("https://") || link.starts_with("http://");
    let is_plain = link.bytes().all(|byte| byte.is_ascii_graphic());
    (is_link && is_plain && link.len() <= LINK).then_some(link)
}

/// A text from outside on one line, and cut. Far more than is shown is not looked at.
fn tidy(text: &str, limit: usize) -> String {
    cut(one_line(&text.chars().take(8 * CAPTION_LIMIT).collect::<String>()), limit)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
