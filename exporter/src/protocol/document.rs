//! What `docs/chains.md` repeats from the table.

use std::fmt::Write;

use headlag_service::document::{settle, table};

use super::*;
use crate::limits::{Limits, defaults};

fn settled(part: &str, text: &str) {
    settle(env!("CARGO_MANIFEST_DIR"), "../docs/chains.md", part, text).unwrap();
}

fn overview() -> String {
    let titles = ["protocol", "chains", "block time", "threshold_blocks", "stall_after", "max_lead_blocks"];
    let mut lines = vec![titles.map(String::from)];
    for row in rows() {
        let time = row.block_time.unwrap();
        let Limits { threshold_blocks, stall_after, max_lead_blocks } = defaults(time);
        lines.push([
            format!("[{0}](#{0})", row.name),
            row.about.title.to_owned(),
            format!("{time:?}"),
            threshold_blocks.to_string(),
            format!("{stall_after:?}"),
            max_lead_blocks.to_string(),
        ]);
    }
    let json = ["[json](#json)", "any other with JSON over HTTP", "", "required", "required", "100"];
    lines.push(json.map(String::from));
    table(&lines)
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
      - https://reference-3.example.org{path}
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

#[test]
fn the_table_is_in_the_page() {
    settled("protocols", &overview());
    settled("sections of the protocols", &rows().iter().map(|row| section(row)).collect::<String>());
}

#[test]
fn every_example_is_a_config() {
    let sections: String = rows().iter().map(|row| section(row)).collect();
    let (_, by_hand) = include_str!("../../../docs/chains.md").split_once("\n## json\n").unwrap();
    let text = sections + by_hand;
    let examples = text.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
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
