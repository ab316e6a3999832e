//! Real EVM nodes.

#![allow(dead_code, reason = "each test uses its part")]

use std::path::PathBuf;

use headlag_demo::process::Process;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::patience::{eventually, free_port};

/// A real EVM node that makes a block a second.
pub struct Anvil {
    pub process: Process,
    pub url: String,
}

impl Anvil {
    /// One of Polygon's chain.
    pub async fn start(name: &'static str) -> Self {
        Self::of_chain(137, name).await
    }

    pub async fn of_chain(id: u64, name: &'static str) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/node_modules/@foundry-rs");
        let package = format!("anvil-linux-{}", if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" });
        let program = root.join(package).join("bin/anvil");
        assert!(program.is_file(), "no {}; `make test` installs it", program.display());
        let address = free_port().hand_over();
        let mut command = Command::new(program);
        command.args(["--block-time", "1", "--prune-history", "10", "--quiet"]);
        command.arg("--chain-id").arg(id.to_string());
        command.arg("--port").arg(address.port().to_string());
        let node =
            Self { process: Process::start(name, &mut command).unwrap(), url: format!("http://{address}") };
        eventually(name, || async { node.call("eth_chainId", json!([])).await }).await;
        node
    }

    pub async fn call(&self, method: &str, params: Value) -> Option<Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = reqwest::Client::new().post(&self.url).json(&body).send().await.ok()?;
        Some(answer.json::<Value>().await.unwrap()["result"].clone())
    }

    pub async fn height(&self) -> u64 {
        let height = self.call("eth_blockNumber", json!([])).await.unwrap();
        u64::from_str_radix(height.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }
}
