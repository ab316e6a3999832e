//! What a user asks for: one grammar for everything that comes from Telegram, and the
//! ranges of time that can be asked for.

use std::fmt;

use crate::{alerts::silences::Lasting, chart::Theme, chat::duration};

/// So many bytes a button may carry
/// (<https://core.telegram.org/bots/api#inlinekeyboardbutton>).
const BUTTON_DATA: usize = 64;

/// How far a chart looks back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range(u32);

/// Why a text is no [`Range`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Not a duration.
    #[error("is not a range; write hour, day, week, or a duration such as 90m, 6h, 3d or 2w")]
    NotADuration,
    /// Below ten minutes or above a year.
    #[error("is out of bounds; a chart shows from 10 minutes (10m) to 365 days (365d)")]
    OutOfBounds,
}

impl Range {
    /// The last hour.
    pub const HOUR: Self = Self(3_600);
    /// The last 24 hours.
    pub const DAY: Self = Self(24 * 3_600);
    /// The last seven days.
    pub const WEEK: Self = Self(7 * 24 * 3_600);
    /// The last 365 days.
    pub const YEAR: Self = Self(365 * 24 * 3_600);
    /// What `/chart` offers.
    pub const OFFERED: [Self; 6] = {
        let day = Self::DAY.0;
        [Self(600), Self(day / 4), Self(3 * day), Self(30 * day), Self(90 * day), Self::YEAR]
    };

    const SHORTEST: f64 = 600.0;
    const LONGEST: f64 = 365.0 * 24.0 * 3_600.0;

    /// Reads `hour`, `day`, `week`, or a duration such as `6h` from 10 minutes to 365 days, which
    /// `1y` is as well.
    ///
    /// # Errors
    /// When the text is neither, or the duration is out of bounds.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "hour" => return Ok(Self::HOUR),
            "day" => return Ok(Self::DAY),
            "week" => return Ok(Self::WEEK),
            "1y" => return Ok(Self::YEAR),
            // Years have no one length, but those of several are all too long.
            _ if text.strip_suffix('y').is_some_and(|years| years.parse::<u32>().is_ok()) => {
                return Err(RangeError::OutOfBounds);
            }
            _ => {}
        }
        let seconds = duration::read(&text).ok_or(RangeError::NotADuration)?;
        if (Self::SHORTEST..=Self::LONGEST).contains(&seconds) {
            Ok(Self(seconds as u32))
        } else {
            Err(RangeError::OutOfBounds)
        }
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Range {
    /// In the largest unit that leaves nothing over, as [`Range::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u32, &str); 5] = [(604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
        let whole = UNITS.iter().find(|(unit, _)| self.0.is_multiple_of(*unit));
        let (unit, name) = whole.copied().unwrap_or((1, "s"));
        write!(f, "{}{name}", self.0 / unit)
    }
}

/// What a message, or a button, asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A chart of the lag.
    Chart {
        /// How far back.
        range: Range,
        /// As it was written; absent where the bot is to choose.
        network: Option<String>,
        /// In which colours; absent where that is the bot's to choose.
        theme: Option<Theme>,
    },
    /// A chart, but not of which range; answered with a choice of buttons.
    AnyChart,
    /// How everything is right now.
    Status,
    /// What fires, and what is silenced.
    Alerts,
    /// A silence over all alerts about a node.
    Silence {
        /// As it was written.
        node: String,
        /// How long.
        lasting: Lasting,
        /// As it was written; absent where the node is in one network only.
        network: Option<String>,
    },
    /// `/silence` alone, or with something that it does not take; answered with what it may be.
    AnySilence,
    /// What the bot can do.
    Help,
    /// `/chart` with something that is no range, in this word; answered with what it may be.
    WrongRange(RangeError, String),
    /// More than a range and a network; answered with what it may be.
    TooMuch,
    /// Anything else; answered with a hint.
    Unknown,
}

/// Longer words are cut: they are no network's name.
const LONGEST_WORD: usize = 63;

