//! PURE: what is said of alerts and their silences: the answers to `/alerts` and `/silence` and to
//! presses, and the notices of what happened under a silence.

mod english;
mod russian;

use super::{Words, cut, moment::Times, one_line, shortened};
use crate::alerts::{
    alert::{Alert, Pairs},
    alertmanager::Error,
    severity::Severity,
    silences::{Matcher, Silence},
    watch::Ended,
};
use jiff::Timestamp;

pub use self::{english::ENGLISH, russian::RUSSIAN};

/// How many characters of a label or a summary are shown.
const LONGEST: usize = 120;

/// What the bot says of silences, in one language.
pub struct SilenceWords {
    /// Button: end the silence that was just made.
    pub undo: &'static str,
    /// Button: end the silence, of which not all is over.
    pub remove: &'static str,

    /// Who silenced, until when; what follows.
    pub silenced: fn(&str, &str) -> String,
    /// Silenced before, until when; what follows.
    pub already: fn(&str) -> String,
    /// No longer fires, so it was not silenced; what follows.
    pub gone: &'static str,
    /// Could not be silenced; what follows.
    pub not_silenced: &'static str,
    /// Nothing was silenced, since the alerts of the message are not known any more.
    pub nothing_known: &'static str,

    /// Who ended a silence; of what follows.
    pub undone: fn(&str) -> String,
    /// Until when another silence lasts; of what follows.
    pub still: fn(&str) -> String,
    /// The silence was over before; of what follows.
    pub over: &'static str,
    /// Could not be ended; of what follows.
    pub not_undone: &'static str,
    /// The silences of the message are not known any more.
    pub undo_unknown: &'static str,

    /// Alertmanager cannot be reached.
    pub away: &'static str,
    /// The TLS handshake with Alertmanager failed.
    pub tls: &'static str,
    /// Alertmanager did not answer in time.
    pub timeout: &'static str,
    /// Alertmanager refused with this HTTP status.
    pub refused: fn(u16) -> String,
    /// Alertmanager answered with this HTTP status and these words, possibly none.
    pub failed: fn(u16, &str) -> String,
    /// The answer of Alertmanager is larger than the bot reads.
    pub too_large: &'static str,
    /// The server that answered with this HTTP status is not Alertmanager.
    pub not_alertmanager: fn(u16) -> String,

    /// It fires again, since when.
    pub again: fn(&str) -> String,
    /// The silence goes on until then.
    pub goes_on: fn(&str) -> String,
    /// The silence is over, and what follows still fires.
    pub ran_out: &'static str,
    /// Somebody ended the silence, and what follows still fires.
    pub removed: &'static str,

    /// To `/alerts`: nothing fires.
    pub calm: &'static str,
    /// What fires is silenced.
    pub quiet: &'static str,
    /// To `/alerts`: what is silenced follows.
    pub silences: &'static str,
    /// Until when, and by whom; empty if nobody knows.
    pub until_by: fn(&str, &str) -> String,
    /// Nothing fires under a silence.
    pub unused: &'static str,
    /// Silences are not known, and this sentence says why.
    pub unknown: fn(&str) -> String,
    /// The bot was started without the address of Alertmanager.
    pub none: &'static str,

    /// To `/silence` alone, or with something that it does not take.
    pub how: &'static str,
    /// To `/silence` of somebody who may not, with the id of the chat.
    pub not_allowed: fn(i64) -> String,
    /// There is no such node; those that there are.
    pub no_such_node: fn(&str, &str) -> String,
    /// A node is in all of these networks.
    pub which_network: fn(&str, &str) -> String,
}

