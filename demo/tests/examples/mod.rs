//! The examples of a document, as they are there.

#![allow(dead_code, reason = "each test uses its part")]

/// The blocks of code of a document in this language.
pub fn blocks(document: &'static str, language: &str) -> impl Iterator<Item = &'static str> {
    let fences = document.split("```").skip(1).step_by(2);
    fences.filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'))
}

/// A text of a document with these addresses in place of its own.
pub fn readdressed(text: &str, addresses: &[(&str, impl ToString)]) -> String {
    let mut text = text.to_owned();
    for (theirs, ours) in addresses {
        assert!(text.contains(theirs), "no {theirs} in:\n{text}");
        text = text.replace(theirs, &ours.to_string());
    }
    text
}
