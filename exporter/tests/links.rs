//! How far apart healthy nodes answer, by the links to them and the pace of their chain; which thresholds
//! stay quiet then; and that the default ones do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

#[allow(dead_code, reason = "only its dice are of use here")]
mod worlds;

use std::time::Duration;

use headlag_exporter::{
    answer::{Answer, Reason, Round},
    block::BlockNumber,
    config,
    limits::{Limits, defaults},
    network::Network,
    snapshot::{Moment, Snapshot},
    verdict::{NetworkState, NodeState},
};
use worlds::{Dice, POLL};

/// Round trips in seconds.
const LINKS: [(f64, &str); 6] = [
    (0.005, "the same city"),
    (0.03, "a neighbouring country"),
    (0.08, "the other end of a continent"),
    (0.15, "across an ocean"),
    (
        0.3,
        "the other side of the earth: 40,000 km of fibre at 200,000 km/s are 200 ms, and no cable is straight",
    ),
    (0.6, "a geostationary satellite: four times 36,000 km at 300,000 km/s are 480 ms"),
];
/// Milliseconds for a block: from Aptos to Ethereum.
const BLOCK_TIMES: [u64; 9] = [100, 250, 400, 1_000, 2_000, 3_000, 5_000, 6_000, 12_000];

/// Connections live for a few minutes; a new one costs a look-up, TCP and TLS 1.3, a round trip each.
const NEW_CONNECTION: (f64, f64) = (0.05, 3.0);
/// Of a hundred requests one loses a packet, which Linux sends again after at least 200 ms.
const LOSS: (f64, f64) = (0.01, 0.2);
/// How late a node has a block, in seconds: a second or two, and it reaches everybody.
const LATE: (f64, f64) = (0.05, 2.0);
/// Of a hundred slots five stay empty.
const EMPTY_SLOTS: f64 = 0.05;
const REFERENCES: usize = 4;
const ROUNDS: u32 = 120;

/// When each block is made, in seconds.
struct Chain(Vec<f64>);

impl Chain {
    /// One with a block in so many seconds, as `gap` spreads them, that lasts for so many rounds.
    fn new(rounds: u32, mut gap: impl FnMut() -> f64) -> Self {
        let (mut made, mut at) = (vec![], -100.0);
        while at < f64::from(rounds + 1) * POLL {
            made.push(at);
            at += gap();
        }
        Self(made)
    }

    fn head(&self, at: f64) -> u64 {
        1_000 + self.0.partition_point(|made| *made <= at) as u64
    }
}

/// The block that a node on this link answers with, when asked at a time.
fn answer(chain: &Chain, link: f64, at: f64, is_first: bool, dice: &mut Dice) -> Answer {
    let mut travels = link / 2.0 * dice.between(1.0, 1.5);
    if is_first || dice.chance(NEW_CONNECTION.0) {
        travels += NEW_CONNECTION.1 * link;
    }
    if dice.chance(LOSS.0) {
        travels += LOSS.1.max(link);
    }
    let head = chain.head(at + travels - dice.between(LATE.0, LATE.1));
    Answer { head: BlockNumber::new(head).ok_or(Reason::Malformed), took: Some(Duration::from_millis(20)) }
}

/// What is known after each round of a network with these links to its nodes, the watched one first.
fn play(chain: &Chain, links: &[f64], limits: Limits, rounds: u32, dice: &mut Dice) -> Vec<Snapshot> {
    let urls: Vec<String> = (1..links.len()).map(|index| format!("http://reference{index}")).collect();
    let text = format!(
        "networks:\n- {{name: n, protocol: evm, references: [{}], watched: [{{name: w, url: http://w}}]}}",
        urls.join(", ")
    );
    let config = config::read(&text, "".as_ref(), &|_| None).map_err(|problems| problems.len()).unwrap();
    let Limits { threshold_blocks, stall_after, max_lead_blocks } = limits;
    let config = config.networks.into_iter().next().unwrap();
    let mut network =
        Network::new(config::Network { threshold_blocks, stall_after, max_lead_blocks, ..config });
    let start = Moment::now().monotonic;
    let played = (0..rounds).map(|round| {
        let at = f64::from(round) * POLL;
        let answers = links.iter().map(|link| answer(chain, *link, at, round == 0, dice)).collect();
        let now = Moment { unix: at, monotonic: start + Duration::from_secs_f64(at) };
        network.fold(now, &Round { took: Duration::ZERO, answers })
    });
    played.collect()
}

