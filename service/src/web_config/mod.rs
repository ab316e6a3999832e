//! `--web.config.file`: TLS, logins and headers of a listener, in the format of Prometheus'
//! exporter-toolkit.
//!
//! Source: <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>.

mod client_certificate;
pub(crate) mod files;
pub(crate) mod logins;
mod password;
mod protection;
mod rate;
pub(crate) mod rules;
pub(crate) mod san;
mod tls;
mod value;

use std::path::Path;

pub use self::{
    protection::{Protection, Unprotected},
    rules::Rules,
    tls::Tls,
};
use crate::yaml::report::Report;

/// What the file at `path` demands.
///
/// # Errors
/// Every problem in one report, without a key or a hash.
pub fn load(path: &Path) -> Result<Rules, Report> {
    rules::load(path, &mut files::Files::default())
}
