//! PURE: a whole config with the nodes that were found.

use std::{
    fmt::{self, Write},
    time::Duration,
};

use super::candidate::Candidate;
use crate::{
    config::NetworkName,
    limits::{self, Limits},
};

/// The watched node, until the user names another one. `.example` is a name that nobody has
/// (RFC 2606), so that no stranger is asked; the first of these that is no reference.
const WATCHED: [&str; 2] = ["my-node", "my-own-node"];

/// A config of one EVM network: `chain_id` with `references`, each with how long its answer took
/// where that is known. With a `block_time`, its settings are those that fit it.
#[must_use]
pub fn write<'c>(
    network: &NetworkName,
    chain_id: u64,
    block_time: Option<Duration>,
    references: impl IntoIterator<Item = (&'c Candidate, Option<Duration>)>,
) -> String {
    let mut names = Vec::new();
    let mut listed = String::new();
    for (candidate, took) in references {
        let Candidate { name, url, is_bare } = candidate;
        let url = Scalar(url);
        let took = took.map(|took| format!("  # {} ms", took.as_millis())).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = if *is_bare {
            writeln!(listed, "      - {url}{took}")
        } else {
            writeln!(listed, "      - name: {}{took}\n        url: {url}", Scalar(name.as_str()))
        };
        names.push(name.as_str());
    }
    let watched = WATCHED.iter().find(|name| !names.contains(name)).unwrap_or(&WATCHED[0]);
    let pace = block_time.map_or_else(
        || {
            "    # All other settings have their defaults, which are those of a chain with a block every 2 s.
    # For another pace set threshold_blocks and stall_after.
"
            .to_owned()
        },
        |time| {
            let Limits { threshold_blocks, max_lead_blocks, .. } = limits::defaults(time);
            format!(
                "    # It makes a block about every {:.2} s, as measured over a few seconds.
    threshold_blocks: {threshold_blocks}
    max_lead_blocks: {max_lead_blocks}
",
                time.as_secs_f64()
            )
        },
    );
    format!(
        "# From headlag-exporter discover.

networks:
  - name: {network}
    protocol: evm
    chain_id: {chain_id}
{pace}
    # Public nodes, the fastest first; how long they took is as seen from here.
    references:
{listed}
    # A placeholder: replace it with the name and URL of your own node.
    watched:
      - name: {watched}
        url: http://{watched}.example:8545
",
        network = Scalar(network.as_str()),
    )
}

/// A text as a YAML value, in quotes where it would be something else without them.
struct Scalar<'t>(&'t str);

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        let is_plain = text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with(':')
            && *text != "null"
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~:/?&=%+${}".contains(c));
        if is_plain {
            f.write_str(text)
        } else {
            // A JSON string is a YAML one (YAML 1.2.2, section 1.2).
            write!(f, "{}", serde_json::Value::from(*text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Role};
    use proptest::prelude::*;
    use secrecy::ExposeSecret;
    use std::path::Path;

    fn environment(name: &str) -> Option<String> {
        (name != "UNSET").then(|| format!("value-of-{name}"))
    }

    fn candidate(url: &str) -> Option<Candidate> {
        Candidate::read(url, &environment).ok()
    }

    fn read(text: &str) -> config::Network {
        let mut config = config::read(text, Path::new("."), &environment).unwrap_or_else(|problems| {
            panic!("{problems:?}\n{text}");
        });
        config.networks.remove(0)
    }

    #[test]
    fn a_config_as_a_person_would_write_it() {
        let urls = ["https://a.example/x", "https://b.example/v3/${KEY}", "https://c.example:8545/#x:"];
        let candidates = urls.map(|url| candidate(url).unwrap());
        let times = [Some(Duration::from_micros(43_700)), Some(Duration::from_secs(1)), None];
        let network = NetworkName::new("polygon-mainnet").unwrap();
        let text = write(&network, 137, None, candidates.iter().zip(times));
        insta::assert_snapshot!(text, @r#"
        # From headlag-exporter discover.

        networks:
          - name: polygon-mainnet
            protocol: evm
            chain_id: 137
            # All other settings have their defaults, which are those of a chain with a block every 2 s.
            # For another pace set threshold_blocks and stall_after.

            # Public nodes, the fastest first; how long they took is as seen from here.
            references:
              - https://a.example/x  # 43 ms
              - name: b.example  # 1000 ms
                url: https://b.example/v3/${KEY}
              - name: c.example-8545
                url: "https://c.example:8545/#x:"

            # A placeholder: replace it with the name and URL of your own node.
            watched:
              - name: my-node
                url: http://my-node.example:8545
        "#);
        let read = read(&text);
        assert_eq!((read.nodes.len(), read.threshold_blocks), (4, 5));
    }

    #[test]
    fn a_fast_chain_gets_a_wider_corridor() {
        let reference = candidate("https://a.example").unwrap();
        let block_time = Some(Duration::from_millis(250));
        let text = write(&NetworkName::new("x").unwrap(), 1, block_time, [(&reference, None)]);
        let read = read(&text);
        assert_eq!((read.threshold_blocks, read.max_lead_blocks), (40, 800));
        assert!(text.contains("a block about every 0.25 s"), "{text}");
    }

    #[test]
    fn names_that_mean_something_in_yaml_stay_names() {
        for name in ["null", "true", "no", "1", "1e3", "0x10", "2026-01-01", "a.-"] {
            let reference = candidate(&format!("https://{name}.example/")).unwrap();
            let reference =
                Candidate { name: config::NodeName::new(name).unwrap(), is_bare: false, ..reference };
            let text = write(&NetworkName::new(name).unwrap(), u64::MAX, None, [(&reference, None)]);
            let read = read(&text);
            assert_eq!((read.name.as_str(), read.nodes[1].name.as_str()), (name, name));
        }
    }

    #[test]
    fn the_placeholder_is_no_reference() {
        let reference = candidate("http://my-node/").unwrap();
        let text = write(&NetworkName::new("x").unwrap(), 1, None, [(&reference, None)]);
        let read = read(&text);
        assert_eq!(read.nodes[0].role, Role::Watched);
        assert_eq!(read.nodes[0].name.as_str(), "my-own-node");
    }

    proptest! {
        /// What a URL of the list holds neither breaks the config nor changes on the way.
        #[test]
        fn every_candidate_is_read_back(
            url in r"https?://(\$\{[A-Z]{1,3}\}\.)?[a-z0-9]{1,3}\.[a-z]{2}(:[0-9]{1,4})?(/(\PC|\$\{[A-Z]{1,3}\}){0,12})?"
        ) {
            if let Some(candidate) = candidate(&url) {
                let text = write(&NetworkName::new("x").unwrap(), 1, None, [(&candidate, None)]);
                let read = read(&text);
                prop_assert_eq!(&read.nodes[1].name, &candidate.name);
                let filled = headlag_service::yaml::variables::fill_in(&url, &environment).unwrap();
                let filled = reqwest::Url::parse(&filled).unwrap();
                prop_assert_eq!(read.nodes[1].url.expose_secret(), filled.as_str());
            }
        }
    }
}
