//! What both headlag services need, and nothing of the domain.
//!
//! A new file here needs two users.

pub mod build_info;
#[cfg(test)]
mod captured_log;
pub mod document;
pub mod exposition;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod invisible;
pub mod outbound;
pub mod process;
pub mod purity;
pub mod reply;
pub mod secret_file;
pub mod server;
pub mod start;
pub mod text_file;
pub mod web_config;
pub mod yaml;
