//! Photos: what a bot may upload, and the sizes that a client may choose from.

use std::io::Cursor;

use bytes::Bytes;

use super::objects::PhotoSize;
use super::trouble::Refusal;

/// Limits of <https://core.telegram.org/bots/api#sendphoto>.
const MAX_BYTES: usize = 10 << 20;
const MAX_WIDTH_PLUS_HEIGHT: u32 = 10_000;
const MAX_RATIO: u32 = 20;
/// Longest sides of the sizes that Telegram keeps.
const SIDES: [u32; 4] = [90, 320, 800, 1280];

/// Checks a picture to its last pixel and returns its width and height. PNG is what the bot sends.
pub fn check(picture: &Bytes) -> Result<(u32, u32), Refusal> {
    if picture.len() > MAX_BYTES {
        return Err(Refusal::bad_request("file is too big for a photo"));
    }
    let failed = |_| Refusal::bad_request("IMAGE_PROCESS_FAILED");
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info().map_err(failed)?;
    let (width, height) = reader.info().size();
    let fits = width + height <= MAX_WIDTH_PLUS_HEIGHT && width.max(height) <= MAX_RATIO * width.min(height);
    if !fits {
        return Err(Refusal::bad_request("PHOTO_INVALID_DIMENSIONS"));
    }
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    reader.next_frame(&mut pixels).map_err(failed)?;
    reader.finish().map_err(failed)?;
    Ok((width, height))
}

/// The sizes of a picture, small to large.
pub fn sizes(file_id: &str, bytes: usize, (width, height): (u32, u32)) -> Vec<PhotoSize> {
    let longest = width.max(height).max(1);
    let largest = longest.min(SIDES[SIDES.len() - 1]);
    SIDES
        .into_iter()
        .filter(|&side| side < largest)
        .chain([largest])
        .map(|side| PhotoSize {
            file_id: file_id.into(),
            file_unique_id: format!("u{file_id}-{side}"),
            width: (width * side / longest).max(1),
            height: (height * side / longest).max(1),
            file_size: bytes,
        })
        .collect()
}
