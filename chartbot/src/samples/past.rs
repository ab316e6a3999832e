//! PURE: one network over a range, partly from raw samples and partly from what rules recorded.

use super::{
    grid::Grid,
    recorded::{Block, Recorded},
    state::{NetworkState, NodeState},
    timeline::{Span, Timeline},
};

/// What is known of a node for some time.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// From a sample, or from the lack of one.
    Span(Span),
    /// From what a rule recorded.
    Block(Block),
}

/// Whose state is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Whose {
    /// The node at this place.
    Node(usize, NodeState),
    /// The network's own.
    Network(NetworkState),
}

/// All that is known of one network over a range.
#[derive(Debug, Clone)]
pub struct Past {
    /// Parts of the range in order, without overlap; the last one reaches to its end.
    earlier: Vec<Timeline>,
    newest: Timeline,
    /// What lies between them.
    pub recorded: Recorded,
}

impl Past {
    /// Puts parts together, in order; absent without any.
    #[must_use]
    pub fn new(mut raw: Vec<Timeline>, recorded: Recorded) -> Option<Self> {
        let newest = raw.pop()?;
        Some(Self { earlier: raw, newest, recorded })
    }

    /// The newest part: the present, and what led to it.
    #[must_use]
    pub fn newest(&self) -> &Timeline {
        &self.newest
    }

    /// The parts of raw samples, in order.
    pub fn raw(&self) -> impl Iterator<Item = &Timeline> {
        self.earlier.iter().chain([&self.newest])
    }

    /// First moment, in unix seconds.
    #[must_use]
    pub fn from(&self) -> f64 {
        let first = self.raw().next().map(|line| line.from);
        let bin = self.recorded.bins.first().map(super::spans::Bin::begin);
        first.into_iter().chain(bin).fold(self.newest.from, f64::min)
    }

    /// All that is known of a node, in order of time.
    pub fn each(&self, node: usize, mut with: impl FnMut(Step)) {
        let mut bins = self.recorded.bins.iter().peekable();
        for line in self.raw() {
            while let Some(bin) = bins.next_if(|bin| bin.begin() < line.from) {
                self.recorded.block(bin, node).into_iter().for_each(|block| with(Step::Block(block)));
            }
            line.spans(node).for_each(|span| with(Step::Span(span)));
        }
    }

    /// Which columns of a grid that ends with or before the newest part were in a state from begin to
    /// end, but for interruptions of at most `odd` seconds.
    #[must_use]
    pub fn whole(&self, whose: Whose, grid: &Grid, odd: f64) -> Vec<bool> {
        let mut whole = vec![true; grid.len];
        // Begin, end and seconds of the interruption that is going on.
        let mut open: Option<(f64, f64, f64)> = None;
        let mut add = |begin: f64, end: f64, seconds: f64| match &mut open {
            Some(open) if seconds > 0.0 => *open = (open.0, end, open.2 + seconds),
            None if seconds > 0.0 => open = Some((begin, end, seconds)),
            _ => {
                if let Some((begin, end, _)) = open.take().filter(|(.., seconds)| *seconds > odd) {
                    let first = grid.place(begin + 0.001).unwrap_or(0);
                    let last = grid.place(end).unwrap_or(grid.len.saturating_sub(1));
                    whole.iter_mut().take(last + 1).skip(first).for_each(|whole| *whole = false);
                }
            }
        };
        let mut bins = self.recorded.bins.iter().peekable();
        for line in self.raw() {
            while let Some(bin) = bins.next_if(|bin| bin.begin() < line.from) {
                let seconds = match whose {
                    Whose::Node(node, state) => self.recorded.node_interrupted(bin, node, state),
                    Whose::Network(state) => self.recorded.network_interrupted(bin, state),
                };
                add(bin.begin(), bin.end, seconds);
            }
            let interrupted = |begin: f64, end: f64, is_it: bool| if is_it { 0.0 } else { end - begin };
            match whose {
                Whose::Node(node, state) => line.spans(node).for_each(|span| {
                    let is_it = is_state(span.state, state);
                    add(span.begin, span.end, interrupted(span.begin, span.end, is_it));
                }),
                Whose::Network(state) => line
                    .states()
                    .for_each(|(begin, end, it)| add(begin, end, interrupted(begin, end, it == state))),
            }
        }
        add(self.newest.until, self.newest.until, 0.0);
        whole
    }
}

/// Whether a node is in a state. Where nothing is known, a node that is not scraped is as much so
/// as before.
#[must_use]
pub fn is_state(found: Option<NodeState>, state: NodeState) -> bool {
    match state {
        NodeState::NotScraped | NodeState::Gone => found.is_none_or(|found| found == NodeState::NotScraped),
        _ => found == Some(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::source::{NodeSamples, Source};

    /// Raw samples 15 s apart, `b`ehind or ok, from a moment on.
    fn line(from: f64, signs: &str) -> Timeline {
        let n = signs.len();
        let state = |sign| Some(if sign == 'b' { NodeState::Behind } else { NodeState::Ok });
        let source = Source {
            times: (0..n).map(|i| from + 15.0 * i as f64).collect(),
            poll: vec![15.0; n],
            state: vec![NetworkState::Ok; n],
            threshold: vec![5.0; n],
            nodes: vec![NodeSamples { lag: vec![0.0; n], state: signs.chars().map(state).collect() }],
            ..Source::default()
        };
        Timeline::new((from, from + 15.0 * n as f64), vec!["mine".into()], vec![source])
    }

    #[test]
    fn odd_samples_leave_a_column_whole() {
        let check = |signs: &[&str], want: &[bool]| {
            let lines = signs.iter().scan(0.0, |from, signs| {
                let line = line(*from, signs);
                *from = line.until;
                Some(line)
            });
            let past = Past::new(lines.collect(), Recorded::default()).unwrap();
            let grid = Grid { start: 0, step: 60, len: want.len() };
            assert_eq!(past.whole(Whose::Node(0, NodeState::Behind), &grid, 30.0), want, "{signs:?}");
        };
        check(&["bbbbbbbbbbbb"], &[true, true, true]);
        check(&["bbbbbobobbbb"], &[true, true, true]);
        check(&["bbbbbooobbbb"], &[true, false, true]);
        // Across the edge of a column, and of two parts.
        check(&["bbboobbbbbbb"], &[true, true, true]);
        check(&["bbbbbboo", "obbb"], &[true, false, false]);
        check(&["ooobbbbbbbbb"], &[false, true, true]);
    }
}
