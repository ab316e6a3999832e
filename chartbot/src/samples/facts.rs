//! PURE: what a card and a caption say of one network over a range of time.

use serde::{Serialize, Serializer};

use super::{
    missing::{Gap, Missing},
    noise::{self, Noise},
    past::{Past, Step},
    runs,
    state::{NetworkState, NodeState},
    tally::Tally,
    timeline::Timeline,
    trend::{self, Trend},
};

/// The facts about one network, in the shape of `chart --json`. Times are unix seconds;
/// what is unknown is absent, `null` in JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// Its name.
    pub network: String,
    /// How it is at `until`.
    pub state: NetworkState,
    /// When that began, also before `from`.
    #[serde(serialize_with = "whole")]
    pub since: Option<f64>,
    /// First moment that was asked for.
    pub from: i64,
    /// Now, by the server's clock.
    pub until: i64,
    /// Width of a column of the range that was asked for.
    pub step_seconds: u32,
    /// How many references are configured.
    #[serde(serialize_with = "whole")]
    pub references: Option<f64>,
    /// How many of them count.
    #[serde(serialize_with = "whole")]
    pub references_up: Option<f64>,
    /// The corridor reaches so many blocks to each side.
    #[serde(serialize_with = "whole")]
    pub threshold_blocks: Option<f64>,
    /// What the reader has to know beside, as sentences in English.
    pub warnings: Vec<String>,
    /// Its watched nodes, the worst first.
    pub nodes: Vec<NodeFacts>,
    /// The smallest and the largest threshold within the range.
    #[serde(skip)]
    pub thresholds: Option<(f64, f64)>,
    /// How many seconds the network takes for a block.
    #[serde(skip)]
    pub block_time: Option<f64>,
}

impl Facts {
    /// For how many seconds one of its nodes is behind, for people: since when the median has been
    /// above its block or, where the exporter has not watched for so long, by the block time. The
    /// exporter's page computes the same; one table holds both to it.
    #[must_use]
    pub fn seconds_behind(&self, node: &NodeFacts) -> Option<f64> {
        let measured = node.behind_seconds;
        let Some((lag, time)) = node.lag_blocks.filter(|lag| *lag > 0.0).zip(self.block_time) else {
            return measured;
        };
        // The newest of its missing blocks may have come just now, and blocks do not come evenly.
        let least = (lag - 1.0) * time / 2.0;
        measured.filter(|measured| *measured >= least).or(Some(lag * time))
    }
}

/// The facts about one watched node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeFacts {
    /// Its name.
    pub node: String,
    /// How it is at `until`.
    pub state: NodeState,
    /// When that began, also before `from`.
    #[serde(serialize_with = "whole")]
    pub since: Option<f64>,
    /// Blocks behind the median now, below zero is ahead.
    #[serde(serialize_with = "whole")]
    pub lag_blocks: Option<f64>,
    /// How long ago the median passed its block.
    #[serde(serialize_with = "whole")]
    pub behind_seconds: Option<f64>,
    /// The sample farthest from the median; absent without samples.
    pub worst: Option<Worst>,
    /// How long it was outside the corridor; absent where it was not counted.
    #[serde(serialize_with = "whole")]
    pub outside_seconds: Option<f64>,
    /// For how long nothing is known of it, by cause.
    pub missing_seconds: Missing,
    /// When it will be level at its present pace; absent where it is not catching up steadily.
    #[serde(serialize_with = "whole")]
    pub level_at: Option<f64>,
    /// Where its lag is going; absent for a node that is not behind.
    #[serde(skip)]
    pub trend: Option<Trend>,
    /// When nothing is known of it, in order.
    #[serde(skip)]
    pub gaps: Vec<Gap>,
    /// Noise that the threshold does not fit.
    #[serde(skip)]
    pub noise: Option<Noise>,
}

/// The sample farthest from the median: of equals one that is behind, and of those the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Worst {
    /// Blocks behind, below zero is ahead.
    #[serde(rename = "lag_blocks", serialize_with = "number")]
    pub lag: f64,
    /// When it was sampled.
    #[serde(serialize_with = "number")]
    pub at: f64,
}

