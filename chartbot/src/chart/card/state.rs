//! PURE: the states of nodes and networks as people see them. One table for picture, caption,
//! `/status`, page and dashboards.

use crate::words::Language;

/// What a card can say about a node or its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The node gave no usable block.
    Unreachable,
    /// The node is on another chain.
    WrongChain,
    /// The node's block does not rise while the network advances.
    Stalled,
    /// The node is below the corridor.
    Behind,
    /// Prometheus has no samples: nothing is known about the node.
    NotScraped,
    /// Too few references answer.
    NoConsensus,
    /// The references contradict each other.
    Split,
    /// No node's block rises.
    Halted,
    /// The node is above the corridor.
    Ahead,
    /// The node is within the corridor.
    Ok,
    /// The exporter is scraped, but no longer reports the node.
    Gone,
}

/// The texture of a state in the strip, so that none depends on colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texture {
    /// Filled.
    Solid,
    /// Filled, with two lines in the colour of the ground along it.
    Lined,
    /// Stripes at 45°.
    Striped,
    /// Stripes at 45° in both directions.
    Crossed,
    /// Dots.
    Dotted,
    /// An outline alone.
    Outlined,
    /// Nothing at all.
    Blank,
}

impl State {
    /// All of them, the worst first: the order in which a card ranks nodes.
    pub const ALL: [State; 11] = [
        State::Unreachable,
        State::WrongChain,
        State::Stalled,
        State::Behind,
        State::NotScraped,
        State::NoConsensus,
        State::Split,
        State::Halted,
        State::Ahead,
        State::Ok,
        State::Gone,
    ];

    /// Its place in [`State::ALL`]: 0 is the worst.
    pub fn rank(self) -> usize {
        self as usize
    }

    /// Whether it is shown in the alarm colour.
    pub fn is_alarm(self) -> bool {
        matches!(self, State::Unreachable | State::WrongChain | State::Stalled | State::Behind)
    }

    /// The sign before it in texts.
    pub fn sign(self) -> &'static str {
        match self {
            _ if self.is_alarm() => "🔴",
            State::Ok => "🟢",
            State::Ahead => "🔵",
            State::Halted => "⏸",
            _ => "⚪",
        }
    }

    /// Its texture in the strip.
    pub fn texture(self) -> Texture {
        match self {
            State::Ok | State::Behind | State::Ahead | State::Halted => Texture::Solid,
            State::Stalled => Texture::Lined,
            State::Unreachable => Texture::Striped,
            State::WrongChain => Texture::Crossed,
            State::NoConsensus | State::Split => Texture::Dotted,
            State::NotScraped => Texture::Outlined,
            State::Gone => Texture::Blank,
        }
    }

    /// The title of a card: the verdict. `offset` is the node's block minus the median, where
    /// that is known.
    pub fn title(self, offset: Option<f64>, language: Language) -> String {
        let blocks = offset.map(language.words().offset);
        match (self, blocks) {
            (State::Behind | State::Ahead, Some(blocks)) => blocks,
            (State::Stalled, Some(blocks)) => format!("{}, {blocks}", self.name(language)),
            (State::Halted, _) if language == Language::English => "the chain has halted".to_owned(),
            _ => self.name(language).to_owned(),
        }
    }

    /// Its name in the legend of the strip.
    pub fn name(self, language: Language) -> &'static str {
        let (english, russian) = match self {
            State::Unreachable => ("no answer", "не отвечает"),
            State::WrongChain => ("wrong chain", "подключена к другой сети"),
            State::Stalled => ("stalled", "стоит"),
            State::Behind => ("behind", "отстаёт"),
            State::NotScraped => ("no data in Prometheus", "нет данных в Prometheus"),
            State::NoConsensus => ("no consensus", "нет консенсуса"),
            State::Split => ("references disagree", "эталонные ноды расходятся"),
            State::Halted => ("halted", "сеть остановилась"),
            State::Ahead => ("ahead", "опережает"),
            State::Ok => ("level", "не отстаёт"),
            State::Gone => ("no longer watched", "больше не отслеживается"),
        };
        match language {
            Language::English => english,
            Language::Russian => russian,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Russian};

    #[test]
    fn the_verdict_is_in_words() {
        for (state, offset, english, russian) in [
            (State::Ok, Some(-2.0), "level", "не отстаёт"),
            (State::Behind, Some(-27.0), "27 blocks behind", "отстаёт на 27 блоков"),
            (State::Stalled, Some(-535.0), "stalled, 535 blocks behind", "стоит, отстаёт на 535 блоков"),
            (State::Stalled, None, "stalled", "стоит"),
            (State::Ahead, Some(9.0), "9 blocks ahead", "опережает на 9 блоков"),
            (State::Halted, Some(0.0), "the chain has halted", "сеть остановилась"),
            (State::Unreachable, None, "no answer", "не отвечает"),
        ] {
            assert_eq!(state.title(offset, English), english);
            assert_eq!(state.title(offset, Russian), russian);
        }
    }

    #[test]
    fn the_table_is_in_order_of_rank() {
        for (rank, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(state.rank(), rank);
        }
        let alarms = State::ALL.into_iter().filter(|it| it.is_alarm());
        assert_eq!(alarms.map(State::rank).collect::<Vec<_>>(), [0, 1, 2, 3]);
        let signs: String = State::ALL.into_iter().map(State::sign).collect();
        assert_eq!(signs, "🔴🔴🔴🔴⚪⚪⚪⏸🔵🟢⚪");
    }
}
