//! Whole charts: pictures to look at, and what must hold for every one of them.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::{
    chart::scenes::{DAY, MISSING, history, missing, scenes, seen},
    samples::grid::{Cause, Column, Envelope, Grid, Watched},
    words::{CHART_ENGLISH, CHART_RUSSIAN},
};
use layout::{Layout, PICTURE};

/// `HEADLAG_CHARTS=folder` keeps the pictures for review.
#[test]
fn every_scene_is_a_small_picture_of_one_size() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let folder = std::env::var_os("HEADLAG_CHARTS").map(std::path::PathBuf::from);
    for (name, history) in scenes() {
        for (theme, words, suffix) in [
            (Theme::Light, &CHART_ENGLISH, ""),
            (Theme::Dark, &CHART_ENGLISH, "-dark"),
            (Theme::Light, &CHART_RUSSIAN, "-ru"),
        ] {
            check_layout_in(&history, &zone, words);
            let file = draw(&history, &zone, theme, words).unwrap();
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{name}{suffix}.png")), &file).unwrap();
            }
            assert!(file.len() < 100_000, "{name}: {} bytes", file.len());
            let decoder = png::Decoder::new(std::io::Cursor::new(&file));
            let reader = decoder.read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), (1280, 800));
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
        for area in areas.chain(&layout.arrows) {
            assert!(!area.touches(&frame), "{label:?} on {area:?}");
        }
        for dot in &layout.dots {
            assert!(!dot.touches(&frame), "{label:?} on {dot:?}");
        }
        for mark in &layout.lane {
            assert!(!mark.touches(&frame), "{label:?} on {mark:?}");
        }
        for key in &layout.key_hatches {
            assert!(!frame.overlaps(&key.frame), "{label:?} on {key:?}");
        }
    }
    assert!((4..=7).contains(&layout.times.len()), "{:?}", layout.times);
    for tick in &layout.times {
        let time = jiff::Timestamp::from_second(tick.at).unwrap().to_zoned(zone.clone());
        let day_begins = time.start_of_day().unwrap() == time;
        let clock = time.strftime("%H:%M").to_string();
        assert!(day_begins || time.second() == 0 && tick.text == clock, "{time}: {tick:?}");
    }
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
            (Cause::NotScraped, "no data in Prometheus"),
        ] {
            let history = history(DAY, &["my-node"]).gap(0, 0.4, 0.4 + width, cause);
            let layout = check_layout(&history, &zone);
            assert!(texts(&layout).contains(&name), "{:?}", texts(&layout));
            assert_eq!(layout.key_hatches.is_empty(), inside, "{name}");
        }
    }
}

#[test]
fn hatching_and_lane_end_together() {
    let torn = history(DAY, &["my-node"])
        .gap(0, 0.4, 0.5, Cause::NoAnswer)
        .partly(0, 0.399, 0.4, Cause::NoAnswer)
        .partly(0, 0.5, 0.501, Cause::NoAnswer);
    let layout = check_layout(&torn, &TimeZone::UTC);
    let ([hatch], [mark]) = (&layout.gaps[..], &layout.lane[..]) else { panic!("{layout:?}") };
    assert_eq!([hatch.frame.left, hatch.frame.right], [mark.points[0].x, mark.points[1].x]);
}

#[test]
fn a_node_that_flaps_is_hatched_once() {
    let scene = scenes().into_iter().find(|it| it.0 == "flapping").unwrap().1;
    let layout = check_layout(&scene, &TimeZone::UTC);
    assert_eq!((layout.gaps.len(), layout.lane.len()), (1, 40));
    assert_eq!(layout.dots.len(), 39);
}

#[test]
fn the_worst_sample_is_told() {
    let zone = TimeZone::UTC;
    let week = || history(7 * DAY, &["my-node"]);
    let spike = check_layout(&week().spike(0, 0.5, 14.0), &zone);
    assert!(texts(&spike).contains(&"−14") && spike.arrows.is_empty());
    let cut = check_layout(&week().spike(0, 0.5, 50_000.0), &zone);
    assert!(texts(&cut).contains(&"−50,000") && cut.arrows.len() == 1);
    let twice = check_layout(&week().spike(0, 0.5, 50_000.0).spike(0, 0.8, 40_000.0), &zone);
    assert!(texts(&twice).contains(&"−50,000") && twice.arrows.len() == 2);
    let mut unjudged = week().spike(0, 0.5, 14.0);
    unjudged.threshold.fill(None);
    let label = |it: &&shape::Label| it.text == "−14";
    let layout = check_layout(&unjudged, &zone);
    assert_eq!(layout.labels.iter().find(label).map(|it| it.ink), Some(shape::Ink::Text));
    let two = history(DAY, &["a-node", "b-node"]).spike(1, 0.5, 14.0);
    let two = check_layout(&two, &zone);
    assert!(texts(&two).contains(&"b-node −14"), "{:?}", texts(&two));
}

