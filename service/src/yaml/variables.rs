//! `${VAR}` in texts, filled in from the environment.

use super::reader::Environment;

/// Why a text cannot be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Gap<'t> {
    /// Nothing is known of this variable.
    #[error("the environment variable {0} is not set or empty; set it, or take ${{{0}}} out")]
    Unset(&'t str),
    /// It is not clear which variable is meant.
    #[error("has a ${{ that is not followed by a variable's name and a }}")]
    Unnamed,
}

/// `text` with every `${VAR}` filled in from `environment`. Not to be shown: it may be a secret.
///
/// # Errors
/// Everything that cannot be filled in, in its order.
pub fn fill_in<'t>(text: &'t str, environment: Environment<'_>) -> Result<String, Vec<Gap<'t>>> {
    let mut filled = String::new();
    let mut gaps = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_variable(name)) else {
            gaps.push(Gap::Unnamed);
            return Err(gaps);
        };
        match environment(name).filter(|value| !value.is_empty()) {
            Some(value) => filled.push_str(&value),
            None => gaps.push(Gap::Unset(name)),
        }
        rest = after;
    }
    filled.push_str(rest);
    if gaps.is_empty() { Ok(filled) } else { Err(gaps) }
}

fn is_variable(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_all_that_cannot_be_is_reported() {
        let environment = |name: &str| match name {
            "KEY" => Some("s3cret".to_owned()),
            "NESTED" => Some("${KEY}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, want) in [
            ("plain $KEY {KEY}", Ok("plain $KEY {KEY}")),
            ("a/${KEY}/${KEY}b", Ok("a/s3cret/s3cretb")),
            // What comes out is a value and not filled in again.
            ("${NESTED}", Ok("${KEY}")),
            ("${EMPTY} ${KEY} ${_B2}", Err(vec![Gap::Unset("EMPTY"), Gap::Unset("_B2")])),
            ("${A} ${", Err(vec![Gap::Unset("A"), Gap::Unnamed])),
            ("${2A}", Err(vec![Gap::Unnamed])),
            ("${}", Err(vec![Gap::Unnamed])),
        ] {
            assert_eq!(fill_in(text, &environment), want.map(str::to_owned), "{text}");
        }
    }
}
