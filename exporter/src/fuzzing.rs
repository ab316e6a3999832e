//! The parsers of bytes from outside as targets of `make fuzz`, each with what has to be true of
//! any bytes. The tests run them on their seeds.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use secrecy::ExposeSecret;

use crate::{
    answer::Reason,
    block::BlockNumber,
    config::{self, Network, NetworkName, NodeName, Role},
    health::Limit,
    node::{Dialer, Node, retry_after},
    page::Unfolded,
    protocol::{self, Identity},
    query,
};

/// A name, what is tried with every input, and inputs to begin with.
type Target = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);

/// All targets of this crate.
pub const TARGETS: [Target; 4] = [
    ("answer", answer, answer_seeds),
    ("config", config, config_seeds),
    ("retry-after", wait, wait_seeds),
    ("query", parameters, parameter_seeds),
];

/// The value of the only variable there is. No name may have an upper-case letter.
const CANARY: &str = "Zq7Xw0Vv9Ty3";

/// The `id` of the requests that the seeds answer.
const ID: u64 = 1;
const STATUSES: [u16; 8] = [200, 302, 400, 401, 404, 429, 500, 503];

/// An answer of a node, to every row: the first byte of the input chooses the row, the second the
/// question and the status.
fn answer(input: &[u8]) {
    let (Some([row, how]), body) = (input.first_chunk(), input.get(2..).unwrap_or_default()) else { return };
    let row = &protocol::rows()[usize::from(*row) % protocol::rows().len()];
    let status = STATUSES[usize::from(*how) % STATUSES.len()];
    let (question, reason) = match &row.chain {
        Identity::Asked(question) if usize::from(*how) >= STATUSES.len() => {
            (question, row.read_chain(question, status, body, ID).err())
        }
        _ => {
            let head = row.read_head(status, body, ID);
            assert!(head.as_ref().is_ok_and(|head| head.block.get() <= BlockNumber::MAX) || head.is_err());
            (&row.head, head.err())
        }
    };
    match reason {
        None => assert!(question.accepted.contains(&status)),
        Some(reason) => {
            let is_of_an_answer = matches!(
                reason,
                Reason::RateLimited
                    | Reason::Malformed
                    | Reason::HttpStatus(_)
                    | Reason::RpcError(_)
                    | Reason::NotSynced(_)
            );
            assert!(is_of_an_answer, "{reason:?}");
            assert!(status != 429 || reason == Reason::RateLimited, "{reason:?}");
            assert!(reason != Reason::HttpStatus(200));
        }
    }
}

fn answer_seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/chains");
    let mut seeds = Vec::new();
    for (row, number) in protocol::rows().iter().zip(0..) {
        for file in files(&folder.join(row.name)) {
            let chooses_chain = file.file_stem().is_some_and(|stem| stem == "chain");
            let how = if chooses_chain { STATUSES.len() as u8 } else { 0 };
            seeds.extend(fs::read(file).map(|body| [vec![number, how], body].concat()));
        }
    }
    seeds
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// A config file, and behind a zero an answer to its first network. What was accepted is as
/// [`Network`] says, and can be asked; what was refused shows no secret.
fn config(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let Some(Ok(text)) = parts.next().map(str::from_utf8) else { return };
    let environment = |name: &str| (name == "KEY").then(|| CANARY.to_owned());
    // What a user writes as a name is shown, so a secret has to come from the variable.
    let is_written = text.to_ascii_lowercase().contains(&CANARY.to_ascii_lowercase());
    let shown = match config::read(text, Path::new("nowhere"), &environment) {
        Ok(config) => {
            let names: HashSet<_> = config.networks.iter().map(|network| &network.name).collect();
            assert!(!names.is_empty() && names.len() == config.networks.len());
            config.networks.iter().for_each(assert_valid);
            if let (Some(network), Some(body)) = (config.networks.first(), parts.next()) {
                let _ = network.protocol.read_head(200, body, ID);
            }
            let nodes = config.networks.iter().flat_map(|network| &network.nodes);
            nodes.map(|node| format!("{node:?}")).collect()
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            format!("{problems:?}")
        }
    };
    let hidden = CANARY.to_ascii_lowercase();
    assert!(is_written || !shown.to_ascii_lowercase().contains(&hidden), "{shown}");
}

