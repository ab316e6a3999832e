//! Which networks and watched nodes there are, and how they are right now.

use std::collections::{BTreeMap, BTreeSet};

use tokio::try_join;

use super::{
    answer::{Labels, Series},
    assemble::target,
    client::{Error, Questions},
    grid::Grid,
    promql::{self, Selector},
    ranking,
    recorded::OFFSET,
    spacing, spans,
    state::{NetworkState, NodeState},
    warning::Warning,
};
use crate::chat::command::Range;

/// How far back networks and nodes are looked for where no range is asked for.
pub const SEEN_WITHIN: Range = Range::DAY;
/// How far back the newest samples are looked for, in seconds, and how often they come is
/// judged from.
const LATELY: i64 = 3_600;
/// Seconds of a day.
const DAY: u32 = 86_400;
/// A sample that is older than so many of its spacings is not followed up by another.
const LATE: f64 = 1.5;
/// An exporter's clock may be off by so many seconds before that is worth a word.
const CLOCK: f64 = 5.0;

/// All networks with a watched node within a range, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Now, by the server's clock, in unix seconds.
    pub now: i64,
    /// By name.
    pub networks: Vec<Network>,
    /// What the reader has to know beside.
    pub warnings: Vec<Warning>,
    /// When each exporter was last scraped, by the labels of its target.
    newest: BTreeMap<Labels, f64>,
}

/// One network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// The names of its watched nodes, in order.
    pub nodes: Vec<String>,
    /// Seconds between two samples: the poll interval or the scrape interval, whichever
    /// is longer; at least 1.
    pub spacing: u32,
    /// Seconds between two scrapes; absent when there was none within the last hour.
    pub scrape: Option<f64>,
    /// When the newest sample was taken, in unix seconds; absent when there was none
    /// within the last hour.
    pub newest: Option<f64>,
    /// Which exporter took it.
    exporter: Option<Labels>,
}

/// How a network is right now.
#[derive(Debug, Clone, PartialEq)]
pub struct Now {
    /// How it is.
    pub state: NetworkState,
    /// Its watched nodes, in order of their names.
    pub nodes: Vec<NodeNow>,
    /// The labels of the exporter that counts; absent where none is scraped.
    pub exporter: Option<Labels>,
}

/// How a watched node is right now.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeNow {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: NodeState,
    /// Blocks behind the median; absent when unknown.
    pub lag: Option<f64>,
}

