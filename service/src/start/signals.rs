//! The signals that end a service.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// A future that is ready at the first SIGTERM or SIGINT, and gives its name. SIGHUP is
/// handled from now on, too, and only logged.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn stop_signal() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return "SIGTERM",
                _ = interrupt.recv() => return "SIGINT",
                // Unhandled it would end the process, which nobody expects of a service.
                _ = hangup.recv() => tracing::warn!("SIGHUP has no effect; restart to load a new configuration"),
            }
        }
    })
}
