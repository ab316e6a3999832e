//! Pictures that were reviewed at the width of a phone. After an intended change,
//! `HEADLAG_GOLDEN=write cargo test -p headlag-chartbot golden` rewrites them: review each of
//! them again.

use std::{env, fs, io::Cursor, path::Path};

use jiff::tz::TimeZone;

use super::{Theme, card, draw, scenes::scenes};
use crate::{
    samples::grid::History,
    words::{CHART_ENGLISH, CHART_RUSSIAN, ChartWords},
};

/// How far a colour may be off: the last bit of a mixture differs between processors.
const TOLERANCE: u8 = 8;

type Golden = (&'static str, Theme, &'static ChartWords);

const GOLDEN: [Golden; 7] = [
    ("day", Theme::Light, &CHART_ENGLISH),
    ("gaps", Theme::Dark, &CHART_ENGLISH),
    ("short-gaps", Theme::Light, &CHART_RUSSIAN),
    ("clipped", Theme::Light, &CHART_ENGLISH),
    ("three", Theme::Light, &CHART_ENGLISH),
    ("eight", Theme::Dark, &CHART_ENGLISH),
    ("steps", Theme::Light, &CHART_RUSSIAN),
];

fn drawn(history: &History, theme: Theme, words: &ChartWords) -> Vec<u8> {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    draw(history, &zone, theme, words).unwrap()
}

fn pixels(file: &[u8]) -> Vec<u8> {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

#[test]
fn golden_pictures_stay_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let write = env::var("HEADLAG_GOLDEN").is_ok_and(|it| it == "write");
    let scenes = scenes();
    let mut changed = Vec::new();
    for (name, theme, words) in GOLDEN {
        let (_, history) = scenes.iter().find(|scene| scene.0 == name).expect(name);
        let now = drawn(history, theme, words);
        let path = folder.join(format!("{name}.png"));
        if write {
            fs::write(&path, &now).unwrap();
        }
        let (now, before) = (pixels(&now), pixels(&fs::read(&path).unwrap()));
        let far = now.iter().zip(&before).filter(|(a, b)| a.abs_diff(**b) > TOLERANCE).count();
        if now.len() != before.len() || far > 0 {
            changed.push(format!("{name}: {far} bytes"));
        }
    }
    assert!(changed.is_empty(), "differs from {}: {changed:?}", folder.display());
}

/// What `make bench` reports for drawing and encoding, warm: the median of many, in CPU time,
/// which other work on the machine lengthens less than wall-clock time.
#[test]
#[ignore = "measures; has no opinion"]
fn bench_draw_and_encode() {
    const TIMES: usize = 50;
    let spent = || {
        let spent = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        spent.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
    };
    let measure = |name: &str, draw: &dyn Fn() -> Vec<u8>| {
        let mut bytes = 0;
        let mut times: Vec<f64> = (0..TIMES)
            .map(|_| {
                let begin = spent();
                bytes = draw().len();
                spent() - begin
            })
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        println!("draw and encode {name}: {:.1} ms, {bytes} bytes", times[TIMES / 2]);
    };
    for (name, history) in scenes() {
        measure(name, &|| drawn(&history, Theme::Light, &CHART_ENGLISH));
    }
    for (name, card, language) in card::scenes::scenes() {
        let draw = || card::draw(&card, &TimeZone::UTC, Theme::Light, language).unwrap();
        measure(&format!("card {name}"), &draw);
    }
}
