//! Pictures that were reviewed at the width of a phone. After an intended change,
//! `HEADLAG_GOLDEN=write cargo test -p headlag-chartbot golden` rewrites them: review each of
//! them again.

use std::{env, fs, io::Cursor, path::Path};

use jiff::tz::TimeZone;

use super::{
    Theme, draw,
    scenes::{Scene, scenes},
};
use crate::words::{ENGLISH, RUSSIAN, Words};

/// How far a colour may be off: the last bit of a mixture differs between processors.
const TOLERANCE: u8 = 8;

type Golden = (&'static str, Theme, &'static Words);

const GOLDEN: [Golden; 14] = [
    ("behind", Theme::Light, &ENGLISH),
    ("calm", Theme::Dark, &ENGLISH),
    ("day", Theme::Light, &ENGLISH),
    ("halted", Theme::Light, &ENGLISH),
    ("split", Theme::Dark, &RUSSIAN),
    ("wrong-chain", Theme::Light, &RUSSIAN),
    ("stalled", Theme::Dark, &RUSSIAN),
    ("back", Theme::Light, &ENGLISH),
    ("month", Theme::Light, &ENGLISH),
    ("outlier", Theme::Light, &ENGLISH),
    ("late", Theme::Light, &ENGLISH),
    ("torn", Theme::Light, &ENGLISH),
    ("three", Theme::Dark, &ENGLISH),
    ("eight", Theme::Light, &RUSSIAN),
];

fn drawn(scene: &Scene, theme: Theme, words: &'static Words) -> Vec<u8> {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    draw(&scene.card(&zone, words), &zone, theme, words).unwrap()
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
        let (_, scene) = scenes.iter().find(|scene| scene.0 == name).expect(name);
        let now = drawn(scene, theme, words);
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

/// What `make bench` reports for drawing and encoding, warm: the mean of many, in CPU time, which
/// other work on the machine lengthens less than wall-clock time. Some kernels count it in ticks
/// of several milliseconds, so one run alone says little.
#[test]
#[ignore = "measures; has no opinion"]
fn bench_draw_and_encode() {
    const TIMES: u32 = 100;
    let spent = || {
        let spent = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        spent.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
    };
    for (name, scene) in scenes() {
        let mut bytes = drawn(&scene, Theme::Light, &ENGLISH).len();
        let begin = spent();
        for _ in 0..TIMES {
            bytes = drawn(&scene, Theme::Light, &ENGLISH).len();
        }
        let mean = (spent() - begin) / f64::from(TIMES);
        println!("draw and encode {name}: {mean:.1} ms, {bytes} bytes");
    }
}
