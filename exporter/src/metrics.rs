//! From snapshots to the exposition: the only place with the names of metrics.

#[cfg(test)]
mod tests;

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use crate::{
    answer::Reason,
    config::{NetworkName, NodeName, Role},
    consensus::Consensus,
    published::{Current, InForce, Published},
    snapshot::{Counters, Durations, Moment, NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkState, NodeState},
};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, LabelSetEncoder,
        MetricEncoder, NoLabelSet,
    },
    metrics::MetricType,
    registry::Registry,
};

/// What does not come from a round.
#[derive(Debug, Clone)]
pub struct Constants {
    /// Of the program.
    pub version: &'static str,
    /// The commit it was built from.
    pub revision: &'static str,
}

/// A registry that shows the newest snapshot of every network, each read at the scrape.
#[must_use]
pub fn registry(constants: Constants, current: Arc<Current>) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exporter { constants, current }));
    registry.register_collector(Box::new(headlag_service::process::ProcessCollector));
    registry
}

/// A registry of what carries the name of these networks, and of nothing else.
#[must_use]
pub fn registry_of(networks: Vec<Arc<Published>>) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Chosen(networks)));
    registry
}

#[derive(Debug)]
struct Exporter {
    constants: Constants,
    current: Arc<Current>,
}

impl Collector for Exporter {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let current = self.current.get();
        write(encoder, Some((&self.constants, &current)), &scraped(&current.networks))
    }
}

#[derive(Debug)]
struct Chosen(Vec<Arc<Published>>);

impl Collector for Chosen {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        write(encoder, None, &scraped(&self.0))
    }
}

fn scraped(networks: &[Arc<Published>]) -> Vec<Scraped<'_>> {
    let now = Moment::now();
    networks.iter().map(|network| Scraped::of(network, now)).collect()
}

/// One network at a scrape.
struct Scraped<'a> {
    published: &'a Published,
    /// Absent until its first round has ended. Counters exist before that, at 0: one that
    /// appears with its first count would not be seen to increase.
    snapshot: Option<Arc<Snapshot>>,
    /// Of each node, in the order of the config.
    identities: Vec<Identity>,
}

impl<'a> Scraped<'a> {
    fn of(published: &'a Published, now: Moment) -> Self {
        let newest = published.newest();
        let shown = newest.map(|it| if it.is_too_old(now) { Arc::new(it.shown_at(now)) } else { it });
        Self::new(published, shown)
    }

    fn new(published: &'a Published, snapshot: Option<Arc<Snapshot>>) -> Self {
        let network = &published.network;
        Self {
            published,
            snapshot,
            identities: published
                .nodes
                .iter()
                .map(|(name, role)| Identity::of(network, name, *role))
                .collect(),
        }
    }

