//! Histories worth looking at: what tests draw, and what golden pictures show.

use crate::samples::grid::{Cause, Column, Envelope, Grid, History, Watched};

/// 2026-11-22 13:07:09 UTC.
const NOW: i64 = 1_795_352_829;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;
pub const MISSING: Column = missing(Cause::NotScraped);

pub const fn missing(cause: Cause) -> Column {
    Column { seen: None, missing: Some(cause), known: 0.0 }
}

pub fn seen(min: f64, mean: f64, max: f64) -> Column {
    Column { seen: Some(Envelope { min, mean, max }), missing: None, known: 1.0 }
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
    let step = (span / 1100).max(30);
    let step = (step + 14) / 15 * 15;
    let since = NOW - span;
    let start = since.div_euclid(step) * step;
    let len = usize::try_from((NOW - start + step - 1) / step).unwrap();
    let nodes = names.iter().enumerate();
    let best = |i| {
        let high = (noise(i + 99) * 2.5).floor();
        let (min, mean, max) = (0.0, high * 0.5 + 0.2, high);
        Some(Envelope { min, mean, max })
    };
    History {
        network: "polygon".to_owned(),
        since,
        until: NOW,
        grid: Grid { start, step: u32::try_from(step).unwrap(), len },
        nodes: nodes.len(),
        watched: nodes
            .map(|(n, name)| Watched {
                node: (*name).to_owned(),
                columns: (0..len).map(|i| quiet(i + n * 100_003)).collect(),
            })
            .collect(),
        best: (0..len).map(best).collect(),
        threshold: vec![Some(5.0); len],
    }
}

