//! The way of an alert on real parts: EVM nodes, exporter, Prometheus with the shipped rules,
//! Alertmanager, chart bot. Only Telegram is a stand-in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod alertmanager;
#[path = "../anvil/mod.rs"]
mod anvil;
#[cfg(feature = "compat")]
#[path = "../judge/mod.rs"]
mod judge;
mod parts;
#[path = "../patience/mod.rs"]
mod patience;
mod way;
