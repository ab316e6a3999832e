//! Secrets in files: read with care, never shown.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

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

/// A secret in a file that may be replaced while the program runs.
#[derive(Clone)]
pub struct SecretFile {
    path: PathBuf,
    /// Of the last look, usable or not; absent when there was no file.
    stamp: Option<Stamp>,
    secret: SecretString,
}

/// Not even where it is.
impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretFile")
    }
}

impl SecretFile {
    /// Reads the file at `path` for the first time.
    ///
    /// # Errors
    /// As [`read_secret`].
    pub fn open(path: PathBuf) -> Result<Self, SecretError> {
        let stamp = Stamp::of(&path);
        let secret = read_secret(&path)?;
        Ok(Self { path, stamp, secret })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last usable secret.
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Reads the file again if it is another one than at the last look, by its inode, size and
    /// times; whether it was read. A file that has not changed is opened only once, so that this
    /// can come before every request.
    ///
    /// # Errors
    /// As [`read_secret`], once for each change of the file. The last usable secret remains.
    pub fn refresh(&mut self) -> Result<bool, SecretError> {
        if Stamp::of(&self.path) == self.stamp {
            return Ok(false);
        }
        self.reread().map(|()| true)
    }

    /// Reads the file again in any case.
    ///
    /// # Errors
    /// As [`read_secret`]. The last usable secret remains.
    pub fn reread(&mut self) -> Result<(), SecretError> {
        // Taken before the content: what is written in between is another stamp next time.
        self.stamp = Stamp::of(&self.path);
        self.secret = read_secret(&self.path)?;
        Ok(())
    }
}

/// What changes whenever a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let of = fs::metadata(path).ok()?;
        Some(Self {
            inode: of.ino(),
            size: of.size(),
            modified: (of.mtime(), of.mtime_nsec()),
            changed: (of.ctime(), of.ctime_nsec()),
        })
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

    #[test]
    fn a_file_is_read_again_when_it_changes_and_the_last_secret_outlives_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("secret"), folder.path().join("other"));
        fs::write(&path, "one").unwrap();
        let mut file = SecretFile::open(path.clone()).unwrap();
        let look = |file: &mut SecretFile| {
            let found = file.refresh().map_err(|error| error.to_string());
            (found, file.secret().expose_secret().to_owned())
        };
        assert_eq!(look(&mut file), (Ok(false), "one".into()));
        // As an editor or Kubernetes replaces it: another inode, here of the same size and time.
        fs::write(&other, "two").unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::File::open(&other).unwrap().set_modified(time).unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(look(&mut file), (Ok(true), "two".into()));
        fs::write(&path, "longer").unwrap();
        assert_eq!(look(&mut file), (Ok(true), "longer".into()));

        for content in [Some("\n"), None] {
            match content {
                Some(content) => fs::write(&path, content).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let (found, secret) = look(&mut file);
            assert!(found.is_err(), "{found:?}");
            assert_eq!(secret, "longer");
            assert_eq!(look(&mut file), (Ok(false), "longer".into()), "reported once");
            assert!(file.reread().is_err());
        }
        fs::write(&path, "back").unwrap();
        assert_eq!(look(&mut file), (Ok(true), "back".into()));
    }
}
