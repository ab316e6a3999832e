//! The program as a person starts it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

use std::net::TcpListener;
use std::process::Command;

#[test]
fn a_taken_port_is_reported_with_the_flag_that_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flag, what) in [
        ("--telegram.listen-address", "the Telegram stand-in"),
        ("--prometheus.listen-address", "Prometheus"),
        ("--exporter.listen-address", "the exporter"),
        ("--chartbot.listen-address", "the chart bot"),
        ("--alertmanager.listen-address", "Alertmanager"),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_headlag-demo"));
        let output = program.args(["--once", "unused", flag, &address]).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        for part in [address.as_str(), flag, what] {
            assert!(message.contains(part), "{message}");
        }
    }
}
