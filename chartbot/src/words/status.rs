//! How every network and watched node is right now: asked, and put into a few lines that
//! fit the screen of a phone, the worst first.

use jiff::tz::TimeZone;
use tokio::time::timeout;

use crate::{
    chat::{command::Range, message::TEXT_LIMIT, trouble::Trouble},
    picture::ASKING,
    samples::{
        client::{self, Error, Prometheus, Questions},
        facts::{Facts, NodeFacts},
        history::{self, Told},
        ranking,
        state::{NodeState, State},
        survey::{SEEN_WITHIN, Survey},
        verdict::Verdict,
        warning::Warning,
    },
    words::{self, Words, moment::Times, state, trend::trend},
};

/// How far back samples are looked at: enough for a trend. What began earlier is looked up.
const JUDGED_BY: Range = Range::HOUR;

/// Asks `prometheus`, and says how everything is right now, with times in `zone`.
///
/// # Errors
/// Why that is not known, with the range that was looked at.
pub async fn ask(
    prometheus: &Prometheus,
    zone: &TimeZone,
    words: &Words,
) -> Result<String, (Trouble, Range)> {
    let questions = &Questions::new(prometheus);
    let asked = timeout(ASKING, present(questions)).await.unwrap_or(Err(Error::Timeout));
    let (now, networks, warnings) = asked.map_err(|error: client::Error| (error.into(), SEEN_WITHIN))?;
    if networks.is_empty() {
        return Err((Trouble::no_data(warnings), SEEN_WITHIN));
    }
    Ok(write(networks, &warnings, Times { zone, now, words }))
}

/// One network, and all that is said of it.
#[derive(Debug, Clone)]
struct Present {
    facts: Facts,
    /// Seconds since the newest sample; absent when there was none within the last hour.
    age: Option<f64>,
    /// How many references are at the highest block, and at the median.
    supports: Option<(f64, f64)>,
}

async fn present(questions: &Questions<'_>) -> Result<(i64, Vec<Present>, Vec<Warning>), Error> {
    let survey = Survey::ask(questions, SEEN_WITHIN).await?;
    let mut networks = Vec::with_capacity(survey.networks.len());
    for network in &survey.networks {
        let Told { facts, supports, .. } = history::ask(questions, &survey, network, JUDGED_BY).await?;
        let age = network.newest.map(|newest| survey.now as f64 - newest);
        networks.push(Present { facts, age, supports });
    }
    let warnings = questions.warnings().into_iter().chain(survey.warnings).collect();
    Ok((survey.now, networks, warnings))
}

/// The lines, the worst network first.
fn write(mut networks: Vec<Present>, warnings: &[Warning], times: Times) -> String {
    // Stable: of equals the first by name.
    networks.sort_by_key(|of| {
        let nodes = of.facts.nodes.iter().map(|node| node.state);
        ranking::network(of.facts.state, nodes)
    });
    let mut parts: Vec<_> = networks.iter().map(|network| network.lines(times)).collect();
    parts.extend(warnings.first().map(|first| words::warning(first, times.words)));
    words::cut(parts.join("\n\n"), TEXT_LIMIT)
}

impl Present {
    fn lines(&self, times: Times) -> String {
        let (facts, words) = (&self.facts, times.words);
        let verdict = Verdict::of(facts);
        let of_network = verdict.network.or((verdict.node.is_none()).then_some(verdict.state));
        let network = of_network.map(|state| {
            let what = state::title(state, None, None, words);
            line(state, &facts.network, what, facts.since, None, times)
        });
        let is_known = verdict.state != State::NotScraped && verdict.state != State::Gone;
        let nodes = facts.nodes.iter().filter(|node| !is_known || node.state != NodeState::Gone);
        let mut nodes: Vec<_> = nodes.map(|node| self.node(node, times)).collect();
        // What the first line is about: a node before its network, or the network itself.
        let place = usize::from(verdict.node.is_some()).min(nodes.len());
        if let (Some(first), 1) = (nodes.first_mut(), place) {
            // A notification shows this line alone.
            *first = first.replacen(' ', &format!(" {} · ", facts.network), 1);
        }
        nodes.splice(place..place, network);
        let references = facts.references_up.zip(facts.references);
        let references = references.map(|(up, all)| (words.references)(up, all));
        let supports = self.supports.map(|(max, median)| (words.supports)(max, median));
        let age = self.age.map(words.age).map(words.ago);
        let last: Vec<_> = [references, supports, age].into_iter().flatten().collect();
        nodes.extend((!last.is_empty()).then(|| last.join(", ")));
        nodes.join("\n")
    }

