//! From questions in PromQL to what a card and a caption say.

pub mod answer;
pub mod client;
pub mod grid;
pub mod history;
pub mod promql;
pub mod spacing;
#[cfg(test)]
pub mod stand;
pub mod survey;
pub mod tally;
