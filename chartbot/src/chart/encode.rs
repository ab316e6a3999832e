//! Pixels -> a small PNG file.
//!
//! A chart has few colours: the inks, and mixtures of them at their edges. So the file
//! holds a table of 256 colours and a byte a pixel, a third of what there would be to
//! compress. Colours that no eye can tell apart share a place in the table.

use tiny_skia::{Pixmap, PremultipliedColorU8};

/// What a byte can number.
const COLOURS: usize = 256;
/// Bits that are kept of each part of a colour to find its likes.
const BITS: usize = 5;
/// On from here a higher level takes twice the time and saves a tenth of the file.
const LEVEL: u8 = 3;

type Rgb = [u8; 3];

/// Colours that differ in their last bits only.
#[derive(Debug, Clone, Copy, Default)]
struct Likes {
    /// Whichever of them is in the longest run: an ink rather than a mixture.
    colour: Rgb,
    longest: usize,
    /// How many pixels have one of them.
    count: usize,
    /// In the table of the file.
    place: u8,
}

/// The picture as a PNG file.
pub fn encode(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let mut all = vec![Likes::default(); 1 << (3 * BITS)];
    for run in runs(pixels) {
        count(&mut all, rgb(run), run.len());
    }
    let palette = palette(&mut all);
    let mut bytes = Vec::with_capacity(pixels.pixels().len());
    for run in runs(pixels) {
        bytes.resize(bytes.len() + run.len(), all[likes(rgb(run))].place);
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_deflate_compression(png::DeflateCompression::Level(LEVEL));
    // Filters guess a pixel from its neighbours, which numbers of colours do not allow.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(file)
}

/// Equal neighbours, row after row.
fn runs(pixels: &Pixmap) -> impl Iterator<Item = &[PremultipliedColorU8]> {
    pixels.pixels().chunk_by(|a, b| a == b)
}

fn rgb(run: &[PremultipliedColorU8]) -> Rgb {
    run.first().map_or([0; 3], |it| [it.red(), it.green(), it.blue()])
}

/// Where the likes of a colour are counted.
fn likes(colour: Rgb) -> usize {
    colour.into_iter().fold(0, |place, part| place << BITS | usize::from(part) >> (8 - BITS))
}

fn count(all: &mut [Likes], colour: Rgb, length: usize) {
    let likes = &mut all[likes(colour)];
    likes.count += length;
    if length > likes.longest {
        likes.longest = length;
        likes.colour = colour;
    }
}

/// The most frequent colours; the others become the nearest of these.
fn palette(all: &mut [Likes]) -> Vec<Rgb> {
    let mut seen: Vec<&mut Likes> = all.iter_mut().filter(|it| it.count > 0).collect();
    seen.sort_by_key(|it| std::cmp::Reverse(it.count));
    let palette: Vec<Rgb> = seen.iter().take(COLOURS).map(|it| it.colour).collect();
    for (rank, likes) in seen.into_iter().enumerate() {
        let nearest = || (0..=u8::MAX).zip(&palette).min_by_key(|(_, it)| distance(&likes.colour, it));
        likes.place = u8::try_from(rank).ok().or_else(|| Some(nearest()?.0)).unwrap_or_default();
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
    fn rare_colours_become_the_nearest_frequent_ones() {
        let frequent = (0..=255).map(|i: u8| ([i / 8 * 8, i % 8 * 8, 0], 2));
        let mut all = vec![Likes::default(); 1 << (3 * BITS)];
        let odd = [([7, 3, 0], 1), ([200, 0, 9], 1), ([255, 99, 0], 1)];
        for (colour, length) in frequent.chain(odd) {
            count(&mut all, colour, length);
        }
        let palette = palette(&mut all);
        assert_eq!(palette.len(), COLOURS);
        let shown = |colour: Rgb| palette[usize::from(all[likes(colour)].place)];
        // An ink stays what it is, a mixture like it becomes the ink.
        assert_eq!(shown([0, 0, 0]), [0, 0, 0]);
        assert_eq!(shown([7, 3, 0]), [0, 0, 0]);
        assert_eq!(shown([200, 0, 9]), [200, 0, 0]);
        assert_eq!(shown([255, 99, 0]), [248, 56, 0]);
    }
}
