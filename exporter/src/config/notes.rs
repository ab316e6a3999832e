//! PURE: what is valid in a config and may yet surprise.

use std::path::Path;

use super::{Config, Network, Role};
use crate::protocol::Identity;

/// With fewer, the median is one of two blocks or between them, and one of the two may be wrong.
const ENOUGH_REFERENCES: usize = 3;

/// What is worth knowing about `config`. `credentials_directory` is the environment variable of that
/// name, in capitals.
#[must_use]
pub fn of(config: &Config, credentials_directory: Option<&Path>) -> Vec<String> {
    config.networks.iter().flat_map(|network| of_network(network, credentials_directory)).collect()
}

fn of_network(network: &Network, credentials_directory: Option<&Path>) -> Vec<String> {
    let name = &network.name;
    let mut notes = Vec::new();
    let references = network.nodes.iter().filter(|node| node.role == Role::Reference).count();
    if references < ENOUGH_REFERENCES {
        notes.push(format!(
            "network {name} has fewer than {ENOUGH_REFERENCES} references, so one that is wrong moves the median; \
             add some of other operators"
        ));
    }
    if network.chain_id.is_none() && !matches!(network.protocol.chain, Identity::Nowhere) {
        notes.push(format!(
            "network {name} has no chain_id, so a node on another chain is not recognised; add it"
        ));
    }
    for node in &network.nodes {
        let credentials = node.access.credentials.as_ref();
        if credentials.is_some_and(|it| it.is_copy_by_systemd(credentials_directory)) {
            notes.push(format!(
                "the credentials of {} of network {name} are in a copy that systemd made when it started the \
                 service; after changing the original, restart the service",
                node.name
            ));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, with};
    use super::*;

    #[test]
    fn a_config_that_is_valid_may_yet_surprise() {
        let right = "  chain_id: 137\n";
        let few = "network polygon has fewer than 3 references";
        let unchecked = "network polygon has no chain_id";
        for (references, keys, want) in [
            ("http://a, http://b, http://d", right, vec![]),
            ("http://a, http://b", right, vec![few]),
            ("http://a, http://b, http://d", "", vec![unchecked]),
            ("http://a", "", vec![few, unchecked]),
        ] {
            let text = with(keys).replace("http://a, http://b", references);
            let notes = of(&read(&text).unwrap(), None);
            assert_eq!(notes.len(), want.len(), "{notes:?}");
            assert!(notes.iter().zip(want).all(|(note, want)| note.starts_with(want)), "{notes:?}");
        }
    }

    #[test]
    fn a_chain_that_is_asked_for_and_not_compared_is_noted() {
        let own = "  threshold_blocks: 5\n  stall_after: 60s\n  head: {method: GET, path: /a, pointer: /b, form: number}\n";
        for (keys, is_noted) in [
            ("  chain: {pointer: /c}\n", true),
            ("  chain: {pointer: /c}\n  chain_id: x\n", false),
            // Then nothing is asked for.
            ("", false),
        ] {
            let text = with(&format!("{own}{keys}")).replace("protocol: evm", "protocol: json");
            let notes = of(&read(&text).unwrap(), None);
            assert_eq!(
                notes.iter().any(|note| note.contains("has no chain_id")),
                is_noted,
                "{keys}{notes:?}"
            );
        }
    }
}
