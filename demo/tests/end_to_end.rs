//! The whole way on real parts: EVM nodes, exporter, Prometheus, chart bot. Only Telegram
//! is a stand-in. Nothing here is skipped: a part that is missing fails the test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod anvil;
#[cfg(feature = "compat")]
mod judge;
mod patience;

use std::{fmt::Write, net::SocketAddr, process::Stdio};

use anvil::Anvil;
use headlag_demo::{
    exporter,
    process::{Process, beside},
    prometheus::Tools,
    telegram::{Telegram, User},
};
use patience::{PATIENCE, eventually, free_port};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, process::Command};

const TOKEN: &str = "1:end-to-end";

async fn get(url: &str) -> String {
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

async fn start_exporter(folder: &TempDir, references: &[&str], watched: &str) -> (Process, SocketAddr) {
    let mut config = String::from(
        "poll_interval: 2s\ntimeout: 1s\nnetworks:\n- name: polygon\n  protocol: evm\n  chain_id: 137\n  references:\n",
    );
    for (index, url) in references.iter().enumerate() {
        writeln!(config, "  - {{name: reference-{index}, url: '{url}'}}").unwrap();
    }
    write!(config, "  watched:\n  - {{name: my-node, url: '{watched}'}}\n").unwrap();
    let port = free_port();
    let address = port.address();
    let exporter = exporter::start(folder.path(), &config, port).await.unwrap();
    (exporter, address)
}

async fn start_chartbot(telegram: &Telegram, user: &User, prometheus: SocketAddr) -> Process {
    let address = free_port().hand_over();
    let mut command = Command::new(beside("headlag-chartbot").unwrap());
    command
        .env("CHARTBOT_TELEGRAM_TOKEN", TOKEN)
        .env("CHARTBOT_TELEGRAM_API_URL", telegram.url())
        .env("CHARTBOT_TELEGRAM_ALLOWED_USERS", user.id.to_string())
        .env("CHARTBOT_PROMETHEUS_URL", format!("http://{prometheus}"))
        .env("CHARTBOT_WEB_LISTEN_ADDRESS", address.to_string());
    let mut chartbot = Process::start("chartbot", &mut command).unwrap();
    chartbot.ready(&format!("http://{address}/-/ready"), PATIENCE).await.unwrap();
    chartbot
}

/// The value of the only series that `promql` finds in Prometheus; nothing where there is none.
async fn stored(prometheus: SocketAddr, promql: &str) -> Option<f64> {
    let url = format!("http://{prometheus}/api/v1/query");
    let answer = reqwest::Client::new().get(url).query(&[("query", promql)]).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let found = answer["data"]["result"].as_array().unwrap();
    assert!(found.len() <= 1, "{promql}: {answer}");
    found.first().map(|series| series["value"][1].as_str().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_is_seen_to_fall_behind_and_a_dead_one_to_be_gone() {
    let (one, other) = (Anvil::start("reference-0").await, Anvil::start("reference-1").await);
    let mine = Anvil::start("my-node").await;
    let folder = tempfile::tempdir().unwrap();
    let (exporter, metrics) = start_exporter(&folder, &[&one.url, &other.url], &mine.url).await;
    let scrape = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: headlag-exporter\n  \
         static_configs: [{{targets: ['{metrics}']}}]\n"
    );
    let port = free_port();
    let address = port.address();
    let tools = Tools::find_or_fetch().await.unwrap();
    let prometheus = tools.start(folder.path(), &scrape, port).await.unwrap();
    let lag = || stored(address, "headlag_node_lag_blocks{node=\"my-node\",role=\"watched\"}");
    let rounds = || stored(address, "headlag_rounds_total{network=\"polygon\"}");
    let level = eventually("a lag in Prometheus", lag).await;
    assert!(level.abs() <= 2.0, "nodes started together are level, not {level} apart");

    mine.call("anvil_setIntervalMining", json!([0])).await.unwrap();
    let before = rounds().await.unwrap();
    // Two rounds of two blocks each; the round under way when the node stopped shows nothing yet.
    let (lagging, after) = eventually("the lag rises", || async {
        let (lagging, after) = (lag().await?, rounds().await?);
        (lagging >= level + 2.0).then_some((lagging, after))
    })
    .await;
    assert!(after - before <= 3.0, "it took {} rounds to reach {lagging}", after - before);

    let telegram = Telegram::start(TOKEN).await.unwrap();
    let ada = User::new(7, "Ada").speaking("en");
    let chartbot = start_chartbot(&telegram, &ada, address).await;
    eventually("it leaves the corridor", || async { lag().await.filter(|lag| *lag > 5.0) }).await;
    let asked = telegram.say(&ada, "/hour");
    let answer =
        telegram.wait_for(|state| state.answers(ada.id).find(|message| message.message_id > asked).cloned());
    let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap();
    let photo = telegram.photo(&answer).unwrap_or_else(|| panic!("no chart: {answer:?}"));
    assert!(photo.starts_with(b"\x89PNG"), "the stand-in has decoded it whole");
    let caption = answer.caption.unwrap();
    assert!(caption.contains("my-node") && caption.contains("behind"), "{caption}");

    drop(mine.process);
    let up = "headlag_node_up{node=\"my-node\",role=\"watched\"}";
    eventually("its up is 0", || async { stored(address, up).await.filter(|up| *up == 0.0) }).await;
    for gone in ["headlag_node_block", "headlag_node_lag_blocks"] {
        assert_eq!(stored(address, &format!("{gone}{{node=\"my-node\"}}")).await, None, "{gone}");
    }
    assert!(stored(address, "headlag_median_block").await.is_some(), "the others go on");

    for process in [chartbot, prometheus, exporter] {
        process.stop().await.unwrap();
    }
    #[cfg(feature = "compat")]
    judge::judge_requests(&telegram).await;
}

/// Waits until the exporter shows this very line.
async fn shown(metrics: SocketAddr, line: &str) {
    let url = format!("http://{metrics}/metrics");
    eventually(line, || async { get(&url).await.lines().any(|shown| shown == line).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_chain_is_set_aside_and_a_rollback_is_counted() {
    let (one, other) = (Anvil::start("reference-0").await, Anvil::start("reference-1").await);
    let (foreign, mine) = (Anvil::of_chain(1, "reference-2").await, Anvil::start("my-node").await);
    let folder = tempfile::tempdir().unwrap();
    let urls = [&*one.url, &*other.url, &*foreign.url];
    let (exporter, metrics) = start_exporter(&folder, &urls, &mine.url).await;
    let foreign = "network=\"polygon\",node=\"reference-2\",role=\"reference\"";
    shown(metrics, &format!("headlag_node_state{{{foreign},state=\"wrong_chain\"}} 1")).await;
    shown(metrics, &format!("headlag_node_up{{{foreign}}} 0")).await;
    shown(metrics, "headlag_references_up{network=\"polygon\"} 2").await;

    let mine_is = "network=\"polygon\",node=\"my-node\",role=\"watched\"";
    shown(metrics, &format!("headlag_node_state{{{mine_is},state=\"ok\"}} 1")).await;
    let enough = || async { Some(mine.height().await).filter(|height| *height > 3) };
    eventually("enough blocks to take some back", enough).await;
    // No new block hides the fall before the next round.
    mine.call("anvil_setIntervalMining", json!([0])).await.unwrap();
    let block = mine.height().await;
    shown(metrics, &format!("headlag_node_block{{{mine_is}}} {block}")).await;
    mine.call("anvil_rollback", json!([3])).await.unwrap();
    shown(metrics, &format!("headlag_node_block{{{mine_is}}} {}", block - 3)).await;
    shown(metrics, &format!("headlag_node_regressions_total{{{mine_is}}} 1")).await;
    exporter.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_has_nothing_against_the_metrics() {
    let node = Anvil::start("reference-0").await;
    let folder = tempfile::tempdir().unwrap();
    let (exporter, metrics) = start_exporter(&folder, &[&node.url], "http://127.0.0.1:1/").await;
    let text = get(&format!("http://{metrics}/metrics")).await;
    assert!(text.contains("headlag_max_block{"), "{text}");
    exporter.stop().await.unwrap();

    let tools = Tools::find_or_fetch().await.unwrap();
    let mut child = Command::new(tools.promtool())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let complaints = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.trim().is_empty(), "{complaints}\n{text}");
}
