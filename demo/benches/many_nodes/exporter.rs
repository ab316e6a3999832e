//! The exporter while it asks many nodes and is scraped as Prometheus scrapes it.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use headlag_demo::{exporter, process::Port};
use reqwest::{Client, header};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    nodes::{INTERVAL, Nodes},
    usage,
};

const SCRAPE_INTERVAL: Duration = Duration::from_secs(15);
/// Rounds whose length counts.
const TIMED_ROUNDS: usize = 5;
/// Scrapes whose time counts, spread over two rounds.
const TIMED_SCRAPES: usize = 50;
/// The one that all connections are opened in, and the one after.
const WARM_UP: Duration = Duration::from_secs(10);
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// What it cost.
#[derive(Debug)]
pub struct Cost {
    /// Share of one core.
    pub cores: f64,
    /// Resident memory at its highest, start included.
    pub peak_mib: f64,
    /// Resident memory at the end.
    pub mib: f64,
    /// How many seconds the longest round took beyond what its slowest node did.
    pub beyond_slowest: f64,
    /// Milliseconds to the last byte.
    pub scrape_median: f64,
    pub scrape_most: f64,
    /// Milliseconds of CPU.
    pub scrape_cpu: f64,
    /// CPU for each request that came to the nodes, the scrapes of that time included.
    pub request_micros: f64,
}

/// Lets an exporter ask `nodes` for so long.
pub async fn measure(nodes: &Nodes, time: Duration) -> anyhow::Result<Cost> {
    let folder = tempfile::tempdir()?;
    let port = Port::take(([127, 0, 0, 1], 0).into(), "the exporter", "")?;
    let url = format!("http://{}/metrics", port.address());
    let process = exporter::start(folder.path(), &nodes.config(), port).await?;
    let pid = process.id().context("the exporter has ended")?;
    let client = Client::builder().no_proxy().build()?;
    sleep(WARM_UP).await;

    let (began, used, asked) = (Instant::now(), usage::cpu(pid)?, nodes.asked());
    let mut due = interval(SCRAPE_INTERVAL);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while began.elapsed() < time {
        due.tick().await;
        scrape(&client, &url).await?;
    }
    let (took, used, asked) = (began.elapsed(), usage::cpu(pid)? - used, nodes.asked() - asked);
    ensure!(asked > 0, "the exporter asked nothing");

    let mut beyond_slowest = f64::MIN;
    for _ in 0..TIMED_ROUNDS {
        beyond_slowest = beyond_slowest.max(self::beyond_slowest(&client, &url, nodes).await?);
        sleep(INTERVAL).await;
    }
    let (began_scraping, used_before) = (Instant::now(), usage::cpu(pid)?);
    let mut scrapes = Vec::new();
    for _ in 0..TIMED_SCRAPES {
        scrapes.push(scrape(&client, &url).await?.as_secs_f64() * 1_000.0);
        sleep(INTERVAL * 2 / TIMED_SCRAPES as u32).await;
    }
    scrapes.sort_by(f64::total_cmp);
    let cores = used.as_secs_f64() / took.as_secs_f64();
    // Without what asking the nodes took meanwhile.
    let scraping = usage::cpu(pid)? - used_before;
    let scraping = scraping.as_secs_f64() - cores * began_scraping.elapsed().as_secs_f64();
    let cost = Cost {
        cores,
        peak_mib: usage::mib(pid, "VmHWM")?,
        mib: usage::mib(pid, "VmRSS")?,
        beyond_slowest,
        scrape_median: scrapes[TIMED_SCRAPES / 2],
        scrape_most: scrapes[TIMED_SCRAPES - 1],
        scrape_cpu: scraping * 1_000.0 / TIMED_SCRAPES as f64,
        request_micros: used.as_secs_f64() * 1e6 / asked as f64,
    };
    process.stop().await?;
    Ok(cost)
}

/// How long the whole answer takes, compressed as Prometheus wants it.
async fn scrape(client: &Client, url: &str) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let request = client.get(url).header(header::ACCEPT, ACCEPT).header(header::ACCEPT_ENCODING, "gzip");
    let body = request.send().await?.error_for_status()?.bytes().await?;
    ensure!(!body.is_empty(), "a scrape was empty");
    Ok(begin.elapsed())
}

/// Of the last round of each network, the most seconds that one took beyond its slowest node.
async fn beyond_slowest(client: &Client, url: &str, nodes: &Nodes) -> anyhow::Result<f64> {
    let text = client.get(url).send().await?.error_for_status()?.text().await?;
    let beyond = text.lines().filter_map(|line| {
        let (network, seconds) =
            line.strip_prefix("headlag_round_duration_seconds{network=\"network-")?.split_once("\"} ")?;
        Some(seconds.parse::<f64>().ok()? - nodes.slowest(network.parse().ok()?).as_secs_f64())
    });
    beyond.max_by(f64::total_cmp).context("no round has ended")
}
