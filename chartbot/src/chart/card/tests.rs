//! Whole cards: what must hold for every one of them.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{
    layout::{EDGE, Layout, Mark, PICTURE},
    palette::Ink as CardInk,
    scenes::{Present, card, scenes},
    state::State,
    *,
};
use crate::{
    chart::{
        shape::{Ink, Rect},
        tests::any_history,
    },
    words::Language::{English, Russian},
};

/// What holds for every card.
#[track_caller]
fn check(card: &Card, zone: &TimeZone, language: Language) -> Layout {
    let fonts = Fonts::embedded().unwrap();
    let layout = Layout::new(card, zone, language, &fonts);
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

fn texts(layout: &Layout) -> Vec<&str> {
    layout.labels.iter().map(|it| it.text.as_str()).collect()
}

fn inks(layout: &Layout) -> Vec<Ink> {
    let ink = |mark: &Mark| match mark {
        Mark::Line(line) => line.ink,
        Mark::Area(area) => area.ink,
        Mark::Disc(disc) => disc.ink,
    };
    layout.under.iter().chain(&layout.data).map(ink).chain(layout.labels.iter().map(|it| it.ink)).collect()
}

/// `HEADLAG_CHARTS=folder` keeps the pictures for review.
#[test]
fn every_card_is_a_small_picture_of_one_size() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let folder = std::env::var_os("HEADLAG_CHARTS").map(std::path::PathBuf::from);
    for (name, card, language) in scenes() {
        check(&card, &zone, language);
        for theme in [Theme::Light, Theme::Dark] {
            let file = draw(&card, &zone, theme, language).unwrap();
            if let Some(folder) = &folder {
                let theme = format!("{theme:?}").to_lowercase();
                std::fs::write(folder.join(format!("card-{name}-{theme}.png")), &file).unwrap();
            }
            assert!(file.len() <= 120 * 1024, "{name}: {} bytes", file.len());
            let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), (1280, 1280));
            assert_eq!(file, draw(&card, &zone, theme, language).unwrap(), "{name}");
        }
    }
}

#[test]
fn the_alarm_colour_is_only_where_something_is_wrong() {
    let is_alarm = |ink: &Ink| match ink {
        Ink::Card(CardInk::Below) => true,
        Ink::Card(CardInk::Fill(state) | CardInk::Tile(state) | CardInk::Sign(state)) => state.is_alarm(),
        _ => false,
    };
    for (name, card, language) in scenes() {
        let layout = check(&card, &TimeZone::UTC, language);
        let is_calm = ["calm", "halted", "split", "ahead", "late"].contains(&name);
        assert_eq!(inks(&layout).iter().any(is_alarm), !is_calm, "{name}");
    }
}

#[test]
fn the_picture_alone_says_what_since_when_and_how_bad() {
    for (name, want) in [
        (
            "behind",
            &["27 blocks behind", "polygon · my-node · since 12:54, growing", "−27", "54 s", "no answer"][..],
        ),
        ("halted", &["the chain has halted", "halted"]),
        ("wrong-chain", &["подключена к другой сети"]),
        ("back", &["312 blocks behind", "−312", "10 min"]),
        ("outlier", &["−20,000"]),
        ("peaks", &["−77"]),
        ("three", &["no answer", "bor-1", "erigon-a", "erigon-b"]),
        ("eight", &["отстаёт на 29 блоков", "−29", "и ещё 2, не отстают"]),
        ("stalled", &["стоит, отстаёт на 535 блоков", "−535"]),
    ] {
        let (_, card, language) = scenes().into_iter().find(|it| it.0 == name).unwrap();
        let layout = check(&card, &TimeZone::UTC, language);
        for text in want {
            assert!(texts(&layout).contains(text), "{name}: no {text:?} in {:?}", texts(&layout));
        }
    }
}

#[test]
fn nothing_moves_between_two_pictures() {
    let frames = |name: &str| {
        let (_, card, language) = scenes().into_iter().find(|it| it.0 == name).unwrap();
        let layout = check(&card, &TimeZone::UTC, language);
        let times = layout.labels.iter().filter(|it| it.text.contains(':') && it.text.len() == 5);
        times.map(|it| (it.text.clone(), it.frame)).collect::<Vec<_>>()
    };
    assert_eq!(frames("calm"), frames("behind"));
    assert_eq!(frames("calm"), frames("ahead"));
}

proptest! {
    // PROPTEST_CASES=5000 for more.
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(150),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_card_hides_its_texts(
        (history, zone) in any_history(),
        rank in 0..State::ALL.len(),
        now in proptest::option::of(-60_000.0..60_000.0_f64),
        forecast: bool,
        russian: bool,
    ) {
        let language = if russian { Russian } else { English };
        let now = now.map(|now| (now.round(), if now < 0.0 { "16 min" } else { "" }));
        let present = Present { state: State::ALL[rank], since: "since 12:54, losing 30 blocks a minute", now };
        let mut history = history;
        history.watched.truncate(8);
        let mut card = card(&history, &present, language);
        card.level_at = forecast.then_some(card.until + 600);
        check(&card, &zone, language);
    }
}
