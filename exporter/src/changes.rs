//! What of a snapshot is logged: a line for each change, nothing in a round like the one
//! before.

use std::{
    collections::HashMap,
    mem::{Discriminant, discriminant},
};

use crate::{
    answer::Reason,
    block::{BlockNumber, Lag},
    config::NetworkName,
    snapshot::{NodeSnapshot, Snapshot},
    verdict::{NetworkState, NodeState},
};

/// Logs each node and network whose state, or reason for it, changed.
pub fn log(before: Option<&Snapshot>, after: &Snapshot) {
    let network = &after.network;
    let were: HashMap<_, _> = before
        .into_iter()
        .flat_map(|before| &before.nodes)
        .map(|node| ((&node.name, node.role), kind(node)))
        .collect();
    for node in &after.nodes {
        if were.get(&(&node.name, node.role)) != Some(&kind(node)) {
            log_node(network, node);
        }
    }
    if before.map(|before| before.state) != Some(after.state) {
        log_network(network, after);
    }
}

/// What makes a node's line differ in more than its numbers. The cause of a failure is none of it: of a
/// name's addresses, now one fails last and now another.
fn kind(node: &NodeSnapshot) -> (NodeState, Option<Discriminant<Reason>>, Option<i64>) {
    (node.state, node.failure.as_ref().map(discriminant), node.failure.and_then(Reason::code))
}

fn log_node(network: &NetworkName, now: &NodeSnapshot) {
    let (node, state) = (&now.name, now.state.label());
    let block = now.answered().map(BlockNumber::get);
    if let Some(reason) = now.failure {
        let what = match reason {
            Reason::WrongChain(_) => "node is on another chain",
            Reason::Implausible(_) => "node is too far ahead to be counted",
            Reason::NotSynced(_) => "node is not synced yet",
            _ => "node gives no usable block",
        };
        let (reason, code, cause) = (reason.label(), reason.code(), reason.cause());
        tracing::warn!(%network, %node, reason, code, cause, block, state, "{what}");
        return;
    }
    let lag_blocks = now.lag.map(Lag::blocks);
    let what = match now.state {
        NodeState::Stalled => "node is stalled: its block no longer rises",
        NodeState::Behind => "node is behind the median",
        NodeState::Ahead => "node is ahead of the median",
        NodeState::Unknown | NodeState::Unreachable | NodeState::WrongChain => {
            tracing::info!(%network, %node, block, state, "node answers; there is no median to compare it with");
            return;
        }
        NodeState::Ok => {
            tracing::info!(%network, %node, block, lag_blocks, state, "node is level with the median");
            return;
        }
    };
    tracing::warn!(%network, %node, block, lag_blocks, state, "{what}");
}

fn log_network(network: &NetworkName, now: &Snapshot) {
    let (counted, of, state) = (now.references_up(), now.references(), now.state.label());
    let median = now.consensus.map(|of| of.median.block.get());
    let what = match now.state {
        NetworkState::NoConsensus => "fewer references than the quorum are counted; no lag is known",
        NetworkState::Split => "the references contradict each other; no lag is known",
        NetworkState::Halted => "the network is halted: no reference's block rises any more",
        NetworkState::Ok => {
            tracing::info!(%network, references_up = counted, references = of, median, state, "the references agree");
            return;
        }
    };
    tracing::warn!(%network, references_up = counted, references = of, median, state, "{what}");
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{
        cause::Cause,
        network::scenarios::{answer, network, round},
        snapshot::Moment,
    };

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged of the watched node over these answers, beside references at 100.
    fn logged(answers: &[Result<u64, Reason>]) -> Vec<String> {
        let rounds = answers.iter().map(|head| [Ok(100), Ok(100), Ok(100), *head]);
        logged_of("watched0", rounds)
    }

    /// What is logged of this node over these answers of three references and the watched node.
    fn logged_of(node: &str, rounds: impl Iterator<Item = [Result<u64, Reason>; 4]>) -> Vec<String> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().with_writer(move || writer.clone()).without_time().with_ansi(false);
        tracing::subscriber::with_default(subscriber.finish(), || {
            let mut network = network(3, 1);
            let mut before = None;
            for answers in rounds {
                let [references @ .., watched] = answers.map(answer);
                let after = network.fold(Moment::now(), &round(references.into(), vec![watched]));
                log(before.as_ref(), &after);
                before = Some(after);
            }
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(node)).map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn each_change_of_state_or_reason_is_one_line_at_its_level() {
        let status = |code| Err(Reason::HttpStatus(code));
        let lines =
            logged(&[Ok(100), Ok(99), status(502), status(502), status(403), Ok(90), Ok(91), Ok(106)]);
        let level_and_words = [
            ("INFO", "node is level with the median", "block=100"),
            ("WARN", "node gives no usable block", "code=502"),
            ("WARN", "node gives no usable block", "code=403"),
            ("WARN", "node is behind the median", "block=90"),
            ("WARN", "node is ahead of the median", "block=106"),
        ];
        assert_eq!(lines.len(), level_and_words.len(), "{lines:#?}");
        for (line, (level, words, field)) in lines.iter().zip(level_and_words) {
            assert!(line.starts_with(level) && line.contains(words) && line.contains(field), "{line}");
        }
    }

    #[test]
    fn a_failure_has_its_cause_which_is_no_change_by_itself() {
        let tls = |cause| Err(Reason::Tls(Some(cause)));
        let refused = Err(Reason::Connect(Some(Cause::Refused)));
        let lines = logged(&[tls(Cause::Expired), tls(Cause::OtherName), refused, Err(Reason::Timeout)]);
        let [expired, refused, timeout] = &lines[..] else { panic!("{lines:#?}") };
        assert!(expired.contains("reason=\"tls\" cause=\"certificate expired\""), "{expired}");
        assert!(refused.contains("reason=\"connect\" cause=\"connection refused\""), "{refused}");
        assert!(!timeout.contains("cause"), "{timeout}");
    }

    #[test]
    fn a_node_that_is_not_synced_yet_is_one_warning_beside_those_of_its_label() {
        let (malformed, starting) = (Err(Reason::Malformed), Err(Reason::NotSynced(Some(-28))));
        let syncing = Err(Reason::NotSynced(None));
        let lines = logged(&[malformed, syncing, syncing, starting, Ok(100)]);
        let words_and_field = [
            ("node gives no usable block", "reason=\"malformed\""),
            ("node is not synced yet", "reason=\"malformed\""),
            ("node is not synced yet", "code=-28"),
            ("node is level with the median", "block=100"),
        ];
        assert_eq!(lines.len(), words_and_field.len(), "{lines:#?}");
        for (line, (words, field)) in lines.iter().zip(words_and_field) {
            assert!(line.contains(words) && line.contains(field), "{line}");
        }
    }

    #[test]
    fn an_implausible_reference_is_one_warning_with_its_block() {
        let rounds = [100, 9000, 9001, 100].map(|block| [Ok(100), Ok(100), Ok(block), Ok(100)]);
        let lines = logged_of("reference2", rounds.into_iter());
        let [level, implausible, level_again] = &lines[..] else { panic!("{lines:#?}") };
        assert!(level.starts_with("INFO") && level_again.starts_with("INFO"), "{lines:#?}");
        assert!(implausible.starts_with("WARN"), "{implausible}");
        for part in
            ["node is too far ahead to be counted", "reason=\"implausible\"", "block=9000", "state=\"ahead\""]
        {
            assert!(implausible.contains(part), "{implausible} lacks {part}");
        }
    }
}