fn assert_valid(network: &Network) {
    assert!(NetworkName::new(network.name.as_str()).is_some());
    assert!(network.timeout < network.poll_interval && !network.timeout.is_zero());
    assert!(network.stall_after >= network.poll_interval * 3);
    for blocks in [network.threshold_blocks, network.max_lead_blocks] {
        assert!((1..=BlockNumber::MAX).contains(&blocks));
    }
    let of = |role| network.nodes.iter().filter(|node| node.role == role).count();
    assert!(of(Role::Watched) >= 1 && (1..=of(Role::Reference)).contains(&network.quorum));
    let (mut names, mut urls) = (HashSet::new(), HashSet::new());
    for node in &network.nodes {
        assert!(NodeName::new(node.name.as_str()).is_some() && names.insert(&node.name));
        assert!(urls.insert(node.url.expose_secret()));
        assert!(node.headers.values().all(|value| value.is_sensitive()));
        let asked = Node::new(&Dialer::default(), network, node);
        assert!(asked.is_ok(), "{:?}", asked.err());
    }
}

fn config_seeds() -> Vec<Vec<u8>> {
    let json = "networks:\n- name: own\n  protocol: json\n  threshold_blocks: 3\n  stall_after: 60s\n  \
                head: {method: POST, path: \"/v1?a=b\", body: '{\"q\":1}', pointer: /a~1b/0, form: decimal}\n  \
                chain: {path: /id, pointer: \"\", form: hex}\n  chain_id: 0x89\n  \
                references: [\"https://me:${KEY}@a.example/${KEY}?k=${KEY}\", \"http://b:8545\"]\n  \
                watched: [{name: mine, url: \"http://10.0.0.5/\"}]\n\0{\"a/b\": [\"77\"]}";
    let node = "poll_interval: 6s\ntimeout: 5s\nnetworks:\n- name: polygon\n  protocol: evm\n  chain_id: 137\n  \
                quorum: 1\n  max_lead_blocks: 50\n  references: [{url: \"http://a:b@c\"}]\n  watched:\n  \
                - name: mine\n    url: http://c/${KEY}\n    headers: {X-Api-Key: \"${KEY}\"}\n    \
                basic_auth: {username: me, password_file: nothing-here}\n\0{\"result\":\"0x10\"}";
    let example = include_bytes!("../../config/headlag.example.yml");
    vec![json.into(), node.into(), example.to_vec()]
}

/// `Retry-After`, and on a second line `Date`: nobody waits longer than five minutes.
fn wait(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (text, date) = text.split_once('\n').map_or((text, None), |(text, date)| (text, Some(date)));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let wait = retry_after::read(text, date, now);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(300)), "{wait:?}");
}

fn wait_seeds() -> Vec<Vec<u8>> {
    let date = "Sun, 06 Nov 1994 08:50:07 GMT\nSun, 06 Nov 1994 08:00:00 GMT";
    ["120", date, "Tue, 31 Dec 9999 23:59:59 -2359\nSat, 01 Jan 0000 00:00:00 +2359"]
        .map(|seed| seed.as_bytes().to_vec())
        .into()
}

/// The query of the page and of `/health`: a limit is one by its name alone.
fn parameters(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let _ = Unfolded::of_query(Some(text));
    if Limit::of_query(Some(text)).is_ok() {
        let names: Vec<_> = query::parameters(Some(text)).map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| ["max_behind", "max_behind_seconds"].contains(name)));
        assert!(names.len() <= 2);
    }
}

fn parameter_seeds() -> Vec<Vec<u8>> {
    ["max_behind=20&max_behind_seconds=1%2e5", "open=polygon&&open=gnosis", "max_behind=%ff&a"]
        .map(|seed| seed.as_bytes().to_vec())
        .into()
}

#[test]
fn every_seed_is_read() {
    for (name, run, seeds) in TARGETS {
        assert!(!seeds().is_empty(), "{name}");
        seeds().iter().for_each(|seed| run(seed));
    }
}
