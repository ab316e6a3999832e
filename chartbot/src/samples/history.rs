//! Everything of one network over a range of time: asks, and puts the answers together.

use std::time::Duration;

use tokio::{time::timeout, try_join};

use super::{
    answer::Series,
    assemble::{self, target},
    client::{Error, Questions},
    columns,
    facts::{self, Facts, NodeFacts, NodeHistory},
    grid::{Envelope, Grid, History, Watched},
    lookback,
    missing::Missing,
    promql::Selector,
    ranking,
    source::Source,
    state::NodeState,
    survey::{Network, NodeNow, Survey},
    timeline::Timeline,
};
use crate::chat::command::Range;

/// A picture shows so many nodes, the worst.
pub const SHOWN: usize = 8;
/// Nodes beyond those are counted sample by sample only while there are no more samples than
/// this: ten nodes over a week, every 15 s.
const SAMPLES: f64 = 400_000.0;
/// How far back a sample may be that still stands at the beginning of a range, in seconds, where
/// samples are not even farther apart.
const LEAD: u32 = 300;

/// The longest time to look for when states began that are older than the range.
const LOOKING_BACK: Duration = Duration::from_secs(5);

/// A picture shows at least so many seconds.
const SHORTEST: i64 = 600;

/// What a picture shows and what is said of it, of the same nodes in the same order.
#[derive(Debug, Clone)]
pub struct Told {
    /// In numbers.
    pub facts: Facts,
    /// In columns; the eight worst nodes.
    pub history: History,
    /// How many references are at the highest block, and at the median.
    pub supports: Option<(f64, f64)>,
}

/// Asks for one network of a survey over `range`.
///
/// # Errors
/// Why there is no answer.
pub async fn ask(
    questions: &Questions<'_>,
    survey: &Survey,
    network: &Network,
    range: Range,
) -> Result<Told, Error> {
    let asking = Asking::new(questions, survey, network, range);
    let whole = asking.chosen().await?;
    let (mut sources, drawn) = asking.samples(&whole).await?;
    asking.settle(&mut sources, &drawn, &whole).await?;
    let line = asking.timeline(whole.nodes.clone(), sources).await?;
    let (mut facts, open) = asking.facts(&line, &drawn);
    let of = |name: &str| newest(&line, &drawn.present, name, "");
    let supports = of(super::promql::MAX_SUPPORT).zip(of(super::promql::MEDIAN_SUPPORT));
    // A beginning that cannot be found in time is unknown, and no reason to go without a chart.
    if let Ok(looked_up) =
        timeout(LOOKING_BACK, lookback::ask(questions, network, &line, &mut facts, &open)).await
    {
        looked_up?;
    }
    facts.nodes.extend(whole.others.iter().map(briefly));
    facts.nodes.sort_by(ranking::nodes);
    let history = asking.history(&line, &facts, &drawn);
    Ok(Told { facts, history, supports })
}

/// What is known of a node whose samples were not fetched.
fn briefly(now: &NodeNow) -> NodeFacts {
    NodeFacts {
        node: now.name.clone(),
        state: now.state,
        since: None,
        lag_blocks: now.lag,
        behind_seconds: None,
        worst: None,
        outside_seconds: None,
        missing_seconds: Missing::UNKNOWN,
        level_at: None,
        trend: None,
        gaps: Vec::new(),
        noise: None,
    }
}

/// The value of a series at the newest sample of the exporter that counts.
fn newest(line: &Timeline, series: &[Series], name: &str, node: &str) -> Option<f64> {
    let piece = line.pieces.last().filter(|_| line.is_scraped())?;
    let labels = &line.sources[piece.source].labels;
    let is_it = |it: &&Series| {
        it.label("__name__") == name && it.label("node") == node && target(&it.labels) == *labels
    };
    let (time, value) = *series.iter().find(is_it)?.samples.last()?;
    (line.at(piece) - time < 0.001).then_some(value)
}

/// Which nodes are fetched whole.
#[derive(Default)]
struct Chosen {
    nodes: Vec<String>,
    others: Vec<NodeNow>,
}

/// What is drawn or filled in column by column.
struct Drawn {
    states: Vec<Series>,
    network_states: Vec<Series>,
    thresholds: [Vec<Series>; 2],
    best: [Vec<Series>; 3],
    present: Vec<Series>,
    behind_seconds: Vec<Series>,
}

struct Asking<'a> {
    questions: &'a Questions<'a>,
    survey: &'a Survey,
    network: &'a Network,
    from: i64,
    until: i64,
    grid: Grid,
    /// The same with what came shortly before.
    lead: Grid,
}

impl<'a> Asking<'a> {
    fn new(questions: &'a Questions<'a>, survey: &'a Survey, network: &'a Network, range: Range) -> Self {
        let until = survey.now;
        let grid = Grid::new(range, until, network.spacing);
        let lead = grid.with_lead(LEAD.max(network.spacing.saturating_mul(2)));
        Self { questions, survey, network, from: until - i64::from(range.seconds()), until, grid, lead }
    }

