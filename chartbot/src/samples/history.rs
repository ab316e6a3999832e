//! Everything of one network over a range of time: asks, and puts the answers together.

use std::time::Duration;

use tokio::{time::timeout, try_join};

use super::{
    answer::Series,
    assemble::target,
    client::{Error, Questions},
    columns,
    facts::{self, Facts, NodeFacts, NodeHistory, Worst},
    frame::Frame,
    grid::{Grid, History, Watched},
    lookback,
    missing::Missing,
    past::Past,
    promql::{self, Selector},
    ranking,
    raw::{Beyond, Part},
    recorded::{self, OFFSET, Recorded, Row},
    spans::{self, Plan},
    sums::{self, Counted, Sums},
    survey::{Network, NodeNow, Survey},
    timeline::Timeline,
};
use crate::chat::command::Range;

/// A picture shows so many nodes, the worst.
pub const SHOWN: usize = 8;
/// Nodes beyond those are counted sample by sample only while there are no more samples than
/// this: ten nodes over a week, every 15 s.
const SAMPLES: f64 = 400_000.0;
/// A recorded bin costs as much as so many samples.
const BIN: f64 = 0.25;

/// The longest time to look for when states began that are older than the range.
const LOOKING_BACK: Duration = Duration::from_secs(5);

/// Beside what was recorded, a node is known if it has a sample within so many seconds.
const BESIDE: i64 = 600;

/// What a picture shows, and the facts, about the same nodes in the same order.
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
    let samples = asking.recorded_samples().await?;
    let whole = asking.chosen(&samples).await?;
    let (sums, plan) = asking.plan(samples, &whole.nodes).await?;
    let ((lines, best), lately) = try_join!(asking.raw(&plan, &whole.nodes), asking.lately(&whole.nodes))?;
    let frame = Frame::new((asking.from, asking.until), asking.grid, network.spacing, &lines, &plan);
    let recorded = asking.recorded(sums, plan, &frame.grid, &whole.nodes).await?;
    let Some(past) = Past::new(lines, recorded) else { return Err(Error::NotPrometheus(200)) };

    let (mut facts, open, within) = asking.facts(&past, &lately);
    let of = |name: &str| newest(past.newest(), &lately.present, name, "");
    let supports = of(promql::MAX_SUPPORT).zip(of(promql::MEDIAN_SUPPORT));
    asking.worst(&mut facts, &within).await?;
    // A beginning that cannot be found in time is unknown, and no reason to go without a chart.
    if let Ok(looked_up) =
        timeout(LOOKING_BACK, lookback::ask(questions, network, &past, &mut facts, &open)).await
    {
        looked_up?;
    }
    facts.nodes.extend(whole.others.iter().map(briefly));
    facts.nodes.sort_by(ranking::nodes);
    let history = asking.history(&past, &facts, &best, frame);
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

/// What is known of the present beside the samples.
struct Lately {
    present: Vec<Series>,
    behind_seconds: Vec<Series>,
}

struct Asking<'a> {
    questions: &'a Questions<'a>,
    survey: &'a Survey,
    network: &'a Network,
    from: i64,
    until: i64,
    /// The columns of the range that was asked for.
    grid: Grid,
}

impl<'a> Asking<'a> {
    fn new(questions: &'a Questions<'a>, survey: &'a Survey, network: &'a Network, range: Range) -> Self {
        let until = survey.now;
        let grid = Grid::new(range, until, network.spacing);
        Self { questions, survey, network, from: until - i64::from(range.seconds()), until, grid }
    }

