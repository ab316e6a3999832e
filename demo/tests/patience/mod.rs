//! The patience that real programs need, and ports for them.

use std::time::Duration;

use headlag_demo::process::Port;
use tokio::time::{Instant, sleep};

/// Starting a program, or one of its rounds and a scrape, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often what is waited for is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Looks until `seen` has something to show.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut seen: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = seen().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        sleep(LOOK).await;
    }
}

/// A port that nothing else listens on.
pub fn free_port() -> Port {
    Port::take(([127, 0, 0, 1], 0).into(), "a test", "").unwrap()
}
