//! What changes within a range.

use super::{Case, SPELLS, USUAL, calm, case, causes::dips, dice, mine, within};
use crate::history::{AHEAD, Ago, DAY, Exporter, HOUR, Is, MINUTE, Node, always, node};

/// What changes within a range.
pub fn changes() -> Vec<Case> {
    let threshold = |ago| match ago {
        ago if ago > 3 * DAY => 5,
        ago if ago > 6 * HOUR => 10,
        ago if ago > 20 * MINUTE => 3,
        _ => 5,
    };
    let poll = |ago| match ago {
        // Also within the last hour.
        ago if (5 * MINUTE..40 * MINUTE).contains(&ago) => 300,
        ago if (4 * HOUR..9 * HOUR).contains(&ago) => 300,
        ago if ago > 2 * DAY => 60,
        _ => 15,
    };
    let fleet = vec![
        node("added", |ago| if ago > 2 * DAY { Is::Absent } else { dips(ago) }),
        node(
            "removed-for-an-hour",
            |ago| if (4 * HOUR..5 * HOUR).contains(&ago) { Is::Absent } else { calm(ago) },
        ),
        node("added-lately", |ago| if ago > 25 * MINUTE { Is::Absent } else { calm(ago) }),
        node("old-name", |ago| if ago > 20 * HOUR { calm(ago) } else { Is::Absent }),
        node("new-name", |ago| if ago > 20 * HOUR { Is::Absent } else { calm(ago) }),
        node("gone", |ago| if ago > 30 * MINUTE { Is::Lag(40) } else { Is::Absent }),
        node("promoted", |ago| if ago > 3 * HOUR { Is::Lag(-7) } else { Is::Absent }),
        Node {
            role: "reference",
            ..node("promoted", |ago| if ago > 3 * HOUR { Is::Absent } else { Is::Lag(0) })
        },
    ];
    vec![
        case(
            "threshold-changed",
            Exporter {
                threshold: Box::new(threshold),
                ..Exporter::new(
                    60,
                    7 * DAY + HOUR,
                    vec![node("at-7", |_| Is::Lag(7)), node("at-minus-4", |_| Is::Lag(-4))],
                )
            },
        ),
        case(
            "interval-changed",
            Exporter { poll: Box::new(poll), ..Exporter::new(15, 7 * DAY + HOUR, mine(dips)) },
        ),
        case(
            "polled-slower-than-scraped",
            Exporter {
                poll: always(15),
                scrape: 60,
                scraped: Box::new(|ago| !within(&SPELLS, ago)),
                ..Exporter::new(15, 7 * DAY + 6 * HOUR, mine(calm))
            },
        ),
        moved(),
        case(
            "scraped-late",
            Exporter {
                // Up to 7 s at a time: two scrapes are never more than one and a half polls apart.
                late: Box::new(|ago| (dice(ago) % 7_000).cast_signed()),
                ..Exporter::new(15, 30 * HOUR, mine(dips))
            },
        ),
        case("kept", Exporter { shared: true, ..Exporter::new(15, 6 * HOUR, mine(calm)) }),
        Case {
            alive: true,
            ..case(
                "removed",
                Exporter {
                    shared: true,
                    lives: 40 * MINUTE..6 * HOUR,
                    ..Exporter::new(15, 6 * HOUR, mine(|_| Is::Lag(8)))
                },
            )
        },
        case("fleet", Exporter::new(60, 7 * DAY + HOUR, fleet)),
    ]
}

/// The exporter moves four times, the last time under another job; the node dips for 30 s
/// during each move.
fn moved() -> Case {
    const MOVES: [Ago; 4] = [20 * HOUR, 9 * HOUR, 2 * HOUR, 30 * MINUTE];
    let is =
        |ago| if MOVES.iter().any(|at| (at - 15..=at + 15).contains(&ago)) { Is::Lag(23) } else { calm(ago) };
    let places = [
        ("headlag-exporter", "10.0.0.1:9917"),
        ("headlag-exporter", "10.0.0.2:9917"),
        ("headlag-exporter", "10.0.0.3:9917"),
        ("headlag-exporter", "10.0.0.1:9917"),
        ("headlag", "10.0.0.4:9917"),
    ];
    let mut exporters = Vec::new();
    let mut since = 40 * HOUR;
    for ((job, instance), end) in places.into_iter().zip(MOVES.into_iter().chain([-AHEAD])) {
        exporters.push(Exporter { job, instance, lives: end..since, ..Exporter::new(15, since, mine(is)) });
        since = end;
    }
    Case { network: "moved", exporters, ranges: USUAL, alive: false }
}
