//! What it costs to ask many nodes, beside blackbox_exporter asking the same ones. The exporter is
//! the real program; the nodes are simulated in this process, so that their work is not in its
//! figures. Ends with status 1 where an aim is missed.
//!
//! `HEADLAG_BENCH_SECONDS` is how long each exporter is measured instead of a minute,
//! `HEADLAG_BENCH_NODES` how many nodes it asks, in hundreds and separated by commas; then only those
//! aims are judged that were set for so many.

#![allow(clippy::print_stdout, reason = "its figures are its output")]

mod aims;
mod blackbox;
mod exporter;
mod nodes;
mod usage;

use std::{env, time::Duration};

use anyhow::{Context, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};

use self::{
    aims::{Aims, Verdict},
    nodes::Nodes,
};

const SECONDS: u64 = 60;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let seconds = env::var("HEADLAG_BENCH_SECONDS").ok().map_or(Ok(SECONDS), |text| text.parse());
    let seconds = Duration::from_secs(seconds.context("HEADLAG_BENCH_SECONDS is no number")?);
    let counts = env::var("HEADLAG_BENCH_NODES").ok();
    let counts: Vec<usize> = match &counts {
        Some(text) => {
            text.split(',').map(str::parse).collect::<Result<_, _>>().context("HEADLAG_BENCH_NODES")?
        }
        None => Aims::ALL.iter().map(|aims| aims.nodes).collect(),
    };
    raise_open_files(counts.iter().copied().max().unwrap_or_default())?;
    let mut verdict = Verdict::default();
    println!("{} processors", std::thread::available_parallelism()?);
    for count in counts {
        let nodes = Nodes::start(count)?;
        let aims = Aims::of(count);
        let cost = exporter::measure(&nodes, seconds).await?;
        println!(
            "\n{count} nodes, each asked every {} s; load: {}",
            nodes::INTERVAL.as_secs(),
            usage::load()?
        );
        verdict.judge("CPU, share of a core", cost.cores, 3, aims.and_then(|aims| aims.cores));
        verdict.judge("memory at most, MiB", cost.peak_mib, 0, aims.and_then(|aims| aims.mib));
        verdict.judge("memory at the end, MiB", cost.mib, 0, None);
        verdict.judge(
            "round beyond the slowest node, s",
            cost.beyond_slowest,
            3,
            aims.map(|aims| aims.beyond_slowest),
        );
        verdict.judge(
            "scrape while nodes hang, median, ms",
            cost.scrape_median,
            1,
            aims.and_then(|aims| aims.scrape),
        );
        verdict.judge("scrape while nodes hang, at most, ms", cost.scrape_most, 1, None);
        verdict.judge("CPU of a scrape, ms", cost.scrape_cpu, 1, None);
        verdict.judge("CPU of a request, scrapes included, µs", cost.request_micros, 1, None);
        if aims.is_some_and(|aims| aims.blackbox.is_some()) {
            let micros = blackbox::measure(&nodes).await?;
            verdict.judge("CPU of a probe by blackbox_exporter, µs", micros, 0, None);
            let share = cost.request_micros / micros;
            verdict.judge("a request's share of a probe", share, 3, aims.and_then(|aims| aims.blackbox));
        }
    }
    ensure!(verdict.missed == 0, "{} aims are missed", verdict.missed);
    Ok(())
}

/// Each node is a connection here, and one of the exporter, which raises its own limit.
fn raise_open_files(nodes: usize) -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("cannot raise the limit of open files")?;
    let needed = nodes as u64 + 200;
    ensure!(
        limit.maximum.is_none_or(|maximum| maximum >= needed),
        "the hard limit of open files is too low for {nodes} nodes; raise it to {needed} (ulimit -Hn)"
    );
    Ok(())
}
