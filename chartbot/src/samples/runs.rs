//! PURE: since when the present state lasts.

/// For how many of a sample's own times another state may interrupt one without ending it: one
/// lost or odd sample is no change.
pub const ODD: f64 = 2.0;

/// A time in one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run<S> {
    /// In unix seconds.
    pub begin: f64,
    /// In unix seconds.
    pub end: f64,
    /// What it is all that time.
    pub state: S,
}

/// Puts together what follows on its like.
pub fn runs<S: PartialEq + Copy>(spans: impl Iterator<Item = (f64, f64, S)>) -> Vec<Run<S>> {
    let mut runs: Vec<Run<S>> = Vec::new();
    for (begin, end, state) in spans {
        match runs.last_mut() {
            Some(last) if last.state == state => last.end = end,
            _ => runs.push(Run { begin, end, state }),
        }
    }
    runs
}

/// When the last of these runs began, looking over interruptions of at most `odd` seconds by
/// other states; and whether it reaches back to the very first moment, so that it may have begun
/// earlier. Absent without runs.
#[must_use]
pub fn since<S: PartialEq + Copy>(runs: &[Run<S>], odd: f64) -> Option<(f64, bool)> {
    let (last, earlier) = runs.split_last()?;
    let (mut begin, mut earlier) = (last.begin, earlier);
    loop {
        // What is between this run and the one before it in the same state.
        let same = earlier.iter().rposition(|run| run.state == last.state);
        match same {
            Some(same) if begin - earlier[same].end <= odd => {
                begin = earlier[same].begin;
                earlier = &earlier[..same];
            }
            // An interruption at the very edge may have the same state before it.
            None => return Some((begin, begin - runs[0].begin <= odd)),
            Some(_) => return Some((begin, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States by letters, each for 15 s, and when the last began.
    #[track_caller]
    fn check(states: &str, want: (f64, bool)) {
        let spans = states.chars().enumerate().map(|(i, state)| {
            let begin = i as f64 * 15.0;
            (begin, begin + 15.0, state)
        });
        assert_eq!(since(&runs(spans), 30.0), Some(want), "{states}");
    }

    #[test]
    fn an_odd_sample_or_two_do_not_begin_it_anew() {
        check("oooobbbb", (60.0, false));
        check("bbbbobbb", (0.0, true));
        check("obbbboobbb", (15.0, true));
        check("ooobbbboobbb", (45.0, false));
        check("bbbbooobbb", (105.0, false));
        check("ooobobobob", (45.0, false));
        check("bbbbb", (0.0, true));
        check("bbbbo", (60.0, false));
        // Two different states may make up one interruption.
        check("bbbbuobbb", (0.0, true));
        check("bbbbuuobbb", (105.0, false));
    }
}
