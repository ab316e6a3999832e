//! PURE: what a chart shows, in words and numbers: each node's state, its worst sample and
//! when, the time outside the corridor, the time without data, the references.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    chart,
    samples::grid::{History, Watched},
    samples::survey::{Network, NetworkState, Node, State},
    samples::tally::{Tally, Worst},
    words::{self, Words},
};

/// A photo's caption has at most so many characters of UTF-16
/// (<https://core.telegram.org/bots/api#sendphoto>).
const LIMIT: usize = 1_024;
/// Prometheus may have more to say than a caption can hold.
const NOTE_LIMIT: usize = 120;
/// Characters of a name where there is no room for all of it.
const SHORT_NAME: usize = 20;
/// How many parts the past of a node has.
const PAST: usize = 3;

/// What a caption is made from.
#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// The network and its nodes as they are now.
    pub network: &'a Network,
    /// What the chart shows, with the same nodes in the same order.
    pub history: &'a History,
    /// The totals of each node, in the same order.
    pub tallies: &'a [Tally],
    /// Notes on the answer of Prometheus itself, in words.
    pub notes: &'a [String],
    /// The zone of all times.
    pub zone: &'a TimeZone,
    /// The language.
    pub words: &'a Words,
}

/// The caption. The first line holds what matters most: a notification shows only that.
#[must_use]
pub fn write(story: Story) -> String {
    let Story { network, history, .. } = story;
    let nodes: Vec<_> = network
        .nodes
        .iter()
        .zip(&history.watched)
        .zip(story.tallies)
        .map(|((now, watched), tally)| Subject { now, watched, tally, story })
        .collect();
    let lines = match nodes.as_slice() {
        [node] => of_one(node),
        _ => of_several(nodes, story),
    };
    words::cut(lines.join("\n"), LIMIT)
}

fn of_one(node: &Subject) -> Vec<String> {
    let Story { network, words, .. } = node.story;
    let now = joined("; ", [Some(node.named(usize::MAX)), chain(network, words)]);
    let mut lines = vec![format!("{} · {now}", network.name)];
    lines.push(range(node.story, None));
    lines.extend(note(node.story));
    lines.push(node.past(PAST).join("; "));
    lines.push(references(node.story));
    lines
}

/// The last lines are cut first: those of the best nodes.
fn of_several(mut nodes: Vec<Subject>, story: Story) -> Vec<String> {
    let Story { network, history, words, .. } = story;
    let shown = chart::shown(history);
    let is_ok = |node: &&Subject| node.now.state == State::Ok;
    let (all, ok) = (nodes.len(), nodes.iter().filter(is_ok).count());
    let some_shown = (shown.len() < all).then(|| (words.worst_shown)(shown.len(), all));
    let listed: Vec<&str> =
        shown.iter().filter_map(|place| Some(nodes.get(*place)?.watched.node.as_str())).collect();
    // Stable: of equals the first by name.
    nodes.sort_by(|a, b| b.badness().partial_cmp(&a.badness()).unwrap_or(std::cmp::Ordering::Equal));
    let worst = nodes.iter().find(|node| !is_ok(node));
    let worst = worst.map(|node| node.named(usize::MAX));

    let now = joined("; ", [chain(network, words), Some((words.nodes_ok)(ok, all)), worst]);
    let mut lines = vec![format!("{} · {now}", network.name), range(story, some_shown), references(story)];
    lines.extend(note(story));
    nodes.retain(|node| listed.contains(&node.watched.node.as_str()));
    let with_nodes = |(parts, name)| -> Vec<String> {
        let line = |node: &Subject| [vec![node.named(name)], node.past(parts)].concat().join("; ");
        lines.iter().cloned().chain(nodes.iter().map(line)).collect()
    };
    let fits = |lines: &Vec<String>| lines.join("\n").encode_utf16().count() <= LIMIT;
    let shorter = [(PAST, usize::MAX), (1, usize::MAX), (1, SHORT_NAME)];
    shorter.into_iter().map(with_nodes).find(fits).unwrap_or_else(|| with_nodes((0, SHORT_NAME)))
}

/// The state of the network, where it concerns all nodes.
fn chain(network: &Network, words: &Words) -> Option<String> {
    match network.state {
        Some(NetworkState::Split) => Some(words.split.to_owned()),
        Some(NetworkState::Halted) => Some(words.halted.to_owned()),
        Some(NetworkState::NoConsensus | NetworkState::Ok) | None => None,
    }
}

fn range(Story { history, words, .. }: Story, shown: Option<String>) -> String {
    let threshold = history.threshold.iter().rev().flatten().next();
    let corridor = threshold.map(|threshold| (words.corridor)(*threshold));
    joined(", ", [Some((words.last)(history.until - history.since)), corridor, shown])
}

fn references(Story { network, words, zone, .. }: Story) -> String {
    let up = network.references_up.zip(network.references);
    let up = up.map(|(up, all)| (words.references)(up, all));
    joined(", ", [up, Some((words.times_in)(zone.iana_name().unwrap_or("UTC")))])
}

fn note(story: Story) -> Option<String> {
    story.notes.first().map(|note| words::cut(note.clone(), NOTE_LIMIT))
}

/// One node of a caption.
struct Subject<'a> {
    now: &'a Node,
    watched: &'a Watched,
    tally: &'a Tally,
    story: Story<'a>,
}

impl Subject<'_> {
    /// Its name, in at most so many characters, and its state.
    fn named(&self, most: usize) -> String {
        format!("{}: {}", words::shortened(&self.watched.node, most), self.now())
    }

    /// Its state.
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

    /// The whole range in at most so many parts: the worst sample, the time outside, the time
    /// without data.
    fn past(&self, parts: usize) -> Vec<String> {
        let Story { history, words, .. } = self.story;
        let Some(Worst { offset, when, .. }) = self.tally.worst else {
            return vec![words.nothing_seen.to_owned()];
        };
        let bounded = history.threshold.iter().any(Option::is_some);
        let all = [
            Some((words.worst)(offset, &self.moment(when))),
            bounded.then(|| (words.outside)(self.tally.outside)),
            (self.tally.missing >= 0.5).then(|| (words.missing)(self.tally.missing)),
        ];
        all.into_iter().flatten().take(parts).collect()
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

fn joined(with: &str, parts: impl IntoIterator<Item = Option<String>>) -> String {
    let there: Vec<_> = parts.into_iter().flatten().collect();
    there.join(with)
}

#[cfg(test)]
#[path = "caption_tests.rs"]
mod tests;
