//! More than a week, of which most was recorded by rules.

use headlag_demo::exposition::NetworkState;

use super::{Case, but, calm, dice, mine, within};
use crate::history::{AHEAD, Ago, DAY, Exporter, HOUR, Is, MINUTE, Node, always, node};

const RANGES: &[&str] = &["8d"];
/// The data is longer than the range.
const LONG: Ago = 8 * DAY + 4 * HOUR;

/// Start and length of what goes wrong, from one sample to a day, some of it in every part of the
/// range: before there were rules, recorded, in the holes, in the newest day.
const SPELLS: [(Ago, i64); 12] = [
    (2 * HOUR, MINUTE),
    (DAY + HOUR, 3 * HOUR),
    (DAY + 20 * HOUR, MINUTE),
    (2 * DAY + 4 * HOUR, 7 * MINUTE),
    (3 * DAY + 10 * MINUTE, 20 * MINUTE),
    (4 * DAY + 10 * HOUR, 5 * HOUR),
    (5 * DAY, 2 * MINUTE),
    (5 * DAY + 6 * HOUR, 33 * MINUTE),
    (6 * DAY + 20 * HOUR, 30 * HOUR),
    (6 * DAY + 23 * HOUR, 2 * HOUR),
    (7 * DAY + 12 * HOUR, 40 * MINUTE),
    (8 * DAY + 2 * HOUR, 3 * HOUR),
];

/// A case of these exporters, all of them over the whole time.
fn over(network: &'static str, exporters: Vec<Exporter>) -> Case {
    Case { network, exporters, ranges: RANGES, alive: false }
}

fn every(poll: i64, nodes: Vec<Node>) -> Exporter {
    Exporter::new(poll, LONG, nodes)
}

/// Every minute, and in few series; more where there is time.
pub fn recorded() -> Vec<Case> {
    let mut cases = vec![causes(60), lost(60), changes(60), two()];
    if cfg!(feature = "compat") {
        cases.extend([causes(15), lost(15), changes(15), denser(), scraped_slower(), moved()]);
    }
    cases
}

/// Each cause, and each way out of the corridor.
fn causes(poll: i64) -> Case {
    let network = if poll == 15 { "recorded-causes-15s" } else { "recorded-causes" };
    let beat = move |ago: Ago| ago.div_euclid(poll);
    let unsteady = |ago| match ago {
        ago if within(&[(3 * DAY + 8 * HOUR, 2 * HOUR)], ago) => NetworkState::NoConsensus,
        ago if within(&[(5 * DAY + 10 * HOUR, 25 * MINUTE)], ago) => NetworkState::Split,
        ago if within(&[(2 * DAY + 15 * HOUR, 45 * MINUTE)], ago) => NetworkState::Halted,
        _ => NetworkState::Ok,
    };
    let number = |ago| SPELLS.iter().position(|spell| within(&[*spell], ago));
    let nodes = vec![
        node("silent", move |ago| match number(ago).map(|number| number % 3) {
            Some(0) => Is::Silent,
            Some(1) => Is::WrongChain,
            Some(_) => Is::Implausible,
            None => calm(ago),
        }),
        node("dips", move |ago| match number(ago) {
            Some(number) => Is::Lag(if number % 3 == 1 { -20 } else { 20 } + number as i64),
            None => calm(ago),
        }),
        // Out and in again with every sample, for days.
        node("flaps", move |ago| match ago {
            ago if ago < 3 * DAY => calm(ago),
            ago if ago < 5 * DAY => Is::Lag(if beat(ago) % 2 == 0 { 9 } else { 0 }),
            ago => Is::Lag(if beat(ago) % 3 == 0 { -9 } else { 1 }),
        }),
        // Stalled, inside the corridor or outside.
        node("stalls", |ago| match ago {
            ago if within(&[(4 * DAY, 2 * HOUR), (2 * DAY, 3 * HOUR)], ago) => Is::Stalled(3),
            ago if within(&[(5 * DAY, 2 * HOUR)], ago) => Is::Stalled(300),
            ago => calm(ago),
        }),
        // As it is now since days, but for an odd sample.
        node("behind-for-days", |ago| match ago {
            ago if ago > 5 * DAY + 2 * HOUR => calm(ago),
            ago if (ago + 2 * HOUR).rem_euclid(7 * HOUR) < MINUTE => Is::Lag(1),
            _ => Is::Lag(30),
        }),
    ];
    over(network, vec![Exporter { state: Box::new(unsteady), ..every(poll, nodes) }])
}

