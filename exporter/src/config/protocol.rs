//! How the nodes of a network are asked: a row of the table, or one that the user wrote.

use std::sync::Arc;

use headlag_service::invisible::Invisible;
use hyper::Uri;

use super::reader::{Field as Place, Reader, Section};
use crate::limits::{self, Limits};
use crate::protocol::{
    self, ChainId, Compare, Field, Form, Identity, JSON, Question, Request, Row, Text, written,
};

/// A network of another chain gets a corridor of its own; this is wide enough for most.
const JSON_MAX_LEAD_BLOCKS: u64 = 100;

/// All keys of a question.
pub const QUESTION_KEYS: [&str; 5] = ["method", "path", "body", "pointer", "form"];

/// What the config says of a network's protocol, as far as it could be read.
pub struct Protocol {
    /// Absent when it is missing or wrong.
    pub row: Option<Arc<Row>>,
    /// What follows from it.
    pub preset: Preset,
}

/// Where the settings that belong to a chain come from, if not from the config.
#[derive(Clone, Copy)]
pub enum Preset {
    /// From the row.
    Row(Limits),
    /// From nowhere: the chain is one that only the user knows.
    Nowhere,
    /// The protocol is missing or wrong, which is reported already.
    Unknown,
}

impl Preset {
    /// What a row presets; absent where there is none.
    pub fn row(self) -> Option<Limits> {
        match self {
            Self::Row(defaults) => Some(defaults),
            Self::Nowhere | Self::Unknown => None,
        }
    }

    /// A reference further than this from the median is not counted.
    pub fn max_lead_blocks(self) -> u64 {
        self.row().map_or(JSON_MAX_LEAD_BLOCKS, |defaults| defaults.max_lead_blocks)
    }
}

/// Reads `protocol`, and `head` and `chain` where that is `json`.
pub fn read<'a>(reader: &mut Reader<'a>, section: &Section<'a>) -> Protocol {
    let unknown = Protocol { row: None, preset: Preset::Unknown };
    let what = format!("write evm for Ethereum, Polygon and the like; known are {}", known());
    let Some(field) = section.require(reader, "protocol", &what) else { return unknown };
    let Some(name) = reader.text(&field) else { return unknown };
    if name == JSON {
        return Protocol { row: read_row(reader, section).map(Arc::new), preset: Preset::Nowhere };
    }
    for key in ["head", "chain"] {
        if let Some(field) = section.get(key) {
            reader.problem(field.line, &field.path, "belongs to protocol: json alone; take it out");
        }
    }
    let Some(row) = protocol::find(&name) else {
        // As it is written: a variable may hold a secret.
        let written = reader.verbatim(&field).unwrap_or_default();
        reader.problem(field.line, &field.path, refusal(&written));
        return unknown;
    };
    let preset = row.block_time.map_or(Preset::Nowhere, |time| Preset::Row(limits::defaults(time)));
    Protocol { row: Some(row), preset }
}

/// Reads `chain_id`: absent when it is wrong, `Some(None)` when none is given.
pub fn read_chain_id(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    row: Option<&Row>,
) -> Option<Option<ChainId>> {
    let Some(field) = section.get("chain_id") else { return Some(None) };
    let text = reader.text(&field)?.trim().to_owned();
    let row = row?;
    let form = match &row.chain {
        Identity::Nowhere => {
            let what = "is given without chain:, which says how the nodes report it; add that";
            return reader.wrong(&field, what);
        }
        Identity::InHead(reported) => reported.form,
        Identity::Asked(question) => question.field.form,
    };
    if let Some(invisible) = Invisible::find(&text) {
        return reader.wrong(&field, format!("holds {invisible}, which is invisible; remove that character"));
    }
    let is_digits = matches!(form, Form::Decimal | Form::Number);
    let text = match protocol::decimal(&text) {
        // Without the zeros in front.
        Some(number) if row.compare == Compare::AsText && is_digits => number.to_string(),
        None if row.compare == Compare::AsText && is_digits => {
            return reader.wrong(&field, "must be decimal digits, as the nodes of this protocol report it");
        }
        _ => text,
    };
    row.compare.read(&text).map(Some).or_else(|| reader.wrong(&field, expected(row.compare)))
}

