//! What one round of answers means, from the answers to the exit status of `probe`. The
//! exporter's tests play these cases in memory, the demo's over sockets with the program.
//!
//! A row is `references | watched => exit status, network, median, max, counted | references |
//! watched`. Before the arrow are the answers: a block, `-` for none, `w` for another chain (at
//! block 7). After it are the states, each with its lag where that is known and with what it
//! answered where that is not usable.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use serde_json::Value;

const ROWS: &str = "
    1000 1000 1001      | 1000   => 0 ok 1000 1001 3 | ok 0, ok 0, ok -1 | ok 0
    1000 1000 1001      | 995    => 0 ok 1000 1001 3 | ok 0, ok 0, ok -1 | ok 5
    1000 1000 1001      | 994    => 1 ok 1000 1001 3 | ok 0, ok 0, ok -1 | behind 6
    1000 1000 1001      | 1006   => 1 ok 1000 1001 3 | ok 0, ok 0, ok -1 | ahead -6
    1000 1000 1001 9000 | 1000   => 0 ok 1000 1001 3 | ok 0, ok 0, ok -1, ahead implausible 9000 | ok 0
    1000 1000 1001 9000 | 9000   => 1 ok 1000 1001 3 | ok 0, ok 0, ok -1, ahead implausible 9000 | ahead -8000
    1000 1000 1001 5    | 1000   => 0 ok 1000 1001 3 | ok 0, ok 0, ok -1, behind 995 | ok 0
    1000 1000 w         | 1000 w => 1 ok 1000 1000 2 | ok 0, ok 0, wrong_chain 7 | ok 0, wrong_chain 7
    1000 1000 -         | 1000 - => 1 ok 1000 1000 2 | ok 0, ok 0, unreachable | ok 0, unreachable
    1000 - -            | 1000   => 3 no_consensus - - 1 | unknown, unreachable, unreachable | unknown
    1000 - -            | -      => 1 no_consensus - - 1 | unknown, unreachable, unreachable | unreachable
    0 0 9000 9000       | 9000   => 3 split - - 4 | unknown, unknown, unknown, unknown | unknown
    0 9000              | 0      => 3 split - - 2 | unknown, unknown | unknown
    0 9000              | 0 w    => 1 split - - 2 | unknown, unknown | unknown, wrong_chain 7
";

/// What a node does in a round.
#[derive(Debug, Clone, Copy)]
pub enum Does {
    /// Answers with this block.
    Answers(u64),
    /// Does not answer.
    Fails,
    /// Answers with block 7 of another chain.
    IsElsewhere,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// What the references do.
    pub references: Vec<Does>,
    /// What the watched nodes do.
    pub watched: Vec<Does>,
    /// The right half of the row.
    pub want: &'static str,
}

/// All cases.
pub fn cases() -> impl Iterator<Item = Case> {
    let rows = ROWS.lines().map(str::trim).filter(|row| !row.is_empty());
    rows.map(|row| {
        let (given, want) = row.split_once(" => ").unwrap();
        let (references, watched) = given.split_once('|').unwrap();
        Case { references: nodes(references), watched: nodes(watched), want }
    })
}

fn nodes(cell: &str) -> Vec<Does> {
    let read = |word: &str| match word {
        "-" => Does::Fails,
        "w" => Does::IsElsewhere,
        block => Does::Answers(block.parse().unwrap()),
    };
    cell.split_whitespace().map(read).collect()
}

/// The right half of the row that belongs to this exit status and this output of
/// `probe --json` about one network.
pub fn row_of(status: u8, output: &Value) -> String {
    let network = &output["networks"][0];
    let or_dash = |value: &Value| value.as_u64().map_or("-".into(), |number| number.to_string());
    let node = |node: &Value| {
        let mut words = vec![node["state"].as_str().unwrap()];
        let error = node["error"].as_str().filter(|error| *error == "implausible");
        words.extend(error);
        // A block that is not usable is shown itself; of others the lag is of interest.
        let number = if node["error"].is_null() { &node["lag_blocks"] } else { &node["block"] };
        let number = number.as_i64().map(|number| number.to_string());
        words.extend(number.as_deref());
        words.join(" ")
    };
    let nodes = |role| {
        let all = network["nodes"].as_array().unwrap().iter();
        all.filter(|node| node["role"] == role).map(node).collect::<Vec<_>>().join(", ")
    };
    format!(
        "{status} {} {} {} {} | {} | {}",
        network["state"].as_str().unwrap(),
        or_dash(&network["median_block"]),
        or_dash(&network["max_block"]),
        network["references_up"],
        nodes("reference"),
        nodes("watched"),
    )
}
