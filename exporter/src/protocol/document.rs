//! `docs/chains.md`, written from the table.
//!
//! `HEADLAG_GOLDEN=write cargo test -p headlag-exporter document` rewrites it.

use std::{env, fmt::Write, fs, path::PathBuf};

use super::*;
use crate::limits::{Limits, defaults};

const BEFORE: &str = "\
# Chains

<!-- Written from exporter/src/protocol/table.rs by:
     HEADLAG_GOLDEN=write cargo test -p headlag-exporter document -->

headlag asks every node for the number of its newest block and, where `chain_id` is set, which chain
it is on. `protocol` in `headlag.yml` says how. Where the answer with the block also holds the chain,
it is checked in every round at no cost; elsewhere headlag asks for it at first, about every twentieth
round, and whenever the block leaves a doubt. A node that does not report its chain is judged by its
block alone, and a node on another chain is `wrong_chain`.

The defaults follow from the usual time between two blocks. Set them yourself where your chain is
faster or slower than the row:

- `threshold_blocks`: the blocks of 10 s, at least 2.
- `stall_after`: 12 blocks, at least 60 s. It must be at least three poll intervals.
- `max_lead_blocks`: the blocks of 200 s, at least 100.
";

const JSON_SECTION: &str = r#"
## json

For a chain that is not listed, describe the request yourself. Horizon, the older API of Stellar:

```yaml
networks:
  - name: horizon
    protocol: json
    head: { path: /, pointer: /history_latest_ledger, form: number }
    chain: { pointer: /network_passphrase }
    chain_id: "Public Global Stellar Network ; September 2015"
    threshold_blocks: 2
    stall_after: 60s
    references:
      - https://reference-1.example.org
      - https://reference-2.example.org
    watched:
      - name: my-node
        url: http://10.0.0.5:8000
```

A node that is asked by POST, and for its chain with a request of its own:

```yaml
networks:
  - name: my-chain
    protocol: json
    head:
      method: POST
      body: '{"jsonrpc":"2.0","id":1,"method":"chain_head","params":[]}'
      pointer: /result/height
      form: decimal
    chain: { method: GET, path: /genesis, pointer: /hash }
    chain_id: 8f2a5c
    threshold_blocks: 5
    stall_after: 60s
    references: [https://reference.example.org]
    watched:
      - name: my-node
        url: http://10.0.0.5:9000
```

| key of `head` and `chain` | |
| --- | --- |
| `method` | `GET` (default) or `POST` |
| `path` | joined to the URL of each node as described above; without it the URL is used as it is |
| `body` | what is posted, as `application/json`; required with `POST` |
| `pointer` | where the value is in the answer: a JSON pointer (RFC 6901), such as `/result/height`; `""` is the whole answer |
| `form` | `decimal`: a string of digits; `hex`: a string with `0x`; `number`: a JSON number; for `chain` also `text`, its default. A block in another form is malformed, a chain in another form counts as not reported |

`chain` with a `pointer` alone reads the answer that holds the block. `form: hex` compares chains as
numbers, the other forms as text. An answer has HTTP status 200. An `error` in it is an error, with
its `code` where it has one; 429, as a status or a code, means that the rate is limited. Block 0
means that the node is not synced yet. `threshold_blocks` and `stall_after` have no defaults here;
that of `max_lead_blocks` is 100.
"#;

const BETWEEN: &str = "
## How the URL of a node is used

Rows with `GET` append their path to the path of the URL. A slash at its end is dropped, a query is
kept, and what is already there is not repeated: both `https://ton.example.org` and
`https://ton.example.org/api/v2` lead to `/api/v2/getMasterchainInfo`. Rows with `POST` use the URL as
it is, since operators use different paths.

## A node that is not synced yet

A node that is starting or still syncing may have no block yet. It is `unreachable`, and the log
says \"node is not synced yet\". In `headlag_node_errors_total` the reason is `rpc_error` where the
node answers with an error, else `malformed`.

## What counts as an error

An answer may have up to 1 MiB, and a block up to 2^53. HTTP status 429 is `rate_limited` on every
chain. With other statuses than those of an answer the reason is that of the error in the answer, if
it has one with a code (`rpc_error`, or `rate_limited` where its row lists the code), else
`http_status`.
";

fn document() -> String {
    let mut text = String::from(BEFORE);
    text += "\n| protocol | chains | block time | threshold_blocks | stall_after | max_lead_blocks |\n";
    text += "| --- | --- | --- | --- | --- | --- |\n";
    for row in rows() {
        let time = row.block_time.unwrap();
        let Limits { threshold_blocks, stall_after, max_lead_blocks } = defaults(time);
        let (name, title) = (row.name, row.about.title);
        writeln!(
            text,
            "| [{name}](#{name}) | {title} | {time:?} | {threshold_blocks} | {stall_after:?} | {max_lead_blocks} |"
        )
        .unwrap();
    }
    text += "| [json](#json) | any other with JSON over HTTP | | required | required | 100 |\n";
    text += BETWEEN;
    for row in rows() {
        text += &section(row);
    }
    text + JSON_SECTION
}

