//! PURE: what a node's answer says, as its row reads it.

use serde_json::Value;

use super::{
    ChainId, Field, Form, Identity, Question, Row, Sign, Unsynced,
    identity::{decimal, quantity},
};
use crate::{answer::Reason, block::BlockNumber};

/// HTTP's "too many requests", which some servers also use as the code of an error.
const TOO_MANY_REQUESTS: u16 = 429;

/// What the answer to the question for the newest block says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The newest block.
    pub block: BlockNumber,
    /// The chain, where this answer holds it; absent, too, where the node does not report it.
    pub chain: Option<ChainId>,
}

impl Row {
    /// Reads the answer to [`Row::head`], sent with this `id`.
    ///
    /// # Errors
    /// Why there is no usable block in it.
    pub fn read_head(&self, status: u16, body: &[u8], id: u64) -> Result<Head, Reason> {
        self.or_limited(body, self.head_in(status, body, id))
    }

    /// Reads the answer to `question` for the chain, sent with this `id`.
    ///
    /// # Errors
    /// Why there is no identity in it.
    pub fn read_chain(
        &self,
        question: &Question,
        status: u16,
        body: &[u8],
        id: u64,
    ) -> Result<ChainId, Reason> {
        let answer = self.answer_in(question, status, body, id);
        let chain = answer.and_then(|it| self.chain_in(&it, &question.field).ok_or(Reason::Malformed));
        self.or_limited(body, chain)
    }

    fn head_in(&self, status: u16, body: &[u8], id: u64) -> Result<Head, Reason> {
        let answer = self.answer_in(&self.head, status, body, id)?;
        let Some(number) = self.head.field.number_in(&answer) else {
            let is_unsynced = self.unsynced.iter().any(|sign| sign.is_in(&answer));
            return Err(if is_unsynced { Reason::NotSynced(None) } else { Reason::Malformed });
        };
        if number == 0 && self.unsynced.contains(&Unsynced::Zero) {
            return Err(Reason::NotSynced(None));
        }
        let chain = match &self.chain {
            Identity::InHead(field) => self.chain_in(&answer, field),
            Identity::Asked(_) | Identity::Nowhere => None,
        };
        Ok(Head { block: BlockNumber::new(number).ok_or(Reason::Malformed)?, chain })
    }

    fn chain_in(&self, answer: &Value, field: &Field) -> Option<ChainId> {
        self.compare.read(&field.text_in(answer)?)
    }

    /// The answer, when it is one to `question` and no error.
    fn answer_in(&self, question: &Question, status: u16, body: &[u8], id: u64) -> Result<Value, Reason> {
        if status == TOO_MANY_REQUESTS {
            return Err(Reason::RateLimited);
        }
        let id = question.request.is_echoed().then_some(id);
        // Some Windows servers put a byte order mark in front (RFC 8259, 8.1, lets us ignore it).
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let answer = serde_json::from_slice::<Value>(body);
        if !question.accepted.contains(&status) {
            let is_error = (400..600).contains(&status);
            let error = answer.ok().filter(|_| is_error).and_then(|it| self.error_in(&it, id)?.ok());
            // An error without a code may be the gateway's own: then the status says more.
            return Err(error
                .filter(|reason| *reason != Reason::RpcError(None))
                .unwrap_or(Reason::HttpStatus(status)));
        }
        let answer = answer.map_err(|_| Reason::Malformed)?;
        if let Some(error) = self.error_in(&answer, id) {
            return Err(error.unwrap_or(Reason::Malformed));
        }
        // JSON-RPC 2.0, section 5: the id is that of the request. One that is missing is no other.
        if id.is_some_and(|id| answer.get("id").is_some_and(|found| *found != id)) {
            return Err(Reason::Malformed);
        }
        Ok(answer)
    }

    /// The reason in an error; itself an error where that belongs to another request. A server
    /// that could not read the id answers with null.
    fn error_in(&self, answer: &Value, id: Option<u64>) -> Option<Result<Reason, ()>> {
        if !self.error.sign.is_in(answer) {
            return None;
        }
        let is_other = |found: &Value| !found.is_null() && id.is_some_and(|id| *found != id);
        if answer.get("id").is_some_and(is_other) {
            return Some(Err(()));
        }
        let code = answer.pointer(self.error.code).and_then(Value::as_i64);
        Some(Ok(match code {
            Some(code) if code == i64::from(TOO_MANY_REQUESTS) || self.limit_codes.contains(&code) => {
                Reason::RateLimited
            }
            Some(code) if self.unsynced.contains(&Unsynced::Code(code)) => Reason::NotSynced(Some(code)),
            code => Reason::RpcError(code),
        }))
    }

