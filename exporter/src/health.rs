//! PURE: whether a node may serve, as a load balancer asks at `/health/NETWORK/NODE`.
//!
//! Only what is certain takes a node out: while the network cannot be judged, or nothing new
//! is known, every node may serve.

use std::time::Duration;

use crate::{
    protocol::decimal,
    query,
    snapshot::{Moment, NodeSnapshot, Snapshot},
    verdict::{NetworkState, NodeState},
};

/// Whether a node may serve, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Whether requests may be sent to it.
    pub may_serve: bool,
    /// The state that decided: the node's, or the network's where that is not `ok`.
    pub state: &'static str,
}

impl Health {
    /// That of the node at `index` of the config, from the newest snapshot of its network, if
    /// there is one.
    #[must_use]
    pub fn of(newest: Option<&Snapshot>, index: usize, limit: Limit, now: Moment) -> Self {
        let unknown = |state| Self { may_serve: true, state };
        let seen = newest.and_then(|snapshot| Some((snapshot, snapshot.nodes.get(index)?)));
        let Some((snapshot, node)) = seen else {
            return unknown("unknown: no round has ended yet");
        };
        if snapshot.is_too_old(now) {
            return unknown("unknown: the last round ended too long ago");
        }
        let state = limit.state_of(node);
        if snapshot.state != NetworkState::Ok && state != NodeState::WrongChain {
            return unknown(snapshot.state.label());
        }
        let may_serve = match state {
            NodeState::Unreachable | NodeState::WrongChain | NodeState::Stalled | NodeState::Behind => false,
            NodeState::Unknown | NodeState::Ahead | NodeState::Ok => true,
        };
        Self { may_serve, state: state.label() }
    }
}

/// The caller's own limit in place of the threshold; without any part, the threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    blocks: Option<u64>,
    time: Option<Duration>,
}

impl Limit {
    /// Reads `max_behind` in blocks and `max_behind_seconds`; a node is behind when it exceeds
    /// one of those that are there.
    ///
    /// # Errors
    /// A sentence on the parameter that cannot be used. One of another name is refused, too:
    /// a misspelt limit would be no limit.
    pub fn of_query(query: Option<&str>) -> Result<Self, &'static str> {
        let mut limit = Self::default();
        for (name, value) in query::parameters(query) {
            let is_first = match name {
                "max_behind" => {
                    let blocks = decimal(&value)
                        .ok_or("max_behind takes a whole number of blocks, as in ?max_behind=20\n")?;
                    limit.blocks.replace(blocks).is_none()
                }
                "max_behind_seconds" => {
                    let time = time(&value).ok_or(
                        "max_behind_seconds takes a number of seconds, as in ?max_behind_seconds=60\n",
                    )?;
                    limit.time.replace(time).is_none()
                }
                _ => return Err("the only parameters are max_behind and max_behind_seconds\n"),
            };
            if !is_first {
                return Err("give max_behind and max_behind_seconds at most once each\n");
            }
        }
        Ok(limit)
    }

    /// The state of `node` with this limit. It decides about `behind` alone; an unknown lag or
    /// time exceeds nothing.
    fn state_of(self, node: &NodeSnapshot) -> NodeState {
        let is_judged = matches!(node.state, NodeState::Behind | NodeState::Ahead | NodeState::Ok);
        if self == Self::default() || !is_judged {
            return node.state;
        }
        let has_too_many = |most| node.lag.is_some_and(|lag| lag.is_behind_by_more_than(most));
        let is_too_late = |most| node.behind_for.is_some_and(|behind| behind > most);
        if self.blocks.is_some_and(has_too_many) || self.time.is_some_and(is_too_late) {
            NodeState::Behind
        } else if node.state == NodeState::Behind {
            NodeState::Ok
        } else {
            node.state
        }
    }
}

