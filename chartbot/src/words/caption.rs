//! PURE: what a picture shows, in words and numbers: the verdict with its node and since when,
//! where it is going, the worst, how long outside the corridor and without a lag, the references.
//! What is zero is left out, and nothing is said twice.

use crate::{
    chat::message::CAPTION_LIMIT,
    samples::{
        facts::{Facts, NodeFacts, Worst},
        history::SHOWN,
        missing::{Cause, Gap},
        state::{NodeState, State},
        verdict::Verdict,
        warning::Warning,
    },
    words::{self, Words, moment::Times, state, trend::trend},
};

/// Prometheus may have more to say than a caption can hold.
const NOTE_LIMIT: usize = 140;
/// Characters of a name where there is no room for all of it.
const SHORT_NAME: usize = 20;
/// Shorter times are not worth a word, in seconds.
const LEAST: f64 = 0.5;

/// What a caption is made from.
#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// The network and its nodes, the worst first.
    pub facts: &'a Facts,
    /// What the reader has to know beside.
    pub warnings: &'a [Warning],
    /// The zone of all times, now, and the language.
    pub times: Times<'a>,
}

/// The caption: the first line says the most, for notifications show no more.
#[must_use]
pub fn write(story: Story) -> String {
    let lines = match story.facts.nodes.as_slice() {
        [node] => story.of_one(node),
        nodes => story.of_several(nodes),
    };
    words::cut(lines.join("\n"), CAPTION_LIMIT)
}

