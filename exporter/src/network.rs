//! All memory of one network, and how a round changes it. Pure.

use crate::{
    block::BlockNumber,
    config,
    config::NodeName,
    consensus::Consensus,
    node::Reason,
    round::{Answer, Round},
    snapshot::{Durations, Moment, NodeSnapshot, Snapshot, UnixTime},
    verdict::NetworkState,
};

/// One network from its first round on.
#[derive(Debug)]
pub struct Network {
    config: config::Network,
    rounds: u64,
    references: Vec<Node>,
    watched: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    name: NodeName,
    highest: Option<BlockNumber>,
    last_success: Option<UnixTime>,
    last_advance: Option<UnixTime>,
    durations: Durations,
    errors: [u64; Reason::ALL.len()],
}

impl Network {
    /// A network of which nothing is known yet.
    #[must_use]
    pub fn new(config: config::Network) -> Self {
        let nodes = |endpoints: &[config::Endpoint]| {
            endpoints.iter().map(|endpoint| Node::new(endpoint.name.clone())).collect()
        };
        Self { rounds: 0, references: nodes(&config.references), watched: nodes(&config.watched), config }
    }

    /// Takes in a round that ended at `now`, and gives all that is known then.
    pub fn fold(&mut self, now: Moment, round: &Round) -> Snapshot {
        self.rounds += 1;
        let usable: Vec<BlockNumber> =
            round.references.iter().filter_map(|answer| answer.head.ok()).collect();
        let references_up = usable.len();
        let consensus = Consensus::of(usable, self.config.quorum);
        let fold_all = |nodes: &mut [Node], answers: &[Answer]| {
            nodes
                .iter_mut()
                .zip(answers)
                .map(|(node, answer)| node.fold(now.unix, answer, consensus.median()))
                .collect()
        };
        Snapshot {
            network: self.config.name.clone(),
            threshold_blocks: self.config.threshold_blocks,
            poll_interval: self.config.poll_interval,
            state: NetworkState::of(&consensus),
            consensus,
            references_up,
            ended: now,
            took: round.took,
            rounds: self.rounds,
            references: fold_all(&mut self.references, &round.references),
            watched: fold_all(&mut self.watched, &round.watched),
        }
    }
}

impl Node {
    fn new(name: NodeName) -> Self {
        Self {
            name,
            highest: None,
            last_success: None,
            last_advance: None,
            durations: Durations::default(),
            errors: [0; Reason::ALL.len()],
        }
    }

    fn fold(&mut self, now: UnixTime, answer: &Answer, median: Option<BlockNumber>) -> NodeSnapshot {
        self.durations.add(answer.took);
        match answer.head {
            Ok(block) => {
                self.last_success = Some(now);
                // The first answer tells nothing of when that block came.
                if self.highest.is_some_and(|highest| block > highest) {
                    self.last_advance = Some(now);
                }
                self.highest = self.highest.max(Some(block));
            }
            Err(reason) => {
                for (count, counted) in self.errors.iter_mut().zip(Reason::ALL) {
                    *count += u64::from(counted == reason);
                }
            }
        }
        let block = answer.head.ok();
        NodeSnapshot {
            name: self.name.clone(),
            block,
            lag: median.zip(block).map(|(median, block)| median.lag_of(block)),
            last_success: self.last_success,
            last_advance: self.last_advance,
            durations: self.durations,
            errors: self.errors,
        }
    }
}