impl Survey {
    /// Looks for networks and nodes that were seen within `range`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(questions: &Questions<'_>, range: Range) -> Result<Self, Error> {
        // The end of the second, else a sample of its fraction would be left out; VictoriaMetrics
        // reports whole seconds alone.
        let now = questions.now().await?.floor() as i64 + 1;
        let all = Selector::ALL;
        let seen = seen(questions, now, range);
        let polls = questions.query_window(|window| all.polls(window), (now - LATELY, now));
        let present = questions.query_window(|window| all.rounds(window), (now - LATELY, now));
        let renamed = promql::renamed("[5m]");
        let renamed = questions.query(&renamed, now);
        let (seen, polls, rounds, renamed) = try_join!(seen, polls, present, renamed)?;
        let mut survey = Self::read(now, &seen, &polls);
        let renamed = promql::OWN_LABELS
            .into_iter()
            .filter(|label| renamed.iter().any(|it| !it.label(&format!("exported_{label}")).is_empty()));
        survey.warnings.extend(renamed.map(Warning::Renamed));
        survey.warnings.extend(clock(&rounds, &polls).map(Warning::Clock));
        Ok(survey)
    }

    fn read(now: i64, seen: &[Series], polls: &[Series]) -> Self {
        let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for series in seen {
            names.entry(series.label("network")).or_default().push(series.label("node").to_owned());
        }
        let newest = |series: &Series| series.samples.last().copied();
        let mut by_target: BTreeMap<Labels, f64> = BTreeMap::new();
        for series in polls {
            if let Some((time, _)) = newest(series) {
                let known = by_target.entry(target(&series.labels)).or_insert(time);
                *known = known.max(time);
            }
        }
        let network = |(name, mut nodes): (&str, Vec<String>)| {
            nodes.sort();
            nodes.dedup();
            let polls: Vec<_> = polls.iter().filter(|series| series.label("network") == name).collect();
            let last = polls.iter().filter_map(|series| Some((newest(series)?, *series)));
            let last = last.max_by(|a, b| a.0.0.total_cmp(&b.0.0));
            Network {
                name: name.to_owned(),
                nodes,
                spacing: spacing::of(&polls, last.map(|((_, poll), _)| poll)),
                scrape: spacing::scraped(&polls),
                newest: last.map(|((time, _), _)| time),
                exporter: last.map(|(_, series)| target(&series.labels)),
            }
        };
        let networks = names.into_iter().map(network).collect();
        Self { now, networks, warnings: Vec::new(), newest: by_target }
    }

    /// Leaves only what is meant: networks, and those of their nodes that `nodes` gives. Where no
    /// node is meant that there is, all nodes of these networks are left. Returns whether there is.
    pub fn narrow<'a>(&mut self, nodes: impl Fn(&str) -> Option<&'a BTreeSet<String>>) -> bool {
        self.networks.retain(|network| nodes(&network.name).is_some());
        let is_meant = |network: &str, node: &str| nodes(network).is_some_and(|nodes| nodes.contains(node));
        let has_nodes = self.networks.iter().any(|it| it.nodes.iter().any(|node| is_meant(&it.name, node)));
        if has_nodes {
            for Network { name, nodes, .. } in &mut self.networks {
                nodes.retain(|node| is_meant(name, node));
            }
            self.networks.retain(|network| !network.nodes.is_empty());
        }
        has_nodes
    }

    /// Whether the newest sample of a network is as old as it may be.
    fn is_scraped(&self, network: &Network) -> bool {
        let age = network.newest.map(|newest| self.now as f64 - newest);
        age.is_some_and(|age| age <= LATE * f64::from(network.spacing))
    }

    /// Whether the exporter that reported a network last is scraped without it now.
    #[must_use]
    pub fn is_dropped(&self, network: &Network) -> bool {
        let newest = network.exporter.as_ref().and_then(|labels| self.newest.get(labels));
        newest.zip(network.newest).is_some_and(|(newest, of_network)| {
            let is_scraped = self.now as f64 - newest <= LATE * f64::from(network.spacing);
            is_scraped && newest - of_network > 1.0
        })
    }

    /// Asks how each network and node is right now, in the order of `networks`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn look(&self, questions: &Questions<'_>) -> Result<Vec<Now>, Error> {
        let mut windows: Vec<u32> = self.networks.iter().map(|network| network.spacing).collect();
        windows.sort_unstable();
        windows.dedup();
        let mut looks = BTreeMap::new();
        for spacing in windows {
            let window = format!("[{}ms]", u64::from(spacing) * 1_500);
            let of = Selector::ALL;
            let (states, nodes, lag) =
                (of.network_state_within(&window), of.state_within(&window), of.lag_within(&window));
            let look = try_join!(
                questions.query(&states, self.now),
                questions.query(&nodes, self.now),
                questions.query(&lag, self.now),
            )?;
            looks.insert(spacing, look);
        }
        let now = self.networks.iter().map(|network| match looks.get(&network.spacing) {
            Some((states, nodes, lag)) => self.read_now(network, states, nodes, lag),
            None => self.read_now(network, &[], &[], &[]),
        });
        Ok(now.collect())
    }

    fn read_now(&self, network: &Network, states: &[Series], nodes: &[Series], lag: &[Series]) -> Now {
        let of_network = |series: &&Series| series.label("network") == network.name;
        // Of several exporters one counts, wholly.
        let chosen = states.iter().filter(of_network).filter_map(|series| {
            let state = NetworkState::reported(series.label("state"))?;
            let labels = target(&series.labels);
            let reported = nodes.iter().filter(of_network).filter(|it| target(&it.labels) == labels);
            let states = reported.filter_map(|it| NodeState::reported(it.label("state")));
            Some((ranking::exporter(state, states), labels, state))
        });
        let chosen = chosen.min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
        let chosen = chosen.filter(|_| self.is_scraped(network));
        let absent = if self.is_dropped(network) {
            (NetworkState::Gone, NodeState::Gone)
        } else {
            (NetworkState::NotScraped, NodeState::NotScraped)
        };
        let state = chosen.as_ref().map_or(absent.0, |(.., state)| *state);
        let exporter = chosen.map(|(_, labels, _)| labels);
        let node = |name: &String| {
            let is_it = |series: &&Series| {
                series.label("node") == name && exporter.as_ref() == Some(&target(&series.labels))
            };
            let reported = nodes.iter().filter(of_network).filter(is_it);
            let reported = reported.filter_map(|it| NodeState::reported(it.label("state"))).min();
            let lag = lag.iter().filter(of_network).find(is_it).and_then(Series::newest);
            let unreported = if exporter.is_some() { NodeState::Gone } else { absent.1 };
            NodeNow { name: name.clone(), state: reported.unwrap_or(unreported), lag }
        };
        let nodes = network.nodes.iter().map(node).collect();
        Now { state, nodes, exporter }
    }
}