fn expected(compare: Compare) -> &'static str {
    match compare {
        Compare::AsText => "must not be empty",
        Compare::AsNumbers => {
            "must be a whole number below 18446744073709551616, such as 137 or, in hexadecimal, 0x89"
        }
        Compare::AsFelts => {
            "must be a name of at most 31 letters, such as SN_MAIN, or its number, 0x534e5f4d41494e"
        }
        Compare::AsHashes => {
            "must be the hash of the first block, 64 hexadecimal digits, as docs/chains.md shows it"
        }
        Compare::AsBase64 => {
            "must be the hash of the first block in base64, 44 letters, as docs/chains.md shows it"
        }
    }
}

fn known() -> String {
    let names = protocol::rows().iter().map(|row| row.name);
    names.chain([JSON]).collect::<Vec<_>>().join(", ")
}

/// Shows the name, if it is like one: in its place may be a pasted key.
fn refusal(name: &str) -> String {
    let is_like_a_name =
        name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphabetic() || "_-".contains(c));
    let shown = if is_like_a_name { format!("{name} is unknown") } else { "is unknown".into() };
    let meant = protocol::suggest(name).map(|row| format!("did you mean {row}? "));
    format!("{shown}; {}known are {}", meant.unwrap_or_default(), known())
}

fn read_row<'a>(reader: &mut Reader<'a>, section: &Section<'a>) -> Option<Row> {
    let what = "describe the request for the newest block: method, path, body, pointer, form";
    let head = section.require(reader, "head", what).and_then(|field| read_head(reader, &field));
    let chain = section
        .get("chain")
        .map_or(Some((Identity::Nowhere, Compare::AsText)), |field| read_chain(reader, &field));
    let (chain, compare) = chain?;
    Some(written(head?, chain, compare))
}

fn read_head<'a>(reader: &mut Reader<'a>, field: &Place<'a>) -> Option<Question> {
    let section = reader.section(field, &QUESTION_KEYS)?;
    let request = read_request(reader, &section);
    let pointer = read_pointer(reader, &section);
    let what =
        "write how the block is written: decimal (a string of digits), hex (a string with 0x) or number";
    let form = section
        .require(reader, "form", what)
        .and_then(|field| read_form(reader, &field, &["decimal", "hex", "number"]));
    Some(protocol::ask(request?, pointer?, form?))
}

/// The chain is in the head's answer where no request is given.
fn read_chain<'a>(reader: &mut Reader<'a>, field: &Place<'a>) -> Option<(Identity, Compare)> {
    let section = reader.section(field, &QUESTION_KEYS)?;
    let is_asked = ["method", "path", "body"].iter().any(|key| section.get(key).is_some());
    let request = if is_asked { Some(read_request(reader, &section)) } else { None };
    let pointer = read_pointer(reader, &section);
    let form = section
        .get("form")
        .map_or(Some(Form::Text), |field| read_form(reader, &field, &["text", "decimal", "hex", "number"]))?;
    let compare = if form == Form::Hex { Compare::AsNumbers } else { Compare::AsText };
    let identity = match request {
        Some(request) => Identity::Asked(protocol::ask(request?, pointer?, form)),
        None => Identity::InHead(Field { pointer: pointer?, form }),
    };
    Some((identity, compare))
}

