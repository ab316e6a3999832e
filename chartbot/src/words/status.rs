//! How every network and watched node is right now: asked, and put into a few lines that
//! fit the screen of a phone.

use tokio::{time::timeout, try_join};

use crate::{
    chat::{command::Range, trouble::Trouble},
    picture::ASKING,
    samples::{
        answer::{Labels, Series},
        assemble::target,
        client::{self, Error, Prometheus, Questions},
        promql::{BEHIND_SECONDS, MAX_SUPPORT, MEDIAN_SUPPORT, REFERENCES, REFERENCES_UP, Selector},
        ranking,
        state::{NetworkState, NodeState},
        survey::{NodeNow, Now, Survey},
        warning::Warning,
    },
    words::{self, Words},
};

/// A message has at most so many characters (<https://core.telegram.org/bots/api#sendmessage>).
const LIMIT: usize = 4_096;
/// How far back networks and nodes are looked for.
const SEEN_WITHIN: Range = Range::DAY;

/// Asks `prometheus`, and says how everything is right now.
///
/// # Errors
/// Why that is not known, with the range that was looked at.
pub async fn ask(prometheus: &Prometheus, words: &Words) -> Result<String, (Trouble, Range)> {
    let questions = &Questions::new(prometheus);
    let asked = timeout(ASKING, present(questions)).await.unwrap_or(Err(Error::Timeout));
    let (survey, networks, mut warnings) =
        asked.map_err(|error: client::Error| (error.into(), SEEN_WITHIN))?;
    warnings.extend(survey.warnings);
    if networks.is_empty() {
        return Err((Trouble::no_data(warnings), SEEN_WITHIN));
    }
    Ok(write(networks, &warnings, words))
}

/// One network, and all that is said of it.
#[derive(Debug, Clone)]
struct Present {
    name: String,
    now: Now,
    /// Seconds since the newest sample; absent when there was none within the last hour.
    age: Option<f64>,
    /// How many references count, and how many there are.
    references: Option<(f64, f64)>,
    /// How many references are at the highest block, and at the median.
    supports: Option<(f64, f64)>,
    /// How long ago the median passed the block of each node, in the order of the nodes.
    behind_seconds: Vec<Option<f64>>,
}

async fn present(questions: &Questions<'_>) -> Result<(Survey, Vec<Present>, Vec<Warning>), Error> {
    let survey = Survey::ask(questions, SEEN_WITHIN).await?;
    let longest = survey.networks.iter().map(|network| i64::from(network.spacing)).max().unwrap_or(60);
    let lately = (survey.now - 2 * longest, survey.now);
    let (now, numbers, seconds) = try_join!(
        survey.look(questions),
        questions.query_window(|window| Selector::ALL.present(window), lately),
        questions.query_window(|window| Selector::ALL.behind_seconds(window), lately),
    )?;
    let networks = survey.networks.iter().zip(now).map(|(network, now)| {
        let find = |series: &[Series], name: &str, node: &str| {
            value(
                series,
                now.exporter.as_ref()?,
                [("__name__", name), ("network", &network.name), ("node", node)],
            )
        };
        let of = |name: &str| find(&numbers, name, "");
        Present {
            name: network.name.clone(),
            age: network.newest.map(|newest| survey.now as f64 - newest),
            references: of(REFERENCES_UP).zip(of(REFERENCES)),
            supports: of(MAX_SUPPORT).zip(of(MEDIAN_SUPPORT)),
            behind_seconds: now.nodes.iter().map(|node| find(&seconds, BEHIND_SECONDS, &node.name)).collect(),
            now,
        }
    });
    let networks = networks.collect();
    Ok((survey, networks, questions.warnings()))
}

/// The newest value of the series of this exporter with these labels.
fn value(series: &[Series], exporter: &Labels, labels: [(&str, &str); 3]) -> Option<f64> {
    let is_it = |it: &&Series| {
        labels.iter().all(|(name, value)| it.label(name) == *value) && target(&it.labels) == *exporter
    };
    series.iter().find(is_it)?.newest()
}

/// The lines, the worst network first.
fn write(mut networks: Vec<Present>, warnings: &[Warning], words: &Words) -> String {
    // Stable: of equals the first by name.
    networks.sort_by(|a, b| {
        let rank = |of: &Present| ranking::network(of.now.state, of.now.nodes.iter().map(|node| node.state));
        rank(a).cmp(&rank(b))
    });
    let mut parts: Vec<_> = networks.iter().map(|network| network.lines(words)).collect();
    parts.extend(warnings.first().map(|first| words::warning(first, words)));
    words::cut(parts.join("\n\n"), LIMIT)
}