/// Why Alertmanager did not do what it was asked, in one sentence.
#[must_use]
pub fn reason(error: &Error, words: &Words) -> String {
    use headlag_service::outbound::Failure;
    let words = words.silences;
    match error {
        Error::Away(Failure::Tls) => words.tls.to_owned(),
        Error::Away(_) => words.away.to_owned(),
        Error::Timeout => words.timeout.to_owned(),
        Error::Refused(status) => (words.refused)(*status),
        Error::Failed { status, words: said } => (words.failed)(*status, said),
        Error::TooLarge => words.too_large.to_owned(),
        Error::NotAlertmanager(status) => (words.not_alertmanager)(*status),
    }
}

/// Text from elsewhere on one line, and not too long.
fn plain(text: &str) -> String {
    shortened(&one_line(text), LONGEST)
}

/// What labels are about: "HeadlagNodeBehind · polygon · my-node", or those of a silence that has
/// none of the three.
#[must_use]
pub fn name(labels: &Pairs) -> String {
    let known = ["alertname", "network", "node"].into_iter().filter_map(|name| labels.get(name));
    let known: Vec<_> = known.map(|value| plain(value)).filter(|value| !value.is_empty()).collect();
    if !known.is_empty() {
        return known.join(" · ");
    }
    let all = labels.iter().map(|(name, value)| format!("{}={}", plain(name), plain(value)));
    cut(all.collect::<Vec<_>>().join(", "), 2 * LONGEST)
}

/// What an alert is, in its own words where it has some: its summary, and what that leaves out.
fn title(labels: &Pairs, annotations: &Pairs) -> String {
    let summary = annotations.get("summary").map(|summary| plain(summary));
    let Some(summary) = summary.filter(|summary| !summary.is_empty()) else { return name(labels) };
    let place = ["network", "node"].into_iter().filter_map(|name| labels.get(name)).map(|name| plain(name));
    let rest = place.filter(|part| !summary.contains(part.as_str()));
    let rest: Vec<_> = rest.collect();
    [vec![summary], rest].concat().join(" · ")
}

/// "🔴 my-node is 50 blocks behind · polygon, since 18:57 UTC".
#[must_use]
pub fn line(labels: &Pairs, annotations: &Pairs, since: Option<Timestamp>, times: Times) -> String {
    // Of an alert that was sent with nothing but its end, Alertmanager takes that for the start.
    let since = since.filter(|since| since.as_second() <= times.now);
    let since = since.map(|since| format!(", {}", (times.words.since)(&times.stamp(since))));
    let sign = Severity::of(labels).sign();
    format!("{sign} {}{}", title(labels, annotations), since.unwrap_or_default())
}

/// "🔕 my-node is 50 blocks behind · polygon, until 03:12 UTC, by @ada".
#[must_use]
pub fn silenced_line(alert: &Alert, by: Option<&Silence>, times: Times) -> String {
    let by = by.map(|silence| format!(", {}", until_by(silence, times)));
    format!("🔕 {}{}", title(&alert.labels, &alert.annotations), by.unwrap_or_default())
}

/// "🔕 polygon · my-node: nothing fires, until 03:12 UTC, by @ada".
#[must_use]
pub fn unused_line(silence: &Silence, times: Times) -> String {
    format!("🔕 {}: {}, {}", scope(silence), times.words.silences.unused, until_by(silence, times))
}

/// What a silence matches: the name of its labels, or all of its matchers where that would not
/// say it.
#[must_use]
pub fn scope(silence: &Silence) -> String {
    if silence.matchers.iter().all(|matcher| matcher.is_equal && !matcher.is_regex) {
        return name(&silence.labels());
    }
    let matchers = silence.matchers.iter().map(|Matcher { name, value, is_regex, is_equal }| {
        let sign = match (is_equal, is_regex) {
            (true, false) => "=",
            (true, true) => "=~",
            (false, false) => "!=",
            (false, true) => "!~",
        };
        format!("{}{sign}{}", plain(name), plain(value))
    });
    cut(matchers.collect::<Vec<_>>().join(", "), 2 * LONGEST)
}