fn read_request<'a>(reader: &mut Reader<'a>, section: &Section<'a>) -> Option<Request> {
    let path = section.get("path").map_or(Some(Text::default()), |field| read_path(reader, &field));
    let body = section.get("body");
    let method = section.get("method").map_or(Some("GET".into()), |field| {
        let method = reader.text(&field)?;
        let is_known = ["GET", "POST"].contains(&method.as_str());
        if is_known { Some(method) } else { reader.wrong(&field, "must be GET or POST") }
    })?;
    if method == "POST" {
        let body = section.require(reader, "body", "write what is posted");
        let body = body.and_then(|field| reader.text(&field))?;
        return Some(Request::Post { path: path?, body: body.into() });
    }
    if let Some(field) = body {
        return reader.wrong(&field, "is not sent with GET; write method: POST beside it, or take it out");
    }
    Some(Request::Get { path: path? })
}

fn read_path(reader: &mut Reader<'_>, field: &Place<'_>) -> Option<Text> {
    let path = reader.text(field)?;
    // What can be sent; a fragment would be dropped.
    let is_path = path.starts_with('/') && !path.contains('#') && path.parse::<Uri>().is_ok();
    if is_path {
        return Some(path.into());
    }
    reader.wrong(
        field,
        "must begin with / and hold no spaces, such as /status; it is joined to each node's url",
    )
}

/// RFC 6901, section 3: `/` before each step, and after `~` a 0 or a 1.
fn read_pointer<'a>(reader: &mut Reader<'a>, section: &Section<'a>) -> Option<Text> {
    let what = "write where the value is in the answer, such as /result/height";
    let field = section.require(reader, "pointer", what)?;
    if field.is_blank() && !field.is_null() {
        return Some(Text::default());
    }
    let pointer = reader.text(&field)?;
    let is_escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if pointer.starts_with('/') && is_escaped {
        return Some(pointer.into());
    }
    reader.wrong(
        &field,
        "must be a JSON pointer (RFC 6901): a / before each step, such as /result/height; ~ is written ~0, / in \
         a name ~1; \"\" is the whole answer",
    )
}

