//! Cards worth looking at: what tests draw, and what golden pictures show.

use super::{Card, Node, Now, Worst, state::State};
use crate::{
    chart::scenes::{DAY, HOUR, history, seen},
    samples::grid::{Cause, History},
    words::Language::{self, English, Russian},
};

/// What is known of the present beside the columns.
pub struct Present {
    pub state: State,
    pub since: &'static str,
    /// Of the first node: blocks from the median, and the time behind.
    pub now: Option<(f64, &'static str)>,
}

/// The card of a history. Nodes are in the order of the history.
pub fn card(history: &History, present: &Present, language: Language) -> Card {
    let offset = present.now.map(|now| now.0);
    let node = |place: usize| {
        let watched = &history.watched[place];
        let columns = watched.columns.iter().zip(&history.threshold);
        let states = columns.map(|(column, threshold)| {
            let missing = column.missing.map(|cause| match cause {
                Cause::NoAnswer => State::Unreachable,
                Cause::NoConsensus => State::NoConsensus,
                Cause::NotScraped => State::NotScraped,
            });
            let seen = column.seen.map(|seen| match threshold {
                Some(threshold) if seen.mean < -threshold => State::Behind,
                Some(threshold) if seen.mean > *threshold => State::Ahead,
                _ => State::Ok,
            });
            match (seen, missing) {
                (Some(seen), Some(missing)) => vec![(seen, 0.6), (missing, 0.4)],
                (Some(state), None) | (None, Some(state)) => vec![(state, 1.0)],
                (None, None) => Vec::new(),
            }
        });
        let at = |i: usize| history.grid.column(i).0;
        let low = watched.columns.iter().enumerate().filter_map(|(i, it)| Some((at(i), it.seen?.min)));
        let worst = low.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, offset)| Worst { offset, at });
        Node {
            name: watched.node.clone(),
            seen: watched.columns.iter().map(|it| it.seen).collect(),
            states: states.collect(),
            now: offset.filter(|_| place == 0).map(|offset| Now {
                offset,
                behind: present.now.map(|now| now.1.to_owned()).filter(|it| !it.is_empty()),
            }),
            worst,
        }
    };
    let foot = match language {
        English => ["Sun 22 Nov, 12:07–13:07 UTC", "9 of 9 references"],
        Russian => ["вс 22 ноя, 12:07–13:07 UTC", "на связи 9 из 9 эталонных нод"],
    };
    Card {
        state: present.state,
        title: present.state.title(offset, language),
        network: history.network.clone(),
        since: present.since.to_owned(),
        from: history.since,
        until: history.until,
        grid: history.grid,
        nodes: (0..history.watched.len()).map(node).collect(),
        more: None,
        best: history.best.clone(),
        threshold: history.threshold.clone(),
        level_at: None,
        foot: foot.map(str::to_owned),
    }
}

impl Card {
    /// Replaces the states of a node between two parts of the range.
    fn with(mut self, node: usize, from: f64, to: f64, state: State) -> Card {
        let len = self.grid.len as f64;
        for i in (from * len) as usize..(to * len) as usize {
            self.nodes[node].states[i] = vec![(state, 1.0)];
        }
        self
    }
}

fn falling(history: History, from: f64, depth: f64) -> History {
    history.change(0, from, 1.0, |part, _| {
        let at = -depth * part;
        seen(at.floor() - 1.0, at, (at + 1.0).min(0.0))
    })
}

const LONG: [&str; 8] = [
    "a-very-long-name-that-goes-on-and-on-until-it-has-63-characters0",
    "polygon-mainnet-archive-eu-west-01",
    "polygon-mainnet-archive-eu-west-02",
    "polygon-mainnet-full-us-east-01",
    "polygon-mainnet-full-us-east-02",
    "erigon-a",
    "erigon-b",
    "bor",
];