    /// What was `read`, or that the rate is limited where only the words of the answer say so.
    fn or_limited<T>(&self, body: &[u8], read: Result<T, Reason>) -> Result<T, Reason> {
        let says_so = |words: &&str| body.windows(words.len()).any(|part| part == words.as_bytes());
        read.map_err(|reason| if self.limit_words.iter().any(says_so) { Reason::RateLimited } else { reason })
    }
}

impl Field {
    fn number_in(&self, answer: &Value) -> Option<u64> {
        match (self.form, answer.pointer(&self.pointer)?) {
            (Form::Hex, Value::String(text)) => quantity(text),
            (Form::Decimal, Value::String(text)) => decimal(text),
            (Form::Hex | Form::Number, Value::Number(number)) => number.as_u64(),
            _ => None,
        }
    }

    /// The value as text, when it is written in this form.
    fn text_in(&self, answer: &Value) -> Option<String> {
        match (self.form, answer.pointer(&self.pointer)?) {
            (Form::Text, Value::String(text)) => Some(text.clone()),
            (Form::Hex, Value::String(text)) => text.starts_with("0x").then(|| text.clone()),
            (Form::Decimal, Value::String(text)) => decimal(text).map(|_| text.clone()),
            (Form::Hex | Form::Number | Form::Text, Value::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Sign {
    fn is_in(self, answer: &Value) -> bool {
        match self {
            Self::False(pointer) => answer.pointer(pointer) == Some(&Value::Bool(false)),
            Self::Present(pointer) => answer.pointer(pointer).is_some_and(|value| match value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                _ => true,
            }),
        }
    }
}

impl Unsynced {
    /// Whether an answer without a block has this sign.
    fn is_in(&self, answer: &Value) -> bool {
        match self {
            Self::Absent(pointer) => {
                let object = pointer.rsplit_once('/').and_then(|(object, _)| answer.pointer(object));
                let value = answer.pointer(pointer).filter(|value| !value.is_null());
                object.is_some_and(Value::is_object) && value.is_none()
            }
            Self::Says(pointer, text) => answer.pointer(pointer).and_then(Value::as_str) == Some(text),
            // Seen in the error, and in the block.
            Self::Code(_) | Self::Zero => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Request, find};

    fn read(status: u16, body: &str) -> Result<u64, Reason> {
        find("evm").unwrap().read_head(status, body.as_bytes(), 7).map(|head| head.block.get())
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
        let evm = find("evm").unwrap();
        let Identity::Asked(question) = &evm.chain else { panic!("{:?}", evm.chain) };
        let read = |body: &str| evm.read_chain(question, 200, body.as_bytes(), 7);
        let id = |text| evm.compare.read(text).unwrap();
        assert_eq!(read(r#"{"result":"0x89"}"#), Ok(id("137")));
        assert_eq!(read(r#"{"result":"0xffffffffffffffff"}"#), Ok(id("18446744073709551615")));
        assert_eq!(read(r#"{"error":{"code":-32601}}"#), Err(Reason::RpcError(Some(-32601))));
        for body in [r#"{"result":"polygon"}"#, r#"{"result":null}"#, r#"{"result":true}"#] {
            assert_eq!(read(body), Err(Reason::Malformed), "{body}");
        }
    }

    #[test]
    fn a_number_in_another_form_is_malformed() {
        for (form, body, want) in [
            (Form::Hex, r#"{"head":"0x10"}"#, Some(16)),
            (Form::Hex, r#"{"head":"16"}"#, None),
            (Form::Decimal, r#"{"head":"16"}"#, Some(16)),
            (Form::Decimal, r#"{"head":"9007199254740992"}"#, Some(1 << 53)),
            (Form::Decimal, r#"{"head":"9007199254740993"}"#, None),
            (Form::Decimal, r#"{"head":16}"#, None),
            (Form::Decimal, r#"{"head":"0x10"}"#, None),
            (Form::Decimal, r#"{"head":"+16"}"#, None),
            (Form::Decimal, r#"{"head":""}"#, None),
            (Form::Number, r#"{"head":16}"#, Some(16)),
            (Form::Number, r#"{"head":"16"}"#, None),
            (Form::Number, r#"{"head":16.0}"#, None),
            (Form::Number, r#"{"other":16}"#, None),
        ] {
            let mut row = Row::clone(&find("evm").unwrap());
            row.head.request = Request::Get { path: "/".into() };
            row.head.field = Field { pointer: "/head".into(), form };
            let read = row.read_head(200, body.as_bytes(), 1).map(|head| head.block.get());
            assert_eq!(read, want.ok_or(Reason::Malformed), "{form:?}: {body}");
        }
    }
}
