//! When a state began that is older than the range: looked up column by column over thirty days,
//! and sample by sample where a column shows something else.

use tokio::try_join;

use super::{
    answer::Series,
    assemble,
    client::{Error, Questions},
    facts::Facts,
    grid::Grid,
    promql::Selector,
    runs,
    state::{NetworkState, NodeState},
    survey::Network,
    timeline::Timeline,
};

/// How far before the beginning of a range a state is looked up, in seconds.
pub const FARTHEST: i64 = 30 * 86_400;
/// Width of a column, in seconds: 30 days are 1,080 of them.
const STEP: u32 = 2_400;
/// How long before a span a sample may be that still stands in it, in seconds.
const LEAD: i64 = 3_600;
/// How many interruptions are looked at sample by sample; a state that is interrupted more often
/// began, as far as can be known, with the last of these.
const LOOKS: usize = 12;

/// Whose state may have begun before the range.
#[derive(Debug, Clone, Default)]
pub struct Open {
    /// The network's own.
    pub network: bool,
    /// Each node of the time line.
    pub nodes: Vec<bool>,
}

/// What is looked up: the state of a node, or of the network.
#[derive(Clone, Copy, PartialEq)]
enum Of<'a> {
    Node(&'a str, NodeState),
    Network(NetworkState),
}

impl Of<'_> {
    fn node(&self) -> Option<&str> {
        match self {
            Self::Node(node, _) => Some(node),
            Self::Network(_) => None,
        }
    }
}

/// Puts the true beginning of each open state into the facts, whose nodes are in the order of the
/// time line: before the range, or unknown where thirty days do not show it.
///
/// # Errors
/// Why there is no answer.
pub async fn ask(
    questions: &Questions<'_>,
    network: &Network,
    line: &Timeline,
    facts: &mut Facts,
    open: &Open,
) -> Result<(), Error> {
    if !open.network && !open.nodes.contains(&true) {
        return Ok(());
    }
    let from = line.from as i64;
    let grid = Grid { start: from - FARTHEST, step: STEP, len: (FARTHEST / i64::from(STEP)) as usize };
    let selector = Selector::network(&network.name);
    let [polls, intervals] = selector.polls_per_column(STEP);
    let (polls, intervals) = try_join!(
        questions.query_range(&polls, grid.evaluated(), STEP),
        questions.query_range(&intervals, grid.evaluated(), STEP),
    )?;
    let back = Back { questions, network, grid, polls, intervals, odd: line.odd() };
    let whose: Vec<bool> = open.nodes.clone();
    // Unknown as long as it is not looked up, also where time runs out.
    for (node, _) in facts.nodes.iter_mut().zip(&whose).filter(|(_, is_open)| **is_open) {
        node.since = None;
    }
    if open.network {
        facts.since = None;
        let whole = back.whole(&[Of::Network(facts.state)]).await?;
        facts.since = back.since(Of::Network(facts.state), &whole[0]).await?;
    }
    let mut states: Vec<NodeState> =
        facts.nodes.iter().zip(&whose).filter(|(_, is_open)| **is_open).map(|(node, _)| node.state).collect();
    states.sort_unstable();
    states.dedup();
    for state in states {
        let mut alike: Vec<_> = facts.nodes.iter_mut().zip(&whose).filter(|(_, is_open)| **is_open).collect();
        alike.retain(|(node, _)| node.state == state);
        if state == NodeState::NotScraped && facts.state == NetworkState::NotScraped {
            alike.into_iter().for_each(|(node, _)| node.since = facts.since);
            continue;
        }
        let of: Vec<_> = alike.iter().map(|(node, _)| (node.node.clone(), state)).collect();
        let of: Vec<_> = of.iter().map(|(node, state)| Of::Node(node, *state)).collect();
        let whole = back.whole(&of).await?;
        for (((node, _), of), whole) in alike.into_iter().zip(of).zip(whole) {
            node.since = back.since(of, &whole).await?;
        }
    }
    Ok(())
}

struct Back<'a> {
    questions: &'a Questions<'a>,
    network: &'a Network,
    grid: Grid,
    /// How many samples each exporter has in each column.
    polls: Vec<Series>,
    /// The longest poll interval of each exporter in each column.
    intervals: Vec<Series>,
    odd: f64,
}

