//! The shipped alert rules, made quick enough to watch.

/// Units of a duration in a rule, in milliseconds; the longer name before the one it begins with.
const UNITS: [(&str, u64); 7] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
    ("y", 31_536_000_000),
];
/// The durations of a rule and of a group of rules, which decide how soon an alert fires and ends.
const KEYS: [&str; 3] = ["for", "keep_firing_for", "interval"];

/// The same rules, in which all that waits takes only a part of the time: `for`,
/// `keep_firing_for` and the evaluation interval of a group, each divided by `factor`.
/// Expressions stay as they are.
pub fn hastened(rules: &str, factor: u64) -> String {
    rules.lines().map(|line| hastened_line(line, factor).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

/// A line that holds such a duration, with the shorter one; nothing for any other line.
fn hastened_line(line: &str, factor: u64) -> Option<String> {
    let (key, rest) = line.split_once(':')?;
    KEYS.contains(&key.trim_start_matches([' ', '-'])).then_some(())?;
    let (value, comment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    let milliseconds = milliseconds(value.trim())?;
    let space = if comment.is_empty() { "" } else { " " };
    Some(format!("{key}: {}ms{space}{comment}", milliseconds / factor))
}

/// A duration as Prometheus writes it, such as `1h30m`.
fn milliseconds(duration: &str) -> Option<u64> {
    let mut rest = duration;
    let mut sum = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let (unit, length) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        sum += number.parse::<u64>().ok()? * length;
        rest = &after[unit.len()..];
    }
    (!duration.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_takes_a_part_of_the_time() {
        let check = |line: &str, want: &str| assert_eq!(hastened(line, 60), format!("{want}\n"));
        check("        for: 5m", "        for: 5000ms");
        check("    keep_firing_for: 1h30m", "    keep_firing_for: 90000ms");
        check("  - interval: 30s # of the group", "  - interval: 500ms # of the group");
        check("    for: 0s", "    for: 0ms");
        check("    - alert: HeadlagNodeBehind", "    - alert: HeadlagNodeBehind");
        check("    expr: max_over_time(x[5m]) > 0", "    expr: max_over_time(x[5m]) > 0");
        check("      summary: behind for: 5m", "      summary: behind for: 5m");
        check("      for: {{ $value }}", "      for: {{ $value }}");
    }
}
