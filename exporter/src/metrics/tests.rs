//! The exposition as a whole.

use std::time::Duration;

use headlag_service::exposition::{Format, render};

use proptest::prelude::*;

use super::*;
use crate::{
    answer::Answer,
    block::BlockNumber,
    config::{Endpoint, Network, NetworkName, NodeName},
    network::{
        self,
        properties::{any_rounds, play},
    },
    round::Round,
    snapshot::Moment,
};

fn endpoint(name: &str) -> Endpoint {
    Endpoint {
        name: NodeName::new(name).unwrap(),
        url: format!("http://secret.example/{name}/KEY").into(),
        headers: Default::default(),
    }
}

fn polygon() -> network::Network {
    network::Network::new(Network {
        name: NetworkName::new("polygon").unwrap(),
        poll_interval: Duration::from_secs(15),
        timeout: Duration::from_secs(5),
        chain_id: Some(137),
        threshold_blocks: 5,
        stall_after: Duration::from_secs(60),
        max_lead_blocks: 100,
        quorum: 2,
        references: vec![endpoint("a"), endpoint("b"), endpoint("c")],
        watched: vec![endpoint("my-node"), endpoint("my-spare")],
    })
}

fn answer(head: Result<u64, Reason>, millis: u64) -> Answer {
    Answer { head: head.map(|block| BlockNumber::new(block).unwrap()), took: Duration::from_millis(millis) }
}

/// Two rounds: all well, then a reference limited and the spare node silent.
fn snapshot() -> Snapshot {
    let mut network = polygon();
    let start = Instant::now();
    let at = |seconds| Moment {
        unix: 1_790_000_000.0 + seconds,
        monotonic: start + Duration::from_secs_f64(seconds),
    };
    let round = |references: [Answer; 3], watched: [Answer; 2]| Round {
        took: Duration::from_millis(250),
        references: references.into(),
        watched: watched.into(),
    };
    network.fold(
        at(0.0),
        &round(
            [answer(Ok(100), 20), answer(Ok(101), 30), answer(Ok(103), 40)],
            [answer(Ok(99), 3), answer(Ok(104), 4)],
        ),
    );
    network.fold(
        at(15.25),
        &round(
            [answer(Ok(108), 20), answer(Err(Reason::RateLimited), 30), answer(Ok(111), 40)],
            [answer(Ok(97), 3), answer(Err(Reason::Timeout), 5_000)],
        ),
    )
}

fn render_with(snapshots: &[Snapshot], format: Format) -> String {
    let constants = Constants { version: "1.2.3", revision: "abc123", config_loaded: 1_789_999_999.5 };
    #[derive(Debug)]
    struct Fixed(Constants, Vec<Snapshot>);
    impl Collector for Fixed {
        fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
            write(encoder, &self.0, &self.1)
        }
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Fixed(constants, snapshots.to_vec())));
    render(&registry, format).unwrap()
}

#[test]
fn the_whole_exposition_is_as_the_golden_files_show() {
    for (format, name) in [(Format::OpenMetrics, "openmetrics"), (Format::Text, "text_0_0_4")] {
        insta::assert_snapshot!(name, render_with(&[snapshot()], format));
    }
}

#[test]
fn before_the_first_round_and_for_ever_no_url_is_shown() {
    let registry = registry(
        Constants { version: "1.2.3", revision: "abc123", config_loaded: 0.0 },
        vec![Published::default()],
    );
    let text = render(&registry, Format::OpenMetrics).unwrap();
    assert!(text.contains("headlag_build_info{") && !text.contains("network="), "{text}");
    let text = render_with(&[snapshot()], Format::OpenMetrics);
    assert!(!text.contains("secret.example") && !text.contains("KEY"), "{text}");
}

#[test]
fn an_old_snapshot_shows_no_block_and_nobody_up() {
    let snapshot = snapshot();
    let at = |seconds| snapshot.shown_at(snapshot.ended.monotonic + Duration::from_secs(seconds));
    assert_eq!(at(45).watched[0].block, BlockNumber::new(97));
    let text = render_with(&[at(46)], Format::Text);
    for gone in [
        "headlag_node_block",
        "headlag_node_lag_blocks",
        "headlag_node_behind_seconds",
        "headlag_max_",
        "headlag_median_",
        "_up{network=\"polygon\",node=\"a\",role=\"reference\"} 1",
    ] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert!(text.contains("headlag_references_up{network=\"polygon\"} 0"), "{text}");
    assert!(text.contains("headlag_network_state{network=\"polygon\",state=\"no_consensus\"} 1"));
    assert_eq!(text.matches("state=\"unreachable\"} 1").count(), 5, "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn everyone_is_in_exactly_one_state(rounds in any_rounds(), age in 0_u64..90) {
        for snapshot in play(&rounds) {
            let shown = snapshot.shown_at(snapshot.ended.monotonic + Duration::from_secs(age));
            let text = render_with(std::slice::from_ref(&shown), Format::Text);
            let states = |family: &str| {
                let lines = text.lines().filter(|line| line.starts_with(&format!("{family}{{")));
                let mut ones: Vec<&str> = lines.filter_map(|line| line.strip_suffix("} 1")).collect();
                ones.sort_unstable();
                // Each network and node once: all that stands before the state.
                ones.iter().map(|line| line.split(",state=").next().unwrap().to_owned()).collect::<Vec<_>>()
            };
            let mut nodes = states("headlag_node_state");
            prop_assert_eq!(nodes.len(), shown.nodes().count());
            nodes.dedup();
            prop_assert_eq!(nodes.len(), shown.nodes().count());
            prop_assert_eq!(states("headlag_network_state").len(), 1);
        }
    }
}
