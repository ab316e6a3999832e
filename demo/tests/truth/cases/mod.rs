//! The table of histories.

mod causes;
mod changes;
mod month;
mod present;
mod recorded;

use headlag_demo::{chain::Millis, exposition::Feed};

pub use recorded::recorded;

use crate::history::{Ago, DAY, Exporter, HOUR, Is, MINUTE, Node, node};

/// A network with its history.
pub struct Case {
    pub network: &'static str,
    /// The exporters that watch it.
    pub exporters: Vec<Exporter>,
    /// The ranges that are charted, as a user names them.
    pub ranges: &'static [&'static str],
    /// Whether its exporter is scraped to the end, also where it no longer reports the network.
    pub alive: bool,
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
    Case { network, exporters: vec![exporter], ranges: USUAL, alive: false }
}

/// All histories, those first whose truth is about the last minutes.
pub fn all() -> Vec<Case> {
    let mut cases = present::recent();
    cases.extend(present::present());
    cases.extend(present::two_exporters());
    cases.extend(causes::causes());
    cases.extend(changes::changes());
    cases.extend(month::month());
    cases
}
