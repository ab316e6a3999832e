//! PURE: the samples of one network on one time line.

use super::{
    runs::ODD,
    source::Source,
    state::{NetworkState, NodeState},
    sweep::{self, Piece},
};

/// One network over a span of time.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// First moment, in unix seconds.
    pub from: f64,
    /// Last moment, in unix seconds.
    pub until: f64,
    /// The names of the watched nodes.
    pub nodes: Vec<String>,
    /// All exporters that reported it.
    pub sources: Vec<Source>,
    /// In order, without overlap; what lies between two was not scraped.
    pub pieces: Vec<Piece>,
    /// Whether each node was known before `from`.
    pub known_before: Vec<bool>,
    /// Whether each node is known after `until`, or may be.
    pub known_after: Vec<bool>,
    /// Whether the exporter that reported the network last is scraped to the end: where that
    /// has nothing more to say of it, the network was taken off the exporter's config.
    pub is_alive: bool,
}

/// What is known of a node for a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds.
    pub end: f64,
    /// When that was sampled; absent where nothing was.
    pub at: Option<f64>,
    /// Absent where the node was not configured.
    pub state: Option<NodeState>,
    /// The state of its network.
    pub network: NetworkState,
    /// Blocks behind the median; absent where unknown.
    pub lag: Option<f64>,
    /// Absent where unknown.
    pub threshold: Option<f64>,
}

impl Span {
    /// How long it is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.end - self.begin
    }
}

impl Timeline {
    /// Puts the samples of all exporters on one line. No node was known before, each may be
    /// known after, and no exporter is scraped to the end; the caller may know better.
    #[must_use]
    pub fn new((from, until): (f64, f64), nodes: Vec<String>, sources: Vec<Source>) -> Self {
        let mut pieces = sweep::pieces(&sources, until);
        pieces.retain_mut(|piece| {
            piece.begin = piece.begin.max(from);
            piece.end = piece.end.min(until);
            piece.begin < piece.end
        });
        let (known_before, known_after) = (vec![false; nodes.len()], vec![true; nodes.len()]);
        Self { from, until, nodes, sources, pieces, known_before, known_after, is_alive: false }
    }

    /// The sample that a piece shows.
    fn sample(&self, piece: &Piece) -> (&Source, usize) {
        (&self.sources[piece.source], piece.sample)
    }

    /// When the sample of a piece was taken.
    #[must_use]
    pub fn at(&self, piece: &Piece) -> f64 {
        let (source, i) = self.sample(piece);
        source.times[i]
    }

    /// How long an interruption may be without ending a state: two poll intervals, as in force
    /// at the end.
    #[must_use]
    pub fn odd(&self) -> f64 {
        let newest = self.pieces.last().map_or(0.0, |piece| {
            let (source, i) = self.sample(piece);
            source.allowed(i)
        });
        ODD * newest
    }

    /// When the first thing is known of any node; absent where nothing is.
    #[must_use]
    pub fn begins(&self) -> Option<f64> {
        let known = |node| self.spans(node).find(|span| span.state.is_some());
        let begins = (0..self.nodes.len()).filter_map(|node| Some(known(node)?.begin));
        begins.reduce(f64::min)
    }

    /// Whether the newest sample is still valid at the end.
    #[must_use]
    pub fn is_scraped(&self) -> bool {
        self.pieces.last().is_some_and(|piece| piece.end >= self.until)
    }

    fn has(&self, piece: usize, node: usize) -> bool {
        let Some(piece) = self.pieces.get(piece) else { return false };
        let (source, i) = self.sample(piece);
        source.nodes.get(node).is_some_and(|node| node.state[i].is_some())
    }

