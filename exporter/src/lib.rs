//! Asks blockchain nodes for their newest block, all at the same instant, and publishes how
//! far each one is behind the median of the references as Prometheus metrics.
//!
//! A library so that tests and benches can play rounds without sockets; the program is
//! `main.rs`.

pub mod answer;
pub mod block;
mod block_time;
pub mod cause;
mod changes;
pub mod cli;
mod clock;
pub mod config;
mod consensus;
pub mod discover;
pub mod explain;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod health;
mod http;
pub mod limits;
mod medians;
mod memory;
mod metrics;
pub mod network;
mod node;
mod page;
pub mod probe;
pub mod protocol;
mod published;
mod query;
mod reload;
pub mod round;
mod schedule;
pub mod serve;
pub mod snapshot;
pub mod verdict;
