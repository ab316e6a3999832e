//! The picture of a network: a square card that answers what is wrong, since when, how bad, and
//! whether it is still so, on a phone and without its caption.

mod axes;
mod canvas;
mod card;
mod curve;
mod encode;
mod excursion;
mod font;
mod gap;
mod head;
mod layout;
mod legend;
mod lines;
mod paint;
mod palette;
mod plot;
mod scale;
mod shape;
mod smooth;
mod strip;
mod texture;
mod timeaxis;
mod trace;
mod values;

use jiff::tz::TimeZone;
use plotters::drawing::DrawingAreaErrorKind;

pub use self::card::Card;
use crate::words::Words;

/// The colours a chart is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on near black.
    Dark,
}

impl Theme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// Its word in commands and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }
}

/// Why there is no picture. None of it depends on the card.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The embedded font cannot be read.
    #[error("the embedded font is broken")]
    Font(#[from] ab_glyph::InvalidFont),
    /// The picture could not be drawn.
    #[error("the chart could not be drawn")]
    Paint(#[from] DrawingAreaErrorKind<canvas::CanvasError>),
    /// The picture could not be written as PNG.
    #[error("the chart could not be written as PNG")]
    Encode(#[from] png::EncodingError),
}

/// Draws a card as a PNG of 1280×1280 pixels, with its times in `zone`. Takes some ten
/// milliseconds of CPU time: not for a thread that others wait for.
///
/// # Errors
/// None of them depends on the card.
pub fn draw(card: &Card, zone: &TimeZone, theme: Theme, words: &Words) -> Result<Vec<u8>, DrawError> {
    let fonts = font::Fonts::embedded()?;
    let layout = layout::Layout::new(card, zone, words, &fonts);
    let pixels = paint::paint(&layout, theme, &fonts)?;
    Ok(encode::encode(&pixels)?)
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod tests;
