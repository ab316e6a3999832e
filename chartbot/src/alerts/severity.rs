//! PURE: how bad an alert is.

use super::alert::Pairs;

/// How bad an alert is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody has to act now.
    Critical,
    /// Somebody has to act soon.
    Warning,
    /// None of the severities that headlag's rules use.
    Other,
    /// Nothing is wrong: a watchdog that always fires.
    None,
}

impl Severity {
    /// By the label `severity`.
    #[must_use]
    pub fn of(labels: &Pairs) -> Self {
        match labels.get("severity").map(String::as_str) {
            Some("critical") => Self::Critical,
            Some("warning") => Self::Warning,
            Some("none") => Self::None,
            _ => Self::Other,
        }
    }

    /// The sign before an alert in texts: one for critical alerts and warnings alike, as on the card,
    /// and another for the rest.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Critical | Self::Warning => "🔴",
            Self::Other | Self::None => "⚪",
        }
    }
}
