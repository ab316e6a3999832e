//! PURE: what the second line of a picture adds to the verdict and since when: where the lag is
//! going, what was wrong before, what the state of a network means for its nodes.

use super::{Words, moment::Times, trend::trend};
use crate::samples::{
    facts::{Facts, NodeFacts},
    missing::Cause,
    state::State,
    verdict::Verdict,
};

/// Trouble for a smaller part of the range is left to the strip and the caption.
const LEAST_PART: f64 = 0.01;

/// The additions, what is dispensable last.
#[must_use]
pub fn beside(verdict: &Verdict, facts: &Facts, times: Times) -> Vec<String> {
    let words = times.words;
    let node = verdict.node;
    let past = node.filter(|_| facts.nodes.len() == 1 && verdict.state == State::Ok);
    let parts = [
        node.and_then(|node| trend(node, times)),
        past.and_then(|node| before(node, (facts.until - facts.from) as f64, words)),
        (words.of_nodes)(verdict.state).filter(|_| node.is_none()).map(str::to_owned),
        verdict.ok.map(|(ok, all)| (words.nodes_ok)(ok, all)),
    ];
    parts.into_iter().flatten().collect()
}

/// "in all 3 h no answer": of what was wrong with a node that is ok now, what lasted
/// longest. Without it, "level since Thursday" contradicts a strip of lost answers, each of
/// which was too short to end that state.
fn before(node: &NodeFacts, range: f64, words: &Words) -> Option<String> {
    let missing = |cause| node.missing_seconds.of(cause).map(|seconds| (Some(cause), seconds));
    let outside = node.outside_seconds.map(|seconds| (None, seconds));
    let all = [outside, missing(Cause::NoAnswer), missing(Cause::WrongChain)].into_iter().flatten();
    let (cause, seconds) = all.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (seconds > 0.0 && seconds >= LEAST_PART * range).then(|| (words.in_all)(cause, seconds))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        samples::{
            facts::tests::{facts, node},
            missing::Missing,
            state::{NetworkState, NodeState},
        },
        words::{ENGLISH, RUSSIAN},
    };

    #[track_caller]
    fn check(facts: &Facts, english: &[&str], russian: &[&str]) {
        for (words, want) in [(&ENGLISH, english), (&RUSSIAN, russian)] {
            let times = Times { zone: &TimeZone::UTC, now: facts.until, words };
            let said = beside(&Verdict::of(facts), facts, times).join("; ");
            assert_eq!(said.replace('\u{a0}', " "), want.join("; "));
        }
    }

    #[test]
    fn what_was_wrong_with_a_node_that_is_level_now() {
        let of = |outside, no_answer, wrong_chain| {
            let missing_seconds =
                Missing { no_answer: Some(no_answer), wrong_chain: Some(wrong_chain), ..Missing::default() };
            let node = NodeFacts { outside_seconds: outside, missing_seconds, ..node() };
            Facts { until: 86_400, nodes: vec![node], ..facts() }
        };
        check(&of(Some(0.0), 0.0, 0.0), &[], &[]);
        check(&of(Some(800.0), 0.0, 60.0), &[], &[]);
        check(&of(None, 900.0, 0.0), &["in all 15 min no answer"], &["всего 15 мин без ответа"]);
        check(&of(Some(7_200.0), 900.0, 0.0), &["in all 2 h outside"], &["всего 2 ч вне коридора"]);
        check(&of(Some(0.0), 0.0, 7_200.0), &["in all 2 h wrong chain"], &["всего 2 ч в другой сети"]);

        // Of trouble that goes on, the title says enough; of several nodes, the strip.
        let mut trouble = of(Some(7_200.0), 0.0, 0.0);
        trouble.nodes[0].state = NodeState::Behind;
        check(&trouble, &[], &[]);
        let mut several = of(Some(7_200.0), 0.0, 0.0);
        several.nodes.push(node());
        check(&several, &["2 of 2 nodes ok"], &["в порядке 2 из 2 нод"]);
    }

    #[test]
    fn what_a_network_in_trouble_means_for_its_nodes() {
        for (state, node_state, english, russian) in [
            (NetworkState::Halted, NodeState::Ok, "not a fault of the nodes", "ноды ни при чём"),
            (NetworkState::Split, NodeState::Unknown, "no node can be judged", "оценить ноды нельзя"),
            (NetworkState::NoConsensus, NodeState::Unknown, "no node can be judged", "оценить ноды нельзя"),
        ] {
            let nodes = vec![NodeFacts { state: node_state, ..node() }];
            check(&Facts { state, nodes, ..facts() }, &[english], &[russian]);
        }
        // Of a node that is at fault, its own state is the title.
        let nodes = vec![NodeFacts { state: NodeState::Unreachable, lag_blocks: None, ..node() }];
        check(&Facts { state: NetworkState::Halted, nodes, ..facts() }, &[], &[]);
    }
}
