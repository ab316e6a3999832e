//! PURE: the questions to Prometheus. The names of metrics are here and nowhere else.
//!
//! Two kinds: raw samples (an instant query of a range selector, which every server answers
//! alike) for all that has to be exact, and sums per column (`query_range`) for what only
//! has to be found or drawn. Range selectors have no look-back, so a gap stays a gap, and a
//! recorded sample is found once.

use super::state::{NetworkState, NodeState};

const LAG: &str = "headlag_node_lag_blocks";
const UP: &str = "headlag_node_up";
const BEST: &str = "headlag_best_lead_blocks";
const THRESHOLD: &str = "headlag_threshold_blocks";
const POLL_INTERVAL: &str = "headlag_poll_interval_seconds";
const NODE_STATE: &str = "headlag_node_state";
const NETWORK_STATE: &str = "headlag_network_state";

/// What `rules/recording.yml` keeps.
mod recorded {
    pub const SAMPLES: &str = "headlag:samples:count5m";
    pub const POLL_INTERVAL: &str = "headlag:poll_interval_seconds";
    pub const THRESHOLD: &str = "headlag:threshold_blocks:last5m";
    pub const BEST: &str = "headlag:best_lead_blocks";
    pub const NETWORK_STATE: &str = "headlag:network_state_samples:sum5m";
    pub const LAG: &str = "headlag:node_lag_blocks";
    pub const NODE_STATE: &str = "headlag:node_state_samples:sum5m";
    pub const MISSING: &str = "headlag:node_missing_samples:sum5m";
    pub const OUTSIDE: &str = "headlag:node_outside_samples:sum5m";
}

/// How long ago the median passed the block of a node.
pub const BEHIND_SECONDS: &str = "headlag_node_behind_seconds";
/// How long the network takes for a block.
pub const BLOCK_TIME: &str = "headlag_block_time_seconds";
/// How many references are configured.
pub const REFERENCES: &str = "headlag_references";
/// How many of them count.
pub const REFERENCES_UP: &str = "headlag_references_up";
/// How many references are at the highest block.
pub const MAX_SUPPORT: &str = "headlag_max_support";
/// How many references are at the median.
pub const MEDIAN_SUPPORT: &str = "headlag_median_support";
/// At one moment: the alerts that fire, by Prometheus' own rules.
/// Source: <https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>.
pub const FIRING: &str = "ALERTS{alertstate=\"firing\"}";
/// At one moment: since when, in unix seconds, the conditions of alerts have held.
pub const HOLDING_SINCE: &str = "ALERTS_FOR_STATE";
const ROUND: &str = "headlag_round_timestamp_seconds";

/// Labels that a target must not have: Prometheus would keep them and rename the exporter's.
pub const OWN_LABELS: [&str; 3] = ["network", "node", "role"];

/// Which samples of the exporter's own metrics: of one network, or of all.
#[derive(Debug, Clone, Copy)]
pub struct Selector<'a> {
    /// Absent for all.
    pub network: Option<&'a str>,
    /// These watched nodes only; of no use to metrics of a network. Absent for all.
    pub nodes: Option<&'a [&'a str]>,
}

impl<'a> Selector<'a> {
    /// All networks.
    pub const ALL: Self = Self { network: None, nodes: None };

    /// One network and all its nodes.
    #[must_use]
    pub fn network(network: &'a str) -> Self {
        Self { network: Some(network), nodes: None }
    }

    fn of_network(self, more: &str) -> String {
        let network = self.network.map(|network| format!("network={}", quoted(network)));
        braced([network.as_deref(), Some(more)])
    }

    fn of_nodes(self, more: &str) -> String {
        let network = self.network.map(|network| format!("network={}", quoted(network)));
        let nodes = self.nodes.map(|nodes| format!("node=~{}", quoted(&any_of(nodes))));
        braced([Some("role=\"watched\""), network.as_deref(), nodes.as_deref(), Some(more)])
    }

    /// Watched nodes that have samples in the window; the value is of no interest.
    #[must_use]
    pub fn nodes_within(self, window: &str) -> String {
        format!("max by (network, node) (last_over_time({UP}{}{window}))", self.of_nodes(""))
    }

    /// Raw: the exporters' samples with the poll interval in force.
    #[must_use]
    pub fn polls(self, window: &str) -> String {
        format!("{POLL_INTERVAL}{}{window}", self.of_network(""))
    }

    /// Raw: blocks behind the median.
    #[must_use]
    pub fn lag(self, window: &str) -> String {
        format!("{LAG}{}{window}", self.of_nodes(""))
    }

    /// Raw: the threshold.
    #[must_use]
    pub fn threshold(self, window: &str) -> String {
        format!("{THRESHOLD}{}{window}", self.of_network(""))
    }

    /// Raw: whether nodes are in these states.
    #[must_use]
    pub fn node_states(self, states: &[NodeState], window: &str) -> String {
        let states = states.iter().map(|state| state.label()).collect::<Vec<_>>().join("|");
        format!("{NODE_STATE}{}{window}", self.of_nodes(&format!("state=~\"{states}\"")))
    }

