//! The only place that reads the clocks; what computes with time has it passed in.
#![allow(clippy::disallowed_methods, reason = "this is that place")]

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The monotonic clock: the runtime's, which tests can pause.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// How much time has passed since `begin`.
pub fn since(begin: Instant) -> Duration {
    now().saturating_duration_since(begin)
}

/// The wall clock of this machine.
pub fn wall() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// All source files with their text.
    fn sources(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        let files = files.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
        files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
    }

    /// clippy.toml keeps the clocks out; this keeps out the runtime and the network.
    #[test]
    fn what_is_marked_pure_does_no_input_or_output() {
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let pure: Vec<_> = sources.iter().filter(|(_, text)| text.starts_with("//! PURE")).collect();
        assert!(pure.len() > 10, "{}", pure.len());
        for (path, text) in pure {
            let (product, _) = text.split_once("#[cfg(test)]").unwrap_or((text, ""));
            for impure in ["tokio", "reqwest::Client", "std::fs", "std::net", "clock::"] {
                assert!(!product.contains(impure), "{path} is marked PURE and uses {impure}");
            }
        }
    }
}
