//! The switch of Prometheus: a person may stop it and start it again, on the
//! same port and with the same data.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::process::{Port, Process};
use crate::prometheus::Tools;

/// How Prometheus is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Not ready yet.
    Starting,
    /// Ready.
    Running,
    /// Asked to end.
    Stopping,
    /// Ended, as it was asked to.
    Stopped,
    /// Ended by itself, or could not be started again; and why.
    Died(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Running,
    Stopped,
    /// Stopped for good.
    Ended,
}

/// The switch itself; clones are the same switch. It may be there before its Prometheus.
#[derive(Clone, Debug)]
pub struct Switch {
    wanted: Arc<watch::Sender<Wanted>>,
    condition: Arc<watch::Sender<Condition>>,
}

impl Default for Switch {
    fn default() -> Self {
        Self::new()
    }
}

impl Switch {
    /// A switch that is on, of a Prometheus that is not up yet.
    pub fn new() -> Self {
        Switch {
            wanted: Arc::new(watch::Sender::new(Wanted::Running)),
            condition: Arc::new(watch::Sender::new(Condition::Starting)),
        }
    }

    /// Turns it on or off. The rest happens soon: see [`Switch::condition`].
    pub fn set(&self, on: bool) {
        let wanted = if on { Wanted::Running } else { Wanted::Stopped };
        self.wanted.send_if_modified(|now| *now != Wanted::Ended && std::mem::replace(now, wanted) != wanted);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        *self.wanted.borrow() == Wanted::Running
    }

    /// How Prometheus is, now and after every change.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }
}

/// How to start Prometheus once more.
pub struct Recipe {
    /// The programs.
    pub tools: Tools,
    /// The folder with its storage.
    pub folder: PathBuf,
    /// The text of `prometheus.yml`.
    pub config: String,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Recipe {
    async fn start(&self) -> anyhow::Result<Process> {
        let port = Port::take(self.address, "Prometheus", "--prometheus.listen-address")?;
        self.tools.start(&self.folder, &self.config, port).await
    }
}

/// A Prometheus that follows its switch; dropping this kills it.
pub struct Switched {
    switch: Switch,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Switched {
    /// Lets a running Prometheus follow the switch.
    pub fn new(switch: Switch, running: Process, recipe: Recipe) -> Self {
        switch.condition.send_replace(Condition::Running);
        let task = tokio::spawn(follow(switch.clone(), running, recipe));
        Switched { switch, task }
    }

    /// Waits until it ends without having been asked to and reports how.
    pub async fn ended(&mut self) -> String {
        let mut condition = self.switch.condition();
        loop {
            if let Condition::Died(reason) = &*condition.borrow_and_update() {
                return reason.clone();
            }
            // The sender lives in the switch, so this cannot fail.
            let _ = condition.changed().await;
        }
    }

    /// Stops it for good.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.switch.wanted.send_replace(Wanted::Ended);
        (&mut self.task).await.context("the keeper of Prometheus failed")?
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Stops and starts Prometheus as the switch says, until it is to end or ends by itself.
async fn follow(switch: Switch, mut process: Process, recipe: Recipe) -> anyhow::Result<()> {
    let mut wanted = switch.wanted.subscribe();
    let report = |condition| _ = switch.condition.send_replace(condition);
    loop {
        tokio::select! {
            reason = process.ended() => {
                report(Condition::Died(reason));
                return Ok(());
            }
            _ = wanted.wait_for(|wanted| *wanted != Wanted::Running) => {}
        }
        report(Condition::Stopping);
        process.stop().await.inspect_err(|error| report(Condition::Died(format!("{error:#}"))))?;
        report(Condition::Stopped);
        match wanted.wait_for(|wanted| *wanted != Wanted::Stopped).await.as_deref() {
            Ok(Wanted::Running) => report(Condition::Starting),
            _ => return Ok(()),
        }
        process = tokio::select! {
            again = recipe.start() => match again {
                Ok(process) => process,
                Err(error) => {
                    report(Condition::Died(format!("{error:#}")));
                    return Ok(());
                }
            },
            _ = wanted.wait_for(|wanted| *wanted == Wanted::Ended) => return Ok(()),
        };
        report(Condition::Running);
    }
}
