//! The values of flags, as far as messages may show them: a secret may have been given where the
//! name of a file, a user or a chat belongs.

use std::path::Path;

/// So many characters behind the colon, and it is the token of a real bot.
const REAL_KEY: usize = 20;

/// The name of a file; "…" for what may be a secret. A slash alone makes no path: half of all
/// secrets in base64 have one.
#[must_use]
pub fn file(path: &Path) -> String {
    let name = path.display().to_string();
    let is_there = path.exists() || path.parent().is_some_and(Path::is_dir);
    let is_like_a_path = path.is_absolute() && !name.contains(['+', '=']);
    if is_there || is_like_a_path { name } else { "…".to_owned() }
}

/// One of several values, in quotes.
#[must_use]
pub fn item(word: &str) -> String {
    let key = word.split_once(':').map_or("", |(_, key)| key);
    if key.len() >= REAL_KEY { "what looks like a token".to_owned() } else { format!("{word:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_wrong_place_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("token");
        std::fs::write(&there, "x").unwrap();
        assert_eq!(file(&there), there.display().to_string());
        let missing = folder.path().join("missing");
        assert_eq!(file(&missing), missing.display().to_string());
        for secret in ["123456:AAbbCCddEEffGGhhIIjjKKllMM", "Bearer c4n4ry", "kX9a/2bQ+c4n4ry=", "/kX9a/2bQ="]
        {
            assert_eq!(file(Path::new(secret)), "…");
        }
        assert_eq!(item("123456:AAbbCCddEEffGGhhIIjjKKllMM"), "what looks like a token");
        assert_eq!((item("bob"), item("-100:x")), ("\"bob\"".into(), "\"-100:x\"".into()));
    }
}
