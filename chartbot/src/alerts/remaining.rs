//! PURE: what stays silenced by others when silences of the bot are over.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    alertmanager::Firing,
    silences::{Of, Silence, SilenceId},
};
use crate::words::silence::{name, scope};

/// What other silences still silence.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    /// Names of what is silenced, by the latest end of its silences.
    pub until: BTreeMap<Timestamp, Vec<String>>,
    /// Those of the other silences that are the bot's own.
    pub own: Vec<SilenceId>,
}

/// How much of what a silence was for another one silences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Nothing,
    Some,
    All,
}

impl Remaining {
    /// Of what these silences of the bot's were for, as far as `others`, all of them active,
    /// silence it. `firing` is what fires, with what Alertmanager says it is silenced by.
    #[must_use]
    pub fn of(over: &[&Silence], others: &[&Silence], firing: &[Firing]) -> Self {
        let mut remaining = Self::default();
        for silence in over {
            let share = |other: &Silence| share(silence, other, firing);
            let ends = others.iter().filter(|other| share(other) == Share::All).map(|other| other.ends_at);
            let end = ends.max();
            if let Some(end) = end {
                remaining.add(end, name(&silence.labels()));
            }
            for other in others {
                let is_longer = end.is_none_or(|end| other.ends_at > end);
                if share(other) == Share::Some && is_longer {
                    remaining.add(other.ends_at, scope(other));
                }
            }
            let own = others.iter().filter(|other| other.note().is_some() && share(other) != Share::Nothing);
            for other in own {
                if !remaining.own.contains(&other.id) {
                    remaining.own.push(other.id.clone());
                }
            }
        }
        remaining
    }

    fn add(&mut self, until: Timestamp, name: String) {
        let names = self.until.entry(until).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

fn share(of: &Silence, other: &Silence, firing: &[Firing]) -> Share {
    let labels = of.labels();
    // Of regular expressions, only what Alertmanager made of them is known.
    let mut quiet = firing.iter().filter(|firing| firing.silenced_by.contains(&other.id));
    let is_alert = of.note().is_some_and(|note| matches!(note.of, Of::Alert { .. }));
    let is_all = if is_alert { other.covers(&labels) } else { other.covers_all(&labels) };
    let is_quiet = quiet.any(|firing| of.covers(&firing.alert.labels));
    match is_alert {
        _ if is_all => Share::All,
        true if is_quiet => Share::All,
        false if is_quiet || other.covers_some(&labels) => Share::Some,
        _ => Share::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alerts::{
            alert::tests::alert,
            silences::{Draft, Lasting, Maker, Matcher, tests::listed},
        },
        chat::place::Place,
    };

    #[test]
    fn what_others_still_silence() {
        let from = Timestamp::constant(1_795_578_000, 0);
        let maker = Maker { who: "@ada".into(), place: Place::chat(42), message: None };
        let hours = |hours: u32| Lasting::parse(&format!("{hours}h")).unwrap();
        let node = |node: &str, lasting| {
            listed(
                Draft::of_node("polygon", node, &maker, from, hours(lasting)),
                &format!("{node}-{lasting}"),
            )
        };
        let behind = alert("Behind");
        let of_alert = |lasting| {
            listed(Draft::of_alert(&behind, &maker, from, hours(lasting)), &format!("alert-{lasting}"))
        };
        let foreign = |name: &str, value: &str, is_regex, is_equal| {
            let matchers = vec![Matcher { name: name.into(), value: value.into(), is_regex, is_equal }];
            let (comment, id) = ("maintenance".into(), SilenceId::parse("foreign").unwrap());
            Silence { id, matchers, comment, ..node("my-node", 5) }
        };
        let of_behind = "Behind · polygon · my-node";
        let of_node = "polygon · my-node";
        let fires_under_foreign =
            [Firing { alert: behind.clone(), silenced_by: vec![SilenceId::parse("foreign").unwrap()] }];
        let check = |over: &Silence, others: &[Silence], fires: bool, until: &[(i64, &str)], own: &[&str]| {
            let firing: &[Firing] = if fires { &fires_under_foreign } else { &[] };
            let remaining = Remaining::of(&[over], &others.iter().collect::<Vec<_>>(), firing);
            let hour = |end: &Timestamp| (end.as_second() - from.as_second()) / 3_600;
            let said: Vec<_> =
                remaining.until.iter().map(|(end, names)| (hour(end), names.join("; "))).collect();
            let want: Vec<_> = until.iter().map(|(hour, name)| (*hour, (*name).to_owned())).collect();
            let ids: Vec<_> = remaining.own.iter().map(ToString::to_string).collect();
            assert_eq!((said, ids), (want, own.iter().map(|id| (*id).to_owned()).collect()), "{others:?}");
        };
        check(&node("my-node", 3), &[], false, &[], &[]);
        check(&node("my-node", 3), &[node("other", 2)], false, &[], &[]);
        // The latest end counts.
        let two = [node("my-node", 2), node("my-node", 4)];
        check(&node("my-node", 3), &two, false, &[(4, of_node)], &["my-node-2", "my-node-4"]);
        check(&of_alert(1), &[of_alert(8)], false, &[(8, of_behind)], &["alert-8"]);
        check(&of_alert(1), &[node("my-node", 2)], false, &[(2, of_behind)], &["my-node-2"]);
        // A part of what a node is silenced for, unless all of it is silenced for longer.
        check(&node("my-node", 3), &[of_alert(8)], false, &[(8, of_behind)], &["alert-8"]);
        let both = [of_alert(1), node("my-node", 4)];
        check(&node("my-node", 3), &both, false, &[(4, of_node)], &["alert-1", "my-node-4"]);
        // Silences that others made, some of which only Alertmanager can judge.
        for (other, over, fires, until) in [
            (foreign("network", "polygon", false, true), node("my-node", 3), false, Some(of_node)),
            (foreign("node", "other", false, false), of_alert(1), false, Some(of_behind)),
            (
                foreign("severity", "warning", false, false),
                node("my-node", 3),
                false,
                Some("severity!=warning"),
            ),
            (foreign("network", "gnosis", false, true), node("my-node", 3), false, None),
            (foreign("node", "my.*", true, true), of_alert(1), false, None),
            (foreign("node", "my.*", true, true), of_alert(1), true, Some(of_behind)),
            (foreign("node", "my.*", true, true), node("my-node", 3), true, Some("node=~my.*")),
        ] {
            let until: Vec<_> = until.map(|name| (5, name)).into_iter().collect();
            check(&over, &[other], fires, &until, &[]);
        }
    }
}
