//! A month.

use headlag_demo::exposition::NetworkState;

use super::{Case, but, calm, dice, mine, within};
use crate::history::{Ago, DAY, Exporter, HOUR, Is, MINUTE, node};

const MONTH: &[&str] = &["30d"];

/// Start and length of what goes wrong at the scale of a month.
const SPELLS_OF_A_MONTH: [(Ago, i64); 8] = [
    (HOUR, 15 * MINUTE),
    (3 * DAY, 15),
    (8 * DAY, 5 * MINUTE),
    (11 * DAY, 10 * MINUTE),
    (15 * DAY, HOUR),
    (19 * DAY, 7 * HOUR),
    (25 * DAY, 2 * DAY),
    (30 * DAY + 5 * HOUR, 9 * HOUR),
];

/// A month, polled every five minutes; three of them also every 15 s, where there is time.
pub fn month() -> Vec<Case> {
    let of_month =
        |network, exporter| Case { network, exporters: vec![exporter], ranges: MONTH, alive: false };
    let long = |poll, nodes| Exporter::new(poll, 31 * DAY, nodes);
    let nodes = || {
        vec![
            node("silent", but(&SPELLS_OF_A_MONTH, Is::Silent)),
            node("dips", |ago| match ago {
                ago if within(&SPELLS_OF_A_MONTH, ago) => Is::Lag(6 + ago / DAY),
                ago => calm(ago),
            }),
        ]
    };
    let unscraped = |poll, nodes| Exporter {
        scraped: Box::new(|ago| !within(&SPELLS_OF_A_MONTH, ago)),
        ..long(poll, nodes)
    };
    let in_ten = |poll: i64, nodes| Exporter {
        scraped: Box::new(move |ago| ago.rem_euclid(40 * poll) >= 4 * poll),
        ..long(poll, nodes)
    };
    let mut cases = vec![
        of_month("month-of-causes", long(300, nodes())),
        of_month("month-not-scraped", unscraped(300, nodes())),
        of_month("month-1-in-10", in_ten(300, mine(calm))),
        of_month(
            "month-half-lost",
            Exporter {
                scraped: Box::new(|ago| ago > 9 * DAY || dice(ago) & 64 == 0),
                ..long(300, mine(calm))
            },
        ),
        of_month(
            "month-no-consensus",
            Exporter {
                state: Box::new(|ago| {
                    if within(&SPELLS_OF_A_MONTH, ago) { NetworkState::Split } else { NetworkState::Ok }
                }),
                ..long(300, mine(calm))
            },
        ),
        // Not in the newest column: of that, sums also show what was written for the time to come.
        of_month(
            "month-of-flapping",
            long(300, mine(|ago| Is::Lag(if ago > 2 * HOUR && ago / 300 % 2 == 0 { 9 } else { 0 }))),
        ),
    ];
    if cfg!(feature = "compat") {
        cases.push(of_month("month-of-causes-15s", long(15, nodes())));
        cases.push(of_month("month-not-scraped-15s", unscraped(15, mine(calm))));
        cases.push(of_month("month-1-in-10-15s", in_ten(15, mine(calm))));
    }
    cases
}
