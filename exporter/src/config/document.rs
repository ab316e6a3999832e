//! The keys of `headlag.yml` in `docs/configuration.md` and `docs/chains.md`. Which keys there are,
//! which are required and what the defaults are comes from the parser.

use headlag_service::document::{settle, table};

use super::{
    NetworkName, NodeName, credentials, endpoint,
    parse::{NETWORK_KEYS, POLL_INTERVAL, TIMEOUT, TOP_KEYS},
    protocol::{Preset, QUESTION_KEYS},
};
use crate::{
    limits,
    protocol::{JSON, find, rows},
};

/// A key, what it means, and its default.
type Row = [&'static str; 3];

const TOP: &[Row] = &[
    ["poll_interval", "how often every node is asked, unless it is paused (see below)", "`{interval}`"],
    [
        "timeout",
        "for everything asked of a node in one round, name lookup included; below the interval",
        "`{timeout}`",
    ],
    ["networks", "the networks, each with the keys of the next table", "required"],
];

const NETWORK: &[Row] = &[
    [
        "name",
        "label of the network: a-z, 0-9, `_`, `.`, `-`, a letter or digit first; at most {network}",
        "required",
    ],
    ["protocol", "how its nodes are asked: {protocols}; see [chains.md](chains.md)", "required"],
    ["head", "the request for the newest block; for `json` alone, see [chains.md](chains.md#json)", "none"],
    ["chain", "the request for the chain; for `json` alone", "none"],
    [
        "chain_id",
        "the chain its nodes should be on: a number, a name or a hash, as the protocol has it; a node on \
         another chain is not counted",
        "any",
    ],
    ["poll_interval", "for this network alone", "as above"],
    ["timeout", "for this network alone", "as above"],
    [
        "threshold_blocks",
        "a node at most so many blocks from the median is level",
        "from the protocol; `evm`: `{threshold}`; `json`: required",
    ],
    [
        "stall_after",
        "a block that has not risen for so long is still; at least three poll intervals",
        "from the protocol; `evm`: `{stall}`; `json`: required",
    ],
    [
        "quorum",
        "references that must be counted before there is a median",
        "`2`, or `1` where there is only one",
    ],
    [
        "max_lead_blocks",
        "a reference further than this from the median is not counted",
        "from the protocol; `evm`: `{lead}`; `json`: `{json_lead}`",
    ],
    [
        "proxy_url",
        "the proxy through which its nodes are reached: `http://…`, `https://…` or `socks5h://…`, with user and \
         password if it needs them",
        "none",
    ],
    [
        "references",
        "nodes to compare with: each a URL, or a node with the keys of the next table",
        "required",
    ],
    ["watched", "your nodes, each with the keys of the next table", "required"],
];

const NODE: &[Row] = &[
    [
        "name",
        "label of the node, with the characters of a network's; at most {node}",
        "the host of `url`; required for a watched node",
    ],
    ["url", "where the node answers: `http://…` or `https://…`", "required"],
    ["headers", "sent with every request", "none"],
    ["bearer_token_file", "a file with a token, sent as `Authorization: Bearer`", "none"],
    ["basic_auth", "a user and a password, with the keys of the next table", "none"],
    ["timeout", "for this node alone; below the interval", "that of its network"],
    [
        "ca_file",
        "certificates in PEM; only these authorities are trusted for this node",
        "public ones and the system's",
    ],
    [
        "insecure_skip_verify",
        "`true`: accept any certificate, which also lets others read and change the answers",
        "`false`",
    ],
];

const BASIC_AUTH: &[Row] = &[
    ["username", "the user", "required without `file`"],
    ["password_file", "a file with the password", "required without `file`"],
    ["file", "a file with `user:password`, such as the `.cookie` of bitcoind", "none"],
];

const QUESTION: &[Row] = &[
    ["method", "`GET` or `POST`", "`GET`"],
    ["path", "joined to the URL of each node as described above", "the URL as it is"],
    ["body", "what is posted, as `application/json`", "required with `POST`"],
    [
        "pointer",
        "where the value is in the answer: a JSON pointer (RFC 6901), such as `/result/height`; `\"\"` is the whole \
         answer",
        "required",
    ],
    [
        "form",
        "`decimal`: a string of digits; `hex`: a string with `0x`; `number`: a JSON number; for `chain` also `text`. \
         A block in another form is malformed, a chain in another form counts as not reported",
        "required; for `chain`: `text`",
    ],
];

/// With what the code says in place of the names in braces.
fn filled(text: &str) -> String {
    let evm = limits::defaults(find("evm").unwrap().block_time.unwrap());
    let protocols = rows().iter().map(|row| row.name).chain([JSON]).map(|name| format!("`{name}`"));
    let values = [
        ("{interval}", format!("{POLL_INTERVAL:?}")),
        ("{timeout}", format!("{TIMEOUT:?}")),
        ("{network}", NetworkName::MAX.to_string()),
        ("{node}", NodeName::MAX.to_string()),
        ("{protocols}", protocols.collect::<Vec<_>>().join(", ")),
        ("{threshold}", evm.threshold_blocks.to_string()),
        ("{stall}", format!("{:?}", evm.stall_after)),
        ("{lead}", evm.max_lead_blocks.to_string()),
        ("{json_lead}", Preset::Nowhere.max_lead_blocks().to_string()),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[test]
fn keys_are_in_the_pages() {
    let mut stale = Vec::new();
    for (page, part, accepted, rows) in [
        ("configuration", "keys of the file", &TOP_KEYS[..], TOP),
        ("configuration", "keys of a network", &NETWORK_KEYS, NETWORK),
        ("configuration", "keys of a node", &endpoint::KEYS, NODE),
        ("configuration", "keys of basic_auth", &credentials::KEYS, BASIC_AUTH),
        ("chains", "keys of head and chain", &QUESTION_KEYS, QUESTION),
    ] {
        let explained: Vec<_> = rows.iter().map(|[key, ..]| *key).collect();
        assert_eq!(explained, accepted, "{part}");
        let row = |[key, meaning, default]: &Row| [format!("`{key}`"), filled(meaning), filled(default)];
        let titles = ["key", "meaning", "default"].map(String::from);
        let rows: Vec<_> = [titles].into_iter().chain(rows.iter().map(row)).collect();
        let page = format!("../docs/{page}.md");
        stale.extend(settle(env!("CARGO_MANIFEST_DIR"), &page, part, &table(&rows)).err());
    }
    assert!(stale.is_empty(), "{stale:#?}");
}

/// The keys that are reported as missing where there are none.
#[track_caller]
fn check_required(text: &str, rows: &[Row]) {
    let problems = super::read(text, "".as_ref(), &|_| None).err().unwrap();
    let missing = problems.iter().filter(|problem| problem.what.starts_with("is missing;"));
    let mut missing: Vec<_> = missing.filter_map(|problem| problem.key.rsplit('.').next()).collect();
    let mut required: Vec<_> =
        rows.iter().filter(|[.., default]| *default == "required").map(|[key, ..]| *key).collect();
    missing.sort_unstable();
    required.sort_unstable();
    assert_eq!(missing, required, "{text}");
}

#[test]
fn required_are_the_keys_that_are_reported_as_missing() {
    check_required("{}", TOP);
    check_required("networks: [{}]", NETWORK);
    check_required(
        "networks: [{name: a, protocol: evm, references: [{}], watched: [{name: b, url: http://b}]}]",
        NODE,
    );
}
