//! What a network knows after a reload.

use super::{
    scenarios::{answer, round},
    *,
};
use crate::clock;

fn config(settings: &str, watched: &[(&str, &str)]) -> config::Network {
    let watched: Vec<_> =
        watched.iter().map(|(name, url)| format!("{{name: {name}, url: 'http://{url}'}}")).collect();
    let text = format!(
        "networks:\n- {{name: polygon, protocol: evm, {settings} references: [http://a, http://b], watched: [{}]}}\n",
        watched.join(", ")
    );
    config::read(&text, "".as_ref(), &|_| None).unwrap().networks.remove(0)
}

/// After six rounds, in which the references went from 100 to 125 and the watched nodes `mine`
/// and `spare` stayed at 100, what is published in the next one under `after`: of each node its
/// state and rounds, and whether its last advance is known. `seconds` have passed then.
fn next(after: config::Network, seconds: u64) -> Vec<String> {
    let mut network = Network::new(config("", &[("mine", "c"), ("spare", "d")]));
    let start = clock::now();
    let at = |seconds: u64| Moment {
        unix: 1_790_000_000.0 + seconds as f64,
        monotonic: start + Duration::from_secs(seconds),
    };
    let answers = |step: u64, watched| {
        let reference = || answer(Ok(100 + 5 * step));
        // At 99 first, so that there is an advance.
        let own = || answer(Ok(if step == 0 { 99 } else { 100 }));
        round(vec![reference(), reference()], (0..watched).map(|_| own()).collect())
    };
    for step in 0..6 {
        network.fold(at(15 * step), &answers(step, 2));
    }
    let watched = after.nodes.iter().filter(|node| node.role == Role::Watched).count();
    network.adopt(after);
    let snapshot = network.fold(at(75 + seconds), &answers(6, watched));
    let shown = snapshot.of_role(Role::Watched).map(|node| {
        let rounds: u64 = node.counters.durations.counts.iter().sum();
        let advance = if node.last_advance.is_some() { ", advance known" } else { "" };
        format!("{} {} {rounds}{advance}", node.name, node.state.label())
    });
    shown.collect()
}

#[test]
fn a_node_goes_on_where_it_is_the_same() {
    const STALLED: &str = "mine stalled 7, advance known";
    for (settings, watched, want) in [
        ("", &[("mine", "c")][..], &[STALLED][..]),
        ("threshold_blocks: 50,", &[("mine", "c")], &[STALLED]),
        (
            "",
            &[("new", "e"), ("spare", "d"), ("mine", "c")],
            &["new behind 1", "spare stalled 7, advance known", STALLED],
        ),
        // Another server under the same name: what was counted goes on, its block may rise.
        ("", &[("mine", "e")], &["mine behind 7"]),
        // Another name for the same server.
        ("", &[("yours", "c")], &["yours behind 1"]),
        // Another chain: nothing of before says anything of it.
        ("chain_id: 1,", &[("mine", "c")], &["mine behind 7"]),
    ] {
        assert_eq!(next(config(settings, watched), 15), want, "{settings} {watched:?}");
    }
}

#[test]
fn a_shorter_interval_makes_no_gap_of_the_time_before() {
    assert_eq!(next(config("poll_interval: 6s,", &[("mine", "c")]), 20), ["mine stalled 7, advance known"]);
    // But a gap is one.
    assert_eq!(next(config("poll_interval: 6s,", &[("mine", "c")]), 60), ["mine behind 7, advance known"]);
}
