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
    #[error("cannot read it: {}", reason(.0))]
    Unreadable(#[from] io::Error),
    /// More bytes than the caller reads.
    #[error("it is longer than {0} bytes; is it the right file?")]
    TooLong(u64),
    /// Not UTF-8, for instance UTF-16 as some Windows programs write it.
    #[error("it is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
}

/// A service runs as a user of its own; what its administrator can read, it may not.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "permission denied; the user that headlag runs as needs read access to it and to its folder"
                .into()
        }
        _ => error.to_string(),
    }
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
    fn a_file_of_another_user_is_reported_with_the_remedy() {
        // As root, which may run this, any file can be read.
        let said = |kind: io::ErrorKind| TextFileError::from(io::Error::from(kind)).to_string();
        assert_eq!(
            said(io::ErrorKind::PermissionDenied),
            "cannot read it: permission denied; the user that headlag runs as needs read access to it and to \
             its folder"
        );
        let folder = read_text(Path::new("/"), 1000).unwrap_err();
        assert_eq!(folder.to_string(), "cannot read it: Is a directory (os error 21)");
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
