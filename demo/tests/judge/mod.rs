//! aiogram, a client of the Bot API that others wrote, as a judge of both sides.

#![allow(clippy::expect_used, reason = "helpers of tests, too")]

use headlag_demo::telegram::Telegram;
use tokio::process::Command;

/// Runs `scripts/bot_api.py` with these arguments; it has to be content.
pub async fn judge(arguments: &[&str]) {
    let python = std::env::var_os("AIOGRAM_PYTHON");
    let python = python.expect("AIOGRAM_PYTHON names no Python with aiogram; `make compat` installs one");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/bot_api.py");
    let output = Command::new(python).arg(script).args(arguments).output().await.unwrap();
    let [said, complaints] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{said}{complaints}");
    eprint!("{said}");
}

/// Every request of the bot so far has to be valid, without a parameter that nobody knows.
pub async fn judge_requests(telegram: &Telegram) {
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &telegram.state().calls).unwrap();
    judge(&["requests", file.path().to_str().unwrap()]).await;
}
