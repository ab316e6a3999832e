//! PURE: where the lag of a node is going, in words.

use super::{Words, moment::Times};
use crate::samples::{facts::NodeFacts, trend::Trend};

/// Slower changes are not worth a word, in blocks an hour.
const SLOWEST: f64 = 1.0;

/// "level at about 19:40", "losing 30 blocks a minute", "catching up, 900 blocks in 5 minutes";
/// absent where there is nothing to say.
#[must_use]
pub fn trend(node: &NodeFacts, times: Times) -> Option<String> {
    let Times { words, .. } = times;
    if let Some(at) = node.level_at {
        return Some(times.level_at(at));
    }
    match node.trend? {
        Trend::Steady { slope, .. } => losing(slope, words),
        Trend::Less { blocks, seconds } => Some((words.catching_up)(blocks, (seconds / 60.0).round())),
        Trend::More => Some(words.growing.to_owned()),
    }
}

fn losing(slope: f64, words: &Words) -> Option<String> {
    let (a_minute, an_hour) = ((slope * 60.0).round(), (slope * 3_600.0).round());
    if a_minute >= 1.0 {
        Some((words.losing)(a_minute, words.a_minute))
    } else {
        (an_hour >= SLOWEST).then(|| (words.losing)(an_hour, words.an_hour))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        samples::facts::tests::node,
        words::{ENGLISH, RUSSIAN},
    };

    #[test]
    fn where_a_node_is_going() {
        let steady = |slope| Some(Trend::Steady { slope, zero: 0.0 });
        for (trend, level_at, english, russian) in [
            (steady(0.5), None, Some("losing 30 blocks a minute"), Some("теряет 30 блоков в минуту")),
            (steady(1.0 / 60.0), None, Some("losing 1 block a minute"), Some("теряет 1 блок в минуту")),
            (steady(0.005), None, Some("losing 18 blocks an hour"), Some("теряет 18 блоков в час")),
            (steady(0.0001), None, None, None),
            // So slow that no time can be given.
            (steady(-0.0001), None, None, None),
            (steady(-1.0), Some(2_000.0), Some("level at about 00:35"), Some("догонит примерно к 00:35")),
            (
                Some(Trend::Less { blocks: 900.0, seconds: 285.0 }),
                None,
                Some("catching up, 900 blocks in 5 minutes"),
                Some("догоняет: 900 блоков за 5 минут"),
            ),
            (Some(Trend::More), None, Some("lag growing"), Some("отставание растёт")),
            (None, None, None, None),
        ] {
            let of = NodeFacts { trend, level_at, ..node() };
            let said = |words| {
                let times = Times { zone: &TimeZone::UTC, now: 60, words };
                super::trend(&of, times).map(|text| text.replace('\u{a0}', " "))
            };
            assert_eq!((said(&ENGLISH).as_deref(), said(&RUSSIAN).as_deref()), (english, russian));
        }
    }
}
