//! Every row with answers in the shape in which its nodes send them, from `testdata/chains/`.

use std::{fs, path::PathBuf};

use super::*;
use crate::answer::Reason::{self, *};

/// A row, the block in its `head.json`, and what its `error.json` means with this HTTP status. The
/// chain in `head.json` or `chain.json` is that of the example in the documentation.
const CASES: [(&str, u64, u16, Reason); 17] = [
    ("evm", 77_710_067, 200, RateLimited),
    ("solana", 381_204_417, 200, NotSynced(Some(-32005))),
    ("cosmos", 28_914_502, 500, RpcError(Some(-32603))),
    ("bitcoin", 924_518, 500, NotSynced(Some(-28))),
    ("substrate", 28_628_457, 200, RateLimited),
    ("starknet", 2_841_093, 200, NotSynced(Some(32))),
    ("near", 171_460_912, 200, RpcError(Some(-32000))),
    ("aptos", 561_203_998, 500, HttpStatus(500)),
    ("sui", 218_904_511, 200, RpcError(None)),
    ("tron", 78_164_929, 200, RateLimited),
    ("ton", 55_310_427, 200, RateLimited),
    ("xrpl", 100_512_233, 200, RateLimited),
    ("stellar", 60_123_987, 200, NotSynced(Some(-32603))),
    ("cardano", 12_804_377, 500, HttpStatus(500)),
    ("filecoin", 5_624_561, 200, RpcError(Some(1))),
    ("tezos", 11_873_204, 503, HttpStatus(503)),
    ("algorand", 55_301_877, 401, HttpStatus(401)),
];

/// The `id` of the requests that the files answer.
const ID: u64 = 1;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/chains")
}

