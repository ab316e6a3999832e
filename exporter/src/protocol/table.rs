//! PURE: the table: one row for each protocol. `docs/chains.md` is written from it, and
//! `testdata/chains/` has answers for each row.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use super::{
    About, Compare, ErrorAt, Field,
    Form::{self, Decimal, Hex, Number, Text},
    Identity, Question, Request, Row, Sign,
    Unsynced::{Absent, Code, Says, Zero},
};

/// JSON-RPC 2.0, section 5.1.
const JSON_RPC_ERROR: ErrorAt = ErrorAt { sign: Sign::Present("/error"), code: "/error/code" };

/// "Limit exceeded" of EIP-1474, and what providers use in its place.
const EVM_LIMITS: [i64; 4] = [-32005, -32007, -32016, -32029];

/// All protocols but `json`, in the order of the documentation.
#[must_use]
pub fn rows() -> &'static [Arc<Row>] {
    static ROWS: LazyLock<Vec<Arc<Row>>> = LazyLock::new(|| table().into_iter().map(Arc::new).collect());
    &ROWS
}

fn table() -> [Row; 17] {
    [
        Row {
            about: About {
                title: "Ethereum, Polygon, BNB Chain, Arbitrum, Base and all others with Ethereum's JSON-RPC",
                network: "polygon",
                chain_id: "137",
                url: "http://10.0.0.5:8545",
                note: "These chains make a block in 0.25 s (Arbitrum) to 12 s (Ethereum); the defaults are for 2 s \
                       (Polygon). `chain_id` is a number, decimal or with 0x.",
                source: "EIP-1474, EIP-695",
                ..ABOUT
            },
            block_time: seconds(2),
            chain: asked(rpc("eth_chainId", "[]"), "/result", Hex),
            compare: Compare::AsNumbers,
            limit_codes: EVM_LIMITS.into(),
            ..row("evm", ask(rpc("eth_blockNumber", "[]"), "/result", Hex))
        },
        Row {
            about: About {
                title: "Solana",
                network: "solana",
                chain_id: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
                url: "http://10.0.0.5:8899",
                note: "The block is the newest confirmed slot; slots without a block are counted too. \
                       `chain_id` is the genesis hash.",
                source: "agave, rpc-client-api custom_error.rs; solana.com",
                ..ABOUT
            },
            block_time: millis(400),
            chain: asked(rpc("getGenesisHash", "[]"), "/result", Text),
            unsynced: vec![Code(-32005)],
            ..row("solana", ask(rpc("getSlot", r#"[{"commitment":"confirmed"}]"#), "/result", Number))
        },
        Row {
            about: About {
                title: "Cosmos Hub, Osmosis, Celestia and all others on CometBFT",
                network: "cosmos-hub",
                chain_id: "cosmoshub-4",
                url: "http://10.0.0.5:26657",
                note: "The address is that of CometBFT's RPC, not of the REST API of the application. The defaults \
                       are for the 6 s of Cosmos Hub; Osmosis makes a block in 2 s.",
                source: "cometbft, http_uri_handler.go; docs.cosmos.network",
                ..ABOUT
            },
            block_time: seconds(6),
            chain: in_head("/result/node_info/network", Text),
            unsynced: vec![Zero],
            ..row("cosmos", ask(get("/status"), "/result/sync_info/latest_block_height", Decimal))
        },
        Row {
            about: About {
                title: "Bitcoin, Litecoin, Dogecoin, Dash and other forks",
                network: "bitcoin",
                chain_id: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
                url: "http://headlag:${BITCOIN_RPC_PASSWORD}@10.0.0.5:8332",
                note: "`chain_id` is the hash of the first block. The user and password are those of \
                       `rpcauth` in bitcoin.conf; without one, `basic_auth: { file: … }` takes them from the \
                       file `.cookie` in bitcoind's data directory.",
                source: "bitcoin, httprpc.cpp, httpserver.cpp, protocol.h; bitcoincore.org",
                ..ABOUT
            },
            block_time: seconds(600),
            chain: asked(bitcoin("getblockhash", "[0]"), "/result", Text),
            compare: Compare::AsHashes,
            limit_words: vec!["Work queue depth exceeded"],
            unsynced: vec![Code(-28)],
            ..row("bitcoin", ask(bitcoin("getblockcount", "[]"), "/result", Number))
        },
        Row {
            about: About {
                title: "Polkadot, Kusama and other chains of the Polkadot SDK (Substrate)",
                network: "polkadot",
                chain_id: "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3",
                url: "http://10.0.0.5:9944",
                note: "`chain_id` is the hash of the first block.",
                source: "polkadot-sdk, rpc-servers middleware; nodecore, specification of 2026-08-03",
                ..ABOUT
            },
            block_time: seconds(6),
            chain: asked(rpc("chain_getBlockHash", "[0]"), "/result", Text),
            compare: Compare::AsHashes,
            limit_codes: vec![-32999],
            ..row("substrate", ask(rpc("chain_getHeader", "[]"), "/result/number", Hex))
        },
        Row {
            about: About {
                title: "Starknet",
                network: "starknet",
                chain_id: "SN_MAIN",
                url: "http://10.0.0.5:6060",
                note: "`chain_id` is the name or its number in hexadecimal, 0x534e5f4d41494e for SN_MAIN.",
                source: "docs.starknet.io, chain-info; starknet-specs",
                ..ABOUT
            },
            block_time: seconds(2),
            chain: asked(rpc("starknet_chainId", "[]"), "/result", Text),
            compare: Compare::AsFelts,
            unsynced: vec![Code(32)],
            ..row("starknet", ask(rpc("starknet_blockNumber", "[]"), "/result", Number))
        },
        Row {
            about: About {
                title: "NEAR",
                network: "near",
                chain_id: "mainnet",
                url: "http://10.0.0.5:3030",
                note: "The answer holds the list of validators too, so it is long.",
                source: "nodecore, specification of 2026-07-17",
                ..ABOUT
            },
            block_time: seconds(1),
            chain: in_head("/result/chain_id", Text),
            ..row("near", ask(rpc("status", "[]"), "/result/sync_info/latest_block_height", Number))
        },
        Row {
            about: About {
                title: "Aptos",
                network: "aptos",
                chain_id: "1",
                url: "http://10.0.0.5:8080",
                note: "`chain_id` is a number: 1 on the main network.",
                source: "nodecore, specification of 2026-06-27",
                ..ABOUT
            },
            block_time: millis(100),
            chain: in_head("/chain_id", Number),
            ..row("aptos", ask(get("/v1"), "/block_height", Decimal))
        },
        Row {
            about: About {
                title: "Sui",
                network: "sui",
                chain_id: "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S",
                url: "http://10.0.0.5:9125/graphql",
                note: "The address is that of the GraphQL server and ends in /graphql; the block is the newest \
                       checkpoint. `chain_id` is the whole digest of the first checkpoint.",
                source: "MystenLabs/sui#25186; ChainAgnostic/namespaces#212",
                ..ABOUT
            },
            block_time: millis(250),
            chain: in_head("/data/chainIdentifier", Text),
            error: ErrorAt { sign: Sign::Present("/errors"), code: "" },
            ..row("sui", ask(post(SUI), "/data/checkpoint/sequenceNumber", Number))
        },
        Row {
            about: About {
                title: "TRON",
                network: "tron",
                chain_id: "728126428",
                url: "http://10.0.0.5:8545/jsonrpc",
                note: "The address ends in /jsonrpc. `chain_id` is a number, decimal or with 0x.",
                source: "java-tron, FullNodeJsonRpcHttpService, TronJsonRpcImpl, JsonRpcServlet",
                ..ABOUT
            },
            block_time: seconds(3),
            chain: asked(rpc("eth_chainId", "[]"), "/result", Hex),
            compare: Compare::AsNumbers,
            limit_codes: EVM_LIMITS.into(),
            limit_words: vec!["lack of computing resources"],
            ..row("tron", ask(rpc("eth_blockNumber", "[]"), "/result", Hex))
        },
        Row {
            about: About {
                title: "TON",
                network: "ton",
                chain_id: "F6OpKZKqvqeFp6CQmFomXNMfMj2EnaUSOXN+Mh+wVWk=",
                url: "http://10.0.0.5:8081",
                note: "The address is that of TON Center's HTTP API, version 2; the block is that of the \
                       masterchain. `chain_id` is the root hash of the first block, in base64.",
                source: "docs.ton.org; nodecore, specification of 2026-07-17",
                ..ABOUT
            },
            block_time: seconds(1),
            chain: in_head("/result/init/root_hash", Text),
            compare: Compare::AsBase64,
            error: ErrorAt { sign: Sign::False("/ok"), code: "/code" },
            ..row("ton", ask(get("/api/v2/getMasterchainInfo"), "/result/last/seqno", Number))
        },
        Row {
            about: About {
                title: "XRP Ledger (Ripple)",
                network: "xrpl",
                chain_id: "0",
                url: "http://10.0.0.5:5005",
                note: "The block is the newest validated ledger. `chain_id` is the network ID, 0 on the main \
                       network; a node that does not have it in its config does not report it, and is not \
                       checked.",
                source: "rippled, NetworkOPs.cpp, ServerHandler.cpp; xrpl.org, rate limiting",
                ..ABOUT
            },
            block_time: seconds(4),
            chain: in_head("/result/info/network_id", Number),
            error: ErrorAt { sign: Sign::Present("/result/error"), code: "/result/error_code" },
            limit_words: vec!["Server is overloaded", r#""slowDown""#],
            unsynced: vec![Absent("/result/info/validated_ledger")],
            ..row("xrpl", ask(post(XRPL), "/result/info/validated_ledger/seq", Number))
        },
        Row {
            about: About {
                title: "Stellar",
                network: "stellar",
                chain_id: "Public Global Stellar Network ; September 2015",
                url: "http://10.0.0.5:8000",
                note: "The address is that of Stellar RPC; for Horizon see `json` below. `chain_id` is the \
                       passphrase of the network.",
                source: "stellar-rpc, get_health.go",
                ..ABOUT
            },
            block_time: seconds(5),
            chain: asked(rpc("getNetwork", ""), "/result/passphrase", Text),
            unsynced: vec![Code(-32603), Zero],
            ..row("stellar", ask(rpc("getHealth", ""), "/result/latestLedger", Number))
        },
        Row {
            about: About {
                title: "Cardano",
                network: "cardano",
                chain_id: "mainnet",
                url: "http://10.0.0.5:1337",
                note: "The address is that of Ogmios in front of the node.",
                source: "ogmios, Http.hs, Json.hs, openapi.yaml",
                ..ABOUT
            },
            block_time: seconds(20),
            chain: in_head("/network", Text),
            unsynced: vec![Says("/lastKnownTip", "origin")],
            // 202: not in step with the network yet.
            ..row(
                "cardano",
                Question { accepted: &[200, 202], ..ask(get("/health"), "/lastKnownTip/height", Number) },
            )
        },
        Row {
            about: About {
                title: "Filecoin",
                network: "filecoin",
                chain_id: "314",
                url: "http://10.0.0.5:1234/rpc/v1",
                note: "The address of Lotus ends in /rpc/v1. The block is the newest epoch; an epoch may have no \
                       block. `chain_id` is a number, decimal or with 0x.",
                source: "docs.filecoin.io, networks/mainnet/rpcs",
                ..ABOUT
            },
            block_time: seconds(30),
            chain: asked(rpc("eth_chainId", "[]"), "/result", Hex),
            compare: Compare::AsNumbers,
            limit_codes: EVM_LIMITS.into(),
            ..row("filecoin", ask(rpc("eth_blockNumber", "[]"), "/result", Hex))
        },
        Row {
            about: About {
                title: "Tezos",
                network: "tezos",
                chain_id: "NetXdQprcVkpaWU",
                url: "http://10.0.0.5:8732",
                source: "documentation of octez, Block_services",
                ..ABOUT
            },
            block_time: seconds(6),
            chain: in_head("/chain_id", Text),
            ..row("tezos", ask(get("/chains/main/blocks/head/header"), "/level", Number))
        },
        Row {
            about: About {
                title: "Algorand",
                network: "algorand",
                chain_id: "wGHE2Pwdvd7S12BL5FaOP20EGYesN73ktiC1qzkkit8=",
                url: "http://10.0.0.5:8080",
                login: "headers: { X-Algo-API-Token: \"${ALGOD_TOKEN}\" }",
                note: "`chain_id` is the genesis hash, in base64.",
                source: "go-algorand, router.go, auth.go, handlers.go",
            },
            block_time: seconds(3),
            chain: asked(get("/versions"), "/genesis_hash_b64", Text),
            compare: Compare::AsBase64,
            ..row("algorand", ask(get("/v2/status"), "/last-round", Number))
        },
    ]
}

const SUI: &str = r#"{"query":"{chainIdentifier checkpoint{sequenceNumber}}"}"#;
const XRPL: &str = r#"{"method":"server_info","params":[{}]}"#;

const ABOUT: About = About { title: "", network: "", chain_id: "", url: "", login: "", note: "", source: "" };

/// A row that asks for its newest block with `head`, with what most rows have.
pub fn row(name: &'static str, head: Question) -> Row {
    Row {
        name,
        about: ABOUT,
        block_time: None,
        head,
        chain: Identity::Nowhere,
        compare: Compare::AsText,
        error: JSON_RPC_ERROR,
        limit_codes: Vec::new(),
        limit_words: Vec::new(),
        unsynced: Vec::new(),
    }
}

/// A question whose answer has its value at `pointer`, and the status 200.
#[must_use]
pub fn ask(request: Request, pointer: impl Into<super::Text>, form: Form) -> Question {
    Question { request, accepted: &[200], field: Field { pointer: pointer.into(), form } }
}

fn asked(request: Request, pointer: &'static str, form: Form) -> Identity {
    Identity::Asked(ask(request, pointer, form))
}

fn in_head(pointer: &'static str, form: Form) -> Identity {
    Identity::InHead(Field { pointer: pointer.into(), form })
}

fn get(path: &'static str) -> Request {
    Request::Get { path: path.into() }
}

fn post(body: &'static str) -> Request {
    Request::Post { path: "".into(), body: body.into() }
}

/// Some servers refuse params where a method has none, some require them.
fn rpc(method: &'static str, params: &'static str) -> Request {
    Request::Rpc { version: "2.0", method, params }
}

/// bitcoind before version 28 knows only this version.
fn bitcoin(method: &'static str, params: &'static str) -> Request {
    Request::Rpc { version: "1.0", method, params }
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn millis(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}
