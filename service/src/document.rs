//! What pages in `docs/` repeat from the code, for the tests that keep them the same: parts of a page
//! between two comments, and the tables in them.
//!
//! `make docs` writes the parts; what is around them is written by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    sync::Mutex,
};

use clap::{Arg, Command};

/// Compares `part` of a page with `text`, or writes it there where `HEADLAG_GOLDEN` is `write`. The
/// page is named from `folder`.
///
/// # Errors
/// A sentence that says what to do, where the page is stale or lacks the part.
pub fn settle(folder: &str, page: &str, part: &str, text: &str) -> Result<(), String> {
    // Tests run side by side, and a page may have several parts.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let path = format!("{folder}/{page}");
    let written = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let renewed = renewed(&written, part, text).ok_or_else(|| {
        format!("{page} has no part {part:?}; put its two comments where it belongs: {}", frame(part, "…"))
    })?;
    if renewed == written {
        return Ok(());
    }
    if env::var("HEADLAG_GOLDEN").is_ok_and(|it| it == "write") {
        return fs::write(&path, renewed).map_err(|error| format!("cannot write {path}: {error}"));
    }
    Err(format!("{page} is stale in its part {part:?}; write it: make docs"))
}

fn frame(part: &str, text: &str) -> String {
    format!("<!-- {part}: written by make docs -->\n\n{}\n\n<!-- end of {part} -->", text.trim())
}

/// The page with `text` as its part; absent where it has no such part.
fn renewed(page: &str, part: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {part}: "), format!("<!-- end of {part} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{}{after}", frame(part, text)))
}

/// Settles what the pages say of a program's command line: its flags and its commands.
///
/// # Errors
/// As [`settle`].
pub fn settle_command_line(folder: &str, program: &Command) -> Result<(), String> {
    let name = program.get_name();
    let settled = [
        settle(folder, "../docs/configuration.md", &format!("flags of {name}"), &arguments(program)),
        settle(folder, "../docs/commands.md", &format!("commands of {name}"), &commands(program)),
    ];
    // Every stale page is named, not the first alone.
    let stale: Vec<_> = settled.into_iter().filter_map(Result::err).collect();
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n")) }
}

/// A table of what a program or a command takes, without what its parent takes as well.
fn arguments(command: &Command) -> String {
    let shown = |arg: &&Arg| !["help", "version"].contains(&arg.get_id().as_str());
    let mut arguments: Vec<_> = command.get_arguments().filter(shown).collect();
    arguments.sort_by_key(|arg| arg.get_long());
    let titles = ["flag", "environment", "meaning", "default"].map(String::from);
    let rows: Vec<_> = [titles].into_iter().chain(arguments.into_iter().map(argument)).collect();
    table(&rows)
}

fn argument(arg: &Arg) -> [String; 4] {
    let value = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let name = match arg.get_long() {
        None => format!("`{value}`"),
        Some(long) if arg.get_action().takes_values() => format!("`--{long} {value}`"),
        Some(long) => format!("`--{long}`"),
    };
    let variable = arg.get_env().map(|name| format!("`{}`", name.to_string_lossy()));
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut meaning = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let values = arg.get_possible_values();
    if arg.get_action().takes_values() && !values.is_empty() {
        let names: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        meaning += &format!(": {}", names.join(", "));
    }
    let defaults = arg.get_default_values().iter().map(|value| value.to_string_lossy());
    let defaults: Vec<_> = defaults.filter(|value| !value.is_empty()).map(|it| format!("`{it}`")).collect();
    let required = if arg.is_required_set() { "required" } else { "" };
    let default = if defaults.is_empty() { required.into() } else { defaults.join(", ") };
    [name, variable.unwrap_or_default(), meaning, default]
}

/// A section for each command of a program: what it does, how it is called, what it takes.
fn commands(program: &Command) -> String {
    let mut text = String::new();
    for command in program.get_subcommands() {
        let (of, name) = (program.get_name(), command.get_name());
        let about = command.get_long_about().or(command.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "### {of} {name}\n\n");
        for paragraph in about.split("\n\n") {
            let _ = write!(text, "{}.\n\n", paragraph.trim_end_matches('.'));
        }
        if command.get_arguments().next().is_some() {
            let _ = writeln!(text, "{}", arguments(command));
        }
    }
    text
}