/// Scrapes that are lost, here and there and for hours.
fn lost(poll: i64) -> Case {
    let network = if poll == 15 { "recorded-lost-15s" } else { "recorded-lost" };
    let scraped = move |ago: Ago| match ago {
        ago if within(&SPELLS, ago) => false,
        ago if ago > 5 * DAY => ago.rem_euclid(40 * poll) >= 4 * poll,
        ago if ago > 4 * DAY => true,
        ago if ago > 3 * DAY => !dice(ago.div_euclid(poll)).is_multiple_of(5),
        _ => true,
    };
    let is = |ago: Ago| if ago.rem_euclid(3 * HOUR) < 17 * MINUTE { Is::Lag(8) } else { calm(ago) };
    over(network, vec![Exporter { scraped: Box::new(scraped), ..every(poll, mine(is)) }])
}

/// Polled more often than scraped.
fn scraped_slower() -> Case {
    let exporter = Exporter {
        poll: always(15),
        scrape: 60,
        scraped: Box::new(|ago| !within(&SPELLS, ago)),
        ..every(15, mine(|ago| if ago.rem_euclid(5 * HOUR) < 7 * MINUTE { Is::Lag(-8) } else { calm(ago) }))
    };
    over("recorded-scraped-slower", vec![exporter])
}

/// Scraped every five seconds, more often than polled, with losses.
fn denser() -> Case {
    let scraped = |ago: Ago| !within(&SPELLS, ago) && !dice(ago).is_multiple_of(10);
    let is = |ago: Ago| match ago {
        ago if ago.rem_euclid(2 * HOUR) < 9 * MINUTE => Is::Lag(12),
        ago => calm(ago.div_euclid(15)),
    };
    let mut exporter = every(5, mine(is));
    exporter.scraped = Box::new(scraped);
    over("recorded-denser", vec![exporter])
}

/// What changes in the meantime.
fn changes(poll: i64) -> Case {
    let network = if poll == 15 { "recorded-changes-15s" } else { "recorded-changes" };
    let threshold = |ago| match ago {
        ago if ago > 5 * DAY + 7 * MINUTE => 5,
        ago if ago > 2 * DAY + 3 * MINUTE => 10,
        _ => 3,
    };
    let polled = move |ago| match ago {
        ago if ago > 4 * DAY + 3 * HOUR => poll,
        ago if ago > 3 * DAY => 300,
        _ => poll,
    };
    let nodes = vec![
        node("at-7", |_| Is::Lag(7)),
        node(
            "added",
            |ago| if ago > 4 * DAY + 90 * MINUTE { Is::Absent } else { but(&SPELLS, Is::Silent)(ago) },
        ),
        node("removed", |ago| if ago > 3 * DAY { calm(ago) } else { Is::Absent }),
    ];
    let exporter = Exporter {
        threshold: Box::new(threshold),
        poll: Box::new(polled),
        scraped: Box::new(|ago| !within(&[(4 * DAY + 2 * HOUR, HOUR), (2 * DAY, 90 * MINUTE)], ago)),
        ..every(poll, nodes)
    };
    over(network, vec![exporter])
}

/// An exporter that moves, the last time under another job.
fn moved() -> Case {
    const MOVES: [Ago; 3] = [5 * DAY + 2 * HOUR, 3 * DAY, 30 * HOUR];
    let is = |ago| match ago {
        ago if MOVES.iter().any(|at| (at - 300..=at + 300).contains(&ago)) => Is::Lag(23),
        ago => calm(ago),
    };
    let places = [
        ("headlag-exporter", "10.0.0.1:9917"),
        ("headlag-exporter", "10.0.0.2:9917"),
        ("headlag-exporter", "10.0.0.1:9917"),
        ("headlag", "10.0.0.4:9917"),
    ];
    let mut exporters = Vec::new();
    let mut since = LONG;
    for ((job, instance), end) in places.into_iter().zip(MOVES.into_iter().chain([-AHEAD])) {
        exporters.push(Exporter { job, instance, lives: end..since, ..Exporter::new(60, since, mine(is)) });
        since = end;
    }
    over("recorded-moved", exporters)
}

/// Two exporters, of which one at a time counts: one has no consensus for a while, one is away
/// for a while, and one reports the worse.
fn two() -> Case {
    let one = Exporter {
        state: Box::new(|ago| match ago {
            ago if (4 * DAY..5 * DAY).contains(&ago) => NetworkState::NoConsensus,
            _ => NetworkState::Ok,
        }),
        ..every(60, mine(but(&SPELLS, Is::Silent)))
    };
    let other = Exporter {
        instance: "second:9917",
        scraped: Box::new(|ago| !(2 * DAY + 5 * MINUTE..3 * DAY).contains(&ago)),
        ..every(60, mine(|ago| Is::Lag(if within(&SPELLS, ago + 2 * HOUR) { -9 } else { 0 })))
    };
    over("recorded-two", vec![one, other])
}
