//! A Telegram bot that draws the lag of blockchain nodes from Prometheus.
//!
//! A library so that `make fuzz` reaches its parsers; the program is `main.rs`.

mod alerts;
mod chart;
mod chat;
pub mod cli;
mod clock;
mod config;
mod drawing;
mod foreign;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod labels;
mod metrics;
mod picture;
mod reload;
mod remote;
mod samples;
mod serve;
mod telegram;
mod web;
mod words;

pub use self::{
    config::{Flags, TOKEN_VARIABLE},
    drawing::{Drawing, draw},
    serve::serve,
};
