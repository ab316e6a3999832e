//! Reloads over real sockets: a round is played at the start and after each change alone.

use std::{fs, process::Command};

use headlag_service::exposition::{Format, render};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::metrics::{Constants, registry};

/// A node at block 100.
async fn node() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/k3y", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while let Ok(1..) = stream.read(&mut request).await {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"result\":\"0x64\"}";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    url
}

/// An exporter with its file.
struct World {
    folder: TempDir,
    running: Running,
    registry: Registry,
}

impl World {
    async fn start(networks: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headlag.yml");
        write(&folder, networks);
        let running = Running::start(path.clone(), config::load(&path).unwrap()).unwrap();
        let constants = Constants { version: "1", revision: "a" };
        let world = Self { registry: registry(constants, running.current()), running, folder };
        while world.running.current.get().networks.iter().any(|network| network.newest().is_none()) {
            tokio::task::yield_now().await;
        }
        world
    }

    async fn reload(&mut self, networks: &str) -> Result<Vec<String>, String> {
        write(&self.folder, networks);
        self.running.reload().await.map_err(|error| error.to_string())
    }

    fn metrics(&self) -> String {
        render(&self.registry, Format::Text).unwrap()
    }

    #[track_caller]
    fn check(&self, lines: &[&str]) {
        let text = self.metrics();
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "no line\n{line}\nin\n{text}");
        }
    }
}

fn write(folder: &TempDir, networks: &str) {
    let text = format!("poll_interval: 1h\nnetworks:\n{networks}");
    fs::write(folder.path().join("headlag.yml"), text).unwrap();
}

fn network(name: &str, keys: &str, references: &[&str], watched: &[(&str, &str)]) -> String {
    let watched: Vec<_> =
        watched.iter().map(|(name, url)| format!("{{name: {name}, url: '{url}'}}")).collect();
    let references: Vec<_> = references
        .iter()
        .enumerate()
        .map(|(index, url)| format!("{{name: r{index}, url: '{url}'}}"))
        .collect();
    format!(
        "- {{name: {name}, protocol: evm, stall_after: 3h, {keys} references: [{}], watched: [{}]}}\n",
        references.join(", "),
        watched.join(", ")
    )
}

const SUCCEEDED: &str = "headlag_config_last_reload_successful 1";
const REFUSED: &str = "headlag_config_last_reload_successful 0";

fn asked(network: &str, node: &str, times: u32) -> String {
    format!(
        "headlag_node_request_duration_seconds_count{{network=\"{network}\",node=\"{node}\",role=\"watched\"}} {times}"
    )
}

