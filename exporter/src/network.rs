//! PURE: all memory of one network, and how a round changes it.

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod pace;
#[cfg(test)]
pub mod properties;
#[cfg(test)]
pub mod scenarios;

use std::time::{Duration, Instant};

use crate::{
    answer::{Answer, Reason, Round},
    block::BlockNumber,
    block_time::BlockTime,
    config::{self, NodeName, Role},
    consensus::{Comparison, Limits, Standing, Witness},
    medians::Medians,
    memory::Memory,
    snapshot::{Counters, Moment, NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkSigns, NetworkState, NodeSigns, NodeState},
};

/// One network from its first round on.
#[derive(Debug)]
pub struct Network {
    config: config::Network,
    rounds: u64,
    /// With the interval of that time.
    last_round: Option<(Moment, Duration)>,
    state: Lasting<NetworkState>,
    history: Option<History>,
    nodes: Vec<Tracked>,
}

/// What was seen since rounds follow each other without a gap, except of the nodes.
#[derive(Debug)]
struct History {
    began: Instant,
    /// Whether the last round with a consensus found the network halted.
    is_halted: bool,
    /// When the last halt ended, or when this history began.
    going_since: Instant,
    medians: Medians,
    block_time: BlockTime,
}

/// One node from the first round on.
#[derive(Debug)]
struct Tracked {
    name: NodeName,
    role: Role,
    state: Lasting<NodeState>,
    memory: Memory,
    is_rogue: bool,
    /// Its last usable block.
    previous: Option<BlockNumber>,
    last_success: Option<UnixTime>,
    last_advance: Option<UnixTime>,
    counters: Counters,
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

    /// As it is configured.
    #[must_use]
    pub fn config(&self) -> &config::Network {
        &self.config
    }

    /// Becomes the network that `config` describes. Nodes that it still has keep their counters
    /// and what is remembered of them; with another URL the blocks start anew, and all blocks do
    /// on another chain.
    pub fn adopt(&mut self, config: config::Network) {
        let is_same_chain = self.config.is_same_chain(&config);
        let mut before: Vec<(&config::Endpoint, Option<Tracked>)> =
            self.config.nodes.iter().zip(self.nodes.drain(..).map(Some)).collect();
        let nodes = config.nodes.iter().map(|endpoint| {
            let was = before.iter_mut().find(|(was, _)| was.is_same_node(endpoint));
            let kept = was.and_then(|(was, node)| Some((was.is_same_server(endpoint), node.take()?)));
            match kept {
                Some((true, node)) if is_same_chain => node,
                Some((_, node)) => Tracked {
                    previous: None,
                    last_advance: None,
                    memory: Memory::default(),
                    is_rogue: false,
                    ..node
                },
                None => Tracked::new(endpoint),
            }
        });
        self.nodes = nodes.collect();
        if !is_same_chain {
            self.history = None;
        }
        self.config = config;
    }

    /// Takes in a round that ended at `now`, and gives all that is known then.
    pub fn fold(&mut self, now: Moment, round: &Round) -> Snapshot {
        self.rounds += 1;
        let mut history = self.history_at(now);
        let stall_after = self.config.stall_after;
        let nodes = self.nodes.iter_mut().zip(&round.answers);
        let (witnesses, rises): (Vec<Witness>, Vec<bool>) =
            nodes.map(|(node, answer)| node.observe(now.monotonic, answer, stall_after)).unzip();
        let compared = Comparison::of(&witnesses, self.limits());
        let state = history.judge(now.monotonic, round.took, &compared, &witnesses, &self.config);
        if state == NetworkState::Ok
            && let Some(rogues) = &compared.rogues
        {
            for (node, is_rogue) in self.nodes.iter_mut().zip(rogues) {
                node.is_rogue = *is_rogue;
            }
        }
        let median = compared.consensus.map(|of| of.median.block);
        let threshold_blocks = self.config.threshold_blocks;
        let judge = Judge { now, history: &history, median, network: state, threshold_blocks, stall_after };
        let seen = round.answers.iter().zip(&compared.standings).zip(rises);
        let nodes = self.nodes.iter_mut().zip(seen).map(|(node, ((answer, standing), rises))| {
            let head = match (answer.head, standing) {
                (Ok(block), Standing::Implausible) => Err(Reason::Implausible(block)),
                (head, _) => head,
            };
            node.count(now.unix, Answer { head, ..*answer }, rises);
            let is_counted = *standing == Standing::Counted;
            judge.snapshot(node, Answer { head, ..*answer }, is_counted)
        });
        let snapshot = Snapshot {
            network: self.config.name.clone(),
            threshold_blocks,
            poll_interval: self.config.poll_interval,
            state,
            state_since: self.state.becomes(state, now.unix),
            consensus: compared.consensus,
            block_time: history.block_time.get().filter(|_| state == NetworkState::Ok),
            ended: now,
            took: round.took,
            rounds: self.rounds,
            nodes: nodes.collect(),
        };
        self.history = Some(history);
        snapshot
    }

    fn limits(&self) -> Limits {
        Limits {
            quorum: self.config.quorum,
            threshold: self.config.threshold_blocks,
            max_lead: self.config.max_lead_blocks,
        }
    }

