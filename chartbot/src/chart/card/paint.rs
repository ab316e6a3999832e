//! Draws the layout of a card with plotters.

use plotters::{drawing::DrawingAreaErrorKind, style::RGBAColor};
use tiny_skia::Pixmap;

use super::{
    layout::{Layout, Mark, PICTURE},
    palette,
};
use crate::chart::{Theme, canvas::CanvasError, font::Fonts, paint::Brush, shape::Ink};

/// The picture of a card.
pub fn paint(
    layout: &Layout,
    theme: Theme,
    fonts: &Fonts,
) -> Result<Pixmap, DrawingAreaErrorKind<CanvasError>> {
    let size = (PICTURE.width() as u32, PICTURE.height() as u32);
    let mut pixels = Pixmap::new(size.0, size.1).ok_or(DrawingAreaErrorKind::LayoutError)?;
    let colour = |ink| colour(ink, theme);
    let brush = Brush::new(&mut pixels, fonts, &colour)?;
    for mark in layout.under.iter().chain(&layout.data) {
        match mark {
            Mark::Line(line) => brush.lines(std::slice::from_ref(line))?,
            Mark::Area(area) => brush.areas(std::slice::from_ref(area))?,
            Mark::Disc(disc) => brush.discs(std::slice::from_ref(disc))?,
        }
    }
    for label in &layout.labels {
        brush.label(label)?;
    }
    drop(brush);
    Ok(pixels)
}

fn colour(ink: Ink, theme: Theme) -> RGBAColor {
    let ((red, green, blue), opacity) = match ink {
        Ink::Card(ink) => palette::colour(ink, theme),
        Ink::Ground => (palette::ground(theme), 1.0),
        other => return theme.palette().colour(other),
    };
    RGBAColor(red, green, blue, opacity)
}
