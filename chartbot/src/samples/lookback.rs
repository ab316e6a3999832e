//! When a state began that is older than the newest raw samples: looked up column by column, over
//! the range and over thirty days before it, and sample by sample where a column shows something
//! else.

use tokio::try_join;

use super::{
    answer::Series,
    assemble,
    client::{Error, Questions},
    facts::Facts,
    grid::Grid,
    past::{Past, Whose, is_state},
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
/// How long before a span a sample may be that is still valid in it, in seconds.
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
/// time line: before the newest raw samples, or before the range, or unknown where the range and
/// thirty days before it do not show it.
///
/// # Errors
/// Why there is no answer.
pub async fn ask(
    questions: &Questions<'_>,
    network: &Network,
    past: &Past,
    facts: &mut Facts,
    open: &Open,
) -> Result<(), Error> {
    // Unknown as long as it is not looked up, also where time runs out.
    let nodes: Vec<usize> = (0..open.nodes.len()).filter(|node| open.nodes[*node]).collect();
    nodes.iter().for_each(|node| facts.nodes[*node].since = None);
    let mut of_network = open.network;
    if of_network {
        facts.since = None;
        let whose = |grid: &Grid, odd| past.whole(Whose::Network(facts.state), grid, odd);
        let found = within(questions, network, past, Of::Network(facts.state), whose).await?;
        (facts.since, of_network) = (found.moment(), found == Looked::Beyond);
    }
    let mut beyond = Vec::new();
    for node in nodes {
        let of = &mut facts.nodes[node];
        let whose = |grid: &Grid, odd| past.whole(Whose::Node(node, of.state), grid, odd);
        let found = within(questions, network, past, Of::Node(&of.node, of.state), whose).await?;
        of.since = found.moment();
        if found == Looked::Beyond {
            beyond.push(node);
        }
    }
    before(questions, network, past, facts, of_network, &beyond).await
}

/// Where the search for a beginning ended.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    /// At a moment, in unix seconds.
    Found(f64),
    /// The state holds from the very first moment.
    Beyond,
    /// There were too many interruptions to look at.
    Unclear,
}

impl Looked {
    fn moment(self) -> Option<f64> {
        match self {
            Self::Found(since) => Some(since),
            Self::Beyond | Self::Unclear => None,
        }
    }
}

/// Looks for a beginning within the range, before the newest raw samples.
async fn within(
    questions: &Questions<'_>,
    network: &Network,
    past: &Past,
    of: Of<'_>,
    whole: impl Fn(&Grid, f64) -> Vec<bool>,
) -> Result<Looked, Error> {
    let (from, odd) = (past.from() as i64, past.newest().odd());
    let seconds = past.newest().from - past.from();
    if seconds <= 0.0 {
        return Ok(Looked::Beyond);
    }
    let grid = Grid { start: from, step: STEP, len: (seconds / f64::from(STEP)).ceil() as usize };
    let back = Back { questions, network, grid, polls: Vec::new(), intervals: Vec::new(), odd };
    back.since(of, &whole(&grid, odd)).await
}

/// Looks for beginnings before the range.
async fn before(
    questions: &Questions<'_>,
    network: &Network,
    past: &Past,
    facts: &mut Facts,
    of_network: bool,
    nodes: &[usize],
) -> Result<(), Error> {
    if !of_network && nodes.is_empty() {
        return Ok(());
    }
    let from = past.from() as i64;
    let grid = Grid { start: from - FARTHEST, step: STEP, len: (FARTHEST / i64::from(STEP)) as usize };
    let selector = Selector::network(&network.name);
    let [polls, intervals] = selector.polls_per_column(STEP);
    let (polls, intervals) = try_join!(
        questions.query_range(&polls, grid.evaluated(), STEP),
        questions.query_range(&intervals, grid.evaluated(), STEP),
    )?;
    let back = Back { questions, network, grid, polls, intervals, odd: past.newest().odd() };
    if of_network {
        let whole = back.whole(&[Of::Network(facts.state)]).await?;
        facts.since = back.since(Of::Network(facts.state), &whole[0]).await?.moment();
    }
    let mut states: Vec<NodeState> = nodes.iter().map(|node| facts.nodes[*node].state).collect();
    states.sort_unstable();
    states.dedup();
    for state in states {
        let alike: Vec<usize> =
            nodes.iter().copied().filter(|node| facts.nodes[*node].state == state).collect();
        if state == NodeState::NotScraped && facts.state == NetworkState::NotScraped {
            alike.into_iter().for_each(|node| facts.nodes[node].since = facts.since);
            continue;
        }
        let names: Vec<_> = alike.iter().map(|node| facts.nodes[*node].node.clone()).collect();
        let of: Vec<_> = names.iter().map(|name| Of::Node(name, state)).collect();
        let whole = back.whole(&of).await?;
        for ((node, of), whole) in alike.into_iter().zip(of).zip(whole) {
            facts.nodes[node].since = back.since(of, &whole).await?.moment();
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
    async fn since(&self, of: Of<'_>, whole: &[bool]) -> Result<Looked, Error> {
        let mut looks = 0;
        let mut end = self.grid.len;
        while let Some(broken) = whole[..end].iter().rposition(|whole| !whole) {
            if looks == LOOKS {
                return Ok(Looked::Unclear);
            }
            looks += 1;
            let first = whole[..broken].iter().rposition(|whole| *whole).map_or(0, |place| place + 1);
            // With its neighbour, so that an interruption is seen from its beginning.
            let first = first.max(broken.saturating_sub(2)).saturating_sub(1);
            let line = self.line(of, first, broken).await?;
            match self.began(of, &line) {
                Some(since) => return Ok(Looked::Found(since)),
                None => end = first,
            }
        }
        Ok(Looked::Beyond)
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
        // With the sample that is still valid at the beginning.
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
                line.spans(0).map(|span| (span.begin, span.end, is_state(span.state, state))).collect()
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
