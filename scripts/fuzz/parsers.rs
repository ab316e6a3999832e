//! One program for all targets of the three crates: HEADLAG_FUZZ_TARGET names the one to run, or
//! is `list`. Its seeds are written into the folder HEADLAG_FUZZ_CORPUS, if that is set.
#![no_main]

use std::{env, fs, path::Path, process::exit, sync::OnceLock};

use libfuzzer_sys::fuzz_target;

type Target = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);

static RUN: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(init: begin(), |input: &[u8]| {
    if let Some(run) = RUN.get() {
        run(input);
    }
});

fn targets() -> impl Iterator<Item = Target> {
    let service = headlag_service::fuzzing::TARGETS.into_iter();
    service.chain(headlag_exporter::fuzzing::TARGETS).chain(headlag_chartbot::fuzzing::TARGETS)
}

/// Before libFuzzer reads the corpus.
fn begin() {
    let wanted = env::var("HEADLAG_FUZZ_TARGET").unwrap_or_default();
    if wanted == "list" {
        targets().for_each(|(name, ..)| println!("{name}"));
        exit(0);
    }
    let Some((_, run, seeds)) = targets().find(|(name, ..)| *name == wanted) else {
        eprintln!("HEADLAG_FUZZ_TARGET is {wanted:?}, which is no target; `list` lists them");
        exit(2);
    };
    if let Ok(corpus) = env::var("HEADLAG_FUZZ_CORPUS") {
        for (number, seed) in seeds().iter().enumerate() {
            let file = Path::new(&corpus).join(format!("seed-{number}"));
            fs::write(&file, seed).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
    RUN.set(run).expect("it begins once");
}
