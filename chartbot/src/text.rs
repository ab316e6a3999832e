//! Every sentence that people read.

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
    /// What the numbers beside the plot count.
    pub unit: &'static str,
    /// The best reference, in the legend.
    pub best: &'static str,
    /// Outside a corridor of this threshold; absent when it changed.
    pub outside: fn(Option<&str>) -> String,
    /// The last so many seconds.
    pub last: fn(i64) -> String,
    /// Only so many nodes are shown, the worst, and of how many.
    pub worst: fn(usize, usize) -> String,
    /// The node did not answer.
    pub no_answer: &'static str,
    /// Too few references answered.
    pub no_consensus: &'static str,
    /// Prometheus holds nothing.
    pub not_scraped: &'static str,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The words of a chart in English.
pub const CHART_ENGLISH: ChartWords = ChartWords {
    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: MONTHS,
    of_months: MONTHS,
    marks: (',', '.'),
    unit: "blocks from the median",
    best: "best reference",
    outside: |threshold| match threshold {
        Some(threshold) => format!("outside ±{threshold}"),
        None => "outside the corridor".to_owned(),
    },
    last: last_in_english,
    worst: |shown, all| format!("the worst {shown} of {all}"),
    no_answer: "no answer",
    no_consensus: "no consensus",
    not_scraped: "not scraped",
};

/// The words of a chart in Russian.
#[allow(dead_code, reason = "until the bot asks for a user's language")]
pub const CHART_RUSSIAN: ChartWords = ChartWords {
    weekdays: ["пн", "вт", "ср", "чт", "пт", "сб", "вс"],
    months: ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
    of_months: ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
    marks: ('\u{a0}', ','),
    unit: "блоков от медианы",
    best: "лучший эталон",
    outside: |threshold| match threshold {
        Some(threshold) => format!("вне ±{threshold}"),
        None => "вне коридора".to_owned(),
    },
    last: last_in_russian,
    worst: |shown, all| format!("худшие {shown} из {all}"),
    no_answer: "нет ответа",
    no_consensus: "нет консенсуса",
    not_scraped: "не опрошено",
};

/// A range in the unit that it reads best in.
enum Length {
    Minutes(i64),
    Hours(i64),
    Days(i64),
}

impl Length {
    fn of(seconds: i64) -> Length {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        let in_units = |unit: i64| (seconds + unit / 2) / unit;
        // A day reads as hours, and so does everything that is no whole number of days.
        if seconds % DAY == 0 && seconds > DAY {
            Length::Days(in_units(DAY))
        } else if seconds % HOUR == 0 || seconds > 2 * DAY {
            Length::Hours(in_units(HOUR))
        } else {
            Length::Minutes(in_units(MINUTE))
        }
    }
}

fn last_in_english(seconds: i64) -> String {
    let (count, name) = match Length::of(seconds) {
        Length::Days(count) => (count, "day"),
        Length::Hours(count) => (count, "hour"),
        Length::Minutes(count) => (count, "minute"),
    };
    match count {
        1 => format!("last {name}"),
        count => format!("last {count} {name}s"),
    }
}

fn last_in_russian(seconds: i64) -> String {
    let (count, last_one, names) = match Length::of(seconds) {
        Length::Days(count) => (count, "последний день", ["день", "дня", "дней"]),
        Length::Hours(count) => (count, "последний час", ["час", "часа", "часов"]),
        Length::Minutes(count) => (count, "последняя минута", ["минута", "минуты", "минут"]),
    };
    match count {
        1 => last_one.to_owned(),
        count => format!("последние {count} {}", in_russian(count.unsigned_abs(), names)),
    }
}

