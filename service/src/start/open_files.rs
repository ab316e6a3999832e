//! The limit of open files.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one: the common 1,024 is less than
/// a few networks and their scrapers may need. Logs what to do where the hard one is below
/// `needed`.
pub fn raise_open_files(needed: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    let raised = setrlimit(Resource::Nofile, limit);
    if let Err(error) = raised {
        tracing::debug!(%error, "could not raise the limit of open files");
    }
    let in_force = if raised.is_ok() { limit.maximum } else { before };
    if let Some(problem) = shortage(in_force, needed) {
        tracing::warn!("{problem}");
    }
}

/// What is wrong with a limit, and what to do; absent where it is enough or there is none.
fn shortage(limit: Option<u64>, needed: u64) -> Option<String> {
    let limit = limit.filter(|limit| *limit < needed)?;
    Some(format!(
        "at most {limit} files may be open, and {needed} may be needed; raise the hard limit of open files: \
         LimitNOFILE= of the systemd unit, ulimits of the container, or ulimit -n in the shell"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_low_is_reported_with_what_to_do() {
        assert_eq!(shortage(None, 10_000), None);
        assert_eq!(shortage(Some(10_000), 10_000), None);
        assert_eq!(
            shortage(Some(1024), 10_256).unwrap(),
            "at most 1024 files may be open, and 10256 may be needed; raise the hard limit of open files: \
             LimitNOFILE= of the systemd unit, ulimits of the container, or ulimit -n in the shell"
        );
    }
}
