//! Where the newest snapshot of each network is found, and which networks there are.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::{
    config::{self, NetworkName, NodeName, Role},
    snapshot::{Snapshot, UnixTime},
};

/// One network as others see it: written by its loop, read by pages and scrapes.
#[derive(Debug)]
pub struct Published {
    /// Its name.
    pub network: NetworkName,
    /// Its nodes, in the order of the config.
    pub nodes: Vec<(NodeName, Role)>,
    newest: ArcSwapOption<Snapshot>,
}

impl Published {
    /// A network whose first round has not ended.
    #[must_use]
    pub fn new(config: &config::Network) -> Self {
        Self {
            network: config.name.clone(),
            nodes: config.nodes.iter().map(|node| (node.name.clone(), node.role)).collect(),
            newest: ArcSwapOption::empty(),
        }
    }

    /// Replaces the newest snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        self.newest.store(Some(Arc::new(snapshot)));
    }

    /// The newest snapshot; absent until the first round has ended.
    #[must_use]
    pub fn newest(&self) -> Option<Arc<Snapshot>> {
        self.newest.load_full()
    }
}

/// What the config in force made of the exporter. A reload replaces each network as a whole: no
/// scrape sees a part of it by one config and a part by another.
#[derive(Debug)]
pub struct Current(ArcSwap<InForce>);

/// See [`Current`].
#[derive(Debug, Clone)]
pub struct InForce {
    /// In the order of the config.
    pub networks: Vec<Arc<Published>>,
    /// When the config was read.
    pub read_at: UnixTime,
    /// When the first of the later ones was refused; absent where none was.
    pub refused_since: Option<UnixTime>,
}

impl InForce {
    /// The network of this name; absent where none has it.
    #[must_use]
    pub fn network(&self, name: &str) -> Option<&Arc<Published>> {
        self.networks.iter().find(|network| network.network.as_str() == name)
    }
}

impl Current {
    /// The networks of the first config, read at `read_at`.
    #[must_use]
    pub fn new(networks: Vec<Arc<Published>>, read_at: UnixTime) -> Self {
        Self(ArcSwap::from_pointee(InForce { networks, read_at, refused_since: None }))
    }

    /// What is in force now.
    #[must_use]
    pub fn get(&self) -> Arc<InForce> {
        self.0.load_full()
    }

    /// Puts another config in force.
    pub fn replace(&self, networks: Vec<Arc<Published>>, read_at: UnixTime) {
        self.0.store(Arc::new(InForce { networks, read_at, refused_since: None }));
    }

    /// Shows one network by another config already, beside the others by the one before. It has to
    /// be there before.
    pub fn replace_one(&self, network: Arc<Published>) {
        let mut next = (*self.get()).clone();
        next.networks
            .iter_mut()
            .filter(|it| it.network == network.network)
            .for_each(|it| *it = network.clone());
        self.0.store(Arc::new(next));
    }

    /// Notes that a later config was refused at `at`.
    pub fn note_refusal(&self, at: UnixTime) {
        let before = (*self.get()).clone();
        let refused_since = before.refused_since.or(Some(at));
        self.0.store(Arc::new(InForce { refused_since, ..before }));
    }
}
