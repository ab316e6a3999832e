//! The raw samples of one network over a part of a range: asks for them, and puts them on one
//! line of time.

use tokio::try_join;

use super::{
    answer::Series,
    assemble,
    client::{Error, Questions},
    columns::{self, Counting},
    grid::{Envelope, Grid},
    promql::Selector,
    recorded::Row,
    source::Source,
    state::{NetworkState, NodeState},
    timeline::Timeline,
};

/// How far back a sample may be that still counts at the beginning of a part, in seconds, where
/// samples are not even farther apart.
const LEAD: u32 = 300;

/// How far beyond its ends it is looked whether a node is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beyond {
    /// Seconds before the begin.
    pub before: i64,
    /// Seconds after the end; absent where that is now.
    pub after: Option<i64>,
}

/// A part of a range, to be read from raw samples.
pub struct Part<'a> {
    questions: &'a Questions<'a>,
    network: &'a str,
    nodes: &'a [String],
    /// In unix seconds.
    span: (f64, f64),
    /// The whole seconds around it.
    asked: (i64, i64),
    /// Seconds from one sample to the next.
    spacing: u32,
    /// Columns of the part itself,
    grid: Grid,
    /// and with what came shortly before.
    lead: Grid,
}

/// What raw samples show of a part of a range.
pub struct Stretch {
    /// All samples.
    pub line: Timeline,
    /// The lead of the best reference, of the exporter that counts.
    pub best: Vec<Row>,
}

/// What is filled in column by column.
struct Found {
    states: Vec<Series>,
    network_states: Vec<Series>,
    thresholds: [Vec<Series>; 2],
    best: [Vec<Series>; 3],
}

impl<'a> Part<'a> {
    /// The time `span` (unix seconds) of these nodes of a network, whose samples are `spacing`
    /// seconds apart.
    #[must_use]
    pub fn new(
        questions: &'a Questions<'a>,
        network: &'a str,
        nodes: &'a [String],
        span: (f64, f64),
        spacing: u32,
    ) -> Self {
        let asked = (span.0.floor() as i64, span.1.ceil() as i64);
        let grid = Grid::over(asked.0, asked.1, spacing);
        let lead = grid.with_lead(LEAD.max(spacing.saturating_mul(2)));
        Self { questions, network, nodes, span, asked, spacing, grid, lead }
    }

