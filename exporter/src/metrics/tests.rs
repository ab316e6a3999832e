//! The exposition as a whole.

use std::time::Duration;

use headlag_service::{
    document,
    exposition::{Format, render},
    process::ProcessCollector,
};

use proptest::prelude::*;

use super::*;
use crate::{
    answer::{Answer, Round},
    block::BlockNumber,
    clock,
    config::{self, NetworkName},
    network::{
        self,
        properties::{any_rounds, play},
    },
    snapshot::Moment,
};

fn polygon() -> config::Network {
    let text = "networks:\n- {name: polygon, protocol: evm, references: [http://a, http://b, http://c], watched: \
                [{name: my-node, url: http://d}, {name: my-spare, url: http://e}]}";
    let config = config::read(text, "".as_ref(), &|_| None).unwrap();
    config.networks.into_iter().next().unwrap()
}

fn answer(head: Result<u64, Reason>, millis: u64) -> Answer {
    Answer {
        head: head.map(|block| BlockNumber::new(block).unwrap()),
        took: Some(Duration::from_millis(millis)),
    }
}

/// Two rounds: all well, then a reference limited and the spare node silent.
fn snapshot() -> Snapshot {
    let mut network = network::Network::new(polygon());
    let start = clock::now();
    let at = |seconds| Moment {
        unix: 1_790_000_000.0 + seconds,
        monotonic: start + Duration::from_secs_f64(seconds),
    };
    let round = |references: [Answer; 3], watched: [Answer; 2]| Round {
        took: Duration::from_millis(250),
        answers: watched.into_iter().chain(references).collect(),
    };
    network.fold(
        at(0.0),
        &round(
            [answer(Ok(100), 20), answer(Ok(101), 30), answer(Ok(103), 40)],
            [answer(Ok(99), 3), answer(Ok(104), 4)],
        ),
    );
    let second = network.fold(
        at(15.25),
        &round(
            [answer(Ok(108), 20), answer(Err(Reason::RateLimited), 30), answer(Ok(111), 40)],
            [answer(Ok(97), 3), answer(Err(Reason::Timeout), 5_000)],
        ),
    );
    // Two rounds are too few for it.
    Snapshot { block_time: Some(Duration::from_millis(2_125)), ..second }
}

fn constants() -> Constants {
    Constants { version: "1.2.3", revision: "abc123" }
}

/// The exposition over one network whose newest snapshot is shown as `snapshot`.
fn render_with(snapshot: &Snapshot, format: Format) -> String {
    #[derive(Debug)]
    struct Fixed(Published, Snapshot);
    impl Collector for Fixed {
        fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let scraped = Scraped::new(&self.0, Some(Arc::new(self.1.clone())));
            let current = InForce { networks: Vec::new(), read_at: 1_789_999_999.5, refused_since: None };
            write(encoder, Some((&constants(), &current)), &[scraped])
        }
    }
    let mut published = Published::new(&polygon());
    published.nodes = snapshot.nodes.iter().map(|node| (node.name.clone(), node.role)).collect();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Fixed(published, snapshot.clone())));
    render(&registry, format).unwrap()
}

#[test]
fn document_of_all_metrics() {
    let settle = |part, text: &str| {
        let table = document::metrics(text, &["state", "reason"]);
        document::settle(env!("CARGO_MANIFEST_DIR"), "../docs/metrics.md", part, &table).unwrap();
    };
    settle("metrics of headlag-exporter", &render_with(&snapshot(), Format::Text));
    let mut registry = Registry::default();
    registry.register_collector(Box::new(ProcessCollector));
    settle("metrics of a process", &render(&registry, Format::Text).unwrap());
}

fn later(than: Moment, seconds: u64) -> Moment {
    let by = Duration::from_secs(seconds);
    Moment { unix: than.unix + by.as_secs_f64(), monotonic: than.monotonic + by }
}

#[test]
fn the_whole_exposition_is_as_the_golden_files_show() {
    for (format, name) in [(Format::OpenMetrics, "openmetrics"), (Format::Text, "text_0_0_4")] {
        insta::assert_snapshot!(name, render_with(&snapshot(), format));
    }
}

