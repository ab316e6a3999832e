//! The card: a square picture that answers what is wrong, since when, how bad, and whether it is
//! still so, on a phone and without its caption.

mod head;
mod layout;
mod numbers;
mod paint;
pub mod palette;
mod plot;
mod scale;
pub mod state;
mod strip;
mod texture;

#[cfg(test)]
pub mod scenes;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

use self::state::State;
use super::{DrawError, Theme, encode, font::Fonts};
use crate::{
    samples::grid::{Envelope, Grid},
    words::Language,
};

/// All that a card shows, as plain data. Values are blocks from the median: below zero is behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The state of the title, and the colour of its dot.
    pub state: State,
    /// The verdict in words: "27 blocks behind".
    pub title: String,
    /// The network's name, at most 32 characters.
    pub network: String,
    /// The rest of the second line: "since 18:57, growing". Empty where there is nothing to say.
    pub since: String,
    /// First moment of the plot, in unix seconds: where data begins.
    pub from: i64,
    /// Last moment of the plot, in unix seconds.
    pub until: i64,
    /// The columns of everything below.
    pub grid: Grid,
    /// The watched nodes, the worst first: the one that the title is about. At least one.
    pub nodes: Vec<Node>,
    /// What the strip says of the nodes that it leaves out: "and 2 more, ok".
    pub more: Option<String>,
    /// The best reference.
    pub best: Vec<Option<Envelope>>,
    /// Half the height of the corridor at that time; absent when unknown.
    pub threshold: Vec<Option<f64>>,
    /// When the first node will be level at its present pace, in unix seconds; absent unless it
    /// is catching up steadily.
    pub level_at: Option<i64>,
    /// The last line, left and right: the range with its date, the references.
    pub foot: [String; 2],
}

/// One node of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name, at most 63 characters.
    pub name: String,
    /// What was seen in each column; absent where there was no lag.
    pub seen: Vec<Option<Envelope>>,
    /// The states of each column with their shares, which add up to 1 at most.
    pub states: Vec<Vec<(State, f32)>>,
    /// Its newest sample; absent where there is no present lag.
    pub now: Option<Now>,
    /// Its worst sample; absent without samples.
    pub worst: Option<Worst>,
}

/// The newest sample of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Now {
    /// Blocks from the median.
    pub offset: f64,
    /// The time behind, as text: "54 s". Absent where it is unknown or zero.
    pub behind: Option<String>,
}

/// The worst sample of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// Blocks from the median.
    pub offset: f64,
    /// When it was taken, in unix seconds.
    pub at: i64,
}

/// Draws a card as a PNG of 1280×1280 pixels. Takes some ten milliseconds of CPU time: not for a
/// thread that others wait for.
///
/// # Errors
/// None of them depends on the card.
pub fn draw(card: &Card, zone: &TimeZone, theme: Theme, language: Language) -> Result<Vec<u8>, DrawError> {
    let fonts = Fonts::embedded()?;
    let layout = layout::Layout::new(card, zone, language, &fonts);
    let pixels = paint::paint(&layout, theme, &fonts)?;
    Ok(encode::encode(&pixels)?)
}
