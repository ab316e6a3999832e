//! Whole pictures: what must hold for every one of them.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{
    curve::Side,
    font::Fonts,
    layout::{EDGE, Layout, Mark, PICTURE},
    scenes::{DAY, NOW, Present, Scene, away, history, scenes, seen},
    shape::{Ink, Label, Rect},
    *,
};
use crate::{
    samples::{
        facts::tests::node,
        grid::{Column, Envelope, Grid, History, Watched},
        state::{NetworkState, NodeState, State},
        trend::Trend,
    },
    words::{ENGLISH, RUSSIAN},
};

/// What holds for every picture.
#[track_caller]
fn check(card: &Card, zone: &TimeZone, words: &Words) -> Layout {
    let fonts = Fonts::embedded().unwrap();
    let layout = Layout::new(card, zone, words, &fonts);
    let inside = PICTURE.grown(-EDGE);
    for (i, label) in layout.labels.iter().enumerate() {
        assert!(inside.contains(&label.frame), "outside the picture: {label:?}");
        assert!(label.size >= 36.0, "too small: {label:?}");
        for other in &layout.labels[i + 1..] {
            assert!(!label.frame.overlaps(&other.frame), "{label:?} on {other:?}");
        }
        for mark in &layout.data {
            assert!(!mark.touches(&label.frame), "{label:?} on {mark:?}");
        }
    }
    let edges = |mark: &Mark| match mark {
        Mark::Line(line) => line.points.clone(),
        Mark::Area(area) => area.outline.clone(),
        Mark::Disc(disc) => vec![disc.center],
    };
    for point in layout.under.iter().chain(&layout.data).flat_map(edges) {
        let at = Rect { left: point.x, right: point.x, top: point.y, bottom: point.y };
        assert!(inside.contains(&at), "{point:?}");
    }
    layout
}

#[track_caller]
fn drawn(name: &str, words: &Words) -> Layout {
    let (_, scene) = scenes().into_iter().find(|it| it.0 == name).expect(name);
    check(&scene.card(&TimeZone::UTC, words), &TimeZone::UTC, words)
}

fn texts(layout: &Layout) -> Vec<String> {
    layout.labels.iter().map(|it| it.text.replace('\u{a0}', " ")).collect()
}

fn inks(layout: &Layout) -> impl Iterator<Item = Ink> {
    let ink = |mark: &Mark| match mark {
        Mark::Line(line) => line.ink,
        Mark::Area(area) => area.ink,
        Mark::Disc(disc) => disc.ink,
    };
    layout.under.iter().chain(&layout.data).map(ink).chain(layout.labels.iter().map(|it| it.ink))
}

/// `HEADLAG_CHARTS=folder` keeps the pictures for review.
#[test]
fn every_scene_is_a_small_picture_of_one_size() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let folder = std::env::var_os("HEADLAG_CHARTS").map(std::path::PathBuf::from);
    for (name, scene) in scenes() {
        for (theme, words, suffix) in [(Theme::Light, &ENGLISH, ""), (Theme::Dark, &RUSSIAN, "-dark-ru")] {
            let card = scene.card(&zone, words);
            check(&card, &zone, words);
            // The golden pictures have the other theme.
            if folder.is_none() && theme == Theme::Dark {
                continue;
            }
            let file = draw(&card, &zone, theme, words).unwrap();
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{name}{suffix}.png")), &file).unwrap();
            }
            assert!(file.len() <= 120 * 1024, "{name}: {} bytes", file.len());
            let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), (1280, 1280));
        }
    }
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let (_, scene) = scenes().swap_remove(0);
    let draw =
        || draw(&scene.card(&TimeZone::UTC, &ENGLISH), &TimeZone::UTC, Theme::Light, &ENGLISH).unwrap();
    assert_eq!(draw(), draw());
}

