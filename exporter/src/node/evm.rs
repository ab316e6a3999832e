//! Ethereum's JSON-RPC (EIP-1474): `eth_blockNumber`.

use serde::Deserialize;
use serde_json::Value;

use super::Reason;
use crate::block::BlockNumber;

/// The body of the request.
pub const QUESTION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}"#;

/// "Limit exceeded" in the table of errors of EIP-1474.
const LIMIT_EXCEEDED: i64 = -32005;

#[derive(Deserialize)]
struct Reply {
    result: Option<Value>,
    error: Option<Value>,
}

/// The block that `body` tells.
pub fn head(body: &[u8]) -> Result<BlockNumber, Reason> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| Reason::Malformed)?;
    if let Some(error) = reply.error {
        return Err(match error.get("code").and_then(Value::as_i64) {
            Some(LIMIT_EXCEEDED) => Reason::RateLimited,
            _ => Reason::RpcError,
        });
    }
    let block = match reply.result {
        Some(Value::String(quantity)) => BlockNumber::from_quantity(&quantity),
        Some(Value::Number(number)) => number.as_u64().and_then(BlockNumber::new),
        _ => None,
    };
    block.ok_or(Reason::Malformed)
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
            (r#"{"error":{"code":-32000,"message":"no"}}"#, Err(Reason::RpcError)),
            (r#"{"result":"0x10","error":{"code":1}}"#, Err(Reason::RpcError)),
            (r#"{"error":"no"}"#, Err(Reason::RpcError)),
            (r#"{"error":{"code":-32005,"message":"slow down"}}"#, Err(Reason::RateLimited)),
            (r#"{"result":null}"#, Err(Reason::Malformed)),
            (r#"{"result":"0x"}"#, Err(Reason::Malformed)),
            (r#"{"result":"16"}"#, Err(Reason::Malformed)),
            (r#"{"result":-1}"#, Err(Reason::Malformed)),
            (r#"{"result":1.5}"#, Err(Reason::Malformed)),
            (r#"{"result":1e300}"#, Err(Reason::Malformed)),
            (r#"{"result":9007199254740993}"#, Err(Reason::Malformed)),
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
}