fn read_form(reader: &mut Reader<'_>, field: &Place<'_>, known: &[&str]) -> Option<Form> {
    let name = reader.text(field)?;
    match name.as_str() {
        name if !known.contains(&name) => reader.wrong(field, format!("must be one of {}", known.join(", "))),
        "decimal" => Some(Form::Decimal),
        "hex" => Some(Form::Hex),
        "number" => Some(Form::Number),
        _ => Some(Form::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, read, with};
    use crate::protocol::{self, Compare, Identity};

    const KNOWN: &str = "evm, solana, cosmos, bitcoin, substrate, starknet, near, aptos, sui, tron, ton, xrpl, \
                         stellar, cardano, filecoin, tezos, algorand, json";

    /// The network of [`with`], of this protocol.
    fn of(protocol: &str, network: &str) -> String {
        with(network).replace("protocol: evm", &format!("protocol: {protocol}"))
    }

    /// A network of a user's own protocol with these further lines, from line 10 on.
    fn json(network: &str) -> String {
        of("json", &format!("  threshold_blocks: 3\n  stall_after: 60s\n{network}"))
    }

    const HEAD: &str = "  head: {path: /status, pointer: /height, form: number}\n";

    #[test]
    fn every_row_is_a_protocol_with_its_defaults() {
        for row in protocol::rows() {
            let config = read(&of(row.name, "")).unwrap();
            let network = &config.networks[0];
            assert_eq!(network.protocol.name, row.name);
            let defaults = crate::limits::defaults(row.block_time.unwrap());
            assert_eq!(network.threshold_blocks, defaults.threshold_blocks, "{}", row.name);
            assert_eq!(network.stall_after, defaults.stall_after, "{}", row.name);
            assert_eq!(network.max_lead_blocks, defaults.max_lead_blocks, "{}", row.name);
        }
    }

    #[test]
    fn an_unknown_protocol_is_refused_by_its_name() {
        let at = ":3: networks[0].protocol:";
        for (name, problem) in [
            ("dot", format!("dot is unknown; known are {KNOWN}")),
            ("polygon", format!("polygon is unknown; did you mean evm? known are {KNOWN}")),
            ("solanaa", format!("solanaa is unknown; did you mean solana? known are {KNOWN}")),
            ("s3cret", format!("is unknown; known are {KNOWN}")),
            ("${WORDS}", format!("is unknown; known are {KNOWN}")),
        ] {
            check(&of(name, ""), &[&format!("{at} {problem}")]);
        }
        // What follows from a protocol is no problem of its own.
        check(&of("dot", "  chain_id: x\n"), &[&format!("{at} dot is unknown; known are {KNOWN}")]);
        check(&of("dot", "  poll_interval: 1h\n"), &[&format!("{at} dot is unknown; known are {KNOWN}")]);
    }

    #[test]
    fn a_chain_id_is_taken_as_written() {
        for (protocol, written, same) in [
            ("evm", "137", "0x89"),
            ("evm", "0x1f", "31"),
            ("evm", "\"137\"", "137"),
            ("tron", "0x2b6653dc", "728126428"),
            ("cosmos", "00120e45", "00120e45"),
            ("cosmos", "1_000", "1_000"),
            ("aptos", "1", "1"),
            ("aptos", "01", "1"),
            ("cosmos", "\" cosmoshub-4 \"", "cosmoshub-4"),
            ("starknet", "SN_MAIN", "0x534e5f4d41494e"),
        ] {
            let network = &read(&of(protocol, &format!("  chain_id: {written}\n"))).unwrap().networks[0];
            assert_eq!(network.chain_id, network.protocol.compare.read(same), "{protocol} {written}");
        }
        check(
            &with("  chain_id: polygon\n"),
            &[
                ":8: networks[0].chain_id: must be a whole number below 18446744073709551616, such as 137 or, in hexadecimal, 0x89",
            ],
        );
        // What no node of the protocol could report.
        for (protocol, written, problem) in [
            ("aptos", "mainnet", "must be decimal digits, as the nodes of this protocol report it"),
            (
                "bitcoin",
                "main",
                "must be the hash of the first block, 64 hexadecimal digits, as docs/chains.md shows it",
            ),
            ("xrpl", "0x0", "must be decimal digits, as the nodes of this protocol report it"),
            (
                "cosmos",
                "\"hub\\u200b\"",
                "holds U+200B ZERO WIDTH SPACE, which is invisible; remove that character",
            ),
        ] {
            check(
                &of(protocol, &format!("  chain_id: {written}\n")),
                &[&format!(":8: networks[0].chain_id: {problem}")],
            );
        }
    }

    #[test]
    fn the_default_of_a_row_is_checked_like_any_other() {
        check(
            &of("cosmos", "  poll_interval: 25s\n"),
            &[
                ":8: networks[0].poll_interval: must be at most a third of stall_after (72s by default); set stall_after: 75s or longer, or a shorter poll_interval",
            ],
        );
        read(&of("bitcoin", "  poll_interval: 10m\n")).unwrap();
    }

    #[test]
    fn a_protocol_can_be_described() {
        let text = json(
            "  head: {path: /status, pointer: /a~1b/0, form: decimal}\n  chain: {pointer: /id}\n  chain_id: 00120e45\n",
        );
        let network = &read(&text).unwrap().networks[0];
        let row = &network.protocol;
        assert_eq!((row.name, row.head.request.path(), row.head.request.body(1)), ("json", "/status", None));
        assert_eq!((network.threshold_blocks, network.max_lead_blocks), (3, 100));
        let head = row.read_head(200, br#"{"a/b":["16"],"id":"00120e45"}"#, 1).unwrap();
        assert_eq!((head.block.get(), head.chain), (16, network.chain_id.clone()));

        let text = json(
            "  head: {method: POST, body: '{\"a\":1}', pointer: \"\", form: number}\n  \
             chain: {path: /chain, pointer: /id, form: hex}\n  chain_id: 137\n",
        );
        let network = &read(&text).unwrap().networks[0];
        let row = &network.protocol;
        assert_eq!((row.head.request.path(), row.head.request.body(1)), ("", Some("{\"a\":1}".into())));
        assert_eq!(row.read_head(200, b"16", 1).unwrap().block.get(), 16);
        let Identity::Asked(question) = &row.chain else { panic!("{row:?}") };
        assert_eq!(
            row.read_chain(question, 200, br#"{"id":"0x89"}"#, 1),
            Ok(network.chain_id.clone().unwrap())
        );
        assert_eq!(row.compare, Compare::AsNumbers);
    }

    #[test]
    fn a_described_protocol_is_complete() {
        let default = "is missing; protocol: json has no default for it, since it follows from how often a block is made";
        check(
            &of("json", ""),
            &[
                ":2: networks[0].head: is missing; describe the request for the newest block: method, path, body, pointer, form",
                &format!(":2: networks[0].stall_after: {default}"),
                &format!(":2: networks[0].threshold_blocks: {default}"),
            ],
        );
        check(
            &json(&format!("{HEAD}  chain_id: 7\n")),
            &[
                ":11: networks[0].chain_id: is given without chain:, which says how the nodes report it; add that",
            ],
        );
        for (protocol, key) in [("evm", "head"), ("cosmos", "chain")] {
            check(
                &of(protocol, &format!("  {key}: {{pointer: /a}}\n")),
                &[&format!(":8: networks[0].{key}: belongs to protocol: json alone; take it out")],
            );
        }
    }

    #[test]
    fn each_key_of_a_question_is_checked() {
        let pointer = "must be a JSON pointer (RFC 6901): a / before each step, such as /result/height; ~ is written \
                       ~0, / in a name ~1; \"\" is the whole answer";
        let path = "must begin with / and hold no spaces, such as /status; it is joined to each node's url";
        for (keys, problems) in [
            ("pointer: height, form: hex", vec![format!(".pointer: {pointer}")]),
            ("pointer: /a~2, form: hex", vec![format!(".pointer: {pointer}")]),
            ("pointer: /a~, form: hex", vec![format!(".pointer: {pointer}")]),
            ("pointer: /a, form: text", vec![".form: must be one of decimal, hex, number".into()]),
            ("path: status, pointer: /a, form: hex", vec![format!(".path: {path}")]),
            ("path: '/a b', pointer: /a, form: hex", vec![format!(".path: {path}")]),
            ("path: '/a#b', pointer: /a, form: hex", vec![format!(".path: {path}")]),
            ("path: '/a<b', pointer: /a, form: hex", vec![format!(".path: {path}")]),
            ("method: PUT, pointer: /a, form: hex", vec![".method: must be GET or POST".into()]),
            ("method: POST, pointer: /a, form: hex", vec![".body: is missing; write what is posted".into()]),
            (
                "body: x, pointer: /a, form: hex",
                vec![".body: is not sent with GET; write method: POST beside it, or take it out".into()],
            ),
            (
                "path: /a",
                vec![
                    ".form: is missing; write how the block is written: decimal (a string of digits), hex (a string with 0x) or number".into(),
                    ".pointer: is missing; write where the value is in the answer, such as /result/height".into(),
                ],
            ),
        ] {
            let problems: Vec<_> = problems.iter().map(|of| format!(":10: networks[0].head{of}")).collect();
            check(&json(&format!("  head: {{{keys}}}\n")), &problems.iter().map(String::as_str).collect::<Vec<_>>());
        }
        check(
            &json(&format!("{HEAD}  chain: {{pointer: id, form: base58}}\n")),
            &[
                ":11: networks[0].chain.form: must be one of text, decimal, hex, number",
                &format!(":11: networks[0].chain.pointer: {pointer}"),
            ],
        );
    }
}
