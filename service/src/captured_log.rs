//! What is logged while a test runs.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{Dispatch, dispatcher::DefaultGuard};

/// The log of this thread.
pub struct CapturedLog {
    text: Text,
    _guard: DefaultGuard,
    _another: Dispatch,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    /// Captures from now on, until this is dropped.
    pub fn begin() -> Self {
        let text = Text::default();
        let writer = text.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        // Beside a single subscriber, a thread without one could speak for all.
        let another = Dispatch::new(tracing_subscriber::registry());
        Self { text, _guard: tracing::subscriber::set_default(subscriber), _another: another }
    }

    /// How often it has `what`.
    pub fn count(&self, what: &str) -> usize {
        let bytes = self.text.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).matches(what).count()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