#[test]
fn the_alarm_colour_is_only_where_something_is_or_was_wrong() {
    let is_alarm = |ink: Ink| match ink {
        Ink::Outside(Side::Below) | Ink::Excursion(Side::Below) => true,
        Ink::Fill(state) | Ink::Tile(state) | Ink::Sign(state) => state.is_alarm(),
        _ => false,
    };
    let calm = ["calm", "halted", "split", "ahead", "late", "first", "not-scraped"];
    for (name, _) in scenes() {
        assert_eq!(inks(&drawn(name, &ENGLISH)).any(is_alarm), !calm.contains(&name), "{name}");
    }
}

/// What a person woken at night asks: what, which, since when, still so, how bad, until when.
#[test]
fn the_picture_alone_answers() {
    for (name, want) in [
        (
            "behind",
            &[
                "27 blocks behind",
                "polygon · my-node · since 12:56, losing 2 blocks a minute",
                "−27",
                "−54 s",
                "no answer",
                // What was before the present trouble has its number too.
                "−10",
                "Sun 22 Nov, 12:07–13:07 UTC",
                "9 of 9 references up",
            ][..],
        ),
        ("calm", &["level", "polygon · my-node · since Thu 13:07"]),
        ("halted", &["the chain has halted", "polygon · since 12:28, not a fault of the nodes", "halted"]),
        ("split", &["references disagree", "polygon · since 12:43, no node can be judged"]),
        ("no-answer", &["no answer", "polygon · my-node · since 08:20"]),
        ("wrong-chain", &["wrong chain", "polygon · my-node · since 06:20"]),
        ("not-scraped", &["no data in Prometheus", "polygon · my-node · since 10:43, nobody is watching"]),
        (
            "back",
            &[
                "312 blocks behind",
                "polygon · my-node · since Sat 20:27, level at about 13:15",
                "−312",
                "−10 min",
            ],
        ),
        ("month", &["27 blocks behind", "−27", "−54 s"]),
        ("outlier", &["−20,000"]),
        ("peaks", &["−77"]),
        ("torn", &["level", "polygon · my-node · on and off no answer, 3 h of 24 h"]),
        ("late", &["data since Sun 22 Nov, 11:07, to 13:07 UTC"]),
        ("first", &["data since Sun 22 Nov, 13:05, to 13:07 UTC"]),
        (
            "three",
            &["no answer", "polygon · bor-1 · since 05:55, 2 of 3 nodes ok", "bor-1", "erigon-a", "erigon-b"],
        ),
        ("dead", &["no answer", "polygon · all 3 nodes · since 12:49"]),
        ("eight", &["29 blocks behind", "−29", "and 2 more, ok"]),
        ("stalled", &["stalled, 535 blocks behind", "−535"]),
        ("ahead", &["9 blocks ahead", "+9"]),
    ] {
        let texts = texts(&drawn(name, &ENGLISH));
        for text in want {
            assert!(texts.iter().any(|it| it == text), "{name}: no {text:?} in {texts:?}");
        }
    }
    let texts = texts(&drawn("stalled", &RUSSIAN));
    for text in [
        "стоит, отстаёт на 535 блоков",
        "polygon · my-node · с 12:50",
        "вс 22 ноя, 12:07–13:07 UTC",
        "эталонных 9 из 9",
    ] {
        assert!(texts.iter().any(|it| it.starts_with(text)), "{texts:?}");
    }
}

#[test]
fn the_state_of_the_network_is_beside_the_alarm_of_a_node() {
    let behind = Present { state: NodeState::Behind, minutes: 11, lag: Some((27.0, 54.0)) };
    let scene = Scene::new(history(DAY, &["my-node"]), NetworkState::Halted, &behind);
    let layout = check(&scene.card(&TimeZone::UTC, &ENGLISH), &TimeZone::UTC, &ENGLISH);
    let second = "polygon (the chain has halted) · my-node · since 12:56";
    assert!(texts(&layout).contains(&second.to_owned()), "{:?}", texts(&layout));
}

#[test]
fn ticks_begin_with_the_corridor_and_the_number_is_on_its_side_of_it() {
    let layout = drawn("behind", &ENGLISH);
    let at = |text: &str| {
        let label = layout.labels.iter().find(|it| it.text.replace('\u{a0}', " ") == text);
        label.expect(text).frame
    };
    assert!(at("+5").bottom < at("0").top && at("0").bottom < at("−5").top);
    let threshold = at("−5").center().y;
    for number in ["−27", "−54 s"] {
        assert!(at(number).top > threshold, "{number}");
    }
}

