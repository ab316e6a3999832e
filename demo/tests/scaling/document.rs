//! What `docs/scaling.md` says.

use std::path::Path;

use crate::examples::{blocks, readdressed};

const DOCUMENT: &str = include_str!("../../../docs/scaling.md");

/// A whole file of the document: its name and what it is about, as in its first line, and its text.
pub type File = (&'static str, &'static str);

/// Every config file.
pub fn files() -> Vec<File> {
    let titled = |text: &'static str| (text.lines().next().unwrap().strip_prefix("# ").unwrap(), text);
    blocks(DOCUMENT, "yaml").map(titled).collect()
}

/// The config file whose first line begins like this.
pub fn file(title: &str) -> &'static str {
    let found = files().into_iter().find(|(of, _)| of.starts_with(title));
    found.unwrap_or_else(|| panic!("no file '{title}' in the document")).1
}

/// The arguments of a command whose line begins like this.
pub fn arguments(command: &str) -> &'static str {
    let mut lines = blocks(DOCUMENT, "sh").flat_map(str::lines);
    let found = lines.find_map(|line| line.strip_prefix(command));
    found.unwrap_or_else(|| panic!("no '{command}' in the document"))
}

/// The number in the last column of the row that begins with this.
pub fn figure(row: &str) -> usize {
    let mut rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| ")?.strip_prefix(row));
    let cells = rows.next().unwrap_or_else(|| panic!("no row '{row}' in the document"));
    let number = cells.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
    number.trim().replace(',', "").parse().unwrap()
}

/// Makes a `prometheus.yml` of the document fit a test: other addresses, a scrape each second. No
/// host of the document is left in it.
pub fn fitted(config: &str, addresses: &[(&str, String)]) -> String {
    let mut config = readdressed(config, addresses);
    // Nothing listens there.
    for absent in ["chartbot:9918", "alertmanager:9093", "prometheus-b:9090"] {
        config = config.replace(absent, "127.0.0.1:1");
    }
    config.replace("scrape_interval: 15s", "scrape_interval: 1s")
}

/// Puts the shipped rules where the configs of the document look for them.
pub fn put_rules(folder: &Path, change: impl Fn(&str) -> String) {
    std::fs::create_dir(folder.join("rules")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let files = std::fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|of| of == "yml")) {
        let rules = change(&std::fs::read_to_string(&file).unwrap());
        std::fs::write(folder.join("rules").join(file.file_name().unwrap()), rules).unwrap();
    }
}
