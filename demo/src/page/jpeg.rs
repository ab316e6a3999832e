//! Photos as Telegram shows them: whatever a bot uploads as a photo, people see a JPEG with
//! its chroma halved both ways. Thin coloured lines and small coloured text suffer from that,
//! so a chart has to be looked at in this form.

use std::io::Cursor;

use jpeg_encoder::{ColorType as Pixels, Encoder, SamplingFactor};
use png::{ColorType, Decoder, Transformations};

/// Telegram documents none; this is a usual one for photos.
const QUALITY: u8 = 87;

/// A PNG as such a JPEG; absent for what is no PNG, or is too large for a JPEG.
pub fn of_png(picture: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(Cursor::new(picture));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    pixels.truncate(frame.buffer_size());
    // Transparency is dropped: a JPEG has none.
    let (pixels, kind) = match frame.color_type {
        ColorType::Grayscale => (pixels, Pixels::Luma),
        ColorType::GrayscaleAlpha => (pixels.into_iter().step_by(2).collect(), Pixels::Luma),
        ColorType::Rgba => (pixels, Pixels::Rgba),
        ColorType::Rgb | ColorType::Indexed => (pixels, Pixels::Rgb),
    };
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let (width, height) = (u16::try_from(frame.width).ok()?, u16::try_from(frame.height).ok()?);
    encoder.encode(&pixels, width, height, kind).ok()?;
    Some(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(color: ColorType, depth: png::BitDepth, row: &[u8], palette: Option<&[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 16, 16);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if let Some(palette) = palette {
            encoder.set_palette(palette.to_vec());
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&row.repeat(16)).unwrap();
        writer.finish().unwrap();
        out
    }

    /// Height, width, and the sampling of each component, from the frame's header
    /// (ITU T.81, B.2.2).
    fn frame(jpeg: &[u8]) -> (u16, u16, Vec<u8>) {
        let at = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap() + 5;
        let number = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
        let components = usize::from(jpeg[at + 4]);
        (number(at), number(at + 2), (0..components).map(|index| jpeg[at + 6 + 3 * index]).collect())
    }

    #[test]
    fn any_png_becomes_a_jpeg_with_half_the_chroma_each_way() {
        use png::BitDepth::{Eight, Four, Sixteen};
        let colours = vec![0x22, 0x11, 0x11];
        for (picture, want) in [
            (png(ColorType::Indexed, Four, &[0x01; 8], Some(&[255, 0, 0, 0, 0, 255])), colours.clone()),
            (png(ColorType::Rgb, Eight, &[200; 48], None), colours.clone()),
            (png(ColorType::Rgba, Sixteen, &[200; 128], None), colours),
        ] {
            assert_eq!(frame(&of_png(&picture).unwrap()), (16, 16, want));
        }
        for picture in [
            png(ColorType::Grayscale, Eight, &[90; 16], None),
            png(ColorType::GrayscaleAlpha, Eight, &[90; 32], None),
        ] {
            let (height, width, components) = frame(&of_png(&picture).unwrap());
            assert_eq!((height, width, components.len()), (16, 16, 1));
        }
        assert!(of_png(b"no picture").is_none());
    }
}
