//! `headlag-demo`: the whole of headlag on one machine, with a simulated
//! network and a stand-in for Telegram.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use headlag_demo::backfill::WEEK;
use headlag_demo::once;
use headlag_demo::process::TakenPort;
use headlag_demo::telegram::{Telegram, User};
use headlag_demo::world::{Addresses, World};
use tokio::signal::unix::{SignalKind, signal};

/// Runs headlag on simulated nodes, with a week of history in a real Prometheus, a real
/// Alertmanager, and a stand-in for Telegram with a chat page. Prints where everything is and
/// runs until Ctrl-C.
///
/// headlag-exporter and headlag-chartbot must be built beside this program
/// (`make demo` does). Prometheus and Alertmanager are taken from the PATH or from .tools/; on
/// Debian and Ubuntu they are fetched into .tools/, without root.
#[derive(Parser)]
#[command(name = "headlag-demo", version)]
struct Flags {
    /// Brings everything up on free ports, asks the bot for /hour, /day and
    /// /week, writes hour.png, day.png and week.png into DIR and ends.
    #[arg(long, value_name = "DIR")]
    once: Option<PathBuf>,

    /// Where the Telegram stand-in listens, with the chat page [default: 127.0.0.1:8088]
    #[arg(long = "telegram.listen-address", value_name = "ADDRESS")]
    telegram: Option<SocketAddr>,

    /// Where Prometheus listens [default: 127.0.0.1:9090]
    #[arg(long = "prometheus.listen-address", value_name = "ADDRESS")]
    prometheus: Option<SocketAddr>,

    /// Where the exporter listens [default: 127.0.0.1:9917]
    #[arg(long = "exporter.listen-address", value_name = "ADDRESS")]
    exporter: Option<SocketAddr>,

    /// Where the chart bot listens [default: 127.0.0.1:9918]
    #[arg(long = "chartbot.listen-address", value_name = "ADDRESS")]
    chartbot: Option<SocketAddr>,

    /// Where Alertmanager listens [default: 127.0.0.1:9093]
    #[arg(long = "alertmanager.listen-address", value_name = "ADDRESS")]
    alertmanager: Option<SocketAddr>,
}

impl Flags {
    fn addresses(&self) -> Addresses {
        let at = |given: Option<SocketAddr>, usual: u16| {
            let port = if self.once.is_some() { 0 } else { usual };
            given.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        };
        Addresses {
            telegram: at(self.telegram, 8088),
            prometheus: at(self.prometheus, 9090),
            exporter: at(self.exporter, 9917),
            chartbot: at(self.chartbot, 9918),
            alertmanager: at(self.alertmanager, 9093),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headlag-demo: {error:#}");
            ExitCode::from(if error.is::<TakenPort>() { 2 } else { 1 })
        }
    }
}

async fn run(flags: &Flags) -> anyhow::Result<()> {
    if let Some(folder) = &flags.once {
        once::prepare(folder)?;
    }
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let end = async {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    tokio::pin!(end);

    let mut world = tokio::select! {
        world = World::start(flags.addresses(), WEEK) => world?,
        () = &mut end => bail!("ended before everything was up"),
    };
    let outcome = tokio::select! {
        outcome = work(flags, &world.telegram, &world.user, &world.addresses) => outcome,
        reason = world.services.ended() => Err(anyhow!(reason)),
        () = &mut end => match flags.once {
            Some(_) => Err(anyhow!("ended before all charts were there")),
            None => Ok(()),
        },
    };
    let stopped = world.services.stop().await;
    outcome.and(stopped)
}

/// The purpose of the demo: the charts once, or everything running until it is ended.
async fn work(flags: &Flags, telegram: &Telegram, user: &User, addresses: &Addresses) -> anyhow::Result<()> {
    if let Some(folder) = &flags.once {
        return once::charts(telegram, user, folder).await;
    }
    print(addresses)?;
    std::future::pending().await
}

fn print(addresses: &Addresses) -> anyhow::Result<()> {
    let Addresses { telegram, prometheus, exporter, chartbot, alertmanager } = addresses;
    let table = format!(
        "
  chat page    http://{telegram}/
  Prometheus   http://{prometheus}/
  exporter     http://{exporter}/metrics
  chart bot    http://{chartbot}/metrics
  Alertmanager http://{alertmanager}/

Open the chat page and press /hour; the levers beside it break things.
The charts as pictures: headlag-demo --once DIR
Ctrl-C ends everything.
"
    );
    std::io::stdout().write_all(table.as_bytes()).context("cannot write to stdout")
}