    /// Raw: whether the network is in these states.
    #[must_use]
    pub fn network_states(self, states: &[NetworkState], window: &str) -> String {
        let states = states.iter().map(|state| state.label()).collect::<Vec<_>>().join("|");
        format!("{NETWORK_STATE}{}{window}", self.of_network(&format!("state=~\"{states}\"")))
    }

    /// Raw: what else is known of the present, several metrics at once.
    #[must_use]
    pub fn present(self, window: &str) -> String {
        let names = [REFERENCES, REFERENCES_UP, MAX_SUPPORT, MEDIAN_SUPPORT, BLOCK_TIME];
        let name = format!("__name__=~\"{}\"", names.join("|"));
        format!("{}{window}", self.of_network(&name))
    }

    /// Raw: when the last round ended, by the exporter's clock.
    #[must_use]
    pub fn rounds(self, window: &str) -> String {
        format!("{ROUND}{}{window}", self.of_network(""))
    }

    /// Raw: how long ago the median passed the block of each node.
    #[must_use]
    pub fn behind_seconds(self, window: &str) -> String {
        format!("{BEHIND_SECONDS}{}{window}", self.of_nodes(""))
    }

    /// At one moment: in which state each node was in the newest sample of the window.
    #[must_use]
    pub fn state_within(self, window: &str) -> String {
        format!("last_over_time({NODE_STATE}{}{window}) == 1", self.of_nodes(""))
    }

    /// At one moment: in which state each network was in the newest sample of the window.
    #[must_use]
    pub fn network_state_within(self, window: &str) -> String {
        format!("last_over_time({NETWORK_STATE}{}{window}) == 1", self.of_network(""))
    }

    /// At one moment: blocks behind the median in the newest sample of the window.
    #[must_use]
    pub fn lag_within(self, window: &str) -> String {
        format!("last_over_time({LAG}{}{window})", self.of_nodes(""))
    }

    /// Per column: how many samples of each node are in which state, other than `ok`.
    #[must_use]
    pub fn states_per_column(self, step: u32) -> String {
        format!("sum_over_time({NODE_STATE}{}{}) > 0", self.of_nodes("state!=\"ok\""), column(step))
    }

    /// Per column: how many samples of the network are in which state, other than `ok`.
    #[must_use]
    pub fn network_states_per_column(self, step: u32) -> String {
        format!("sum_over_time({NETWORK_STATE}{}{}) > 0", self.of_network("state!=\"ok\""), column(step))
    }

    /// Per column: how many samples of each exporter there are, and the longest poll interval.
    #[must_use]
    pub fn polls_per_column(self, step: u32) -> [String; 2] {
        ["count", "max"].map(|over| self.over(over, POLL_INTERVAL, step))
    }

    /// Per column: how many samples of nodes are in this state.
    #[must_use]
    pub fn state_per_column(self, state: NodeState, step: u32) -> String {
        let state = format!("state=\"{}\"", state.label());
        format!("sum_over_time({NODE_STATE}{}{})", self.of_nodes(&state), column(step))
    }

    /// Per column: how many samples of the network are in this state.
    #[must_use]
    pub fn network_state_per_column(self, state: NetworkState, step: u32) -> String {
        let state = format!("state=\"{}\"", state.label());
        format!("sum_over_time({NETWORK_STATE}{}{})", self.of_network(&state), column(step))
    }

    /// Per column: the smallest and the largest threshold.
    #[must_use]
    pub fn threshold_per_column(self, step: u32) -> [String; 2] {
        ["min", "max"].map(|over| self.over(over, THRESHOLD, step))
    }

    /// Per column: the smallest, mean and largest lead of the best reference.
    #[must_use]
    pub fn best_per_column(self, step: u32) -> [String; 3] {
        ["min", "avg", "max"].map(|over| self.over(over, BEST, step))
    }

    fn over(self, over: &str, metric: &str, step: u32) -> String {
        format!("{over}_over_time({metric}{}{})", self.of_network(""), column(step))
    }

    /// Recorded: how many samples each exporter has.
    #[must_use]
    pub fn recorded_samples(self, window: &str) -> String {
        format!("{}{}{window}", recorded::SAMPLES, self.of_network(""))
    }

    /// Recorded: how many samples of the network are in which state, other than `ok`.
    #[must_use]
    pub fn recorded_network_states(self, window: &str) -> String {
        format!("{}{}{window}", recorded::NETWORK_STATE, self.of_network(""))
    }

    /// Recorded: how many samples of nodes are in which state, other than `ok`.
    #[must_use]
    pub fn recorded_states(self, window: &str) -> String {
        format!("{}{}{window}", recorded::NODE_STATE, self.of_nodes(""))
    }

    /// Recorded: how many samples of nodes have no lag.
    #[must_use]
    pub fn recorded_missing(self, window: &str) -> String {
        format!("{}{}{window}", recorded::MISSING, self.of_nodes(""))
    }

    /// Recorded: how many samples of nodes are outside the corridor.
    #[must_use]
    pub fn recorded_outside(self, window: &str) -> String {
        format!("{}{}{window}", recorded::OUTSIDE, self.of_nodes(""))
    }