/// A calm day but for a dip in its first half, which has another threshold than the second.
fn dip_before_the_threshold_changed(depth: f64, thresholds: [Option<f64>; 2]) -> Layout {
    let mut history = history(DAY, &["my-node"]).change(0, 0.2, 0.25, |_, _| seen(-depth, -depth, -depth));
    let (before, after) = history.threshold.split_at_mut(history.grid.len / 2);
    before.fill(thresholds[0]);
    after.fill(thresholds[1]);
    let now = Present { state: NodeState::Ok, minutes: 9_000, lag: Some((0.0, 0.0)) };
    let card = Scene::new(history, NetworkState::Ok, &now).card(&TimeZone::UTC, &ENGLISH);
    check(&card, &TimeZone::UTC, &ENGLISH)
}

#[test]
fn a_number_is_judged_by_the_threshold_of_its_own_time() {
    for (depth, thresholds, want) in [
        (7.0, [Some(5.0), Some(10.0)], Some("−7")),
        (27.0, [Some(5.0), Some(30.0)], Some("−27")),
        (7.0, [Some(10.0), Some(5.0)], None),
        // Where it is unknown, the widest that is known counts.
        (7.0, [None, Some(10.0)], None),
        (7.0, [None, Some(5.0)], Some("−7")),
    ] {
        let layout = dip_before_the_threshold_changed(depth, thresholds);
        let is_number = |label: &&Label| label.ink == Ink::Sign(State::Behind) && label.text.starts_with('−');
        let number = layout.labels.iter().find(is_number).map(|it| it.text.as_str());
        assert_eq!(number, want, "{depth} under {thresholds:?}");
    }
}

#[test]
fn a_thin_corridor_is_as_high_as_the_threshold_of_its_time() {
    let layout = dip_before_the_threshold_changed(5_000.0, [Some(5.0), Some(30.0)]);
    let band = |mark: &Mark| match mark {
        Mark::Area(area) if area.ink == Ink::ThinCorridor => Some(area.outline.clone()),
        _ => None,
    };
    let bands: Vec<_> = layout.under.iter().filter_map(band).collect();
    let [before, after] = &bands[..] else { panic!("{bands:?}") };
    assert_eq!((before[2].x, before[2].y < after[2].y), (after[0].x, true), "{bands:?}");
}

#[test]
fn an_unfinished_column_invents_nothing() {
    // One sample of −4 in a column that has hardly begun, and level since.
    let scene = Scene::new(
        history(30 * DAY, &["my-node"]).change(0, 0.9999, 1.0, |_, _| seen(-4.0, -4.0, 0.0)),
        NetworkState::Ok,
        &Present { state: NodeState::Ok, minutes: 9_000, lag: Some((0.0, 0.0)) },
    );
    let card = scene.card(&TimeZone::UTC, &ENGLISH);
    assert_eq!(card.nodes[0].seen.last().copied().flatten().map(|it| it.mean), Some(0.0));
}

#[test]
fn every_excursion_has_the_same_ink_however_short() {
    let layout = drawn("year", &ENGLISH);
    let below = layout.data.iter().filter_map(|mark| match mark {
        Mark::Line(line) if line.ink == Ink::Outside(Side::Below) => line.points.first(),
        _ => None,
    });
    let places: Vec<f32> = below.map(|point| point.x).collect();
    // A dip of four days after a tenth of the year, and one sample in the middle of it.
    for place in [0.105, 0.5] {
        let x = 178.0 + (1_100.0 - 178.0) * place;
        assert!(places.iter().any(|it| (it - x).abs() < 12.0), "{place}: {places:?}");
    }
}

