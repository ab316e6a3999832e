//! The page at `/`: what is known right now, for a person.

use std::fmt::Write;

use crate::snapshot::{NodeSnapshot, Snapshot};

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>headlag exporter</title>\
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;\
margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}\
td,th{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #8884}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#d55e00;font-weight:600}\
small{opacity:.7}</style>";

/// The page over the snapshots there are, as they may be shown now; networks whose first
/// round has not ended are counted in `waiting`. Names need no escaping: they are
/// letters, digits, `_`, `.` and `-`.
#[must_use]
pub fn render(version: &str, snapshots: &[Snapshot], waiting: usize) -> String {
    let mut page = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<h1>headlag exporter <small>{version}</small></h1><p><a href=\"/metrics\">Metrics</a></p>"
    );
    for snapshot in snapshots {
        write_network(&mut page, snapshot);
    }
    if waiting > 0 {
        let _ = write!(page, "<p>Networks whose first round has not ended yet: {waiting}.</p>");
    }
    page
}

fn write_network(page: &mut String, snapshot: &Snapshot) {
    let agreed = match snapshot.consensus.median() {
        Some(median) => format!("median block {}", median.get()),
        None => "<span class=\"bad\">no consensus</span>".into(),
    };
    let _ = write!(
        page,
        "<h2>{}</h2><p>{agreed}, {} of {} references up</p><table><tr><th>node<th>role\
         <th class=\"n\">block<th class=\"n\">lag</tr>",
        snapshot.network,
        snapshot.references_up,
        snapshot.references.len(),
    );
    for (role, nodes) in [("watched", &snapshot.watched), ("reference", &snapshot.references)] {
        for node in nodes {
            write_node(page, role, node);
        }
    }
    page.push_str("</table>");
}

fn write_node(page: &mut String, role: &str, node: &NodeSnapshot) {
    let _ = write!(page, "<tr><td>{}<td>{role}", node.name);
    let _ = match node.block {
        Some(block) => write!(page, "<td class=\"n\">{}", block.get()),
        None => write!(page, "<td class=\"n bad\">no answer"),
    };
    let _ = match node.lag.map(|lag| lag.blocks()) {
        Some(0) => write!(page, "<td class=\"n\">level</tr>"),
        Some(behind @ 1..) => write!(page, "<td class=\"n\">{behind} behind</tr>"),
        Some(ahead) => write!(page, "<td class=\"n\">{} ahead</tr>", -ahead),
        None => write!(page, "<td class=\"n\">unknown</tr>"),
    };
}
