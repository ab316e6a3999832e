//! The embedded typeface: how wide a text is, and the outlines of its letters.

use std::collections::HashSet;

use ab_glyph::{Font as _, FontRef, InvalidFont, OutlineCurve};

use super::shape::{Point, Rect};

/// How far letters reach above and below their baseline, in parts of the size.
const ASCENT: f32 = 0.76;
const DESCENT: f32 = 0.22;
/// Height of a capital, in parts of the size: what looks like the middle of a text is half of it.
const CAPITAL: f32 = 0.727;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    SemiBold,
}

/// The two weights of the typeface that pictures are written in.
pub struct Fonts {
    regular: FontRef<'static>,
    semi_bold: FontRef<'static>,
}

impl Fonts {
    pub fn embedded() -> Result<Fonts, InvalidFont> {
        let face = |bytes| FontRef::try_from_slice(bytes);
        Ok(Fonts {
            regular: face(include_bytes!("../../fonts/Inter-Regular.ttf"))?,
            semi_bold: face(include_bytes!("../../fonts/Inter-SemiBold.ttf"))?,
        })
    }

    /// Width of a text in pixels, when an em has `size` pixels.
    pub fn width(&self, text: &str, weight: Weight, size: f32) -> f32 {
        let face = self.face(weight);
        let advance = |sign| face.h_advance_unscaled(face.glyph_id(sign));
        text.chars().map(advance).sum::<f32>() * scale(face, size)
    }

    /// The text, or as much of its begin and end as `room` pixels hold around a "…":
    /// names of machines often differ in their last letters only.
    pub fn fitted(&self, text: &str, weight: Weight, size: f32, room: f32) -> String {
        self.cut(text, weight, size, room, 2)
    }

    /// The texts, each [`Fonts::fitted`]. Where that makes two of them alike, all keep more of
    /// their end, as far as needed to differ.
    pub fn fitted_apart(&self, texts: &[&str], weight: Weight, size: f32, room: f32) -> Vec<String> {
        let cut =
            |part| -> Vec<String> { texts.iter().map(|it| self.cut(it, weight, size, room, part)).collect() };
        let apart = |cut: &Vec<String>| cut.iter().collect::<HashSet<_>>().len() == texts.len();
        [2, 4, usize::MAX].into_iter().map(cut).find(apart).unwrap_or_else(|| cut(2))
    }

    /// The text, or as much of it as fits, of which one `part`th is its begin.
    fn cut(&self, text: &str, weight: Weight, size: f32, room: f32, part: usize) -> String {
        if self.width(text, weight, size) <= room {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let cut = |kept: usize| {
            let (begin, end) = letters.split_at(if part > kept { 0 } else { kept.div_ceil(part) });
            let end = end.get(end.len() - (kept - begin.len())..).unwrap_or_default();
            let (begin, end): (String, String) = (begin.iter().collect(), end.iter().collect());
            format!("{}…{}", begin.trim_end(), end.trim_start())
        };
        let counts: Vec<usize> = (0..letters.len()).collect();
        let fitting = counts.partition_point(|kept| self.width(&cut(*kept), weight, size) <= room);
        fitting.checked_sub(1).map(cut).unwrap_or_default()
    }

    /// The curves of a text whose baseline begins at `origin`, in pixels; glyph by glyph.
    pub fn outlines(&self, text: &str, weight: Weight, size: f32, origin: Point) -> Vec<Vec<OutlineCurve>> {
        let face = self.face(weight);
        let scale = scale(face, size);
        let mut x = origin.x;
        text.chars()
            .map(|sign| {
                let glyph = face.glyph_id(sign);
                let left = x;
                x += face.h_advance_unscaled(glyph) * scale;
                let place = |p: ab_glyph::Point| ab_glyph::point(left + p.x * scale, origin.y - p.y * scale);
                let curves = face.outline(glyph).map_or_else(Vec::new, |it| it.curves);
                curves
                    .into_iter()
                    .map(|curve| match curve {
                        OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
                        OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
                        OutlineCurve::Cubic(a, b, c, d) => {
                            OutlineCurve::Cubic(place(a), place(b), place(c), place(d))
                        }
                    })
                    .collect()
            })
            .collect()
    }

    fn face(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::SemiBold => &self.semi_bold,
        }
    }
}

