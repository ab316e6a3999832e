//! blackbox_exporter on the same nodes, as Debian packages it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use headlag_demo::{
    package::Package,
    process::{Port, Process},
};
use reqwest::Client;
use tokio::{process::Command, sync::Semaphore, task::JoinSet};

use crate::{nodes::Nodes, usage};

const PACKAGE: Package = Package {
    name: "prometheus-blackbox-exporter",
    programs: &["prometheus-blackbox-exporter"],
    data: None,
    has_libraries: false,
    home: "https://prometheus.io/download/",
};
const READY: Duration = Duration::from_secs(30);
/// As a Prometheus has many scrapes under way.
const AT_ONCE: usize = 8;
/// The first pass warms it up and is not counted.
const PASSES: u32 = 3;
/// The question that the exporter asks, and no more than its status is looked at.
const CONFIG: &str = r#"
modules:
  evm:
    prober: http
    timeout: 4s
    http:
      method: POST
      headers: { Content-Type: application/json }
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}'
      preferred_ip_protocol: ip4
"#;

/// Microseconds of CPU for one probe of the nodes that answer.
pub async fn measure(nodes: &Nodes) -> anyhow::Result<f64> {
    let program = PACKAGE.find_or_fetch().await?.join(PACKAGE.programs[0]);
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("blackbox.yml");
    std::fs::write(&config, CONFIG)?;
    let address = Port::take(([127, 0, 0, 1], 0).into(), "blackbox_exporter", "")?.hand_over();
    let mut command = Command::new(program);
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--web.listen-address={address}")).arg("--log.level=error");
    let mut process = Process::start("blackbox", &mut command)?;
    process.ready(&format!("http://{address}/-/healthy"), READY).await?;
    let pid = process.id().context("blackbox_exporter has ended")?;
    let client = Client::builder().no_proxy().build()?;

    let mut used = Duration::ZERO;
    for pass in 0..PASSES {
        let before = usage::cpu(pid)?;
        probe_all(&client, &format!("http://{address}/probe"), nodes).await?;
        if pass > 0 {
            used += usage::cpu(pid)? - before;
        }
    }
    process.stop().await?;
    let probes = nodes.answering().count() as f64 * f64::from(PASSES - 1);
    Ok(used.as_secs_f64() * 1e6 / probes)
}

async fn probe_all(client: &Client, url: &str, nodes: &Nodes) -> anyhow::Result<()> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut probes = JoinSet::new();
    for node in nodes.answering() {
        let place = Arc::clone(&places).acquire_owned().await?;
        let request = client.get(url).query(&[("module", "evm"), ("target", &node)]);
        probes.spawn(async move {
            let text = request.send().await?.error_for_status()?.text().await?;
            drop(place);
            ensure!(text.contains("\nprobe_success 1\n"), "blackbox_exporter could not ask a node");
            anyhow::Ok(())
        });
    }
    while let Some(probe) = probes.join_next().await {
        probe??;
    }
    Ok(())
}
