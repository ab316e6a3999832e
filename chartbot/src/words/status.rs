//! The current state of every network and watched node: queried, and written in a few lines
//! that fit the screen of a phone.

use tokio::time::timeout;

use crate::{
    chat::command::Range,
    chat::trouble::Trouble,
    picture::ASKING,
    samples::promql::{Standing, Survey},
    samples::survey::{self, Network, NetworkState, Node, State},
    samples::{
        answer::Series,
        client::{self, Prometheus, Questions},
    },
    words::{self, Words},
};

/// A message has at most so many characters (<https://core.telegram.org/bots/api#sendmessage>).
const LIMIT: usize = 4_096;
/// A round older than so many intervals says nothing about the present.
const FRESH: f64 = 3.0;
/// How far back networks and nodes are looked for.
const SEEN_WITHIN: Range = Range::DAY;

/// Queries `prometheus` and writes the state of everything at `now` (unix seconds).
///
/// # Errors
/// Why there is no answer, with the range that was searched.
pub async fn tell(prometheus: &Prometheus, now: i64, words: &Words) -> Result<String, (Trouble, Range)> {
    let questions = &Questions::new(prometheus);
    let asking = async {
        let ask = |promql: String| async move { questions.query(&promql, now).await };
        tokio::try_join!(Survey::new(SEEN_WITHIN).ask(ask), Standing::new().ask(ask))
    };
    let asked = timeout(ASKING, asking).await.unwrap_or(Err(client::Error::Timeout));
    let (survey, standing) = asked.map_err(|error| (error.into(), SEEN_WITHIN))?;
    let networks = survey::read(&survey);
    if networks.is_empty() {
        return Err((Trouble::NoData, SEEN_WITHIN));
    }
    Ok(write(&networks, &standing, &questions.notes(words), now as f64, words))
}

/// The lines, the worst network first.
fn write(
    networks: &[Network],
    standing: &Standing<Vec<Series>>,
    notes: &[String],
    now: f64,
    words: &Words,
) -> String {
    let mut networks: Vec<_> =
        networks.iter().map(|network| About { network, standing, now, words }).collect();
    // Stable: of equals the first by name.
    networks.sort_by(|a, b| b.badness().partial_cmp(&a.badness()).unwrap_or(std::cmp::Ordering::Equal));
    let mut parts: Vec<_> = networks.iter().map(About::lines).collect();
    parts.extend(notes.first().cloned());
    words::cut(parts.join("\n\n"), LIMIT)
}

/// One network and what is known about it.
struct About<'a> {
    network: &'a Network,
    standing: &'a Standing<Vec<Series>>,
    now: f64,
    words: &'a Words,
}

