//! Which colour every ink is.

use plotters::style::RGBAColor;

use super::shape::Ink;
use crate::samples::grid::Cause;

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
/// colour vision can distinguish; their other colours are too pale for a line on white, so the
/// purple is darkened and a brown replaces the orange.
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
    no_answer: (75, 82, 97),
    no_consensus: (134, 140, 152),
    not_scraped: (134, 140, 152),
};

/// Light on near black; the same hues, brighter where the ground asks for it.
pub const DARK: Palette = Palette {
    ground: (18, 23, 30),
    text: (243, 245, 248),
    muted: (154, 161, 178),
    grid: (42, 48, 58),
    axis: (139, 146, 158),
    corridor: (195, 199, 207),
    best: (140, 146, 157),
    nodes: [(0x56, 0xB4, 0xE9), (0x00, 0x9E, 0x73), (0xE3, 0x9B, 0xC3), (0xF0, 0xE4, 0x42)],
    outside: (0xF2, 0x8C, 0x46),
    outside_text: (0xF2, 0x8C, 0x46),
    no_answer: (178, 184, 196),
    no_consensus: (112, 120, 134),
    not_scraped: (112, 120, 134),
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
                Cause::NoAnswer | Cause::WrongChain => self.no_answer,
                Cause::NoConsensus => self.no_consensus,
                Cause::NotScraped => self.not_scraped,
            },
            #[cfg(test)]
            Ink::Card(_) => self.text,
        };
        RGBAColor(red, green, blue, opacity(ink))
    }
}

fn opacity(ink: Ink) -> f64 {
    match ink {
        Ink::BestBand => 0.25,
        Ink::NodeBand(_) => 0.28,
        Ink::OutsideFill => 0.22,
        Ink::MissingGround(Cause::NoAnswer | Cause::WrongChain) => 0.18,
        Ink::MissingGround(_) => 0.10,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2 defines them
    /// (<https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>).
    fn luminance((red, green, blue): Rgb) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn lines_and_letters_stand_out_from_the_ground() {
        for (theme, it) in [("light", LIGHT), ("dark", DARK)] {
            for letters in [it.text, it.muted, it.outside_text] {
                let contrast = contrast(letters, it.ground);
                assert!(contrast >= 4.5, "{theme} {letters:?}: {contrast}");
            }
            let lines = [it.axis, it.corridor, it.best, it.outside];
            let hatching = [it.no_answer, it.no_consensus, it.not_scraped];
            for line in lines.into_iter().chain(it.nodes).chain(hatching) {
                let contrast = contrast(line, it.ground);
                assert!(contrast >= 3.0, "{theme} {line:?}: {contrast}");
            }
        }
    }

    #[test]
    fn a_node_without_answers_is_the_loudest_gap() {
        for it in [LIGHT, DARK] {
            let quieter = [it.no_consensus, it.not_scraped].map(|colour| contrast(colour, it.ground));
            let loud = contrast(it.no_answer, it.ground);
            assert!(quieter.iter().all(|it| loud >= 2.0 * it), "{loud} {quieter:?}");
        }
    }
}