    fn node(&self, node: &NodeFacts, times: Times) -> String {
        let state = State::of(node.state, self.facts.state);
        let seconds = self.facts.seconds_behind(node);
        let what = match node.state {
            NodeState::Ok | NodeState::Ahead if state.is_of_network() => {
                let own = if node.state == NodeState::Ok { State::Ok } else { State::Ahead };
                state::title(own, node.lag_blocks, seconds, times.words)
            }
            NodeState::Ok => (times.words.chart.state)(state).to_owned(),
            _ => state::title(state, node.lag_blocks, seconds, times.words),
        };
        line(state, &node.node, what, node.since, trend(node, times), times)
    }
}

/// "🔴 my-node: 13 blocks (26 s) behind since 18:57, losing 30 blocks a minute".
fn line(
    state: State,
    name: &str,
    what: String,
    since: Option<f64>,
    trend: Option<String>,
    times: Times,
) -> String {
    let since = since.map(|since| format!(" {}", times.since(since))).unwrap_or_default();
    let trend = trend.map(|trend| format!(", {trend}")).unwrap_or_default();
    format!("{} {name}: {what}{since}{trend}", state::sign(state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        samples::{
            facts::tests::{facts, node},
            state::NetworkState,
            trend::Trend,
        },
        words::ENGLISH,
    };

    fn network(name: &str, state: NetworkState, nodes: Vec<NodeFacts>) -> Present {
        let facts = Facts { network: name.into(), state, since: Some(60.0), nodes, ..facts() };
        Present { facts, age: Some(4.0), supports: Some((6.0, 3.0)) }
    }

    fn of(name: &str, state: NodeState, lag: Option<f64>) -> NodeFacts {
        NodeFacts {
            node: name.into(),
            state,
            lag_blocks: lag,
            behind_seconds: lag.map(|lag| lag.max(0.0) * 2.0),
            since: Some(2_220.0),
            ..node()
        }
    }

    fn said(networks: Vec<Present>, warnings: &[Warning]) -> String {
        let times = Times { zone: &TimeZone::UTC, now: 3_600, words: &ENGLISH };
        write(networks, warnings, times).replace('\u{a0}', " ")
    }

    #[test]
    fn every_state_the_worst_first_with_since_when() {
        let mut behind = of("behind", NodeState::Behind, Some(12.0));
        behind.trend = Some(Trend::Steady { slope: 0.5, zero: 0.0 });
        let nodes = vec![
            of("down", NodeState::Unreachable, None),
            of("wrong", NodeState::WrongChain, None),
            of("stalled", NodeState::Stalled, Some(1.0)),
            behind,
            of("alone", NodeState::Unknown, None),
            of("ahead", NodeState::Ahead, Some(-7.0)),
            of("level", NodeState::Ok, Some(0.0)),
            of("off the config", NodeState::Gone, None),
        ];
        let lines = said(vec![network("a", NetworkState::Ok, nodes)], &[]);
        let want = [
            "🔴 a · down: no answer since 00:37",
            "🔴 wrong: wrong chain since 00:37",
            "🔴 stalled: stalled, 1 block (2 s) behind since 00:37",
            "🔴 behind: 12 blocks (24 s) behind since 00:37, losing 30 blocks a minute",
            "⚪ alone: no consensus since 00:37",
            "🔵 ahead: 7 blocks ahead since 00:37",
            "🟢 level: level since 00:37",
            "8 of 9 references up, 6 at the highest block, 3 at the median, 4 s ago",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), want);
    }

    #[test]
    fn the_worst_network_first_and_nothing_old_is_ok() {
        let level = || vec![of("n", NodeState::Ok, Some(0.0))];
        let lost = vec![of("n", NodeState::NotScraped, None)];
        let mut lost = network("z", NetworkState::NotScraped, lost);
        lost.age = Some(46.0);
        let dead = vec![of("n", NodeState::Unreachable, None)];
        let networks = vec![
            network("a", NetworkState::Ok, level()),
            network("b", NetworkState::Halted, level()),
            lost,
            network("d", NetworkState::Halted, dead),
        ];
        let lines = said(networks, &[Warning::Clock(90.0)]);
        let begins: Vec<Vec<_>> = lines.split("\n\n").map(|part| part.lines().take(2).collect()).collect();
        let want = [
            ["🔴 d · n: no answer since 00:37", "⏸ d: the chain has halted since 00:01"],
            [
                "⚪ z · n: no data in Prometheus since 00:37",
                "8 of 9 references up, 6 at the highest block, 3 at the median, 46 s ago",
            ],
            ["⏸ b: the chain has halted since 00:01", "⏸ n: level since 00:37"],
            [
                "🟢 a · n: level since 00:37",
                "8 of 9 references up, 6 at the highest block, 3 at the median, 4 s ago",
            ],
        ];
        assert_eq!(begins[..4], want);
        assert_eq!(begins[4], ["The exporter's clock is 90 s ahead of Prometheus'; check NTP."]);
    }
}
