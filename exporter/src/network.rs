//! All memory of one network, and how a round changes it. Pure.

#[cfg(test)]
pub mod properties;
#[cfg(test)]
pub mod scenarios;

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    answer::{Answer, Reason},
    block::BlockNumber,
    config,
    config::{NodeName, Role},
    consensus::Comparison,
    history::{Climb, Medians},
    round::Round,
    snapshot::{Durations, Moment, NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkSigns, NetworkState, NodeSigns, NodeState},
};

/// One network from its first round on.
#[derive(Debug)]
pub struct Network {
    config: config::Network,
    rounds: u64,
    last_round: Option<Moment>,
    state: Lasting<NetworkState>,
    history: Option<History>,
    nodes: Vec<Tracked>,
}

/// What was seen since rounds follow each other without a gap.
#[derive(Debug)]
struct History {
    stall_after: Duration,
    /// When the block of any node last rose; before that, when this history began.
    last_rise: Instant,
    /// Since when the chain goes on: when this history began, or the last halt ended.
    /// Who stood still before that is not to blame for it.
    going_since: Instant,
    median: Climb,
    medians: Medians,
}

/// One node from the first round on.
#[derive(Debug)]
struct Tracked {
    name: NodeName,
    role: Role,
    state: Lasting<NodeState>,
    climb: Climb,
    /// Its last usable block.
    previous: Option<BlockNumber>,
    last_success: Option<UnixTime>,
    last_advance: Option<UnixTime>,
    durations: Durations,
    errors: [u64; Reason::LABELS.len()],
    regressions: u64,
}

/// A state, and since when it has been that one.
#[derive(Debug)]
struct Lasting<S>(Option<(S, UnixTime)>);

impl<S: PartialEq> Lasting<S> {
    /// Takes in the state at `now`, and gives since when it has been that one.
    fn becomes(&mut self, state: S, now: UnixTime) -> UnixTime {
        let since = self.0.take().filter(|(before, _)| *before == state).map_or(now, |(_, since)| since);
        self.0 = Some((state, since));
        since
    }
}

impl Network {
    /// A network of which nothing is known yet.
    #[must_use]
    pub fn new(config: config::Network) -> Self {
        Self {
            rounds: 0,
            last_round: None,
            state: Lasting(None),
            history: None,
            nodes: config.nodes.iter().map(Tracked::new).collect(),
            config,
        }
    }

    /// Takes in a round that ended at `now`, and gives all that is known then.
    pub fn fold(&mut self, now: Moment, round: &Round) -> Snapshot {
        self.rounds += 1;
        let mut history = self.history_at(now);
        let Comparison { consensus, set_aside, is_divided } = self.compare(round);
        let mut answers = round.answers.clone();
        for index in set_aside {
            answers[index].head = answers[index].head.and_then(|block| Err(Reason::Implausible(block)));
        }
        let mut any_rises = false;
        for (node, answer) in self.nodes.iter_mut().zip(&answers) {
            any_rises |= node.take_in(now, answer, self.config.stall_after);
        }
        let median = consensus.median();
        history.take_in(now.monotonic, any_rises, median);
        let state = NetworkState::of(NetworkSigns {
            has_median: median.is_some(),
            is_divided,
            is_median_still: history.is_still(&history.median, now.monotonic),
            are_nodes_still: history.are_nodes_still(now.monotonic),
        });
        let threshold_blocks = self.config.threshold_blocks;
        let judge = Judge { now, history: &history, median, network: state, threshold_blocks };
        let nodes: Vec<_> =
            self.nodes.iter_mut().zip(&answers).map(|(node, answer)| judge.snapshot(node, answer)).collect();
        let is_up = |node: &&NodeSnapshot| node.role == Role::Reference && node.block.is_some();
        let snapshot = Snapshot {
            network: self.config.name.clone(),
            threshold_blocks,
            poll_interval: self.config.poll_interval,
            state,
            state_since: self.state.becomes(state, now.unix),
            consensus,
            references_up: nodes.iter().filter(is_up).count(),
            ended: now,
            took: round.took,
            rounds: self.rounds,
            nodes,
        };
        self.history = Some(history);
        snapshot
    }

    fn compare(&self, round: &Round) -> Comparison {
        let of_reference = |(node, answer): (&Tracked, &Answer)| match node.role {
            Role::Reference => answer.head.ok(),
            Role::Watched => None,
        };
        let blocks: Vec<_> = self.nodes.iter().zip(&round.answers).map(of_reference).collect();
        Comparison::of(&blocks, self.config.quorum, self.config.max_lead_blocks)
    }