/// All rounds of all ways to lay the links, on a chain with this block time.
fn everywhere(block_time: Duration, limits: Limits) -> Vec<Snapshot> {
    let mut dice = Dice::new(1);
    let seconds = block_time.as_secs_f64();
    let mut all = Vec::new();
    let mixed = LINKS.map(|(link, _)| link);
    for (watched, _) in LINKS {
        let alike = LINKS.map(|(link, _)| [link; REFERENCES].to_vec());
        for references in alike.into_iter().chain([mixed.to_vec()]) {
            let mut slots = Dice::new(2);
            let chain =
                Chain::new(ROUNDS, || if slots.chance(EMPTY_SLOTS) { 2.0 * seconds } else { seconds });
            all.extend(play(&chain, &[&[watched][..], &references].concat(), limits, ROUNDS, &mut dice));
        }
    }
    all
}

fn is_behind(snapshot: &Snapshot) -> bool {
    snapshot.nodes[0].state == NodeState::Behind
}

#[test]
fn the_default_thresholds_are_quiet_with_room_to_spare() {
    let mut table = String::new();
    for millis in BLOCK_TIMES {
        let block_time = Duration::from_millis(millis);
        let limits = defaults(block_time);
        let with = |threshold_blocks| everywhere(block_time, Limits { threshold_blocks, ..limits });
        let all = with(limits.threshold_blocks);
        assert!(!all.iter().any(is_behind), "false alarms at {block_time:?}");
        let lags = all.iter().filter_map(|snapshot| snapshot.nodes[0].lag);
        let quiet_from = lags.map(|lag| lag.blocks()).max().unwrap().unsigned_abs();
        assert!(!with(quiet_from).iter().any(is_behind), "{quiet_from} is not quiet at {block_time:?}");
        assert!(
            with(quiet_from - 1).iter().any(is_behind),
            "less than {quiet_from} is quiet at {block_time:?}"
        );
        table +=
            &format!("//! | {} s | {quiet_from} | {} |\n", millis as f64 / 1000.0, limits.threshold_blocks);
    }
    let documented = include_str!("../src/limits.rs");
    assert!(documented.contains(&table), "the table in src/limits.rs should be:\n{table}");
}

#[test]
fn healthy_nodes_are_never_set_aside_or_called_still() {
    for millis in BLOCK_TIMES {
        let block_time = Duration::from_millis(millis);
        for snapshot in everywhere(block_time, defaults(block_time)) {
            let is_well = snapshot.state == NetworkState::Ok
                && snapshot
                    .nodes
                    .iter()
                    .all(|node| node.failure.is_none() && node.state != NodeState::Stalled)
                && snapshot.references_up() == snapshot.references();
            assert!(is_well, "{block_time:?}: {snapshot:?}");
        }
    }
}

#[test]
fn blocks_that_come_at_random_are_no_halt() {
    for seconds in [20.0, 150.0, 600.0] {
        let (mut dice, mut pauses) = (Dice::new(3), Dice::new(4));
        const LONG: u32 = 40_000;
        let chain = Chain::new(LONG, || -seconds * (1.0 - pauses.between(0.0, 1.0)).ln());
        let limits = defaults(Duration::from_secs_f64(seconds));
        for snapshot in play(&chain, &[0.03, 0.08, 0.15, 0.3], limits, LONG, &mut dice) {
            let is_still = snapshot.nodes.iter().any(|node| node.state == NodeState::Stalled);
            assert!(snapshot.state == NetworkState::Ok && !is_still, "{seconds} s: {snapshot:?}");
        }
    }
}