fn section(row: &Row) -> String {
    let About { title, note, source, .. } = row.about;
    let mut text = format!("\n## {}\n\n{title}.\n", row.name);
    if !note.is_empty() {
        write!(text, "\n{}\n", wrapped(note)).unwrap();
    }
    write!(text, "\n{}\n", example(row)).unwrap();
    let chain = match &row.chain {
        Identity::Nowhere => "not reported".into(),
        Identity::InHead(field) => format!("in the same answer, {}", shown_field(field)),
        Identity::Asked(question) => shown_question(question),
    };
    let mut facts = vec![("newest block", shown_question(&row.head)), ("chain", chain)];
    let limits = row.limit_codes.iter().map(|code| format!("code {code}"));
    let limits = limits.chain(row.limit_words.iter().map(|words| format!("`{words}` in the answer")));
    facts.push(("rate limit, besides 429", limits.collect::<Vec<_>>().join(", ")));
    facts.push(("not synced yet", row.unsynced.iter().map(shown_sign).collect::<Vec<_>>().join(", ")));
    facts.push(("source", source.into()));
    text += "| | |\n| --- | --- |\n";
    for (what, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        writeln!(text, "| {what} | {fact} |").unwrap();
    }
    text
}

/// Lines of the usual width.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + word.len() < 100 {
            *line += &format!(" {word}");
        } else {
            lines.push(word.into());
        }
    }
    lines.join("\n")
}

fn example(row: &Row) -> String {
    let About { network, chain_id, url, login, .. } = row.about;
    let is_plain = chain_id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let chain_id = if is_plain { chain_id.to_owned() } else { format!("\"{chain_id}\"") };
    // Behind the host, which is behind two slashes.
    let path = url.splitn(4, '/').nth(3).map_or(String::new(), |path| format!("/{path}"));
    let login = if login.is_empty() { String::new() } else { format!("        {login}\n") };
    format!(
        "```yaml
networks:
  - name: {network}
    protocol: {}
    chain_id: {chain_id}
    references:
      - https://reference-1.example.org{path}
      - https://reference-2.example.org{path}
    watched:
      - name: my-node
        url: {url}
{login}```
",
        row.name
    )
}

fn shown_question(question: &Question) -> String {
    let request = match &question.request {
        Request::Get { path } => format!("`GET {path}`"),
        Request::Post { body, .. } => format!("`POST` `{body}`"),
        Request::Rpc { .. } => format!("`POST` `{}`", question.request.body(1).unwrap()),
    };
    let statuses = match question.accepted {
        [200] => String::new(),
        other => format!(", status {}", other.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")),
    };
    format!("{request}: {}{statuses}", shown_field(&question.field))
}

fn shown_field(Field { pointer, form }: &Field) -> String {
    let form = match form {
        Form::Hex => "a string with 0x",
        Form::Decimal => "a string of digits",
        Form::Number => "a number",
        Form::Text => "text",
    };
    format!("`{pointer}`, {form}")
}

fn shown_sign(sign: &Unsynced) -> String {
    match sign {
        Unsynced::Code(code) => format!("code {code}"),
        Unsynced::Zero => "block 0".into(),
        Unsynced::Absent(pointer) => format!("no `{pointer}`"),
        Unsynced::Says(pointer, text) => format!("`{pointer}` is \"{text}\""),
    }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/chains.md")
}

#[test]
fn the_document_is_that_of_the_table() {
    let document = document();
    if env::var("HEADLAG_GOLDEN").is_ok_and(|it| it == "write") {
        fs::write(file(), &document).unwrap();
    }
    let written = fs::read_to_string(file()).unwrap_or_default();
    assert!(
        written == document,
        "docs/chains.md is stale; rewrite it: HEADLAG_GOLDEN=write cargo test -p headlag-exporter document"
    );
}

#[test]
fn every_example_is_a_config() {
    let document = document();
    let examples = document.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let mut names = Vec::new();
    for example in examples {
        let environment = |_: &str| Some("s3cret".to_owned());
        let config = crate::config::read(example, "".as_ref(), &environment);
        let config = config.unwrap_or_else(|problems| panic!("{problems:?}\n{example}"));
        assert!(config.networks[0].chain_id.is_some());
        names.push(config.networks[0].protocol.name);
    }
    let expected = rows().iter().map(|row| row.name).chain([JSON, JSON]);
    assert_eq!(names, expected.collect::<Vec<_>>());
}
