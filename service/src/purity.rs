//! Which files of a crate do no input or output, for the tests that hold them to it.

use std::{fs, io, path::Path};

/// Holds the files under `src` of `folder` that begin with `//! PURE` to that: but for their tests, they use
/// none of `impure`. Gives how many they are.
///
/// # Errors
/// The first file that uses one of them, or that cannot be read.
pub fn check(folder: &str, impure: &[&str]) -> Result<usize, String> {
    let sources =
        sources(&Path::new(folder).join("src")).map_err(|error| format!("{folder}/src: {error}"))?;
    let pure: Vec<_> = sources.iter().filter(|(_, text)| text.starts_with("//! PURE")).collect();
    for (path, text) in &pure {
        let (product, _) = text.split_once("#[cfg(test)]\nmod tests").unwrap_or((text, ""));
        if let Some(used) = impure.iter().find(|word| product.contains(**word)) {
            return Err(format!("{path} is marked PURE and uses {used}"));
        }
    }
    Ok(pure.len())
}

/// All source files with their text.
fn sources(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else {
            found.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pure_file_that_uses_what_is_impure_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (at, source) = (folder.path().to_str().unwrap(), folder.path().join("src/deep"));
        fs::create_dir_all(&source).unwrap();
        let write = |name: &str, text: &str| fs::write(source.join(name), text).unwrap();
        write("edge.rs", "//! An edge.\nuse tokio::net;\n");
        write("pure.rs", "//! PURE: a rule.\n#[cfg(test)]\nmod tests { use tokio::net; }\n");
        assert_eq!(check(at, &["tokio"]), Ok(1));
        write("wrong.rs", "//! PURE: no rule.\nuse tokio::net;\n");
        let problem = check(at, &["std::fs", "tokio"]).unwrap_err();
        assert!(problem.ends_with("deep/wrong.rs is marked PURE and uses tokio"), "{problem}");
    }
}
