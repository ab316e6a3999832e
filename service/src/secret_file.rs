//! Secrets in files: read with care, never shown.

use std::path::Path;

use secrecy::SecretString;

use crate::{
    invisible::Invisible,
    text_file::{TextFileError, read_text},
};

/// Longer than any token in use; what is larger was not meant to be a secret.
const LIMIT: u64 = 16 * 1024;

/// Why a file gave no secret. Never holds what was read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read as a short text.
    #[error(transparent)]
    File(#[from] TextFileError),
    /// Nothing but white space.
    #[error("it is empty; write the secret into it, on one line")]
    Empty,
    /// More than one line.
    #[error("it holds several lines; write only the secret into it, on one line")]
    SeveralLines,
    /// A character that the secret would be wrong with, though it looks right.
    #[error("it holds {0}, which is invisible; remove that character")]
    Invisible(Invisible),
}

/// Reads the one line that `path` holds, without a byte order mark and without the spaces,
/// tabs and line breaks around it.
///
/// # Errors
/// When the file cannot be read, is empty, or holds anything but one line of visible text.
pub fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let text = read_text(path, LIMIT)?;
    let secret = text.trim_ascii();
    if secret.is_empty() {
        return Err(SecretError::Empty);
    }
    if secret.contains(['\n', '\r']) {
        return Err(SecretError::SeveralLines);
    }
    match Invisible::find(secret) {
        Some(invisible) => Err(SecretError::Invisible(invisible)),
        None => Ok(SecretString::from(secret)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(content: &[u8]) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read_secret(file.path())
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_line_is_a_secret() {
        for content in [&b"s3cret\n"[..], b" s3cret\t", b"s3cret\r\n", b"\xef\xbb\xbfs3cret\r\n"] {
            assert_eq!(read(content), Ok("s3cret".into()), "{content:?}");
        }
        assert_eq!(read("two wörds\n".as_bytes()), Ok("two wörds".into()));
    }

    #[test]
    fn anything_else_is_refused_by_what_it_is_and_never_shown() {
        for (content, want) in [
            (&b""[..], "is empty"),
            (b"\xef\xbb\xbf\n", "is empty"),
            (b"s3cret\ns3cret2", "several lines"),
            (b"\xff\xfes\x003\0", "not UTF-8"),
            (&[b'x'; 20_000], "longer than 16384 bytes"),
            ("s3\u{200b}cret\n".as_bytes(), "holds U+200B ZERO WIDTH SPACE,"),
            ("s3cret\u{a0}\n".as_bytes(), "holds U+00A0 NO-BREAK SPACE,"),
            ("\u{feff}\u{feff}s3cret".as_bytes(), "holds U+FEFF ZERO WIDTH NO-BREAK SPACE,"),
            (b"s3\0cret", "holds U+0000 CONTROL CHARACTER,"),
            (b"s3\tcret", "holds U+0009 CHARACTER TABULATION,"),
        ] {
            let report = read(content).unwrap_err();
            assert!(report.contains(want) && !report.contains("s3"), "{report}");
        }
        assert!(read_secret(Path::new("/dev/zero")).unwrap_err().to_string().contains("longer than"));
    }
}
