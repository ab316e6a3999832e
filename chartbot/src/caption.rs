//! PURE: what a chart shows, in words and numbers: what, how it is now, the worst and
//! when, how long outside the corridor, how long without data, the references.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    chart,
    series::{History, Watched},
    survey::{Network, NetworkState, Node, State},
    tally::{Tally, Worst},
    text::{self, Words},
};

/// A photo's caption has at most so many characters of UTF-16
/// (<https://core.telegram.org/bots/api#sendphoto>).
const LIMIT: usize = 1_024;

/// All that a caption tells of.
#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// The network and its nodes as they are now.
    pub network: &'a Network,
    /// What the chart shows; of the same nodes in the same order.
    pub history: &'a History,
    /// How long each node was where; in the same order.
    pub tallies: &'a [Tally],
    /// What to say of the answer of Prometheus itself, in words.
    pub notes: &'a [String],
    /// The zone of all times.
    pub zone: &'a TimeZone,
    /// The language.
    pub words: &'a Words,
}

/// The caption: the first line tells the most, for notifications show no more.
#[must_use]
pub fn write(story: Story) -> String {
    let Story { network, history, words, .. } = story;
    let last = (words.last)(history.until - history.since);
    let threshold = history.threshold.iter().rev().flatten().next();
    let corridor = threshold.map(|threshold| (words.corridor)(*threshold));

    let notes = story.notes.first().cloned();
    let mut nodes: Vec<_> = network
        .nodes
        .iter()
        .zip(&history.watched)
        .zip(story.tallies)
        .map(|((now, watched), tally)| Told { now, watched, tally, story })
        .collect();
    let state = match network.state {
        Some(NetworkState::Split) => Some(words.split.to_owned()),
        Some(NetworkState::Halted) => Some(words.halted.to_owned()),
        Some(NetworkState::NoConsensus | NetworkState::Ok) | None => None,
    };
    let mut lines = Vec::new();
    if let [node] = nodes.as_slice() {
        let name = &node.watched.node;
        let now = joined("; ", [Some(node.now()), state]);
        lines.push(format!("{} · {name}: {now}", network.name));
        lines.push(joined(", ", [Some(last), corridor]));
        lines.extend(notes);
        lines.push(node.past());
    } else {
        let watched = (words.watched)(nodes.len());
        let watched = joined("; ", [Some(watched), state]);
        lines.push(format!("{} · {watched}", network.name));
        lines.push(joined(", ", [Some(last), corridor]));
        lines.extend(notes);
        // Of too many, those that the chart shows.
        let shown = chart::shown(history);
        let more = nodes.len() - shown.len();
        let mut place = 0..;
        nodes.retain(|_| place.next().is_some_and(|place| shown.contains(&place)));
        // Stable: of equals the first by name.
        nodes.sort_by(|a, b| b.badness().partial_cmp(&a.badness()).unwrap_or(std::cmp::Ordering::Equal));
        lines.extend(
            nodes.iter().map(|node| format!("{}: {}; {}", node.watched.node, node.now(), node.past())),
        );
        if more > 0 {
            lines.push((words.more_nodes)(more));
        }
    }
    let references = network.references_up.zip(network.references);
    lines.push(joined(
        ", ",
        [
            references.map(|(up, all)| (words.references)(up, all)),
            Some((words.times_in)(story.zone.iana_name().unwrap_or("UTC"))),
        ],
    ));
    text::cut(lines.join("\n"), LIMIT)
}

/// One node, as the caption tells of it.
struct Told<'a> {
    now: &'a Node,
    watched: &'a Watched,
    tally: &'a Tally,
    story: Story<'a>,
}