#[test]
fn the_title_says_how_many_nodes_there_are_beyond_those_shown() {
    let mut many = history(DAY, &["a", "b"]);
    many.nodes = 12;
    let layout = check_layout(&many, &TimeZone::UTC);
    assert!(texts(&layout).contains(&"polygon · the worst 2 of 12"), "{:?}", texts(&layout));
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

/// Zones, and a moment at which their clocks change.
const ZONES: [(&str, &str); 7] = [
    ("UTC", "2026-01-01T00:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00Z"),
    ("America/St_Johns", "2026-03-08T05:30Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),
    ("Africa/Cairo", "2026-04-23T22:00Z"),
];

fn name(most: usize) -> impl Strategy<Value = String> {
    let any = proptest::string::string_regex(&format!("[a-z0-9][a-z0-9_.-]{{0,{}}}", most - 1)).unwrap();
    prop_oneof![6 => any, 1 => Just("m".repeat(most))]
}

/// Mostly a mixture; sometimes nothing at all, or nothing but the newest column.
fn columns() -> impl Strategy<Value = (Vec<Column>, u8)> {
    let mixed = proptest::collection::vec(stretch(), 1..30).prop_map(|it| it.concat());
    (mixed, 0..10_u8)
}

pub fn any_history() -> impl Strategy<Value = (History, TimeZone)> {
    let span = prop_oneof![600..2 * DAY, DAY..=365 * DAY];
    let nodes = proptest::collection::vec((name(63), columns()), 1..=8);
    let threshold = || proptest::option::weighted(0.8, 0..300_u32);
    // With the change of clocks in view, and anywhere.
    let shown = prop_oneof![3 => 0.0..1.0_f64, 1 => -100.0..100.0_f64];
    let time = (0..ZONES.len(), span, shown, 20..1100_i64);
    (name(32), time, nodes, (threshold(), threshold())).prop_map(
        |(network, (zone, span, shown, columns), nodes, (before, after))| {
            let (zone, change) = ZONES[zone];
            let change: jiff::Timestamp = change.parse().unwrap();
            let until = change.as_second() + (span as f64 * shown) as i64;
            let step = (span / columns).max(1);
            let since = until - span;
            let start = since.div_euclid(step) * step;
            let len = usize::try_from((until - start + step - 1) / step).unwrap();
            let watched = nodes.into_iter().map(|(node, (mixed, kind))| {
                let mut columns: Vec<Column> = mixed.into_iter().cycle().take(len).collect();
                match kind {
                    0 => columns.fill(MISSING),
                    1 => columns[..len - 1].fill(MISSING),
                    _ => {}
                }
                Watched { node, columns }
            });
            let watched: Vec<_> = watched.collect();
            let mut history = History {
                network,
                nodes: watched.len() + len % 2,
                since,
                until,
                grid: Grid { start, step: u32::try_from(step).unwrap(), len },
                watched,
                best: vec![None; len],
                threshold: vec![before.map(f64::from); len],
            };
            history.threshold[len / 2..].fill(after.map(f64::from));
            let first = history.watched[0].columns.iter();
            history.best = first
                .map(|it| it.seen.map(|it| Envelope { min: 0.0, mean: 0.5, max: -it.min.min(-1.0) / 4.0 }))
                .collect();
            (history, TimeZone::get(zone).unwrap())
        },
    )
}

proptest! {
    // PROPTEST_CASES=5000 for more.
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_chart_hides_its_texts((history, zone) in any_history(), russian: bool) {
        let words = if russian { &CHART_RUSSIAN } else { &CHART_ENGLISH };
        check_layout_in(&history, &zone, words);
    }

    #[test]
    fn no_chart_hides_its_worst(history in eventful_history()) {
        let layout = check_layout(&history, &TimeZone::UTC);
        let threshold = history.threshold[0].unwrap_or(0.0);
        let seen = history.watched[0].columns.iter().filter_map(|it| it.seen);
        let far = seen.flat_map(|it| [it.min, it.max]).filter(|it| it.abs() > threshold);
        // Of both sides one may be as far as the other.
        if let Some(worst) = far.map(f64::abs).reduce(f64::max) {
            let numbers = scale::Numbers { thousands: ',', decimal: '.' };
            let told = [worst, -worst].map(|it| numbers.signed(it));
            let texts = texts(&layout);
            prop_assert!(told.iter().any(|it| texts.contains(&it.as_str())), "{told:?} not in {texts:?}");
        }
    }
}

/// A quiet node that now and then falls behind, runs ahead, or does not answer.
fn eventful_history() -> impl Strategy<Value = History> {
    let span = prop_oneof![600..2 * DAY, DAY..=365 * DAY];
    let event = (0..6_u8, 0.0..0.999_f64, 0.0..0.3_f64, 1.0..40.0_f64);
    let threshold = proptest::option::weighted(0.9, 1..20_u32);
    (span, proptest::collection::vec(event, 0..=3), threshold).prop_map(|(span, events, threshold)| {
        let quiet = history(span, &["my-node"]);
        let mut history = events.into_iter().fold(quiet, |it, (kind, at, width, depth)| {
            let (to, depth) = ((at + width).min(1.0), f64::round(depth));
            match kind {
                0 => it.spike(0, at, depth),
                1 => it.spike(0, at, depth * 1000.0),
                2 => it.dip(0, at, to, depth),
                3 => it.change(0, at, at, |_, _| seen(0.0, 1.0, depth)),
                4 => it.gap(0, at, to, Cause::NoAnswer),
                _ => it.partly(0, at, to, Cause::NotScraped),
            }
        });
        history.threshold.fill(threshold.map(f64::from));
        history
    })
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