/// A table of the metrics in an exposition. Labels whose values belong to a closed set, such as states,
/// are listed with them.
#[must_use]
pub fn metrics(exposition: &str, closed: &[&str]) -> String {
    let mut rows = vec![["metric", "type", "labels", "meaning"].map(String::from)];
    for family in exposition.split("# HELP ").skip(1) {
        let Some((head, samples)) = family.split_once('\n') else { continue };
        let Some((name, help)) = head.split_once(' ') else { continue };
        let kind = samples.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
        rows.push([
            format!("`{name}`"),
            kind.into(),
            labels(samples, closed),
            format!("{}.", help.trim_end_matches('.')),
        ]);
    }
    table(&rows)
}

fn labels(samples: &str, closed: &[&str]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in samples.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, rest)) = line.split_once('{') else { continue };
        let pairs = rest.split('}').next().unwrap_or_default().split("\",");
        for (name, value) in pairs.filter_map(|pair| pair.trim_end_matches('"').split_once("=\"")) {
            if !names.contains(&name) && name != "le" {
                names.push(name);
            }
            values.entry(name).or_default().insert(value);
        }
    }
    let shown = names.into_iter().map(|name| match values.get(name) {
        Some(known) if closed.contains(&name) => {
            let known: Vec<_> = known.iter().map(|value| format!("`{value}`")).collect();
            format!("`{name}`: {}", known.join(", "))
        }
        _ => format!("`{name}`"),
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// A table in Markdown; the first row has the titles. A column without any text is left out.
#[must_use]
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let is_used = |column: &usize| rows.iter().skip(1).any(|row| !row[*column].is_empty());
    let used: Vec<usize> = (0..N).filter(is_used).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<_> = used.iter().map(|column| row[*column].replace('|', "\\|")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "| {} |", vec!["---"; used.len()].join(" | "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::builder::PossibleValuesParser;

    use super::*;

    #[test]
    fn only_the_part_between_its_comments_changes() {
        let page = "a\n<!-- x: by hand -->\nold\n<!-- end of x -->\nb\n";
        let new = "a\n<!-- x: written by make docs -->\n\nnew\n\n<!-- end of x -->\nb\n";
        assert_eq!(renewed(page, "x", "new\n").unwrap(), new);
        assert_eq!(renewed(new, "x", "new").unwrap(), new);
        assert_eq!(renewed(page, "y", "new"), None);
    }

    #[test]
    fn a_stale_page_is_named_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let page = "<!-- x: written by make docs -->\n\nold\n\n<!-- end of x -->\n";
        std::fs::write(folder.path().join("page.md"), page).unwrap();
        let settled = |part, text| settle(folder.path().to_str().unwrap(), "page.md", part, text);
        assert_eq!(settled("x", "old"), Ok(()));
        assert!(settled("y", "old").unwrap_err().starts_with("page.md has no part \"y\";"));
        if env::var_os("HEADLAG_GOLDEN").is_none() {
            assert_eq!(
                settled("x", "new").unwrap_err(),
                "page.md is stale in its part \"x\"; write it: make docs"
            );
        }
    }

    #[test]
    fn a_flag_is_a_row_with_its_variable_and_default() {
        let command = Command::new("x")
            .arg(
                Arg::new("a").long("a.b").value_name("N").env("X_A_B").default_value("1").help("One\nor two"),
            )
            .subcommand(
                Command::new("y").about("Does it\n\nso").arg(
                    Arg::new("z")
                        .value_name("Z")
                        .required(true)
                        .value_parser(PossibleValuesParser::new(["p", "q"])),
                ),
            );
        assert_eq!(
            arguments(&command),
            "| flag | environment | meaning | default |\n| --- | --- | --- | --- |\n\
             | `--a.b N` | `X_A_B` | One or two | `1` |\n"
        );
        assert_eq!(
            commands(&command),
            "### x y\n\nDoes it.\n\nso.\n\n| flag | meaning | default |\n| --- | --- | --- |\n\
             | `Z` | : `p`, `q` | required |\n\n"
        );
    }

    #[test]
    fn a_family_is_a_row_with_its_labels() {
        let text = "# HELP a_total Some words\n# TYPE a_total counter\na_total{node=\"x\",reason=\"p\"} 0\n\
                    a_total{node=\"x\",reason=\"q\"} 0\n# HELP b More.\n# TYPE b gauge\nb 1\n";
        assert_eq!(
            metrics(text, &["reason"]),
            "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n\
             | `a_total` | counter | `node`; `reason`: `p`, `q` | Some words. |\n| `b` | gauge |  | More. |\n"
        );
    }
}