impl Present {
    fn lines(&self, words: &Words) -> String {
        let name = &self.name;
        let age = self.age.map(words.age);
        let is_known = !matches!(self.now.state, NetworkState::NotScraped | NetworkState::Gone);
        let (mark, state) = match self.now.state {
            NetworkState::NoConsensus => ("⚪", (words.no_consensus)(None)),
            NetworkState::Split => ("⚪", words.split.to_owned()),
            NetworkState::Halted => ("⏸", words.halted.to_owned()),
            NetworkState::Ok => ("🟢", words.ok.to_owned()),
            NetworkState::Gone => ("⚪", (words.gone)(None)),
            NetworkState::NotScraped => {
                ("⚪", age.clone().map_or_else(|| (words.not_scraped)(None), words.no_news))
            }
        };
        let age = age.filter(|_| is_known).map(words.ago).unwrap_or_default();
        let mut lines = vec![format!("{mark} {name}: {state}{age}")];
        let mut nodes: Vec<_> = self.now.nodes.iter().zip(&self.behind_seconds).collect();
        if is_known {
            nodes.retain(|(node, _)| node.state != NodeState::Gone);
        }
        nodes.sort_by_key(|(node, _)| node.state);
        lines.extend(nodes.into_iter().map(|(node, seconds)| line(node, *seconds, words)));
        let references = self.references.map(|(up, all)| (words.references)(up, all));
        let supports = self.supports.map(|(max, median)| (words.supports)(max, median));
        let last: Vec<_> = [references, supports].into_iter().flatten().collect();
        if !last.is_empty() {
            lines.push(last.join("; "));
        }
        lines.join("\n")
    }
}

fn line(node: &NodeNow, seconds: Option<f64>, words: &Words) -> String {
    let lag = node.lag.map(|lag| (words.lag)(0.0 - lag, seconds));
    let with_lag = |state: &str| match &lag {
        Some(lag) => format!("{state}, {lag}"),
        None => state.to_owned(),
    };
    let (mark, state) = match node.state {
        NodeState::Unreachable => ("🔴", (words.no_answer)(None)),
        NodeState::WrongChain => ("🔴", words.wrong_chain.to_owned()),
        NodeState::Unknown | NodeState::NotScraped => ("⚪", words.unknown.to_owned()),
        NodeState::Gone => ("⚪", (words.gone)(None)),
        NodeState::Stalled => ("🔴", with_lag(words.stalled)),
        NodeState::Behind => ("🔴", lag.unwrap_or_else(|| words.unknown.to_owned())),
        NodeState::Ahead => ("🔵", lag.unwrap_or_else(|| words.unknown.to_owned())),
        NodeState::Ok => ("🟢", with_lag(words.ok)),
    };
    format!("{mark} {}: {state}", node.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ENGLISH;

    fn network(name: &str, state: NetworkState, nodes: &[(&str, NodeState, Option<f64>)]) -> Present {
        let node = |(name, state, lag): &(&str, NodeState, Option<f64>)| NodeNow {
            name: (*name).into(),
            state: *state,
            lag: *lag,
        };
        Present {
            name: name.into(),
            now: Now { state, nodes: nodes.iter().map(node).collect(), exporter: None },
            age: Some(4.0),
            references: Some((8.0, 9.0)),
            supports: Some((6.0, 3.0)),
            behind_seconds: nodes.iter().map(|(_, _, lag)| lag.map(|lag| lag.max(0.0) * 2.0)).collect(),
        }
    }

    #[test]
    fn every_state_the_worst_first() {
        let nodes = [
            ("level", NodeState::Ok, Some(0.0)),
            ("ahead", NodeState::Ahead, Some(-7.0)),
            ("behind", NodeState::Behind, Some(12.0)),
            ("stalled", NodeState::Stalled, Some(1.0)),
            ("alone", NodeState::Unknown, None),
            ("wrong", NodeState::WrongChain, None),
            ("down", NodeState::Unreachable, None),
            ("off the config", NodeState::Gone, None),
        ];
        let lines = write(vec![network("a", NetworkState::Ok, &nodes)], &[], &ENGLISH);
        let want = [
            "🟢 a: ok (4 s ago)",
            "🔴 down: no answer",
            &format!("🔴 wrong: {}", ENGLISH.wrong_chain),
            "🔴 stalled: stalled, 1 block (2 s) behind",
            "🔴 behind: 12 blocks (24 s) behind",
            "⚪ alone: unknown",
            "🔵 ahead: 7 blocks ahead",
            "🟢 level: ok, level with the median",
            "8 of 9 references up; 6 at the highest block, 3 at the median",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), want);
    }

    #[test]
    fn the_worst_network_first_and_nothing_old_is_ok() {
        let level = [("n", NodeState::Ok, Some(0.0))];
        let mut lost = network("z", NetworkState::NotScraped, &[("n", NodeState::NotScraped, None)]);
        (lost.age, lost.references, lost.supports) = (Some(46.0), None, None);
        let networks =
            vec![network("a", NetworkState::Ok, &level), network("b", NetworkState::Halted, &level), lost];
        let lines = write(networks, &[Warning::Clock(90.0)], &ENGLISH);
        let first: Vec<_> = lines.split("\n\n").map(|part| part.lines().next().unwrap()).collect();
        assert_eq!(
            first[..3],
            ["⚪ z: no data for 46 s", "⏸ b: the chain has halted (4 s ago)", "🟢 a: ok (4 s ago)"]
        );
        assert_eq!(first[3], "The exporter's clock is 90 s ahead of Prometheus'; check NTP.");
        assert!(lines.contains("⚪ n: unknown"));
    }
}
