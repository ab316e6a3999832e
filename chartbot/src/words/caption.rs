//! PURE: what a chart shows, in words and numbers: what, how it is now, the worst and
//! when, how long outside the corridor, how long without data, the references.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    samples::{
        facts::{Facts, NodeFacts, Worst},
        grid::History,
        state::{NetworkState, NodeState},
        warning::Warning,
    },
    words::{self, Words},
};

/// A photo's caption has at most so many characters of UTF-16
/// (<https://core.telegram.org/bots/api#sendphoto>).
const LIMIT: usize = 1_024;
/// Prometheus may have more to say than a caption can hold.
const NOTE_LIMIT: usize = 140;
/// Characters of a name where there is no room for all of it.
const SHORT_NAME: usize = 20;
/// How many parts a node's past has.
const PAST: usize = 3;

/// What a caption is made from.
#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// The network and its nodes, the worst first.
    pub facts: &'a Facts,
    /// What the chart shows.
    pub history: &'a History,
    /// What the reader has to know beside.
    pub warnings: &'a [Warning],
    /// The zone of all times.
    pub zone: &'a TimeZone,
    /// The language.
    pub words: &'a Words,
}

/// The caption: the first line says the most, for notifications show no more.
#[must_use]
pub fn write(story: Story) -> String {
    let lines = match story.facts.nodes.as_slice() {
        [node] => story.of_one(node),
        _ => story.of_several(),
    };
    words::cut(lines.join("\n"), LIMIT)
}

impl Story<'_> {
    fn of_one(self, node: &NodeFacts) -> Vec<String> {
        let now = joined("; ", [Some(self.named(node, usize::MAX)), self.chain()]);
        let mut lines = vec![format!("{} · {now}", self.facts.network), self.range(None)];
        lines.extend(self.note());
        lines.push(self.past(node, PAST).join("; "));
        lines.push(self.references());
        lines
    }

    /// What is last is cut first: the best of the nodes.
    fn of_several(self) -> Vec<String> {
        let Self { facts, history, words, .. } = self;
        let nodes = &facts.nodes;
        let is_ok = |node: &&NodeFacts| node.state == NodeState::Ok;
        let watched = nodes.iter().filter(|node| node.state != NodeState::Gone).count();
        let ok = nodes.iter().filter(is_ok).count();
        let shown = history.watched.len();
        let some_shown = (shown < nodes.len()).then(|| (words.worst_shown)(shown, nodes.len()));
        let worst = nodes.first().filter(|node| !is_ok(node)).map(|node| self.named(node, usize::MAX));
        let now = joined("; ", [self.chain(), Some((words.nodes_ok)(ok, watched)), worst]);
        let mut lines = vec![format!("{} · {now}", facts.network), self.range(some_shown), self.references()];
        lines.extend(self.note());
        let told = |(parts, name)| -> Vec<String> {
            let line =
                |node: &NodeFacts| [vec![self.named(node, name)], self.past(node, parts)].concat().join("; ");
            lines.iter().cloned().chain(nodes.iter().take(shown).map(line)).collect()
        };
        let fits = |lines: &Vec<String>| lines.join("\n").encode_utf16().count() <= LIMIT;
        let shorter = [(PAST, usize::MAX), (1, usize::MAX), (1, SHORT_NAME)];
        shorter.into_iter().map(told).find(fits).unwrap_or_else(|| told((0, SHORT_NAME)))
    }

    /// What keeps the whole chain from going on.
    fn chain(self) -> Option<String> {
        match self.facts.state {
            NetworkState::Split => Some(self.words.split.to_owned()),
            NetworkState::Halted => Some(self.words.halted.to_owned()),
            _ => None,
        }
    }

    fn range(self, shown: Option<String>) -> String {
        let Self { facts, words, .. } = self;
        let corridor = facts.thresholds.map(|(least, most)| (words.corridor)(least, most));
        joined(", ", [Some((words.last)(facts.until - facts.from)), corridor, shown])
    }

    fn references(self) -> String {
        let Self { facts, words, zone, .. } = self;
        let up = facts.references_up.zip(facts.references);
        let up = up.map(|(up, all)| (words.references)(up, all));
        joined(", ", [up, Some((words.times_in)(zone.iana_name().unwrap_or("UTC")))])
    }

    fn note(self) -> Option<String> {
        let first = self.warnings.first()?;
        Some(words::cut(words::warning(first, self.words), NOTE_LIMIT))
    }

    /// How a node is, behind its name in at most so many characters.
    fn named(self, node: &NodeFacts, most: usize) -> String {
        format!("{}: {}", words::shortened(&node.node, most), self.now(node))
    }

    /// How a node is.
    fn now(self, node: &NodeFacts) -> String {
        let words = self.words;
        let since = node.since.map(|since| self.moment(since));
        let offset = node.lag_blocks.map(|lag| (words.offset)(0.0 - lag));
        match node.state {
            NodeState::Unreachable => (words.no_answer)(since.as_deref()),
            NodeState::WrongChain => words.wrong_chain.to_owned(),
            NodeState::Unknown => match self.facts.state {
                NetworkState::Split => words.unknown.to_owned(),
                _ => (words.no_consensus)(since.as_deref()),
            },
            NodeState::Stalled => joined(", ", [Some(words.stalled.to_owned()), offset]),
            NodeState::Behind | NodeState::Ahead | NodeState::Ok => {
                offset.unwrap_or_else(|| words.unknown.to_owned())
            }
            NodeState::NotScraped => (words.not_scraped)(since.as_deref()),
            NodeState::Gone => (words.gone)(since.as_deref()),
        }
    }

    /// How a node was over the whole range, in so many parts: the worst, how long outside, how
    /// long without data.
    fn past(self, node: &NodeFacts, parts: usize) -> Vec<String> {
        let words = self.words;
        let Some(Worst { lag, at }) = node.worst else {
            return vec![words.nothing_seen.to_owned()];
        };
        let missing = node.missing_seconds.total();
        let all = [
            Some((words.worst)(0.0 - lag, &self.moment(at))),
            self.facts.thresholds.map(|_| (words.outside)(node.outside_seconds)),
            (missing >= 0.5).then(|| (words.missing)(missing)),
        ];
        all.into_iter().flatten().take(parts).collect()
    }

    /// The time of day in the zone, with the day where it was not today, and the zone where a
    /// clock that was set back shows the same time twice.
    fn moment(self, seconds: f64) -> String {
        let Self { facts, words, zone, .. } = self;
        let at = |seconds: i64| {
            let moment = Timestamp::from_second(seconds).unwrap_or_default();
            moment.to_zoned(zone.clone())
        };
        let (moment, now) = (at(seconds as i64), at(facts.until));
        let text = if moment.date() == now.date() {
            moment.strftime("%H:%M").to_string()
        } else {
            (words.another_day)(&moment, &now)
        };
        if zone.to_ambiguous_timestamp(moment.datetime()).is_ambiguous() {
            format!("{text} {}", moment.strftime("%Z"))
        } else {
            text
        }
    }
}

fn joined(with: &str, parts: impl IntoIterator<Item = Option<String>>) -> String {
    let there: Vec<_> = parts.into_iter().flatten().collect();
    there.join(with)
}

#[cfg(test)]
#[path = "caption_tests.rs"]
mod tests;
