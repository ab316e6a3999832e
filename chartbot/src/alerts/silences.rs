//! PURE: silences: which alerts they match, for how long, who made them, and the comment by which
//! the bot recognises its own.

use std::fmt;

use crate::chat::duration;

/// How long a silence lasts: whole seconds, from one minute to 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lasting(u32);

impl Lasting {
    /// What the buttons under an alert offer: 1, 8 and 24 hours.
    pub const OFFERED: [Self; 3] = [Self(3_600), Self(8 * 3_600), Self(24 * 3_600)];

    const SHORTEST: f64 = 60.0;
    const LONGEST: f64 = 30.0 * 86_400.0;

    /// Reads a duration such as `2h`, `90m` or `1d12h`; absent if it is none, or out of bounds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let seconds = duration::read(text)?;
        (Self::SHORTEST..=Self::LONGEST).contains(&seconds).then_some(Self(seconds as u32))
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Lasting {
    /// In hours, else in minutes, else in seconds, as [`Lasting::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            hours if hours.is_multiple_of(3_600) => write!(f, "{}h", hours / 3_600),
            minutes if minutes.is_multiple_of(60) => write!(f, "{}m", minutes / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

/// Alertmanager's name for a silence, a UUID in all known versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SilenceId(String);

impl SilenceId {
    /// Longer than a UUID, and still short enough for the data of a button.
    const LONGEST: usize = 50;

    /// Reads one; absent if it holds anything but letters, digits and hyphens, as it becomes part
    /// of a URL and of the data of a button.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let signs = text.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'-');
        ((1..=Self::LONGEST).contains(&text.len()) && signs).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