    /// Recorded, at one moment: watched nodes of which something was recorded in the window.
    #[must_use]
    pub fn recorded_nodes(self, window: &str) -> String {
        let of = |metric: &str| format!("last_over_time({metric}{}{window})", self.of_nodes(""));
        let (lag, missing) = (of(&format!("{}:max5m", recorded::LAG)), of(recorded::MISSING));
        format!("max by (network, node) ({lag} or {missing})")
    }

    /// Recorded, per column: in which states samples of nodes are, other than `ok`, and in how many.
    #[must_use]
    pub fn recorded_states_per_column(self, step: u32) -> String {
        format!("sum_over_time({}{}{})", recorded::NODE_STATE, self.of_nodes(""), column(step))
    }

    /// Recorded, per column: the smallest and the largest poll interval.
    #[must_use]
    pub fn recorded_polls_per_column(self, step: u32) -> [String; 2] {
        ["min", "max"].map(|over| self.recorded_over(over, recorded::POLL_INTERVAL, step))
    }

    /// Recorded, per column: the newest threshold.
    #[must_use]
    pub fn recorded_threshold_per_column(self, step: u32) -> String {
        self.over("last", recorded::THRESHOLD, step)
    }

    /// Recorded, per column: the smallest, mean and largest lead of the best reference.
    #[must_use]
    pub fn recorded_best_per_column(self, step: u32) -> [String; 3] {
        ["min", "avg", "max"].map(|over| self.recorded_over(over, recorded::BEST, step))
    }

    /// Recorded, per column: the smallest, mean and largest lag of nodes.
    #[must_use]
    pub fn recorded_lag_per_column(self, step: u32) -> [String; 3] {
        let nodes = self.of_nodes("");
        ["min", "avg", "max"]
            .map(|over| format!("{over}_over_time({}:{over}5m{nodes}{})", recorded::LAG, column(step)))
    }

    fn recorded_over(self, over: &str, metric: &str, step: u32) -> String {
        self.over(over, &format!("{metric}:{over}5m"), step)
    }
}

/// Per column, here usually a day: the largest number of recorded samples of any network.
#[must_use]
pub fn evaluations_per_column(step: u32) -> String {
    format!("max(count_over_time({}{}))", recorded::SAMPLES, column(step))
}

/// At one moment: the labels of ours that Prometheus renamed within the window, since targets
/// have labels of these names.
#[must_use]
pub fn renamed(window: &str) -> String {
    let exported = OWN_LABELS.map(|label| format!("exported_{label}"));
    let of = |label: &String| format!("count_over_time({UP}{{{label}!=\"\"}}{window})");
    format!("count by ({}) ({})", exported.join(", "), exported.each_ref().map(of).join(" or "))
}

/// The window of one column. A range selector takes both its ends up to Prometheus 2; a
/// millisecond less keeps a sample that lies between two columns out of the later one.
fn column(step: u32) -> String {
    format!("[{}ms]", u64::from(step) * 1_000 - 1)
}

fn braced<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    format!("{{{}}}", parts.join(","))
}

/// A regular expression that fits exactly these names: letters, digits, `_`, `-`, and dots.
fn any_of(names: &[&str]) -> String {
    let literal = |name: &&str| {
        name.chars().fold(String::new(), |mut all, c| {
            if !(c.is_alphanumeric() || "_- ".contains(c)) {
                all.push('\\');
            }
            all.push(c);
            all
        })
    };
    names.iter().map(literal).collect::<Vec<_>>().join("|")
}

/// A string of PromQL.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_as_recorded_is_recorded() {
        let rules = include_str!("../../../rules/recording.yml");
        let of = Selector::network("a");
        let windows = [
            of.recorded_samples("[1h]"),
            of.recorded_network_states("[1h]"),
            of.recorded_states("[1h]"),
            of.recorded_missing("[1h]"),
            of.recorded_outside("[1h]"),
            of.recorded_threshold_per_column(300),
        ];
        let rows = [of.recorded_best_per_column(300), of.recorded_lag_per_column(300)].concat();
        for question in windows.into_iter().chain(rows).chain(of.recorded_polls_per_column(300)) {
            let name = &question[question.find("headlag:").unwrap()..question.find('{').unwrap()];
            assert!(rules.contains(&format!("- record: {name}\n")), "{name}");
        }
        assert_eq!(rules.matches("[5m").count(), rules.matches(" offset 1m1ms").count());
    }

    #[test]
    fn names_are_quoted_and_taken_literally() {
        let nodes = ["a.b", "c"];
        let of = Selector { network: Some("a\"b"), nodes: Some(&nodes) };
        assert_eq!(
            of.lag("[60s]"),
            "headlag_node_lag_blocks{role=\"watched\",network=\"a\\\"b\",node=~\"a\\\\.b|c\"}[60s]"
        );
        assert_eq!(Selector::ALL.polls("[1h]"), "headlag_poll_interval_seconds{}[1h]");
        assert_eq!(
            Selector::network("polygon").states_per_column(30),
            "sum_over_time(headlag_node_state{role=\"watched\",network=\"polygon\",state!=\"ok\"}[29999ms]) > 0"
        );
    }
}