    fn network(&self) -> [(&'static str, &str); 1] {
        [("network", self.published.network.as_str())]
    }

    fn nodes(&self) -> impl Iterator<Item = (NodeLabels<'_>, &NodeSnapshot)> {
        let nodes = self.snapshot.iter().flat_map(|snapshot| &snapshot.nodes);
        self.identities.iter().map(Identity::labels).zip(nodes)
    }

    fn counters(&self) -> impl Iterator<Item = (NodeLabels<'_>, Counters)> {
        self.identities.iter().enumerate().map(|(index, identity)| {
            let node = self.snapshot.as_ref().and_then(|snapshot| snapshot.nodes.get(index));
            (identity.labels(), node.map(|node| node.counters).unwrap_or_default())
        })
    }
}

/// Writes what is about the program, where that is wanted, and all of the networks.
fn write(
    encoder: DescriptorEncoder<'_>,
    program: Option<(&Constants, &InForce)>,
    scraped: &[Scraped<'_>],
) -> fmt::Result {
    let mut families = Families(encoder);
    if let Some((constants, current)) = program {
        write_program(&mut families, constants, current)?;
    }
    write_networks(&mut families, scraped)?;
    write_nodes(&mut families, scraped)
}

fn write_program(families: &mut Families<'_>, constants: &Constants, current: &InForce) -> fmt::Result {
    let build = [("version", constants.version), ("revision", constants.revision)];
    families.gauge("headlag_build_info", "Always 1; the labels identify the build.", [(build, 1_i64)])?;
    families.single(
        "headlag_config_last_reload_successful",
        "Whether the last attempt to read the config file succeeded.",
        i64::from(current.refused_since.is_none()),
    )?;
    families.single(
        "headlag_config_last_reload_success_timestamp_seconds",
        "When the config file was last read with success, in unix time.",
        current.read_at,
    )
}

fn write_networks(families: &mut Families<'_>, scraped: &[Scraped<'_>]) -> fmt::Result {
    let snapshots: Vec<&Snapshot> = scraped.iter().filter_map(|of| of.snapshot.as_deref()).collect();
    let each =
        |value: fn(&Snapshot) -> i64| snapshots.iter().copied().map(move |of| (network(of), value(of)));
    let seconds =
        |value: fn(&Snapshot) -> f64| snapshots.iter().copied().map(move |of| (network(of), value(of)));
    // Without a consensus there is no series.
    let agreed = |value: fn(Consensus) -> i64| {
        snapshots.iter().copied().filter_map(move |of| Some((network(of), value(of.consensus?))))
    };
    families.gauge(
        "headlag_max_block",
        "Highest block among the counted references; absent without consensus.",
        agreed(|of| of.max.block.get() as i64),
    )?;
    families.gauge(
        "headlag_max_support",
        "How many counted references are at exactly the highest block.",
        agreed(|of| of.max.count as i64),
    )?;
    families.gauge(
        "headlag_median_block",
        "Median of the counted references' blocks, truncated to a whole block; absent without consensus.",
        agreed(|of| of.median.block.get() as i64),
    )?;
    families.gauge(
        "headlag_median_support",
        "How many counted references are at exactly the median block; may be 0.",
        agreed(|of| of.median.count as i64),
    )?;
    families.gauge(
        "headlag_best_lead_blocks",
        "Highest block minus median block.",
        agreed(|of| of.best_lead().blocks()),
    )?;
    families.gauge("headlag_references", "Configured references.", each(|of| of.references() as i64))?;
    families.gauge(
        "headlag_references_up",
        "References that are counted in this round: they answered and are not set aside.",
        each(|of| of.references_up() as i64),
    )?;
    families.gauge(
        "headlag_threshold_blocks",
        "A node at most so many blocks from the median is level, as configured.",
        each(|of| of.threshold_blocks as i64),
    )?;
    families.gauge(
        "headlag_poll_interval_seconds",
        "How often the nodes are asked, as configured.",
        seconds(|of| of.poll_interval.as_secs_f64()),
    )?;
    families.gauge(
        "headlag_network_state",
        "State of the network: exactly one of the states is 1, the first that holds.",
        snapshots.iter().flat_map(|of| {
            NetworkState::ALL.map(|state| {
                let labels = [("network", of.network.as_str()), ("state", state.label())];
                (labels, i64::from(of.state == state))
            })
        }),
    )?;
    families.gauge(
        "headlag_block_time_seconds",
        "How long the network takes for a block, measured from its own rounds; absent until it is steady, and while the state is not ok.",
        snapshots.iter().filter_map(|of| Some((network(of), of.block_time?.as_secs_f64()))),
    )?;
    families.gauge(
        "headlag_round_timestamp_seconds",
        "When the last round ended, in unix time.",
        seconds(|of| of.ended.unix),
    )?;
    families.gauge(
        "headlag_round_duration_seconds",
        "How long the last round took.",
        seconds(|of| of.took.as_secs_f64()),
    )?;
    families.counter(
        "headlag_rounds",
        "Finished rounds.",
        scraped.iter().map(|of| (of.network(), of.snapshot.as_ref().map_or(0, |snapshot| snapshot.rounds))),
    )
}

fn write_nodes(families: &mut Families<'_>, scraped: &[Scraped<'_>]) -> fmt::Result {
    let nodes: Vec<(NodeLabels<'_>, &NodeSnapshot)> = scraped.iter().flat_map(Scraped::nodes).collect();
    let counters: Vec<(NodeLabels<'_>, Counters)> = scraped.iter().flat_map(Scraped::counters).collect();
    // Where a value is unknown there is no series.
    let known = |value: fn(&NodeSnapshot) -> Option<i64>| {
        nodes.iter().filter_map(move |(labels, node)| Some((*labels, value(node)?)))
    };
    let time = |value: fn(&NodeSnapshot) -> Option<UnixTime>| {
        nodes.iter().filter_map(move |(labels, node)| Some((*labels, value(node)?)))
    };
    families.gauge(
        "headlag_node_up",
        "Whether the node gave a usable block in this round.",
        known(|node| Some(i64::from(node.block.is_some()))),
    )?;
    families.gauge(
        "headlag_node_block",
        "The node's newest block; absent when it gave no usable one in this round.",
        known(|node| Some(node.block?.get() as i64)),
    )?;
    families.gauge(
        "headlag_node_lag_blocks",
        "Median block minus the node's block: positive is behind, negative is ahead; absent when either is unknown.",
        known(|node| Some(node.lag?.blocks())),
    )?;
    families.gauge(
        "headlag_node_behind_seconds",
        "At least how long ago the median passed the node's block; 0 when level or ahead, absent when the lag is.",
        nodes.iter().filter_map(|(labels, node)| Some((*labels, node.behind_for?.as_secs_f64()))),
    )?;
    families.gauge(
        "headlag_node_state",
        "State of the node: exactly one of the states is 1, the first that holds.",
        nodes.iter().flat_map(|(labels, node)| {
            NodeState::ALL.map(|state| (labels.with("state", state.label()), i64::from(node.state == state)))
        }),
    )?;
    families.gauge(
        "headlag_node_last_success_timestamp_seconds",
        "When the node last gave a usable block, in unix time.",
        time(|node| node.last_success),
    )?;
    families.gauge(
        "headlag_node_last_advance_timestamp_seconds",
        "When the node's block was last seen to rise above all before, in unix time.",
        time(|node| node.last_advance),
    )?;
    families.histogram(
        "headlag_node_request_duration_seconds",
        "From asking the node to a usable answer or a failure.",
        counters.iter().map(|(labels, counted)| (*labels, counted.durations)),
    )?;
    families.counter(
        "headlag_node_errors",
        "Rounds in which the node was asked and gave no usable block, by reason.",
        counters.iter().flat_map(|(labels, counted)| {
            let counts = Reason::LABELS.into_iter().zip(counted.errors);
            counts.map(move |(reason, count)| (labels.with("reason", reason), count))
        }),
    )?;
    families.counter(
        "headlag_node_regressions",
        "Usable answers of the node below its previous one.",
        counters.iter().map(|(labels, counted)| (*labels, counted.regressions)),
    )
}

fn network(snapshot: &Snapshot) -> [(&'static str, &str); 1] {
    [("network", snapshot.network.as_str())]
}

/// The labels that all samples of a node have, written once for the dozens of them in a scrape.
/// Nothing in them needs escaping: the config allows no such names.
struct Identity {
    /// Without the quote at its end.
    text: String,
    /// How many bytes there are before the value of the last label, `role`, and its `="`.
    name_ends: usize,
}

impl Identity {
    fn of(network: &NetworkName, node: &NodeName, role: Role) -> Self {
        let name = format!(r#"network="{network}",node="{node}",role"#);
        Self { name_ends: name.len(), text: format!("{name}=\"{}", role.label()) }
    }

    fn labels(&self) -> NodeLabels<'_> {
        NodeLabels { identity: self, more: None }
    }
}

/// The labels of a sample of a node.
#[derive(Clone, Copy)]
struct NodeLabels<'a> {
    identity: &'a Identity,
    more: Option<(&'static str, &'static str)>,
}

impl NodeLabels<'_> {
    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { more: Some((name, value)), ..self }
    }
}

