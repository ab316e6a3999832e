//! Where the newest snapshot of a network is found.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{
    config::{self, NetworkName, NodeName, Role},
    snapshot::Snapshot,
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
