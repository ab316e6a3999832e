//! What the bot says in English.

use super::{
    ChartWords, Words,
    alert::ALERT_ENGLISH,
    length,
    number::{JOIN, grouped},
    silence,
};
use crate::samples::{missing::Cause, state::State};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The words of a chart in English.
pub const CHART_ENGLISH: ChartWords = ChartWords {
    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: MONTHS,
    of_months: MONTHS,
    marks: (',', '.'),
    powers: ["k", "M", "G"],
    unit: "blocks",
    best: "best reference",
    others: "other nodes",
    outside: |threshold| match threshold {
        Some(threshold) => format!("beyond ±{threshold}"),
        None => "outside the corridor".to_owned(),
    },
    state: |state| match state {
        State::Unreachable => "no answer",
        State::WrongChain => "wrong chain",
        State::Stalled => "stalled",
        State::Behind => "behind",
        State::NotScraped => "no data in Prometheus",
        State::NoConsensus => "no consensus",
        State::Split => "references disagree",
        State::Halted => "halted",
        State::Ahead => "ahead",
        State::Ok => "level",
        State::Gone => "no longer watched",
    },
    references: |up, all| format!("{up} of {} up", counted(all as u64, "reference")),
    data_since: |first, last| format!("data since {first}, to {last}"),
};

/// What the bot says in English.
pub const ENGLISH: Words = Words {
    commands: &[
        ("hour", "The lag over the last hour"),
        ("day", "The lag over the last day"),
        ("week", "The lag over the last week"),
        ("chart", "Any range: /chart 6h, /chart 30d polygon"),
        ("status", "The state of every node"),
        ("alerts", "What fires, and what is silenced"),
        ("silence", "Silence a node: /silence my-node 2h"),
        ("help", "What this bot can do"),
    ],
    chart: &CHART_ENGLISH,
    alert: &ALERT_ENGLISH,
    silences: &silence::ENGLISH,
    ranges: ["1h", "1d", "1w"],
    choices: ["10m", "6h", "3d", "30d", "90d", "1y"],
    which_range: "Choose a range, or write one: 90m, 6h polygon, 30d.",
    help: "I draw how far your nodes are from the median of the reference nodes.\n\
        /hour, /day, /week: a chart of the last hour, day or week\n\
        /chart 6h, /chart 30d polygon, or just 6h: any range from 10m to 1y, and the network if there are several\n\
        /status: the state of every node\n\
        /alerts: what fires, and what is silenced\n\
        /silence my-node 2h: no alerts about a node, before planned work\n\
        /help: this text\n\
        Below zero is behind. The dashed lines are the corridor: a node within it keeps up.",
    hint: "I know /hour, /day, /week and /chart 6h for a chart, /status, /alerts, /silence and /help.",
    not_a_range: |word| {
        format!(
            "“{word}” is not a range. Give a range and, optionally, a network: \
             /chart 90m, /chart 6h, /chart 30d polygon."
        )
    },
    out_of_bounds: "A chart covers 10 minutes to 365 days: /chart 10m to /chart 365d.",
    too_much: "Give one range and at most one network: /chart 6h, /chart 30d polygon.",
    too_fast: "Too many requests at once: only the latest few are answered, and more slowly.",

    no_data: |seconds| {
        format!(
            "Prometheus has no data on watched nodes for the {}; check that it scrapes headlag-exporter.",
            last(seconds)
        )
    },
    doubtful: |seconds, warning| {
        format!("Prometheus answered without a watched node for the {}. {warning}", last(seconds))
    },
    more: |count| format!("and {count} more"),
    too_large: "Prometheus' answer is larger than 32 MiB; ask for a shorter range.",
    no_such_network: |asked, known| {
        format!("There is no network named {asked} in this range; known networks: {known}.")
    },
    tls: "The TLS handshake with Prometheus failed; check its certificate, and tls_config in \
        --prometheus.http-config-file.",
    away: "Prometheus cannot be reached; check that it runs and that --prometheus.url is correct.",
    timeout: "Prometheus did not answer in time; try again in a minute or ask for a shorter range.",
    refused: |status| {
        format!("Prometheus refused the query (status {status}); check that headlag may read it.")
    },
    failed: |status, words| {
        if words.is_empty() {
            return format!(
                "Prometheus, or a proxy in front of it, answered with status {status}; try again in a minute."
            );
        }
        format!("Prometheus answered with an error (status {status}): {words}")
    },
    not_prometheus: |status| {
        format!("The server at --prometheus.url is not Prometheus (status {status}); check the address.")
    },
    not_drawn: "The chart could not be drawn; see the log of headlag-chartbot.",

    last,
    since: |moment| format!("since {moment}"),
    lag: |offset, seconds| {
        let time = seconds.filter(|seconds| offset < 0.0 && *seconds >= 0.5).map(short);
        let time = time.map(|time| format!(" ({time})")).unwrap_or_default();
        match offset {
            offset if offset < 0.0 => format!("{}{time} behind", blocks(-offset)),
            offset if offset > 0.0 => format!("{} ahead", blocks(offset)),
            _ => "level with the median".to_owned(),
        }
    },
    age: short,
    ago: |age| format!("{age} ago"),
    supports: |max, median| format!("{max} at the highest block, {median} at the median"),
    halted: "the chain has halted",

    level_at: |moment| format!("level at about {moment}"),
    level_soon: "level within 2\u{a0}min",
    losing: |count, time| format!("losing {} {time}", blocks(count)),
    a_minute: "a minute",
    an_hour: "an hour",
    catching_up: |count, minutes| {
        format!("catching up, {} in {}", blocks(count), counted(minutes as u64, "minute"))
    },
    growing: "lag growing",

    worst: |offset, when| format!("at worst {} ({when})", (ENGLISH.lag)(offset, None)),
    outside: |seconds, (least, most)| {
        let corridor = if least == most {
            format!("±{}", blocks(most))
        } else {
            format!("±{least} to ±{}", blocks(most))
        };
        format!("{} outside {corridor}", duration(seconds))
    },
    missing: |cause, seconds| {
        let cause = match cause {
            Cause::NoAnswer => "no answer",
            Cause::WrongChain => "wrong chain",
            Cause::NoConsensus => "no consensus",
            Cause::NotScraped => "no data in Prometheus",
        };
        format!("{cause} for {}", duration(seconds))
    },
    longest: |count, span| format!("{}, longest {span}", counted(count as u64, "time")),
    noise: |reach, threshold| format!("noise here reaches ±{reach}; a threshold of {threshold} would fit"),
    trouble: |cause| match cause {
        None => "outside",
        Some(Cause::NoAnswer) => "no answer",
        Some(Cause::WrongChain) => "wrong chain",
        Some(Cause::NoConsensus) => "no consensus",
        Some(Cause::NotScraped) => "no data",
    },
    before: |what| format!("before: {what}"),
    on_and_off: |part, whole, what| format!("on and off {what}, {part} of {whole}"),
    meaning: |state| match state {
        State::Halted => Some("not a fault of the nodes"),
        State::Split | State::NoConsensus => Some("no node can be judged"),
        State::NotScraped => Some("nobody is watching"),
        _ => None,
    },
    all_nodes: |count| format!("all {}", counted(count as u64, "node")),
    nothing_seen: "no data in this range",
    nodes_ok: |ok, all| format!("{ok} of {} ok", counted(all as u64, "node")),
    more_ok: |count| format!("and {count} more, ok"),
    references: CHART_ENGLISH.references,
    times_in: |zone| format!("times in {zone}"),
    partial: "Incomplete: part of the storage behind Prometheus did not answer.",
    warning: |words| format!("Prometheus warns: {words}"),
    renamed: |label| {
        format!(
            "Prometheus renamed the label “{label}” to “exported_{label}”, so names may be wrong; \
             set honor_labels: true in its scrape config."
        )
    },
    clock: |ahead| {
        let side = if ahead > 0.0 { "ahead of" } else { "behind" };
        format!("The exporter's clock is {} {side} Prometheus'; check NTP.", short(ahead.abs()))
    },
};

