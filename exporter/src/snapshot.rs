//! PURE: what is published of one network: immutable and whole, all of one round.

use std::time::{Duration, Instant};

use crate::{
    answer::Reason,
    block::{BlockNumber, Lag},
    config::{NetworkName, NodeName, Role},
    consensus::Consensus,
    verdict::{NetworkState, NodeState},
};

/// Seconds since 1970 in UTC.
pub type UnixTime = f64;

/// One network after its newest round.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Its name.
    pub network: NetworkName,
    /// As configured.
    pub threshold_blocks: u64,
    /// As configured.
    pub poll_interval: Duration,
    /// See [`NetworkState`].
    pub state: NetworkState,
    /// When it was first seen in that state, without another since.
    pub state_since: UnixTime,
    /// What the counted references agree on; absent in the states `no_consensus` and `split`.
    pub consensus: Option<Consensus>,
    /// How long the network takes for a block, measured from its rounds; absent until it is steady,
    /// in other states than `ok`, and anew after a gap between rounds.
    pub block_time: Option<Duration>,
    /// When the round ended.
    pub ended: Moment,
    /// How long it took.
    pub took: Duration,
    /// Finished rounds since the start.
    pub rounds: u64,
    /// In the order of the config.
    pub nodes: Vec<NodeSnapshot>,
}

/// One instant by both clocks: one to publish, one to measure with.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the wall clock, which may be set.
    pub unix: UnixTime,
    /// By the monotonic clock, which Linux stops while the machine is suspended.
    pub monotonic: Instant,
}

impl Moment {
    /// The time since `earlier` by the clock that shows more of it: either may have missed
    /// some.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        Duration::try_from_secs_f64(self.unix - earlier.unix).unwrap_or_default().max(monotonic)
    }
}

/// One node after the newest round.
#[derive(Debug, Clone)]
pub struct NodeSnapshot {
    /// Its name.
    pub name: NodeName,
    /// What it is there for.
    pub role: Role,
    /// Whether its answer counts for the consensus: that of a reference that is not set aside.
    pub is_counted: bool,
    /// See [`NodeState`].
    pub state: NodeState,
    /// When it was first seen in that state, without another since.
    pub state_since: UnixTime,
    /// Why it gave no usable block in this round; absent when it gave one, or the round was
    /// too long ago.
    pub failure: Option<Reason>,
    /// Its block; absent when it gave no usable one in this round.
    pub block: Option<BlockNumber>,
    /// How far it is behind the median; absent when either is unknown.
    pub lag: Option<Lag>,
    /// At least how long ago the median passed its block: no longer than [`Medians`] or the
    /// newest gap between rounds lets remember. Zero when level or ahead; absent with the lag.
    ///
    /// [`Medians`]: crate::medians::Medians
    pub behind_for: Option<Duration>,
    /// When it last gave a usable block; absent before.
    pub last_success: Option<UnixTime>,
    /// When its block was last seen to rise above all before; absent before.
    pub last_advance: Option<UnixTime>,
    /// How long its answer or failure took in this round; absent where it was not asked.
    pub took: Option<Duration>,
    /// All its rounds together.
    pub counters: Counters,
}

impl NodeSnapshot {
    /// The block it answered with, usable or not: for people, who want to see why.
    #[must_use]
    pub fn answered(&self) -> Option<BlockNumber> {
        self.block.or(self.failure.and_then(Reason::block))
    }
}

/// What is counted of a node from its first round on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counters {
    /// How long its answers and failures took.
    pub durations: Durations,
    /// Failures by reason, in the order of [`Reason::LABELS`].
    pub errors: [u64; Reason::LABELS.len()],
    /// How often a usable answer was below the one before.
    pub regressions: u64,
}

/// A histogram of how long answers took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Durations {
    /// One for each of [`Self::BOUNDS`], and a last one for what took longer.
    pub counts: [u64; Self::BOUNDS.len() + 1],
    /// In seconds.
    pub sum: f64,
}

impl Durations {
    /// Upper bounds of the buckets in seconds: from a node on the same host to one that
    /// just makes the usual timeout.
    pub const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

    /// Counts one that took so long.
    pub fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = Self::BOUNDS.iter().position(|bound| seconds <= *bound);
        self.counts[bucket.unwrap_or(Self::BOUNDS.len())] += 1;
        self.sum += seconds;
    }
}

impl Snapshot {
    /// How many intervals a snapshot is good for; a longer time between two rounds is a gap.
    pub const FRESH_INTERVALS: u32 = 3;

    /// The nodes of one role, in the order of the config.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &NodeSnapshot> {
        self.nodes.iter().filter(move |node| node.role == role)
    }

    /// How many references are configured.
    #[must_use]
    pub fn references(&self) -> usize {
        self.of_role(Role::Reference).count()
    }

    /// How many references are counted.
    #[must_use]
    pub fn references_up(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_counted).count()
    }

    /// Whether no round has ended for three intervals before `now`: nothing of it is known
    /// to hold any more.
    #[must_use]
    pub fn is_too_old(&self, now: Moment) -> bool {
        now.since(self.ended) > self.poll_interval * Self::FRESH_INTERVALS
    }

    /// This snapshot as it may be shown at `now`: when it is too old, no block is known any
    /// more, and no node is known to answer.
    #[must_use]
    pub fn shown_at(&self, now: Moment) -> Self {
        let mut shown = self.clone();
        if self.is_too_old(now) {
            shown.consensus = None;
            shown.block_time = None;
            shown.state = NetworkState::NoConsensus;
            shown.state_since = self.ended.unix;
            for node in &mut shown.nodes {
                node.state = NodeState::Unreachable;
                node.state_since = self.ended.unix;
                node.is_counted = false;
                node.failure = None;
                node.block = None;
                node.lag = None;
                node.behind_for = None;
            }
        }
        shown
    }
}
