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
    no_answer: Rgb,
    no_consensus: Rgb,
    not_scraped: Rgb,
}

/// Dark on white. Nodes, and what leaves the corridor, in colours of Okabe and Ito, which
/// people with any kind of colour vision tell apart.
pub const LIGHT: Palette = Palette {
    ground: (255, 255, 255),
    text: (27, 32, 44),
    muted: (100, 107, 121),
    grid: (226, 229, 234),
    axis: (107, 114, 128),
    corridor: (75, 82, 97),
    best: (140, 146, 157),
    nodes: [(0x00, 0x72, 0xB2), (0x00, 0x9E, 0x73), (0xCC, 0x79, 0xA7), (0xE6, 0x9F, 0x00)],
    outside: (0xD5, 0x5E, 0x00),
    no_answer: (142, 149, 163),
    no_consensus: (176, 181, 191),
    not_scraped: (184, 189, 198),
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
        Ink::MissingGround(_) => 0.10,
        _ => 1.0,
    }
}