impl About<'_> {
    fn lines(&self) -> String {
        let Self { network, standing, words, .. } = self;
        let name = &network.name;
        let age = self.age().map(words.age);
        if !self.is_fresh() {
            let mut lines =
                vec![format!("⚪ {name}: {}", age.map_or_else(|| (words.not_scraped)(None), words.no_news))];
            lines.extend(network.nodes.iter().map(|node| format!("⚪ {}: {}", node.name, words.unknown)));
            return lines.join("\n");
        }
        let (mark, state) = match network.state.or_else(|| self.judged()) {
            Some(NetworkState::NoConsensus) => ("🔴", (words.no_consensus)(None)),
            Some(NetworkState::Split) => ("🔴", words.split.to_owned()),
            Some(NetworkState::Halted) => ("🔴", words.halted.to_owned()),
            Some(NetworkState::Ok) => ("🟢", words.ok.to_owned()),
            None => ("⚪", words.unknown.to_owned()),
        };
        let age = age.map(words.ago).unwrap_or_default();
        let mut lines = vec![format!("{mark} {name}: {state}{age}")];
        // A node that is not scraped while its network is was removed from the config.
        let mut nodes: Vec<_> = network.nodes.iter().filter(|node| node.state != State::NotScraped).collect();
        nodes.sort_by(|a, b| b.badness().partial_cmp(&a.badness()).unwrap_or(std::cmp::Ordering::Equal));
        lines.extend(nodes.into_iter().map(|node| self.line(node)));
        let references = network.references_up.zip(network.references);
        let references = references.map(|(up, all)| (words.references)(up, all));
        let supports = self.value(&standing.max_support).zip(self.value(&standing.median_support));
        let supports = supports.map(|(max, median)| (words.supports)(max, median));
        let last: Vec<_> = [references, supports].into_iter().flatten().collect();
        if !last.is_empty() {
            lines.push(last.join("; "));
        }
        lines.join("\n")
    }

    /// Derived from its nodes, for an exporter that reports no states.
    fn judged(&self) -> Option<NetworkState> {
        let nodes = &self.network.nodes;
        if nodes.iter().any(|node| node.offset.is_some()) {
            return Some(NetworkState::Ok);
        }
        let alone = nodes.iter().any(|node| node.state == State::NoConsensus);
        alone.then_some(NetworkState::NoConsensus)
    }

    fn line(&self, node: &Node) -> String {
        let words = self.words;
        let seconds =
            self.standing.behind_seconds.iter().find(|series| {
                series.label("network") == self.network.name && series.label("node") == node.name
            });
        let seconds = seconds.and_then(Series::newest);
        let lag = node.offset.map(|offset| (words.lag)(offset, seconds));
        let with_lag = |state: &str| match &lag {
            Some(lag) => format!("{state}, {lag}"),
            None => state.to_owned(),
        };
        let (mark, state) = match node.state {
            State::Unreachable => ("🔴", (words.no_answer)(None)),
            State::WrongChain => ("🔴", words.wrong_chain.to_owned()),
            State::NoConsensus | State::NotScraped => ("⚪", words.unknown.to_owned()),
            State::Stalled => ("🟠", with_lag(words.stalled)),
            State::Behind | State::Ahead => ("🟠", lag.unwrap_or_else(|| words.unknown.to_owned())),
            State::Ok => ("🟢", with_lag(words.ok)),
        };
        format!("{mark} {}: {state}", node.name)
    }

    /// Seconds since the last round ended, or else since the last scrape; absent when
    /// neither is known.
    fn age(&self) -> Option<f64> {
        let seen = self.value(&self.standing.round).or(self.network.newest)?;
        Some((self.now - seen).max(0.0))
    }

    fn is_fresh(&self) -> bool {
        let interval = f64::from(self.network.spacing);
        let scraped = self.network.nodes.iter().any(|node| node.state != State::NotScraped);
        scraped && self.age().is_some_and(|age| age <= FRESH * interval)
    }

    fn value(&self, found: &[Series]) -> Option<f64> {
        found.iter().find(|series| series.label("network") == self.network.name)?.newest()
    }

    /// What is not fresh comes first.
    fn badness(&self) -> (bool, (bool, (u8, f64))) {
        (!self.is_fresh(), survey::badness(self.network))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::words::ENGLISH;

    const NOW: f64 = 10_000.0;

    fn found(network: &str, node: &str, value: f64) -> Series {
        let labels = [("network", network), ("node", node)];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Series { labels: BTreeMap::from(labels), samples: vec![(NOW, value)] }
    }

    fn network(name: &str, state: Option<NetworkState>, nodes: &[(&str, State, Option<f64>)]) -> Network {
        let node = |(name, state, offset): &(&str, State, Option<f64>)| Node {
            name: (*name).into(),
            state: *state,
            offset: *offset,
        };
        Network {
            name: name.into(),
            nodes: nodes.iter().map(node).collect(),
            state,
            references: Some(9.0),
            references_up: Some(8.0),
            spacing: 15,
            newest: Some(NOW - 7.0),
        }
    }

    /// The last rounds of the networks a, b and c ended so many seconds ago.
    #[track_caller]
    fn check(networks: &[Network], ages: [f64; 3], want: &[&str]) {
        let rounds = ["a", "b", "c"].iter().zip(ages).map(|(name, age)| found(name, "", NOW - age));
        let standing = Standing {
            behind_seconds: vec![found("a", "behind", 24.0), found("a", "level", 0.0)],
            max_support: vec![found("a", "", 6.0)],
            median_support: vec![found("a", "", 3.0)],
            round: rounds.collect(),
        };
        let text = write(networks, &standing, &[], NOW, &ENGLISH);
        assert_eq!(text.lines().collect::<Vec<_>>(), want);
    }

    #[test]
    fn every_state_the_worst_first() {
        let nodes = [
            ("level", State::Ok, Some(0.0)),
            ("ahead", State::Ahead, Some(7.0)),
            ("behind", State::Behind, Some(-12.0)),
            ("stalled", State::Stalled, Some(-1.0)),
            ("alone", State::NoConsensus, None),
            ("wrong", State::WrongChain, None),
            ("down", State::Unreachable, None),
            ("off the config", State::NotScraped, None),
        ];
        check(
            &[network("a", Some(NetworkState::Ok), &nodes)],
            [4.0; 3],
            &[
                "🟢 a: ok (4 s ago)",
                "🔴 down: no answer",
                "🔴 wrong: wrong chain",
                "⚪ alone: unknown",
                "🟠 stalled: stalled, 1 block behind",
                "🟠 behind: 12 blocks (24 s) behind",
                "🟠 ahead: 7 blocks ahead",
                "🟢 level: ok, level with the median",
                "8 of 9 references up; 6 at the highest block, 3 at the median",
            ],
        );
    }

    #[test]
    fn what_is_older_than_three_intervals_is_never_called_ok() {
        let ok = |name: &str| network(name, Some(NetworkState::Ok), &[("n", State::Ok, Some(0.0))]);
        let up = "8 of 9 references up";
        let supports = "8 of 9 references up; 6 at the highest block, 3 at the median";
        let level = "🟢 n: ok, level with the median";
        check(
            &[ok("a"), ok("b")],
            [45.0, 46.0, 0.0],
            &["⚪ b: no data for 46 s", "⚪ n: unknown", "", "🟢 a: ok (45 s ago)", level, supports],
        );
        // Where the rounds are unknown, the age is that of the scrapes.
        let halted = network("d", Some(NetworkState::Halted), &[("n", State::Ok, Some(0.0))]);
        let gone = network("e", None, &[("n", State::NotScraped, None)]);
        let older = network("f", None, &[("n", State::Ok, Some(0.0))]);
        check(
            &[older, halted, gone],
            [0.0; 3],
            &[
                "⚪ e: no data for 7 s",
                "⚪ n: unknown",
                "",
                "🔴 d: the chain has halted (7 s ago)",
                level,
                up,
                "",
                "🟢 f: ok (7 s ago)",
                level,
                up,
            ],
        );
    }
}
