//! Cortex, which takes and answers as Mimir does: a tenant in a header.

use std::{net::SocketAddr, path::Path};

use headlag_demo::{package::Package, process::Process};
use tokio::process::Command;

use crate::{
    charts::Source,
    document::file,
    patience::{PATIENCE, free_port},
    remote_write::same_from_the_engine,
};

const CORTEX: Package = Package {
    name: "cortex",
    programs: &["cortex"],
    data: None,
    has_libraries: false,
    home: "https://github.com/cortexproject/cortex",
};

/// One process with everything in it, its data below `FOLDER`.
const CONFIG: &str = r#"
auth_enabled: true
server:
  http_listen_address: 127.0.0.1
  http_listen_port: HTTP
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: GRPC
  log_level: error
distributor:
  ring: {kvstore: {store: inmemory}, instance_addr: 127.0.0.1}
ingester:
  lifecycler:
    address: 127.0.0.1
    min_ready_duration: 0s
    final_sleep: 0s
    ring: {kvstore: {store: inmemory}, replication_factor: 1}
blocks_storage:
  backend: filesystem
  filesystem: {dir: FOLDER/blocks}
  tsdb: {dir: FOLDER/tsdb}
  bucket_store: {sync_dir: FOLDER/sync}
compactor:
  data_dir: FOLDER/compactor
  sharding_ring: {kvstore: {store: inmemory}, instance_addr: 127.0.0.1}
ruler: {rule_path: FOLDER/rules}
ruler_storage: {backend: local, local: {directory: FOLDER/rules}}
alertmanager: {external_url: http://127.0.0.1/alertmanager, cluster: {listen_address: ""}}
alertmanager_storage: {backend: local, local: {path: FOLDER/alerts}}
"#;

/// Starts it.
async fn start(folder: &Path) -> (SocketAddr, Process) {
    let program = CORTEX.find_or_fetch().await.unwrap().join("cortex");
    let (address, grpc) = (free_port().hand_over(), free_port().hand_over());
    let config = CONFIG
        .replace("HTTP", &address.port().to_string())
        .replace("GRPC", &grpc.port().to_string())
        .replace("FOLDER", &folder.display().to_string());
    for needed in ["rules", "alerts"] {
        std::fs::create_dir(folder.join(needed)).unwrap();
    }
    let file = folder.join("cortex.yml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(program);
    command.arg(format!("-config.file={}", file.display())).current_dir(folder);
    let mut cortex = Process::start("cortex", &mut command).unwrap();
    cortex.ready(&format!("http://{address}/ready"), PATIENCE).await.unwrap();
    (address, cortex)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_of_cortex_has_what_prometheus_wrote_and_another_sees_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (address, cortex) = start(folder.path()).await;
    let [ours, others] = ["ours.yml", "others.yml"].map(|name| folder.path().join(name));
    let http_config = file("prometheus-http.yml");
    std::fs::write(&ours, http_config).unwrap();
    std::fs::write(&others, http_config.replace("[headlag]", "[somebody-else]")).unwrap();
    let server = Source::at(&format!("http://{address}/prometheus"));
    let title = "prometheus.yml: remote write to Mimir or Cortex";
    same_from_the_engine(title, ("mimir:8080", address), &server.clone().with(&ours)).await;
    let nothing = server.clone().with(&others).try_chart("10m").await.unwrap_err();
    assert!(nothing.contains("has no data"), "{nothing}");
    let refused = server.try_chart("10m").await.unwrap_err();
    assert!(refused.contains("401"), "{refused}");
    // It ends with status 1 after SIGTERM.
    cortex.kill().await.unwrap();
}