impl EncodeLabelSet for NodeLabels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        // The encoder takes all before the last value for the name of one label; it writes names as they are.
        let mut label = encoder.encode_label();
        let mut key = label.encode_label_key()?;
        let Identity { text, name_ends } = self.identity;
        let value = match self.more {
            None => {
                key.write_str(&text[..*name_ends])?;
                &text[name_ends + r#"=""#.len()..]
            }
            Some((name, value)) => {
                key.write_str(text)?;
                key.write_str("\",")?;
                key.write_str(name)?;
                value
            }
        };
        let mut written = key.encode_label_value()?;
        written.write_str(value)?;
        written.finish()
    }
}

/// Writes families whole; one without a sample is left out.
struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    /// A gauge without labels.
    fn single(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn gauge<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Gauge), samples, |mut sample, value| sample.encode_gauge(&value))
    }

    fn counter<L: EncodeLabelSet, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Counter), samples, |mut sample, value| {
            sample.encode_counter::<NoLabelSet, _, f64>(&value, None)
        })
    }

    fn histogram<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, Durations)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Histogram), samples, |mut sample, Durations { counts, sum }| {
            let bounds = Durations::BOUNDS.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
            sample.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
        })
    }

    fn family<L: EncodeLabelSet, V>(
        &mut self,
        (name, help, kind): (&str, &str, MetricType),
        samples: impl IntoIterator<Item = (L, V)>,
        write: impl Fn(MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        samples.try_for_each(|(labels, value)| write(family.encode_family(&labels)?, value))
    }
}
