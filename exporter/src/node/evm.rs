//! PURE: Ethereum's JSON-RPC (EIP-1474): `eth_blockNumber`, and `eth_chainId` (EIP-695).

use hyper::StatusCode;
use serde_json::{Map, Value};

use crate::{answer::Reason, block::BlockNumber};

/// The method that returns the newest block.
pub const HEAD: &str = "eth_blockNumber";
/// The method that returns the chain.
pub const CHAIN_ID: &str = "eth_chainId";

/// Codes by which servers limit the rate also with status 200: "limit exceeded" of EIP-1474,
/// what providers use in its place, and HTTP's own number.
const LIMITS: [i64; 5] = [-32005, -32007, -32016, -32029, 429];

/// The body of a request, which no other request to this node shares the `id` with.
pub fn request(method: &str, id: u64) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":[]}}"#)
}

/// The block in the answer to the request with this `id`.
pub fn head(status: StatusCode, body: &[u8], id: u64) -> Result<BlockNumber, Reason> {
    number(status, body, id).and_then(|number| BlockNumber::new(number).ok_or(Reason::Malformed))
}

/// The chain id in the answer to the request with this `id`.
pub fn chain_id(status: StatusCode, body: &[u8], id: u64) -> Result<u64, Reason> {
    number(status, body, id)
}

fn number(status: StatusCode, body: &[u8], id: u64) -> Result<u64, Reason> {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Reason::RateLimited);
    }
    // Some Windows servers put a byte order mark in front (RFC 8259, 8.1, lets us ignore it).
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let reply = serde_json::from_slice::<Map<String, Value>>(body);
    if status != StatusCode::OK {
        let is_error = status.is_client_error() || status.is_server_error();
        let error = reply.ok().filter(|_| is_error).and_then(|reply| error(&reply, id)?.ok());
        // An error without a code may be the gateway's own: then the status says more.
        return Err(error
            .filter(|reason| *reason != Reason::RpcError(None))
            .unwrap_or(Reason::HttpStatus(status.as_u16())));
    }
    let reply = reply.map_err(|_| Reason::Malformed)?;
    if let Some(error) = error(&reply, id) {
        return Err(error.unwrap_or(Reason::Malformed));
    }
    // JSON-RPC 2.0, section 5: the id is that of the request. One that is missing is no other.
    if reply.get("id").is_some_and(|found| *found != id) {
        return Err(Reason::Malformed);
    }
    let number = match reply.get("result") {
        Some(Value::String(text)) => quantity(text),
        Some(Value::Number(number)) => number.as_u64(),
        _ => None,
    };
    number.ok_or(Reason::Malformed)
}

/// The reason in an error object; itself an error where that belongs to another request. A
/// server that could not read the id answers with null.
fn error(reply: &Map<String, Value>, id: u64) -> Option<Result<Reason, ()>> {
    let error = reply.get("error").filter(|error| !error.is_null())?;
    if reply.get("id").is_some_and(|found| !found.is_null() && *found != id) {
        return Some(Err(()));
    }
    Some(Ok(match error.get("code").and_then(Value::as_i64) {
        Some(code) if LIMITS.contains(&code) => Reason::RateLimited,
        code => Reason::RpcError(code),
    }))
}

/// Reads a quantity as EIP-1474 writes it: `0x`, then hexadecimal digits. Leading zeros
/// do no harm, since the number is clear.
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

    fn read(status: u16, body: &str) -> Result<u64, Reason> {
        head(StatusCode::from_u16(status).unwrap(), body.as_bytes(), 7).map(BlockNumber::get)
    }

    #[test]
    fn every_body_is_a_block_or_has_its_reason() {
        for (body, want) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":"0x10"}"#, Ok(16)),
            ("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x10\"}", Ok(16)),
            (r#"{"result":17}"#, Ok(17)),
            (r#"{"result":"0x10","error":null}"#, Ok(16)),
            (r#"{"error":{"code":-32000,"message":"no"}}"#, Err(Reason::RpcError(Some(-32000)))),
            (r#"{"result":"0x10","error":{"code":1}}"#, Err(Reason::RpcError(Some(1)))),
            (r#"{"error":"no"}"#, Err(Reason::RpcError(None))),
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
            assert_eq!(read(200, body), want, "{body}");
        }
    }

    #[test]
    fn an_answer_to_another_request_is_none_to_this() {
        for (body, want) in [
            (r#"{"jsonrpc":"2.0","id":4711,"result":"0x89"}"#, Err(Reason::Malformed)),
            (r#"{"jsonrpc":"2.0","id":"7","result":"0x89"}"#, Err(Reason::Malformed)),
            (r#"{"jsonrpc":"2.0","id":null,"result":"0x89"}"#, Err(Reason::Malformed)),
            (r#"{"jsonrpc":"2.0","id":4711,"error":{"code":-32601}}"#, Err(Reason::Malformed)),
            (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}"#, Err(Reason::RpcError(Some(-32700)))),
            (r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601}}"#, Err(Reason::RpcError(Some(-32601)))),
        ] {
            assert_eq!(read(200, body), want, "{body}");
        }
    }

    #[test]
    fn a_limit_is_a_limit_whatever_the_status() {
        for status in [200, 400, 403, 429, 500, 503] {
            for code in [-32005, -32007, -32016, -32029, 429] {
                let body = format!(r#"{{"jsonrpc":"2.0","id":7,"error":{{"code":{code}}}}}"#);
                assert_eq!(read(status, &body), Err(Reason::RateLimited), "{status} {code}");
            }
        }
        assert_eq!(read(429, r#"{"id":7,"result":"0x10"}"#), Err(Reason::RateLimited));
        assert_eq!(read(429, ""), Err(Reason::RateLimited));
    }

    #[test]
    fn another_status_gives_no_block_and_its_error_object_says_why() {
        let error = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}"#;
        for status in [400, 401, 404, 500, 502] {
            assert_eq!(read(status, error), Err(Reason::RpcError(Some(-32601))), "{status}");
        }
        for status in [201, 204, 302, 403, 500, 503] {
            for body in ["", "<html>", r#"{"id":7,"result":"0x10"}"#, r#"{"error":"Bad gateway"}"#] {
                assert_eq!(read(status, body), Err(Reason::HttpStatus(status)), "{body}");
            }
        }
        assert_eq!(read(302, error), Err(Reason::HttpStatus(302)));
        let other = r#"{"id":4711,"error":{"code":-32005}}"#;
        assert_eq!(read(503, other), Err(Reason::HttpStatus(503)));
    }

    #[test]
    fn a_chain_id_may_be_larger_than_any_block() {
        let read = |body: &str| chain_id(StatusCode::OK, body.as_bytes(), 7);
        assert_eq!(read(r#"{"result":"0x89"}"#), Ok(137));
        assert_eq!(read(r#"{"result":"0xffffffffffffffff"}"#), Ok(u64::MAX));
        assert_eq!(read(r#"{"error":{"code":-32601}}"#), Err(Reason::RpcError(Some(-32601))));
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