#[tokio::test]
async fn what_is_unchanged_goes_on_and_what_is_gone_vanishes() {
    let (a, b, c, d, e) = (node().await, node().await, node().await, node().await, node().await);
    let polygon = network("polygon", "", &[&a, &b], &[("mine", &c), ("spare", &d)]);
    let other = network("other", "", &[&a], &[("there", &c)]);
    let mut world = World::start(&(polygon.clone() + &other)).await;
    world.check(&[SUCCEEDED, &asked("polygon", "mine", 1), &asked("polygon", "spare", 1)]);

    let polygon = network("polygon", "threshold_blocks: 8,", &[&a, &b], &[("new", &d), ("mine", &c)]);
    let third = network("third", "", &[&e], &[("third-node", &c)]);
    let changes = world.reload(&(third.clone() + &polygon)).await.unwrap();
    assert_eq!(
        changes,
        [
            "third: added, with 2 nodes",
            "polygon: threshold_blocks was 5, is 8",
            "polygon: watched new added",
            "polygon: watched spare removed",
            "other: removed",
        ]
    );
    world.check(&[
        SUCCEEDED,
        "headlag_rounds_total{network=\"polygon\"} 2",
        "headlag_rounds_total{network=\"third\"} 1",
        "headlag_threshold_blocks{network=\"polygon\"} 8",
        &asked("polygon", "mine", 2),
        // It has another name, so it is another node.
        &asked("polygon", "new", 1),
        "headlag_node_block{network=\"polygon\",node=\"mine\",role=\"watched\"} 100",
    ]);
    let text = world.metrics();
    assert!(!text.contains("spare") && !text.contains("other"), "{text}");

    // Another URL is another node under the same name: what was counted goes on.
    let polygon = network("polygon", "threshold_blocks: 8,", &[&a, &b], &[("new", &d), ("mine", &e)]);
    let changes = world.reload(&(third + &polygon)).await.unwrap();
    assert_eq!(changes, ["polygon: url of mine changed"]);
    world.check(&["headlag_rounds_total{network=\"third\"} 1", &asked("polygon", "mine", 3)]);
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_is_reported() {
    let (a, c) = (node().await, node().await);
    let good = network("polygon", "", &[&a], &[("mine", &c)]);
    let mut world = World::start(&good).await;
    let loaded = |world: &World| {
        let text = world.metrics();
        let line = text.lines().find(|line| line.starts_with("headlag_config_last_reload_success_timestamp"));
        line.unwrap().to_owned()
    };
    let at_first = loaded(&world);

    let bad = good.replace("protocol: evm", "protocl: evm") + "- {name: polygon}\n";
    let report = world.reload(&bad).await.unwrap_err();
    for part in ["headlag.yml:3: networks[0].protocl: unknown key", "headlag.yml:4: networks[1]"] {
        assert!(report.contains(part), "{report}");
    }
    assert!(!report.contains("k3y"), "{report}");
    world.check(&[REFUSED, &asked("polygon", "mine", 1)]);
    assert_eq!(loaded(&world), at_first);
    let refused_since = |world: &World| world.running.current().get().refused_since;
    let first = refused_since(&world);
    assert!(first.is_some());

    fs::remove_file(world.folder.path().join("headlag.yml")).unwrap();
    let report = world.running.reload().await.unwrap_err().to_string();
    assert!(report.contains("there is no such file"), "{report}");
    assert_eq!(refused_since(&world), first);

    assert_eq!(world.reload(&good).await, Ok(Vec::new()));
    world.check(&[SUCCEEDED, &asked("polygon", "mine", 1)]);
    assert_eq!(refused_since(&world), None);
    assert!(loaded(&world) > at_first, "{}", loaded(&world));
}

#[tokio::test]
async fn a_network_waits_for_no_other_one() {
    let (a, c) = (node().await, node().await);
    let quick =
        |threshold: u32| network("quick", &format!("threshold_blocks: {threshold},"), &[&a], &[("mine", &c)]);
    let mut world = World::start(&(quick(5) + &network("slow", "", &[&a], &[("mine", &c)]))).await;
    // Takes connections, and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}/", silent.local_addr().unwrap());
    write(&world.folder, &(quick(8) + &network("slow", "", &[&a], &[("mine", &hanging)])));
    let current = world.running.current();
    let threshold = || {
        let newest = current.get().network("quick").and_then(|network| network.newest());
        newest.map(|snapshot| snapshot.threshold_blocks)
    };
    {
        let mut reload = std::pin::pin!(world.running.reload());
        while threshold() != Some(8) {
            tokio::select! {
                biased;
                ended = &mut reload => panic!("it ended before the node that hangs: {ended:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(silent);
        reload.await.unwrap();
    }
    world.check(&["headlag_node_up{network=\"slow\",node=\"mine\",role=\"watched\"} 0"]);
}

/// Such as a pipe, or a file of a server that is away.
#[tokio::test]
async fn a_file_that_is_never_read_is_given_up() {
    let one = network("one", "", &[&node().await], &[("mine", &node().await)]);
    let mut world = World::start(&one).await;
    let path = world.folder.path().join("headlag.yml");
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let refused = world.running.reload().await.unwrap_err().to_string();
    assert!(refused.ends_with("headlag.yml was not read within 10 s"), "{refused}");
    world.check(&["headlag_config_last_reload_successful 0"]);
    // Its reader ends once there is a writer.
    fs::write(&path, "").unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(world.reload(&one).await, Ok(vec![]));
    world.check(&["headlag_config_last_reload_successful 1"]);
}
