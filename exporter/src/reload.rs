//! What runs by the config in force, and its replacement while it runs.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use tokio::{
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use crate::{
    config::{self, Config, NetworkName, difference},
    node::Dialer,
    published::{Current, Published},
    round::{self, Nodes},
    schedule::{self, Watch},
    snapshot::Moment,
};

/// How long reading the config may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The loops of all networks.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    dialer: Dialer,
    config: Config,
    current: Arc<Current>,
    loops: HashMap<NetworkName, Loop>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Loop {
    changes: mpsc::Sender<Watch>,
    task: AbortHandle,
}

impl Running {
    /// Starts a loop for each network of `config`, which was read from `path`.
    ///
    /// # Errors
    /// When a node cannot be asked by its config.
    pub fn start(path: PathBuf, config: Config) -> anyhow::Result<Self> {
        let dialer = Dialer::default();
        let (mut loops, mut tasks, mut networks) = (HashMap::new(), JoinSet::new(), Vec::new());
        for network in &config.networks {
            let (watch, _) = watch(&dialer, network)?;
            networks.push(watch.published.clone());
            loops.insert(network.name.clone(), Loop::start(&mut tasks, watch));
        }
        let current = Arc::new(Current::new(networks, Moment::now().unix));
        Ok(Self { path, dialer, config, current, loops, tasks })
    }

    /// What is in force, for those that show it.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        self.current.clone()
    }

    /// The loops, none of which may end but by a reload, which cancels it.
    pub fn tasks(&mut self) -> &mut JoinSet<()> {
        &mut self.tasks
    }

    /// Reads the config again, and puts it in force: each network that is new or has changed
    /// finishes a round first. A changed one is shown from then on, so that none looks old for the
    /// time that another one takes; new ones come and others go once all have. What changed, a line
    /// for each; none where the file says the same.
    ///
    /// # Errors
    /// When the config is not valid, or a loop ended. All goes on as before.
    pub async fn reload(&mut self) -> anyhow::Result<Vec<String>> {
        let reloaded = self.replace().await;
        match &reloaded {
            Ok(changes) if changes.is_empty() => tracing::info!("config reloaded: nothing changed"),
            Ok(changes) => tracing::info!(changes = changes.join("; "), "config reloaded"),
            Err(error) => {
                self.current.note_refusal(Moment::now().unix);
                tracing::error!(%error, "config not reloaded; the one before remains in force");
            }
        }
        reloaded
    }

    async fn replace(&mut self) -> anyhow::Result<Vec<String>> {
        let path = self.path.clone();
        // A pipe, or a file of a server that is away, may never be read.
        let read = timeout(PATIENCE, tokio::task::spawn_blocking(move || config::load(&path)));
        let read = read.await.with_context(|| {
            format!("{} was not read within {} s", self.path.display(), PATIENCE.as_secs())
        })??;
        let (config, read_at) = (read.map_err(anyhow::Error::msg)?, Moment::now().unix);
        round::raise_open_files(&config.networks);
        let differences = difference::between(&self.config, &config);
        let changed = config.networks.iter().filter(|network| !self.config.networks.contains(network));
        // All of them can be asked, before anything changes.
        let watches = changed.map(|network| watch(&self.dialer, network)).collect::<Result<Vec<_>, _>>()?;

        let mut published: HashMap<NetworkName, Arc<Published>> =
            self.current.get().networks.iter().map(|it| (it.network.clone(), it.clone())).collect();
        let mut rounds = JoinSet::new();
        for (watch, round) in watches {
            let name = watch.config.name.clone();
            let next = watch.published.clone();
            published.insert(name.clone(), next.clone());
            rounds.spawn(async move { round.await.map(|()| next) });
            match self.loops.get(&name) {
                Some(its) => {
                    its.changes.send(watch).await.map_err(|_| anyhow!("the loop of {name} ended"))?
                }
                None => {
                    let its = Loop::start(&mut self.tasks, watch);
                    self.loops.insert(name, its);
                }
            }
        }
        while let Some(round) = rounds.join_next().await {
            self.current.replace_one(round?.context("the loop of a network ended")?);
        }
        let networks = config.networks.iter().filter_map(|network| published.remove(&network.name));
        self.current.replace(networks.collect(), read_at);
        for gone in published.into_keys() {
            if let Some(its) = self.loops.remove(&gone) {
                its.task.abort();
            }
        }
        self.config = config;
        Ok(differences)
    }
}

impl Loop {
    fn start(tasks: &mut JoinSet<()>, watch: Watch) -> Self {
        let (changes, receiver) = mpsc::channel(1);
        let phase = schedule::phase(watch.config.poll_interval, fastrand::f64());
        Self { changes, task: tasks.spawn(schedule::run(watch, phase, receiver)) }
    }
}

/// A network to watch, and what is ready once its first round is published.
fn watch(dialer: &Dialer, config: &config::Network) -> anyhow::Result<(Watch, oneshot::Receiver<()>)> {
    let (first_published, published) = oneshot::channel();
    let watch = Watch {
        nodes: Nodes::new(dialer, config)?,
        published: Arc::new(Published::new(config)),
        config: config.clone(),
        first_published,
    };
    Ok((watch, published))
}