impl Told<'_> {
    /// How it is.
    fn now(&self) -> String {
        let words = self.story.words;
        let since = self.tally.missing_since.map(|since| self.moment(since));
        let offset = self.now.offset.map(words.offset);
        match self.now.state {
            State::Unreachable => (words.no_answer)(since.as_deref()),
            State::WrongChain => words.wrong_chain.to_owned(),
            State::NoConsensus => (words.no_consensus)(since.as_deref()),
            State::Stalled => joined(", ", [Some(words.stalled.to_owned()), offset]),
            State::Behind | State::Ahead | State::Ok => offset.unwrap_or_else(|| words.unknown.to_owned()),
            State::NotScraped => (words.not_scraped)(since.as_deref()),
        }
    }

    /// How it was over the whole range.
    fn past(&self) -> String {
        let Story { history, words, .. } = self.story;
        let Some(Worst { offset, when, .. }) = self.tally.worst else {
            return words.nothing_seen.to_owned();
        };
        let bounded = history.threshold.iter().any(Option::is_some);
        joined(
            "; ",
            [
                Some((words.worst)(offset, &self.moment(when))),
                bounded.then(|| (words.outside)(self.tally.outside)),
                Some((words.missing)(self.tally.missing)),
            ],
        )
    }

    /// The time of day in the zone, with the day where it was not today.
    fn moment(&self, seconds: f64) -> String {
        let Story { history, words, zone, .. } = self.story;
        let at = |seconds: i64| {
            let moment = Timestamp::from_second(seconds).unwrap_or_default();
            moment.to_zoned(zone.clone())
        };
        let (moment, now) = (at(seconds as i64), at(history.until));
        if moment.date() == now.date() {
            moment.strftime("%H:%M").to_string()
        } else {
            (words.another_day)(&moment, &now)
        }
    }

    /// The worst comes first: by state, then by how far it ever was from the median.
    fn badness(&self) -> ((u8, f64), f64) {
        let worst = self.tally.worst.map_or(0.0, |worst| worst.offset.abs());
        (self.now.badness(), worst)
    }
}

