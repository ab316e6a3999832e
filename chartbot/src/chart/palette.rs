//! The colours of a card.

use super::{Theme, curve::Side, shape::Ink};
use crate::samples::state::State;

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// A colour with its opacity.
pub fn colour(ink: Ink, theme: Theme) -> (Rgb, f64) {
    let of = |light: u32, dark: u32| match theme {
        Theme::Light => rgb(light),
        Theme::Dark => rgb(dark),
    };
    let alarm = of(0xD55E00, 0xF5934F);
    let ahead = of(0x3F7FBF, 0x6FA8DC);
    let solid = match ink {
        Ink::Ground => ground(theme),
        Ink::Text => of(0x1B202C, 0xF3F5F8),
        Ink::Muted => of(0x5F6875, 0x9AA3AF),
        Ink::Grid => of(0xE2E5EA, 0x2A303A),
        Ink::Axis => of(0x6B7280, 0x8B929E),
        Ink::Corridor => of(0x4B5261, 0xC3C7CF),
        Ink::Best => of(0x8C929D, 0x8C929D),
        Ink::Fill(state) => match state {
            State::Ok => of(0x7FBFA4, 0x256B4D),
            State::Behind | State::Stalled | State::Unreachable | State::WrongChain => alarm,
            State::Ahead => ahead,
            State::NoConsensus | State::Split => of(0x7F8691, 0x7F8791),
            State::Halted => of(0x2F3646, 0xD5DAE4),
            State::NotScraped | State::Gone => of(0x5F6875, 0x9AA3AF),
        },
        Ink::Tile(state) => match state {
            State::Unreachable | State::WrongChain => of(0xFBE9DF, 0x3A271C),
            State::NoConsensus | State::Split | State::NotScraped => of(0xEEF0F3, 0x20242C),
            _ => ground(theme),
        },
        Ink::Sign(state) => match state {
            State::Ok => of(0x2E7D5B, 0x5DBB93),
            State::Behind | State::Stalled | State::Unreachable | State::WrongChain => of(0xB34A00, 0xF5934F),
            State::Ahead => of(0x2F6FB0, 0x6FA8DC),
            State::Halted => of(0x2F3646, 0xD5DAE4),
            State::NoConsensus | State::Split | State::NotScraped | State::Gone => of(0x5F6875, 0x9AA3AF),
        },
        Ink::Main | Ink::MainBand => of(0x0072B2, 0x56B4E9),
        Ink::Other => of(0x9DB4C4, 0x5B7284),
        Ink::ThinCorridor => of(0xE2E5EA, 0x2A303A),
        Ink::Outside(Side::Below) | Ink::Excursion(Side::Below) => alarm,
        Ink::Outside(Side::Above) | Ink::Excursion(Side::Above) => ahead,
    };
    let opacity = match ink {
        Ink::MainBand => 0.20,
        Ink::Excursion(_) => 0.22,
        _ => 1.0,
    };
    (solid, opacity)
}

/// What everything is drawn on.
fn ground(theme: Theme) -> Rgb {
    match theme {
        Theme::Light => rgb(0xFFFFFF),
        Theme::Dark => rgb(0x14161B),
    }
}

