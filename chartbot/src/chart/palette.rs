//! Which colour every ink is.

use plotters::style::RGBAColor;

use super::shape::Ink;
use crate::series::Cause;

/// Red, green, blue.
type Rgb = (u8, u8, u8);

/// The colours of a theme.
pub struct Palette {
    ground: Rgb,
    text: Rgb,
    muted: Rgb,
    grid: Rgb,
    axis: Rgb,
    corridor: Rgb,
    best: Rgb,
    nodes: [Rgb; super::layout::NODE_COLOURS],
    outside: Rgb,
    /// The same for letters, which need more contrast than lines.
    outside_text: Rgb,
    no_answer: Rgb,
    no_consensus: Rgb,
    not_scraped: Rgb,
}

/// Dark on white. Blue, green and vermillion of Okabe and Ito, which people with any kind of
/// colour vision tell apart; their other colours are too pale for a line on white, so the
/// purple is darkened and a brown stands in for the orange.
pub const LIGHT: Palette = Palette {
    ground: (255, 255, 255),
    text: (27, 32, 44),
    muted: (100, 107, 121),
    grid: (226, 229, 234),
    axis: (107, 114, 128),
    corridor: (75, 82, 97),
    best: (140, 146, 157),
    nodes: [(0x00, 0x72, 0xB2), (0x00, 0x9E, 0x73), (0xA0, 0x40, 0x80), (0x5B, 0x3A, 0x00)],
    outside: (0xD5, 0x5E, 0x00),
    outside_text: (0xB4, 0x4D, 0x00),
    no_answer: (62, 68, 82),
    no_consensus: (134, 140, 152),
    not_scraped: (134, 140, 152),
};

impl Palette {
    pub fn colour(&self, ink: Ink) -> RGBAColor {
        let (red, green, blue) = match ink {
            Ink::Ground => self.ground,
            Ink::Text => self.text,
            Ink::Muted => self.muted,
            Ink::Grid => self.grid,
            Ink::Axis => self.axis,
            Ink::Corridor => self.corridor,
            Ink::Best | Ink::BestBand => self.best,
            Ink::Node(place) | Ink::NodeBand(place) => {
                let mut colours = self.nodes.iter().copied().cycle();
                colours.nth(place).unwrap_or(self.text)
            }
            Ink::Outside | Ink::OutsideFill => self.outside,
            Ink::OutsideText => self.outside_text,
            Ink::Missing(cause) | Ink::MissingGround(cause) => match cause {
                Cause::NoAnswer => self.no_answer,
                Cause::NoConsensus => self.no_consensus,
                Cause::NotScraped => self.not_scraped,
            },
        };
        RGBAColor(red, green, blue, opacity(ink))
    }
}

fn opacity(ink: Ink) -> f64 {
    match ink {
        Ink::BestBand => 0.25,
        Ink::NodeBand(_) => 0.28,
        Ink::OutsideFill => 0.22,
        Ink::MissingGround(Cause::NoAnswer) => 0.22,
        Ink::MissingGround(_) => 0.10,
        _ => 1.0,
    }
}
