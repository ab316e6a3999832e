//! Every query of the Grafana dashboards, on a Prometheus that the demo fills: data comes
//! back, and no query names a metric that the services do not have. And what is shown where,
//! since no Grafana runs in the tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use headlag_demo::backfill::WEEK;
use headlag_demo::world::{Addresses, World};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// Rates need two scrapes.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(500);

fn filled_in(expr: &str) -> String {
    let expr = expr
        .replace("$__rate_interval", "1m")
        .replace("$network", "polygon")
        .replace("$node", "(my-node|reference-1)");
    assert!(!expr.contains('$'), "an unknown variable in {expr}");
    expr
}

/// The queries of a dashboard with the title of their panel, variables filled in as Grafana does.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().unwrap();
            found.push((panel["title"].as_str().unwrap().to_owned(), filled_in(expr)));
        }
    }
    assert!(found.len() > 20, "the queries are found at all");
    found
}

fn metrics_named_in(expr: &str) -> impl Iterator<Item = &str> {
    expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| word.starts_with("headlag_"))
}

async fn ask(prometheus: SocketAddr, path: &str, query: &[(&str, String)]) -> Vec<Value> {
    let url = format!("http://{prometheus}/api/v1/{path}");
    let answer = reqwest::Client::new().get(url).query(query).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["status"], "success", "{query:?}: {answer}");
    answer["data"]["result"].as_array().unwrap().clone()
}

/// All dashboards of the repository.
fn dashboards() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grafana/dashboards");
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap()).collect()
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = dashboard["panels"].as_array().unwrap();
    all.iter().filter(|panel| panel["type"] != "row").collect()
}

fn exprs(panel: &Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().unwrap();
    targets.iter().map(|target| target["expr"].as_str().unwrap()).collect()
}

/// The rows of a grid that a screen of 800 px shows of a dashboard.
const FOLD: u64 = 17;

#[test]
fn state_lag_and_time_behind_of_the_watched_nodes_are_above_the_fold() {
    for dashboard in dashboards() {
        let bottom = |panel: &&&Value| {
            let place = &panel["gridPos"];
            place["y"].as_u64().unwrap() + place["h"].as_u64().unwrap()
        };
        let panels = panels(&dashboard);
        let top: Vec<_> = panels.iter().filter(|panel| bottom(panel) <= FOLD).collect();
        let [table, lag] = top[..] else { panic!("{top:?}") };
        assert_eq!((&table["type"], &lag["type"]), (&"table".into(), &"timeseries".into()));
        for metric in ["headlag_node_state", "headlag_node_lag_blocks", "headlag_node_behind_seconds"] {
            let watched = |expr: &&str| expr.contains(metric) && expr.contains("role=\"watched\"");
            assert!(exprs(table).iter().any(watched), "no {metric} in the table");
        }
        let columns = &table["transformations"][1]["options"]["renameByName"];
        assert_eq!(columns["Value #state"], "State");
        assert_eq!(columns["Value #behind"], "Behind for at least");
        let sorted = &table["options"]["sortBy"][0];
        assert_eq!((&sorted["displayName"], &sorted["desc"]), (&"State".into(), &true.into()), "worst first");
        assert!(exprs(lag)[0].contains("headlag_node_lag_blocks"));
    }
}

#[test]
fn where_behind_is_negative_it_is_called_blocks_from_the_median() {
    let mut found = 0;
    for panel in dashboards().iter().flat_map(panels) {
        let negated = |expr: &&str| expr.starts_with('-') && expr.contains("headlag_node_lag_blocks");
        if exprs(panel).iter().any(negated) {
            found += 1;
            let column = &panel["transformations"][1]["options"]["renameByName"]["Value #lag"];
            let label = &panel["fieldConfig"]["defaults"]["custom"]["axisLabel"];
            assert!(column == "Blocks from the median" || label == "blocks from the median", "{panel}");
        } else {
            assert!(!exprs(panel).iter().any(|expr| expr.contains("headlag_node_lag_blocks")), "{panel}");
        }
    }
    assert!(found >= 4, "both roles, now and in the past");
}

#[test]
fn the_corridor_is_filled_in_a_calm_colour() {
    let mut found = 0;
    for panel in dashboards().iter().flat_map(panels) {
        let legends: Vec<_> = panel["targets"].as_array().unwrap().iter().collect();
        if !exprs(panel).iter().any(|expr| expr.contains("headlag_threshold_blocks")) {
            continue;
        }
        found += 1;
        let lower = legends.iter().find(|target| target["refId"] == "behind").unwrap();
        let overrides = panel["fieldConfig"]["overrides"].as_array().unwrap();
        let upper = overrides.iter().find(|of| of["matcher"]["options"] == "ahead").unwrap();
        let property = |id: &str| {
            let all = upper["properties"].as_array().unwrap();
            all.iter().find(|property| property["id"] == id).map(|property| &property["value"])
        };
        assert_eq!(property("custom.fillBelowTo"), Some(&lower["legendFormat"]));
        assert!(property("custom.fillOpacity").unwrap().as_u64().unwrap() > 0);
        assert_eq!(property("color").unwrap()["fixedColor"], UNKNOWN);
    }
    assert_eq!(found, 2);
}

