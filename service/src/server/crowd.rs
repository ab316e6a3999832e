//! The warning that a host has all the connections that one may have: without it, its clients would
//! see their connections closed, and nothing would say why.

use std::{net::IpAddr, time::Duration};

use tokio::time::Instant;

use super::places::MAX_OF_ONE_HOST;

/// So that a storm of connections does not become one of lines in the log.
const PAUSE: Duration = Duration::from_secs(60);

/// Logs refused connections, at most once in a while.
#[derive(Debug, Default)]
pub struct CrowdLog {
    quiet_until: Option<Instant>,
}

impl CrowdLog {
    /// A further connection from `host` was refused at `now`.
    pub fn refused(&mut self, host: IpAddr, now: Instant) {
        if self.quiet_until.is_some_and(|until| now < until) {
            return;
        }
        self.quiet_until = Some(now + PAUSE);
        tracing::warn!(
            host = %host.to_canonical(),
            limit = MAX_OF_ONE_HOST,
            "closed a new connection, since its host has as many open as one host may have; let its \
             clients reuse connections (further cases are logged at most once a minute)"
        );
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a moment to begin with")]
mod tests {
    use super::*;
    use crate::captured_log::CapturedLog;

    #[test]
    fn a_host_with_too_many_connections_is_named_at_once_and_then_at_most_every_minute() {
        let (log, start) = (CapturedLog::begin(), Instant::now());
        let mut crowd = CrowdLog::default();
        for (second, host, lines) in
            [(0, "::ffff:192.0.2.1", 1), (1, "192.0.2.1", 1), (59, "192.0.2.2", 1), (60, "192.0.2.1", 2)]
        {
            crowd.refused(host.parse().unwrap(), start + Duration::from_secs(second));
            assert_eq!(log.count("host=192.0.2.1 limit=256"), lines, "{second} s");
        }
        assert_eq!(log.count("WARN"), 2);
    }
}
