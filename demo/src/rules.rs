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

/// The same rules, of which one group works as on a clock that runs so many times faster: every
/// duration in it is divided by `factor`, from the evaluation interval and `for` to the ranges
/// and offsets of its expressions.
pub fn hastened(rules: &str, group: &str, factor: u64) -> String {
    let mut is_meant = false;
    let line = |line: &str| {
        if let Some(name) = line.trim_start().strip_prefix("- name:") {
            is_meant = name.trim() == group;
        }
        if is_meant { hastened_line(line, factor) } else { line.to_owned() }
    };
    rules.lines().map(line).map(|line| line + "\n").collect()
}

fn hastened_line(line: &str, factor: u64) -> String {
    let faster = |duration: &str| Some(format!("{}ms", milliseconds(duration)? / factor));
    if let Some((key, value)) = line.split_once(": ")
        && ["for", "keep_firing_for", "interval"].contains(&key.trim())
        && let Some(value) = faster(value)
    {
        return format!("{key}: {value}");
    }
    // What follows an opening bracket is a range and perhaps a step, or something else.
    let mut done = String::new();
    for (index, part) in line.split_inclusive('[').enumerate() {
        let range = part.split_once(']').filter(|_| index > 0).and_then(|(range, rest)| {
            let range: Option<Vec<_>> = range.split(':').map(faster).collect();
            Some(range?.join(":") + "]" + rest)
        });
        done += range.as_deref().unwrap_or(part);
    }
    let mut offsets = done.split("offset ");
    let mut done = offsets.next().unwrap_or_default().to_owned();
    for part in offsets {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (duration, rest) = part.split_at(end);
        done += &format!("offset {}{rest}", faster(duration).as_deref().unwrap_or(duration));
    }
    done
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
    fn a_line_keeps_all_but_its_durations() {
        let check = |line: &str, want: &str| assert_eq!(hastened_line(line, 60), want);
        check("        for: 5m", "        for: 5000ms");
        check("    keep_firing_for: 1h30m", "    keep_firing_for: 90000ms");
        check("    interval: 30s", "    interval: 500ms");
        check("    for: 0s", "    for: 0ms");
        check("    - alert: HeadlagNodeBehind", "    - alert: HeadlagNodeBehind");
        check(
            "          15 * count_over_time((x[5m])[10m:15s])",
            "          15 * count_over_time((x[5000ms])[10000ms:250ms])",
        );
        check("  (up offset 10m) and x offset 1h", "  (up offset 10000ms) and x offset 60000ms");
        check(r#"reReplaceAll "([0-9])([dhs])" "$1 $2""#, r#"reReplaceAll "([0-9])([dhs])" "$1 $2""#);
        check("      summary: behind for: 5m", "      summary: behind for: 5m");
    }

    #[test]
    fn other_groups_keep_their_time() {
        let group = |name: &str, time: &str| format!("  - name: {name}\n    interval: {time}\n");
        let rules = group("chain", "15s") + &group("itself", "30s");
        assert_eq!(hastened(&rules, "chain", 10), group("chain", "1500ms") + &group("itself", "30s"));
    }
}
