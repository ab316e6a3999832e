//! The page at `/`: what is known right now, for a person, on a phone too. No script.

use std::fmt::Write;

use jiff::Timestamp;

use crate::{
    snapshot::{NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkState, NodeState},
};

/// On a narrow screen each row of a table becomes a card: name and state above, numbers
/// below, each with the name of its column.
const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>headlag exporter</title>\
<style>\
:root{color-scheme:light dark;--fine:#00694b;--warn:#8a5a00;--bad:#b34700;--line:#8884}\
@media(prefers-color-scheme:dark){:root{--fine:#4cc79c;--warn:#e6b04a;--bad:#ff8a4c}}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
header{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline}\
h1{font-size:1.3rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 0;overflow-wrap:anywhere}\
p{margin:.1rem 0 .6rem}small,.dim{opacity:.7}\
table{border-collapse:collapse;width:100%}\
td,th{padding:.35rem .6rem .35rem 0;text-align:left;border-top:1px solid var(--line);vertical-align:top}\
th{font-weight:normal;font-size:.85rem;opacity:.7;border:0}\
td:first-child{overflow-wrap:anywhere}\
td:last-child,th:last-child{padding-right:0}th:first-child{width:38%}\
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
.fine,.warn,.bad{font-weight:600;white-space:nowrap}\
.fine{color:var(--fine)}.warn{color:var(--warn)}.bad{color:var(--bad)}\
@media(max-width:48rem){table,tbody{display:block}tr:first-child{display:none}\
tr{display:flex;flex-wrap:wrap;gap:0 1rem;border-top:1px solid var(--line);padding:.5rem 0}\
td,td.n{border:0;padding:0;text-align:left}td:first-child{flex:1 0 60%}td:nth-child(2){text-align:right}\
td:nth-child(3){margin-right:auto}td:nth-child(6){flex-basis:100%}td.none{display:none}\
td.n::before{content:attr(title) ' ';opacity:.6;font-size:.85rem}}\
</style>";

/// The page over the snapshots there are, as they may be shown at `now`; networks whose
/// first round has not ended are counted in `waiting`. Names need no escaping: they are
/// letters, digits, `_`, `.` and `-`.
#[must_use]
pub fn render(version: &str, now: UnixTime, snapshots: &[Snapshot], waiting: usize) -> String {
    let mut page = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<header><h1>headlag exporter</h1><small>{version}</small><a href=\"/metrics\">Metrics</a><small>times in UTC</small></header>"
    );
    for snapshot in snapshots {
        write_network(&mut page, now, snapshot);
    }
    if waiting > 0 {
        let _ = write!(page, "<p>Networks whose first round has not ended yet: {waiting}.</p>");
    }
    page
}

fn write_network(page: &mut String, now: UnixTime, of: &Snapshot) {
    let class = match of.state {
        NetworkState::Ok => "fine",
        NetworkState::Split | NetworkState::Halted => "warn",
        NetworkState::NoConsensus => "bad",
    };
    let median = of.consensus.map(|of| format!("median block {}, ", of.median.block.get()));
    let _ = write!(
        page,
        "<h2>{} <span class=\"{class}\">{}</span></h2><p>for {}; {}{} of {} references counted\
         <table><tr><th>node<th>state<th class=\"n\">block<th class=\"n\">lag<th class=\"n\">latency\
         <th class=\"n\">since",
        of.network,
        in_words(of.state.label()),
        ago(now, of.state_since),
        median.unwrap_or_default(),
        of.references_up(),
        of.references(),
    );
    for node in &of.nodes {
        write_node(page, now, node);
    }
    page.push_str("</table>");
}

fn write_node(page: &mut String, now: UnixTime, node: &NodeSnapshot) {
    let class = match node.state {
        NodeState::Ok => "fine",
        NodeState::Unknown | NodeState::Behind | NodeState::Ahead => "warn",
        NodeState::Unreachable | NodeState::WrongChain | NodeState::Stalled => "bad",
    };
    let reason = node.failure.filter(|reason| reason.label() != node.state.label()).map(|reason| {
        let code = reason.code().map(|code| format!(" {code}"));
        format!("<br><small>{}{}</small>", in_words(reason.label()), code.unwrap_or_default())
    });
    let latency = match node.took.map(|took| took.as_millis()) {
        None => "paused".into(),
        Some(0) => "&lt;1 ms".into(),
        Some(millis) => format!("{millis} ms"),
    };
    let since = format!("{} <small>({})</small>", clock(node.state_since), ago(now, node.state_since));
    let cell = |title: &str, text: Option<String>| match text {
        Some(text) => format!("<td class=\"n\" title=\"{title}\">{text}"),
        None => format!("<td class=\"n none\" title=\"{title}\">–"),
    };
    let _ = write!(
        page,
        "<tr><td>{} <small>{}</small><td><span class=\"{class}\">{}</span>{}{}{}{}{}",
        node.name,
        node.role.label(),
        in_words(node.state.label()),
        reason.unwrap_or_default(),
        cell("block", node.answered().map(|block| block.get().to_string())),
        cell("lag", node.lag.map(|lag| lag.to_string())),
        cell("latency", Some(latency)),
        cell("since", Some(since)),
    );
}

/// A label as a person would write it.
fn in_words(label: &str) -> String {
    label.replace('_', " ")
}

/// A time as the operator's logs show it, in UTC.
fn clock(at: UnixTime) -> String {
    let time = Timestamp::from_second(at as i64).unwrap_or_default();
    time.strftime("%b %d %H:%M:%S").to_string()
}

/// How long ago, in the two largest units at most.
fn ago(now: UnixTime, then: UnixTime) -> String {
    let seconds = (now - then).max(0.0) as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer::Reason,
        network::scenarios::{answer, network, round},
        snapshot::Moment,
    };

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (seconds, want) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h 0 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(ago(1000.0 + f64::from(seconds), 1000.0), want);
        }
        // A clock that was set back.
        assert_eq!(ago(0.0, 1000.0), "0 s");
    }

    #[test]
    fn the_page_shows_all_that_is_known() {
        let mut network = network(3, 2);
        let round = round(
            vec![answer(Ok(72_000_100)), answer(Ok(72_000_101)), answer(Ok(99_000_000))],
            vec![answer(Ok(72_000_088)), answer(Err(Reason::RateLimited))],
        );
        let now = Moment { unix: 1_790_000_000.0, ..Moment::now() };
        let page = render("1.2.3", now.unix + 90.0, &[network.fold(now, &round)], 1);
        for shown in [
            "median block 72000100, 2 of 3 references counted",
            "99000000",
            "<small>implausible</small>",
            ">behind</span>",
            "12 behind",
            "72000088",
            "20 ms",
            "Sep 21 14:13:20 <small>(1 min)",
            ">unreachable</span><br><small>rate limited</small>",
            "first round has not ended yet: 1.",
        ] {
            assert!(page.contains(shown), "no {shown} in {page}");
        }
    }
}
