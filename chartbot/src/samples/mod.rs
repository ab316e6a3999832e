//! From questions in PromQL to what a card and a caption say.

pub mod answer;
pub mod assemble;
pub mod client;
pub mod columns;
pub mod facts;
pub mod frame;
pub mod grid;
pub mod history;
pub mod lookback;
pub mod missing;
pub mod noise;
pub mod past;
pub mod present;
pub mod promql;
pub mod ranking;
pub mod raw;
pub mod recorded;
pub mod runs;
pub mod source;
pub mod spacing;
pub mod spans;
#[cfg(test)]
pub mod stand;
pub mod state;
pub mod sums;
pub mod survey;
pub mod sweep;
pub mod tally;
pub mod timeline;
pub mod trend;
pub mod verdict;
pub mod warning;
