//! What a user asks for: one grammar for everything that comes from Telegram, and the
//! ranges of time that can be asked for.

use jiff::{Span, SpanRelativeTo, Unit};

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

    const SHORTEST: f64 = 600.0;
    const LONGEST: f64 = 365.0 * 24.0 * 3_600.0;

    /// Reads `hour`, `day`, `week`, or a duration such as `6h` from 10 minutes to 365 days.
    ///
    /// # Errors
    /// When the text is neither, or the duration is out of bounds.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "hour" => return Ok(Self::HOUR),
            "day" => return Ok(Self::DAY),
            "week" => return Ok(Self::WEEK),
            _ => {}
        }
        let seconds = text
            .trim()
            .parse::<Span>()
            .and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())))
            .map_err(|_| RangeError::NotADuration)?;
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

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// A chart of the lag.
    Chart(Range),
    /// What the bot can do.
    Help,
    /// Anything else; answered with a hint.
    Unknown,
}

impl Command {
    /// Reads the text of a message to the bot whose username is `us`. The command may
    /// be addressed (`/hour@us`); its case, and what follows it, do not matter.
    #[must_use]
    pub fn parse(text: &str, us: &str) -> Self {
        let word = text.split_whitespace().next().unwrap_or_default();
        let (name, addressee) = match word.split_once('@') {
            Some((name, addressee)) => (name, Some(addressee)),
            None => (word, None),
        };
        if addressee.is_some_and(|addressee| !addressee.eq_ignore_ascii_case(us)) {
            return Self::Unknown;
        }
        match name.to_ascii_lowercase().as_str() {
            "/hour" => Self::Chart(Range::HOUR),
            "/day" => Self::Chart(Range::DAY),
            "/week" => Self::Chart(Range::WEEK),
            "/start" | "/help" => Self::Help,
            _ => Self::Unknown,
        }
    }

    /// Whether a text is meant as a command, known or not.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().starts_with('/')
    }

    /// Its name as a label of a metric.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chart(Range::HOUR) => "hour",
            Self::Chart(Range::DAY) => "day",
            Self::Chart(Range::WEEK) => "week",
            Self::Chart(_) => "chart",
            Self::Help => "help",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_grammar() {
        for (text, want) in [
            ("/hour", Command::Chart(Range::HOUR)),
            ("  /Day  ", Command::Chart(Range::DAY)),
            ("/WEEK please", Command::Chart(Range::WEEK)),
            ("/hour@Headlag_Bot", Command::Chart(Range::HOUR)),
            ("/hour@other_bot", Command::Unknown),
            ("/hour@", Command::Unknown),
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
            ("1y", Err(RangeError::NotADuration)),
            ("6", Err(RangeError::NotADuration)),
            ("", Err(RangeError::NotADuration)),
            ("soon", Err(RangeError::NotADuration)),
        ] {
            assert_eq!(Range::parse(text).map(Range::seconds), want, "{text:?}");
        }
    }
}
