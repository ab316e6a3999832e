//! Secrets: read from files, never shown.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use secrecy::SecretString;

/// Longer than any token in use; what is larger was not meant to be a secret.
const LIMIT: u64 = 16 * 1024;

/// Why a file gave no secret. Never holds what was read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be opened or read.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] io::Error),
    /// Nothing but white space.
    #[error("it is empty; write the secret into it, on one line")]
    Empty,
    /// Over 16 KiB, or more than one line, or control characters.
    #[error("it is not one line of text; write only the secret into it")]
    NotOneLine,
}

/// Reads the one line that `path` holds, without the white space around it.
///
/// # Errors
/// When the file cannot be read, is empty, or holds anything but one line of text.
pub fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| SecretError::NotOneLine)?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(SecretError::Empty);
    }
    if text.len() as u64 > LIMIT || secret.chars().any(char::is_control) {
        return Err(SecretError::NotOneLine);
    }
    Ok(SecretString::from(secret))
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
    fn one_line_is_a_secret_and_anything_else_is_told_without_its_value() {
        assert_eq!(read(b"s3cret\n"), Ok("s3cret".into()));
        assert_eq!(read(b" s3cret"), Ok("s3cret".into()));
        for bad in [&b""[..], b"\n", b"s3cret\ns3cret2", b"\xff\xfe", &[b'x'; 20_000]] {
            let told = read(bad).unwrap_err();
            assert!(!told.contains("s3cret"), "{told}");
        }
    }
}
