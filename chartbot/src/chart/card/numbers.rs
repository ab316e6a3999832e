//! PURE: numbers of blocks as a card writes them.

use crate::words::Language;

/// From here on a tick or a label is in thousands.
const LONG: f64 = 10_000.0;

/// A number of blocks from the median, in full: "−27", "0", "+5", "−1,234".
pub fn signed(blocks: f64, language: Language) -> String {
    let rounded = blocks.round();
    let digits = (rounded.abs() as u64).to_string();
    let separator = language.words().chart.marks.0;
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    format!("{}{grouped}", sign(rounded))
}

/// The same in few characters: "−10k", "−1.5M".
pub fn short(blocks: f64, language: Language) -> String {
    if blocks.abs() < LONG {
        return signed(blocks, language);
    }
    let units = match language {
        Language::English => [(1e9, "G"), (1e6, "M"), (1e3, "k")],
        Language::Russian => [(1e9, "\u{a0}млрд"), (1e6, "\u{a0}млн"), (1e3, "\u{a0}тыс.")],
    };
    let [.., smallest] = units;
    let (unit, name) = units.into_iter().find(|(unit, _)| blocks.abs() >= *unit).unwrap_or(smallest);
    let tenths = (blocks.abs() / unit * 10.0).round() as u64;
    let count = match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}{}{rest}", tenths / 10, language.words().chart.marks.1),
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
    use Language::{English, Russian};

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
            assert_eq!(signed(blocks, English), full);
            assert_eq!(short(blocks, English), brief);
            assert_eq!(short(blocks, Russian), russian);
        }
    }
}
