//! Each config of `docs/scaling.md`, as it is there, in the programs that it is for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

#[path = "../charts/mod.rs"]
mod charts;
mod configs;
#[cfg(feature = "compat")]
mod cortex;
mod document;
#[path = "../examples/mod.rs"]
mod examples;
mod pair;
#[path = "../patience/mod.rs"]
mod patience;
mod remote_write;
#[cfg(feature = "compat")]
mod thanos;
mod watched;
