//! PURE: numbers of blocks as people read them.

use super::ChartWords;

/// Joins a number to its unit.
pub const JOIN: char = '\u{a0}';
/// From here on a tick or a label is in thousands.
const LONG: f64 = 10_000.0;

/// A count with marks between its thousands: "27", "1,234".
#[must_use]
pub fn grouped(count: u64, words: &ChartWords) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(words.marks.0);
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of blocks from the median, in full: "−27", "0", "+5", "−1,234".
#[must_use]
pub fn signed(blocks: f64, words: &ChartWords) -> String {
    let rounded = blocks.round();
    format!("{}{}", sign(rounded), grouped(rounded.abs() as u64, words))
}

/// The same in few characters: "−10k", "−1.5M".
#[must_use]
pub fn short(blocks: f64, words: &ChartWords) -> String {
    if blocks.abs() < LONG {
        return signed(blocks, words);
    }
    let [thousand, million, billion] = words.powers;
    let units = [(1e9, billion), (1e6, million), (1e3, thousand)];
    let (unit, name) = units.into_iter().find(|(unit, _)| blocks.abs() >= *unit).unwrap_or((1e3, thousand));
    let tenths = (blocks.abs() / unit * 10.0).round() as u64;
    let count = match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}{}{rest}", tenths / 10, words.marks.1),
    };
    format!("{}{count}{name}", sign(blocks))
}

fn sign(blocks: f64) -> &'static str {
    match blocks {
        below if below < 0.0 => "−",
        above if above > 0.0 => "+",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{CHART_ENGLISH, CHART_RUSSIAN};

    #[test]
    fn thousands_are_grouped_and_long_numbers_short() {
        for (blocks, full, brief, russian) in [
            (-27.0, "−27", "−27", "−27"),
            (-0.2, "0", "0", "0"),
            (5.0, "+5", "+5", "+5"),
            (-1_234.0, "−1,234", "−1,234", "−1\u{a0}234"),
            (-10_000.0, "−10,000", "−10k", "−10\u{a0}тыс."),
            (1_250_000.0, "+1,250,000", "+1.3M", "+1,3\u{a0}млн"),
            (-9e15, "−9,000,000,000,000,000", "−9000000G", "−9000000\u{a0}млрд"),
        ] {
            assert_eq!(signed(blocks, &CHART_ENGLISH), full);
            assert_eq!(short(blocks, &CHART_ENGLISH), brief);
            assert_eq!(short(blocks, &CHART_RUSSIAN), russian);
        }
    }
}
