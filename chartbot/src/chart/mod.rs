//! The picture of a network's history.

mod axes;
mod canvas;
#[cfg(test)]
mod card;
mod curve;
mod encode;
mod excursion;
mod font;
mod gap;
mod head;
mod lane;
mod layout;
mod legend;
mod notes;
mod paint;
mod palette;
mod plot;
mod scale;
mod shape;
mod smooth;
mod timeaxis;
mod trace;

use jiff::tz::TimeZone;
use plotters::drawing::DrawingAreaErrorKind;

use crate::{samples::grid::History, words::ChartWords};

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
    fn palette(self) -> &'static palette::Palette {
        match self {
            Theme::Light => &palette::LIGHT,
            Theme::Dark => &palette::DARK,
        }
    }
}

/// Why there is no picture. None of it depends on the history.
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

/// Draws a history as a PNG of 1280×800 pixels, with its times in `zone` and its texts in
/// the language of `words`. Takes some ten milliseconds of CPU time: not for a thread that
/// others wait for.
pub fn draw(
    history: &History,
    zone: &TimeZone,
    theme: Theme,
    words: &ChartWords,
) -> Result<Vec<u8>, DrawError> {
    let fonts = font::Fonts::embedded()?;
    let layout = layout::Layout::new(history, zone, words, &fonts);
    let pixels = paint::paint(&layout, theme.palette(), &fonts)?;
    Ok(encode::encode(&pixels)?)
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod tests;