fn joined<const N: usize>(with: &str, parts: [Option<String>; N]) -> String {
    let there: Vec<_> = parts.into_iter().flatten().collect();
    there.join(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        series::{Cause, Column, Envelope, Grid},
        text::ENGLISH,
    };

    const SEEN: Column =
        Column { seen: Some(Envelope { min: -2.0, mean: 0.0, max: 1.0 }), missing: None, known: 1.0 };
    const CALM: Tally = Tally { outside: Some(0.0), missing: 0.0, missing_since: None, worst: None };
    const GONE: Column = Column { seen: None, missing: Some(Cause::NoAnswer), known: 0.0 };

    type Now = (State, Option<f64>);

    /// Two columns of half an hour up to 1970-01-02 00:30, for each node.
    #[track_caller]
    fn check(nodes: &[(&str, Now, [Column; 2], Tally)], notes: &[String], want: &[&str]) {
        check_in(Some(NetworkState::Ok), nodes, notes, want);
    }

    #[track_caller]
    fn check_in(
        state: Option<NetworkState>,
        nodes: &[(&str, Now, [Column; 2], Tally)],
        notes: &[String],
        want: &[&str],
    ) {
        let start = 86_400 - 1_800;
        let history = History {
            network: "polygon".into(),
            since: start,
            until: start + 3_600,
            grid: Grid { start, step: 1_800, len: 2 },
            watched: nodes
                .iter()
                .map(|(node, _, columns, _)| Watched { node: (*node).into(), columns: columns.to_vec() })
                .collect(),
            best: vec![None; 2],
            threshold: vec![Some(5.0), None],
        };
        let network = Network {
            name: "polygon".into(),
            nodes: nodes
                .iter()
                .map(|(name, (state, offset), ..)| Node {
                    name: (*name).into(),
                    state: *state,
                    offset: *offset,
                })
                .collect(),
            state,
            references: Some(9.0),
            references_up: Some(8.0),
            spacing: 15,
            newest: None,
        };
        let tallies: Vec<_> = nodes
            .iter()
            .map(|(.., columns, tally)| Tally { worst: crate::tally::worst(&history, columns), ..*tally })
            .collect();
        let caption = write(Story {
            network: &network,
            history: &history,
            tallies: &tallies,
            notes,
            zone: &TimeZone::UTC,
            words: &ENGLISH,
        });
        assert!(caption.chars().count() <= LIMIT);
        assert_eq!(caption.lines().collect::<Vec<_>>(), want);
    }

    #[test]
    fn one_node() {
        let spike =
            Column { seen: Some(Envelope { min: -48.0, mean: -3.0, max: 1.0 }), missing: None, known: 1.0 };
        let tally = Tally { outside: Some(840.0), missing: 180.0, ..CALM };
        check(
            &[("my-node", (State::Behind, Some(-12.0)), [spike, SEEN], tally)],
            &["Prometheus warns: a store is away".into()],
            &[
                "polygon · my-node: 12 blocks behind",
                "last hour, corridor of 5 blocks either way",
                "Prometheus warns: a store is away",
                "at worst 48 blocks behind (Thu 1 Jan, 23:45); 14 minutes outside the corridor; \
                 3 minutes without data",
                "8 of 9 references up, times in UTC",
            ],
        );
        let tally =
            Tally { outside: Some(0.0), missing: 1_800.0, missing_since: Some(86_700.0), worst: None };
        check(
            &[("my-node", (State::Unreachable, None), [SEEN, GONE], tally)],
            &[],
            &[
                "polygon · my-node: no answer since 00:05",
                "last hour, corridor of 5 blocks either way",
                "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor; \
                 30 minutes without data",
                "8 of 9 references up, times in UTC",
            ],
        );
    }

    #[test]
    fn what_the_exporter_says_of_node_and_network() {
        let tally = CALM;
        let past = "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor; no data missing";
        let last = "last hour, corridor of 5 blocks either way";
        for (network, now, first) in [
            (NetworkState::Halted, (State::Ok, Some(0.0)), "level with the median; the chain has halted"),
            (
                NetworkState::Split,
                (State::Stalled, Some(-40.0)),
                "stalled, 40 blocks behind; the references are split",
            ),
            (NetworkState::Ok, (State::WrongChain, None), "answers for another chain"),
        ] {
            check_in(
                Some(network),
                &[("my-node", now, [SEEN; 2], tally)],
                &[],
                &[&format!("polygon · my-node: {first}"), last, past, "8 of 9 references up, times in UTC"],
            );
        }
    }

    #[test]
    fn several_nodes_the_worst_first() {
        let known = |offset| (State::Ok, Some(offset));
        let mut nodes = vec![
            ("a", known(-1.0), [SEEN; 2], CALM),
            ("b", (State::NotScraped, None), [GONE; 2], CALM),
            ("c", (State::Ahead, Some(6.0)), [SEEN; 2], CALM),
            ("d", (State::NoConsensus, None), [SEEN; 2], CALM),
        ];
        const PAST: &str = "at worst 2 blocks behind (Thu 1 Jan, 23:45); never outside the corridor; \
            no data missing";
        let last = "last hour, corridor of 5 blocks either way";
        let up = "8 of 9 references up, times in UTC";
        check(
            &nodes,
            &[],
            &[
                "polygon · 4 watched nodes",
                last,
                &format!("d: no consensus among the references; {PAST}"),
                &format!("c: 6 blocks ahead; {PAST}"),
                &format!("a: 1 block behind; {PAST}"),
                "b: not scraped; not one block in this range",
                up,
            ],
        );
        nodes.extend(["e", "f", "g", "h", "i"].map(|name| (name, known(0.0), [SEEN; 2], CALM)));
        let level = |name| format!("{name}: level with the median; {PAST}");
        check(
            &nodes,
            &[],
            &[
                "polygon · 9 watched nodes",
                last,
                &format!("d: no consensus among the references; {PAST}"),
                &format!("c: 6 blocks ahead; {PAST}"),
                &format!("a: 1 block behind; {PAST}"),
                &level("e"),
                &level("f"),
                &level("g"),
                &level("h"),
                // It gave no answer, so it is one of the worst that the chart shows.
                "b: not scraped; not one block in this range",
                "and 1 node more",
                up,
            ],
        );
    }
}