impl Back<'_> {
    /// When the state that holds at the end of the grid began.
    async fn since(&self, of: Of<'_>, whole: &[bool]) -> Result<Option<f64>, Error> {
        let mut looks = 0;
        let mut end = self.grid.len;
        while let Some(broken) = whole[..end].iter().rposition(|whole| !whole) {
            if looks == LOOKS {
                return Ok(None);
            }
            looks += 1;
            let first = whole[..broken].iter().rposition(|whole| *whole).map_or(0, |place| place + 1);
            // With its neighbour, so that an interruption is seen from its beginning.
            let first = first.max(broken.saturating_sub(2)).saturating_sub(1);
            let line = self.line(of, first, broken).await?;
            match self.began(of, &line) {
                Some(since) => return Ok(Some(since)),
                None => end = first,
            }
        }
        Ok(None)
    }

    /// For each, nodes in the same state or the network: whether all of a column was in that
    /// state, as far as sums show it.
    async fn whole(&self, of: &[Of<'_>]) -> Result<Vec<Vec<bool>>, Error> {
        let polls = self.rows(&self.polls, |a, b| a + b);
        let name = self.network.name.as_str();
        let nodes: Vec<&str> = of.iter().filter_map(|of| of.node()).collect();
        let promql = match of.first() {
            // Of what is absent, there is nothing to sum up.
            None
            | Some(Of::Node(_, NodeState::NotScraped | NodeState::Gone))
            | Some(Of::Network(NetworkState::NotScraped | NetworkState::Gone)) => {
                let whole: Vec<_> = polls.iter().map(|count| *count == 0.0).collect();
                return Ok(vec![whole; of.len()]);
            }
            Some(Of::Node(_, state)) => {
                Selector { network: Some(name), nodes: Some(&nodes) }.state_per_column(*state, STEP)
            }
            Some(Of::Network(state)) => Selector::network(name).network_state_per_column(*state, STEP),
        };
        let found = self.questions.query_range(&promql, self.grid.evaluated(), STEP).await?;
        // One exporter alone has as many samples as its poll interval, or that of scrapes, allows.
        let most = self.rows(&self.polls, f64::max);
        let intervals = self.rows(&self.intervals, f64::max);
        let due = intervals.iter().map(|poll| f64::from(STEP) / poll.max(self.network.spacing.into()) - 1.0);
        let is_covered: Vec<_> =
            most.iter().zip(due).map(|(most, due)| *most > 0.0 && *most >= due).collect();
        let whole = of.iter().map(|of| {
            let of_node = |series: &&Series| series.label("node") == of.node().unwrap_or_default();
            let states = self.rows(found.iter().filter(of_node), |a, b| a + b);
            let columns = states.iter().zip(&polls).zip(&is_covered);
            columns.map(|((state, polls), is_covered)| *is_covered && state == polls).collect()
        });
        Ok(whole.collect())
    }

    /// The values of several series in each column, put together.
    fn rows<'s>(&self, found: impl IntoIterator<Item = &'s Series>, with: fn(f64, f64) -> f64) -> Vec<f64> {
        let mut all = vec![0.0; self.grid.len];
        for series in found {
            for (of, value) in all.iter_mut().zip(self.grid.row(&series.samples)) {
                *of = with(*of, value.unwrap_or(0.0));
            }
        }
        all
    }

    /// The samples of these columns, the last included.
    async fn line(&self, of: Of<'_>, first: usize, last: usize) -> Result<Timeline, Error> {
        let span = (self.grid.column(first).0, self.grid.column(last).1);
        let name = self.network.name.as_str();
        let nodes: Vec<&str> = match of {
            Of::Node(node, _) => vec![node],
            Of::Network(_) => Vec::new(),
        };
        let selector = Selector { network: Some(name), nodes: Some(&nodes) };
        let ask = self.questions;
        // With the sample that still stands at the beginning.
        let asked = (span.0 - LEAD, span.1);
        let names: Vec<String> = nodes.iter().map(|node| (*node).to_owned()).collect();
        let polls = ask.query_window(|window| selector.polls(window), asked);
        let line = match of {
            Of::Node(..) => {
                // With the network's: of several exporters one with consensus counts.
                let network = &NetworkState::REPORTED;
                let (polls, states, of_network) = try_join!(
                    polls,
                    ask.query_window(|window| selector.node_states(&NodeState::REPORTED, window), asked),
                    ask.query_window(|window| selector.network_states(network, window), asked),
                )?;
                let mut sources = assemble::sources(&polls, &[], &names);
                assemble::fill_raw_node_states(&mut sources, &names, &states);
                assemble::fill_raw_network_states(&mut sources, &of_network);
                sources
            }
            Of::Network(_) => {
                let states = ask
                    .query_window(|window| selector.network_states(&NetworkState::REPORTED, window), asked);
                let (polls, states) = try_join!(polls, states)?;
                let mut sources = assemble::sources(&polls, &[], &names);
                assemble::fill_raw_network_states(&mut sources, &states);
                sources
            }
        };
        Ok(Timeline::new((span.0 as f64, span.1 as f64), names, line))
    }

    /// When the state began within this line; absent where it holds all along but for odd samples.
    fn began(&self, of: Of<'_>, line: &Timeline) -> Option<f64> {
        // A state for the time line to compare: whether it is the one that is looked for.
        let spans: Vec<(f64, f64, bool)> = match of {
            Of::Node(_, state) => {
                line.spans(0).map(|span| (span.begin, span.end, is_node(span.state, state))).collect()
            }
            Of::Network(state) => line.states().map(|(begin, end, it)| (begin, end, it == state)).collect(),
        };
        let mut runs = runs::runs(spans.into_iter());
        let odd = self.odd.max(line.odd());
        let ends_otherwise = runs.last().filter(|last| !last.state).copied();
        if let Some(last) = ends_otherwise {
            if last.end - last.begin > odd {
                return Some(last.end);
            }
            runs.pop();
        }
        runs::since(&runs, odd).and_then(|(since, is_open)| (!is_open).then_some(since))
    }
}

/// Where nothing is known, a node that is not scraped is as much so as before.
fn is_node(found: Option<NodeState>, state: NodeState) -> bool {
    match state {
        NodeState::NotScraped | NodeState::Gone => found.is_none_or(|found| found == NodeState::NotScraped),
        _ => found == Some(state),
    }
}