    /// The history so far, or a new one when a round is the first, or the first after a
    /// gap: which block was still in between, and for how long, was not observed.
    fn history_at(&mut self, now: Moment) -> History {
        let interval = self.config.poll_interval;
        let is_after_a_gap = self
            .last_round
            .replace((now, interval))
            .is_none_or(|(last, before)| now.since(last) > interval.max(before) * Snapshot::FRESH_INTERVALS);
        match self.history.take() {
            Some(history) if !is_after_a_gap => history,
            _ => {
                for node in &mut self.nodes {
                    node.memory = Memory::default();
                    node.is_rogue = false;
                }
                let began = now.monotonic;
                History {
                    began,
                    is_halted: false,
                    going_since: began,
                    medians: Medians::default(),
                    block_time: BlockTime::default(),
                }
            }
        }
    }
}

impl History {
    /// Takes in what was compared in a round that took so long; the state of the network.
    fn judge(
        &mut self,
        now: Instant,
        took: Duration,
        compared: &Comparison,
        witnesses: &[Witness],
        config: &config::Network,
    ) -> NetworkState {
        let median = compared.consensus.map(|of| of.median.block);
        let is_live_there = |node: &Witness| node.is_live() && node.top >= median;
        let is_observed = now.saturating_duration_since(self.began) >= config.stall_after;
        let state = NetworkState::of(NetworkSigns {
            has_quorum: compared.counted() >= config.quorum,
            is_split: compared.is_split,
            goes_on: !is_observed || witnesses.iter().any(is_live_there),
        });
        match state {
            NetworkState::Halted => {
                self.is_halted = true;
                // A halt is no long block.
                self.block_time = BlockTime::default();
            }
            // Nothing is known of the chain then.
            NetworkState::NoConsensus => {}
            NetworkState::Split | NetworkState::Ok => {
                if self.is_halted {
                    self.going_since = now;
                }
                self.is_halted = false;
            }
        }
        if let Some(median) = median {
            self.medians.push(now, median);
            if state == NetworkState::Ok {
                // Most nodes were read when the round began; only the slowest end it.
                self.block_time.take_in(now.checked_sub(took).unwrap_or(now), median);
            }
        }
        state
    }
}

/// What a node is judged by.
struct Judge<'a> {
    now: Moment,
    history: &'a History,
    median: Option<BlockNumber>,
    network: NetworkState,
    threshold_blocks: u64,
    stall_after: Duration,
}

impl Judge<'_> {
    fn snapshot(&self, node: &mut Tracked, answer: Answer, is_counted: bool) -> NodeSnapshot {
        let now = self.now.monotonic;
        let (block, failure) = (answer.head.ok(), answer.head.err());
        let lag = self.median.zip(block).map(|(median, block)| median.lag_of(block));
        let is_going_on_for_long =
            now.saturating_duration_since(self.history.going_since) >= self.stall_after;
        let state = NodeState::of(NodeSigns {
            network: self.network,
            failure,
            is_still: is_going_on_for_long && node.memory.is_still(now, self.stall_after),
            lag,
            threshold_blocks: self.threshold_blocks,
        });
        NodeSnapshot {
            name: node.name.clone(),
            role: node.role,
            is_counted,
            state,
            state_since: node.state.becomes(state, self.now.unix),
            block,
            failure,
            lag,
            behind_for: lag.and(block).map(|block| self.history.medians.above_for(block, now)),
            last_success: node.last_success,
            last_advance: node.last_advance,
            took: answer.took,
            counters: node.counters,
        }
    }
}

impl Tracked {
    fn new(endpoint: &config::Endpoint) -> Self {
        Self {
            name: endpoint.name.clone(),
            role: endpoint.role,
            state: Lasting(None),
            memory: Memory::default(),
            is_rogue: false,
            previous: None,
            last_success: None,
            last_advance: None,
            counters: Counters::default(),
        }
    }

    /// Remembers its answer of a round; what it contributes to the comparison then, and
    /// whether its block rose.
    fn observe(&mut self, now: Instant, answer: &Answer, stall_after: Duration) -> (Witness, bool) {
        let block = answer.head.ok();
        let rises = self.memory.take_in(now, block, stall_after);
        // What it answered before may have been another chain's, too.
        let is_elsewhere = matches!(answer.head, Err(Reason::WrongChain(_)));
        let witness = Witness {
            role: self.role,
            answer: block,
            top: self.memory.top().filter(|_| !is_elsewhere),
            is_still: self.memory.is_still(now, stall_after),
            is_rising: !is_elsewhere && self.memory.is_rising(now, stall_after),
            is_rogue: self.is_rogue,
        };
        (witness, rises)
    }

    /// Counts its answer of a round.
    fn count(&mut self, now: UnixTime, answer: Answer, rises: bool) {
        let Some(took) = answer.took else {
            return;
        };
        self.counters.durations.add(took);
        let block = match answer.head {
            Ok(block) => block,
            Err(reason) => {
                self.counters.errors[reason.index()] += 1;
                return;
            }
        };
        self.counters.regressions += u64::from(self.previous.is_some_and(|previous| block < previous));
        self.previous = Some(block);
        self.last_success = Some(now);
        if rises {
            self.last_advance = Some(now);
        }
    }
}
