//! PURE: whose turn it is. Every chat has a line of its own, answered one by one, so that no chat
//! waits for another; one that asks without end is slowed down.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

/// How many answers a chat gets without a pause.
const BURST: u32 = 10;
/// After that, one answer in so long.
const PERIOD: Duration = Duration::from_secs(3);
/// How many requests of a chat may wait; of more, the newest are kept.
const WAITING: usize = 5;

/// What came of a request that joined a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// The line was empty: the caller has to begin to answer it.
    Begins,
    /// It will be its turn, or it took the place of an older press on the same message.
    Waits,
    /// It will be its turn too, but the oldest was dropped for it.
    Crowded {
        /// Whether it is the first time since the line was empty.
        first: bool,
    },
}

/// What to do for a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<T> {
    /// Answer this.
    Go(T),
    /// Look again after so long: this chat has to wait.
    Pause(Duration),
    /// Nothing is left.
    Done,
}

/// The lines of all chats. Only the private chats of users who may talk to the bot, and alert
/// chats, get here, so there are no more lines than entries on both lists. All members of a group
/// share one line.
#[derive(Debug)]
pub struct Turns<T> {
    lines: HashMap<i64, Line<T>>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { lines: HashMap::new() }
    }
}

#[derive(Debug)]
struct Line<T> {
    /// The message of which a button was pressed, and the request.
    waiting: VecDeque<(Option<i32>, T)>,
    busy: bool,
    crowded: bool,
    /// When all answers without a pause will be available again.
    rested: Option<Instant>,
}

impl<T> Turns<T> {
    /// A request joins the line of its chat. A press on `message` replaces an older one
    /// that still waits: of a burst only the newest counts.
    pub fn join(&mut self, chat: i64, message: Option<i32>, request: T) -> Joined {
        let line = self.lines.entry(chat).or_insert_with(|| Line {
            waiting: VecDeque::new(),
            busy: false,
            crowded: false,
            rested: None,
        });
        let same = line.waiting.iter().position(|(on, _)| message.is_some() && *on == message);
        if let Some(older) = same {
            line.waiting.remove(older);
        }
        line.waiting.push_back((message, request));
        if line.waiting.len() > WAITING {
            line.waiting.pop_front();
            return Joined::Crowded { first: !std::mem::replace(&mut line.crowded, true) };
        }
        if std::mem::replace(&mut line.busy, true) { Joined::Waits } else { Joined::Begins }
    }

    /// What comes next in the line of `chat`.
    pub fn next(&mut self, chat: i64, now: Instant) -> Turn<T> {
        let Some(line) = self.lines.get_mut(&chat) else {
            return Turn::Done;
        };
        let rested = line.rested.unwrap_or(now).max(now) + PERIOD;
        if !line.waiting.is_empty() {
            let pause = rested.duration_since(now).saturating_sub(PERIOD * BURST);
            if pause > Duration::ZERO {
                return Turn::Pause(pause);
            }
        }
        match line.waiting.pop_front() {
            Some((_, request)) => {
                line.rested = Some(rested);
                Turn::Go(request)
            }
            None => {
                line.busy = false;
                line.crowded = false;
                Turn::Done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn of_a_burst_on_one_message_the_newest_wins() {
        let (mut turns, now) = (Turns::default(), clock::now());
        assert_eq!(turns.join(7, Some(1), "1h"), Joined::Begins);
        assert_eq!(turns.next(7, now), Turn::Go("1h"));
        for press in ["1d", "1w", "1h again"] {
            assert_eq!(turns.join(7, Some(1), press), Joined::Waits);
        }
        turns.join(7, Some(2), "another message");
        turns.join(7, None, "/hour");
        turns.join(7, None, "/day");
        assert_eq!(turns.join(8, Some(1), "another user"), Joined::Begins);
        for next in ["1h again", "another message", "/hour", "/day"] {
            assert_eq!(turns.next(7, now), Turn::Go(next));
        }
        assert_eq!(turns.next(7, now), Turn::Done);
        assert_eq!(turns.join(7, Some(1), "1d"), Joined::Begins);
    }

    #[test]
    fn a_user_who_asks_without_end_is_slowed_down_and_no_other() {
        let (mut turns, start) = (Turns::default(), clock::now());
        for i in 0..BURST {
            turns.join(7, None, i);
            assert_eq!(turns.next(7, start), Turn::Go(i));
        }
        turns.join(7, None, 99);
        assert_eq!(turns.next(7, start), Turn::Pause(PERIOD));
        turns.join(8, None, 1);
        assert_eq!(turns.next(8, start), Turn::Go(1));
        assert_eq!(turns.next(7, start + PERIOD), Turn::Go(99));
        turns.join(7, None, 100);
        assert_eq!(turns.next(7, start + PERIOD), Turn::Pause(PERIOD));
        let much_later = start + PERIOD * 1_000;
        assert_eq!(turns.next(7, much_later), Turn::Go(100));
        assert_eq!(turns.next(7, much_later), Turn::Done);
    }

    #[test]
    fn a_line_is_bounded_and_that_is_reported_once() {
        let (mut turns, now) = (Turns::default(), clock::now());
        let joined: Vec<_> = (0..8).map(|i| turns.join(7, None, i)).collect();
        assert_eq!(joined[0], Joined::Begins);
        assert_eq!(joined[4], Joined::Waits);
        assert_eq!(joined[5], Joined::Crowded { first: true });
        assert_eq!(joined[6..], [Joined::Crowded { first: false }; 2]);
        let answered: Vec<_> = (3..8).map(|i| turns.next(7, now) == Turn::Go(i)).collect();
        assert_eq!(answered, [true; 5]);
        assert_eq!(turns.next(7, now), Turn::Done);
    }
}
