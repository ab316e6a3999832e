//! PURE: what adds up for one node over a range: seconds, gaps, the worst sample.

use super::{
    facts::Worst,
    missing::{self, Cause, Gap, Missing},
    recorded::{Block, Row},
    timeline::Span,
};

/// What adds up over all that is known of one node.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) outside: f64,
    pub(super) missing: Missing,
    pub(super) gaps: Vec<Gap>,
    /// The newest.
    pub(super) threshold: Option<f64>,
    /// With the moments between which it was taken, where no sample shows it.
    pub(super) worst: Option<(Worst, Option<(f64, f64)>)>,
    /// Time and lag of each sample since anything recorded.
    pub(super) samples: Vec<(f64, f64)>,
    /// End and lag of the newest span.
    pub(super) newest: Option<(f64, Option<f64>)>,
}

impl Tally {
    /// A time in which one sample is valid, or none.
    pub(super) fn add(&mut self, span: &Span, from: f64) {
        self.newest = Some((span.end, span.lag));
        self.threshold = span.threshold.or(self.threshold);
        let Some(state) = span.state else { return };
        let (Some(lag), Some(at)) = (span.lag, span.at) else {
            let cause = Cause::of(state);
            self.missing.add(cause, span.seconds());
            missing::extend(&mut self.gaps, Gap { cause, begin: span.begin, end: span.end });
            return;
        };
        if span.threshold.is_some_and(|threshold| lag.abs() > threshold) {
            self.outside += span.seconds();
        }
        // A sample from before the range counts for its first seconds, but is none of its own.
        if at >= from {
            self.meet(Worst { lag, at }, None);
        }
        if self.samples.last().is_none_or(|(last, _)| *last < at) {
            self.samples.push((at, lag));
        }
    }

    /// Five minutes of which numbers of samples were recorded.
    pub(super) fn block(&mut self, block: &Block) {
        self.samples.clear();
        self.outside += block.outside;
        for (cause, seconds) in block.missing.into_iter().filter(|(_, seconds)| *seconds > 0.0) {
            self.missing.add(cause, seconds);
            // A gap that goes on from the last block is at its beginning; any other begins late.
            let last = self.gaps.iter().rfind(|gap| gap.cause == cause);
            let goes_on = last.is_some_and(|last| last.end >= block.begin - 0.5);
            let (begin, end) =
                if goes_on { (block.begin, block.begin + seconds) } else { (block.end - seconds, block.end) };
            missing::extend(&mut self.gaps, Gap { cause, begin, end });
        }
    }

    /// The lowest and the highest lag of a while.
    pub(super) fn row(&mut self, row: &Row) {
        for lag in [row.seen.min, row.seen.max] {
            self.meet(Worst { lag, at: row.begin }, Some((row.begin, row.end)));
        }
    }

    fn meet(&mut self, sample: Worst, within: Option<(f64, f64)>) {
        let badness = |worst: &Worst| (worst.lag.abs(), worst.lag > 0.0, -worst.at);
        if self.worst.is_none_or(|(worst, _)| badness(&sample) > badness(&worst)) {
            self.worst = Some((sample, within));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{grid::Envelope, state::State};

    fn block(begin: f64, seconds: f64) -> Block {
        let mut missing = Cause::ALL.map(|cause| (cause, 0.0));
        missing[0].1 = seconds;
        Block { begin, end: begin + 300.0, outside: 15.0, missing, states: [0.0; State::ALL.len()] }
    }

    #[test]
    fn a_gap_over_several_blocks_is_one() {
        let mut tally = Tally::default();
        for (begin, seconds) in [(0.0, 100.0), (300.0, 300.0), (600.0, 50.0), (900.0, 0.0), (1_200.0, 30.0)] {
            tally.block(&block(begin, seconds));
        }
        let gaps: Vec<_> = tally.gaps.iter().map(|gap| (gap.begin, gap.end)).collect();
        assert_eq!(gaps, [(200.0, 650.0), (1_470.0, 1_500.0)]);
        assert_eq!((tally.missing.no_answer, tally.outside), (Some(480.0), 75.0));
    }

    #[test]
    fn the_worst_is_the_earliest_of_the_farthest_behind_first() {
        let mut tally = Tally::default();
        let row = |begin, min, max| Row {
            begin,
            end: begin + 300.0,
            seen: Envelope { min, mean: 0.0, max },
            samples: 20.0,
        };
        tally.row(&row(600.0, -9.0, 9.0));
        tally.row(&row(300.0, 0.0, 9.0));
        tally.row(&row(0.0, -9.0, 4.0));
        assert_eq!(tally.worst, Some((Worst { lag: 9.0, at: 300.0 }, Some((300.0, 600.0)))));
    }
}