fn last(seconds: i64) -> String {
    const NAMES: [&str; 3] = ["minute", "hour", "day"];
    match length(seconds).as_slice() {
        [(1, unit)] => format!("last {}", NAMES[*unit]),
        parts => {
            let parts = parts.iter().map(|(count, unit)| counted(*count, NAMES[*unit]));
            format!("last {}", parts.collect::<Vec<_>>().join(" "))
        }
    }
}

pub(super) fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{}{JOIN}{thing}{plural}", grouped(count, &CHART_ENGLISH))
}

fn blocks(count: f64) -> String {
    counted(count.round() as u64, "block")
}

/// A length of time in its largest unit, in few characters.
fn short(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..100 => format!("{whole}{JOIN}s"),
        100..5_970 => format!("{}{JOIN}min", (whole + 30) / 60),
        5_970..171_000 => format!("{}{JOIN}h", (whole + 1_800) / 3_600),
        _ => format!("{}{JOIN}days", (whole + 43_200) / 86_400),
    }
}

/// A length of time in its two largest units.
fn duration(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole = seconds.round() as u64;
    // Seconds are given only below a whole minute.
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
    fn a_range_is_in_its_own_unit() {
        for (seconds, want) in [
            (600, "last 10 minutes"),
            (3_600, "last hour"),
            (5_400, "last 90 minutes"),
            (86_400, "last 24 hours"),
            (7 * 86_400, "last 7 days"),
            (36 * 3_600, "last 36 hours"),
            (30 * 86_400, "last 30 days"),
            (23_400, "last 6 hours 30 minutes"),
            (3 * 86_400 + 3_600, "last 3 days 1 hour"),
        ] {
            assert_eq!(last(seconds).replace(JOIN, " "), want);
        }
    }

    #[test]
    fn numbers_in_words() {
        for (offset, seconds, want) in [
            (-12.0, None, "12 blocks behind"),
            (-1_234.0, Some(24.0), "1,234 blocks (24 s) behind"),
            (1.0, None, "1 block ahead"),
            (0.0, None, "level with the median"),
            (-0.0, Some(0.0), "level with the median"),
        ] {
            assert_eq!((ENGLISH.lag)(offset, seconds).replace(JOIN, " "), want);
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
            assert_eq!(duration(seconds).replace(JOIN, " "), want);
        }
    }
}
