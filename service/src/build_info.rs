//! Which build this is: the same in `--version` and in the metric `build_info`.

/// The version of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit this was built from: `HEADLAG_REVISION` at build time, else what git had
/// checked out, else `unknown`.
pub const REVISION: &str = env!("HEADLAG_REVISION");

/// What `--version` shows behind the program's name.
pub const VERSION_AND_REVISION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("HEADLAG_REVISION"), ")");
