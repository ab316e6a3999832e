//! The history of one network, column by column, as a chart and its caption read it.
//!
//! All values are "blocks from the median": the node's block minus the median, so
//! below zero is behind. Nothing here is made up: what is not known is a [`Cause`].

/// The columns of a chart: column `i` covers the time from `start + i * step`
/// (exclusive) to `start + (i + 1) * step` (inclusive), in unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Begin of the first column, a multiple of `step`, in unix seconds.
    pub start: i64,
    /// Width of a column in seconds.
    pub step: u32,
    /// How many columns there are.
    pub len: usize,
}

impl Grid {
    /// Begin and end of a column in unix seconds.
    #[must_use]
    pub fn column(&self, i: usize) -> (i64, i64) {
        let step = i64::from(self.step);
        let begin = self.start + step * i as i64;
        (begin, begin + step)
    }

    /// The values of a query over a range, one place a column: each was evaluated at the
    /// end of the column that it speaks of.
    #[must_use]
    pub fn row(&self, samples: &[(f64, f64)]) -> Vec<Option<f64>> {
        let mut row = vec![None; self.len];
        for (time, value) in samples.iter().filter(|(_, value)| value.is_finite()) {
            let ends = (time - self.start as f64) / f64::from(self.step);
            let place = (ends >= 0.5).then(|| ends.round() as usize - 1);
            if let Some(place) = place.and_then(|place| row.get_mut(place)) {
                *place = Some(*value);
            }
        }
        row
    }
}

/// What was seen within one column, in blocks from the median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// The lowest sample.
    pub min: f64,
    /// The mean of all samples.
    pub mean: f64,
    /// The highest sample.
    pub max: f64,
}

/// Why there is no value at some time, the loudest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The exporter asked the node and got no usable block.
    NoAnswer,
    /// The node answered, but too few references did: there was no median.
    NoConsensus,
    /// Prometheus holds nothing: neither exporter nor node can be judged.
    NotScraped,
}

/// One column of one watched node. At least one of the two is there; with both,
/// part of the column was seen and part of it is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// What was seen; absent when the whole column is missing.
    pub seen: Option<Envelope>,
    /// Why something is missing; absent when the whole column was seen.
    pub missing: Option<Cause>,
    /// For what share of the column there is a value, 0 to 1, told by its samples.
    pub known: f64,
}

/// One watched node over the whole grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// The node's name, at most 63 characters.
    pub node: String,
    /// As many as the grid has columns.
    pub columns: Vec<Column>,
}

/// All that a chart shows of one network.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The network's name.
    pub network: String,
    /// First moment asked for, in unix seconds; inside the first column.
    pub since: i64,
    /// Last moment asked for, in unix seconds; inside the last column, which is
    /// therefore often younger than a whole step.
    pub until: i64,
    /// The columns of everything below.
    pub grid: Grid,
    /// The watched nodes by name, at least one.
    pub watched: Vec<Watched>,
    /// The best reference: highest block minus the median, so never below zero.
    pub best: Vec<Option<Envelope>>,
    /// Half the height of the corridor at that time; absent when unknown.
    pub threshold: Vec<Option<f64>>,
}
