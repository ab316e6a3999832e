//! From snapshots to the exposition: the only place with the names of metrics.

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use crate::{
    answer::Reason,
    consensus::Consensus,
    published::{Current, InForce, Published},
    snapshot::{Counters, Durations, Moment, NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkState, NodeState},
};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet,
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
    snapshot: Option<Snapshot>,
}

impl<'a> Scraped<'a> {
    fn of(published: &'a Published, now: Moment) -> Self {
        Self { published, snapshot: published.newest().map(|snapshot| snapshot.shown_at(now)) }
    }

    fn network(&self) -> [(&'static str, &str); 1] {
        [("network", self.published.network.as_str())]
    }

    fn counters(&self) -> impl Iterator<Item = (NodeLabels<'_>, Counters)> {
        let [network] = self.network();
        self.published.nodes.iter().enumerate().map(move |(index, (name, role))| {
            let node = self.snapshot.as_ref().and_then(|snapshot| snapshot.nodes.get(index));
            let labels = [network, ("node", name.as_str()), ("role", role.label())];
            (labels, node.map(|node| node.counters).unwrap_or_default())
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
        i64::from(current.is_newest),
    )?;
    families.single(
        "headlag_config_last_reload_success_timestamp_seconds",
        "When the config file was last read with success, in unix time.",
        current.read_at,
    )
}

fn write_networks(families: &mut Families<'_>, scraped: &[Scraped<'_>]) -> fmt::Result {
    let snapshots: Vec<&Snapshot> = scraped.iter().filter_map(|of| of.snapshot.as_ref()).collect();
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
    let snapshots = scraped.iter().filter_map(|of| of.snapshot.as_ref());
    let nodes: Vec<(NodeLabels<'_>, &NodeSnapshot)> = snapshots.flat_map(labelled).collect();
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
            let [network, name, role] = *labels;
            NodeState::ALL.map(|state| {
                ([network, name, role, ("state", state.label())], i64::from(node.state == state))
            })
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
            let [network, name, role] = *labels;
            Reason::LABELS
                .into_iter()
                .zip(counted.errors)
                .map(move |(reason, count)| ([network, name, role, ("reason", reason)], count))
        }),
    )?;
    families.counter(
        "headlag_node_regressions",
        "Usable answers of the node below its previous one.",
        counters.iter().map(|(labels, counted)| (*labels, counted.regressions)),
    )
}

type NodeLabels<'a> = [(&'static str, &'a str); 3];

fn network(snapshot: &Snapshot) -> [(&'static str, &str); 1] {
    [("network", snapshot.network.as_str())]
}

fn labelled(snapshot: &Snapshot) -> impl Iterator<Item = (NodeLabels<'_>, &NodeSnapshot)> {
    let network = snapshot.network.as_str();
    snapshot.nodes.iter().map(move |node| {
        ([("network", network), ("node", node.name.as_str()), ("role", node.role.label())], node)
    })
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
