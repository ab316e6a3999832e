//! PURE: which questions a chart asks Prometheus, and on which grid.
//!
//! Every range is asked for the same way: per step the minimum, mean and maximum over
//! exactly the samples of that step, so that a spike survives and a gap stays a gap
//! (range selectors have no look-back). The names of metrics stand only here.

use std::ops::RangeInclusive;

use tokio::try_join;

use crate::{chat::command::Range, samples::grid::Grid};

const LAG: &str = "headlag_node_lag_blocks";
const UP: &str = "headlag_node_up";
const BEST: &str = "headlag_best_lead_blocks";
const THRESHOLD: &str = "headlag_threshold_blocks";
const REFERENCES: &str = "headlag_references";
const REFERENCES_UP: &str = "headlag_references_up";
const POLL_INTERVAL: &str = "headlag_poll_interval_seconds";
const NODE_STATE: &str = "headlag_node_state";
const NETWORK_STATE: &str = "headlag_network_state";
const BEHIND_SECONDS: &str = "headlag_node_behind_seconds";
const MAX_SUPPORT: &str = "headlag_max_support";
const MEDIAN_SUPPORT: &str = "headlag_median_support";
const ROUND: &str = "headlag_round_timestamp_seconds";

/// Roughly one column a pixel of the plot.
const COLUMNS: u32 = 1_100;

/// A struct with one thing for each question: first the PromQL, then what was found.
macro_rules! questions {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$meaning:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub struct $name<T> {
            $($(#[$meaning])* pub $field: T,)*
        }

        impl<T> $name<T> {
            /// Puts every question at once.
            ///
            /// # Errors
            /// The first error of any of them.
            pub async fn ask<U, E, F>(self, ask: impl Fn(T) -> F) -> Result<$name<U>, E>
            where
                F: Future<Output = Result<U, E>>,
            {
                let ($($field,)*) = try_join!($(ask(self.$field)),*)?;
                Ok($name { $($field),* })
            }
        }
    };
}

questions! {
    /// About the present, of all networks at once.
    pub struct Survey {
        /// Every watched node that was seen within the range.
        nodes,
        /// 1 when the node answers, else 0, by network and node.
        up,
        /// Blocks behind the median, by network and node.
        lag,
        /// Every state that some exporter tells, by network, node and state.
        node_state,
        /// Every state that some exporter tells, by network and state.
        network_state,
        /// The threshold, by network.
        threshold,
        /// How many references are configured, by network.
        references,
        /// How many of them answer, by network.
        references_up,
        /// The poll interval in seconds, by network, as last seen within the range.
        poll_interval,
        /// Raw samples, whose own times tell how often Prometheus scrapes.
        scrapes,
    }
}

questions! {
    /// What a word about the present needs beyond a [`Survey`].
    pub struct Standing {
        /// How long ago the median passed the block of a node, by network and node.
        behind_seconds,
        /// How many references are at the highest block, by network.
        max_support,
        /// How many references are at the median, by network.
        median_support,
        /// End of the last round in unix time, by network, also where it was a day ago.
        round,
    }
}

questions! {
    /// About one network, column by column.
    pub struct PerColumn {
        /// Fewest blocks behind the median, by node.
        lag_min,
        /// Mean of the blocks behind the median, by node.
        lag_mean,
        /// Most blocks behind the median, by node.
        lag_max,
        /// 0 when an answer of the node was missing, else 1, by node.
        up,
        /// How many samples there are, answered or not, by node.
        scraped,
        /// Share of the samples that have a lag, above 0 and up to 1, by node.
        known,
        /// Smallest lead of the best reference.
        best_min,
        /// Mean lead of the best reference.
        best_mean,
        /// Largest lead of the best reference.
        best_max,
        /// The threshold.
        threshold,
    }
}

impl Survey<String> {
    /// The questions for a chart of `range`. Networks whose exporter is away right now
    /// are found by looking back over the whole range.
    ///
    /// Of two exporters that watch the same node the worse word counts.
    #[must_use]
    pub fn new(range: Range) -> Self {
        let range = range.seconds();
        Self {
            nodes: format!("max by (network, node) (last_over_time({UP}{{role=\"watched\"}}[{range}s]))"),
            up: format!("min by (network, node) ({UP}{{role=\"watched\"}})"),
            lag: format!("max by (network, node) ({LAG}{{role=\"watched\"}})"),
            node_state: format!("max by (network, node, state) ({NODE_STATE}{{role=\"watched\"}} == 1)"),
            network_state: format!("max by (network, state) ({NETWORK_STATE} == 1)"),
            threshold: format!("min by (network) ({THRESHOLD})"),
            references: format!("max by (network) ({REFERENCES})"),
            references_up: format!("min by (network) ({REFERENCES_UP})"),
            poll_interval: format!("max by (network) (last_over_time({POLL_INTERVAL}[{range}s]))"),
            scrapes: format!("{POLL_INTERVAL}[1h]"),
        }
    }
}

impl Standing<String> {
    /// The questions, of all networks at once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            behind_seconds: format!("max by (network, node) ({BEHIND_SECONDS}{{role=\"watched\"}})"),
            max_support: format!("min by (network) ({MAX_SUPPORT})"),
            median_support: format!("min by (network) ({MEDIAN_SUPPORT})"),
            round: format!("max by (network) (last_over_time({ROUND}[1d]))"),
        }
    }
}

