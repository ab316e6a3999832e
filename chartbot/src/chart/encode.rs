//! Pixels -> a small PNG file.
//!
//! A chart has few colours: the inks, and mixtures of them at their edges. So the file
//! holds a table of 256 colours and one byte per pixel, a third of the data to compress.
//! Colours that look the same share a place in the table.

use png::{DeflateCompression, Filter};
use tiny_skia::{Pixmap, PremultipliedColorU8};

/// The number of values of a byte.
const COLOURS: usize = 256;
/// Bits of each part of a colour by which similar colours are grouped.
const BITS: usize = 5;
/// From the quickest to the smallest: a third of the time of the second one for half as much
/// again. "Up" turns what a row has in common with the one above it into zeros, on which the
/// first one rests; the second one finds longer repetitions without it.
const WAYS: [(DeflateCompression, Filter); 2] =
    [(DeflateCompression::FdeflateUltraFast, Filter::Up), (DeflateCompression::Level(3), Filter::NoFilter)];
/// A file that is larger than this is compressed in the next way.
const ENOUGH: usize = 100 * 1_024;

type Rgb = [u8; 3];

/// Colours that differ only in their last bits.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// The one with the longest run: an ink rather than a mixture.
    colour: Rgb,
    longest: usize,
    /// How many pixels have one of these colours.
    count: usize,
    /// Its place in the table of the file.
    place: u8,
}

/// The picture as a PNG file.
pub fn encode(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let mut all = vec![Group::default(); 1 << (3 * BITS)];
    let runs: Vec<(Rgb, usize)> = runs(pixels).map(|run| (rgb(run), run.len())).collect();
    for (colour, length) in &runs {
        count(&mut all, *colour, *length);
    }
    let palette = palette(&mut all);
    let mut bytes = Vec::with_capacity(pixels.pixels().len());
    for (colour, length) in runs {
        bytes.resize(bytes.len() + length, all[group(colour)].place);
    }
    let palette = palette.concat();
    let mut file = Vec::new();
    for (compression, filter) in WAYS {
        file.clear();
        let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette.as_slice());
        encoder.set_deflate_compression(compression);
        encoder.set_filter(filter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&bytes)?;
        writer.finish()?;
        if file.len() <= ENOUGH {
            break;
        }
    }
    Ok(file)
}

/// Equal neighbours, row after row.
fn runs(pixels: &Pixmap) -> impl Iterator<Item = &[PremultipliedColorU8]> {
    pixels.pixels().chunk_by(|a, b| a == b)
}

fn rgb(run: &[PremultipliedColorU8]) -> Rgb {
    run.first().map_or([0; 3], |it| [it.red(), it.green(), it.blue()])
}

/// The place of the group of a colour.
fn group(colour: Rgb) -> usize {
    colour.into_iter().fold(0, |place, part| place << BITS | usize::from(part) >> (8 - BITS))
}

fn count(all: &mut [Group], colour: Rgb, length: usize) {
    let group = &mut all[group(colour)];
    group.count += length;
    if length > group.longest {
        group.longest = length;
        group.colour = colour;
    }
}

/// The most frequent colours; the others become the nearest of these.
fn palette(all: &mut [Group]) -> Vec<Rgb> {
    let mut seen: Vec<&mut Group> = all.iter_mut().filter(|it| it.count > 0).collect();
    seen.sort_by_key(|it| std::cmp::Reverse(it.count));
    let palette: Vec<Rgb> = seen.iter().take(COLOURS).map(|it| it.colour).collect();
    for (rank, group) in seen.into_iter().enumerate() {
        let nearest = || (0..=u8::MAX).zip(&palette).min_by_key(|(_, it)| distance(&group.colour, it));
        group.place = u8::try_from(rank).ok().or_else(|| Some(nearest()?.0)).unwrap_or_default();
    }
    palette
}

fn distance(a: &Rgb, b: &Rgb) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_the_quick_way_makes_too_large_is_compressed_further() {
        let mut pixels = Pixmap::new(640, 640).unwrap();
        // Rows that differ, each of which comes back later.
        for (i, pixel) in pixels.pixels_mut().iter_mut().enumerate() {
            let (x, y) = (i % 640, i / 640 % 40);
            let shade = (((x + 7) * (y + 3) * 2_654_435) >> 9) as u8;
            *pixel = PremultipliedColorU8::from_rgba(shade, shade / 2, 0, 255).unwrap();
        }
        assert!(encode(&pixels).unwrap().len() < ENOUGH);
    }

    #[test]
    fn rare_colours_become_the_nearest_frequent_ones() {
        let frequent = (0..=255).map(|i: u8| ([i / 8 * 8, i % 8 * 8, 0], 2));
        let mut all = vec![Group::default(); 1 << (3 * BITS)];
        let odd = [([7, 3, 0], 1), ([200, 0, 9], 1), ([255, 99, 0], 1)];
        for (colour, length) in frequent.chain(odd) {
            count(&mut all, colour, length);
        }
        let palette = palette(&mut all);
        assert_eq!(palette.len(), COLOURS);
        let shown = |colour: Rgb| palette[usize::from(all[group(colour)].place)];
        // An ink keeps its colour, a similar mixture becomes the ink.
        assert_eq!(shown([0, 0, 0]), [0, 0, 0]);
        assert_eq!(shown([7, 3, 0]), [0, 0, 0]);
        assert_eq!(shown([200, 0, 9]), [200, 0, 0]);
        assert_eq!(shown([255, 99, 0]), [248, 56, 0]);
    }
}
