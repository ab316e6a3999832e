//! The page at `/`: what is known right now, for a person, on a phone too. The worst comes
//! first. There is no script: the browser asks again by itself, and what is unfolded is in
//! the address, so that it stays so.

mod node;
mod order;
mod words;

use std::fmt::Write;

use crate::{
    config::Role,
    query,
    snapshot::{NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkState, NodeState},
};

/// How often the page is asked for again while no network has finished a round.
const REFRESH_BEFORE_ROUNDS: u64 = 2;
/// More often would be restless, and nobody reads so fast.
const SHORTEST_REFRESH: u64 = 5;

/// Which networks' references are unfolded, as the address has it: `open=NAME`, once for each.
#[derive(Debug, Default)]
pub struct Unfolded(Vec<String>);

impl Unfolded {
    /// Reads the query of an address; what else is in it does not matter.
    #[must_use]
    pub fn of_query(query: Option<&str>) -> Self {
        let open = query::parameters(query).filter(|(name, _)| *name == "open");
        Self(open.map(|(_, network)| network.into_owned()).collect())
    }

    fn has(&self, network: &str) -> bool {
        self.0.iter().any(|name| name == network)
    }

    /// The address of the page with this network folded or unfolded, and the others of
    /// `networks` as they are. Names of networks need no encoding.
    fn toggled(&self, network: &str, networks: &[&Snapshot]) -> String {
        let names = networks.iter().map(|of| of.network.as_str());
        let open = names.filter(|name| self.has(name) != (*name == network));
        let query: Vec<String> = open.map(|name| format!("open={name}")).collect();
        if query.is_empty() { "/".into() } else { format!("/?{}", query.join("&amp;")) }
    }
}

/// The page over the snapshots there are, as they may be shown at `now`; networks whose
/// first round has not ended are counted in `waiting`; `refused_since` is when a reload was
/// refused, whose report may hold what is not for everyone. Names need no escaping: they are
/// letters, digits, `_`, `.` and `-`.
#[must_use]
pub fn render(
    version: &str,
    now: UnixTime,
    snapshots: &[Snapshot],
    waiting: usize,
    refused_since: Option<UnixTime>,
    unfolded: &Unfolded,
) -> String {
    let networks = order::worst_network_first(snapshots);
    let refresh = refresh_seconds(snapshots);
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"{refresh}\">\
         <title>{}</title><link rel=\"icon\" href=\"data:,\"><style>{}</style>\
         <header><h1>headlag</h1><span>{version}</span><a href=\"/metrics\">Metrics</a>\
         <span>times in UTC</span></header>",
        words::title(&networks),
        include_str!("style.css"),
    );
    if let Some(at) = refused_since {
        let _ = write!(
            page,
            "<p><span class=\"late\">The config file has been refused {}</span>: the config before it remains \
             in force, and the log has the report.</p>",
            since(now, at),
        );
    }
    for of in &networks {
        write_network(&mut page, now, of, &networks, unfolded);
    }
    if waiting > 0 {
        let _ = write!(page, "<p>Networks whose first round has not ended yet: {waiting}.</p>");
    }
    page
}

/// As often as there is something new.
fn refresh_seconds(snapshots: &[Snapshot]) -> u64 {
    let shortest = snapshots.iter().map(|of| of.poll_interval.as_secs()).min();
    shortest.map_or(REFRESH_BEFORE_ROUNDS, |seconds| seconds.max(SHORTEST_REFRESH))
}

fn write_network(page: &mut String, now: UnixTime, of: &Snapshot, all: &[&Snapshot], unfolded: &Unfolded) {
    let _ = write!(page, "<section><h2>{}", of.network);
    match words::network_trouble(of.state) {
        // Nothing green above a node in trouble.
        None => page.push_str("</h2>"),
        Some(trouble) => {
            let (state, since) = (marked_state(of.state), since(now, of.state_since));
            let _ = write!(page, " {state}</h2><p>{trouble}, {since}</p>");
        }
    }
    let median = of.consensus.map(|of| format!(" · median block {}", of.median.block.get()));
    let _ = write!(page, "<p class=\"dim\">{}{}</p>", age(now, of), median.unwrap_or_default());
    page.push_str("<div class=\"cards\">");
    for watched in order::worst_first(of, Role::Watched) {
        node::write_card(page, now, of.block_time, watched);
    }
    page.push_str("</div>");
    write_references(page, now, of, &unfolded.toggled(of.network.as_str(), all), unfolded);
    page.push_str("</section>");
}

/// One line that unfolds. The link in it does so by the address; the element alone would
/// fold itself again with the next refresh.
fn write_references(page: &mut String, now: UnixTime, of: &Snapshot, link: &str, unfolded: &Unfolded) {
    let references = order::worst_first(of, Role::Reference);
    let open = if unfolded.has(of.network.as_str()) { " open" } else { "" };
    let _ = write!(
        page,
        "<details{open}><summary tabindex=\"-1\"><a href=\"{link}\">\
         {} of {} references counted{}</a></summary><ul>",
        of.references_up(),
        of.references(),
        not_ok(&references),
    );
    for reference in references {
        node::write_row(page, now, of.block_time, reference);
    }
    page.push_str("</ul></details>");
}

/// How many references are in which state that is not ok, the worst first.
fn not_ok(worst_first: &[&NodeSnapshot]) -> String {
    let others =
        worst_first.chunk_by(|a, b| a.state == b.state).filter(|same| same[0].state != NodeState::Ok);
    others.map(|same| format!(" · {} {}", same.len(), words::node_state(same[0].state))).collect()
}

/// How old all this is; marked when the next round should have ended long ago.
fn age(now: UnixTime, of: &Snapshot) -> String {
    let passed = words::passed(now, of.ended.unix);
    let fresh = of.poll_interval * Snapshot::FRESH_INTERVALS;
    if now - of.ended.unix > fresh.as_secs_f64() {
        return format!("<span class=\"late\">no round has ended for {passed}</span>");
    }
    format!("data {passed} old")
}

fn marked_state(state: NetworkState) -> String {
    format!("<span class=\"state {}\">{}</span>", state.label(), words::network_state(state))
}

/// "since 18:57 (12 min)", with the exact time for programs and on hovering.
fn since(now: UnixTime, at: UnixTime) -> String {
    let exactly = words::exactly(at);
    format!(
        "since <time datetime=\"{exactly}\" title=\"{exactly}\">{}</time> ({})",
        words::clock(now, at),
        words::passed(now, at)
    )
}

#[cfg(test)]
mod tests;
