//! PURE: durations as people type them: `90m`, `6h`, `1d12h`.

use jiff::{Span, SpanRelativeTo, Unit};

/// The seconds of a duration such as `6h`, in any case; a day has 24 hours. Absent if the text is
/// no duration; below zero if it begins with a minus sign.
#[must_use]
pub fn read(text: &str) -> Option<f64> {
    let span: Span = text.trim().to_ascii_lowercase().parse().ok()?;
    span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()
}
