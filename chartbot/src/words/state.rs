//! PURE: the states of nodes and networks in words: the sign, the name and the title that
//! picture, caption and `/status` have in common.

use super::Words;
use crate::samples::state::State;

/// The sign before a state in texts.
#[must_use]
pub fn sign(state: State) -> &'static str {
    match state {
        _ if state.is_alarm() => "🔴",
        State::Ok => "🟢",
        State::Ahead => "🔵",
        State::Halted => "⏸",
        _ => "⚪",
    }
}

/// The state in a sentence: the title of a picture. `lag` is how many blocks behind the node
/// is, below zero ahead; `seconds` how long ago the median passed its block.
#[must_use]
pub fn title(state: State, lag: Option<f64>, seconds: Option<f64>, words: &Words) -> String {
    let blocks = lag.map(|lag| (words.lag)(0.0 - lag, seconds));
    match (state, blocks) {
        (State::Behind | State::Ahead, Some(blocks)) => blocks,
        (State::Stalled, Some(blocks)) => format!("{}, {blocks}", (words.chart.state)(state)),
        (State::Halted, _) => words.halted.to_owned(),
        _ => (words.chart.state)(state).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{ENGLISH, RUSSIAN};

    #[test]
    fn the_title_is_in_words() {
        for (state, lag, seconds, english, russian) in [
            (State::Ok, Some(2.0), None, "level", "не отстаёт"),
            (State::Behind, Some(27.0), None, "27 blocks behind", "отстаёт на 27 блоков"),
            (State::Behind, Some(1.0), Some(2.0), "1 block (2 s) behind", "отстаёт на 1 блок (2 с)"),
            (
                State::Stalled,
                Some(1_535.0),
                None,
                "stalled, 1,535 blocks behind",
                "стоит, отстаёт на 1 535 блоков",
            ),
            (State::Stalled, None, None, "stalled", "стоит"),
            (State::Ahead, Some(-9.0), Some(0.0), "9 blocks ahead", "опережает на 9 блоков"),
            (State::Halted, Some(0.0), None, "the chain has halted", "сеть остановилась"),
            (State::Unreachable, None, None, "no answer", "не отвечает"),
        ] {
            let spaced = |words| title(state, lag, seconds, words).replace('\u{a0}', " ");
            assert_eq!(spaced(&ENGLISH), english);
            assert_eq!(spaced(&RUSSIAN), russian);
        }
        assert_eq!(
            title(State::Behind, Some(27.0), Some(54.0), &ENGLISH),
            "27\u{a0}blocks (54\u{a0}s) behind"
        );
    }

    #[test]
    fn every_state_has_its_sign() {
        let signs: String = State::ALL.into_iter().map(sign).collect();
        assert_eq!(signs, "🔴🔴🔴🔴⚪⚪⚪⏸🔵🟢⚪");
    }
}
