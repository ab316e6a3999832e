//! Each cause of missing samples, and each way out of the corridor, at every length.

use headlag_demo::exposition::NetworkState;

use super::{Case, SPELLS, but, calm, case, dice, earlier, mine, within};
use crate::history::{Ago, DAY, Exporter, HOUR, Is, MINUTE, Node, node};

/// Each cause at every length.
pub fn causes() -> Vec<Case> {
    let split = earlier(SPELLS, 90 * MINUTE);
    let unsteady = move |ago| match ago {
        ago if within(&SPELLS, ago) => NetworkState::NoConsensus,
        ago if within(&split, ago) => NetworkState::Split,
        _ => NetworkState::Ok,
    };
    vec![
        case(
            "causes",
            Exporter::new(
                15,
                7 * DAY + 3 * HOUR,
                vec![
                    node("silent", but(&SPELLS, Is::Silent)),
                    node("elsewhere", but(&SPELLS, Is::WrongChain)),
                    node("dips", dips),
                    node("flaps", flaps),
                ],
            ),
        ),
        case("crowd", Exporter::new(60, 26 * HOUR, CROWD.into_iter().zip(0..).map(crowded).collect())),
        case(
            "edges",
            Exporter::new(60, 7 * DAY + 6 * HOUR, vec![node("stairs", stairs), node("silent", blinks)]),
        ),
        case(
            "no-consensus",
            Exporter {
                state: Box::new(unsteady),
                ..Exporter::new(
                    60,
                    7 * DAY + 6 * HOUR,
                    vec![node("my-node", dips), node("silent", but(&[(2 * DAY, DAY)], Is::Silent))],
                )
            },
        ),
        case(
            "not-scraped",
            Exporter {
                scraped: Box::new(|ago| !within(&SPELLS, ago)),
                ..Exporter::new(60, 7 * DAY + 6 * HOUR, mine(|ago| dips(ago + 20 * MINUTE)))
            },
        ),
        case(
            "not-scraped-1-minute-in-10",
            Exporter {
                scraped: Box::new(|ago| ago.rem_euclid(10 * MINUTE) >= MINUTE),
                ..Exporter::new(15, 7 * DAY + HOUR, mine(calm))
            },
        ),
        case(
            "half-of-the-scrapes-lost",
            Exporter {
                scraped: Box::new(|ago| ago > 36 * HOUR || dice(ago) & 64 == 0),
                ..Exporter::new(15, 40 * HOUR, mine(dips))
            },
        ),
    ]
}

/// Dips of all lengths and depths, a lone sample ahead among them. No two are equally deep.
pub fn dips(ago: Ago) -> Is {
    let found = SPELLS.iter().position(|(start, length)| (start - length + 1..=*start).contains(&ago));
    match found {
        Some(number) => {
            let depth = 6 + number as i64;
            Is::Lag(if number % 5 == 2 { -depth } else { depth })
        }
        None => calm(ago),
    }
}

/// Out and in again with every sample, and two out of three; half of the former ahead.
fn flaps(ago: Ago) -> Is {
    let beat = ago.div_euclid(15);
    match ago {
        ago if (10 * MINUTE..20 * MINUTE).contains(&ago) => Is::Lag(if beat % 2 == 0 { 9 } else { 0 }),
        ago if (7 * HOUR..10 * HOUR).contains(&ago) => Is::Lag(if beat % 2 == 0 { 9 } else { -9 }),
        ago if (2 * DAY..3 * DAY).contains(&ago) => Is::Lag(if beat % 3 == 0 { 5 } else { 6 }),
        ago => calm(ago),
    }
}

/// Steps that go down towards the median around the start of each range: the sample before the
/// start is always worse than all within.
fn stairs(ago: Ago) -> Is {
    for (start, base) in [(HOUR, 1_000), (DAY, 2_000), (7 * DAY, 3_000)] {
        if (start - 20 * MINUTE..start + 20 * MINUTE).contains(&ago) {
            return Is::Lag(base + (ago - start) / 30);
        }
    }
    Is::Lag(0)
}

/// Five minutes silent, three not, around the start of each range.
fn blinks(ago: Ago) -> Is {
    let near = [HOUR, DAY, 7 * DAY].iter().any(|start| (ago - start).abs() < 30 * MINUTE);
    if near && ago.rem_euclid(8 * MINUTE) < 5 * MINUTE { Is::Silent } else { Is::Lag(0) }
}

/// More nodes than a picture has room for.
const CROWD: [&str; 24] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u",
    "v", "w", "x",
];

/// Each has its own dip and its own silence; one is the worst.
fn crowded((name, number): (&'static str, i64)) -> Node {
    node(name, move |ago| match ago {
        ago if within(&[(2 * HOUR + number * 10 * MINUTE, 25 * MINUTE)], ago) => Is::Silent,
        ago if within(&[(10 * HOUR - number * MINUTE, 7 * MINUTE + number * MINUTE)], ago) => {
            Is::Lag(10 + number)
        }
        ago if within(&[(50 * MINUTE, 5 * MINUTE)], ago) && number % 5 == 0 => Is::Lag(-10),
        ago if ago < 12 * MINUTE && number == 13 => Is::Silent,
        ago => calm(ago),
    })
}
