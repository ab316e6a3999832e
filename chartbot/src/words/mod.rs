//! Every sentence that people read.

pub mod alert;
pub mod beside;
pub mod caption;
mod english;
pub mod moment;
pub mod number;
mod russian;
pub mod silence;
pub mod state;
pub mod status;
pub mod trend;

use headlag_service::invisible::Invisible;

use self::alert::AlertWords;
use crate::samples::{missing::Cause, state::State, warning::Warning};

pub use english::ENGLISH;
pub use russian::RUSSIAN;
#[cfg(test)]
pub use {english::CHART_ENGLISH, russian::CHART_RUSSIAN};

// --- The chart ---

/// The words drawn into a chart, in one language.
pub struct ChartWords {
    /// From Monday, short.
    pub weekdays: [&'static str; 7],
    /// From January, short.
    pub months: [&'static str; 12],
    /// The same after the number of a day.
    pub of_months: [&'static str; 12],
    /// Between thousands, and before tenths.
    pub marks: (char, char),
    /// After a number in thousands, millions and billions.
    pub powers: [&'static str; 3],
    /// What the numbers beside the plot count.
    pub unit: &'static str,
    /// The best reference, in the legend.
    pub best: &'static str,
    /// All nodes but the first, in the legend.
    pub others: &'static str,
    /// Outside a corridor of this threshold; absent when it changed.
    pub outside: fn(Option<&str>) -> String,
    /// The name of a state.
    pub state: fn(State) -> &'static str,
    /// How many references answer, and of how many, in few characters.
    pub references: fn(f64, f64) -> String,
    /// Data begins at the first moment, later than asked for, and goes to the second.
    pub data_since: fn(&str, &str) -> String,
}

/// The units of a range, from the smallest.
const UNITS: [i64; 3] = [60, 3_600, 86_400];

/// A range in the one or two units that it reads best in, as counts of minutes, hours and
/// days, in the order of the reading; each with its place in [`UNITS`].
fn length(seconds: i64) -> Vec<(u64, usize)> {
    let [_, hour, day] = UNITS;
    // A day reads as hours. The smaller unit is given where something is left for it.
    let (large, small) = if seconds >= 2 * day {
        (2, 1)
    } else if seconds % hour == 0 || seconds > 2 * hour {
        (1, 0)
    } else {
        (0, 0)
    };
    let rounded = (seconds + UNITS[small] / 2) / UNITS[small] * UNITS[small];
    let count = |seconds: i64, unit: usize| ((seconds / UNITS[unit]).unsigned_abs(), unit);
    let mut parts = vec![count(rounded, large), count(rounded % UNITS[large], small)];
    parts.retain(|(count, _)| *count > 0);
    parts
}

// --- The conversation ---

/// A language the bot speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Also for everybody who speaks something else.
    #[value(name = "en")]
    English,
    /// Russian.
    #[value(name = "ru")]
    Russian,
}

impl Language {
    /// The language of a user whose app reports this IETF tag, such as `ru` or `pt-BR`.
    #[must_use]
    pub fn of(tag: Option<&str>) -> Self {
        let tag = tag.unwrap_or_default();
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ru") { Self::Russian } else { Self::English }
    }

    /// What the bot says in it.
    #[must_use]
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Russian => &RUSSIAN,
        }
    }
}

/// What the bot says, in one language.
pub struct Words {
    /// The commands as Telegram shows them: name and description.
    pub commands: &'static [(&'static str, &'static str)],
    /// The words drawn into a chart.
    pub chart: &'static ChartWords,
    /// What is said of alerts.
    pub alert: &'static AlertWords,
    /// What is said of silences.
    pub silences: &'static silence::SilenceWords,
    /// Buttons: the last hour, day, week.
    pub ranges: [&'static str; 3],
    /// Buttons: the ranges of [`crate::chat::command::Range::OFFERED`].
    pub choices: [&'static str; 6],
    /// To `/chart` alone, above these buttons.
    pub which_range: &'static str,
    /// What the bot can do.
    pub help: &'static str,
    /// To what it does not understand.
    pub hint: &'static str,
    /// To `/chart` with this word instead of a range.
    pub not_a_range: fn(&str) -> String,
    /// To `/chart` with a range that is too short or too long.
    pub out_of_bounds: &'static str,
    /// To `/chart` with more than a range and a network.
    pub too_much: &'static str,

    /// To a user who asks faster than the bot answers.
    pub too_fast: &'static str,

    /// There is no watched node within the last so many seconds.
    pub no_data: fn(i64) -> String,
    /// There is none within the last so many seconds, but this sentence casts doubt on it.
    pub doubtful: fn(i64, &str) -> String,
    /// So many more that are not named.
    pub more: fn(usize) -> String,
    /// The answer of Prometheus is larger than the bot reads.
    pub too_large: &'static str,
    /// No such network; those that there are.
    pub no_such_network: fn(&str, &str) -> String,
    /// The TLS handshake with Prometheus failed.
    pub tls: &'static str,
    /// Prometheus cannot be reached.
    pub away: &'static str,
    /// Prometheus did not answer in time.
    pub timeout: &'static str,
    /// Prometheus refused with this HTTP status.
    pub refused: fn(u16) -> String,
    /// Prometheus answered with this HTTP status and these words, possibly none.
    pub failed: fn(u16, &str) -> String,
    /// The server that answered with this HTTP status is not Prometheus.
    pub not_prometheus: fn(u16) -> String,
    /// The chart could not be drawn.
    pub not_drawn: &'static str,

    /// The last so many seconds.
    pub last: fn(i64) -> String,
    /// Since a moment.
    pub since: fn(&str) -> String,
    /// Blocks from the median, below zero is behind, and how many seconds behind if known.
    pub lag: fn(f64, Option<f64>) -> String,
    /// So many seconds, short.
    pub age: fn(f64) -> String,
    /// An age, as the addition to what was so long ago.
    pub ago: fn(String) -> String,
    /// How many references are at the highest block, and at the median.
    pub supports: fn(f64, f64) -> String,
    /// No node's block rises.
    pub halted: &'static str,

    /// The node will be level at about that moment.
    pub level_at: fn(&str) -> String,
    /// The node will be level within two minutes.
    pub level_soon: &'static str,
    /// The node falls behind by so many blocks in a time, one of the two below.
    pub losing: fn(f64, &str) -> String,
    /// A minute.
    pub a_minute: &'static str,
    /// An hour.
    pub an_hour: &'static str,
    /// The lag is so many blocks less than so many minutes ago.
    pub catching_up: fn(f64, f64) -> String,
    /// The lag is growing.
    pub growing: &'static str,

    /// The largest distance from the median, and when.
    pub worst: fn(f64, &str) -> String,
    /// So many seconds outside the corridor, whose half height is given in blocks: the smallest
    /// and the largest where it changed.
    pub outside: fn(f64, (f64, f64)) -> String,
    /// So many seconds without a lag, and why.
    pub missing: fn(Cause, f64) -> String,
    /// So many times, the longest from when to when.
    pub longest: fn(usize, &str) -> String,
    /// The noise reaches so many blocks to each side, and the threshold that would fit.
    pub noise: fn(f64, f64) -> String,
    /// After a time: without a lag for this cause; without a cause, outside the corridor.
    pub trouble: fn(Option<Cause>) -> &'static str,
    /// That was before the present state.
    pub before: fn(&str) -> String,
    /// For the first time out of the second, in many pieces, this trouble.
    pub on_and_off: fn(String, String, &str) -> String,
    /// What this state means for the nodes; absent where it says enough itself.
    pub meaning: fn(State) -> Option<&'static str>,
    /// So many nodes, which are all there are.
    pub all_nodes: fn(usize) -> String,
    /// There is no block in the whole range.
    pub nothing_seen: &'static str,
    /// How many of the watched nodes are ok, and of how many.
    pub nodes_ok: fn(usize, usize) -> String,
    /// So many more that are all ok.
    pub more_ok: fn(usize) -> String,
    /// How many references answer, and of how many.
    pub references: fn(f64, f64) -> String,
    /// The zone of all times.
    pub times_in: fn(&str) -> String,
    /// Part of the storage did not answer.
    pub partial: &'static str,
    /// What Prometheus warns of.
    pub warning: fn(&str) -> String,
    /// Prometheus renamed this label of the exporter's.
    pub renamed: fn(&str) -> String,
    /// The exporter's clock is so many seconds ahead of Prometheus', below zero behind.
    pub clock: fn(f64) -> String,
}

/// A warning in words.
#[must_use]
pub fn warning(of: &Warning, words: &Words) -> String {
    match of {
        Warning::Partial => words.partial.to_owned(),
        Warning::Said(said) => (words.warning)(said),
        Warning::Renamed(label) => (words.renamed)(label),
        Warning::Clock(ahead) => (words.clock)(*ahead),
    }
}

/// Names with commas, as many as fit into so many characters of UTF-16; the others are counted.
#[must_use]
pub fn listed(names: &[String], limit: usize, words: &Words) -> String {
    let mut all = String::new();
    for (i, name) in names.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        if (all.len() + comma.len() + name.len()) > limit {
            return format!("{all} {}", (words.more)(names.len() - i));
        }
        all.push_str(comma);
        all.push_str(name);
    }
    all
}

/// Telegram counts characters as UTF-16 does, so a longer text is cut by these, but never
/// within a character.
#[must_use]
pub fn cut(text: String, limit: usize) -> String {
    if text.encode_utf16().count() <= limit {
        return text;
    }
    let mut left = limit - 1;
    let fits = |c: &char| {
        let rest = left.checked_sub(c.len_utf16());
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Lines as far as they fit into so many characters of UTF-16, the last ones in any case; those
/// left out are counted.
#[must_use]
pub fn fitted(lines: &[String], last: &[String], limit: usize, words: &Words) -> String {
    let length = |line: &String| line.encode_utf16().count() + 1;
    let more = |count| (words.more)(count);
    let kept: usize = last.iter().map(length).sum();
    let mut left = limit.saturating_sub(kept);
    if lines.iter().map(length).sum::<usize>() > left {
        left = left.saturating_sub(length(&more(lines.len())));
    }
    let fit = lines.iter().take_while(|line| {
        let rest = left.checked_sub(length(line));
        left = rest.unwrap_or_default();
        rest.is_some()
    });
    let mut all: Vec<_> = fit.cloned().collect();
    if all.len() < lines.len() {
        all.push(more(lines.len() - all.len()));
    }
    all.extend_from_slice(last);
    cut(all.join("\n"), limit)
}

/// Text from elsewhere on one line, without characters that cannot be seen or that steer the
/// direction of what follows.
#[must_use]
pub fn one_line(text: &str) -> String {
    // Parts of an emoji.
    let is_joined = |c| matches!(c, '\u{200d}' | '\u{fe0f}');
    let is_unseen = |c: char| !is_joined(c) && Invisible::find(c.encode_utf8(&mut [0; 4])).is_some();
    let seen: String = text.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name in at most so many characters: its begin and its end, as names of machines often
/// differ in their last letters only.
#[must_use]
pub fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let end = (most - 1) / 2;
    let (begin, end) = (&letters[..most - 1 - end], &letters[letters.len() - end..]);
    begin.iter().chain(['…'].iter()).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_keeps_its_end() {
        for (most, want) in [(9, "bor-eu-01"), (8, "bor-…-01"), (7, "bor…-01")] {
            assert_eq!(shortened("bor-eu-01", most), want);
        }
    }

    #[test]
    fn who_speaks_what() {
        for (tag, want) in [
            (Some("ru"), Language::Russian),
            (Some("ru-RU"), Language::Russian),
            (Some("rue"), Language::English),
            (Some("de"), Language::English),
            (Some(""), Language::English),
            (None, Language::English),
        ] {
            assert_eq!(Language::of(tag), want, "{tag:?}");
        }
    }

    #[test]
    fn many_names_are_listed_as_far_as_they_fit() {
        let names: Vec<String> = (0..130).map(|i| format!("{}-{i:03}", "n".repeat(28))).collect();
        let listed = listed(&names, 3_000, &ENGLISH);
        assert!(listed.encode_utf16().count() < 3_030);
        assert!(listed.ends_with(" and 42 more"), "{listed}");
        assert_eq!(super::listed(&names[..1], 3_000, &ENGLISH), names[0]);
    }

    #[test]
    fn a_text_is_cut_by_characters() {
        for (text, limit, want) in
            [("äöü", 3, "äöü"), ("äöüß", 3, "äö…"), ("🟢🟢", 4, "🟢🟢"), ("🟢🟢🟢", 4, "🟢…")]
        {
            assert_eq!(cut(text.into(), limit), want);
        }
    }

    #[test]
    fn lines_are_counted_where_they_do_not_fit() {
        let lines: Vec<_> = (0..9).map(|number| format!("line {number}")).collect();
        let last = ["the end".to_owned()];
        for (limit, want) in [
            (100, "line 0|line 1|line 2|line 3|line 4|line 5|line 6|line 7|line 8|the end"),
            (71, "line 0|line 1|line 2|line 3|line 4|line 5|line 6|line 7|line 8|the end"),
            (70, "line 0|line 1|line 2|line 3|line 4|line 5|line 6|and 2 more|the end"),
            (30, "line 0|and 8 more|the end"),
        ] {
            let fitted = fitted(&lines, &last, limit, &ENGLISH);
            assert!(fitted.encode_utf16().count() <= limit, "{fitted}");
            assert_eq!(fitted.replace('\n', "|"), want, "{limit}");
        }
    }
}
