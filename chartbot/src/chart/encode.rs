//! Pixels -> a small PNG file.
//!
//! A chart has few colours: the inks, and mixtures of them at their edges. So the file
//! holds a table of 256 colours and a byte a pixel, a third of what there would be to
//! compress. A picture with more mixtures than that keeps the frequent ones; each of the
//! others becomes the nearest of these, which no eye can tell.

use std::collections::HashMap;

use tiny_skia::Pixmap;

/// What a byte can number.
const COLOURS: usize = 256;

type Rgb = [u8; 3];

/// The picture as a PNG file.
pub fn encode(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let runs = runs(pixels);
    let (palette, places) = palette(&runs);
    let mut bytes = Vec::with_capacity(pixels.pixels().len());
    for (colour, length) in runs {
        let place = places.get(&colour).copied().unwrap_or_default();
        bytes.resize(bytes.len() + length, place);
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::Balanced);
    // Filters guess a pixel from its neighbours, which numbers of colours do not allow.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(file)
}

/// Equal neighbours, row after row.
fn runs(pixels: &Pixmap) -> Vec<(Rgb, usize)> {
    let mut runs: Vec<(Rgb, usize)> = Vec::new();
    for pixel in pixels.pixels() {
        let colour = [pixel.red(), pixel.green(), pixel.blue()];
        match runs.last_mut() {
            Some((last, length)) if *last == colour => *length += 1,
            _ => runs.push((colour, 1)),
        }
    }
    runs
}

/// The most frequent colours, and for every colour the place of the one that stands for it.
fn palette(runs: &[(Rgb, usize)]) -> (Vec<Rgb>, HashMap<Rgb, u8>) {
    let mut counts: HashMap<Rgb, usize> = HashMap::new();
    for (colour, length) in runs {
        *counts.entry(*colour).or_default() += length;
    }
    let mut colours: Vec<(Rgb, usize)> = counts.into_iter().collect();
    // Of equally frequent ones always the same, so that equal charts are equal files.
    colours.sort_unstable_by(|(a, often), (b, rare)| rare.cmp(often).then(a.cmp(b)));
    let colours: Vec<Rgb> = colours.into_iter().map(|(colour, _)| colour).collect();
    let palette: Vec<Rgb> = colours.iter().take(COLOURS).copied().collect();
    let places = colours.iter().map(|colour| {
        let near = (0_u8..=u8::MAX).zip(&palette).min_by_key(|(_, it)| distance(colour, it));
        (*colour, near.map_or(0, |(place, _)| place))
    });
    let places = places.collect();
    (palette, places)
}

fn distance(a: &Rgb, b: &Rgb) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_colours_become_the_nearest_frequent_ones() {
        let frequent = (0..=255).map(|i| ([i, 0, 0], 2));
        let runs: Vec<_> = frequent.chain([([7, 3, 0], 1), ([200, 0, 9], 1)]).collect();
        let (palette, places) = palette(&runs);
        assert_eq!(palette.len(), COLOURS);
        let shown = |colour: Rgb| palette[usize::from(places[&colour])];
        assert_eq!(shown([255, 0, 0]), [255, 0, 0]);
        assert_eq!(shown([7, 3, 0]), [7, 0, 0]);
        assert_eq!(shown([200, 0, 9]), [200, 0, 0]);
    }
}
