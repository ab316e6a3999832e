//! The outside world of headlag, for tests and for people: a simulated
//! Polygon-like network and its nodes, a stand-in for the Telegram Bot API, a
//! real Prometheus with a week of history, a real Alertmanager, and the two
//! services as separate processes.
//!
//! The crate depends on neither service: it knows of them what
//! their users know, the flags and the metrics.

pub mod alertmanager;
pub mod backfill;
pub mod chain;
pub mod clock;
pub mod config;
pub mod exporter;
pub mod exposition;
pub mod nodes;
pub mod once;
pub mod package;
pub mod page;
pub mod process;
pub mod prometheus;
pub mod routes;
pub mod rules;
mod script;
pub mod server;
pub mod switch;
pub mod telegram;
pub mod victoria_metrics;
pub mod world;
