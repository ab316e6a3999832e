//! PURE: what a config changes of the one before, for the report of a reload. Names and numbers
//! alone: URLs, headers and credentials are secrets.

use std::fmt::Debug;

use super::{Config, Endpoint, Network};

/// One line for each difference; empty where both say the same.
#[must_use]
pub fn between(before: &Config, after: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    for network in &after.networks {
        match before.networks.iter().find(|it| it.name == network.name) {
            Some(was) => of_network(&mut lines, was, network),
            None => lines.push(format!("{}: added, with {} nodes", network.name, network.nodes.len())),
        }
    }
    let is_gone = |it: &&Network| !after.networks.iter().any(|network| network.name == it.name);
    lines.extend(before.networks.iter().filter(is_gone).map(|it| format!("{}: removed", it.name)));
    let names = |of: &Config| of.networks.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    if lines.is_empty() && names(before) != names(after) {
        lines.push("the order of the networks".into());
    }
    lines
}

/// For each node after, where the very same one was before: asked in the same way, in a network
/// that asks in the same way.
#[must_use]
pub fn unchanged(before: &Network, after: &Network) -> Vec<Option<usize>> {
    let is_asked_alike = before.is_same_chain(after)
        && before.poll_interval == after.poll_interval
        && before.timeout == after.timeout
        && before.max_lead_blocks == after.max_lead_blocks;
    let same = |node: &Endpoint| before.nodes.iter().position(|was| is_asked_alike && was == node);
    after.nodes.iter().map(same).collect()
}

fn of_network(lines: &mut Vec<String>, before: &Network, after: &Network) {
    let Network {
        name,
        protocol,
        chain_id,
        poll_interval,
        timeout,
        threshold_blocks,
        stall_after,
        max_lead_blocks,
        quorum,
        nodes,
    } = after;
    let shown = lines.len();
    let mut value = |key: &str, was: &dyn Debug, is: &dyn Debug| {
        let (was, is) = (format!("{was:?}"), format!("{is:?}"));
        if was != is {
            lines.push(format!("{name}: {key} was {was}, is {is}"));
        }
    };
    value("poll_interval", &before.poll_interval, poll_interval);
    value("timeout", &before.timeout, timeout);
    value("threshold_blocks", &before.threshold_blocks, threshold_blocks);
    value("stall_after", &before.stall_after, stall_after);
    value("max_lead_blocks", &before.max_lead_blocks, max_lead_blocks);
    value("quorum", &before.quorum, quorum);
    if before.protocol != *protocol {
        lines.push(format!("{name}: protocol changed"));
    }
    if before.chain_id != *chain_id {
        lines.push(format!("{name}: chain_id changed"));
    }
    for node in nodes {
        match before.nodes.iter().find(|was| was.is_same_node(node)) {
            Some(was) if was == node => {}
            Some(was) if !was.is_same_server(node) => {
                lines.push(format!("{name}: url of {} changed", node.name))
            }
            Some(_) => lines.push(format!("{name}: how {} is asked changed", node.name)),
            None => lines.push(format!("{name}: {} {} added", node.role.label(), node.name)),
        }
    }
    for was in &before.nodes {
        if !nodes.iter().any(|node| node.is_same_node(was)) {
            lines.push(format!("{name}: {} {} removed", was.role.label(), was.name));
        }
    }
    if lines.len() == shown && before != after {
        lines.push(format!("{name}: the order of the nodes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        super::super::read(text, "".as_ref(), &|_| Some("s3cret".into())).unwrap()
    }

    fn network(keys: &str, references: &str, watched: &str) -> String {
        format!(
            "- {{name: polygon, protocol: evm, {keys} references: [{references}], watched: [{watched}]}}\n"
        )
    }

    fn networks(of: &[String]) -> Config {
        config(&format!("networks:\n{}", of.concat()))
    }

    #[test]
    fn each_difference_is_a_line_without_secrets() {
        let references = "http://a, http://b";
        let mine = "{name: mine, url: http://c}";
        let before = network("", references, mine);
        let other = before.replace("polygon", "other");
        for (before, after, want) in [
            (vec![before.clone()], vec![before.clone()], &[][..]),
            (vec![before.clone()], vec![before.clone(), other.clone()], &["other: added, with 3 nodes"]),
            (vec![before.clone(), other.clone()], vec![before.clone()], &["other: removed"]),
            (
                vec![before.clone(), other.clone()],
                vec![other.clone(), before.clone()],
                &["the order of the networks"],
            ),
            (
                vec![before.clone()],
                vec![network("threshold_blocks: 8, poll_interval: 20s, chain_id: 137,", references, mine)],
                &[
                    "polygon: poll_interval was 15s, is 20s",
                    "polygon: threshold_blocks was 5, is 8",
                    "polygon: chain_id changed",
                ],
            ),
            (
                vec![before.clone()],
                vec![network("", "http://b, http://a", mine)],
                &["polygon: the order of the nodes"],
            ),
            (
                vec![before.clone()],
                vec![network("", "http://a, http://d", "{name: mine, url: \"http://c/${KEY}\"}")],
                &[
                    "polygon: url of mine changed",
                    "polygon: reference d added",
                    "polygon: reference b removed",
                ],
            ),
            (
                vec![before.clone()],
                vec![network("", references, "{name: mine, url: http://c, headers: {K: \"${KEY}\"}}")],
                &["polygon: how mine is asked changed"],
            ),
            (
                vec![before.clone()],
                vec![network("", references, "{name: yours, url: http://c}")],
                &["polygon: watched yours added", "polygon: watched mine removed"],
            ),
        ] {
            assert_eq!(between(&networks(&before), &networks(&after)), want, "{after:?}");
        }
    }

    #[test]
    fn a_node_goes_on_only_where_it_is_asked_as_before() {
        let of = |text: String| networks(&[text]).networks.remove(0);
        let before = of(network("", "http://a, http://b", "{name: mine, url: http://c}"));
        for (after, want) in [
            (
                network("quorum: 1,", "http://b, http://a", "{name: mine, url: http://c}"),
                [Some(0), Some(2), Some(1)],
            ),
            (network("", "http://a, http://d", "{name: mine, url: http://e}"), [None, Some(1), None]),
            (network("timeout: 3s,", "http://a, http://b", "{name: mine, url: http://c}"), [None; 3]),
        ] {
            let text = after.replace("timeout: 3s,", "poll_interval: 6s,  stall_after: 60s,");
            assert_eq!(unchanged(&before, &of(text)), want, "{after}");
        }
    }
}
