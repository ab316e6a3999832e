//! Everything together: nodes, exporter, Prometheus with its history, Alertmanager, Telegram,
//! chart bot.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use tokio::process::Command;

use crate::alertmanager;
use crate::chain::{Chain, Millis};
use crate::config;
use crate::exporter;
use crate::nodes::{Nodes, wall_clock};
use crate::page::Page;
use crate::process::{Port, Process, beside};
use crate::prometheus::{Tools, storage};
use crate::routes::Routes;
use crate::rules;
use crate::switch::{Recipe, Switch, Switched};
use crate::telegram::{Chat, Store, Telegram, User};

/// A service is ready after its first round or its first word with Telegram.
const READY: Duration = Duration::from_secs(20);
/// A free port may be taken by another program before ours takes it.
const ATTEMPTS: usize = 3;
/// Of the simulated bot.
const TOKEN: &str = "7000000001:headlag-demo";
/// The shipped alert rules.
const RULES: &str = include_str!("../../rules/alerts.yml");
/// Their group about nodes and networks. Those about headlag itself keep their time: they look
/// at what the bot does once in minutes.
const CHAIN_RULES: &str = "headlag-chain";
/// How many times faster than in earnest an alert fires: within a minute of a lever.
const HASTE: u64 = 20;
/// Between Alertmanager and the bot.
const SECRET: &str = "headlag-demo";
/// The group that gets alerts, besides the private chat.
const GROUP: i64 = -1_000_000_000_100;

/// Where the parts listen; port 0 is any free one.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The stand-in for the Bot API, with the chat page.
    pub telegram: SocketAddr,
    /// Prometheus.
    pub prometheus: SocketAddr,
    /// headlag-exporter.
    pub exporter: SocketAddr,
    /// headlag-chartbot.
    pub chartbot: SocketAddr,
    /// Alertmanager.
    pub alertmanager: SocketAddr,
}

impl Addresses {
    /// Free ports of 127.0.0.1.
    pub fn free() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Addresses { telegram: free, prometheus: free, exporter: free, chartbot: free, alertmanager: free }
    }

    fn has_free(&self) -> bool {
        let Addresses { telegram, prometheus, exporter, chartbot, alertmanager } = self;
        [telegram, prometheus, exporter, chartbot, alertmanager].iter().any(|address| address.port() == 0)
    }
}

/// The running demo. Dropping it kills what it started; [`Services::stop`] is kinder.
pub struct World {
    /// The simulated nodes, with their levers.
    pub nodes: Arc<Nodes>,
    /// The switch of Prometheus.
    pub prometheus: Switch,
    /// The stand-in for Telegram, with the chat page in front.
    pub telegram: Telegram,
    /// The one user whom the bot may answer.
    pub user: User,
    /// Where everything is.
    pub addresses: Addresses,
    /// The processes.
    pub services: Services,
    _folder: TempDir,
}

/// The processes of the demo.
pub struct Services {
    exporter: Process,
    prometheus: Switched,
    alertmanager: Process,
    chartbot: Process,
}

