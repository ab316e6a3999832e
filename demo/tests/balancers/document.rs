//! What `docs/load-balancers.md` says.

use crate::examples::blocks;

const DOCUMENT: &str = include_str!("../../../docs/load-balancers.md");

/// The only config in this language.
pub fn config(language: &str) -> &'static str {
    let found: Vec<&str> = blocks(DOCUMENT, language).collect();
    let [config] = found[..] else { panic!("{} configs in {language}", found.len()) };
    config
}