#[test]
fn a_forecast_is_a_dotted_way_to_the_median_right_of_the_plot() {
    let ways = |name: &str| {
        let layout = drawn(name, &ENGLISH);
        let zero = layout.labels.iter().find(|it| it.text == "0").unwrap().frame.center().y;
        let ends = layout.data.into_iter().filter_map(move |mark| match mark {
            Mark::Line(line) if line.dash.is_some() => line.points.last().copied(),
            _ => None,
        });
        ends.filter(|end| end.x > 1_110.0 && (end.y - zero).abs() < 10.0).count()
    };
    assert_eq!((ways("back"), ways("behind"), ways("calm")), (1, 0, 0));
}

#[test]
fn nothing_moves_between_two_pictures() {
    let frames = |name: &str| {
        let layout = drawn(name, &ENGLISH);
        let times = layout.labels.into_iter().filter(|it| it.text.contains(':') && it.text.len() == 5);
        times.map(|it| (it.text, it.frame)).collect::<Vec<_>>()
    };
    assert_eq!(frames("calm"), frames("behind"));
    assert_eq!(frames("calm"), frames("ahead"));
}

#[test]
fn degenerate_histories_are_drawn() {
    let unknown = Present { state: NodeState::NotScraped, minutes: 9, lag: None };
    let mut point = history(600, &["my-node"]);
    point.grid.len = 1;
    point.watched[0].columns = vec![Column::default()];
    point.best.truncate(1);
    point.threshold = vec![None];
    let mut empty = Scene::new(history(DAY, &[]), NetworkState::NotScraped, &unknown);
    empty.facts.since = None;
    for scene in [Scene::new(point, NetworkState::NotScraped, &unknown), empty] {
        check(&scene.card(&TimeZone::UTC, &ENGLISH), &TimeZone::UTC, &ENGLISH);
    }
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
    let state = || (0..State::ALL.len()).prop_map(|rank| State::ALL[rank]);
    let column = prop_oneof![
        6 => (value, 0.0..4.0, proptest::option::weighted(0.1, state())).prop_map(|(low, height, partly)| {
            let column = seen(low, low + height / 3.0, low + height);
            let (own, _) = column.shares[0];
            let shares = partly.map_or(vec![(own, 1.0)], |state| vec![(state, 0.4), (own, 0.6)]);
            Column { shares, ..column }
        }),
        1 => state().prop_map(away),
        1 => Just(Column::default()),
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

fn any_history() -> impl Strategy<Value = (History, TimeZone)> {
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
                    0 => columns.fill(away(State::NotScraped)),
                    1 => columns[..len - 1].fill(Column::default()),
                    _ => {}
                }
                Watched { node, columns }
            });
            let watched: Vec<_> = watched.collect();
            let mut history = History {
                network,
                nodes: watched.len() + len % 2,
                since,
                data_since: None,
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
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(150),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_picture_hides_its_texts(
        (history, zone) in any_history(),
        (node_state, network_state) in (0..9_usize, 0..6_usize),
        lag in proptest::option::of(-60_000.0..60_000.0_f64),
        minutes in 0..60_000_i64,
        (forecast, is_late, russian) in any::<(bool, bool, bool)>(),
        left_out in 0..3_usize,
    ) {
        let words = if russian { &RUSSIAN } else { &ENGLISH };
        let states = [NodeState::NotScraped, NodeState::Gone].into_iter().chain(NodeState::REPORTED);
        let networks = [NetworkState::NotScraped, NetworkState::Gone].into_iter().chain(NetworkState::REPORTED);
        let state = states.clone().nth(node_state).unwrap();
        let network = networks.clone().nth(network_state).unwrap();
        let lag = lag.map(|lag| (lag.round(), lag.abs() * 2.0));
        let shift = NOW - history.until;
        let mut scene = Scene::new(history, network, &Present { state, minutes: minutes + shift / 60, lag });
        scene.facts.until = scene.history.until;
        scene.facts.from -= if is_late { 9 * i64::from(scene.facts.step_seconds) } else { 0 };
        scene.facts.nodes[0].level_at = forecast.then_some((scene.facts.until + 600) as f64);
        scene.facts.nodes[0].trend = Some(Trend::Steady { slope: 0.5, zero: 0.0 });
        scene.facts.nodes.extend((0..left_out).map(|_| node()));
        check(&scene.card(&zone, words), &zone, words);
    }
}
