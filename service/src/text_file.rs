//! Files that a user names, read with a limit: a device or a file of gigabytes must neither
//! hang the program nor fill its memory.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Why a file gave no text. Never holds what was read.
#[derive(Debug, thiserror::Error)]
pub enum TextFileError {
    /// The file could not be opened or read.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] io::Error),
    /// More bytes than the caller reads.
    #[error("it is longer than {0} bytes; is it the right file?")]
    TooLong(u64),
    /// Not UTF-8, for instance UTF-16 as some Windows programs write it.
    #[error("it is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
}

/// The text of the file at `path`, which has at most `limit` bytes, without the byte order
/// mark that some editors put in front.
///
/// # Errors
/// When the file cannot be read, is longer, or holds no UTF-8 text.
pub fn read_text(path: &Path, limit: u64) -> Result<String, TextFileError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(TextFileError::TooLong(limit));
    }
    let text = String::from_utf8(bytes).map_err(|_| TextFileError::NotUtf8)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_file_is_refused_at_once() {
        let error = read_text(Path::new("/dev/zero"), 1000).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 1000 bytes; is it the right file?");
    }

    #[test]
    fn a_byte_order_mark_is_left_out() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (bytes, want) in [(&b"\xef\xbb\xbfa: 1\n"[..], "a: 1\n"), (b"a: 1\n", "a: 1\n"), (b"", "")] {
            std::fs::write(file.path(), bytes).unwrap();
            assert_eq!(read_text(file.path(), 8).unwrap(), want);
        }
        std::fs::write(file.path(), b"\xff\xfea\0").unwrap();
        assert!(matches!(read_text(file.path(), 8), Err(TextFileError::NotUtf8)));
    }
}
