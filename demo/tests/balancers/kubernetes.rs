//! The manifests for Kubernetes: that they can be read, and what the probe makes of each state, in
//! the shell and with the wget of its image.

use std::{os::unix::fs::symlink, path::Path};

use headlag_demo::package::Package;
use serde_json::Value;
use tokio::process::Command;

use crate::{document::config, examples::readdressed, patience::eventually, pool::Pool};

const PACKAGE: Package = Package {
    name: "busybox-static",
    programs: &["busybox"],
    data: None,
    has_libraries: false,
    home: "https://busybox.net/",
};

/// The container of the example that has the probe.
fn sidecar() -> Value {
    let manifests = config("yaml").split("\n---\n");
    let manifests: Vec<Value> = manifests.map(|text| serde_saphyr::from_str(text).unwrap()).collect();
    let kinds: Vec<&str> = manifests.iter().map(|of| of["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Service", "Service", "StatefulSet"]);
    let containers = manifests[2]["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    containers.iter().find(|container| container["name"] == "headlag").unwrap().clone()
}

/// Whether the probe lets a pod of this name be ready.
async fn is_ready(pool: &Pool, applets: &Path, pod: &str) -> bool {
    let sidecar = sidecar();
    let command = sidecar["readinessProbe"]["exec"]["command"].as_array().unwrap();
    let [shell, flag, script] = [0, 1, 2].map(|word| command[word].as_str().unwrap());
    let script = readdressed(script, &[("headlag-exporter.monitoring.svc:9917", pool.exporter)]);
    let mut probe = Command::new(applets.join(shell));
    probe.args([flag, &script]).env_clear().env("PATH", applets).env("HOSTNAME", pod);
    let status = probe.env("ALL", "node-a node-b").output().await.unwrap().status;
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_unready_only_while_another_one_may_serve() {
    let mut pool = Pool::start().await;
    let busybox = PACKAGE.find_or_fetch().await.unwrap().join("busybox");
    let applets = tempfile::tempdir().unwrap();
    for name in ["sh", "timeout", "wget", "grep"] {
        symlink(&busybox, applets.path().join(name)).unwrap();
    }
    let until = async |pool: &Pool, node_a: bool, node_b: bool| {
        let look = || async {
            let seen = [
                is_ready(pool, applets.path(), "node-a").await,
                is_ready(pool, applets.path(), "node-b").await,
            ];
            (seen == [node_a, node_b]).then_some(())
        };
        eventually(&format!("node-a ready: {node_a}, node-b ready: {node_b}"), look).await;
    };
    until(&pool, true, true).await;
    pool.freeze(&[&pool.node_a]).await;
    until(&pool, false, true).await;
    pool.freeze(&[&pool.node_a, &pool.node_b]).await;
    until(&pool, true, true).await;
    pool.thaw(&[&pool.node_b]).await;
    until(&pool, false, true).await;
    pool.lose_the_exporter().await;
    until(&pool, true, true).await;
    assert!(is_ready(&pool, applets.path(), "a-pod-that-headlag-does-not-know").await);
}
