//! What both headlag services need, and nothing of the domain.
//!
//! A new file here needs two users.

pub mod auth;
pub mod exposition;
pub mod outbound;
pub mod process;
pub mod server;
pub mod start;
pub mod yaml;