/// The nodes that have samples within `range`. Days of which everything was recorded are looked
/// up in what was recorded: there is less of it.
async fn seen(questions: &Questions<'_>, now: i64, range: Range) -> Result<Vec<Series>, Error> {
    let (all, from) = (Selector::ALL, now - i64::from(range.seconds()));
    if range.seconds() <= Range::WEEK.seconds() {
        return questions.query_window(|window| all.nodes_within(window), (from, now)).await;
    }
    // The newest day is not over yet.
    let days = Grid { start: from, step: DAY, len: (range.seconds() / DAY) as usize - 1 };
    let (first, last) = days.evaluated();
    let evaluated = promql::evaluations_per_column(DAY);
    let mut evaluated = questions.query_range(&evaluated, (first + OFFSET, last + OFFSET), DAY).await?;
    evaluated.iter_mut().flat_map(|series| &mut series.samples).for_each(|(time, _)| *time -= OFFSET as f64);
    let counts = evaluated.first().map(|series| days.row(&series.samples)).unwrap_or_default();
    let is_whole = |day: usize| counts.get(day).copied().flatten() >= Some(f64::from(DAY) / spans::WIDTH);
    let mut seen = Vec::new();
    let (mut begin, mut day) = (from, 0);
    while begin < now {
        let is_recorded = day < days.len && is_whole(day);
        while day < days.len && is_whole(day) == is_recorded {
            day += 1;
        }
        let end = if day < days.len || is_recorded { days.column(day - 1).1 } else { now };
        seen.extend(if is_recorded {
            let span = (begin + OFFSET, end + OFFSET);
            questions.query_window(|window| all.recorded_nodes(window), span).await?
        } else {
            questions.query_window(|window| all.nodes_within(window), (begin, end)).await?
        });
        begin = end;
    }
    Ok(seen)
}

/// The place of the network that a chart shows when nobody named one: the worst, of equals the
/// first by name.
#[must_use]
pub fn worst(now: &[Now]) -> Option<usize> {
    let rank = |of: &Now| ranking::network(of.state, of.nodes.iter().map(|node| node.state));
    (0..now.len()).min_by_key(|place| rank(&now[*place]))
}

/// By how many seconds the clock of an exporter is ahead of Prometheus' (below zero: behind),
/// the farthest; absent where all are right. A round ends before it is scraped, and not longer
/// before than the poll interval and its own duration.
fn clock(rounds: &[Series], polls: &[Series]) -> Option<f64> {
    let off = rounds.iter().filter_map(|series| {
        let (time, ended) = *series.samples.last()?;
        let poll = polls.iter().find(|poll| poll.labels == series.labels)?.newest()?;
        // An exporter whose rounds no longer end shows nothing of its clock.
        let moves = series.samples.first().is_some_and(|(_, first)| *first != ended);
        let age = time - ended;
        match age {
            _ if age < -CLOCK => Some(-age),
            _ if moves && age > 2.0 * poll + CLOCK => Some(poll - age),
            _ => None,
        }
    });
    off.max_by(|a, b| a.abs().total_cmp(&b.abs()))
}

