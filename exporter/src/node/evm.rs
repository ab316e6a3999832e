//! Ethereum's JSON-RPC (EIP-1474): `eth_blockNumber`, and `eth_chainId` (EIP-695).

use serde::Deserialize;
use serde_json::Value;

use crate::answer::Reason;
use crate::block::BlockNumber;

/// The body of the request for the newest block.
pub const HEAD: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}"#;
/// The body of the request for the chain.
pub const CHAIN_ID: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;

/// "Limit exceeded" in the table of errors of EIP-1474.
const LIMIT_EXCEEDED: i64 = -32005;

#[derive(Deserialize)]
struct Reply {
    result: Option<Value>,
    error: Option<Value>,
}

/// The block that `body` tells.
pub fn head(body: &[u8]) -> Result<BlockNumber, Reason> {
    number(body).and_then(|number| BlockNumber::new(number).ok_or(Reason::Malformed))
}

/// The chain id that `body` tells.
pub fn chain_id(body: &[u8]) -> Result<u64, Reason> {
    number(body)
}

fn number(body: &[u8]) -> Result<u64, Reason> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| Reason::Malformed)?;
    if let Some(error) = reply.error {
        return Err(match error.get("code").and_then(Value::as_i64) {
            Some(LIMIT_EXCEEDED) => Reason::RateLimited,
            code => Reason::RpcError(code),
        });
    }
    let number = match reply.result {
        Some(Value::String(text)) => quantity(&text),
        Some(Value::Number(number)) => number.as_u64(),
        _ => None,
    };
    number.ok_or(Reason::Malformed)
}

/// Reads a quantity as EIP-1474 writes it: `0x`, then hexadecimal digits. Leading zeros
/// are no harm, since the number stays clear.
fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").filter(|digits| !digits.is_empty())?;
    // from_str_radix would take a sign as well.
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_a_block_or_has_its_reason() {
        for (body, want) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":"0x10"}"#, Ok(16)),
            (r#"{"result":17}"#, Ok(17)),
            (r#"{"result":"0x10","error":null}"#, Ok(16)),
            (r#"{"error":{"code":-32000,"message":"no"}}"#, Err(Reason::RpcError(Some(-32000)))),
            (r#"{"result":"0x10","error":{"code":1}}"#, Err(Reason::RpcError(Some(1)))),
            (r#"{"error":"no"}"#, Err(Reason::RpcError(None))),
            (r#"{"error":{"code":-32005,"message":"slow down"}}"#, Err(Reason::RateLimited)),
            (r#"{"result":null}"#, Err(Reason::Malformed)),
            (r#"{"result":"0x"}"#, Err(Reason::Malformed)),
            (r#"{"result":"16"}"#, Err(Reason::Malformed)),
            (r#"{"result":-1}"#, Err(Reason::Malformed)),
            (r#"{"result":1.5}"#, Err(Reason::Malformed)),
            (r#"{"result":1e300}"#, Err(Reason::Malformed)),
            (r#"{"result":9007199254740993}"#, Err(Reason::Malformed)),
            (r#"{"result":"0x20000000000001"}"#, Err(Reason::Malformed)),
            (r#"{"result":{"number":"0x1"}}"#, Err(Reason::Malformed)),
            (r#"[{"result":"0x10"}]"#, Err(Reason::Malformed)),
            ("{}", Err(Reason::Malformed)),
            ("null", Err(Reason::Malformed)),
            ("<html>busy</html>", Err(Reason::Malformed)),
            (r#"{"result":"0x10""#, Err(Reason::Malformed)),
            ("", Err(Reason::Malformed)),
        ] {
            assert_eq!(head(body.as_bytes()).map(BlockNumber::get), want, "{body}");
        }
    }

    #[test]
    fn a_chain_id_may_be_larger_than_any_block() {
        assert_eq!(chain_id(br#"{"result":"0x89"}"#), Ok(137));
        assert_eq!(chain_id(br#"{"result":"0xffffffffffffffff"}"#), Ok(u64::MAX));
        assert_eq!(chain_id(br#"{"error":{"code":-32601}}"#), Err(Reason::RpcError(Some(-32601))));
    }

    #[test]
    fn a_quantity_is_a_number_or_nothing() {
        let sixty_four = format!("0x{}", "f".repeat(64));
        let padded = format!("0x{}1", "0".repeat(63));
        for (text, number) in [
            ("0x0", Some(0)),
            ("0x1b4", Some(436)),
            ("0x1B4", Some(436)),
            ("0x0400", Some(1024)),
            (&*padded, Some(1)),
            ("0x20000000000000", Some(1 << 53)),
            ("0xffffffffffffffff", Some(u64::MAX)),
            ("0x10000000000000000", None),
            (&*sixty_four, None),
            ("0x", None),
            ("", None),
            ("1b4", None),
            ("0X1b4", None),
            ("0x-1", None),
            ("0x+1", None),
            (" 0x1", None),
            ("0x1 ", None),
            ("0xg", None),
        ] {
            assert_eq!(quantity(text), number, "{text}");
        }
    }
}
