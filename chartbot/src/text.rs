//! Every sentence that people read.

// --- The chart ---

/// The words drawn into a chart, in one language.
pub struct ChartWords {
    /// From Monday, short.
    pub weekdays: [&'static str; 7],
    /// From January, short.
    pub months: [&'static str; 12],
    /// What the numbers beside the plot count.
    pub unit: &'static str,
    /// The best reference, in the legend.
    pub best: &'static str,
    /// Outside a corridor of this threshold; absent when it changed.
    pub outside: fn(Option<&str>) -> String,
    /// The last so many seconds.
    pub last: fn(i64) -> String,
    /// The node did not answer.
    pub no_answer: &'static str,
    /// Too few references answered.
    pub no_consensus: &'static str,
    /// Prometheus holds nothing.
    pub not_scraped: &'static str,
}

/// The words of a chart in English.
pub const CHART_ENGLISH: ChartWords = ChartWords {
    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    unit: "blocks from the median",
    best: "best reference",
    outside: |threshold| match threshold {
        Some(threshold) => format!("outside ±{threshold}"),
        None => "outside the corridor".to_owned(),
    },
    last: last_in_english,
    no_answer: "no answer",
    no_consensus: "no consensus",
    not_scraped: "not scraped",
};

fn last_in_english(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    // A day reads as hours, and so does everything that is no whole number of days.
    let (unit, name) = if seconds % DAY == 0 && seconds > DAY {
        (DAY, "day")
    } else if seconds % HOUR == 0 || seconds > 2 * DAY {
        (HOUR, "hour")
    } else {
        (MINUTE, "minute")
    };
    match (seconds + unit / 2) / unit {
        1 => format!("last {name}"),
        count => format!("last {count} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_told_in_its_own_unit() {
        for (seconds, want) in [
            (600, "last 10 minutes"),
            (3_600, "last hour"),
            (5_400, "last 90 minutes"),
            (86_400, "last 24 hours"),
            (7 * 86_400, "last 7 days"),
            (3 * 86_400 + 1_800, "last 73 hours"),
        ] {
            assert_eq!((CHART_ENGLISH.last)(seconds), want);
        }
    }
}
