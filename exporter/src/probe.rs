//! `probe`: one round, shown on the terminal.

use std::{
    env,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    answer::Reason,
    config::{Config, Role},
    network::Network,
    node::Dialer,
    round::{self, Nodes},
    snapshot::{Moment, NodeSnapshot, Snapshot},
    verdict::{NetworkState, NodeState},
};

/// Asks every node once and prints what is known then. The exit status is 0 when all watched
/// nodes are ok, 1 when at least one is in trouble or ahead, 3 when none is but at least one
/// is unknown.
///
/// # Errors
/// When a node cannot be asked at all.
pub async fn probe(config: Config, as_json: bool) -> anyhow::Result<ExitCode> {
    round::raise_open_files(&config.networks);
    let dialer = Dialer::default();
    let mut rounds = JoinSet::new();
    for (index, network) in config.networks.into_iter().enumerate() {
        let mut nodes = Nodes::new(&dialer, &network)?;
        rounds.spawn(async move {
            let round = nodes.ask().await;
            (index, Network::new(network).fold(Moment::now(), &round))
        });
    }
    let mut ended = rounds.join_all().await;
    ended.sort_by_key(|(index, _)| *index);
    let snapshots: Vec<Snapshot> = ended.into_iter().map(|(_, snapshot)| snapshot).collect();
    let shown =
        if as_json { format!("{:#}\n", as_value(&snapshots)) } else { table(&snapshots, wants_colours()) };
    // A reader that closed the pipe has seen enough; the status still counts.
    let _ = io::stdout().write_all(shown.as_bytes());
    Ok(ExitCode::from(status(&snapshots)))
}

/// Only for people; <https://no-color.org> is honoured.
fn wants_colours() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn status(snapshots: &[Snapshot]) -> u8 {
    let states = || snapshots.iter().flat_map(|of| of.of_role(Role::Watched)).map(|node| node.state);
    if states().any(|state| ![NodeState::Ok, NodeState::Unknown].contains(&state)) {
        1
    } else if states().any(|state| state == NodeState::Unknown) {
        3
    } else {
        0
    }
}

fn as_value(snapshots: &[Snapshot]) -> Value {
    let node = |node: &NodeSnapshot| {
        json!({
            "node": node.name.as_str(),
            "role": node.role.label(),
            "state": node.state.label(),
            "block": node.answered().map(|block| block.get()),
            "lag_blocks": node.lag.map(|lag| lag.blocks()),
            "took_seconds": node.took.map(|took| took.as_secs_f64()),
            "error": node.failure.map(|reason| reason.label()),
            "error_code": node.failure.and_then(|reason| reason.code()),
            "error_cause": node.failure.and_then(|reason| reason.cause()),
        })
    };
    let network = |of: &Snapshot| {
        json!({
            "network": of.network.as_str(),
            "state": of.state.label(),
            "max_block": of.consensus.map(|of| of.max.block.get()),
            "median_block": of.consensus.map(|of| of.median.block.get()),
            "threshold_blocks": of.threshold_blocks,
            "references": of.references(),
            "references_up": of.references_up(),
            "nodes": of.nodes.iter().map(node).collect::<Vec<_>>(),
        })
    };
    json!({ "networks": snapshots.iter().map(network).collect::<Vec<_>>() })
}

// As in charts and on the page: red is an alarm, and nothing else is.
const GREEN: &str = "32";
const RED: &str = "31";
const BLUE: &str = "34";
const GREY: &str = "90";

fn table(snapshots: &[Snapshot], in_colours: bool) -> String {
    let networks = snapshots.iter().map(|of| {
        let median = of.consensus.map(|of| format!(", median {}", of.median.block.get()));
        let heading = format!(
            "{}: {}{}, {} of {} references counted\n",
            of.network,
            paint(of.state.label(), colour_of_network(of.state), in_colours),
            median.unwrap_or_default(),
            of.references_up(),
            of.references(),
        );
        heading + &rows(of, in_colours)
    });
    networks.collect::<Vec<_>>().join("\n") + &hints(snapshots)
}

/// The commands that explain the reasons in the table; nothing where there are none.
fn hints(snapshots: &[Snapshot]) -> String {
    let failures = || snapshots.iter().flat_map(|of| &of.nodes).filter_map(|node| node.failure);
    let is_given = |label: &&str| failures().any(|reason| reason.label() == *label);
    let hints: String = Reason::LABELS
        .into_iter()
        .filter(is_given)
        .map(|label| format!("  headlag-exporter explain {label}\n"))
        .collect();
    if hints.is_empty() { hints } else { format!("\ncauses and remedies:\n{hints}") }
}