#[cfg(test)]
impl Network {
    /// One of this name with these watched nodes.
    pub fn named(name: &str, nodes: &[&str]) -> Self {
        let nodes = nodes.iter().map(|node| (*node).to_owned()).collect();
        Self { name: name.to_owned(), nodes, spacing: 15, scrape: None, newest: None, exporter: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 10_000.0;

    fn series(labels: &[(&str, &str)], samples: &[(f64, f64)]) -> Series {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series { labels: labels.collect(), samples: samples.to_vec() }
    }

    /// The samples of an exporter up to some seconds ago.
    fn polls(job: &str, network: &str, age: f64) -> Series {
        let samples: Vec<_> = (0..10).map(|i| (NOW - age - 15.0 * f64::from(9 - i), 15.0)).collect();
        series(&[("job", job), ("network", network)], &samples)
    }

    fn state(job: &str, network: &str, node: &str, state: &str) -> Series {
        series(&[("job", job), ("network", network), ("node", node), ("state", state)], &[(NOW, 1.0)])
    }

    fn seen(network: &str, node: &str) -> Series {
        series(&[("network", network), ("node", node)], &[(NOW, 1.0)])
    }

    #[test]
    fn a_node_or_network_is_gone_only_while_its_exporter_is_scraped() {
        let survey = Survey::read(
            NOW as i64,
            &[seen("a", "mine"), seen("a", "renamed"), seen("dropped", "n"), seen("away", "n")],
            &[polls("x", "a", 5.0), polls("x", "dropped", 600.0), polls("y", "away", 600.0)],
        );
        let states = [state("x", "a", "", "ok")];
        let nodes = [state("x", "a", "mine", "behind")];
        let lag = [series(&[("job", "x"), ("network", "a"), ("node", "mine")], &[(NOW, 9.0)])];
        let now = |place: usize| {
            let now = survey.read_now(&survey.networks[place], &states, &nodes, &lag);
            let nodes: Vec<_> = now.nodes.iter().map(|node| (node.state, node.lag)).collect();
            (now.state, nodes)
        };
        let names: Vec<_> = survey.networks.iter().map(|network| network.name.as_str()).collect();
        assert_eq!(names, ["a", "away", "dropped"]);
        assert_eq!(now(0), (NetworkState::Ok, vec![(NodeState::Behind, Some(9.0)), (NodeState::Gone, None)]));
        assert_eq!(now(1), (NetworkState::NotScraped, vec![(NodeState::NotScraped, None)]));
        assert_eq!(now(2), (NetworkState::Gone, vec![(NodeState::Gone, None)]));
    }

    #[test]
    fn only_what_is_meant_is_left() {
        let check = |meant: &[(&str, &[&str])], has_nodes, want: &[(&str, &[&str])]| {
            let meant: BTreeMap<_, BTreeSet<_>> = meant
                .iter()
                .map(|(name, nodes)| (*name, nodes.iter().map(|node| (*node).to_owned()).collect()))
                .collect();
            let seen = [seen("a", "mine"), seen("a", "other"), seen("b", "n")];
            let mut survey = Survey::read(NOW as i64, &seen, &[]);
            assert_eq!(survey.narrow(|network| meant.get(network)), has_nodes, "{meant:?}");
            let left: Vec<_> =
                survey.networks.iter().map(|it| (it.name.as_str(), it.nodes.join(" "))).collect();
            let want: Vec<_> = want.iter().map(|(name, nodes)| (*name, nodes.join(" "))).collect();
            assert_eq!(left, want, "{meant:?}");
        };
        check(&[("a", &["mine"])], true, &[("a", &["mine"])]);
        check(&[("a", &["mine", "gone"]), ("b", &[]), ("c", &["n"])], true, &[("a", &["mine"])]);
        check(&[("a", &[])], false, &[("a", &["mine", "other"])]);
        check(&[("b", &["gone"])], false, &[("b", &["n"])]);
        check(&[("c", &["n"])], false, &[]);
    }

    #[test]
    fn of_two_exporters_one_counts_wholly() {
        let survey =
            Survey::read(NOW as i64, &[seen("a", "n")], &[polls("x", "a", 5.0), polls("y", "a", 3.0)]);
        let lag = |job, lag| series(&[("job", job), ("network", "a"), ("node", "n")], &[(NOW, lag)]);
        let check = |x: [&str; 2], y: [&str; 2], want| {
            let states = [state("x", "a", "", x[0]), state("y", "a", "", y[0])];
            let nodes = [state("x", "a", "n", x[1]), state("y", "a", "n", y[1])];
            let now = survey.read_now(&survey.networks[0], &states, &nodes, &[lag("x", 0.0), lag("y", -9.0)]);
            assert_eq!((now.nodes[0].state, now.nodes[0].lag), want);
        };
        check(["ok", "ok"], ["ok", "ahead"], (NodeState::Ahead, Some(-9.0)));
        check(["ok", "ok"], ["no_consensus", "unreachable"], (NodeState::Ok, Some(0.0)));
        // Equals do not take turns, whatever the order of the answer.
        check(["ok", "ok"], ["ok", "ok"], (NodeState::Ok, Some(0.0)));
    }

    #[test]
    fn an_exporters_clock_is_not_confused_with_rounds_that_do_not_end() {
        let check = |rounds: [f64; 2], want| {
            let rounds = series(&[("network", "a")], &[(NOW - 15.0, rounds[0]), (NOW, rounds[1])]);
            let polls = series(&[("network", "a")], &[(NOW, 15.0)]);
            assert_eq!(clock(&[rounds], &[polls]), want);
        };
        check([NOW - 16.0, NOW - 1.0], None);
        check([NOW - 44.0, NOW - 29.0], None);
        check([NOW + 45.0, NOW + 60.0], Some(60.0));
        check([NOW - 90.0, NOW - 75.0], Some(-60.0));
        check([NOW - 600.0, NOW - 600.0], None);
    }
}