fn until_by(silence: &Silence, times: Times) -> String {
    (times.words.silences.until_by)(&times.stamp(silence.ends_at), &plain(&silence.created_by))
}

/// A heading and what it is about, on one line if that is one thing.
#[must_use]
pub fn section(heading: &str, of: &[String]) -> Vec<String> {
    match of {
        [] => Vec::new(),
        [one] => vec![format!("{heading}: {one}")],
        several => std::iter::once(format!("{heading}:")).chain(several.iter().cloned()).collect(),
    }
}

/// "🟢 HeadlagNodeBehind · polygon · my-node: level again"; the sign and the words of the end are
/// those of [`how`](super::alert::how).
#[must_use]
pub fn ended_line(ended: &Ended, (sign, how): (&str, String), times: Times) -> String {
    let words = times.words.silences;
    let again = ended.again.map(|again| format!("; {}", (words.again)(&times.stamp(again))));
    let sign = if ended.again.is_some() { Severity::of(&ended.alert.labels).sign() } else { sign };
    format!("{sign} {}: {how}{}", name(&ended.alert.labels), again.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alerts::silences::{Phase, SilenceId},
        words::{ENGLISH, RUSSIAN},
    };
    use jiff::tz::TimeZone;

    fn pairs<const N: usize>(of: [(&str, &str); N]) -> Pairs {
        of.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn an_alert_is_a_line_that_can_be_read_whatever_it_holds() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-11-29T23:12:00Z".parse().unwrap();
        let of = |words| Times { zone: &zone, now: now.as_second(), words };
        let check = |labels: Pairs, summary: &str, since: &str, english: &str, russian: &str| {
            let said = |words| {
                let since = Some(since.parse().unwrap());
                let line = line(&labels, &pairs([("summary", summary)]), since, of(words));
                line.replace('\u{a0}', " ")
            };
            assert_eq!((said(&ENGLISH), said(&RUSSIAN)), (english.to_owned(), russian.to_owned()));
        };
        let node = pairs([
            ("alertname", "Behind"),
            ("network", "polygon"),
            ("node", "mine"),
            ("severity", "critical"),
        ]);
        check(
            node.clone(),
            "",
            "2026-11-29T22:05:00Z",
            "🔴 Behind · polygon · mine, since 29 Nov, 23:05 CET",
            "🔴 Behind · polygon · mine, с 29 ноя, 23:05 CET",
        );
        check(
            node,
            "mine is 50 blocks\nbehind ⚠\u{fe0f}",
            "2026-11-29T23:05:00Z",
            "🔴 mine is 50 blocks behind ⚠\u{fe0f} · polygon, since 00:05 CET",
            "🔴 mine is 50 blocks behind ⚠\u{fe0f} · polygon, с 00:05 CET",
        );
        // Sent by `amtool` with an end alone, which Alertmanager takes for the start, too.
        let odd = pairs([("alertname", "A\u{202e}B\n"), ("node", "\u{200b}")]);
        check(odd, "", "2026-11-29T23:13:00Z", "⚪ A B", "⚪ A B");
        let long = pairs([("alertname", &*"я".repeat(5_000))]);
        assert!(name(&long).chars().count() <= LONGEST);
        assert_eq!(name(&pairs([("job", "x"), ("team", "")])), "job=x, team=");
        // Prometheus 3 allows any UTF-8 in names of labels.
        assert_eq!(name(&pairs([("j\n\u{202e}b", "x")])), "j b=x");
        let matcher =
            |is_regex| Matcher { name: "j\n\u{202e}b".into(), value: "x".into(), is_regex, is_equal: true };
        let silence = Silence {
            id: SilenceId::parse("1").unwrap(),
            matchers: vec![matcher(false), matcher(true)],
            starts_at: now,
            ends_at: now,
            created_by: "a".into(),
            comment: String::new(),
            phase: Phase::Active,
        };
        assert_eq!(scope(&silence), "j b=x, j b=~x");
    }
}