/// The grid of one chart and how far apart the samples in it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The columns to ask for.
    pub grid: Grid,
    /// First moment asked for, in unix seconds.
    pub since: i64,
    /// Last moment asked for, in unix seconds.
    pub until: i64,
    /// Seconds between two samples of a series, at least 1.
    pub spacing: u32,
}

impl Plan {
    /// A chart of `range` up to `until` (unix seconds), from samples that are `spacing`
    /// seconds apart.
    ///
    /// A step is a whole number of spacings, so that every column holds as many samples
    /// as the next, and at least two, so that a late scrape leaves no column empty.
    /// Steps begin at multiples of themselves, so that a column keeps its samples when
    /// the same chart is asked for again.
    #[must_use]
    pub fn new(range: Range, until: i64, spacing: u32) -> Self {
        let spacing = spacing.max(1);
        let step = range.seconds().div_ceil(COLUMNS).max(spacing.saturating_mul(2)).next_multiple_of(spacing);
        let since = until - i64::from(range.seconds());
        let width = i64::from(step);
        let start = since.div_euclid(width) * width;
        let columns = (until - start + width - 1) / width;
        Self { grid: Grid { start, step, len: columns as usize }, since, until, spacing }
    }

    /// When the first and the last of these columns are evaluated, in unix seconds: at the
    /// end of each, the last of all possibly a little after `until`.
    #[must_use]
    pub fn evaluated(&self, columns: RangeInclusive<usize>) -> (i64, i64) {
        (self.grid.column(*columns.start()).1, self.grid.column(*columns.end()).1)
    }

    /// Which samples of a node a column holds, and when to ask for them: at its end.
    #[must_use]
    pub fn samples(&self, network: &str, node: &str, column: usize) -> (String, i64) {
        let (network, node) = (quoted(network), quoted(node));
        let window = self.window();
        let (_, end) = self.grid.column(column);
        (format!("{LAG}{{role=\"watched\",network={network},node={node}}}{window}"), end)
    }

    /// Share of the samples that are outside the corridor, 0 to 1, by node. It looks at each
    /// sample on its own, which costs more than all other questions together: to be asked
    /// only where the envelope leaves it open.
    #[must_use]
    pub fn outside(&self, network: &str) -> String {
        let network = quoted(network);
        let (window, spacing) = (within(self.grid.step), self.spacing);
        // Not the bare series: those go on for minutes behind their last sample.
        let since = within(spacing);
        let lag = format!("last_over_time({LAG}{{role=\"watched\",network={network}}}[{since}])");
        let threshold = format!("last_over_time({THRESHOLD}{{network={network}}}[{since}])");
        format!(
            "max by (node) (avg_over_time((abs({lag}) > bool ignoring (node, role) group_left () \
             {threshold})[{window}:{spacing}s]))"
        )
    }

    fn window(&self) -> String {
        format!("[{}]", within(self.grid.step))
    }

