//! What holds whatever the nodes answer.

use proptest::{collection::vec, prelude::*};

use super::{
    scenarios::{answer, network},
    *,
};
use crate::clock;

const NODES: usize = 5;

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        8 => (1000_u64..1020).prop_map(Ok),
        2 => (0..=BlockNumber::MAX).prop_map(Ok),
        1 => prop::sample::select(vec![Reason::Timeout, Reason::HttpStatus(502), Reason::WrongChain(BlockNumber::new(1000).unwrap())]).prop_map(Err),
    ]
    .prop_map(answer)
}

/// Rounds of five references and five watched nodes.
pub fn any_rounds() -> impl Strategy<Value = Vec<Round>> {
    let round = (vec(any_answer(), NODES), vec(any_answer(), NODES));
    let round = round.prop_map(|(references, watched)| scenarios::round(references, watched));
    vec(round, 1..12)
}

/// What is known after each.
pub fn play(rounds: &[Round]) -> Vec<Snapshot> {
    let (mut network, start) = (network(NODES, NODES), clock::now());
    let fold = |(index, round): (usize, &Round)| {
        let seconds = 15 * index as u64;
        let now = Moment { unix: seconds as f64, monotonic: start + Duration::from_secs(seconds) };
        network.fold(now, round)
    };
    rounds.iter().enumerate().map(fold).collect()
}

proptest! {
    #[test]
    fn every_node_is_published_as_its_state_says(rounds in any_rounds()) {
        for (snapshot, round) in play(&rounds).iter().zip(&rounds) {
            let has_consensus = snapshot.consensus.is_some();
            let is_judged = matches!(snapshot.state, NetworkState::Ok | NetworkState::Halted);
            prop_assert_eq!(has_consensus, is_judged);
            for (node, answer) in snapshot.nodes.iter().zip(&round.answers) {
                let is_implausible = matches!(node.failure, Some(Reason::Implausible(_)));
                prop_assert_eq!(node.block.is_some(), node.failure.is_none());
                prop_assert_eq!(node.block.is_none(), answer.head.is_err() || is_implausible);
                prop_assert_eq!(node.lag.is_some(), node.block.is_some() && has_consensus);
                prop_assert_eq!(node.behind_for.is_some(), node.lag.is_some());
                prop_assert!(!is_implausible || node.role == Role::Reference);
                prop_assert!(!is_implausible || snapshot.state != NetworkState::Split);
                let is_known = !matches!(
                    node.state,
                    NodeState::Unreachable | NodeState::WrongChain | NodeState::Unknown
                );
                prop_assert_eq!(is_known, node.lag.is_some() || (is_implausible && has_consensus));
            }
            let with_a_block = snapshot.of_role(Role::Reference).filter(|node| node.block.is_some()).count();
            prop_assert!(snapshot.references_up() <= with_a_block);
            prop_assert!(snapshot.references_up() >= 2 || !has_consensus);
        }
    }

    #[test]
    fn nothing_depends_on_the_order_of_the_nodes(
        rounds in any_rounds(),
        order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let order = [order, order.map(|index| NODES + index)].concat();
        let shuffle = |round: &Round| order.iter().map(|index| round.answers[*index]).collect();
        let shuffled: Vec<Round> =
            rounds.iter().map(|round| Round { took: round.took, answers: shuffle(round) }).collect();
        for (plain, shuffled) in play(&rounds).iter().zip(play(&shuffled)) {
            prop_assert_eq!(plain.state, shuffled.state);
            prop_assert_eq!(plain.consensus, shuffled.consensus);
            let published = |snapshot: &Snapshot, index: usize| {
                let node = &snapshot.nodes[index];
                (node.state, node.block, node.lag, node.behind_for, node.counters.errors, node.counters.regressions)
            };
            for (place, index) in order.iter().enumerate() {
                prop_assert_eq!(published(plain, *index), published(&shuffled, place));
            }
        }
    }
}