    fn selector<'b>(&'b self, nodes: Option<&'b [&'b str]>) -> Selector<'b> {
        Selector { network: Some(&self.network.name), nodes }
    }

    /// All nodes where they are few; else the worst, by their states now and within the range.
    async fn chosen(&self) -> Result<Chosen, Error> {
        let names = &self.network.nodes;
        let samples = (self.until - self.from) as f64 / f64::from(self.network.spacing);
        let most = ((SAMPLES / samples) as usize).max(SHOWN);
        if names.len() <= most {
            return Ok(Chosen { nodes: names.clone(), others: Vec::new() });
        }
        let per_column = self.selector(None).states_per_column(self.grid.step);
        let per_column = self.questions.query_range(&per_column, self.grid.evaluated(), self.grid.step);
        let (now, per_column) = try_join!(self.survey.look(self.questions), per_column)?;
        let place = self.survey.networks.iter().position(|it| it.name == self.network.name);
        let now = place.and_then(|place| now.into_iter().nth(place)).map(|now| now.nodes);
        let mut nodes = now.unwrap_or_default();
        let trouble = |node: &NodeNow| {
            let of_node = per_column.iter().filter(|series| series.label("node") == node.name);
            let samples: f64 = of_node.flat_map(|series| &series.samples).map(|(_, count)| count).sum();
            -samples
        };
        nodes.sort_by(|a, b| a.state.cmp(&b.state).then(trouble(a).total_cmp(&trouble(b))));
        let others = nodes.split_off(most.min(nodes.len()));
        Ok(Chosen { nodes: nodes.into_iter().map(|node| node.name).collect(), others })
    }

    /// Everything that is asked for at once, and the samples of each exporter, of which states
    /// and thresholds are not known yet.
    async fn samples(&self, chosen: &Chosen) -> Result<(Vec<Source>, Drawn), Error> {
        let names: Vec<&str> = chosen.nodes.iter().map(String::as_str).collect();
        let (network, nodes) = (self.selector(None), self.selector(Some(&names)));
        let (ask, step) = (self.questions, self.lead.step);
        let raw = (self.lead.start, self.until);
        let lately = (self.until - 2 * i64::from(self.network.spacing).max(60), self.until);
        let row = |promql: String| async move { ask.query_range(&promql, self.lead.evaluated(), step).await };
        let [best_min, best_mean, best_max] = network.best_per_column(step);
        let [least, most] = network.threshold_per_column(step);
        let (
            polls,
            lag,
            states,
            network_states,
            least,
            most,
            best_min,
            best_mean,
            best_max,
            present,
            behind_seconds,
        ) = try_join!(
            ask.query_window(|window| network.polls(window), raw),
            ask.query_window(|window| nodes.lag(window), raw),
            row(nodes.states_per_column(step)),
            row(network.network_states_per_column(step)),
            row(least),
            row(most),
            row(best_min),
            row(best_mean),
            row(best_max),
            ask.query_window(|window| network.present(window), lately),
            ask.query_window(|window| nodes.behind_seconds(window), lately),
        )?;
        let sources = assemble::sources(&polls, &lag, &chosen.nodes);
        let drawn = Drawn {
            states,
            network_states,
            thresholds: [least, most],
            best: [best_min, best_mean, best_max],
            present,
            behind_seconds,
        };
        Ok((sources, drawn))
    }

    /// Fills states and thresholds in; looks at single samples where a column is mixed.
    async fn settle(&self, sources: &mut [Source], drawn: &Drawn, chosen: &Chosen) -> Result<(), Error> {
        let grid = &self.lead;
        let [least, most] = &drawn.thresholds;
        let of_nodes = assemble::fill_node_states(sources, &chosen.nodes, grid, &drawn.states).spans(grid);
        let of_network = assemble::fill_network_states(sources, grid, &drawn.network_states).spans(grid);
        let of_threshold = assemble::fill_thresholds(sources, grid, [least, most]).spans(grid);

        let mut states: Vec<_> =
            drawn.states.iter().filter_map(|series| NodeState::reported(series.label("state"))).collect();
        states.sort_unstable();
        states.dedup();
        let mut names: Vec<_> = drawn.states.iter().map(|series| series.label("node")).collect();
        names.sort_unstable();
        names.dedup();
        let (network, nodes) = (self.selector(None), self.selector(Some(&names)));
        let (raw_states, raw_network, raw_threshold) = try_join!(
            self.raw(of_nodes, |window| nodes.node_states(&states, window)),
            self.raw(of_network, |window| network
                .network_states(&super::state::NetworkState::REPORTED, window)),
            self.raw(of_threshold, |window| network.threshold(window)),
        )?;
        assemble::fill_raw_node_states(sources, &chosen.nodes, &raw_states);
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
            found.extend(self.questions.query_window(&promql, (begin, end.min(self.until))).await?);
        }
        Ok(found)
    }

    /// Puts the exporters on one time line.
    async fn timeline(&self, nodes: Vec<String>, sources: Vec<Source>) -> Result<Timeline, Error> {
        let mut line = Timeline::new((self.from as f64, self.until as f64), nodes, sources);
        line.is_alive = self.survey.is_dropped(self.network);
        // What was there before the range is missing at its beginning.
        if line.pieces.first().is_none_or(|first| first.begin > line.from) {
            let known = |window: &str| self.selector(None).nodes_within(window);
            let before = (self.from - lookback::FARTHEST, self.from);
            let known = self.questions.query_window(known, before).await?;
            for (known_before, node) in line.known_before.iter_mut().zip(&line.nodes) {
                *known_before = known.iter().any(|series| series.label("node") == node);
            }
        }
        Ok(line)
    }

    /// What is said of the network and of the nodes of its time line, in their order there, and
    /// whose state may have begun before it.
    fn facts(&self, line: &Timeline, drawn: &Drawn) -> (Facts, lookback::Open) {
        let (state, since) = facts::of_network(line);
        let histories: Vec<NodeHistory> =
            (0..line.nodes.len()).map(|node| facts::of_node(line, node)).collect();
        let open = lookback::Open {
            network: since.is_some_and(|(_, is_open)| is_open),
            nodes: histories.iter().map(|history| history.is_open).collect(),
        };
        let value = |series: &[Series], name: &str, node: &str| newest(line, series, name, node);
        let mut nodes: Vec<NodeFacts> = histories.into_iter().map(|history| history.facts).collect();
        for node in nodes.iter_mut().filter(|node| node.lag_blocks.is_some()) {
            node.behind_seconds = value(&drawn.behind_seconds, super::promql::BEHIND_SECONDS, &node.node);
        }
        let known = line.pieces.iter().map(|piece| line.sources[piece.source].threshold[piece.sample]);
        let known: Vec<f64> = known.filter(|threshold| threshold.is_finite()).collect();
        let facts = Facts {
            network: self.network.name.clone(),
            state,
            since: since.map(|(since, _)| since),
            from: self.from,
            until: self.until,
            step_seconds: self.grid.step,
            references: value(&drawn.present, super::promql::REFERENCES, ""),
            references_up: value(&drawn.present, super::promql::REFERENCES_UP, ""),
            threshold_blocks: known.last().copied(),
            warnings: Vec::new(),
            nodes,
            thresholds: known.iter().copied().reduce(f64::min).zip(known.iter().copied().reduce(f64::max)),
        };
        (facts, open)
    }

    /// The columns of the picture, of the worst nodes. A range in which data begins late is
    /// shown from there on, in columns that fit it.
    fn history(&self, line: &Timeline, facts: &Facts, drawn: &Drawn) -> History {
        let begin = (line.begins().floor() as i64).min(self.until - SHORTEST);
        let is_late = begin - self.from > i64::from(self.grid.step);
        let (since, grid) = match is_late {
            true => (begin, Grid::over(begin, self.until, self.network.spacing)),
            false => (self.from, self.grid),
        };
        let shown =
            facts.nodes.iter().filter_map(|node| line.nodes.iter().position(|name| *name == node.node));
        let watched = shown.take(SHOWN).map(|node| Watched {
            node: line.nodes[node].clone(),
            columns: columns::of_node(line, node, &grid),
        });
        History {
            network: self.network.name.clone(),
            since,
            until: self.until,
            grid,
            watched: watched.collect(),
            nodes: facts.nodes.len(),
            best: self.best(line, drawn, &grid),
            threshold: columns::thresholds(line, &grid),
        }
    }

    /// The lead of the best reference, of the exporter that counts in each column. It was asked
    /// for in the columns of the whole range.
    fn best(&self, line: &Timeline, drawn: &Drawn, grid: &Grid) -> Vec<Option<Envelope>> {
        let rows = |source: &Source| {
            drawn.best.each_ref().map(|found| {
                let series = found.iter().find(|series| target(&series.labels) == source.labels);
                series.map(|series| self.grid.row(&series.samples)).unwrap_or_default()
            })
        };
        let rows: Vec<_> = line.sources.iter().map(rows).collect();
        let chosen = columns::sources(line, grid);
        let envelope = |(i, source): (usize, Option<usize>)| {
            let [min, mean, max] = rows.get(source?)?;
            let asked = self.grid.place(grid.column(i).1.min(self.until) as f64)?;
            let at = |row: &[Option<f64>]| row.get(asked).copied().flatten();
            Some(Envelope { min: at(min)?, mean: at(mean)?, max: at(max)? })
        };
        chosen.into_iter().enumerate().map(envelope).collect()
    }
}