    /// The history so far, or a new one when a round is the first, or the first after a
    /// gap: what stood still in between, and for how long, nobody has watched.
    fn history_at(&mut self, now: Moment) -> History {
        let gap = self.config.poll_interval * Snapshot::FRESH_INTERVALS;
        // Linux stops the monotonic clock while the machine is suspended, and the clock on
        // the wall may be set: a gap by either is one. At worst a standstill is told later.
        let is_after_a_gap = self.last_round.replace(now).is_none_or(|last| {
            now.monotonic.saturating_duration_since(last.monotonic) > gap
                || now.unix - last.unix > gap.as_secs_f64()
        });
        match self.history.take() {
            Some(history) if !is_after_a_gap => history,
            _ => {
                for node in &mut self.nodes {
                    node.climb = Climb::default();
                }
                History::new(now.monotonic, self.config.stall_after)
            }
        }
    }
}

impl History {
    fn new(now: Instant, stall_after: Duration) -> Self {
        Self {
            stall_after,
            last_rise: now,
            going_since: now,
            median: Climb::default(),
            medians: Medians::default(),
        }
    }

    /// Takes in whether the block of any node rose in a round, and its median.
    fn take_in(&mut self, now: Instant, any_rises: bool, median: Option<BlockNumber>) {
        if any_rises {
            if self.are_nodes_still(now) {
                self.going_since = now;
            }
            self.last_rise = now;
        }
        if let Some(median) = median {
            self.median.rises(now, median, self.stall_after);
            self.medians.push(now, median);
        }
    }

    fn are_nodes_still(&self, now: Instant) -> bool {
        self.is_long_ago(self.last_rise, now)
    }

    /// Whether what `climb` follows stands still, though the chain goes on for long enough.
    fn is_still(&self, climb: &Climb, now: Instant) -> bool {
        climb.is_still(now, self.stall_after) && self.is_long_ago(self.going_since, now)
    }

    fn is_long_ago(&self, then: Instant, now: Instant) -> bool {
        now.saturating_duration_since(then) >= self.stall_after
    }
}

/// What a node is judged by.
struct Judge<'a> {
    now: Moment,
    history: &'a History,
    median: Option<BlockNumber>,
    network: NetworkState,
    threshold_blocks: u64,
}

impl Judge<'_> {
    fn snapshot(&self, node: &mut Tracked, answer: &Answer) -> NodeSnapshot {
        let now = self.now.monotonic;
        let (block, failure) = (answer.head.ok(), answer.head.err());
        let lag = self.median.zip(block).map(|(median, block)| median.lag_of(block));
        let state = NodeState::of(NodeSigns {
            network: self.network,
            failure,
            is_still: self.history.is_still(&node.climb, now),
            lag,
            threshold_blocks: self.threshold_blocks,
        });
        NodeSnapshot {
            name: node.name.clone(),
            role: node.role,
            state,
            state_since: node.state.becomes(state, self.now.unix),
            block,
            failure,
            lag,
            behind_for: lag.and(block).map(|block| self.history.medians.above_for(block, now)),
            last_success: node.last_success,
            last_advance: node.last_advance,
            took: answer.took,
            durations: node.durations,
            errors: node.errors,
            regressions: node.regressions,
        }
    }
}

impl Tracked {
    fn new(endpoint: &config::Endpoint) -> Self {
        Self {
            name: endpoint.name.clone(),
            role: endpoint.role,
            state: Lasting(None),
            climb: Climb::default(),
            previous: None,
            last_success: None,
            last_advance: None,
            durations: Durations::default(),
            errors: [0; Reason::LABELS.len()],
            regressions: 0,
        }
    }

    /// Takes in its answer of a round; whether its block rises.
    fn take_in(&mut self, now: Moment, answer: &Answer, stall_after: Duration) -> bool {
        self.durations.add(answer.took);
        let block = match answer.head {
            Ok(block) => block,
            Err(reason) => {
                self.errors[reason.index()] += 1;
                return false;
            }
        };
        self.regressions += u64::from(self.previous.is_some_and(|previous| block < previous));
        self.previous = Some(block);
        self.last_success = Some(now.unix);
        let rises = self.climb.rises(now.monotonic, block, stall_after);
        if rises {
            self.last_advance = Some(now.unix);
        }
        rises
    }
}
