//! How long a user waits for a chart: from the command at the Telegram stand-in
//! to the photo's last byte there. The bot is the real program, and what it asks is the
//! Prometheus at the URL in `HEADLAG_BENCH_PROMETHEUS`; `scripts/bench` starts one. Other commands
//! than those below come from `HEADLAG_BENCH_COMMANDS`, separated by commas, and how often each is
//! measured from `HEADLAG_BENCH_RUNS`.

#![allow(clippy::print_stdout, reason = "its figures are its output")]

use std::{env, time::Duration};

use anyhow::{Context, ensure};
use headlag_demo::{
    process::{Port, Process, beside},
    telegram::{Telegram, User},
};
use tokio::{
    process::Command,
    time::{Instant, timeout},
};

const TOKEN: &str = "1:bench";
/// For one answer, and for the bot's start.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first warms the bot and Prometheus, and is not counted.
const WARM_UP: usize = 1;
const RUNS: usize = 20;
const COMMANDS: &str = "/hour,/day,/week";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let prometheus = env::var("HEADLAG_BENCH_PROMETHEUS");
    let prometheus =
        prometheus.context("HEADLAG_BENCH_PROMETHEUS names no Prometheus; start scripts/bench")?;
    let commands = env::var("HEADLAG_BENCH_COMMANDS").unwrap_or_else(|_| COMMANDS.into());
    let runs = env::var("HEADLAG_BENCH_RUNS").ok().map_or(Ok(RUNS), |runs| runs.parse())?;
    let commands: Vec<&str> = commands.split(',').collect();
    let telegram = Telegram::start(TOKEN).await?;
    // Each asks once: who asks again and again is slowed down.
    let mut users = (1..).take(commands.len() * (WARM_UP + runs)).map(|id| User::new(id, "Ada"));
    let ids: Vec<_> = users.clone().map(|user| user.id.to_string()).collect();
    let address = Port::take(([127, 0, 0, 1], 0).into(), "the chart bot", "")?.hand_over();
    let mut command = Command::new(beside("headlag-chartbot")?);
    command
        .env("CHARTBOT_TELEGRAM_TOKEN", TOKEN)
        .env("CHARTBOT_TELEGRAM_API_URL", telegram.url())
        .env("CHARTBOT_TELEGRAM_ALLOWED_USERS", ids.join(","))
        .env("CHARTBOT_PROMETHEUS_URL", prometheus)
        .env("CHARTBOT_WEB_LISTEN_ADDRESS", address.to_string())
        .env("CHARTBOT_LOG_LEVEL", "warn");
    let mut chartbot = Process::start("chartbot", &mut command)?;
    chartbot.ready(&format!("http://{address}/-/ready"), PATIENCE).await?;
    for command in commands {
        let mut waits = Vec::with_capacity(runs);
        for user in users.by_ref().take(WARM_UP + runs) {
            waits.push(wait(&telegram, &user, command).await?.as_secs_f64() * 1_000.0);
        }
        waits.drain(..WARM_UP);
        waits.sort_by(f64::total_cmp);
        let (median, longest) = (waits[runs / 2], waits[runs - 1]);
        println!("command to photo, {command}: {median:.0} ms, at most {longest:.0} ms");
    }
    chartbot.stop().await
}

/// Asks once and waits for the photo.
async fn wait(telegram: &Telegram, user: &User, command: &str) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let asked = telegram.say(user, command);
    let answer =
        telegram.wait_for(|state| state.answers(user.id).find(|answer| answer.message_id > asked).cloned());
    let answer = timeout(PATIENCE, answer).await.with_context(|| format!("{command} was not answered"))?;
    let waited = begin.elapsed();
    ensure!(!answer.photo.is_empty(), "{command} was answered without a photo: {:?}", answer.text);
    Ok(waited)
}