/// A name, the card, and in which language it is.
pub fn scenes() -> Vec<(&'static str, Card, Language)> {
    use Cause::{NoAnswer, NoConsensus, NotScraped};
    let hour = || history(HOUR, &["my-node"]);
    let day = || history(DAY, &["my-node"]);
    let present = |state, since, now| Present { state, since, now };
    let ok = || present(State::Ok, "since Thu 19 Nov", Some((0.0, "")));

    let behind =
        falling(hour().dip(0, 0.20, 0.25, 8.0).gap(0, 0.48, 0.55, NoAnswer).no_best(0.48, 0.55), 0.78, 27.0);
    let back = day().change(0, 0.3, 1.0, |part, _| {
        let at = -50_000.0 * (1.0 - part) - 312.0;
        seen(at - 20.0, at, at + 20.0)
    });
    let mut back =
        card(&back, &present(State::Behind, "level at about 13:40", Some((-312.0, "10 min"))), English);
    back.level_at = Some(back.until + 33 * 60);
    let halted = hour().change(0, 0.35, 1.0, |_, _| seen(0.0, 0.0, 0.0));
    let halted = card(&halted, &present(State::Halted, "since 12:28", Some((0.0, ""))), English);
    let wrong = day().gap(0, 0.72, 1.0, NoAnswer);
    let wrong = card(&wrong, &present(State::WrongChain, "с 06:20", None), Russian);
    let split = hour().gap(0, 0.6, 1.0, NoConsensus).no_best(0.6, 1.0);
    let split = card(&split, &present(State::Split, "since 12:43", None), English);
    let flapping = (0..300).fold(day(), |it, n| it.partly(0, 0.3 + f64::from(n) / 600.0, 0.3, NoAnswer));
    let three = history(DAY, &["bor-1", "erigon-a", "erigon-b"])
        .gap(0, 0.7, 1.0, NoAnswer)
        .dip(1, 0.3, 0.4, 9.0)
        .spike(2, 0.6, 8.0);
    let eight =
        LONG.iter().enumerate().skip(1).fold(falling(history(7 * DAY, &LONG), 0.9, 29.0), |it, (n, _)| {
            it.dip(n, 0.1 * n as f64, 0.1 * n as f64 + 0.05, 3.0 + 2.0 * n as f64)
        });
    let mut eight =
        card(&eight, &present(State::Behind, "с чт 19 ноя, растёт", Some((-29.0, "58 с"))), Russian);
    eight.more = Some("и ещё 2, не отстают".to_owned());
    let peaks = [0.2, 0.5, 0.8].into_iter().zip([76.0, 77.0, 76.0]);
    let peaks = peaks.fold(history(30 * DAY, &["my-node"]), |it, (at, depth)| it.spike(0, at, depth));
    let late = day().gap(0, 0.0, 0.4, NotScraped).no_best(0.0, 0.4);
    let ahead = hour().change(0, 0.7, 1.0, |_, _| seen(8.0, 9.0, 9.0));
    let stalled = falling(day(), 0.8, 535.0);
    let stalled = card(&stalled, &present(State::Stalled, "с 08:19", Some((-535.0, "18 мин"))), Russian);
    vec![
        (
            "behind",
            card(&behind, &present(State::Behind, "since 12:54, growing", Some((-27.0, "54 s"))), English),
            English,
        ),
        ("calm", card(&hour(), &ok(), English), English),
        (
            "day",
            card(
                &day().dip(0, 0.4, 0.52, 13.0).spike(0, 0.6, 9.0).gap(0, 0.7, 0.79, NoAnswer),
                &ok(),
                English,
            ),
            English,
        ),
        ("halted", halted.with(0, 0.35, 1.0, State::Halted), English),
        (
            "no-answer",
            card(
                &day().gap(0, 0.8, 1.0, NoAnswer),
                &present(State::Unreachable, "since 08:20", None),
                English,
            ),
            English,
        ),
        ("wrong-chain", wrong.with(0, 0.72, 1.0, State::WrongChain), Russian),
        ("back", back, English),
        (
            "outlier",
            card(
                &history(7 * DAY, &["my-node"]).spike(0, 0.4, 20_000.0).dip(0, 0.7, 0.72, 27.0),
                &ok(),
                English,
            ),
            English,
        ),
        (
            "three",
            card(&three, &present(State::Unreachable, "since 05:55 · 2 of 3 ok", None), English),
            English,
        ),
        ("eight", eight, Russian),
        ("peaks", card(&peaks, &ok(), English), English),
        ("late", card(&late, &ok(), English), English),
        ("flapping", card(&flapping, &ok(), English), English),
        ("ahead", card(&ahead, &present(State::Ahead, "since 12:50", Some((9.0, ""))), English), English),
        ("split", split.with(0, 0.6, 1.0, State::Split), English),
        ("stalled", stalled.with(0, 0.82, 1.0, State::Stalled), Russian),
        ("year", card(&history(365 * DAY, &["my-node"]).dip(0, 0.1, 0.11, 30.0), &ok(), English), English),
    ]
}
