//! Each config of `docs/scaling.md`, as it is there, in the programs that it is for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

#[path = "../anvil/mod.rs"]
mod anvil;
#[path = "../charts/mod.rs"]
mod charts;
mod configs;
#[cfg(feature = "compat")]
mod cortex;
mod document;
mod pair;
mod remote_write;
#[cfg(feature = "compat")]
mod thanos;
mod watched;