fn answer(row: &str, what: &str) -> String {
    let file = folder().join(row).join(what);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn head(row: &str, status: u16, body: &str) -> Result<u64, Reason> {
    find(row).unwrap().read_head(status, body.as_bytes(), ID).map(|head| head.block.get())
}

#[test]
fn every_row_reads_the_answers_of_its_nodes() {
    assert_eq!(rows().len(), CASES.len());
    let sources = fs::read_to_string(folder().join("README.md")).unwrap();
    for (row, (name, block, status, reason)) in rows().iter().zip(CASES) {
        assert_eq!(row.name, name);
        assert!(sources.contains(&format!("\n| {name} | ")), "{name} without a source");
        let body = answer(name, "head.json");
        let read = row.read_head(200, body.as_bytes(), ID).unwrap();
        assert_eq!(read.block.get(), block, "{name}");
        let chain = match &row.chain {
            Identity::Nowhere => panic!("{name} does not know how to ask for the chain"),
            Identity::InHead(_) => read.chain,
            Identity::Asked(question) => {
                let body = answer(name, "chain.json");
                Some(row.read_chain(question, 200, body.as_bytes(), ID).unwrap())
            }
        };
        assert_eq!(chain, row.compare.read(row.about.chain_id), "{name}");
        assert_eq!(head(name, status, &answer(name, "error.json")), Err(reason), "{name}");
        // Whatever it holds, an answer with such a status is no block.
        for (status, reason) in [(429, RateLimited), (500, HttpStatus(500)), (503, HttpStatus(503))] {
            assert_eq!(head(name, status, &body), Err(reason), "{name} {status}");
        }
        assert!(row.head.accepted.iter().all(|status| (200..300).contains(status)), "{name}");
        assert_eq!(head(name, 200, "<html>busy</html>"), Err(Malformed), "{name}");
        assert_eq!(head(name, 200, "{}").unwrap_err(), Malformed, "{name}");
    }
}

#[test]
fn a_node_that_has_no_block_yet_is_not_synced() {
    for (row, status, body) in [
        ("xrpl", 200, answer("xrpl", "unsynced.json")),
        ("cosmos", 200, answer("cosmos", "unsynced.json")),
        ("cardano", 200, answer("cardano", "unsynced.json")),
        ("cardano", 202, answer("cardano", "unsynced.json")),
        ("stellar", 200, r#"{"jsonrpc":"2.0","id":1,"result":{"status":"healthy","latestLedger":0}}"#.into()),
    ] {
        assert_eq!(head(row, status, &body), Err(NotSynced(None)), "{row}");
    }
    let horizon = ask(Request::Get { path: "/".into() }, "/history_latest_ledger", Form::Number);
    let horizon = written(horizon, Identity::Nowhere, Compare::AsText);
    let read = |body: &str| horizon.read_head(200, body.as_bytes(), ID).map(|head| head.block.get());
    assert_eq!(read(r#"{"history_latest_ledger":0,"core_latest_ledger":12}"#), Err(NotSynced(None)));
    assert_eq!(read(r#"{"history_latest_ledger":60123987}"#), Ok(60_123_987));
    // The first block of a chain of one's own is a block.
    assert_eq!(head("evm", 200, r#"{"jsonrpc":"2.0","id":1,"result":"0x0"}"#), Ok(0));
}

#[test]
fn a_code_means_what_it_means_on_its_chain() {
    let error = |code: i64| format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"no"}}}}"#);
    for (row, code, reason) in [
        ("evm", -32005, RateLimited),
        ("tron", -32005, RateLimited),
        ("filecoin", -32005, RateLimited),
        ("solana", -32005, NotSynced(Some(-32005))),
        ("solana", -32007, RpcError(Some(-32007))),
        ("solana", 429, RateLimited),
        ("substrate", -32999, RateLimited),
        ("substrate", -32005, RpcError(Some(-32005))),
        ("evm", -32999, RpcError(Some(-32999))),
        ("evm", -28, RpcError(Some(-28))),
    ] {
        for status in [200, 400, 500] {
            assert_eq!(head(row, status, &error(code)), Err(reason), "{row} {code} {status}");
        }
    }
}

#[test]
fn a_limit_may_be_in_words_alone() {
    for (row, status, body) in [
        ("bitcoin", 503, "Work queue depth exceeded"),
        ("xrpl", 503, "Server is overloaded"),
        ("tron", 200, &answer("tron", "error.json")),
    ] {
        assert_eq!(head(row, status, body), Err(RateLimited), "{row}");
        assert_ne!(head("near", status, body), Err(RateLimited), "the words are those of {row}");
    }
}

#[test]
fn ids_are_checked_where_servers_echo_them() {
    let other = |row: &str| answer(row, "head.json").replace("\"id\": 1", "\"id\": 4711");
    assert_eq!(head("bitcoin", 200, &other("bitcoin")), Err(Malformed));
    // Always -1 where the request is a GET.
    assert!(head("cosmos", 200, &answer("cosmos", "head.json")).is_ok());
}

#[test]
fn a_node_may_leave_its_chain_out() {
    let body = answer("xrpl", "head.json").replace("network_id", "peer_disconnects");
    let read = find("xrpl").unwrap().read_head(200, body.as_bytes(), ID).unwrap();
    assert_eq!((read.block.get(), read.chain), (100_512_233, None));
}

#[test]
fn a_chain_or_a_slip_of_the_pen_leads_to_its_row() {
    for (name, want) in [
        ("polygon", Some("evm")),
        ("Polkadot", Some("substrate")),
        ("osmosis", Some("cosmos")),
        ("solona", Some("solana")),
        ("ripple", Some("xrpl")),
        ("dogecoin", Some("bitcoin")),
        ("é", None),
        ("", None),
    ] {
        assert_eq!(suggest(name), want, "{name}");
    }
}

#[test]
fn what_a_user_wrote_is_not_in_the_debug_output() {
    let request = Request::Post { path: "/s3cret".into(), body: "s3cret".into() };
    let row = written(ask(request, "/a", Form::Hex), Identity::Nowhere, Compare::AsText);
    assert!(!format!("{row:?}").contains("s3cret"));
}
