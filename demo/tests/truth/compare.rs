//! The facts of a chart beside the truth.

use headlag_demo::{chain::Millis, exposition::Feed};
use serde_json::Value;

use crate::{
    cases::Case,
    history::{DAY, HOUR},
    oracle::{NodeTruth, Oracle, Worst},
};

/// Where the facts come from.
#[derive(Clone, Copy, PartialEq)]
pub enum From {
    /// From raw samples alone: exact to a sample.
    Raw,
    /// Mostly from what rules recorded: seconds that add up are exact to 300 s and 0.2 %.
    Rules,
}

/// What is wrong in the facts about a network; nothing where they are true.
pub fn network(case: &Case, feeds: &[Feed], range: &str, facts: &Value, source: From) -> Vec<String> {
    let length = match range {
        "hour" => HOUR,
        "6h" => 6 * HOUR,
        "day" => DAY,
        "week" => 7 * DAY,
        days => days.trim_end_matches('d').parse::<i64>().unwrap() * DAY,
    };
    let mut wrong = Vec::new();
    let (Some(from), Some(until)) = (facts["from"].as_i64(), facts["until"].as_i64()) else {
        return vec![format!("no from or until: {facts}")];
    };
    expect(&mut wrong, "the range", &(until - from), &length);
    expect(&mut wrong, "network", &facts["network"], &case.network.into());
    if !facts["warnings"].is_array() {
        wrong.push(format!("warnings are {}", facts["warnings"]));
    }
    let oracle = Oracle::new(feeds, case.scrape(), case.alive, until * 1000);
    let near = oracle.slowest() + 1.0;

    let truth = oracle.network();
    expect(&mut wrong, "state", &facts["state"], &truth.state.into());
    about(&mut wrong, "since", &facts["since"], Some(truth.since), near);
    if let Some(round) = truth.now {
        expect(&mut wrong, "threshold", &facts["threshold_blocks"], &round.threshold.into());
        let pair = (facts["references_up"].as_i64(), facts["references"].as_i64());
        let mut exporters = case.exporters.iter().map(|exporter| exporter.references);
        let true_pair =
            |(up, of)| pair == (Some(if truth.state == "no_consensus" { 1 } else { up }), Some(of));
        if !exporters.any(true_pair) {
            wrong.push(format!("references {pair:?}"));
        }
    }

    let found = facts["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    let grave = |node: &Value| {
        ["unreachable", "wrong_chain", "stalled", "behind"].iter().any(|state| node["state"] == *state)
    };
    if !found.is_sorted_by_key(|node| !grave(node)) {
        wrong.push("the nodes in trouble are not listed first".into());
    }
    let of = |name: &str| found.iter().find(|node| node["node"] == name);
    let names = oracle.nodes();
    for node in found {
        if !names.iter().any(|name| node["node"] == *name) {
            wrong.push(format!("there is no node {}", node["node"]));
        }
    }
    let span = |shift: i64| (from * 1000 + shift)..(until * 1000 + 1);
    for name in names {
        let truth = oracle.node(name, &span(0));
        // Whether a sample at the very start is within is a matter of milliseconds.
        let beat = (oracle.slowest() * 1000.0) as Millis;
        let worst = [0, -beat, beat].map(|shift| oracle.node(name, &span(shift)).worst);
        match of(name) {
            Some(facts) => {
                let found = node(&truth, &worst, facts, near, source);
                wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
                level(&mut wrong, name, facts, feeds, until);
            }
            None if truth.seen => wrong.push(format!("{name} is not listed")),
            None => {}
        }
    }
    wrong
}

fn node(truth: &NodeTruth, worst: &[Option<Worst>], facts: &Value, near: f64, source: From) -> Vec<String> {
    let mut wrong = Vec::new();
    expect(&mut wrong, "state", &facts["state"], &truth.state.into());
    about(&mut wrong, "since", &facts["since"], Some(truth.since), near);
    let real = |value: Option<i64>| value.map(|value| value as f64);
    // The newest round may come between the question and its answer.
    about(&mut wrong, "lag_blocks", &facts["lag_blocks"], real(truth.lag), 2.0);
    about(&mut wrong, "behind_seconds", &facts["behind_seconds"], real(truth.behind_seconds), 4.0);
    let sum = |seconds: f64| if source == From::Raw { near } else { 300.0 + 0.002 * seconds };
    let outside = &facts["outside_seconds"];
    about(&mut wrong, "outside_seconds", outside, Some(truth.outside), sum(truth.outside));
    let missing = &facts["missing_seconds"];
    for (cause, seconds) in [
        ("no_answer", truth.missing.no_answer),
        ("wrong_chain", truth.missing.wrong_chain),
        ("no_consensus", truth.missing.no_consensus),
        ("not_scraped", truth.missing.not_scraped),
    ] {
        about(&mut wrong, cause, &missing[cause], Some(seconds), sum(seconds));
    }
    let found = &facts["worst"];
    let is = |worst: &Option<Worst>| match worst {
        None => found.is_null(),
        Some(Worst { lag, at }) => {
            found["lag_blocks"] == *lag && found["at"].as_f64().is_some_and(|found| (found - at).abs() <= 1.0)
        }
    };
    if !worst.iter().any(is) {
        wrong.push(format!("worst is {found} instead of {:?}", worst[0]));
    }
    wrong
}

/// Only the node that comes nearer by a block every 15 s has a time at which it will be level.
fn level(wrong: &mut Vec<String>, name: &str, facts: &Value, feeds: &[Feed], until: i64) {
    if name != "catching-up" {
        expect(wrong, &format!("{name}: level_at"), &facts["level_at"], &Value::Null);
        return;
    }
    let rounds = feeds[0].within(&(0..until * 1000 + 1));
    let lag = rounds.last().and_then(|round| {
        round.nodes.iter().flatten().filter_map(|seen| seen.lag).find(|lag| (100..900).contains(lag))
    });
    let left = lag.map(|lag| (lag * 15) as f64);
    let want = left.map(|left| until as f64 + left);
    about(wrong, "catching-up: level_at", &facts["level_at"], want, left.unwrap_or(0.0) / 20.0);
}

fn expect<T: PartialEq + std::fmt::Display>(wrong: &mut Vec<String>, what: &str, found: &T, want: &T) {
    if found != want {
        wrong.push(format!("{what} is {found} instead of {want}"));
    }
}

fn about(wrong: &mut Vec<String>, what: &str, found: &Value, want: Option<f64>, near: f64) {
    let right = match (found.as_f64(), want) {
        (Some(found), Some(want)) => (found - want).abs() <= near,
        (None, None) => found.is_null(),
        _ => false,
    };
    if !right {
        let want = want.map_or("null".to_owned(), |want| want.to_string());
        wrong.push(format!("{what} is {found} instead of {want} ± {near}"));
    }
}
