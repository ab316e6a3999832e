//! Networks worth looking at: what tests draw, and what golden pictures show.

use jiff::tz::TimeZone;

use super::card::Card;
use crate::{
    samples::{
        facts::{
            Facts, NodeFacts, Worst,
            tests::{facts, node},
        },
        grid::{Column, Envelope, Grid, History, Watched},
        missing::{self, Cause, Gap, Missing},
        state::{NetworkState, NodeState, State},
        trend::Trend,
    },
    words::Words,
};

/// 2026-11-22 13:07:09 UTC.
pub const NOW: i64 = 1_795_352_829;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;
const THRESHOLD: f64 = 5.0;

/// A column without a lag.
pub fn away(state: State) -> Column {
    Column { seen: None, shares: vec![(state, 1.0)] }
}

/// A column with a lag, in the state that its mean has.
pub fn seen(min: f64, mean: f64, max: f64) -> Column {
    let state = match mean {
        mean if mean < -THRESHOLD => State::Behind,
        mean if mean > THRESHOLD => State::Ahead,
        _ => State::Ok,
    };
    Column { seen: Some(Envelope { min, mean, max }), shares: vec![(state, 1.0)] }
}

/// Repeatable noise from 0 to 1.
fn noise(seed: usize) -> f64 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed >> 40) as f64) / f64::from(1 << 24)
}

/// A quiet node: mostly at the median or one block behind it.
fn quiet(seed: usize) -> Column {
    let low = -(noise(seed) * noise(seed + 7) * 5.0).floor();
    seen(low, low * 0.3 - noise(seed + 3) * 0.5, 0.0)
}

/// A quiet history of the `span` seconds before [`NOW`].
pub fn history(span: i64, names: &[&str]) -> History {
    let since = NOW - span;
    let grid = Grid::over(since, NOW, 15);
    let best = |i| {
        let high = (noise(i + 99) * 2.5).floor();
        Some(Envelope { min: 0.0, mean: high * 0.5 + 0.2, max: high })
    };
    let node = |(n, name): (usize, &&str)| Watched {
        node: (*name).to_owned(),
        columns: (0..grid.len).map(|i| quiet(i + n * 100_003)).collect(),
    };
    History {
        network: "polygon".to_owned(),
        since,
        data_since: None,
        until: NOW,
        grid,
        nodes: names.len(),
        watched: names.iter().enumerate().map(node).collect(),
        best: (0..grid.len).map(best).collect(),
        threshold: vec![Some(THRESHOLD); grid.len],
    }
}

impl Watched {
    /// The columns without a lag.
    fn gaps(&self, history: &History) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (i, column) in self.columns.iter().enumerate().filter(|(_, column)| column.seen.is_none()) {
            let cause = match column.shares.first() {
                Some((State::Unreachable, _)) => Cause::NoAnswer,
                Some((State::WrongChain, _)) => Cause::WrongChain,
                Some((State::NoConsensus | State::Split, _)) => Cause::NoConsensus,
                _ => Cause::NotScraped,
            };
            let (begin, end) = history.grid.column(i);
            missing::extend(&mut gaps, Gap { cause, begin: begin as f64, end: end as f64 });
        }
        gaps
    }

    /// When the columns after the last one that was mostly in another state begin; absent if
    /// there is none, or it is the last.
    fn ok_since(&self, history: &History) -> Option<i64> {
        let most = |column: &Column| {
            let largest = column.shares.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            largest.is_some_and(|it| it.0 != State::Ok)
        };
        let last = self.columns.iter().rposition(most)?;
        (last + 1 < self.columns.len()).then(|| history.grid.column(last).1)
    }
}

impl History {
    /// Replaces the columns of one node between two parts of the whole.
    pub fn change(mut self, node: usize, from: f64, to: f64, f: impl Fn(f64, &Column) -> Column) -> Self {
        let len = self.grid.len as f64;
        let (from, to) = ((from * len) as usize, ((to * len) as usize).max((from * len) as usize + 1));
        for i in from..to.min(self.grid.len) {
            let part = (i - from) as f64 / (to - from) as f64;
            let column = &mut self.watched[node].columns[i];
            *column = f(part, column);
        }
        self
    }

    /// A node falls behind and comes back.
    pub fn dip(self, node: usize, from: f64, to: f64, depth: f64) -> Self {
        self.change(node, from, to, |part, column| {
            let behind = -depth * (part * std::f64::consts::PI).sin();
            let low = column.seen.map_or(0.0, |it| it.min);
            seen((behind + low).floor(), behind - 0.5, (behind + 1.0).min(0.0))
        })
    }

