//! One node on the page: a card for a watched one, a row for a reference.

use std::{fmt::Write, time::Duration};

use super::{since, words};
use crate::{
    block::Lag,
    snapshot::{NodeSnapshot, UnixTime},
    verdict::NodeState,
};

/// A watched node, large.
pub fn write_card(page: &mut String, now: UnixTime, block_time: Option<Duration>, node: &NodeSnapshot) {
    let state = node.state.label();
    let _ = write!(
        page,
        "<article class=\"card {state}\"><div class=\"top\"><h3>{}</h3>{}</div>",
        node.name,
        marked_state(node.state),
    );
    if let Some(lag) = lag(node, block_time) {
        let _ = write!(page, "<p class=\"lag\">{lag}</p>");
    }
    if let Some(reason) = node.failure {
        let _ = write!(page, "<p>{}</p>", words::reason(reason));
    }
    let _ = write!(
        page,
        "<p>{}</p><p class=\"dim\">{}</p></article>",
        since(now, node.state_since),
        fine_print(node)
    );
}

/// A reference, in one line or two.
pub fn write_row(page: &mut String, now: UnixTime, block_time: Option<Duration>, node: &NodeSnapshot) {
    let _ = write!(
        page,
        "<li><div class=\"top\"><span>{}</span>{}</div><p class=\"dim\">",
        node.name,
        marked_state(node.state),
    );
    for part in [lag(node, block_time), node.failure.map(words::reason)].into_iter().flatten() {
        let _ = write!(page, "{part} · ");
    }
    let set_aside = if node.failure.is_none() && !node.is_counted { "not counted · " } else { "" };
    let _ = write!(page, "{set_aside}{} · {}</p></li>", since(now, node.state_since), fine_print(node));
}

fn marked_state(state: NodeState) -> String {
    format!("<span class=\"state {}\">{}</span>", state.label(), words::node_state(state))
}

/// "13 blocks behind (26 s)"; absent when the lag is unknown.
fn lag(node: &NodeSnapshot, block_time: Option<Duration>) -> Option<String> {
    let lag = node.lag?;
    let time = node.behind_for.and_then(|measured| time_behind(lag, measured, block_time));
    let time = time.map(|time| format!(" <small>({time})</small>"));
    Some(words::lag(lag) + &time.unwrap_or_default())
}

/// For how long a node is behind, in words. Without a block time nobody knows whether the exporter has
/// watched for so long. Absent where it is less than a second.
fn time_behind(lag: Lag, measured: Duration, block_time: Option<Duration>) -> Option<String> {
    let seconds = seconds_behind(lag, measured, block_time);
    let shown = Some(seconds as u64).filter(|seconds| *seconds > 0).map(words::duration)?;
    Some(if block_time.is_none() { format!("at least {shown}") } else { shown })
}

/// As `measured`, or by the block time where the exporter has not watched for so long. The bot computes
/// the same from what the exporter publishes; `testdata/time-behind.txt` holds both to one table.
fn seconds_behind(lag: Lag, measured: Duration, block_time: Option<Duration>) -> f64 {
    let blocks = lag.blocks() as f64;
    let measured = measured.as_secs_f64();
    match block_time.map(|time| time.as_secs_f64()) {
        // The newest of its missing blocks may have come just now, and blocks do not come evenly.
        Some(time) if measured < (blocks - 1.0) * time / 2.0 => blocks * time,
        _ => measured,
    }
}

/// Its block, and how long it took to answer or fail.
fn fine_print(node: &NodeSnapshot) -> String {
    let took = match node.took.map(|took| took.as_millis()) {
        None => return "paused, not asked".into(),
        Some(0) => "&lt;1\u{a0}ms".into(),
        Some(millis) => format!("{millis}\u{a0}ms"),
    };
    match node.answered() {
        Some(block) => format!("block {} in {took}", block.get()),
        None => format!("failed after {took}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockNumber;

    fn lag(blocks: i64) -> Lag {
        let block = |number| BlockNumber::new(number).unwrap();
        block(1_000_000).lag_of(block(1_000_000_u64.strict_sub_signed(blocks)))
    }

    /// The bot's test of the same name reads the same table.
    #[test]
    fn the_time_behind_is_that_of_the_table() {
        let cases =
            include_str!("../../testdata/time-behind.txt").lines().filter(|line| !line.starts_with('#'));
        let cases: Vec<Vec<&str>> = cases.map(|line| line.split_whitespace().collect()).collect();
        assert!(cases.len() > 10, "{cases:?}");
        for case in cases {
            let [blocks, measured, block_time, want] = case[..] else { panic!("{case:?}") };
            let time = |text: &str| Duration::from_secs_f64(text.parse().unwrap());
            let block_time = Some(block_time).filter(|text| *text != "-").map(time);
            let got = seconds_behind(lag(blocks.parse().unwrap()), time(measured), block_time);
            assert_eq!(got, want.parse::<f64>().unwrap(), "{case:?}");
        }
    }

    #[test]
    fn the_time_behind_is_in_words_and_a_lower_bound_without_a_block_time() {
        for (blocks, measured, block_time, want) in [
            (13, 26, Some(2), Some("26 s")),
            (20, 14, Some(12), Some("4 min")),
            (20, 14, None, Some("at least 14 s")),
            (13, 0, None, None),
            (0, 0, Some(2), None),
        ] {
            let time = Duration::from_secs;
            let got = time_behind(lag(blocks), time(measured), block_time.map(time));
            assert_eq!(got.map(|it| it.replace('\u{a0}', " ")).as_deref(), want, "{blocks} {measured}");
        }
    }
}