fn rgb(hex: u32) -> Rgb {
    let [_, red, green, blue] = hex.to_be_bytes();
    (red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Triple = [f64; 3];

    /// Linear light as WCAG 2 defines it (<https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>).
    fn linear((red, green, blue): Rgb) -> Triple {
        [red, green, blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: [Triple; 3], it: Triple) -> Triple {
        matrix.map(|row| row.iter().zip(it).map(|(a, b)| a * b).sum())
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |it| times([[0.2126, 0.7152, 0.0722]; 3], linear(it))[0];
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_has_a_contrast_of_five() {
        for theme in Theme::ALL {
            for state in State::ALL {
                let sign = contrast(colour(Ink::Sign(state), theme).0, ground(theme));
                assert!(sign.round() >= 5.0, "{theme:?} {state:?}: {sign:.2}");
            }
            for letters in [Ink::Text, Ink::Muted] {
                assert!(contrast(colour(letters, theme).0, ground(theme)).round() >= 5.0, "{theme:?}");
            }
        }
    }

    /// How colours look to people without one kind of cones: Machado, Oliveira and Fernandes,
    /// 2009, severity 1, on linear light (<https://doi.org/10.1109/TVCG.2009.113>).
    const VISIONS: [(&str, [Triple; 3]); 4] = [
        ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367322, 0.860646, -0.227968],
                [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255528, -0.076749, -0.178779],
                [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ],
        ),
    ];

    /// CIE L*a*b* of linear sRGB under D65 (IEC 61966-2-1, CIE 15).
    fn lab(rgb: Triple) -> Triple {
        let xyz = times(
            [[0.412456, 0.357576, 0.180438], [0.212673, 0.715152, 0.072175], [0.019334, 0.119192, 0.950304]],
            rgb.map(|part| part.clamp(0.0, 1.0)),
        );
        let white = [0.95047, 1.0, 1.08883];
        let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
        let [x, y, z] = [0, 1, 2].map(|i| f(xyz[i] / white[i]));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// CIEDE2000, as in Sharma, Wu and Dalal, 2005 (<https://doi.org/10.1002/col.20070>).
    fn difference([l1, a1, b1]: Triple, [l2, a2, b2]: Triple) -> f64 {
        let (sin, cos) = (|it: f64| it.to_radians().sin(), |it: f64| it.to_radians().cos());
        let bend = |chroma: f64| (chroma.powi(7) / (chroma.powi(7) + 25_f64.powi(7))).sqrt();
        let grey = 1.0 + 0.5 * (1.0 - bend((a1.hypot(b1) + a2.hypot(b2)) / 2.0));
        let (a1, a2) = (a1 * grey, a2 * grey);
        let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
        let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
        let (h1, h2) = (hue(a1, b1), hue(a2, b2));
        let coloured = c1 * c2 > 0.0;
        let turn = if coloured { (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0 } else { 0.0 };
        let mean_hue = match (h1 - h2).abs() {
            _ if !coloured => h1 + h2,
            apart if apart <= 180.0 => (h1 + h2) / 2.0,
            _ if h1 + h2 < 360.0 => (h1 + h2 + 360.0) / 2.0,
            _ => (h1 + h2 - 360.0) / 2.0,
        };
        let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
        let t =
            1.0 - 0.17 * cos(mean_hue - 30.0) + 0.24 * cos(2.0 * mean_hue) + 0.32 * cos(3.0 * mean_hue + 6.0)
                - 0.20 * cos(4.0 * mean_hue - 63.0);
        let light = (l2 - l1) / (1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt());
        let chroma = (c2 - c1) / (1.0 + 0.045 * c);
        let hue = 2.0 * (c1 * c2).sqrt() * sin(turn / 2.0) / (1.0 + 0.015 * c * t);
        let rotation = -2.0 * bend(c) * sin(60.0 * (-((mean_hue - 275.0) / 25.0).powi(2)).exp());
        (light.powi(2) + chroma.powi(2) + hue.powi(2) + rotation * chroma * hue).sqrt()
    }

    #[test]
    fn the_difference_is_that_of_the_published_pairs() {
        for (a, b, want) in [
            ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
            ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
            ([22.7233, 20.0904, -46.6940], [23.0331, 14.9730, -42.5619], 2.0373),
        ] {
            assert!((difference(a, b) - want).abs() < 1e-4, "{a:?} {b:?}");
        }
    }

    #[test]
    fn fills_differ_for_every_kind_of_colour_vision() {
        let solid = [State::Ok, State::Behind, State::Ahead, State::Halted];
        for theme in Theme::ALL {
            let fills = solid.map(|state| colour(Ink::Fill(state), theme).0);
            let all: Vec<Rgb> = fills.into_iter().chain([ground(theme)]).collect();
            for (vision, matrix) in VISIONS {
                let seen: Vec<Triple> = all.iter().map(|it| lab(times(matrix, linear(*it)))).collect();
                for (i, a) in seen.iter().enumerate() {
                    for (j, b) in seen.iter().enumerate().skip(i + 1) {
                        let apart = difference(*a, *b);
                        assert!(apart >= 17.0, "{theme:?} {vision} {:?} {:?}: {apart:.1}", all[i], all[j]);
                    }
                }
            }
        }
    }
}
