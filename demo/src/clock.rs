//! Where the time comes from, and a time that can halt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::chain::Millis;

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The time of this machine.
pub fn wall_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_millis() as Millis
    })
}

/// The time of the simulated chain. While the chain is halted so is its time,
/// and it goes on from there: no height is left out and none comes twice.
pub struct ChainTime {
    clock: Clock,
    halts: Mutex<Halts>,
}

#[derive(Default)]
struct Halts {
    /// By how much the chain is late after all halts so far.
    lost: Millis,
    /// When it halted, in its own time; absent while it runs.
    since: Option<Millis>,
}

impl ChainTime {
    /// The time of a chain that runs as the clock does.
    pub fn new(clock: Clock) -> Self {
        ChainTime { clock, halts: Mutex::default() }
    }

    /// Now, on the chain.
    pub fn now(&self) -> Millis {
        let halts = self.halts();
        halts.since.unwrap_or_else(|| (self.clock)() - halts.lost)
    }

    /// Halts the chain or lets it go on.
    pub fn halt(&self, halted: bool) {
        let mut halts = self.halts();
        match halts.since {
            None if halted => halts.since = Some((self.clock)() - halts.lost),
            Some(since) if !halted => {
                *halts = Halts { lost: (self.clock)() - since, since: None };
            }
            _ => {}
        }
    }

    /// Whether the chain is halted.
    pub fn is_halted(&self) -> bool {
        self.halts().since.is_some()
    }

    fn halts(&self) -> MutexGuard<'_, Halts> {
        self.halts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn a_halted_chain_goes_on_where_it_stopped() {
        let wall = Arc::new(AtomicI64::new(1_000));
        let hands = wall.clone();
        let time = ChainTime::new(Arc::new(move || hands.load(Ordering::Relaxed)));
        let check = |halted, pass, want| {
            time.halt(halted);
            wall.fetch_add(pass, Ordering::Relaxed);
            assert_eq!((time.now(), time.is_halted()), (want, halted));
        };
        check(false, 500, 1_500);
        check(true, 60_000, 1_500);
        check(true, 1_000, 1_500);
        check(false, 20, 1_520);
        check(true, 300, 1_520);
        check(false, 7, 1_527);
    }
}
