//! Whole charts: pictures to look at, and what must hold for every one of them.

use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::{
    series::{Cause, Column, Envelope, Grid, Watched},
    text::{CHART_ENGLISH, CHART_RUSSIAN},
};
use layout::{Layout, PICTURE};

/// 2026-11-22 13:07:09 UTC.
const NOW: i64 = 1_795_352_829;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const MISSING: Column = missing(Cause::NotScraped);

const fn missing(cause: Cause) -> Column {
    Column { seen: None, missing: Some(cause) }
}

fn seen(min: f64, mean: f64, max: f64) -> Column {
    Column { seen: Some(Envelope { min, mean, max }), missing: None }
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
fn history(span: i64, names: &[&str]) -> History {
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
    fn change(mut self, node: usize, from: f64, to: f64, f: impl Fn(f64, Column) -> Column) -> Self {
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
    fn dip(self, node: usize, from: f64, to: f64, depth: f64) -> Self {
        self.change(node, from, to, |part, column| {
            let behind = -depth * (part * std::f64::consts::PI).sin();
            let low = column.seen.map_or(0.0, |it| it.min);
            seen((behind + low).floor(), behind - 0.5, (behind + 1.0).min(0.0))
        })
    }

    fn spike(self, node: usize, at: f64, depth: f64) -> Self {
        self.change(node, at, at, |_, _| seen(-depth, -depth / 8.0, 0.0))
    }

    fn gap(self, node: usize, from: f64, to: f64, cause: Cause) -> Self {
        self.change(node, from, to, |_, _| missing(cause))
    }

    fn partly(self, node: usize, at: f64, to: f64, cause: Cause) -> Self {
        self.change(node, at, to, |_, column| Column { missing: Some(cause), ..column })
    }

    fn no_best(mut self, from: f64, to: f64) -> Self {
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

fn scenes() -> Vec<(&'static str, History)> {
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

/// Lays out and draws everything worth looking at; into the folder that HEADLAG_CHARTS
/// names, when someone wants to look.
#[test]
fn every_scene_is_a_small_picture_of_one_size() {
    let folder = std::env::var("HEADLAG_CHARTS").ok();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for (name, history) in scenes() {
        check_layout(&history, &zone);
        check_layout_in(&history, &zone, &CHART_RUSSIAN);
        for (theme, words, suffix) in [
            (Theme::Light, &CHART_ENGLISH, ""),
            (Theme::Dark, &CHART_ENGLISH, "-dark"),
            (Theme::Light, &CHART_RUSSIAN, "-ru"),
        ] {
            let name = format!("{name}{suffix}");
            let file = draw(&history, &zone, theme, words).unwrap();
            assert!(file.len() < 100_000, "{name}: {} bytes", file.len());
            let decoder = png::Decoder::new(std::io::Cursor::new(&file));
            let reader = decoder.read_info().unwrap();
            let info = reader.info();
            assert_eq!((info.width, info.height), (1280, 800));
            if let Some(folder) = &folder {
                std::fs::write(Path::new(folder).join(format!("{name}.png")), file).unwrap();
            }
        }
    }
}

/// What holds for every chart.
#[track_caller]
fn check_layout(history: &History, zone: &TimeZone) -> Layout {
    check_layout_in(history, zone, &CHART_ENGLISH)
}

#[track_caller]
fn check_layout_in(history: &History, zone: &TimeZone, words: &ChartWords) -> Layout {
    let fonts = font::Fonts::embedded().unwrap();
    let layout = Layout::new(history, zone, words, &fonts);
    for (i, label) in layout.labels.iter().enumerate() {
        let frame = label.frame;
        assert!(PICTURE.contains(&frame), "outside the picture: {label:?}");
        for other in &layout.labels[i + 1..] {
            assert!(!frame.overlaps(&other.frame), "{label:?} on {other:?}");
        }
        let lines = layout.lines.iter().chain(&layout.corridor);
        for line in lines.chain(&layout.keys) {
            assert!(!line.touches(&frame), "{label:?} on {line:?}");
        }
        let areas = layout.bands.iter().chain(&layout.excursions);
        for area in areas.chain(&layout.dots).chain(&layout.arrows) {
            assert!(!area.touches(&frame), "{label:?} on {area:?}");
        }
        for mark in &layout.lane {
            assert!(!mark.touches(&frame), "{label:?} on {mark:?}");
        }
        for key in &layout.key_hatches {
            assert!(!frame.overlaps(&key.frame), "{label:?} on {key:?}");
        }
    }
    assert!((1..=7).contains(&layout.times.len()), "{:?}", layout.times);
    assert!((4..=7).contains(&layout.ticks.len()), "{:?}", layout.ticks);
    assert!(layout.ticks.iter().all(|it| it.fract() == 0.0), "{:?}", layout.ticks);
    layout
}

fn texts(layout: &Layout) -> Vec<&str> {
    layout.labels.iter().map(|it| it.text.as_str()).collect()
}

#[test]
fn every_cause_is_named_once_at_least() {
    let zone = TimeZone::UTC;
    for (width, inside) in [(0.3, true), (0.01, false)] {
        for (cause, name) in [
            (Cause::NoAnswer, "no answer"),
            (Cause::NoConsensus, "no consensus"),
            (Cause::NotScraped, "not scraped"),
        ] {
            let history = history(DAY, &["my-node"]).gap(0, 0.4, 0.4 + width, cause);
            let layout = check_layout(&history, &zone);
            assert!(texts(&layout).contains(&name), "{:?}", texts(&layout));
            assert_eq!(layout.key_hatches.is_empty(), inside, "{name}");
        }
    }
}

#[test]
fn the_worst_sample_is_told() {
    let zone = TimeZone::UTC;
    let week = || history(7 * DAY, &["my-node"]);
    let spike = check_layout(&week().spike(0, 0.5, 14.0), &zone);
    assert!(texts(&spike).contains(&"−14") && spike.arrows.is_empty());
    let cut = check_layout(&week().spike(0, 0.5, 50_000.0), &zone);
    assert!(texts(&cut).contains(&"−50,000") && cut.arrows.len() == 1);
    let two = history(DAY, &["a-node", "b-node"]).spike(1, 0.5, 14.0);
    let two = check_layout(&two, &zone);
    assert!(texts(&two).contains(&"b-node −14"), "{:?}", texts(&two));
}

#[test]
fn of_many_nodes_the_worst_are_shown() {
    let names: Vec<String> = (0..12).map(|n| format!("node-{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut many = history(DAY, &names);
    for n in [3, 5, 7, 8, 9, 10, 11] {
        many = many.spike(n, 0.5, 20.0);
    }
    // One that never answers was never seen outside, and is worse than all of them.
    many = many.gap(1, 0.0, 1.0, Cause::NoAnswer);
    assert_eq!(ranking::shown(&many), [1, 3, 5, 7, 8, 9, 10, 11]);
    let layout = check_layout(&many, &TimeZone::UTC);
    assert!(texts(&layout).contains(&"polygon · the worst 8 of 12"), "{:?}", texts(&layout));
    assert_eq!(ranking::shown(&history(DAY, &names[..3])), [0, 1, 2]);
}

#[test]
fn the_unit_alone_takes_no_row_of_the_legend() {
    let history = history(7 * DAY, &["my-node"]).partly(0, 0.5, 0.5, Cause::NoAnswer);
    let layout = check_layout(&history, &TimeZone::UTC);
    assert!(texts(&layout).contains(&"blocks from the median · last 7 days"), "{:?}", texts(&layout));
    let rows: std::collections::BTreeSet<_> = layout.keys.iter().map(|it| it.points[0].y as i32).collect();
    assert_eq!(rows.len(), 1);
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![Just(Cause::NoAnswer), Just(Cause::NoConsensus), Just(Cause::NotScraped),]
}

/// A few neighbouring columns of one kind.
fn stretch() -> impl Strategy<Value = Vec<Column>> {
    let value = prop_oneof![
        6 => -12.0..8.0,
        1 => -60_000.0..60_000.0,
        1 => Just(-9e15),
        1 => Just(0.0),
    ];
    let value = value.prop_map(f64::round);
    let column = prop_oneof![
        6 => (value, 0.0..4.0, proptest::option::weighted(0.1, cause())).prop_map(|(low, height, missing)| Column {
            missing,
            ..seen(low, low + height / 3.0, low + height)
        }),
        1 => cause().prop_map(missing),
    ];
    (column, 1..60_usize).prop_map(|(column, count)| vec![column; count])
}

fn any_history() -> impl Strategy<Value = History> {
    let span = prop_oneof![600..2 * DAY, DAY..365 * DAY];
    let name = "[a-z0-9][a-z0-9_.-]{0,62}";
    let columns = proptest::collection::vec(stretch(), 1..30);
    let node = (name, columns);
    let nodes = proptest::collection::vec(node, 1..=9);
    let threshold = proptest::option::weighted(0.8, 0..300_u32);
    // Around the days on which Berlin changes its clocks, and anywhere.
    let until = prop_oneof![
        1_774_742_400..1_774_915_200_i64,
        1_792_886_400..1_793_059_200_i64,
        1_600_000_000..1_900_000_000_i64,
    ];
    ("[a-z0-9][a-z0-9_.-]{0,31}", span, until, nodes, threshold, 20..1100_i64).prop_map(
        |(network, span, until, nodes, threshold, columns)| {
            let step = (span / columns).max(1);
            let since = until - span;
            let start = since.div_euclid(step) * step;
            let len = usize::try_from((until - start + step - 1) / step).unwrap();
            let watched = nodes.into_iter().map(|(node, stretches)| Watched {
                node,
                columns: stretches.concat().into_iter().cycle().take(len).collect(),
            });
            let mut history = History {
                network,
                since,
                until,
                grid: Grid { start, step: u32::try_from(step).unwrap(), len },
                watched: watched.collect(),
                best: vec![None; len],
                threshold: vec![threshold.map(f64::from); len],
            };
            let first = history.watched[0].columns.iter();
            history.best = first
                .map(|it| it.seen.map(|it| Envelope { min: 0.0, mean: 0.5, max: -it.min.min(-1.0) / 4.0 }))
                .collect();
            history
        },
    )
}

proptest! {
    // PROPTEST_CASES=5000 for more.
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_chart_hides_its_texts(history in any_history(), zone in 0..4_usize, russian: bool) {
        let zone = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"][zone];
        let words = if russian { &CHART_RUSSIAN } else { &CHART_ENGLISH };
        check_layout_in(&history, &TimeZone::get(zone).unwrap(), words);
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(400)
}

#[test]
fn degenerate_histories_are_drawn() {
    let zone = TimeZone::UTC;
    let empty = history(DAY, &["my-node"]).gap(0, 0.0, 1.0, Cause::NotScraped);
    check_layout(&empty, &zone);
    let constant = history(DAY, &["my-node"]).change(0, 0.0, 1.0, |_, _| seen(0.0, 0.0, 0.0));
    check_layout(&constant, &zone);
    let mut point = history(600, &["my-node"]);
    point.grid.len = 1;
    point.watched[0].columns = vec![MISSING];
    point.best.truncate(1);
    point.threshold = vec![None];
    check_layout(&point, &zone);
    assert!(draw(&point, &zone, Theme::Light, &CHART_ENGLISH).is_ok());
}