    /// The questions about `network`, each to be evaluated for every column.
    #[must_use]
    pub fn queries(&self, network: &str) -> PerColumn<String> {
        let network = quoted(network);
        let of_node = format!("{{role=\"watched\",network={network}}}");
        let of_network = format!("{{network={network}}}");
        let window = self.window();
        let by_node = |choose: &str, over: &str, metric: &str| {
            format!("{choose} by (node) ({over}_over_time({metric}{of_node}{window}))")
        };
        let by_network = |choose: &str, over: &str, metric: &str| {
            format!("{choose} by (network) ({over}_over_time({metric}{of_network}{window}))")
        };
        PerColumn {
            // Of two exporters both are inside the envelope, so that neither hides what
            // the other saw.
            lag_min: by_node("min", "min", LAG),
            lag_mean: by_node("max", "avg", LAG),
            lag_max: by_node("max", "max", LAG),
            up: by_node("min", "min", UP),
            scraped: by_node("max", "count", UP),
            known: format!(
                "min by (node) (count_over_time({LAG}{of_node}{window}) \
                 / count_over_time({UP}{of_node}{window}))"
            ),
            best_min: by_network("min", "min", BEST),
            best_mean: by_network("max", "avg", BEST),
            best_max: by_network("max", "max", BEST),
            threshold: by_network("min", "last", THRESHOLD),
        }
    }
}

/// So many seconds, as the length of a range. A range selector takes both its ends, up to
/// Prometheus 2; a millisecond less keeps a sample that lies between two out of the second.
fn within(seconds: u32) -> String {
    format!("{}ms", u64::from(seconds) * 1_000 - 1)
}

/// A string of PromQL.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_whole_spacings_and_at_least_two() {
        for (range, spacing, step) in [
            (Range::HOUR, 15, 30),
            (Range::HOUR, 1, 4),
            (Range::HOUR, 60, 120),
            (Range::DAY, 15, 90),
            (Range::WEEK, 15, 555),
            (Range::WEEK, 600, 1_200),
            (Range::HOUR, 0, 4),
        ] {
            let plan = Plan::new(range, 1_800_000_000, spacing);
            assert_eq!(plan.grid.step, step, "{range:?} every {spacing} s");
        }
    }

    #[test]
    fn the_newest_partial_column_is_there() {
        let plan = Plan::new(Range::HOUR, 1_800_000_007, 15);
        assert_eq!(plan.grid.start, 1_799_996_400);
        assert_eq!(plan.grid.len, 121);
        assert_eq!(plan.evaluated(0..=120), (1_799_996_430, 1_800_000_030));
        assert_eq!(plan.evaluated(1..=1), (1_799_996_460, 1_799_996_460));
    }

    proptest! {
        #[test]
        fn every_grid_holds_its_range(
            minutes in 10_u32..=525_600, now in 40_000_000_i64..4_000_000_000, spacing in 0_u32..7_200
        ) {
            let range = Range::parse(&format!("{minutes}m")).unwrap();
            let plan = Plan::new(range, now, spacing);
            let Grid { start, step, len } = plan.grid;
            let step = i64::from(step);
            let end = start + step * len as i64;
            prop_assert_eq!(start % step, 0);
            prop_assert!(start <= plan.since && plan.since < start + step);
            prop_assert!(end - step < plan.until && plan.until <= end);
            prop_assert!((1..=11_000).contains(&len));
            prop_assert_eq!(step % i64::from(plan.spacing), 0);
            prop_assert!(step >= 2 * i64::from(plan.spacing));
        }
    }

    #[test]
    fn the_questions_of_a_chart() {
        let plan = Plan::new(Range::HOUR, 1_800_000_000, 15);
        let queries = plan.queries("a\"b");
        assert_eq!(
            queries.lag_max,
            "max by (node) (max_over_time(headlag_node_lag_blocks\
             {role=\"watched\",network=\"a\\\"b\"}[29999ms]))"
        );
        assert_eq!(
            plan.outside("a\"b"),
            "max by (node) (avg_over_time((abs(last_over_time(headlag_node_lag_blocks\
             {role=\"watched\",network=\"a\\\"b\"}[14999ms])) > bool ignoring (node, role) group_left () \
             last_over_time(headlag_threshold_blocks{network=\"a\\\"b\"}[14999ms]))[29999ms:15s]))"
        );
    }
}
