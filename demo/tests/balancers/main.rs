//! The configs of `docs/load-balancers.md`, as they are there, in the programs that they are for, in
//! front of real EVM nodes that a real exporter watches.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

#[path = "../anvil/mod.rs"]
mod anvil;
mod document;
#[path = "../examples/mod.rs"]
mod examples;
mod haproxy;
mod kubernetes;
mod nginx;
#[path = "../patience/mod.rs"]
mod patience;
mod pool;
