//! The picture of a network's history.

mod canvas;
mod curve;
mod excursion;
mod font;
mod gap;
mod lane;
mod layout;
mod legend;
mod notes;
mod paint;
mod palette;
mod plot;
mod ranking;
mod scale;
mod shape;
mod timeaxis;
mod trace;

use jiff::tz::TimeZone;
use plotters::drawing::DrawingAreaErrorKind;
use tiny_skia::Pixmap;

pub use ranking::NODES_AT_MOST;

use crate::{series::History, text::CHART_ENGLISH};

/// The colours a chart is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
}

impl Theme {
    fn palette(self) -> &'static palette::Palette {
        match self {
            Theme::Light => &palette::LIGHT,
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

/// Draws a history as a PNG of 1280×800 pixels, with its times in `zone`. Takes some tens of
/// milliseconds of computing: not for a thread that others wait for.
pub fn draw(history: &History, zone: &TimeZone, theme: Theme) -> Result<Vec<u8>, DrawError> {
    let fonts = font::Fonts::embedded()?;
    let layout = layout::Layout::new(history, zone, &CHART_ENGLISH, &fonts);
    let pixels = paint::paint(&layout, theme.palette(), &fonts)?;
    Ok(encode(&pixels)?)
}

fn encode(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let mut rgb = Vec::with_capacity(pixels.pixels().len() * 3);
    for pixel in pixels.pixels() {
        rgb.extend_from_slice(&[pixel.red(), pixel.green(), pixel.blue()]);
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Of all settings tried the smallest files within some ten milliseconds: filters only
    // disturb even grounds.
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
