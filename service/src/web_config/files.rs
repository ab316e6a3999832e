//! The files that a web config consists of: itself, certificates, keys. Whether one has changed
//! is seen by its content, since a new file may have an old date, and a folder may be replaced.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::text_file::{TextFileError, read_text};

/// Far more than a web config, or a bundle of certificates, needs.
const LONGEST: u64 = 4 << 20;

/// What was read, by path and in order.
#[derive(Debug, Default)]
pub struct Files(Vec<(PathBuf, u64)>);

impl Files {
    /// The text of the file at `path`, which is remembered.
    ///
    /// # Errors
    /// When it cannot be read; that is remembered as well.
    pub fn read(&mut self, path: &Path) -> Result<String, TextFileError> {
        let text = read_text(path, LONGEST);
        self.0.push((path.to_owned(), digest(&text)));
        text
    }

    /// Whether all files are as they were read.
    #[must_use]
    pub fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(path, read)| digest(&read_text(path, LONGEST)) == *read)
    }
}

/// Not against attackers: who writes these files decides anyway.
fn digest(text: &Result<String, TextFileError>) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.as_deref().map_err(ToString::to_string).hash(&mut hasher);
    hasher.finish()
}