fn scale(face: &FontRef<'static>, size: f32) -> f32 {
    size / face.units_per_em().unwrap_or(1000.0)
}

/// The box of a text `width` wide whose baseline begins at `left`, `baseline`.
pub fn frame(left: f32, baseline: f32, width: f32, size: f32) -> Rect {
    Rect { left, top: baseline - ASCENT * size, right: left + width, bottom: baseline + DESCENT * size }
}

/// Where the baseline runs in a box made by [`frame`] whose upper edge is `top`.
pub fn baseline(top: f32, size: f32) -> f32 {
    top + ASCENT * size
}

/// The baseline of a text whose capitals and digits have their middle at `y`.
pub fn centred(y: f32, size: f32) -> f32 {
    y + CAPITAL / 2.0 * size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        samples::state::State,
        words::{CHART_ENGLISH, CHART_RUSSIAN, ChartWords},
    };

    #[test]
    fn every_sign_of_the_pictures_is_in_the_font() {
        let fonts = Fonts::embedded().unwrap();
        let signs = "azAZ09 ·±−+–…,.:_-/()%".to_owned();
        let texts = [CHART_ENGLISH, CHART_RUSSIAN].iter().map(said).collect::<String>();
        for sign in signs.chars().chain(texts.chars()) {
            for weight in [Weight::Regular, Weight::SemiBold] {
                assert_ne!(fonts.face(weight).glyph_id(sign).0, 0, "{sign:?}");
            }
        }
    }

    /// Everything that a language can put into a picture.
    fn said(words: &ChartWords) -> String {
        let mut said = [words.weekdays.concat(), words.months.concat(), words.of_months.concat()].concat();
        said.extend([words.marks.0, words.marks.1]);
        said.extend(words.powers.into_iter().chain([words.unit, words.best, words.others]));
        said.extend(State::ALL.into_iter().map(words.state));
        said += &(words.outside)(None);
        said += &(words.outside)(Some("5"));
        said += &(words.data_since)("", "");
        said
    }

    #[test]
    fn long_names_keep_their_begin_and_end() {
        let fonts = Fonts::embedded().unwrap();
        let fitted = |text, room| fonts.fitted(text, Weight::Regular, 30.0, room);
        assert_eq!(fitted("my-node", 200.0), "my-node");
        let short = fitted("polygon-mainnet-archive-eu-west-01", 200.0);
        assert!(short.starts_with("polyg") && short.ends_with("t-01"), "{short}");
        assert!(fonts.width(&short, Weight::Regular, 30.0) <= 200.0);
        assert_eq!(fitted("anything", 3.0), "");
    }

    #[test]
    fn names_that_would_look_alike_keep_more_of_their_end() {
        let fonts = Fonts::embedded().unwrap();
        let fitted = |names: &[&str]| fonts.fitted_apart(names, Weight::Regular, 30.0, 200.0);
        let [one, two] = ["polygon-mainnet-archive-eu-west-01", "polygon-mainnet-archive-us-east-01"];
        let alone = fonts.fitted(one, Weight::Regular, 30.0, 200.0);
        assert_eq!(fitted(&[one, "bor"]), [alone.as_str(), "bor"]);
        let both = fitted(&[one, two]);
        assert_ne!(both[0], both[1]);
        assert!(both.iter().all(|it| it.ends_with("st-01")), "{both:?}");
        assert!(both.iter().all(|it| fonts.width(it, Weight::Regular, 30.0) <= 200.0), "{both:?}");
        // Where nothing helps, they are cut as usual.
        let middle = |sign: char| format!("{}{sign}{}", "a".repeat(31), "b".repeat(31));
        let [one, two] = ['x', 'y'].map(middle);
        assert_eq!(fitted(&[&one, &two])[0], fonts.fitted(&one, Weight::Regular, 30.0, 200.0));
    }
}