pub(super) fn whole<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => number(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// A moment or a length to the whole second, a lag to the whole block.
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(value.round() as i64)
}

/// How a network is at the end of its time line, when that began, and whether it may have begun
/// earlier than the time line; unknown for one that was never seen.
#[must_use]
pub fn of_network(line: &Timeline) -> (NetworkState, Option<(f64, bool)>) {
    let runs = runs::runs(line.states());
    let state = runs.last().map_or(NetworkState::NotScraped, |run| run.state);
    (state, runs::since(&runs, line.odd()))
}

/// One node over the whole range.
#[derive(Debug, Clone)]
pub struct NodeHistory {
    /// Its facts. `since` is not looked up beyond the newest raw samples.
    pub facts: NodeFacts,
    /// Whether the present state may have begun before those.
    pub is_open: bool,
    /// Between which moments (unix seconds) the worst sample was taken, where no raw sample shows
    /// it.
    pub worst_within: Option<(f64, f64)>,
}

/// The facts about the node at this place. Noise and trend are judged by the newest raw samples.
#[must_use]
pub fn of_node(past: &Past, node: usize) -> NodeHistory {
    let (line, from) = (past.newest(), past.from());
    let mut tally = Tally::default();
    past.each(node, |step| match step {
        Step::Span(span) => tally.add(&span, from),
        Step::Block(block) => tally.block(&block),
    });
    past.recorded.lag.get(node).into_iter().flatten().for_each(|row| tally.row(row));
    let states = line.spans(node).map(|span| (span.begin, span.end, span.state.unwrap_or(NodeState::Gone)));
    let runs = runs::runs(states);
    let state = runs.last().map_or(NodeState::NotScraped, |run| run.state);
    let since = runs::since(&runs, line.odd());
    let lag = tally.newest.filter(|(end, _)| *end >= line.until).and_then(|(_, lag)| lag);
    let is_behind = matches!(state, NodeState::Behind | NodeState::Stalled);
    let behind = lag.filter(|_| is_behind);
    let trend = behind.and_then(|_| trend::of(&tally.samples, line.until));
    let facts = NodeFacts {
        node: line.nodes[node].clone(),
        state,
        since: since.map(|(since, _)| since),
        lag_blocks: lag,
        behind_seconds: None,
        worst: tally.worst.map(|(worst, _)| worst),
        outside_seconds: Some(tally.outside),
        missing_seconds: tally.missing,
        level_at: behind.and_then(|lag| trend?.level_at(lag, line.until)),
        trend,
        gaps: tally.gaps,
        noise: tally.threshold.and_then(|threshold| noise::of(&tally.samples, threshold)),
    };
    let worst_within = tally.worst.and_then(|(_, within)| within);
    NodeHistory { facts, is_open: since.is_some_and(|(_, is_open)| is_open), worst_within }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::samples::{
        answer::Labels,
        missing::Cause,
        recorded::Recorded,
        source::{NodeSamples, Source},
    };

    /// A node that has always been level.
    pub fn node() -> NodeFacts {
        NodeFacts {
            node: "my-node".into(),
            state: NodeState::Ok,
            since: None,
            lag_blocks: Some(0.0),
            behind_seconds: None,
            worst: None,
            outside_seconds: Some(0.0),
            missing_seconds: Missing::default(),
            level_at: None,
            trend: None,
            gaps: Vec::new(),
            noise: None,
        }
    }

    /// The first minute of a network with that node.
    pub fn facts() -> Facts {
        Facts {
            network: "polygon".into(),
            state: NetworkState::Ok,
            since: None,
            from: 0,
            until: 60,
            step_seconds: 30,
            references: Some(9.0),
            references_up: Some(8.0),
            threshold_blocks: Some(5.0),
            warnings: Vec::new(),
            nodes: vec![node()],
            thresholds: Some((5.0, 5.0)),
            block_time: None,
        }
    }

    /// A node whose samples are 15 s apart, in signs: a digit is that many blocks behind (of a
    /// corridor of 5), `u`nreachable, `w`rong chain, `?` no consensus, `.` lost, ` ` not configured.
    fn line(signs: &str) -> Timeline {
        let mut source =
            Source { labels: Labels::new(), nodes: vec![NodeSamples::default()], ..Source::default() };
        for (i, sign) in signs.chars().enumerate().filter(|(_, sign)| *sign != '.') {
            let lag = sign.to_digit(10).map(f64::from);
            let state = match sign {
                'u' => Some(NodeState::Unreachable),
                'w' => Some(NodeState::WrongChain),
                '?' => Some(NodeState::Unknown),
                ' ' => None,
                _ if lag > Some(5.0) => Some(NodeState::Behind),
                _ => Some(NodeState::Ok),
            };
            source.times.push(i as f64 * 15.0);
            source.poll.push(15.0);
            source.threshold.push(5.0);
            source.state.push(NetworkState::Ok);
            source.nodes[0].lag.push(lag.unwrap_or(f64::NAN));
            source.nodes[0].state.push(state);
        }
        Timeline::new((0.0, signs.len() as f64 * 15.0), vec!["mine".into()], vec![source])
    }

    /// The same as all that is known.
    fn past(signs: &str) -> Past {
        raw(line(signs))
    }

    fn raw(line: Timeline) -> Past {
        Past::new(vec![line], Recorded::default()).unwrap()
    }

    #[test]
    fn seconds_by_cause_to_the_sample() {
        let seconds = |signs| {
            let of = of_node(&past(signs), 0).facts;
            let missing = of.missing_seconds;
            let all = [missing.no_answer, missing.wrong_chain, missing.no_consensus, missing.not_scraped];
            (of.outside_seconds.unwrap(), all.map(Option::unwrap))
        };
        assert_eq!(seconds("000000"), (0.0, [0.0; 4]));
        assert_eq!(seconds("0u0ww0???0"), (0.0, [15.0, 30.0, 45.0, 0.0]));
        assert_eq!(seconds("0..0.6770"), (45.0, [0.0, 0.0, 0.0, 45.0]));
        assert_eq!(seconds("000000...."), (0.0, [0.0, 0.0, 0.0, 60.0]));
        // Nothing is missing before the first sample of a node, or after its last.
        assert_eq!(seconds("    0u0    "), (0.0, [15.0, 0.0, 0.0, 0.0]));
    }

    #[test]
    fn a_gap_has_its_times() {
        let gaps = of_node(&past("0uuu0u..0"), 0).facts.gaps;
        let times: Vec<_> = gaps.iter().map(|gap| (gap.cause, gap.begin, gap.end)).collect();
        let (answer, scrape) = (Cause::NoAnswer, Cause::NotScraped);
        assert_eq!(times, [(answer, 15.0, 60.0), (answer, 75.0, 90.0), (scrape, 90.0, 120.0)]);
    }

    #[test]
    fn nothing_is_foretold_of_a_node_inside_the_corridor() {
        assert_eq!(of_node(&past("5544332211"), 0).facts.level_at, None);
        let level_at = of_node(&past("999888777666"), 0).facts.level_at;
        assert!(level_at.is_some_and(|at| at >= 180.0), "{level_at:?}");
    }

    #[test]
    fn state_and_since_at_the_end() {
        let now = |signs| {
            let NodeHistory { facts, is_open, .. } = of_node(&past(signs), 0);
            (facts.state, facts.since.unwrap(), is_open)
        };
        assert_eq!(now("0000066666"), (NodeState::Behind, 75.0, false));
        assert_eq!(now("6666606666"), (NodeState::Behind, 0.0, true));
        assert_eq!(now("666660uuuu"), (NodeState::Unreachable, 90.0, false));
        assert_eq!(now("00000....."), (NodeState::NotScraped, 75.0, false));
        assert_eq!(now("00000     "), (NodeState::Gone, 75.0, false));
        let alive = Timeline { is_alive: true, ..line("00000.....") };
        assert_eq!(of_node(&raw(alive.clone()), 0).facts.state, NodeState::Gone);
        assert_eq!(of_network(&alive), (NetworkState::Gone, Some((75.0, false))));
        assert_eq!(of_network(&line("00000.....")).0, NetworkState::NotScraped);
    }

    #[test]
    fn of_equals_the_first_that_is_behind_is_the_worst() {
        let mut of = line("0303");
        of.sources[0].nodes[0].lag[0] = -3.0;
        assert_eq!(of_node(&raw(of), 0).facts.worst, Some(Worst { lag: 3.0, at: 15.0 }));
        assert_eq!(of_node(&past("uuuu"), 0).facts.worst, None);
    }

    #[test]
    fn a_dip_that_ended_before_the_range_is_not_its_worst() {
        let signs = line("9901100000");
        let later = Timeline::new((20.0, 150.0), vec!["mine".into()], signs.sources);
        let facts = of_node(&raw(later), 0).facts;
        assert_eq!(facts.worst, Some(Worst { lag: 1.0, at: 45.0 }));
        // The sample from before counts for the first seconds all the same.
        assert_eq!(facts.outside_seconds, Some(10.0));
    }

    fn seconds_behind(lag: Option<f64>, measured: Option<f64>, block_time: Option<f64>) -> Option<f64> {
        let node = NodeFacts { lag_blocks: lag, behind_seconds: measured, ..node() };
        Facts { block_time, ..facts() }.seconds_behind(&node)
    }

    /// The test of the exporter's page of the same name reads the same table.
    #[test]
    fn the_time_behind_is_that_of_the_table() {
        let table = include_str!("../../../exporter/testdata/time-behind.txt");
        let cases = table.lines().filter(|line| !line.starts_with('#'));
        let cases: Vec<Vec<Option<f64>>> =
            cases.map(|line| line.split_whitespace().map(|number| number.parse().ok()).collect()).collect();
        assert!(cases.len() > 10, "{cases:?}");
        for case in cases {
            let [lag, measured, block_time, want] = case[..] else { panic!("{case:?}") };
            assert_eq!(seconds_behind(lag, measured, block_time), want, "{case:?}");
        }
    }

    #[test]
    fn the_time_behind_is_by_blocks_where_it_was_not_measured() {
        for (lag, block_time, want) in [
            (Some(13.0), Some(2.0), Some(26.0)),
            (Some(13.0), None, None),
            (Some(0.0), Some(2.0), None),
            (None, Some(2.0), None),
        ] {
            assert_eq!(seconds_behind(lag, None, block_time), want, "{lag:?} {block_time:?}");
        }
    }

    #[test]
    fn json_is_as_the_contract_has_it() {
        let mut node = of_node(&past("0066"), 0).facts;
        node.behind_seconds = Some(25.6);
        let missing = NodeFacts { missing_seconds: Missing::UNKNOWN, ..of_node(&past("u"), 0).facts };
        let facts = Facts { references_up: Some(9.0), nodes: vec![node, missing], ..facts() };
        let unknown = serde_json::json!(null);
        let want = serde_json::json!({
            "network": "polygon", "state": "ok", "since": null, "from": 0, "until": 60, "step_seconds": 30,
            "references": 9, "references_up": 9, "threshold_blocks": 5, "warnings": [],
            "nodes": [
                {
                    "node": "mine", "state": "behind", "since": 30, "lag_blocks": 6, "behind_seconds": 26,
                    "worst": { "lag_blocks": 6, "at": 30 }, "outside_seconds": 30,
                    "missing_seconds": { "no_answer": 0, "wrong_chain": 0, "no_consensus": 0, "not_scraped": 0 },
                    "level_at": null
                },
                {
                    "node": "mine", "state": "unreachable", "since": 0, "lag_blocks": null,
                    "behind_seconds": null, "worst": null, "outside_seconds": 0,
                    "missing_seconds": {
                        "no_answer": unknown, "wrong_chain": unknown, "no_consensus": unknown,
                        "not_scraped": unknown
                    },
                    "level_at": null
                }
            ]
        });
        assert_eq!(serde_json::to_value(&facts).unwrap(), want);
    }
}
