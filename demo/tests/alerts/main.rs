//! The way of an alert on real parts. Only Telegram is a stand-in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod alertmanager;