fn in_short(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

/// Whether a word is a duration, also one that is too short or too long for a chart.
fn is_duration(word: &str) -> bool {
    let begins = word.starts_with(|sign: char| sign.is_ascii_digit());
    begins && !matches!(Range::parse(word), Err(RangeError::NotADuration))
}

impl Command {
    /// Reads the text of a message to the bot whose username is `us`, or the data of one
    /// of its buttons. The command may be addressed (`/hour@us`); its case does not matter,
    /// nor what follows the commands that are about everything. A duration alone asks for its
    /// chart.
    #[must_use]
    pub fn parse(text: &str, us: &str) -> Self {
        let mut words = text.split_whitespace();
        let word = words.next().unwrap_or_default();
        let (name, addressee) = match word.split_once('@') {
            Some((name, addressee)) => (name, Some(addressee)),
            None => (word, None),
        };
        if addressee.is_some_and(|addressee| !addressee.eq_ignore_ascii_case(us)) {
            return Self::Unknown;
        }
        match name.to_ascii_lowercase().as_str() {
            "/hour" => Self::chart(Range::HOUR, words),
            "/day" => Self::chart(Range::DAY, words),
            "/week" => Self::chart(Range::WEEK, words),
            "/chart" => match words.next() {
                None => Self::AnyChart,
                Some(range) => Self::chart_of(range, words),
            },
            "/status" => Self::Status,
            "/alerts" => Self::Alerts,
            "/silence" => Self::silence(words),
            "/start" | "/help" => Self::Help,
            _ if is_duration(word) => Self::chart_of(word, words),
            _ => Self::Unknown,
        }
    }

    /// A node, a duration, and a network or none; the first two in either order, where only one of
    /// them can be the duration.
    fn silence<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let words: Vec<_> = words.collect();
        let (node, lasting, network) = match *words.as_slice() {
            [first, second] => (first, second, None),
            [first, second, network] => (first, second, Some(network)),
            _ => return Self::AnySilence,
        };
        let read = |node: &str, lasting| {
            let network = network.map(in_short);
            Some(Self::Silence { node: in_short(node), lasting: Lasting::parse(lasting)?, network })
        };
        read(node, lasting).or_else(|| read(lasting, node)).unwrap_or(Self::AnySilence)
    }

    fn chart_of<'a>(range: &str, names: impl Iterator<Item = &'a str>) -> Self {
        match Range::parse(range) {
            Ok(range) => Self::chart(range, names),
            Err(error) => Self::WrongRange(error, in_short(range)),
        }
    }

    /// A chart of the network that is named in what follows, if any is, and in the theme that
    /// is named after that.
    fn chart<'a>(range: Range, mut names: impl Iterator<Item = &'a str>) -> Self {
        let (network, theme) = (names.next(), names.next());
        let known = theme.and_then(|word| Theme::ALL.into_iter().find(|theme| theme.word() == word));
        if theme.is_some() != known.is_some() || names.next().is_some() {
            return Self::TooMuch;
        }
        Self::Chart { range, network: network.map(in_short), theme: known }
    }

    /// The data of a button that asks for a chart of `network` in `theme`: the very text that
    /// would ask for it in a message. Absent where Telegram takes no data so long, or the name
    /// is none that can be written.
    #[must_use]
    pub fn button(range: Range, network: Option<&str>, theme: Option<Theme>) -> Option<String> {
        let words = network.into_iter().chain(theme.map(Theme::word));
        let data = words.fold(format!("/chart {range}"), |data, word| format!("{data} {word}"));
        let same = Self::Chart { range, network: network.map(str::to_owned), theme };
        (data.len() <= BUTTON_DATA && Self::parse(&data, "") == same).then_some(data)
    }

    /// Whether a text is meant as a command, known or not.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().starts_with('/') || text.split_whitespace().next().is_some_and(is_duration)
    }

    /// Its name as a label of a metric.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Chart { range: Range::HOUR, .. } => "hour",
            Self::Chart { range: Range::DAY, .. } => "day",
            Self::Chart { range: Range::WEEK, .. } => "week",
            Self::Chart { .. } | Self::AnyChart | Self::WrongRange(..) | Self::TooMuch => "chart",
            Self::Status => "status",
            Self::Alerts => "alerts",
            Self::Silence { .. } | Self::AnySilence => "silence",
            Self::Help => "help",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_grammar() {
        let themed = |range, network: Option<&str>, theme| {
            let network = network.map(Into::into);
            Command::Chart { range, network, theme }
        };
        let chart = |range, network| themed(range, network, None);
        let wrong = |error, word: &str| Command::WrongRange(error, word.into());
        let six = Range::parse("6h").unwrap();
        let silence = |node: &str, network: Option<&str>| {
            let (lasting, network) = (Lasting::parse("2h").unwrap(), network.map(Into::into));
            Command::Silence { node: node.into(), lasting, network }
        };
        for (text, want) in [
            ("/hour", chart(Range::HOUR, None)),
            ("  /Day  ", chart(Range::DAY, None)),
            ("/WEEK Polygon", chart(Range::WEEK, Some("Polygon"))),
            ("/day polygon gnosis", Command::TooMuch),
            ("/hour@Headlag_Bot", chart(Range::HOUR, None)),
            ("/hour@other_bot", Command::Unknown),
            ("/hour@", Command::Unknown),
            ("/chart 6h", chart(six, None)),
            ("/chart@headlag_bot  6H\n polygon ", chart(six, Some("polygon"))),
            ("/chart week Polygon", chart(Range::WEEK, Some("Polygon"))),
            ("/chart", Command::AnyChart),
            ("/chart@headlag_bot ", Command::AnyChart),
            ("/chart 6h polygon dark", themed(six, Some("polygon"), Some(Theme::Dark))),
            // A network may be named like a theme.
            ("/chart 6h dark", chart(six, Some("dark"))),
            ("/chart 6h dark light", themed(six, Some("dark"), Some(Theme::Light))),
            ("/chart 6h polygon dark dark", Command::TooMuch),
            ("/chart 1y", chart(Range::YEAR, None)),
            ("6h", chart(six, None)),
            (" 6H polygon", chart(six, Some("polygon"))),
            ("1y", chart(Range::YEAR, None)),
            ("9m", wrong(RangeError::OutOfBounds, "9m")),
            ("6 o'clock", Command::Unknown),
            ("day", Command::Unknown),
            ("/chart polygon 6h", wrong(RangeError::NotADuration, "polygon")),
            ("/chart 2y", wrong(RangeError::OutOfBounds, "2y")),
            ("/chart 9m", wrong(RangeError::OutOfBounds, "9m")),
            ("/chart 6h polygon gnosis", Command::TooMuch),
            ("/status now", Command::Status),
            ("/alerts", Command::Alerts),
            ("/alerts all", Command::Alerts),
            ("/silence", Command::AnySilence),
            ("/silence mine", Command::AnySilence),
            ("/silence mine 2h", silence("mine", None)),
            ("/silence 2h mine Polygon", silence("mine", Some("Polygon"))),
            ("/Silence mine 120m polygon", silence("mine", Some("polygon"))),
            // A node may be named like a duration.
            ("/silence 3h 2h", silence("3h", None)),
            ("/silence mine 31d", Command::AnySilence),
            ("/silence mine 59s", Command::AnySilence),
            ("/silence mine soon", Command::AnySilence),
            ("/silence mine 2h polygon gnosis", Command::AnySilence),
            ("/start", Command::Help),
            ("/start deep-link", Command::Help),
            ("/help\n", Command::Help),
            ("/hourly", Command::Unknown),
            ("/", Command::Unknown),
            ("hour", Command::Unknown),
            ("", Command::Unknown),
        ] {
            assert_eq!(Command::parse(text, "headlag_bot"), want, "{text:?}");
        }
    }

    #[test]
    fn a_button_is_the_command_that_it_stands_for() {
        let longest = "n".repeat(32);
        let range = Range::parse("31535999s").unwrap();
        let data = Command::button(range, Some(&longest), Some(Theme::Light)).unwrap();
        assert_eq!(data, format!("/chart 31535999s {longest} light"));
        assert_eq!(Command::button(Range::WEEK, Some("a"), None).unwrap(), "/chart 1w a");
        assert_eq!(Command::button(Range::YEAR, None, None).unwrap(), "/chart 365d");
        for odd in ["", "two words", &"n".repeat(60), &"я".repeat(30)] {
            assert_eq!(Command::button(Range::WEEK, Some(odd), None), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn a_range_reads_as_it_is_written(seconds in 600_u32..=31_536_000) {
            let written = Range(seconds).to_string();
            prop_assert_eq!(Range::parse(&written), Ok(Range(seconds)), "{}", written);
        }

        #[test]
        fn any_text_can_be_read(text in ".*") {
            let _ = Command::parse(&text, "headlag_bot");
            let _ = Range::parse(&text);
        }
    }

    #[test]
    fn ranges() {
        for (text, want) in [
            ("hour", Ok(3_600)),
            ("Day", Ok(86_400)),
            ("week", Ok(604_800)),
            ("6h", Ok(21_600)),
            ("90m", Ok(5_400)),
            ("1d12h", Ok(129_600)),
            ("2w", Ok(1_209_600)),
            ("10m", Ok(600)),
            ("365d", Ok(31_536_000)),
            ("9m", Err(RangeError::OutOfBounds)),
            ("-6h", Err(RangeError::OutOfBounds)),
            ("366d", Err(RangeError::OutOfBounds)),
            ("1y", Ok(31_536_000)),
            ("1Y", Ok(31_536_000)),
            ("2y", Err(RangeError::OutOfBounds)),
            ("y", Err(RangeError::NotADuration)),
            ("6", Err(RangeError::NotADuration)),
            ("", Err(RangeError::NotADuration)),
            ("soon", Err(RangeError::NotADuration)),
        ] {
            assert_eq!(Range::parse(text).map(Range::seconds), want, "{text:?}");
        }
    }
}