fn rows(of: &Snapshot, in_colours: bool) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let cells = |node: &NodeSnapshot| {
        [
            node.name.to_string(),
            node.role.label().into(),
            state_with_reason(node),
            or_dash(node.answered().map(|block| block.get().to_string())),
            or_dash(node.lag.map(|lag| lag.to_string())),
            node.took.map_or(String::new(), |took| format!("{} ms", took.as_millis())),
        ]
    };
    let heads = ["node", "role", "state", "block", "lag", "took"].map(str::to_owned);
    let nodes: Vec<_> = of.nodes.iter().map(cells).collect();
    let [name, role, state, block, lag, took] = [0, 1, 2, 3, 4, 5]
        .map(|column| nodes.iter().chain([&heads]).map(|cells| cells[column].len()).max().unwrap_or(0));
    let row = |cells: &[String; 6], colour: Option<&str>| {
        let [a, b, c, d, e, f] = cells;
        // Padded before it is painted: the codes of colours count as letters.
        let c = paint(&format!("{c:state$}"), colour.unwrap_or_default(), in_colours && colour.is_some());
        format!("  {a:name$}  {b:role$}  {c}  {d:>block$}  {e:>lag$}  {f:>took$}\n")
    };
    let painted = of.nodes.iter().zip(&nodes);
    let painted = painted.map(|(node, cells)| row(cells, Some(colour_of_node(node.state))));
    row(&heads, None) + &painted.collect::<String>()
}

fn paint(text: &str, colour: &str, in_colours: bool) -> String {
    if in_colours { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.into() }
}

fn colour_of_network(state: NetworkState) -> &'static str {
    match state {
        NetworkState::Ok => GREEN,
        NetworkState::Split | NetworkState::Halted | NetworkState::NoConsensus => GREY,
    }
}

fn colour_of_node(state: NodeState) -> &'static str {
    match state {
        NodeState::Ok => GREEN,
        NodeState::Ahead => BLUE,
        NodeState::Unknown => GREY,
        NodeState::Behind | NodeState::Unreachable | NodeState::WrongChain | NodeState::Stalled => RED,
    }
}

/// The state, and the reason where the state alone does not say it.
fn state_with_reason(node: &NodeSnapshot) -> String {
    let state = node.state.label();
    match node.failure.filter(|reason| reason.label() != state) {
        None => state.into(),
        Some(Reason::NotSynced(_)) => format!("{state} (not synced yet)"),
        Some(reason) => match (reason.code(), reason.cause()) {
            (Some(code), _) => format!("{state} ({} {code})", reason.label()),
            (None, Some(cause)) => format!("{state} ({}: {cause})", reason.label()),
            (None, None) => format!("{state} ({})", reason.label()),
        },
    }
}

#[cfg(test)]
#[path = "../tests/cases/mod.rs"]
mod cases;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        block::BlockNumber,
        cause::Cause,
        network::scenarios::{answer, network, round},
    };
    use cases::{Case, Does, cases, row_of};

    fn snapshot(references: &[Result<u64, Reason>], watched: &[Result<u64, Reason>]) -> Snapshot {
        let answers = |heads: &[_]| heads.iter().copied().map(answer).collect();
        let round = round(answers(references), answers(watched));
        network(references.len(), watched.len()).fold(Moment::now(), &round)
    }

    #[test]
    fn the_table_shows_all_that_is_known_with_and_without_colours() {
        let references = [Ok(72_000_105), Ok(72_000_105), Err(Reason::RateLimited), Ok(99_000_000)];
        let one =
            snapshot(&references, &[Ok(72_000_093), Err(Reason::WrongChain(BlockNumber::new(5).unwrap()))]);
        let other = snapshot(&[Ok(5), Err(Reason::Timeout)], &[Ok(5)]);
        insta::assert_snapshot!("table", table(&[one.clone(), other.clone()], false));
        let starts = table(&[snapshot(&[Ok(5), Ok(5)], &[Err(Reason::NotSynced(Some(-28)))])], false);
        assert!(starts.contains(" unreachable (not synced yet) "), "{starts}");
        let expired = Err(Reason::Tls(Some(Cause::Expired)));
        let expired = snapshot(&[Ok(5), Ok(5)], &[expired]);
        assert_eq!(
            as_value(std::slice::from_ref(&expired))["networks"][0]["nodes"][0]["error_cause"],
            "certificate expired"
        );
        let expired = table(&[expired], false);
        assert!(expired.contains(" unreachable (tls: certificate expired) "), "{expired}");
        let painted = table(&[one], true);
        assert!(painted.contains("\u{1b}[31mbehind                    \u{1b}[0m"), "{painted}");
        insta::assert_snapshot!("json", format!("{:#}", as_value(&[other])));
    }

    #[test]
    fn every_shared_case_has_its_row() {
        for Case { references, watched, want } in cases() {
            let heads = |nodes: &[Does]| -> Vec<Result<u64, Reason>> {
                let head = |does: &Does| match does {
                    Does::Answers(block) => Ok(*block),
                    Does::Fails => Err(Reason::Timeout),
                    Does::IsElsewhere => Err(Reason::WrongChain(BlockNumber::new(7).unwrap())),
                };
                nodes.iter().map(head).collect()
            };
            let snapshots = [snapshot(&heads(&references), &heads(&watched))];
            let row = row_of(status(&snapshots), &as_value(&snapshots));
            assert_eq!(row, want, "{references:?} {watched:?}");
        }
    }

    #[test]
    fn the_exit_status_is_that_of_the_worst_network() {
        let (two, one) = ([Ok(100), Ok(100)], [Ok(100), Err(Reason::Timeout)]);
        let (ok, unknown) = (snapshot(&two, &[Ok(100)]), snapshot(&one, &[Ok(100)]));
        let behind = snapshot(&two, &[Ok(0)]);
        assert_eq!(status(&[ok.clone(), unknown.clone()]), 3);
        assert_eq!(status(&[ok, unknown, behind]), 1);
    }
}
