//! The table of histories.

use headlag_demo::{
    chain::Millis,
    exposition::{Feed, NetworkState},
};

use crate::history::{Ago, DAY, Exporter, HOUR, Is, MINUTE, Node, always, node};

/// A network with its history.
pub struct Case {
    pub network: &'static str,
    /// The exporters that watch it.
    pub exporters: Vec<Exporter>,
    /// The ranges that are charted, as a user names them.
    pub ranges: &'static [&'static str],
}

impl Case {
    /// The samples of all its exporters, `phase` milliseconds past the second; two exporters do
    /// not run in step.
    pub fn feeds(&self, written: Millis, phase: Millis) -> Vec<Feed> {
        let feed = |(index, exporter): (usize, &Exporter)| {
            exporter.feed(self.network, written, phase + 5_104 * index as Millis)
        };
        self.exporters.iter().enumerate().map(feed).collect()
    }

    /// Seconds between two scrapes, where those are slower than the polls.
    pub fn scrape(&self) -> i64 {
        self.exporters.iter().map(|exporter| exporter.scrape).max().unwrap_or(0)
    }
}

const USUAL: &[&str] = &["hour", "day", "week"];
const MONTH: &[&str] = &["30d"];

/// Start and length of what goes wrong at every scale, from one sample to hours, also across
/// the start of each range.
const SPELLS: [(Ago, i64); 17] = [
    (50 * MINUTE, 15),
    (44 * MINUTE, 30),
    (38 * MINUTE, 60),
    (30 * MINUTE, 5 * MINUTE),
    (HOUR + 5 * MINUTE, 8 * MINUTE),
    (3 * HOUR, 15),
    (5 * HOUR, 45),
    (8 * HOUR, 10 * MINUTE),
    (12 * HOUR, HOUR),
    (20 * HOUR, 3 * HOUR),
    (DAY + 30 * MINUTE, HOUR),
    (2 * DAY, 15),
    (2 * DAY + 6 * HOUR, 2 * MINUTE),
    (3 * DAY + 12 * HOUR, 40 * MINUTE),
    (5 * DAY, 6 * HOUR),
    (6 * DAY + 12 * HOUR, 60),
    (7 * DAY + 2 * HOUR, 4 * HOUR),
];

/// The same, for a month.
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

/// Whether one of these spells is on.
fn within(spells: &[(Ago, i64)], ago: Ago) -> bool {
    spells.iter().any(|(start, length)| (start - length + 1..=*start).contains(&ago))
}

/// The same spells, so much earlier.
fn earlier<const N: usize>(spells: [(Ago, i64); N], by: Ago) -> [(Ago, i64); N] {
    spells.map(|(start, length)| (start + by, length))
}

/// A number that looks random and depends on the moment alone.
fn dice(ago: Ago) -> u64 {
    let mut z = ago.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Calm, which is never quite still.
fn calm(ago: Ago) -> Is {
    Is::Lag((dice(ago) % 3).cast_signed())
}

/// Calm, but for these spells.
fn but(spells: &'static [(Ago, i64)], then: Is) -> impl Fn(Ago) -> Is + Send + Sync {
    move |ago| if within(spells, ago) { then } else { calm(ago) }
}

fn mine(is: impl Fn(Ago) -> Is + Send + Sync + 'static) -> Vec<Node> {
    vec![node("my-node", is)]
}

fn case(network: &'static str, exporter: Exporter) -> Case {
    Case { network, exporters: vec![exporter], ranges: USUAL }
}

/// All histories, those first whose truth is about the last minutes.
pub fn all() -> Vec<Case> {
    let mut cases = recent();
    cases.extend(present());
    cases.extend(two_exporters());
    cases.extend(causes());
    cases.extend(changes());
    cases.extend(month());
    cases
}

fn recent() -> Vec<Case> {
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
fn present() -> Vec<Case> {
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
fn two_exporters() -> Vec<Case> {
    let pair = |network, one: Exporter, other: Exporter| Case {
        network,
        exporters: vec![one, Exporter { instance: "second:9917", ..other }],
        ranges: USUAL,
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

/// Each cause at every length.
fn causes() -> Vec<Case> {
    static SHIFTED: [(Ago, i64); 17] = SPELLS;
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
                    node("silent", but(&SHIFTED, Is::Silent)),
                    node("elsewhere", but(&SHIFTED, Is::WrongChain)),
                    node("dips", dips),
                    node("flaps", flaps),
                ],
            ),
        ),
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

/// What changes within a range.
fn changes() -> Vec<Case> {
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
    for ((job, instance), end) in places.into_iter().zip(MOVES.into_iter().chain([-crate::history::AHEAD])) {
        exporters.push(Exporter { job, instance, lives: end..since, ..Exporter::new(15, since, mine(is)) });
        since = end;
    }
    Case { network: "moved", exporters, ranges: USUAL }
}

/// A month, polled every five minutes; three of them also every 15 s, where there is time.
fn month() -> Vec<Case> {
    let of_month = |network, exporter| Case { network, exporters: vec![exporter], ranges: MONTH };
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
        of_month("month-of-flapping", long(300, mine(|ago| Is::Lag(if ago / 300 % 2 == 0 { 9 } else { 0 })))),
    ];
    if cfg!(feature = "compat") {
        cases.push(of_month("month-of-causes-15s", long(15, nodes())));
        cases.push(of_month("month-not-scraped-15s", unscraped(15, mine(calm))));
        cases.push(of_month("month-1-in-10-15s", in_ten(15, mine(calm))));
    }
    cases
}

/// Dips of all lengths and depths, a lone sample ahead among them. No two are equally deep.
fn dips(ago: Ago) -> Is {
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