#[test]
fn nothing_is_shown_twice_or_over_something_else() {
    for dashboard in dashboards() {
        let panels = panels(&dashboard);
        let mut seen = BTreeSet::new();
        for panel in &panels {
            let what = exprs(panel).into_iter().filter(|expr| !expr.contains("headlag_threshold_blocks"));
            // The same question about now and about the past is not the same answer.
            let kind = if panel["type"] == "table" { "now" } else { "past" };
            for expr in what {
                assert!(seen.insert((kind, expr)), "{} shows {expr} again", panel["title"]);
            }
        }
        let mut cells = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            assert!(x + w <= 24, "{}", panel["title"]);
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
                assert!(cells.insert(cell), "{} covers another panel", panel["title"]);
            }
        }
    }
}

const ALARM: &str = "#F5934F";
const UNKNOWN: &str = "#7F8791";
/// The dark column of the one table of states, since that is Grafana's usual theme.
const STATES: [(&str, &str, &str); 10] = [
    ("ok", "ok", "#256B4D"),
    ("ahead", "ahead", "#6FA8DC"),
    ("unknown", "unknown", UNKNOWN),
    ("behind", "behind", ALARM),
    ("stalled", "stalled", ALARM),
    ("wrong_chain", "wrong chain", ALARM),
    ("unreachable", "no answer", ALARM),
    ("no_consensus", "no consensus", UNKNOWN),
    ("split", "split", UNKNOWN),
    ("halted", "halted", "#D5DAE4"),
];

#[test]
fn each_state_has_its_word_and_colour_and_the_worst_the_highest_number() {
    let mut found = 0;
    for panel in dashboards().iter().flat_map(panels) {
        let text = panel.to_string();
        for expr in exprs(panel).into_iter().filter(|expr| expr.contains("_state{")) {
            let terms: Vec<&str> = expr.lines().filter(|line| line.contains("_state{")).collect();
            for (number, term) in terms.iter().enumerate() {
                let state = term.split("state=\"").nth(1).unwrap().split('"').next().unwrap();
                let number_of_term = term.split(" * ").next().unwrap().trim_start_matches([' ', 'o', 'r']);
                assert_eq!(number_of_term, number.to_string(), "{term}");
                let (_, word, colour) = STATES.iter().find(|(of, ..)| *of == state).unwrap();
                let mapping =
                    format!(r#""{number}":{{"color":"{colour}","index":{number},"text":"{word}"}}"#);
                assert!(text.contains(&mapping), "{}: no {mapping} for {state}", panel["title"]);
                found += 1;
            }
            if terms.len() > 4 {
                let order = ["ok", "ahead", "unknown", "behind", "stalled", "wrong_chain", "unreachable"];
                for (term, state) in terms.iter().zip(order) {
                    assert!(term.contains(&format!("state=\"{state}\"")), "{term}: not {state}");
                }
            }
        }
        // Alarm colours belong to states; a line has none.
        let lines = panel["fieldConfig"]["overrides"].to_string();
        assert!(panel["type"] == "table" || !lines.contains(ALARM), "{}", panel["title"]);
    }
    assert_eq!(found, 4 * 7 + 4, "states of both roles, now and in the past, and of the network");
}

/// The first of these metrics of panels that the exporter does not have.
async fn missing<'a>(metrics: &[(&'a String, &'a str)], world: &World) -> Option<(&'a String, &'a str)> {
    let url = format!("http://{}/metrics", world.addresses.exporter);
    let exposition = reqwest::get(url).await.unwrap().text().await.unwrap();
    let names: BTreeSet<_> = exposition.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    metrics.iter().find(|(_, metric)| !names.contains(metric)).copied()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_has_data() {
    let dashboards = dashboards();
    let queries: Vec<_> = dashboards.iter().flat_map(queries).collect();
    let world = World::start(Addresses::free(), WEEK).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let metrics: Vec<_> =
        queries.iter().flat_map(|(panel, expr)| metrics_named_in(expr).map(move |it| (panel, it))).collect();
    // Some are there only after a few rounds.
    while let Some((panel, metric)) = missing(&metrics, &world).await {
        assert!(Instant::now() < deadline, "{panel}: the exporter has no {metric}");
        sleep(LOOK).await;
    }
    let prometheus = world.addresses.prometheus;
    let deadline = Instant::now() + PATIENCE;
    for (panel, expr) in &queries {
        while ask(prometheus, "query", &[("query", expr.clone())]).await.is_empty() {
            assert!(Instant::now() < deadline, "{panel} shows nothing: {expr}");
            sleep(LOOK).await;
        }
    }
    let annotations = dashboards.iter().flat_map(|of| of["annotations"]["list"].as_array().unwrap());
    for annotation in annotations {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let query = [
            ("query", filled_in(annotation["expr"].as_str().unwrap())),
            ("start", (now - 7 * 86_400).to_string()),
            ("end", now.to_string()),
            ("step", annotation["step"].as_str().unwrap().to_owned()),
        ];
        let changes = ask(prometheus, "query_range", &query).await;
        let states: BTreeSet<_> = changes.iter().map(|of| of["metric"]["state"].as_str().unwrap()).collect();
        assert!(states.contains("behind") && states.contains("ok"), "the week has changes: {states:?}");
        let marks: usize = changes.iter().map(|of| of["values"].as_array().unwrap().len()).sum();
        assert!(marks < 500, "{marks} marks are not changes");
        for named in annotation["titleFormat"].as_str().unwrap().split("{{").skip(1) {
            let label = named.split("}}").next().unwrap();
            assert!(changes[0]["metric"][label].is_string(), "no {label} in {changes:?}");
        }
    }
    world.services.stop().await.unwrap();
}