impl History {
    /// Replaces the columns of one node between two parts of the whole.
    pub fn change(mut self, node: usize, from: f64, to: f64, f: impl Fn(f64, Column) -> Column) -> Self {
        let len = self.grid.len as f64;
        let (from, to) = ((from * len) as usize, ((to * len) as usize).max((from * len) as usize + 1));
        for i in from..to.min(self.grid.len) {
            let part = (i - from) as f64 / (to - from) as f64;
            let column = &mut self.watched[node].columns[i];
            *column = f(part, *column);
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

    pub fn spike(self, node: usize, at: f64, depth: f64) -> Self {
        self.change(node, at, at, |_, _| seen(-depth, -depth / 8.0, 0.0))
    }

    pub fn gap(self, node: usize, from: f64, to: f64, cause: Cause) -> Self {
        self.change(node, from, to, |_, _| missing(cause))
    }

    pub fn partly(self, node: usize, at: f64, to: f64, cause: Cause) -> Self {
        self.change(node, at, to, |_, column| Column { missing: Some(cause), ..column })
    }

    pub fn no_best(mut self, from: f64, to: f64) -> Self {
        let len = self.grid.len as f64;
        self.best[(from * len) as usize..(to * len) as usize].fill(None);
        self
    }
}

const LONG: [&str; 8] = [
    "polygon-mainnet-archive-eu-west-01",
    "polygon-mainnet-archive-eu-west-02",
    "polygon-mainnet-full-us-east-01",
    "polygon-mainnet-full-us-east-02",
    "erigon-a",
    "erigon-b",
    "a-very-long-name-that-goes-on-and-on-until-it-has-63-characters0",
    "bor",
];

pub fn scenes() -> Vec<(&'static str, History)> {
    use Cause::{NoAnswer, NoConsensus, NotScraped};
    let day = || history(DAY, &["my-node"]);
    let mut steps = history(DAY, &["my-node"]).dip(0, 0.6, 0.7, 12.0);
    let len = steps.grid.len;
    steps.threshold[..len / 4].fill(None);
    steps.threshold[len / 2..].fill(Some(10.0));
    let mut one = day().gap(0, 0.0, 1.0, NotScraped).no_best(0.0, 1.0);
    one.watched[0].columns[len - 1] = seen(-1.0, -1.0, -1.0);
    let mut unknown = day().spike(0, 0.4, 9.0);
    unknown.threshold.fill(None);
    let mut berlin_year = history(365 * DAY, &["my-node"]).dip(0, 0.1, 0.11, 30.0);
    berlin_year.network = "avalanche-c-chain-mainnet-number".to_owned();
    let eight = LONG.iter().enumerate();
    let eight = eight.fold(history(7 * DAY, &LONG), |it, (n, _)| {
        it.dip(n, 0.1 * n as f64, 0.1 * n as f64 + 0.05, 3.0 + 2.0 * n as f64)
    });
    vec![
        ("hour", history(HOUR, &["my-node"]).dip(0, 0.5, 0.62, 8.0)),
        ("ten-minutes", history(600, &["my-node"]).spike(0, 0.3, 7.0)),
        (
            "day",
            day().dip(0, 0.4, 0.52, 13.0).spike(0, 0.6, 9.0).gap(0, 0.7, 0.79, NoAnswer).no_best(0.7, 0.79),
        ),
        (
            "week",
            history(7 * DAY, &["my-node"])
                .dip(0, 0.3, 0.35, 14.0)
                .spike(0, 0.6, 9.0)
                .partly(0, 0.5, 0.5, NoAnswer)
                .partly(0, 0.75, 0.76, NoAnswer),
        ),
        (
            "short-gaps",
            history(7 * DAY, &["my-node"])
                .gap(0, 0.2, 0.2044, NoAnswer)
                .gap(0, 0.5, 0.5044, NoConsensus)
                .no_best(0.5, 0.5044)
                .gap(0, 0.8, 0.8044, NotScraped)
                .no_best(0.8, 0.8044)
                .gap(0, 0.9, 0.97, NoAnswer),
        ),
        (
            "flapping",
            (0..40).fold(day(), |it, n| {
                let at = 0.3 + 0.01 * f64::from(n);
                it.gap(0, at, at + 0.008, NoAnswer)
            }),
        ),
        (
            "gaps",
            day()
                .gap(0, 0.1, 0.25, NoAnswer)
                .gap(0, 0.4, 0.6, NoConsensus)
                .no_best(0.4, 0.6)
                .gap(0, 0.7, 0.85, NotScraped)
                .no_best(0.7, 0.85)
                .gap(0, 0.92, 0.93, NoAnswer)
                .gap(0, 0.96, 0.96, NoConsensus),
        ),
        (
            "noisy",
            history(7 * DAY, &["my-node"]).change(0, 0.0, 1.0, |part, _| {
                let low = -(noise((part * 1e9) as usize) * 12.0).floor();
                let high = (noise((part * 1e9) as usize + 5) * 5.0).floor();
                seen(low, (low + high) / 2.0, high)
            }),
        ),
        ("spike", history(7 * DAY, &["my-node"]).spike(0, 0.5, 22.0)),
        ("clipped", history(7 * DAY, &["my-node"]).spike(0, 0.4, 50_000.0).dip(0, 0.7, 0.72, 9.0)),
        (
            "three",
            history(DAY, &["erigon-a", "erigon-b", "bor-1"])
                .dip(0, 0.3, 0.4, 9.0)
                .spike(1, 0.6, 8.0)
                .gap(2, 0.7, 0.8, NoAnswer),
        ),
        ("eight", eight),
        ("all-gaps", day().gap(0, 0.0, 1.0, NoAnswer)),
        ("one-point", one),
        ("steps", steps),
        ("no-threshold", unknown),
        ("year", berlin_year),
        (
            "jitter",
            history(DAY, &["my-node"]).change(0, 0.3, 0.8, |part, _| {
                let low = -(noise((part * 1e6) as usize) * 9.0).floor();
                seen(low, low / 2.0, 0.0)
            }),
        ),
        (
            "far-behind",
            history(30 * DAY, &["my-node"]).change(0, 0.6, 1.0, |part, _| {
                seen(-90_000.0 * part - 20.0, -90_000.0 * part - 10.0, -90_000.0 * part)
            }),
        ),
    ]
}