impl World {
    /// Brings everything up, ready to be asked, with so much history.
    pub async fn start(wanted: Addresses, history: Millis) -> anyhow::Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::try_start(wanted, history).await {
                Err(error) if attempt < ATTEMPTS && wanted.has_free() && is_port_taken(&error) => {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_start(wanted: Addresses, history: Millis) -> anyhow::Result<Self> {
        let telegram = Port::take(wanted.telegram, "the Telegram stand-in", "--telegram.listen-address")?;
        let prometheus = Port::take(wanted.prometheus, "Prometheus", "--prometheus.listen-address")?;
        let exporter = Port::take(wanted.exporter, "the exporter", "--exporter.listen-address")?;
        let chartbot = Port::take(wanted.chartbot, "the chart bot", "--chartbot.listen-address")?;
        let alertmanager = Port::take(wanted.alertmanager, "Alertmanager", "--alertmanager.listen-address")?;
        let addresses = Addresses {
            telegram: telegram.address(),
            prometheus: prometheus.address(),
            exporter: exporter.address(),
            chartbot: chartbot.address(),
            alertmanager: alertmanager.address(),
        };
        let tools = Tools::find_or_fetch().await?;
        let alertmanager_tools = alertmanager::Tools::find_or_fetch().await?;
        let user = User::new(1001, "Ada").named("ada").speaking("en");

        let clock = wall_clock();
        let start = clock();
        let chain = Chain::eventful(start.unsigned_abs(), start);
        let nodes = Nodes::start(chain, clock.clone()).await.context("cannot start the nodes")?;
        let (nodes, switch) = (Arc::new(nodes), Switch::new());

        let store = Store::new();
        let group = Chat::supergroup(GROUP, "Node operators");
        store.meet(&Chat::private(&user));
        store.meet(&group);
        let page = Page {
            telegram: store.clone(),
            user: user.clone(),
            nodes: nodes.clone(),
            prometheus: switch.clone(),
        };
        let front = move |request| page.clone().answer(request);
        let telegram = Telegram::start_on(telegram.hand_over(), TOKEN, store, front)
            .await
            .context("cannot start the Telegram stand-in")?;

        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let blocks = storage(folder.path());
        eprintln!("headlag-demo | back-filling the history");
        tools.backfill(&blocks, chain, start - history..start, addresses.exporter).await?;
        let config = config::headlag_yml(nodes.urls(), config::LIVE_INTERVAL);
        let exporter = exporter::start(folder.path(), &config, exporter).await?;
        // The seconds that went by meanwhile, so that the live part continues without a gap.
        tools.backfill(&blocks, chain, start..clock(), addresses.exporter).await?;
        let secret_file = folder.path().join("alerts.secret");
        tokio::fs::write(&secret_file, SECRET).await.context("cannot write the secret of the alerts")?;
        let routes = Routes {
            chartbot: addresses.chartbot,
            secret_file: &secret_file,
            telegram: &telegram.url(),
            token: TOKEN,
            chat: user.id,
        };
        let alertmanager =
            alertmanager_tools.start(folder.path(), &routes.alertmanager_yml(), alertmanager).await?;
        let rules = rules::hastened(RULES, CHAIN_RULES, HASTE);
        tokio::fs::write(folder.path().join(config::RULES_FILE), rules)
            .await
            .context("cannot write the alert rules")?;
        let scrape = config::prometheus_yml(addresses.exporter, addresses.chartbot, addresses.alertmanager);
        let prometheus = tools.start(folder.path(), &scrape, prometheus).await?;
        let recipe =
            Recipe { tools, folder: folder.path().to_owned(), config: scrape, address: addresses.prometheus };
        let prometheus = Switched::new(switch.clone(), prometheus, recipe);
        let chats = [user.id, GROUP];
        let chartbot = start_chartbot(&telegram, &user, chats, &secret_file, addresses, chartbot).await?;
        Ok(World {
            nodes,
            prometheus: switch,
            telegram,
            user,
            addresses,
            services: Services { exporter, prometheus, alertmanager, chartbot },
            _folder: folder,
        })
    }
}

impl Services {
    /// Waits until one of the processes ends by itself and reports which and how.
    pub async fn ended(&mut self) -> String {
        tokio::select! {
            reason = self.exporter.ended() => reason,
            reason = self.prometheus.ended() => reason,
            reason = self.alertmanager.ended() => reason,
            reason = self.chartbot.ended() => reason,
        }
    }

    /// Ends everything; an error names the process that did not end as asked.
    pub async fn stop(self) -> anyhow::Result<()> {
        // All at once, and each to its end, whatever the others do.
        let (chartbot, alertmanager, prometheus, exporter) = tokio::join!(
            self.chartbot.stop(),
            self.alertmanager.stop(),
            self.prometheus.stop(),
            self.exporter.stop()
        );
        chartbot.and(alertmanager).and(prometheus).and(exporter)
    }
}

fn is_port_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").to_lowercase().contains("address already in use")
}

async fn start_chartbot(
    telegram: &Telegram,
    user: &User,
    [private, group]: [i64; 2],
    secret_file: &Path,
    addresses: Addresses,
    port: Port,
) -> anyhow::Result<Process> {
    let address = port.hand_over();
    let mut command = Command::new(beside("headlag-chartbot")?);
    command
        .env("CHARTBOT_TELEGRAM_TOKEN", TOKEN)
        .arg("--telegram.api-url")
        .arg(telegram.url())
        .arg("--telegram.allowed-users")
        .arg(user.id.to_string())
        .arg("--telegram.alert-chats")
        .arg(format!("{private},{group}"))
        .arg("--alerts.secret-file")
        .arg(secret_file)
        .arg("--alertmanager.url")
        .arg(format!("http://{}", addresses.alertmanager))
        .arg("--prometheus.url")
        .arg(format!("http://{}", addresses.prometheus))
        .arg("--web.listen-address")
        .arg(address.to_string());
    let mut chartbot = Process::start("chartbot", &mut command)?;
    chartbot.ready(&format!("http://{address}/-/ready"), READY).await?;
    Ok(chartbot)
}
