//! The signals that end a service, and the one that makes it reload.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A future that is ready at the first SIGTERM or SIGINT, and gives its name.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn stop_signal() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

/// Every SIGHUP from now on; several that are not yet received are one.
///
/// # Errors
/// When the handler cannot be installed.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
