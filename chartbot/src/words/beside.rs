//! PURE: the second line of a picture after its names: since when, where the lag is going, what
//! was wrong before, what the state means for the nodes.

use super::{moment::Times, trend::trend};
use crate::samples::{
    facts::{Facts, NodeFacts},
    missing::Cause,
    state::State,
    verdict::Verdict,
};

/// Trouble for a smaller part of the range is left to the strip and the caption.
const LEAST_PART: f64 = 0.01;

/// The parts of the line, what is dispensable last.
#[must_use]
pub fn beside(verdict: &Verdict, facts: &Facts, times: Times) -> Vec<String> {
    let words = times.words;
    let since = verdict.since.map(|since| times.since(since));
    let level = verdict.node.filter(|_| facts.nodes.len() == 1 && verdict.state == State::Ok);
    let troubles = level.map(|node| troubles(node, facts)).unwrap_or_default();
    let began_before = verdict.since.is_none_or(|since| since <= facts.from as f64);
    if let ([(cause, seconds), ..], true) = (troubles.as_slice(), began_before) {
        // Each was too short to end the state: "level since Thursday" alone would deny them.
        let whole = (words.age)((facts.until - facts.from) as f64);
        return vec![(words.on_and_off)((words.age)(*seconds), whole, (words.trouble)(*cause))];
    }
    let trouble = |(cause, seconds): &(Option<Cause>, f64)| {
        format!("{} {}", (words.age)(*seconds), (words.trouble)(*cause))
    };
    let mut before: Vec<String> = troubles.iter().map(trouble).collect();
    if let Some(first) = before.first_mut() {
        *first = (words.before)(first);
    }
    let others = [
        verdict.node.and_then(|node| trend(node, times)),
        (words.meaning)(verdict.state).map(str::to_owned),
        verdict.ok.map(|(ok, all)| (words.nodes_ok)(ok, all)),
    ];
    since.into_iter().chain(before).chain(others.into_iter().flatten()).collect()
}

/// How long a node was outside the corridor, gave no answer, or was on the wrong chain: what is
/// worth a word; first what ended when the present state began, then the longest.
fn troubles(node: &NodeFacts, facts: &Facts) -> Vec<(Option<Cause>, f64)> {
    let missing = |cause| node.missing_seconds.of(cause).map(|seconds| (Some(cause), seconds));
    let outside = node.outside_seconds.map(|seconds| (None, seconds));
    let all = [outside, missing(Cause::NoAnswer), missing(Cause::WrongChain)].into_iter().flatten();
    let least = LEAST_PART * (facts.until - facts.from) as f64;
    let mut worth: Vec<_> = all.filter(|(_, seconds)| *seconds >= least).collect();
    let step = f64::from(facts.step_seconds);
    let ended = |cause: Cause| {
        let end = node.gaps.iter().rev().find(|gap| gap.cause == cause).map(|gap| gap.end);
        end.zip(node.since).is_some_and(|(end, since)| (since - end).abs() <= step)
    };
    worth.sort_by(|a, b| b.1.total_cmp(&a.1));
    worth.sort_by_key(|(cause, _)| !cause.is_some_and(ended));
    worth
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        samples::{
            facts::tests::{facts, node},
            missing::{Gap, Missing},
            state::{NetworkState, NodeState},
        },
        words::{ENGLISH, RUSSIAN},
    };

    #[track_caller]
    fn check(facts: &Facts, english: &str, russian: &str) {
        for (words, want) in [(&ENGLISH, english), (&RUSSIAN, russian)] {
            let times = Times { zone: &TimeZone::UTC, now: facts.until, words };
            let said = beside(&Verdict::of(facts), facts, times).join(", ");
            assert_eq!(said.replace('\u{a0}', " "), want);
        }
    }

    /// A day of a level node with so many seconds of trouble, level since an hour of that day.
    fn day(since: f64, outside: Option<f64>, no_answer: f64, wrong_chain: f64) -> Facts {
        let missing_seconds =
            Missing { no_answer: Some(no_answer), wrong_chain: Some(wrong_chain), ..Missing::default() };
        let since = Some(since * 3_600.0);
        let node = NodeFacts { since, outside_seconds: outside, missing_seconds, ..node() };
        Facts { until: 86_400, nodes: vec![node], ..facts() }
    }

    #[test]
    fn what_was_wrong_with_a_node_that_is_level_now() {
        check(&day(9.0, Some(0.0), 0.0, 0.0), "since Thu 09:00", "с чт 09:00");
        check(&day(9.0, Some(800.0), 0.0, 60.0), "since Thu 09:00", "с чт 09:00");
        check(
            &day(9.0, None, 900.0, 0.0),
            "since Thu 09:00, before: 15 min no answer",
            "с чт 09:00, до того 15 мин без ответа",
        );
        check(
            &day(9.0, Some(7_200.0), 9_000.0, 0.0),
            "since Thu 09:00, before: 3 h no answer, 2 h outside",
            "с чт 09:00, до того 3 ч без ответа, 2 ч вне коридора",
        );
        check(
            &day(9.0, Some(0.0), 0.0, 7_200.0),
            "since Thu 09:00, before: 2 h wrong chain",
            "с чт 09:00, до того 2 ч в другой сети",
        );
        // What ended when it became level is named first, even if it was shorter.
        let mut both = day(9.0, Some(7_200.0), 3_600.0, 0.0);
        both.nodes[0].gaps = vec![Gap { cause: Cause::NoAnswer, begin: 8.0 * 3_600.0, end: 9.0 * 3_600.0 }];
        check(
            &both,
            "since Thu 09:00, before: 60 min no answer, 2 h outside",
            "с чт 09:00, до того 60 мин без ответа, 2 ч вне коридора",
        );
        // Every lost answer was too short to end the state.
        check(
            &day(0.0, None, 9_000.0, 0.0),
            "on and off no answer, 3 h of 24 h",
            "временами без ответа, 3 ч из 24 ч",
        );

        // Of trouble that goes on, the title says enough; of several nodes, the strip.
        let mut trouble = day(9.0, Some(7_200.0), 0.0, 0.0);
        trouble.nodes[0].state = NodeState::Behind;
        check(&trouble, "since Thu 09:00", "с чт 09:00");
        let mut several = day(9.0, Some(7_200.0), 0.0, 0.0);
        several.nodes.push(node());
        check(&several, "since Thu 09:00, 2 of 2 nodes ok", "с чт 09:00, в порядке 2 из 2 нод");
    }

    #[test]
    fn what_a_state_means_for_the_nodes() {
        use NetworkState as Net;
        let unknown = NodeState::Unknown;
        for (state, node_state, english, russian) in [
            (Net::Halted, NodeState::Ok, "not a fault of the nodes", "ноды ни при чём"),
            (Net::Split, unknown, "no node can be judged", "оценить ноды нельзя"),
            (Net::NoConsensus, unknown, "no node can be judged", "оценить ноды нельзя"),
            (Net::NotScraped, NodeState::NotScraped, "nobody is watching", "никто не следит"),
            // Of a node that is at fault, its own state is the title.
            (Net::Halted, NodeState::Unreachable, "", ""),
        ] {
            let nodes = vec![NodeFacts { state: node_state, lag_blocks: None, ..node() }];
            check(&Facts { state, nodes, ..facts() }, english, russian);
        }
    }
}