    /// What is known of a node from the first to the last moment, without a hole. Nothing is
    /// missing before a node was configured or after it no longer was.
    pub fn spans(&self, node: usize) -> impl Iterator<Item = Span> + '_ {
        let last = self.pieces.len();
        let gap = move |k: usize| {
            let begin = if k == 0 { self.from } else { self.pieces[k - 1].end };
            let end = self.pieces.get(k).map_or(self.until, |piece| piece.begin);
            let was_known = if k == 0 { self.known_before[node] } else { self.has(k - 1, node) };
            let is_known =
                if k == last { self.known_after[node] && !self.is_alive } else { self.has(k, node) };
            let state = (was_known && is_known).then_some(NodeState::NotScraped);
            let network = NetworkState::NotScraped;
            let span = Span { begin, end, at: None, state, network, lag: None, threshold: None };
            (end > begin).then_some(span)
        };
        let piece = move |k: usize| {
            let piece = self.pieces.get(k)?;
            let (source, i) = self.sample(piece);
            let known = |value: f64| value.is_finite().then_some(value);
            let of = source.nodes.get(node);
            Some(Span {
                begin: piece.begin,
                end: piece.end,
                at: Some(source.times[i]),
                state: of.and_then(|of| of.state[i]),
                network: source.state[i],
                lag: of.and_then(|of| known(of.lag[i])),
                threshold: known(source.threshold[i]),
            })
        };
        (0..=last).flat_map(move |k| gap(k).into_iter().chain(piece(k)))
    }

    /// The network's own states from the first to the last moment: begin, end, state.
    pub fn states(&self) -> impl Iterator<Item = (f64, f64, NetworkState)> + '_ {
        let last = self.pieces.len();
        (0..=last).flat_map(move |k| {
            let begin = if k == 0 { self.from } else { self.pieces[k - 1].end };
            let end = self.pieces.get(k).map_or(self.until, |piece| piece.begin);
            let gone = k == last && self.is_alive;
            let state = if gone { NetworkState::Gone } else { NetworkState::NotScraped };
            let gap = (end > begin).then_some((begin, end, state));
            let piece = self.pieces.get(k).map(|piece| {
                let (source, i) = self.sample(piece);
                (piece.begin, piece.end, source.state[i])
            });
            gap.into_iter().chain(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{answer::Labels, source::NodeSamples};

    /// An exporter that is scraped at these times and reports one node.
    fn source(job: &str, times: &[f64], poll: f64, state: NodeState) -> Source {
        let n = times.len();
        Source {
            labels: Labels::from([("job".to_owned(), job.to_owned())]),
            times: times.to_vec(),
            poll: vec![poll; n],
            state: vec![NetworkState::Ok; n],
            threshold: vec![5.0; n],
            nodes: vec![NodeSamples { lag: vec![0.0; n], state: vec![Some(state); n] }],
        }
    }

    fn every(step: f64, span: std::ops::Range<i32>) -> Vec<f64> {
        span.map(|i| f64::from(i) * step).collect()
    }

    fn timeline(until: f64, sources: Vec<Source>) -> Timeline {
        let line = Timeline::new((0.0, until), vec!["mine".into()], sources);
        Timeline { known_before: vec![true], ..line }
    }

    /// Seconds by state over the whole line.
    #[track_caller]
    fn check(line: &Timeline, want: &[(Option<NodeState>, f64)]) {
        let mut sums: Vec<(Option<NodeState>, f64)> = Vec::new();
        let mut end = line.from;
        for span in line.spans(0) {
            assert_eq!(span.begin, end, "no hole and no overlap");
            end = span.end;
            match sums.iter_mut().find(|(state, _)| *state == span.state) {
                Some((_, sum)) => *sum += span.seconds(),
                None => sums.push((span.state, span.seconds())),
            }
        }
        assert_eq!(end, line.until);
        sums.sort_by_key(|(state, _)| *state);
        assert_eq!(sums, want);
    }

    const OK: Option<NodeState> = Some(NodeState::Ok);
    const LOST: Option<NodeState> = Some(NodeState::NotScraped);

    #[test]
    fn a_lost_scrape_is_missing_for_its_own_time() {
        let mut times = every(15.0, 0..240);
        times.remove(100);
        check(
            &timeline(3_600.0, vec![source("a", &times, 15.0, NodeState::Ok)]),
            &[(LOST, 15.0), (OK, 3_585.0)],
        );
        // A late one is not missing.
        times.insert(100, 1_506.0);
        check(&timeline(3_600.0, vec![source("a", &times, 15.0, NodeState::Ok)]), &[(OK, 3_600.0)]);
    }

    #[test]
    fn half_of_all_scrapes_lost_is_half_of_the_time() {
        // Lost by chance, as the bits of a number that has no pattern.
        let mut bits = 0x9E37_79B9_7F4A_7C15_u64;
        let kept = every(15.0, 0..2_400).into_iter().filter(|_| {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            bits & 1 == 0
        });
        let mut times: Vec<_> = kept.collect();
        times.retain(|time| *time > 0.0);
        times.insert(0, 0.0);
        let scraped = times.len() as f64 * 15.0;
        check(
            &timeline(36_000.0, vec![source("a", &times, 15.0, NodeState::Ok)]),
            &[(LOST, 36_000.0 - scraped), (OK, scraped)],
        );
    }

    #[test]
    fn each_sample_stands_for_the_spacing_of_its_own_time() {
        // Scraped every minute at first, then at every poll; nothing is missing.
        let mut times = every(60.0, 0..60);
        times.extend(every(15.0, 240..480));
        check(&timeline(7_200.0, vec![source("a", &times, 15.0, NodeState::Ok)]), &[(OK, 7_200.0)]);
        // Denser than it polls.
        let times = every(5.0, 0..720);
        check(&timeline(3_600.0, vec![source("a", &times, 15.0, NodeState::Ok)]), &[(OK, 3_600.0)]);
        // Polled every five minutes for a while.
        let mut slow = source("a", &every(15.0, 0..240), 15.0, NodeState::Ok);
        let later = source("a", &every(300.0, 12..24), 300.0, NodeState::Ok);
        slow.times.extend(&later.times);
        slow.poll.extend(&later.poll);
        slow.threshold.extend(&later.threshold);
        slow.state.extend(later.state);
        slow.nodes[0].lag.extend(&later.nodes[0].lag);
        slow.nodes[0].state.extend(&later.nodes[0].state);
        check(&timeline(7_200.0, vec![slow]), &[(OK, 7_200.0)]);
    }

    #[test]
    fn what_is_over_ends_with_its_last_sample() {
        let line = timeline(3_600.0, vec![source("a", &every(15.0, 0..200), 15.0, NodeState::Ok)]);
        check(&line, &[(LOST, 600.0), (OK, 3_000.0)]);
        assert!(!line.is_scraped());
        // Its exporter goes on, for other networks.
        check(&Timeline { is_alive: true, ..line }, &[(None, 600.0), (OK, 3_000.0)]);
        let line = timeline(3_005.0, vec![source("a", &every(15.0, 0..200), 15.0, NodeState::Ok)]);
        check(&line, &[(OK, 3_005.0)]);
        assert!(line.is_scraped());
    }

    #[test]
    fn an_exporter_that_moves_leaves_no_gap_and_nothing_twice() {
        let one = source("a", &every(15.0, 0..100), 15.0, NodeState::Ok);
        let times: Vec<_> = every(15.0, 0..140).iter().map(|time| time + 1_504.0).collect();
        let other = source("b", &times, 15.0, NodeState::Ok);
        check(&timeline(3_600.0, vec![one.clone(), other]), &[(OK, 3_600.0)]);
        let times: Vec<_> = every(15.0, 0..140).iter().map(|time| time + 1_530.0).collect();
        let other = source("b", &times, 15.0, NodeState::Ok);
        check(&timeline(3_600.0, vec![one, other]), &[(LOST, 30.0), (OK, 3_570.0)]);
    }

    #[test]
    fn of_two_exporters_the_one_with_consensus_counts_then_the_worse() {
        let level = source("a", &every(15.0, 0..240), 15.0, NodeState::Ok);
        let behind = |state| source("b", &every(15.0, 40..80), 15.0, state);
        let sources = vec![level.clone(), behind(NodeState::Behind)];
        check(&timeline(3_600.0, sources), &[(Some(NodeState::Behind), 600.0), (OK, 3_000.0)]);
        let sources = vec![level.clone(), behind(NodeState::Ahead)];
        check(&timeline(3_600.0, sources), &[(Some(NodeState::Ahead), 600.0), (OK, 3_000.0)]);
        // Equals do not take turns.
        let sources = vec![level.clone(), behind(NodeState::Ok)];
        assert!(timeline(3_600.0, sources).pieces.iter().all(|piece| piece.source == 0));
        let mut blind = behind(NodeState::Unreachable);
        blind.state = vec![NetworkState::NoConsensus; 40];
        check(&timeline(3_600.0, vec![level, blind]), &[(OK, 3_600.0)]);
    }

    #[test]
    fn a_node_is_missing_only_between_its_first_and_its_last_sample() {
        let mut times = every(15.0, 20..100);
        times.extend(every(15.0, 140..240));
        let mut of = source("a", &times, 15.0, NodeState::Ok);
        // Taken out of the config while nobody scraped.
        of.nodes[0].state[80..].fill(None);
        let mut line = timeline(3_600.0, vec![of]);
        check(&line, &[(None, 2_100.0), (LOST, 300.0), (OK, 1_200.0)]);
        line.known_before = vec![false];
        check(&line, &[(None, 2_400.0), (OK, 1_200.0)]);
    }
}