    /// One bad sample.
    pub fn spike(self, node: usize, at: f64, depth: f64) -> Self {
        self.change(node, at, at, |_, _| Column {
            shares: vec![(State::Behind, 0.1), (State::Ok, 0.9)],
            ..seen(-depth, -depth / 8.0, 0.0)
        })
    }

    /// A node that falls until now.
    fn falls(self, from: f64, depth: f64) -> Self {
        self.change(0, from, 1.0, |part, _| {
            let at = -depth * part;
            seen(at.floor() - 1.0, at, (at + 1.0).min(0.0))
        })
    }

    pub fn gap(self, node: usize, from: f64, to: f64, state: State) -> Self {
        self.change(node, from, to, |_, _| away(state))
    }

    /// A third of each column is missing.
    pub fn partly(self, node: usize, from: f64, to: f64, state: State) -> Self {
        self.change(node, from, to, |_, column| Column {
            shares: vec![(state, 1.0 / 3.0), (State::Ok, 2.0 / 3.0)],
            ..column.clone()
        })
    }

    fn no_best(mut self, from: f64, to: f64) -> Self {
        let len = self.grid.len as f64;
        self.best[(from * len) as usize..(to * len) as usize].fill(None);
        self
    }
}

/// How a node of a scene is now.
pub struct Present {
    pub state: NodeState,
    /// How many minutes that has lasted.
    pub minutes: i64,
    /// Blocks behind, and seconds.
    pub lag: Option<(f64, f64)>,
}

/// Facts and columns that fit each other.
#[derive(Debug, Clone)]
pub struct Scene {
    pub facts: Facts,
    pub history: History,
}

impl Scene {
    /// A network in this state, whose first node is as `present` and whose others are level.
    pub fn new(history: History, state: NetworkState, present: &Present) -> Scene {
        let of = |(place, watched): (usize, &Watched)| {
            let is_first = place == 0;
            let samples = watched.columns.iter().enumerate();
            let samples = samples.filter_map(|(i, it)| Some((history.grid.column(i).1, it.seen?)));
            let ends = samples.flat_map(|(at, it)| [(at, -it.min), (at, -it.max)]);
            let lasts = if is_first { present.minutes * 60 } else { 3 * DAY };
            let since = watched.ok_since(&history).filter(|_| !is_first || present.state == NodeState::Ok);
            let seconds = |state| {
                let shares = watched.columns.iter().flat_map(|it| &it.shares);
                shares.filter(|it| it.0 == state).map(|it| f64::from(it.1)).sum::<f64>()
                    * f64::from(history.grid.step)
            };
            let now = present.lag.filter(|_| is_first).map(|(lag, _)| (NOW, lag));
            let worst = ends.chain(now).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            NodeFacts {
                node: watched.node.clone(),
                state: if is_first { present.state } else { NodeState::Ok },
                since: Some(since.unwrap_or(NOW - lasts) as f64),
                lag_blocks: if is_first { present.lag.map(|it| it.0) } else { Some(0.0) },
                behind_seconds: present.lag.filter(|_| is_first).map(|it| it.1),
                worst: worst.map(|(at, lag)| Worst { lag, at: at.min(NOW) as f64 }),
                outside_seconds: Some(
                    [State::Behind, State::Ahead, State::Stalled].into_iter().map(seconds).sum(),
                ),
                missing_seconds: Missing {
                    no_answer: Some(seconds(State::Unreachable)),
                    wrong_chain: Some(seconds(State::WrongChain)),
                    ..Missing::default()
                },
                gaps: watched.gaps(&history),
                ..node()
            }
        };
        let facts = Facts {
            network: history.network.clone(),
            state,
            since: Some((NOW - present.minutes * 60) as f64),
            from: history.since,
            until: NOW,
            step_seconds: history.grid.step,
            references_up: Some(9.0),
            nodes: history.watched.iter().enumerate().map(of).collect(),
            ..facts()
        };
        Scene { facts, history }
    }

    /// What is drawn of it.
    pub fn card(&self, zone: &TimeZone, words: &Words) -> Card {
        Card::new(&self.facts, &self.history, zone, words)
    }

    fn with(mut self, change: impl Fn(&mut Facts)) -> Scene {
        change(&mut self.facts);
        self
    }
}