#[test]
fn before_the_first_round_there_are_counters_at_0_and_nothing_else_of_a_network() {
    let published = Arc::new(Published::new(&polygon()));
    let text =
        render(&registry(constants(), Arc::new(Current::new(vec![published], 0.0))), Format::Text).unwrap();
    let of_networks: Vec<&str> = text.lines().filter(|line| line.contains("network=")).collect();
    let is_counter = |line: &str| line.contains("_total{") || line.contains("_duration_seconds_");
    let is_zero = |line: &str| line.ends_with(" 0") || line.ends_with(" 0.0");
    assert!(of_networks.iter().all(|line| is_counter(line) && is_zero(line)), "{text}");
    // For each of five nodes ten reasons, regressions, and a histogram of twelve buckets,
    // a sum and a count; one counter of rounds.
    assert_eq!(of_networks.len(), 5 * (10 + 1 + 14) + 1, "{text}");
}

#[test]
fn an_old_snapshot_shows_no_block_and_nobody_up() {
    let snapshot = snapshot();
    let at = |seconds| snapshot.shown_at(later(snapshot.ended, seconds));
    assert_eq!(at(45).nodes[0].block, BlockNumber::new(97));
    // While the machine is suspended, the wall clock alone goes on.
    let after_a_suspend = Moment { unix: snapshot.ended.unix + 3600.0, ..snapshot.ended };
    assert!(snapshot.shown_at(after_a_suspend).nodes.iter().all(|node| node.answered().is_none()));
    let text = render_with(&at(46), Format::Text);
    for gone in [
        "headlag_node_block",
        "headlag_node_lag_blocks",
        "headlag_node_behind_seconds",
        "headlag_max_",
        "headlag_median_",
        "headlag_block_time_",
        "_up{network=\"polygon\",node=\"a\",role=\"reference\"} 1",
    ] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert!(text.contains("headlag_references_up{network=\"polygon\"} 0"), "{text}");
    assert!(text.contains("headlag_network_state{network=\"polygon\",state=\"no_consensus\"} 1"));
    assert_eq!(text.matches("state=\"unreachable\"} 1").count(), 5, "{text}");
}

#[test]
fn the_metrics_of_one_network_are_those_lines_of_all_that_carry_its_name() {
    let newest = snapshot();
    let networks = ["ethereum", "polygon"].map(|name| {
        let config = config::Network { name: NetworkName::new(name).unwrap(), ..polygon() };
        let published = Published::new(&config);
        // The age of a snapshot is measured by the real clock here.
        let snapshot = Snapshot { network: config.name, ended: Moment::now(), ..newest.clone() };
        published.publish(snapshot);
        Arc::new(published)
    });
    let whole =
        render(&registry(constants(), Arc::new(Current::new(networks.to_vec(), 0.0))), Format::Text).unwrap();
    let part = render(&registry_of(vec![networks[1].clone()]), Format::Text).unwrap();
    let samples = |text: &str, label: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.starts_with('#') && line.contains(label))
            .map(str::to_owned)
            .collect()
    };
    let of_polygon = samples(&whole, "network=\"polygon\"");
    assert!(!of_polygon.is_empty() && samples(&part, "") == of_polygon, "{part}");
    // Help and type are those of the whole, too, each before its samples.
    assert!(part.lines().all(|line| whole.contains(&format!("{line}\n"))), "{part}");
    let of_all = ["# TYPE headlag_build_info ", "# TYPE headlag_config_", "# TYPE process_"];
    let others = of_all.iter().map(|family| whole.matches(family).count()).sum::<usize>();
    assert_eq!(part.matches("# TYPE").count() + others, whole.matches("# TYPE").count());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn everyone_is_in_exactly_one_state(rounds in any_rounds(), age in 0_u64..90) {
        for snapshot in play(&rounds) {
            let shown = snapshot.shown_at(later(snapshot.ended, age));
            let text = render_with(&shown, Format::Text);
            let states = |family: &str| {
                let lines = text.lines().filter(|line| line.starts_with(&format!("{family}{{")));
                let mut ones: Vec<&str> = lines.filter_map(|line| line.strip_suffix("} 1")).collect();
                ones.sort_unstable();
                // Each network and node once: everything before the state.
                ones.iter().map(|line| line.split(",state=").next().unwrap().to_owned()).collect::<Vec<_>>()
            };
            let mut nodes = states("headlag_node_state");
            prop_assert_eq!(nodes.len(), shown.nodes.len());
            nodes.dedup();
            prop_assert_eq!(nodes.len(), shown.nodes.len());
            prop_assert_eq!(states("headlag_network_state").len(), 1);
        }
    }
}
