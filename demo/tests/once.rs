//! `headlag-demo --once` as a stranger runs it: everything comes up, three charts, everything ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::process::Command;

#[test]
fn one_pass_leaves_three_charts_of_a_phone_s_size() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_headlag-demo")).arg("--once").arg(folder.path()).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    for range in ["hour", "day", "week"] {
        let file = std::fs::File::open(folder.path().join(format!("{range}.png"))).unwrap();
        let reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (1280, 1280), "{range}");
    }
    // The week holds a dip to 14 blocks and two hours without an answer.
    assert!(log.contains("week.png: "), "{log}");
}

#[test]
fn a_folder_that_takes_no_charts_is_reported_before_anything_starts() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_headlag-demo")).arg("--once").arg(file.path()).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("headlag-demo: cannot write into "), "{log}");
}
