//! The alert rules, and the config of Prometheus and Alertmanager that carries them: valid, tested,
//! documented, and about metrics that the services have.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod patience;

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Output,
};

use headlag_demo::{
    alertmanager,
    chain::Chain,
    clock::wall_clock,
    config, exporter,
    nodes::Nodes,
    process::{Process, beside},
    prometheus::Tools,
    telegram::Telegram,
};
use patience::{PATIENCE, eventually, free_port};
use tokio::process::Command;

const TOKEN: &str = "7000000001:headlag-demo";
const RUNBOOKS: &str = "https://github.com/headlag/headlag/blob/main/docs/runbooks/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The files with this extension in a folder of the repository.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|of| of == extension)).collect();
    assert!(!found.is_empty(), "no .{extension} in {folder}");
    found
}

/// All rule files in one.
fn rules() -> String {
    files("rules", "yml").iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Each alert with the lines of its rule.
fn alerts(rules: &str) -> Vec<(&str, &str)> {
    let found: Vec<_> = rules
        .split("\n      - ")
        .filter_map(|rule| rule.strip_prefix("alert: "))
        .map(|rule| rule.split_once('\n').unwrap())
        .collect();
    assert!(found.len() > 15, "the alerts are found at all");
    found
}

fn passed(what: &str, output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}:\n{out}{err}");
}

async fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let tools = Tools::find_or_fetch().await.unwrap();
    let mut command = Command::new(tools.promtool());
    let output = command.args(arguments).args(files).current_dir(root()).output().await.unwrap();
    passed(&format!("promtool {arguments:?} {files:?}"), &output);
}

#[tokio::test]
async fn prometheus_accepts_its_config_and_the_rules() {
    promtool(&["check", "config"], &[root().join("prometheus.yml")]).await;
    promtool(&["check", "rules", "--lint-fatal"], &files("rules", "yml")).await;
}

/// What begins when, with which words, what stays silent, what ends: see the files.
#[tokio::test(flavor = "multi_thread")]
async fn the_rules_do_what_their_tests_say() {
    // A process for each file, since promtool uses one processor.
    let tests = files("rules/tests", "yml").into_iter();
    let running: Vec<_> =
        tests.map(|file| tokio::spawn(async move { promtool(&["test", "rules"], &[file]).await })).collect();
    for test in running {
        test.await.unwrap();
    }
}

#[test]
fn each_alert_has_a_severity_words_a_runbook_and_a_test() {
    let rules = rules();
    let tests: String =
        files("rules/tests", "yml").iter().map(|of| fs::read_to_string(of).unwrap()).collect();
    let mut pages: BTreeSet<_> = files("docs/runbooks", "md").into_iter().collect();
    for (name, rule) in alerts(&rules) {
        assert!(name.starts_with("Headlag"), "{name}");
        let severities = ["critical", "warning", "none"];
        let severity = severities.iter().find(|of| rule.contains(&format!("          severity: {of}\n")));
        assert!(severity.is_some(), "{name} has no severity of {severities:?}");
        for annotation in ["summary", "description"] {
            assert!(rule.contains(&format!("\n          {annotation}: ")), "{name} has no {annotation}");
        }
        assert!(
            rule.contains(&format!("runbook_url: {RUNBOOKS}{name}.md\n")),
            "{name} links to another page"
        );
        let page = root().join("docs/runbooks").join(format!("{name}.md"));
        assert!(pages.remove(&page), "{} is missing", page.display());
        let title = format!("# {name}\n");
        assert!(
            fs::read_to_string(&page).unwrap().starts_with(&title),
            "{} has another title",
            page.display()
        );
        assert!(tests.contains(&format!("alertname: {name}\n")), "{name} has no test");
    }
    assert!(pages.is_empty(), "no alert has these pages: {pages:?}");
}

/// The names of headlag's metrics in a text.
fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("headlag_"))
}

/// Those of `metrics` that no service has.
async fn missing<'a>(metrics: &BTreeSet<&'a str>, services: [SocketAddr; 2]) -> Vec<&'a str> {
    let mut exposed = String::new();
    for address in services {
        let page = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        exposed += &page.text().await.unwrap();
    }
    let is_there = |metric: &str| {
        let series = [format!("{metric}{{"), format!("{metric} ")];
        exposed.lines().any(|line| series.iter().any(|start| line.starts_with(start)))
    };
    metrics.iter().copied().filter(|metric| !is_there(metric)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_rules_name_is_exposed() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = Nodes::start(Chain::calm(5), wall_clock()).await.unwrap();
    let config = config::headlag_yml(nodes.urls(), 1_000);
    let (port, of_chartbot) = (free_port(), free_port());
    let addresses = [port.address(), of_chartbot.address()];
    let exporter = exporter::start(folder.path(), &config, port).await.unwrap();

    let telegram = Telegram::start(TOKEN).await.unwrap();
    let mut command = Command::new(beside("headlag-chartbot").unwrap());
    command.env("CHARTBOT_TELEGRAM_TOKEN", TOKEN).args(["--telegram.api-url", &telegram.url()]);
    command.args([
        "--telegram.allowed-users",
        "1001",
        "--web.listen-address",
        &of_chartbot.hand_over().to_string(),
    ]);
    let mut chartbot = Process::start("chartbot", &mut command).unwrap();
    chartbot.ready(&format!("http://{}/-/ready", addresses[1]), PATIENCE).await.unwrap();

    let rules = rules();
    let named: BTreeSet<_> = metrics_in(&rules).collect();
    assert!(named.len() > 10, "{named:?}");
    // Some need a second round, such as when a node was last seen to rise.
    let complete = || async {
        let missing = missing(&named, addresses).await;
        if !missing.is_empty() {
            eprintln!("no service has {missing:?}");
        }
        missing.is_empty().then_some(())
    };
    eventually("every metric", complete).await;
    let (bot, exporter) = tokio::join!(chartbot.stop(), exporter.stop());
    bot.and(exporter).unwrap();
}

/// Debian's is older than the pinned one, which reads the shipped file in `make compat`: it wants
/// in the config what the file keeps in files of their own.
#[tokio::test]
async fn alertmanager_accepts_its_config() {
    let amtool = alertmanager::Tools::find_or_fetch().await.unwrap().folder().join("amtool");
    let shipped = fs::read_to_string(root().join("alertmanager.yml")).unwrap();
    let older = shipped
        .replace("bot_token_file: /run/secrets/telegram-token", "bot_token: 1:x")
        .replace("chat_id_file: /run/secrets/alerts/chat-id", "chat_id: 1");
    assert!(!older.contains("_id_file:") && !older.contains("token_file:"), "{older}");
    let copy = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
    fs::write(copy.path(), older).unwrap();
    let output = Command::new(&amtool).arg("check-config").arg(copy.path()).output().await.unwrap();
    passed("amtool check-config", &output);

    // Who gets what.
    for (labels, receiver) in [
        (
            ["alertname=HeadlagNodeBehind", "severity=warning", "network=polygon", "node=my-node"].as_slice(),
            "chartbot",
        ),
        (&["alertname=HeadlagNetworkHalted", "severity=critical", "network=polygon"], "chartbot"),
        (&["alertname=HeadlagBotDown", "severity=critical", "instance=chartbot:9918"], "headlag-itself"),
        (&["alertname=HeadlagWatchdog", "severity=none"], "nobody"),
    ] {
        let mut command = Command::new(&amtool);
        command.args(["config", "routes", "test", "--verify.receivers", receiver, "--config.file"]);
        let output = command.arg(copy.path()).args(labels).output().await.unwrap();
        passed(&format!("{labels:?} to {receiver}"), &output);
    }
}