    fn selector<'b>(&'b self, nodes: Option<&'b [&'b str]>) -> Selector<'b> {
        Selector { network: Some(&self.network.name), nodes }
    }

    /// How many samples each exporter has in which five minutes; nothing for ranges up to a week,
    /// and where there are no recording rules.
    async fn recorded_samples(&self) -> Result<Vec<Series>, Error> {
        if self.until - self.from <= i64::from(Range::WEEK.seconds()) {
            return Ok(Vec::new());
        }
        self.recorded_window(|window| self.selector(None).recorded_samples(window)).await
    }

    /// Recorded samples, at the end of what they cover.
    async fn recorded_window(&self, promql: impl Fn(&str) -> String) -> Result<Vec<Series>, Error> {
        let span = (self.from + OFFSET, self.until);
        let mut found = self.questions.query_window(promql, span).await?;
        found.iter_mut().for_each(earlier);
        Ok(found)
    }

    /// Recorded samples put together by columns.
    async fn recorded_range(&self, promql: String, grid: &Grid) -> Result<Vec<Series>, Error> {
        let (first, last) = grid.evaluated();
        let times = (first + OFFSET, last + OFFSET);
        let mut found = self.questions.query_range(&promql, times, grid.step).await?;
        found.iter_mut().for_each(earlier);
        Ok(found)
    }

    /// All nodes where they are few; else the worst, by their states now and within the range.
    async fn chosen(&self, recorded: &[Series]) -> Result<Chosen, Error> {
        let names = &self.network.nodes;
        let bins: usize = recorded.iter().map(|series| series.samples.len()).sum();
        let raw = (self.until - self.from) as f64 - bins as f64 * spans::WIDTH;
        let samples = raw.max(0.0) / f64::from(self.network.spacing) + bins as f64 * BIN;
        let most = ((SAMPLES / samples) as usize).max(SHOWN);
        if names.len() <= most {
            return Ok(Chosen { nodes: names.clone(), others: Vec::new() });
        }
        let (selector, step) = (self.selector(None), self.grid.step);
        let per_column = async {
            if recorded.is_empty() {
                let promql = selector.states_per_column(step);
                return self.questions.query_range(&promql, self.grid.evaluated(), step).await;
            }
            self.recorded_range(selector.recorded_states_per_column(step), &self.grid).await
        };
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

    /// Which parts of the range are read from what was recorded.
    async fn plan(&self, samples: Vec<Series>, nodes: &[String]) -> Result<(Vec<Sums>, Plan), Error> {
        let range = (self.from as f64, self.until as f64);
        if samples.is_empty() {
            return Ok((Vec::new(), Plan { raw: vec![range], ..Plan::default() }));
        }
        let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
        let (of_network, of_nodes) = (self.selector(None), self.selector(Some(&names)));
        let [least, most] = of_network.recorded_polls_per_column(self.grid.step);
        let (least, most, network_states, states, missing, outside) = try_join!(
            self.recorded_range(least, &self.grid),
            self.recorded_range(most, &self.grid),
            self.recorded_window(|window| of_network.recorded_network_states(window)),
            self.recorded_window(|window| of_nodes.recorded_states(window)),
            self.recorded_window(|window| of_nodes.recorded_missing(window)),
            self.recorded_window(|window| of_nodes.recorded_outside(window)),
        )?;
        let counted = Counted { samples, network_states, states, missing, outside };
        let sums = sums::sums(&counted, nodes);
        let counts = sums::counts(&sums, &self.grid, [&least, &most]);
        // The column in which the range begins would show what was before.
        let first = self.grid.column(0).1 as f64;
        let plan = spans::plan(range, first, &counts, (self.network.scrape, self.network.spacing));
        Ok((sums, plan))
    }

    /// The raw samples of each part, and the lead of the best reference.
    async fn raw(&self, plan: &Plan, nodes: &[String]) -> Result<(Vec<Timeline>, Vec<Row>), Error> {
        let (mut lines, mut best) = (Vec::new(), Vec::new());
        for (k, span) in plan.raw.iter().enumerate() {
            let is_first = k == 0 && span.0 <= self.from as f64;
            let is_last = k + 1 == plan.raw.len();
            let part = Part::new(self.questions, &self.network.name, nodes, *span, self.network.spacing);
            let beyond = Beyond {
                before: if is_first { lookback::FARTHEST } else { BESIDE },
                after: (!is_last).then_some(BESIDE),
            };
            let mut stretch = part.ask(beyond).await?;
            stretch.line.is_alive = is_last && self.survey.is_dropped(self.network);
            lines.push(stretch.line);
            best.extend(stretch.best);
        }
        Ok((lines, best))
    }

    async fn lately(&self, nodes: &[String]) -> Result<Lately, Error> {
        let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
        let (network, nodes) = (self.selector(None), self.selector(Some(&names)));
        let lately = (self.until - 2 * i64::from(self.network.spacing).max(60), self.until);
        let (present, behind_seconds) = try_join!(
            self.questions.query_window(|window| network.present(window), lately),
            self.questions.query_window(|window| nodes.behind_seconds(window), lately),
        )?;
        Ok(Lately { present, behind_seconds })
    }

    /// What was recorded for the bins of the plan.
    async fn recorded(
        &self,
        sums: Vec<Sums>,
        plan: Plan,
        grid: &Grid,
        nodes: &[String],
    ) -> Result<Recorded, Error> {
        if plan.bins.is_empty() {
            return Ok(Recorded::default());
        }
        // Of several exporters one counts, bin by bin.
        let cells = if sums.len() == 1 { *grid } else { grid.split(spans::WIDTH as u32) };
        let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
        let (of_network, of_nodes) = (self.selector(None), self.selector(Some(&names)));
        let cell = |promql: String| self.recorded_range(promql, &cells);
        let column = |promql: String| self.recorded_range(promql, grid);
        let [min, mean, max] = of_nodes.recorded_lag_per_column(cells.step);
        let [best_min, best_mean, best_max] = of_network.recorded_best_per_column(grid.step);
        let (min, mean, max, best_min, best_mean, best_max, thresholds) = try_join!(
            cell(min),
            cell(mean),
            cell(max),
            column(best_min),
            column(best_mean),
            column(best_max),
            column(of_network.recorded_threshold_per_column(grid.step)),
        )?;
        let drawn =
            recorded::Drawn { lag: [min, mean, max], best: [best_min, best_mean, best_max], thresholds };
        Ok(Recorded::new(plan.bins, sums, [cells, *grid], &drawn, nodes))
    }

    /// The facts about the network and its nodes, in their order; whose state may have begun
    /// before the newest raw samples; and between which moments the worst sample of each node is
    /// to be found.
    fn facts(&self, past: &Past, lately: &Lately) -> (Facts, lookback::Open, Vec<Option<(f64, f64)>>) {
        let line = past.newest();
        let (state, since) = facts::of_network(line);
        let histories: Vec<NodeHistory> =
            (0..line.nodes.len()).map(|node| facts::of_node(past, node)).collect();
        let open = lookback::Open {
            network: since.is_some_and(|(_, is_open)| is_open),
            nodes: histories.iter().map(|history| history.is_open).collect(),
        };
        let within = histories.iter().map(|history| history.worst_within).collect();
        let value = |series: &[Series], name: &str, node: &str| newest(line, series, name, node);
        let mut nodes: Vec<NodeFacts> = histories.into_iter().map(|history| history.facts).collect();
        for node in nodes.iter_mut().filter(|node| node.lag_blocks.is_some()) {
            node.behind_seconds = value(&lately.behind_seconds, promql::BEHIND_SECONDS, &node.node);
        }
        let raw = past.raw().flat_map(|line| {
            line.pieces.iter().map(|piece| (piece.end, line.sources[piece.source].threshold[piece.sample]))
        });
        // A column may reach into the newest part, which knows better.
        let recorded =
            past.recorded.thresholds.iter().map(|(end, threshold)| (end.min(line.from), *threshold));
        let known: Vec<(f64, f64)> =
            recorded.chain(raw).filter(|(_, threshold)| threshold.is_finite()).collect();
        let thresholds = || known.iter().map(|(_, threshold)| *threshold);
        let facts = Facts {
            network: self.network.name.clone(),
            state,
            since: since.map(|(since, _)| since),
            from: self.from,
            until: self.until,
            step_seconds: self.grid.step,
            references: value(&lately.present, promql::REFERENCES, ""),
            references_up: value(&lately.present, promql::REFERENCES_UP, ""),
            threshold_blocks: known
                .iter()
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, threshold)| *threshold),
            warnings: Vec::new(),
            nodes,
            thresholds: thresholds().reduce(f64::min).zip(thresholds().reduce(f64::max)),
            block_time: value(&lately.present, promql::BLOCK_TIME, ""),
        };
        (facts, open, within)
    }

    /// Looks up when exactly the worst samples were taken that only recorded series show; where
    /// raw samples are no longer kept, the middle of the time has to do.
    async fn worst(&self, facts: &mut Facts, within: &[Option<(f64, f64)>]) -> Result<(), Error> {
        for (node, within) in facts.nodes.iter_mut().zip(within) {
            let (Some(worst), Some((begin, end))) = (&mut node.worst, within) else { continue };
            let name = [node.node.as_str()];
            let lag = self.selector(Some(&name));
            // A bin may begin before the column that it ends in.
            let span = ((*begin as i64 - spans::WIDTH as i64).max(self.from), *end as i64);
            let found = self.questions.query_window(|window| lag.lag(window), span).await?;
            let samples = found.iter().flat_map(|series| &series.samples);
            let times = samples.filter(|(_, lag)| *lag == worst.lag).map(|(time, _)| *time);
            let at = times.reduce(f64::min).unwrap_or((begin + end) / 2.0);
            *worst = Worst { at, ..*worst };
        }
        Ok(())
    }

    /// The columns of the picture, of the worst nodes.
    fn history(&self, past: &Past, facts: &Facts, best: &[Row], frame: Frame) -> History {
        let Frame { since, data_since, grid } = frame;
        let nodes = &past.newest().nodes;
        let shown = facts.nodes.iter().filter_map(|node| nodes.iter().position(|name| *name == node.node));
        let watched = shown
            .take(SHOWN)
            .map(|node| Watched { node: nodes[node].clone(), columns: columns::of_node(past, node, &grid) });
        History {
            network: self.network.name.clone(),
            since,
            data_since,
            until: self.until,
            grid,
            watched: watched.collect(),
            nodes: facts.nodes.len(),
            best: columns::envelopes(best.iter().chain(&past.recorded.best), &grid),
            threshold: columns::thresholds(past, &grid),
        }
    }
}

/// Moves recorded samples to the end of what they cover.
fn earlier(series: &mut Series) {
    series.samples.iter_mut().for_each(|(time, _)| *time -= OFFSET as f64);
}
