//! What is wrong now or was until lately, and which of two exporters counts now.

use headlag_demo::exposition::NetworkState;

use super::{Case, USUAL, but, calm, case, mine, within};
use crate::history::{Ago, Exporter, HOUR, Is, MINUTE, node};

pub fn recent() -> Vec<Case> {
    static ENDED: [(Ago, i64); 1] = [(29 * MINUTE, 25 * MINUTE)];
    vec![
        case(
            "ended-4-minutes-ago",
            Exporter::new(
                15,
                6 * HOUR,
                vec![
                    node("silent", but(&ENDED, Is::Silent)),
                    node("elsewhere", but(&ENDED, Is::WrongChain)),
                    node("outside", but(&ENDED, Is::Lag(17))),
                ],
            ),
        ),
        case(
            "scraped-for-4-minutes",
            Exporter {
                scraped: Box::new(|ago| !within(&ENDED, ago)),
                ..Exporter::new(15, 6 * HOUR, mine(calm))
            },
        ),
        case(
            "consensus-for-4-minutes",
            Exporter {
                state: Box::new(|ago| {
                    if within(&ENDED, ago) { NetworkState::NoConsensus } else { NetworkState::Ok }
                }),
                ..Exporter::new(15, 6 * HOUR, mine(calm))
            },
        ),
    ]
}

/// What is wrong now, and since when.
pub fn present() -> Vec<Case> {
    let since = |start: Ago, then: Is| move |ago| if ago <= start { then } else { calm(ago) };
    let network = |state| move |ago| if ago <= 25 * MINUTE { state } else { NetworkState::Ok };
    let state = |name, state| {
        let mut spoilt = Exporter::new(15, 6 * HOUR, mine(calm));
        spoilt.state = Box::new(network(state));
        case(name, spoilt)
    };
    vec![
        case(
            "now",
            Exporter::new(
                15,
                30 * HOUR,
                vec![
                    node("behind", since(17 * MINUTE, Is::Lag(13))),
                    node("stalled", since(5 * HOUR, Is::Stalled(900))),
                    node("ahead", since(40 * MINUTE, Is::Lag(-8))),
                    node("implausible", since(21 * MINUTE, Is::Implausible)),
                    node("silent", since(3 * HOUR, Is::Silent)),
                    node("elsewhere", since(26 * HOUR, Is::WrongChain)),
                    node("catching-up", |ago| Is::Lag(400 + ago / 15)),
                    node("level", calm),
                ],
            ),
        ),
        state("halted-now", NetworkState::Halted),
        state("split-now", NetworkState::Split),
        state("no-consensus-now", NetworkState::NoConsensus),
        case(
            "not-scraped-now",
            Exporter {
                scraped: Box::new(|ago| ago > 20 * MINUTE),
                ..Exporter::new(15, 30 * HOUR, mine(calm))
            },
        ),
    ]
}

/// Two exporters that watch the same network.
pub fn two_exporters() -> Vec<Case> {
    let pair = |network, one: Exporter, other: Exporter| Case {
        network,
        exporters: vec![one, Exporter { instance: "second:9917", ..other }],
        ranges: USUAL,
        alive: false,
    };
    let calmly = || Exporter::new(60, 30 * HOUR, mine(calm));
    vec![
        pair("two-with-other-references", Exporter { references: (3, 3), ..calmly() }, calmly()),
        pair("two-one-sees-it-ahead", Exporter::new(60, 30 * HOUR, mine(|_| Is::Lag(0))), {
            Exporter::new(60, 30 * HOUR, mine(|ago| Is::Lag(if ago <= 50 * MINUTE { -9 } else { 0 })))
        }),
        pair(
            "two-one-without-consensus",
            Exporter {
                state: Box::new(
                    |ago| if ago <= 5 * HOUR { NetworkState::NoConsensus } else { NetworkState::Ok },
                ),
                ..Exporter::new(60, 30 * HOUR, mine(|_| Is::Lag(1)))
            },
            Exporter::new(60, 30 * HOUR, mine(|_| Is::Lag(1))),
        ),
        pair(
            "two-one-not-scraped",
            Exporter {
                scraped: Box::new(|ago| !(10 * MINUTE..=4 * HOUR).contains(&ago)),
                ..Exporter::new(60, 30 * HOUR, mine(|_| Is::Lag(1)))
            },
            Exporter::new(60, 30 * HOUR, mine(|_| Is::Lag(1))),
        ),
    ]
}