/// The form of a noun after a number: as after one, after two, or after five.
fn in_russian(count: u64, [one, two, five]: [&'static str; 3]) -> &'static str {
    match (count % 10, count % 100) {
        (_, 11..=14) => five,
        (1, _) => one,
        (2..=4, _) => two,
        _ => five,
    }
}

// --- The conversation ---

/// What the bot says, in one language.
pub struct Words {
    /// The commands as Telegram shows them: name and description.
    pub commands: [(&'static str, &'static str); 4],
    /// What the bot can do.
    pub help: &'static str,
    /// To what it does not understand.
    pub hint: &'static str,

    /// There is no watched node within the last so many seconds.
    pub no_data: fn(i64) -> String,
    /// No such network; those that there are.
    pub no_such_network: fn(&str, &str) -> String,
    /// Prometheus cannot be reached.
    pub away: &'static str,
    /// Prometheus did not answer in time.
    pub timeout: &'static str,
    /// Prometheus refused with this HTTP status.
    pub refused: fn(u16) -> String,
    /// Prometheus answered with this HTTP status and these words, possibly none.
    pub failed: fn(u16, &str) -> String,
    /// What answered with this HTTP status is no Prometheus.
    pub not_prometheus: fn(u16) -> String,
    /// The chart could not be drawn.
    pub not_drawn: &'static str,

    /// The last so many seconds.
    pub last: fn(i64) -> String,
    /// So many blocks from the median, below zero is behind.
    pub offset: fn(f64) -> String,
    /// The node does not answer, since a moment if it is known.
    pub no_answer: fn(Option<&str>) -> String,
    /// The references do not agree, since a moment if it is known.
    pub no_consensus: fn(Option<&str>) -> String,
    /// Prometheus has nothing, since a moment if it is known.
    pub not_scraped: fn(Option<&str>) -> String,
    /// The largest distance from the median, and when.
    pub worst: fn(f64, &str) -> String,
    /// So many seconds outside the corridor.
    pub outside: fn(f64) -> String,
    /// So many seconds without a value.
    pub missing: fn(f64) -> String,
    /// Nothing was seen in the whole range.
    pub nothing_seen: &'static str,
    /// The corridor's half height in blocks.
    pub corridor: fn(f64) -> String,
    /// How many watched nodes a chart shows.
    pub watched: fn(usize) -> String,
    /// How many nodes the caption leaves out.
    pub more_nodes: fn(usize) -> String,
    /// How many references answer, and of how many.
    pub references: fn(f64, f64) -> String,
    /// The zone of all times.
    pub times_in: fn(&str) -> String,
    /// What Prometheus warns of.
    pub warning: fn(&str) -> String,
    /// Day and time of something that was not today, as strftime(3) writes it.
    pub another_day: &'static str,
}

/// What the bot says in English.
pub const ENGLISH: Words = Words {
    commands: [
        ("hour", "The lag over the last hour"),
        ("day", "The lag over the last day"),
        ("week", "The lag over the last week"),
        ("help", "What this bot can do"),
    ],
    help: "I draw how far your nodes are from the median of the reference nodes.\n\
        /hour, /day, /week: a chart of the last hour, day or week\n\
        /help: this text\n\
        Below zero is behind; outside the dashed lines is outside the corridor.",
    hint: "I know /hour, /day and /week for a chart, and /help.",

    no_data: |seconds| {
        format!(
            "Prometheus holds no watched node for the {}; check that it scrapes headlag-exporter.",
            last_in_english(seconds)
        )
    },
    no_such_network: |asked, known| {
        format!("There is no network named {asked} in this range; there is: {known}.")
    },
    away: "Prometheus cannot be reached; check that it runs and that --prometheus.url is right.",
    timeout: "Prometheus did not answer in time; try again in a minute or ask for a shorter range.",
    refused: |status| {
        format!("Prometheus refused the query (status {status}); check that headlag may read it.")
    },
    failed: |status, words| {
        let colon = if words.is_empty() { "" } else { ": " };
        format!("Prometheus answered with an error (status {status}){colon}{words}")
    },
    not_prometheus: |status| {
        format!(
            "What answers at --prometheus.url (status {status}) is not a Prometheus; \
             check the address."
        )
    },
    not_drawn: "The chart could not be drawn; the log of headlag-chartbot says why.",

    last: last_in_english,
    offset: |offset| match offset {
        offset if offset < 0.0 => format!("{} behind", blocks(-offset)),
        offset if offset > 0.0 => format!("{} ahead", blocks(offset)),
        _ => "level with the median".to_owned(),
    },
    no_answer: |since| since_when("no answer", since),
    no_consensus: |since| since_when("no consensus among the references", since),
    not_scraped: |since| since_when("not scraped", since),
    worst: |offset, when| match offset {
        0.0 => "always level with the median".to_owned(),
        _ => format!("at worst {} ({when})", (ENGLISH.offset)(offset)),
    },
    outside: |seconds| match seconds {
        seconds if seconds < 0.5 => "never outside the corridor".to_owned(),
        _ => format!("{} outside the corridor", duration(seconds)),
    },
    missing: |seconds| match seconds {
        seconds if seconds < 0.5 => "no data missing".to_owned(),
        _ => format!("{} without data", duration(seconds)),
    },
    nothing_seen: "no data at all",
    corridor: |threshold| format!("corridor of {} either way", blocks(threshold)),
    watched: |nodes| counted(nodes as u64, "watched node"),
    more_nodes: |nodes| format!("and {} more", counted(nodes as u64, "node")),
    references: |up, all| format!("{up} of {all} references up"),
    times_in: |zone| format!("times in {zone}"),
    warning: |words| format!("Prometheus warns: {words}"),
    another_day: "%a %-d %b, %H:%M",
};

fn since_when(what: &str, since: Option<&str>) -> String {
    since.map_or_else(|| what.to_owned(), |since| format!("{what} since {since}"))
}

fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

fn blocks(count: f64) -> String {
    let rounded = (count * 10.0).round() / 10.0;
    let plural = if rounded == 1.0 { "" } else { "s" };
    format!("{rounded} block{plural}")
}

/// A length of time in its two largest units.
fn duration(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole = seconds.round() as u64;
    // Seconds are told only where there is no whole minute.
    let whole = if whole < 60 { whole } else { (whole + 30) / 60 * 60 };
    let first = UNITS.iter().position(|(unit, _)| whole >= *unit).unwrap_or(3);
    let (unit, name) = UNITS[first];
    let mut words = counted(whole / unit, name);
    if let Some((smaller, name)) = UNITS.get(first + 1) {
        let rest = whole % unit / smaller;
        if rest > 0 {
            words = format!("{words} {}", counted(rest, name));
        }
    }
    words
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
        for (seconds, want) in [
            (600, "последние 10 минут"),
            (42 * 60, "последние 42 минуты"),
            (3_600, "последний час"),
            (11 * 3_600, "последние 11 часов"),
            (21 * 3_600, "последние 21 час"),
            (86_400, "последние 24 часа"),
            (7 * 86_400, "последние 7 дней"),
            (112 * 86_400, "последние 112 дней"),
            (363 * 86_400, "последние 363 дня"),
        ] {
            assert_eq!((CHART_RUSSIAN.last)(seconds), want);
        }
    }

    #[test]
    fn numbers_in_words() {
        for (offset, want) in [
            (-12.0, "12 blocks behind"),
            (1.0, "1 block ahead"),
            (-0.25, "0.3 blocks behind"),
            (0.0, "level with the median"),
            (-0.0, "level with the median"),
        ] {
            assert_eq!((ENGLISH.offset)(offset), want);
        }
        for (seconds, want) in [
            (15.0, "15 seconds"),
            (59.4, "59 seconds"),
            (61.0, "1 minute"),
            (840.0, "14 minutes"),
            (3_599.0, "1 hour"),
            (12_000.0, "3 hours 20 minutes"),
            (86_400.0 * 2.0 + 14_500.0, "2 days 4 hours"),
        ] {
            assert_eq!(duration(seconds), want);
        }
    }
}
