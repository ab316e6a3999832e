//! `explain`: the section of `docs/troubleshooting.md` about one reason of a failure.

const PAGE: &str = include_str!("../../docs/troubleshooting.md");

/// The section under the heading that is `reason`, down to the next heading.
#[must_use]
pub fn section(reason: &str) -> Option<&'static str> {
    let begin = PAGE.find(&format!("\n### {reason}\n"))? + 1;
    let rest = &PAGE[begin..];
    let next = ["\n## ", "\n### "].iter().filter_map(|heading| rest.find(heading)).min();
    Some(&rest[..next.map_or(rest.len(), |end| end + 1)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer::Reason, cause::Cause};

    #[test]
    fn every_reason_has_its_section_and_every_section_a_reason() {
        let (_, reasons) = PAGE.split_once("\n## Reasons of a failure\n").unwrap();
        let reasons = reasons.split("\n## ").next().unwrap();
        let headings: Vec<_> = reasons.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(headings, Reason::LABELS);
    }

    #[test]
    fn a_section_can_be_read_on_a_terminal() {
        for reason in Reason::LABELS {
            let section = section(reason).unwrap();
            assert!(section.lines().all(|line| line.chars().count() <= 100), "{section}");
            assert!(!section.contains("]("), "a terminal shows no links: {section}");
            assert!(section.matches("```").count().is_multiple_of(2), "{section}");
            for part in ["### ", "\nLook:\n", "\nCauses, the most likely first:\n"] {
                assert!(section.contains(part), "{part:?} is missing: {section}");
            }
        }
        assert_eq!(section("nonsense"), None);
    }

    #[test]
    fn every_cause_is_in_the_section_of_its_reason() {
        for (reason, causes) in [("connect", Cause::OF_CONNECT), ("tls", Cause::OF_TLS)] {
            let section = section(reason).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            for cause in causes {
                assert!(section.contains(&format!("\"{}\"", cause.words())), "{reason} lacks {cause:?}");
            }
        }
    }

    #[test]
    fn an_unknown_reason_is_answered_with_the_known_ones() {
        let refused = crate::cli::command().try_get_matches_from(["headlag-exporter", "explain", "nonsense"]);
        let error = refused.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(&Reason::LABELS.join(", ")), "{error}");
    }
}