impl Story<'_> {
    fn words(&self) -> &Words {
        self.times.words
    }

    fn of_one(self, node: &NodeFacts) -> Vec<String> {
        let mut lines = vec![self.verdict(usize::MAX)];
        lines.extend(trend(node, self.times));
        let past = self.past(node);
        let last = match past.is_empty() {
            true => format!("{}; {}", self.last(), self.references()),
            false => self.references(),
        };
        lines.extend((!past.is_empty()).then(|| format!("{}: {}", self.last(), past.join("; "))));
        lines.extend(self.noise());
        lines.extend(self.note());
        lines.push(last);
        lines
    }

    /// What is last is cut first: the best of the nodes.
    fn of_several(self, nodes: &[NodeFacts]) -> Vec<String> {
        let lines = |with_past: bool, name: usize| -> Vec<String> {
            let mut lines = vec![self.verdict(name)];
            lines.extend(nodes.first().and_then(|node| trend(node, self.times)));
            lines.extend(self.noise());
            lines.extend(self.note());
            let is_titled = Verdict::of(self.facts).node.is_some();
            let shown = nodes.iter().take(SHOWN).enumerate();
            let line = |(place, node)| self.line(node, place == 0 && is_titled, with_past, name);
            let mut of_nodes = shown.filter_map(line).peekable();
            let colon = if of_nodes.peek().is_some() { ":" } else { "" };
            lines.push(format!("{}; {}{colon}", self.references(), self.last()));
            lines.extend(of_nodes);
            lines
        };
        let fits = |lines: &Vec<String>| lines.join("\n").encode_utf16().count() <= CAPTION_LIMIT;
        let shorter = [(true, usize::MAX), (true, SHORT_NAME), (false, usize::MAX)];
        let fitting = shorter.into_iter().map(|(past, name)| lines(past, name)).find(fits);
        fitting.unwrap_or_else(|| lines(false, SHORT_NAME))
    }

    /// "🔴 13 blocks (26 s) behind · polygon · my-node · since 18:57".
    fn verdict(self, name: usize) -> String {
        let Self { facts, times, .. } = self;
        let words = self.words();
        let verdict = Verdict::of(facts);
        let title = match verdict.node {
            Some(node) => self.state(node),
            None => state::title(verdict.state, None, None, words),
        };
        let beside = verdict.network.map(|state| state::title(state, None, None, words));
        // Of several nodes that are all ok, none is named.
        let is_named = facts.nodes.len() == 1 || verdict.node.is_some() && verdict.state != State::Ok;
        let node = facts.nodes.first().filter(|_| is_named);
        let parts = [
            Some(format!("{} {title}", state::sign(verdict.state))),
            Some(facts.network.clone()),
            beside,
            node.map(|node| {
                let name = || words::shortened(&node.node, name);
                verdict.all.map_or_else(name, words.all_nodes)
            }),
            verdict.since.map(|since| times.since(since)),
            verdict.ok.map(|(ok, all)| (words.nodes_ok)(ok, all)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// A node's state in words, as far as its network does not say it.
    fn state(self, node: &NodeFacts) -> String {
        let state = State::of(node.state, self.facts.state);
        state::title(state, node.lag_blocks, self.facts.seconds_behind(node), self.words())
    }

    /// One of several nodes; absent where there is nothing to say of it. Of the node in the
    /// title only the past is left to say.
    fn line(self, node: &NodeFacts, is_titled: bool, with_past: bool, name: usize) -> Option<String> {
        let state = State::of(node.state, self.facts.state);
        let is_news = !is_titled && state != State::Ok && !state.is_of_network();
        let now = is_news.then(|| {
            let since = node.since.map(|since| self.times.since(since));
            let trend = trend(node, self.times);
            let parts = [Some(self.state(node)), since, trend];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        let past = if with_past { self.past(node) } else { Vec::new() };
        let parts: Vec<_> = now.into_iter().chain(past).collect();
        let name = words::shortened(&node.node, name);
        (!parts.is_empty()).then(|| format!("{} {name}: {}", state::sign(state), parts.join("; ")))
    }

    fn last(self) -> String {
        (self.words().last)(self.facts.until - self.facts.from)
    }

    fn references(self) -> String {
        let (facts, words) = (self.facts, self.words());
        let up = facts.references_up.zip(facts.references);
        let up = up.map(|(up, all)| (words.references)(up, all));
        let zone = (words.times_in)(self.times.zone.iana_name().unwrap_or("UTC"));
        up.into_iter().chain([zone]).collect::<Vec<_>>().join(", ")
    }

    fn note(self) -> Option<String> {
        let first = self.warnings.first()?;
        Some(words::cut(words::warning(first, self.words()), NOTE_LIMIT))
    }

    /// Which threshold would fit, once.
    fn noise(self) -> Option<String> {
        let noise = self.facts.nodes.iter().find_map(|node| node.noise)?;
        Some((self.words().noise)(noise.reach, noise.threshold))
    }

    /// How a node was over the whole range: the worst, how long outside, how long without a lag.
    fn past(self, node: &NodeFacts) -> Vec<String> {
        let words = self.words();
        let mut parts = Vec::new();
        let is_now = |worst: &Worst| Some(worst.lag) == node.lag_blocks;
        match node.worst {
            Some(worst) if worst.lag == 0.0 || is_now(&worst) => {}
            Some(Worst { lag, at }) => parts.push((words.worst)(0.0 - lag, &self.times.moment(at))),
            None if node.state == NodeState::Gone => parts.push(words.nothing_seen.to_owned()),
            None => {}
        }
        let outside = node.outside_seconds.filter(|seconds| *seconds >= LEAST);
        let outside = outside.zip(self.facts.thresholds);
        parts.extend(outside.map(|(seconds, corridor)| (words.outside)(seconds, corridor)));
        parts.extend(Cause::ALL.into_iter().filter_map(|cause| self.missing(node, cause)));
        parts
    }

    /// "no answer for 5 hours (10:29–15:29)"; absent where that is the present state alone, of
    /// which the beginning is known.
    fn missing(self, node: &NodeFacts, cause: Cause) -> Option<String> {
        let (facts, words) = (self.facts, self.words());
        let seconds = node.missing_seconds.of(cause).filter(|seconds| *seconds >= LEAST)?;
        let of_cause = || node.gaps.iter().filter(|gap| gap.cause == cause);
        let length = |gap: &&Gap| gap.end - gap.begin;
        let longest = of_cause().max_by(|a, b| length(a).total_cmp(&length(b)))?;
        let times = match of_cause().count() {
            1 if longest.end >= facts.until as f64 && node.since.is_some() => return None,
            1 => self.times.span(longest.begin, longest.end),
            count => (words.longest)(count, &self.times.span(longest.begin, longest.end)),
        };
        Some(format!("{} ({times})", (words.missing)(cause, seconds)))
    }
}

#[cfg(test)]
#[path = "caption_tests.rs"]
mod tests;