const LONG: [&str; 8] = [
    "a-very-long-name-that-goes-on-and-on-until-it-has-63-characters0",
    "polygon-mainnet-archive-eu-west-01",
    "polygon-mainnet-archive-eu-west-02",
    "polygon-mainnet-full-us-east-01",
    "polygon-mainnet-full-us-east-02",
    "erigon-a",
    "erigon-b",
    "bor",
];

/// A name and its scene.
pub fn scenes() -> Vec<(&'static str, Scene)> {
    use {NetworkState as Net, NodeState as Now, State::*};
    let hour = || history(HOUR, &["my-node"]);
    let day = || history(DAY, &["my-node"]);
    let week = || history(7 * DAY, &["my-node"]);
    let now = |state, minutes, lag| Present { state, minutes, lag };
    let ok = || now(Now::Ok, 3 * 1_440, Some((0.0, 0.0)));
    let calm = |history| Scene::new(history, Net::Ok, &ok());
    let scene = |history, present: Present| Scene::new(history, Net::Ok, &present);

    let behind = hour().dip(0, 0.20, 0.25, 8.0).gap(0, 0.48, 0.55, Unreachable);
    let behind = scene(behind.falls(0.78, 27.0), now(Now::Behind, 11, Some((27.0, 54.0))))
        .with(|it| it.nodes[0].trend = Some(Trend::Steady { slope: 0.034, zero: 0.0 }));
    let back = day().change(0, 0.3, 1.0, |part, _| {
        let at = -50_000.0 * (1.0 - part) - 312.0;
        seen(at - 20.0, at, at + 20.0)
    });
    let back = scene(back, now(Now::Behind, 1_000, Some((312.0, 624.0))))
        .with(|it| it.nodes[0].level_at = Some((NOW + 6 * 60) as f64));
    let mut halted =
        hour().change(0, 0.35, 1.0, |_, _| Column { shares: vec![(Halted, 1.0)], ..seen(0.0, 0.0, 0.0) });
    let len = halted.grid.len;
    halted.best[len * 35 / 100..].fill(Some(Envelope { min: 0.0, mean: 0.0, max: 0.0 }));
    let split = hour().gap(0, 0.6, 1.0, Split).no_best(0.6, 1.0);
    let torn = (0..300).fold(day(), |it, n| {
        let at = 0.3 + f64::from(n) / 600.0;
        it.partly(0, at, at, Unreachable)
    });
    let three = history(DAY, &["bor-1", "erigon-a", "erigon-b"])
        .gap(0, 0.7, 1.0, Unreachable)
        .dip(1, 0.3, 0.4, 9.0)
        .spike(2, 0.6, 8.0);
    let dead = history(HOUR, &["bor-1", "erigon-a", "erigon-b"]);
    let dead = [0, 1, 2].into_iter().fold(dead, |it, n| it.gap(n, 0.7, 1.0, Unreachable));
    let dead = scene(dead, now(Now::Unreachable, 18, None)).with(|it| {
        for node in &mut it.nodes {
            *node = NodeFacts { node: node.node.clone(), ..it_dead() };
        }
    });
    let eight = history(7 * DAY, &LONG).falls(0.9, 29.0);
    let eight = LONG
        .iter()
        .enumerate()
        .skip(1)
        .fold(eight, |it, (n, _)| it.dip(n, 0.1 * n as f64, 0.1 * n as f64 + 0.05, 3.0 + 2.0 * n as f64));
    let eight = scene(eight, now(Now::Behind, 900, Some((29.0, 58.0)))).with(|it| {
        it.nodes[0].trend = Some(Trend::More);
        it.nodes.extend([node(), node()]);
    });
    let peaks = [0.2, 0.5, 0.8].into_iter().zip([76.0, 77.0, 76.0]);
    let peaks = peaks.fold(history(30 * DAY, &["my-node"]), |it, (at, depth)| it.spike(0, at, depth));
    let ahead = hour().change(0, 0.7, 1.0, |_, _| seen(8.0, 9.0, 9.0));
    let stalled = hour()
        .falls(0.7, 535.0)
        .change(0, 0.71, 1.0, |_, column| Column { shares: vec![(Stalled, 1.0)], ..column.clone() });
    let wrong = day().gap(0, 0.72, 1.0, WrongChain);
    // Three minutes of a column of forty.
    let month = history(30 * DAY, &["my-node"]).change(0, 0.9999, 1.0, |_, _| Column {
        shares: vec![(Behind, 0.075), (Ok, 0.925)],
        ..seen(-27.0, -1.4, 0.0)
    });
    let mut late = history(2 * HOUR, &["my-node"]);
    late.data_since = Some(late.since);
    let late = calm(late).with(|it| {
        (it.from, it.step_seconds) = (NOW - 30 * DAY, 2_400);
        it.nodes[0].since = Some((NOW - 2 * HOUR) as f64);
    });
    // The first chart, which is wider than its data.
    let mut first = history(10 * 60, &["my-node"]).change(0, 0.0, 0.85, |_, _| Column::default());
    first.data_since = Some(NOW - 80);
    let first = calm(first).with(|it| {
        (it.from, it.step_seconds) = (NOW - HOUR, 30);
        it.nodes[0].since = Some((NOW - 80) as f64);
    });
    let noisy = week().change(0, 0.0, 1.0, |part, _| {
        let seed = (part * 1e9) as usize;
        let (low, high) = (-(noise(seed) * 12.0).floor(), (noise(seed + 5) * 5.0).floor());
        seen(low, (low + high) / 2.0, high)
    });
    let mut steps = day().dip(0, 0.6, 0.7, 12.0);
    let len = steps.grid.len;
    steps.threshold[..len / 4].fill(None);
    steps.threshold[len / 2..].fill(Some(10.0));
    let steps = steps.change(0, 0.5, 1.0, |_, column| {
        let is_inside = column.seen.is_some_and(|it| it.mean >= -10.0);
        let shares = if is_inside { vec![(Ok, 1.0)] } else { column.shares.clone() };
        Column { shares, ..column.clone() }
    });
    let mut unknown = day().spike(0, 0.4, 9.0);
    unknown.threshold.fill(None);
    vec![
        ("behind", behind),
        ("calm", calm(hour())),
        ("ten-minutes", calm(history(600, &["my-node"]).spike(0, 0.3, 7.0))),
        ("day", calm(day().dip(0, 0.4, 0.52, 13.0).spike(0, 0.6, 9.0).gap(0, 0.7, 0.79, Unreachable))),
        ("halted", Scene::new(halted, Net::Halted, &now(Now::Ok, 39, Some((0.0, 0.0))))),
        ("split", Scene::new(split, Net::Split, &now(Now::Unknown, 24, None))),
        ("no-answer", scene(day().gap(0, 0.8, 1.0, Unreachable), now(Now::Unreachable, 287, None))),
        ("wrong-chain", scene(wrong, now(Now::WrongChain, 407, None))),
        (
            "not-scraped",
            Scene::new(
                day().gap(0, 0.9, 1.0, NotScraped).no_best(0.9, 1.0),
                Net::NotScraped,
                &now(Now::NotScraped, 144, None),
            )
            .with(|it| (it.references, it.references_up) = (None, None)),
        ),
        ("stalled", scene(stalled, now(Now::Stalled, 17, Some((535.0, 1_070.0))))),
        ("back", back),
        ("month", scene(month, now(Now::Behind, 3, Some((27.0, 54.0))))),
        ("outlier", calm(week().spike(0, 0.4, 20_000.0).dip(0, 0.7, 0.72, 27.0))),
        ("peaks", calm(peaks).with(|it| it.nodes[0].since = None)),
        ("late", late),
        ("first", first),
        ("torn", calm(torn)),
        ("three", scene(three, now(Now::Unreachable, 432, None))),
        ("dead", dead),
        ("eight", eight),
        ("ahead", scene(ahead, now(Now::Ahead, 18, Some((-9.0, 0.0))))),
        ("year", calm(history(365 * DAY, &["my-node"]).dip(0, 0.1, 0.11, 30.0).spike(0, 0.5, 41.0))),
        ("noisy", calm(noisy)),
        ("steps", calm(steps)),
        ("no-threshold", calm(unknown)),
        (
            "nothing",
            scene(day().gap(0, 0.0, 1.0, Unreachable).no_best(0.0, 1.0), now(Now::Unreachable, 9_000, None)),
        ),
    ]
}

/// A node that has given no answer for 18 minutes.
fn it_dead() -> NodeFacts {
    NodeFacts {
        state: NodeState::Unreachable,
        lag_blocks: None,
        since: Some((NOW - 18 * 60) as f64),
        ..node()
    }
}