fn time(text: &str) -> Option<Duration> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    Duration::try_from_secs_f64(text.parse().ok()?).ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer::{Answer, Reason},
        block::BlockNumber,
        clock,
        network::scenarios::{answer, network, round},
    };

    /// The watched node's health after 20 rounds, 15 s apart, of a chain that makes seven blocks in each
    /// (threshold 5, stall_after 60 s, quorum 2): references and node as words, each so many
    /// blocks behind the head, `-` for no answer, `w` for another chain, `stuck` at the first block.
    #[track_caller]
    fn check(references: &str, node: &str, query: &str, want: &str) {
        let words: Vec<&str> = references.split_whitespace().chain([node]).collect();
        let said = |word: &str, head: u64| -> Answer {
            let other = BlockNumber::new(7).unwrap();
            answer(match word {
                "-" => Err(Reason::Timeout),
                "w" => Err(Reason::WrongChain(other)),
                "stuck" => Ok(1000),
                behind => Ok(head - behind.parse::<u64>().unwrap()),
            })
        };
        let (mut network, start) = (network(words.len() - 1, 1), clock::now());
        let mut newest = None;
        for number in 0..20 {
            let seconds = 15 * number;
            let now = Moment {
                unix: 1_790_000_000.0 + seconds as f64,
                monotonic: start + Duration::from_secs(seconds),
            };
            let mut answers: Vec<Answer> = words.iter().map(|word| said(word, 1000 + 7 * number)).collect();
            let watched = answers.split_off(words.len() - 1);
            newest = Some(network.fold(now, &round(answers, watched)));
        }
        let newest = newest.unwrap();
        let limit = Limit::of_query(Some(query)).unwrap();
        let health = Health::of(Some(&newest), 0, limit, newest.ended);
        let seen = format!("{} {}", if health.may_serve { 200 } else { 503 }, health.state);
        assert_eq!(seen, want, "references {references}, node {node}, ?{query}");
    }

    #[test]
    fn a_node_serves_unless_it_is_certain_that_it_should_not() {
        check("0 0 1", "0", "", "200 ok");
        check("0 0 1", "5", "", "200 ok");
        check("0 0 1", "6", "", "503 behind");
        check("0 0 1", "stuck", "", "503 stalled");
        check("0 0 1", "w", "", "503 wrong_chain");
        check("0 0 1", "-", "", "503 unreachable");
        check("9 9 9", "0", "", "200 ahead");
    }

    #[test]
    fn nobody_is_taken_out_while_the_network_cannot_be_judged() {
        // Whatever the node does, but for another chain, which is certain.
        for node in ["0", "9", "stuck", "-"] {
            check("- - 0", node, "", "200 no_consensus");
            check("stuck stuck stuck stuck 0", node, "", "200 split");
        }
        for node in ["stuck", "-"] {
            check("stuck stuck stuck", node, "", "200 halted");
        }
        for references in ["- - 0", "stuck stuck stuck stuck 0", "stuck stuck stuck"] {
            check(references, "w", "", "503 wrong_chain");
        }
    }

    #[test]
    fn a_limit_replaces_the_threshold_and_decides_about_behind_alone() {
        check("0 0 0", "6", "max_behind=6", "200 ok");
        check("0 0 0", "7", "max_behind=6", "503 behind");
        check("0 0 0", "1", "max_behind=0", "503 behind");
        check("0 0 0", "0", "max_behind=0", "200 ok");
        check("9 9 9", "0", "max_behind=0", "200 ahead");
        // Two rounds ago the median was above a node that is 20 behind; time alone counts then.
        check("0 0 0", "20", "max_behind_seconds=31", "200 ok");
        check("0 0 0", "20", "max_behind_seconds=29.5", "503 behind");
        check("0 0 0", "3", "max_behind_seconds=0", "200 ok");
        check("0 0 0", "20", "max_behind=100&max_behind_seconds=10", "503 behind");
        check("0 0 0", "20", "max_behind=10&max_behind_seconds=100", "503 behind");
        for (node, want) in [("stuck", "503 stalled"), ("w", "503 wrong_chain"), ("-", "503 unreachable")] {
            check("0 0 0", node, "max_behind=1000000&max_behind_seconds=1000000", want);
        }
        check("- - 0", "9", "max_behind=0&max_behind_seconds=0", "200 no_consensus");
    }

    #[test]
    fn what_is_too_old_or_not_there_yet_takes_nobody_out() {
        let (mut network, start) = (network(2, 1), clock::now());
        let at =
            |seconds: u64| Moment { unix: seconds as f64, monotonic: start + Duration::from_secs(seconds) };
        let newest = network.fold(
            at(0),
            &round(
                vec![answer(Ok(50)); 2],
                vec![answer(Err(Reason::WrongChain(BlockNumber::new(7).unwrap())))],
            ),
        );
        let health = |newest, index, seconds| Health::of(newest, index, Limit::default(), at(seconds));
        assert_eq!(health(Some(&newest), 0, 45), Health { may_serve: false, state: "wrong_chain" });
        assert_eq!(health(Some(&newest), 1, 45), Health { may_serve: true, state: "ok" });
        for (newest, index, why) in
            [(Some(&newest), 0, "too long ago"), (None, 0, "no round"), (Some(&newest), 3, "no round")]
        {
            let health = health(newest, index, 46);
            assert!(health.may_serve && health.state.starts_with("unknown: "), "{health:?}");
            assert!(health.state.contains(why), "{health:?}");
        }
    }

    #[test]
    fn a_limit_that_cannot_be_used_is_refused_with_its_name() {
        for (query, names) in [
            ("max_behind=", "max_behind takes"),
            ("max_behind", "max_behind takes"),
            ("max_behind=x", "max_behind takes"),
            ("max_behind=-1", "max_behind takes"),
            ("max_behind=+1", "max_behind takes"),
            ("max_behind=1.5", "max_behind takes"),
            ("max_behind=99999999999999999999", "max_behind takes"),
            ("max_behind_seconds=", "max_behind_seconds takes"),
            ("max_behind_seconds=.", "max_behind_seconds takes"),
            ("max_behind_seconds=nan", "max_behind_seconds takes"),
            ("max_behind_seconds=inf", "max_behind_seconds takes"),
            ("max_behind_seconds=-1", "max_behind_seconds takes"),
            ("max_behind_seconds=1e300", "max_behind_seconds takes"),
            ("max_behind_seconds=99999999999999999999999", "max_behind_seconds takes"),
            ("max_behind=1&max_behind=2", "at most once"),
            ("max-behind=1", "the only parameters"),
        ] {
            let refused = Limit::of_query(Some(query)).unwrap_err();
            assert!(refused.contains(names), "{query}: {refused}");
        }
        assert_eq!(Limit::of_query(None), Ok(Limit::default()));
    }
}