    /// Asks for all of it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(self, beyond: Beyond) -> Result<Stretch, Error> {
        let (mut sources, found) = self.samples().await?;
        self.settle(&mut sources, &found).await?;
        let line = self.timeline(sources, beyond).await?;
        let best = self.best(&line, &found.best);
        Ok(Stretch { line, best })
    }

    fn selector<'b>(&'b self, nodes: Option<&'b [&'b str]>) -> Selector<'b> {
        Selector { network: Some(self.network), nodes }
    }

    /// Everything that is asked for at once, and the samples of each exporter, of which states
    /// and thresholds are not known yet.
    async fn samples(&self) -> Result<(Vec<Source>, Found), Error> {
        let names: Vec<&str> = self.nodes.iter().map(String::as_str).collect();
        let (network, nodes) = (self.selector(None), self.selector(Some(&names)));
        let (ask, step) = (self.questions, self.lead.step);
        let raw = (self.lead.start, self.asked.1);
        let row = |promql: String| async move { ask.query_range(&promql, self.lead.evaluated(), step).await };
        let [best_min, best_mean, best_max] = network.best_per_column(step);
        let [least, most] = network.threshold_per_column(step);
        let (polls, lag, states, network_states, least, most, best_min, best_mean, best_max) = try_join!(
            ask.query_window(|window| network.polls(window), raw),
            ask.query_window(|window| nodes.lag(window), raw),
            row(nodes.states_per_column(step)),
            row(network.network_states_per_column(step)),
            row(least),
            row(most),
            row(best_min),
            row(best_mean),
            row(best_max),
        )?;
        let sources = assemble::sources(&polls, &lag, self.nodes);
        let thresholds = [least, most];
        Ok((sources, Found { states, network_states, thresholds, best: [best_min, best_mean, best_max] }))
    }

    /// Fills states and thresholds in; looks at single samples where a column is mixed.
    async fn settle(&self, sources: &mut [Source], found: &Found) -> Result<(), Error> {
        let grid = &self.lead;
        let [least, most] = &found.thresholds;
        let of_nodes = assemble::fill_node_states(sources, self.nodes, grid, &found.states).spans(grid);
        let of_network = assemble::fill_network_states(sources, grid, &found.network_states).spans(grid);
        let of_threshold = assemble::fill_thresholds(sources, grid, [least, most]).spans(grid);

        let mut states: Vec<_> =
            found.states.iter().filter_map(|series| NodeState::reported(series.label("state"))).collect();
        states.sort_unstable();
        states.dedup();
        let mut names: Vec<_> = found.states.iter().map(|series| series.label("node")).collect();
        names.sort_unstable();
        names.dedup();
        let (network, nodes) = (self.selector(None), self.selector(Some(&names)));
        let (raw_states, raw_network, raw_threshold) = try_join!(
            self.raw(of_nodes, |window| nodes.node_states(&states, window)),
            self.raw(of_network, |window| network.network_states(&NetworkState::REPORTED, window)),
            self.raw(of_threshold, |window| network.threshold(window)),
        )?;
        assemble::fill_raw_node_states(sources, self.nodes, &raw_states);
        assemble::fill_raw_network_states(sources, &raw_network);
        assemble::fill_raw_thresholds(sources, &raw_threshold);
        Ok(())
    }

    /// Raw samples of several spans, one after the other.
    async fn raw(
        &self,
        spans: Vec<(i64, i64)>,
        promql: impl Fn(&str) -> String,
    ) -> Result<Vec<Series>, Error> {
        let mut found = Vec::new();
        for (begin, end) in spans {
            found.extend(self.questions.query_window(&promql, (begin, end.min(self.asked.1))).await?);
        }
        Ok(found)
    }

    /// Puts the exporters on one time line. What was there before is missing at its beginning,
    /// what is there after, at its end.
    async fn timeline(&self, sources: Vec<Source>, beyond: Beyond) -> Result<Timeline, Error> {
        let mut line = Timeline::new(self.span, self.nodes.to_vec(), sources);
        let (begin, end) = self.asked;
        if line.pieces.first().is_none_or(|first| first.begin > line.from) {
            line.known_before = self.known((begin - beyond.before, begin)).await?;
        }
        if let Some(after) =
            beyond.after.filter(|_| line.pieces.last().is_none_or(|last| last.end < line.until))
        {
            line.known_after = self.known((end, end + after)).await?;
        }
        Ok(line)
    }

    /// Which nodes have samples in a span.
    async fn known(&self, span: (i64, i64)) -> Result<Vec<bool>, Error> {
        let known = |window: &str| self.selector(None).nodes_within(window);
        let known = self.questions.query_window(known, span).await?;
        let is_known = |node: &String| known.iter().any(|series| series.label("node") == node);
        Ok(self.nodes.iter().map(is_known).collect())
    }

    /// The lead of the best reference in each column, for as long as there was an exporter: a late
    /// beginning is drawn in narrower columns.
    fn best(&self, line: &Timeline, found: &[Vec<Series>; 3]) -> Vec<Row> {
        let rows = |source: &Source| {
            found.each_ref().map(|found| assemble::row(found, "", &source.labels, &self.grid))
        };
        let rows: Vec<_> = line.sources.iter().map(rows).collect();
        let row = |(i, counting): (usize, Option<Counting>)| {
            let Counting { source, begin, end } = counting?;
            let [min, mean, max] = rows.get(source)?;
            let at = |row: &[Option<f64>]| row.get(i).copied().flatten();
            let seen = Envelope { min: at(min)?, mean: at(mean)?, max: at(max)? };
            let samples = f64::from(self.grid.step) / f64::from(self.spacing.max(1));
            Some(Row { begin, end, seen, samples })
        };
        columns::sources(line, &self.grid).into_iter().enumerate().filter_map(row).collect()
    }
}
